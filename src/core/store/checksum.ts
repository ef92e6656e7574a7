import { crc32 } from 'node:zlib'

/** The CRC-32 of a text or of bytes as 8 hexadecimal digits. */
export function checksum(text: string | Uint8Array): string {
  return hex(crc32(text))
}

/** Writes a checksum, given as a number, as 8 hexadecimal digits. */
export function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}

/** Puts the checksum of a text in front of it. */
export function checkedLine(text: string): string {
  return `${checksum(text)} ${text}`
}

/** @returns the text after a checksum that matches it; undefined when it does not */
export function textOfCheckedLine(line: string): string | undefined {
  const text = line.slice(9)
  return line[8] === ' ' && line.slice(0, 8) === checksum(text) ? text : undefined
}

const CHECKSUM_FIELD = /,\s*"checksum":\s*"([0-9a-f]{8})"\s*\}\s*$/

/** Writes an object as JSON whose last field is the checksum of all that precedes it. */
export function checkedJson(value: object, indent?: number): string {
  const text = JSON.stringify(value, null, indent)
  const [gap, end] = indent === undefined ? ['', '}'] : [`\n${' '.repeat(indent)}`, '\n}\n']
  const before = text.slice(0, -end.trimEnd().length)
  const colon = indent === undefined ? ':' : ': '
  return `${before},${gap}"checksum"${colon}"${checksum(before)}"${end}`
}

/** Compares a JSON text with its checksum; `absent` for a text that has none. */
export function checkJson(text: string): 'good' | 'bad' | 'absent' {
  const found = CHECKSUM_FIELD.exec(text)
  if (!found) return 'absent'
  return checksum(text.slice(0, found.index)) === found[1] ? 'good' : 'bad'
}
