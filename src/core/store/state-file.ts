import * as fs from 'node:fs'
import { copyFile, open, rename, link, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import type { Adapter } from 'lowdb'
import { whereBroken } from '../formats/json.ts'
import { isRecord } from '../contract/schema.ts'
import type { Row } from './state.ts'
import { flawIn, type Document, type Tables } from './document.ts'
import { codeOf } from '../errors.ts'

/** Rows written between two turns of the event loop: a fraction of a millisecond's worth. */
const SLICE = 50
/** Milliseconds that requests have to themselves after a slice, while there are any. */
const PAUSE = 2

/**
 * lowdb's way to the state file. Reading is checked, writing is atomic (a new file, fsync, rename,
 * fsync of the folder) and leaves room for requests between slices of rows. The file before the
 * last stays as `previous`, to recover from.
 */
export class StateFileAdapter implements Adapter<Document> {
  readonly #file: string
  readonly #previous: string
  readonly #tables: Tables
  readonly #isBusy: () => boolean

  /** @param isBusy whether requests are waiting, who then go first */
  constructor(file: string, previous: string, tables: Tables, isBusy = () => false) {
    this.#isBusy = isBusy
    this.#tables = tables
    this.#file = file
    this.#previous = previous
  }

  /** @throws Error naming the file, the line and what to do; async as lowdb wants it */
  async read(): Promise<Document | null> {
    let text: string
    try {
      text = await fs.promises.readFile(this.#file, 'utf8')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
    return checked(text, this.#file, this.#tables)
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
    // Not every file system has hard links.
    await link(this.#file, temporary).catch(() => copyFile(this.#file, temporary))
    await rename(temporary, this.#previous)
  }
}

/** So that a file's name outlives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** As JSON.stringify(document, null, 2) writes it, a slice of rows at a time. */
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

function checked(text: string, file: string, tables: Tables): Document {
  const advice = 'Mend it, or start with --recover to go on from the last good one.'
  let document: unknown
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const why = text.trim() === '' ? 'it is empty' : whereBroken(text)
    throw new Error(`${file} cannot be read: ${why}. ${advice}`, { cause: error })
  }
  const flaw = isRecord(document) ? flawIn(document, tables) : 'it holds no object'
  // A newer Standin's state is a good one: nothing is to be mended or put aside.
  const next = flaw?.endsWith('use a newer Standin') ? '' : `. ${advice}`
  if (flaw) throw new Error(`${file} holds no Standin state: ${flaw}${next}`)
  return document as Document
}
