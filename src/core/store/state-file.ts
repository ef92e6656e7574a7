import { isAscii } from 'node:buffer'
import * as fs from 'node:fs'
import { copyFile, open, rename, link, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import type { Adapter } from 'lowdb'
import { crc32 } from 'node:zlib'
import { describeSyntaxError } from '../formats/json.ts'
import { isRecord } from '../contract/schema.ts'
import type { Row } from './state.ts'
import { documentDefect, type Document, type Tables } from './document.ts'
import { checksum, hex } from './checksum.ts'
import { messageOf } from '../errors.ts'
import { readBytes, syncFolder } from './files.ts'

/** Rows written between two turns of the event loop: a fraction of a millisecond of work. */
const ROWS_PER_PIECE = 50
/** Milliseconds for which writing pauses after each piece while requests wait for the disk. */
const PAUSE = 2

/** The state file cannot be read, or its content is not a valid state. */
export interface StateFileError extends Error {
  /** The message without the advice. */
  readonly summary: string
}

// A plain Error with a field, because the program prints other classes as bugs, with their stack.
function stateFileError(
  summary: string,
  advice: string | undefined,
  cause?: unknown,
): StateFileError {
  const message = advice === undefined ? summary : `${summary}. ${advice}`
  return Object.assign(new Error(message, { cause }), { summary })
}

/**
 * The message of an error as a part of a longer message, without the advice of a StateFileError.
 */
export function summaryOf(error: unknown): string {
  const hasSummary = error instanceof Error && 'summary' in error
  return hasSummary ? String(error.summary) : messageOf(error)
}

/** A state file as it was found. */
export interface StateFile {
  readonly document: Document
  /** The checksum of all bytes of the file. */
  readonly checksum: string
}

/**
 * Reads a state file.
 *
 * @param written checksums of the files that Standin wrote; the rows of these files are not
 *   checked, since the check takes a fifth of a start with 100,000 users
 * @returns undefined when there is none
 * @throws StateFileError naming the file, the place in it and a remedy
 */
export function readStateFile(
  file: string,
  tables: Tables,
  written: readonly string[] = [],
): StateFile | undefined {
  const bytes = readBytes(file)
  if (!bytes) return undefined
  const sum = checksum(bytes)
  // Decoding as UTF-8 takes several times as long, even for ASCII text.
  const text = bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
  const document = parseDocument(text, file, tables, { checksRows: !written.includes(sum) })
  return { document, checksum: sum }
}

/** The parts of the store that are needed to write a state file. */
export interface StateFileOptions {
  /** Returns true while requests are waiting for the disk; they take precedence. */
  readonly isBusy: () => boolean
  /** Runs when the new file is on the disk, before it replaces the present one. */
  readonly beforeReplacing: (seq: number, checksum: string) => Promise<void>
}

/**
 * lowdb's adapter for the state file. Writing is atomic (new file, fsync, rename, fsync of the
 * folder) and lets requests run between pieces of rows. The replaced file is kept as `previous`,
 * for recovery.
 */
export class StateFileAdapter implements Adapter<Document> {
  readonly #file: string
  readonly #previous: string
  readonly #tables: Tables
  readonly #options: StateFileOptions

  constructor(file: string, previous: string, tables: Tables, options: StateFileOptions) {
    this.#options = options
    this.#tables = tables
    this.#file = file
    this.#previous = previous
  }

  /** @throws StateFileError; async because lowdb demands it */
  // oxlint-disable-next-line typescript/require-await
  async read(): Promise<Document | null> {
    return readStateFile(this.#file, this.#tables)?.document ?? null
  }

  async write(document: Document): Promise<void> {
    const temporary = `${this.#file}.tmp`
    const handle = await open(temporary, 'w', 0o600)
    const { isBusy, beforeReplacing } = this.#options
    try {
      const crc = await writePieces(handle, document, isBusy)
      await handle.sync()
      await beforeReplacing(document.standin.seq, hex(crc))
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    } finally {
      await handle.close()
    }
    try {
      await this.#keepPrevious()
      await rename(temporary, this.#file)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncFolder(dirname(this.#file))
  }

  async #keepPrevious(): Promise<void> {
    if (!fs.existsSync(this.#file)) return
    const temporary = `${this.#previous}.tmp`
    await rm(temporary, { force: true })
    // Some file systems have no hard links.
    await link(this.#file, temporary).catch(() => copyFile(this.#file, temporary))
    await rename(temporary, this.#previous)
  }
}

/**
 * Writes the text of JSON.stringify(document, null, 2), a piece of some rows at a time.
 *
 * @returns the CRC-32 of the text
 */
async function writePieces(
  handle: FileHandle,
  document: Document,
  isBusy: () => boolean,
): Promise<number> {
  let crc = 0
  const write = async (text: string) => {
    crc = crc32(text, crc)
    await handle.write(text)
  }
  let first = true
  for (const [api, tables] of Object.entries(document)) {
    await write(`${first ? '{' : ','}\n  ${JSON.stringify(api)}: `)
    first = false
    if (api === 'standin' || !isRecord(tables)) {
      await write(indented(tables, '  '))
      continue
    }
    let firstTable = true
    for (const [table, rows] of Object.entries(tables)) {
      await write(`${firstTable ? '{' : ','}\n    ${JSON.stringify(table)}: `)
      firstTable = false
      await writeRows(write, rows as readonly Row[], isBusy)
    }
    await write(firstTable ? '{}' : '\n  }')
  }
  await write('\n}\n')
  return crc
}

async function writeRows(
  write: (text: string) => Promise<void>,
  rows: readonly Row[],
  isBusy: () => boolean,
): Promise<void> {
  if (rows.length === 0) {
    await write('[]')
    return
  }
  for (let from = 0; from < rows.length; from += ROWS_PER_PIECE) {
    const piece = rows.slice(from, from + ROWS_PER_PIECE)
    const text = piece.map((row) => `\n      ${indented(row, '      ')}`).join(',')
    await write(`${from === 0 ? '[' : ','}${text}`)
    await (isBusy() ? wait(PAUSE) : turn())
  }
  await write('\n    ]')
}

function indented(value: unknown, indent: string): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${indent}`)
}

function parseDocument(
  text: string,
  file: string,
  tables: Tables,
  check: { readonly checksRows: boolean },
): Document {
  const advice = 'Correct it, or start with --recover to continue from the last valid state.'
  let document: unknown
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const reason = text.trim() === '' ? 'it is empty' : describeSyntaxError(text)
    throw stateFileError(`${file} cannot be read: ${reason}`, advice, error)
  }
  const invalid = `${file} is not a valid Standin state`
  if (!isRecord(document)) throw stateFileError(`${invalid}: it is not a JSON object`, advice)
  const defect = documentDefect(document, tables, check)
  if (defect) {
    // The state of a newer version is not damaged, so there is nothing to correct or recover.
    const remedy = defect.kind === 'newer-format' ? undefined : advice
    throw stateFileError(`${invalid}: ${defect.message}`, remedy)
  }
  return document as Document // documentDefect has found no defect
}
