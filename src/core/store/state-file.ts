import * as fs from 'node:fs'
import { copyFile, open, rename, link, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import type { Adapter } from 'lowdb'
import { describeSyntaxError } from '../formats/json.ts'
import { isRecord } from '../contract/schema.ts'
import type { Row } from './state.ts'
import { documentDefect, type Document, type Tables } from './document.ts'
import { codeOf, messageOf } from '../errors.ts'

/** Rows written between two turns of the event loop: a fraction of a millisecond of work. */
const SLICE = 50
/** Milliseconds that waiting requests get after each slice. */
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

/** The message of an error as a part of a longer message, without the advice of a StateFileError. */
export function summaryOf(error: unknown): string {
  const hasSummary = error instanceof Error && 'summary' in error
  return hasSummary ? String(error.summary) : messageOf(error)
}

/**
 * lowdb's adapter for the state file. Reading validates; writing is atomic (new file, fsync, rename,
 * fsync of the folder) and lets requests run between slices of rows. The replaced file stays as
 * `previous`, to recover from.
 */
export class StateFileAdapter implements Adapter<Document> {
  readonly #file: string
  readonly #previous: string
  readonly #tables: Tables
  readonly #isBusy: () => boolean

  /** @param isBusy whether requests are waiting for the disk; they take precedence */
  constructor(file: string, previous: string, tables: Tables, isBusy = () => false) {
    this.#isBusy = isBusy
    this.#tables = tables
    this.#file = file
    this.#previous = previous
  }

  /** @throws StateFileError naming the file, the place in it and a remedy; async because lowdb demands it */
  async read(): Promise<Document | null> {
    let text: string
    try {
      text = await fs.promises.readFile(this.#file, 'utf8')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
    return parseDocument(text, this.#file, this.#tables)
  }

  async write(document: Document): Promise<void> {
    const temporary = `${this.#file}.tmp`
    const handle = await open(temporary, 'w', 0o600)
    try {
      await writeSlices(handle, document, this.#isBusy)
      await handle.sync()
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

/** Makes the names of new files in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes the text of JSON.stringify(document, null, 2), a slice of rows at a time. */
async function writeSlices(
  handle: FileHandle,
  document: Document,
  isBusy: () => boolean,
): Promise<void> {
  let first = true
  for (const [api, tables] of Object.entries(document)) {
    await handle.write(`${first ? '{' : ','}\n  ${JSON.stringify(api)}: `)
    first = false
    if (api === 'standin' || !isRecord(tables)) {
      await handle.write(indented(tables, '  '))
      continue
    }
    let firstTable = true
    for (const [table, rows] of Object.entries(tables)) {
      await handle.write(`${firstTable ? '{' : ','}\n    ${JSON.stringify(table)}: `)
      firstTable = false
      await writeRows(handle, rows as readonly Row[], isBusy)
    }
    await handle.write(firstTable ? '{}' : '\n  }')
  }
  await handle.write('\n}\n')
}

async function writeRows(
  handle: FileHandle,
  rows: readonly Row[],
  isBusy: () => boolean,
): Promise<void> {
  if (rows.length === 0) {
    await handle.write('[]')
    return
  }
  for (let from = 0; from < rows.length; from += SLICE) {
    const slice = rows.slice(from, from + SLICE)
    const text = slice.map((row) => `\n      ${indented(row, '      ')}`).join(',')
    await handle.write(`${from === 0 ? '[' : ','}${text}`)
    await (isBusy() ? wait(PAUSE) : turn())
  }
  await handle.write('\n    ]')
}

function indented(value: unknown, indent: string): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${indent}`)
}

function parseDocument(text: string, file: string, tables: Tables): Document {
  const advice = 'Correct it, or start with --recover to continue from the last good state.'
  let document: unknown
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const reason = text.trim() === '' ? 'it is empty' : describeSyntaxError(text)
    throw stateFileError(`${file} cannot be read: ${reason}`, advice, error)
  }
  const invalid = `${file} is not a valid Standin state`
  if (!isRecord(document)) throw stateFileError(`${invalid}: it is not a JSON object`, advice)
  const defect = documentDefect(document, tables)
  if (defect) {
    // The state of a newer version is not faulty, so there is nothing to correct or recover.
    const remedy = defect.kind === 'newer-format' ? undefined : advice
    throw stateFileError(`${invalid}: ${defect.message}`, remedy)
  }
  return document as Document // documentDefect found none
}
