import { readFileSync } from 'node:fs'

/**
 * A text file in an encoding that cannot be read; the message names the encoding and the remedy.
 */
export class EncodingError extends Error {
  override readonly name = 'EncodingError'
}

/**
 * Reads a text file. Windows PowerShell and Notepad write UTF-8 with a byte order mark, and
 * PowerShell's `>` writes UTF-16: both are read.
 *
 * @throws EncodingError for UTF-16 without a byte order mark, and for UTF-32
 */
export function readTextFile(file: string): string {
  return decodeText(readFileSync(file))
}

function decodeText(bytes: Buffer): string {
  const [first, second, third, fourth] = bytes
  const mark = bytes.length < 2 ? 0 : bytes.readUInt16BE(0)
  if (mark === 0xfffe && third === 0 && fourth === 0) throw unreadable('UTF-32')
  if (mark === 0xfffe) return bytes.toString('utf16le', 2)
  if (mark === 0xfeff && bytes.length % 2 === 0) {
    return Buffer.from(bytes).swap16().toString('utf16le', 2)
  }
  // Every text that this program reads begins with an ASCII character, so a zero byte means UTF-16.
  if (first === 0 && second === 0) throw unreadable('UTF-32')
  if (first === 0 || second === 0 || mark === 0xfeff) throw unreadable('UTF-16')
  return withoutMark(bytes.toString('utf8'))
}

/** Removes a byte order mark from the beginning of a decoded text. */
export function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '')
}

function unreadable(encoding: string): EncodingError {
  return new EncodingError(`it seems to be ${encoding}; save it as UTF-8`)
}
