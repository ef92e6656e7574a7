import { isRecord } from '../contract/schema.ts'
import { atOnce } from '../slices.ts'
import type { Row, Table } from './state.ts'
import { uniqueKey } from './unique-keys.ts'

/** The newest format of a state document that this version reads, and the one that it writes. */
export const FORMAT = 1

/** The content of the state file, made to be read and edited: one key per API, rows in arrays. */
export interface Document {
  standin: {
    readonly format: number
    /** The last transaction that the document holds; the write-ahead log continues after it. */
    readonly seq: number
    /** The number of draws from each stream of generated values. */
    readonly counters: Readonly<Record<string, number>>
    /** Settings of the sandbox as a whole, such as its clock. */
    readonly settings?: Readonly<Record<string, unknown>>
  }
  [api: string]: unknown
}

/** The tables of each API, by API and table name. */
export type Tables = Readonly<Record<string, Readonly<Record<string, Table>>>>

/** The reason why a document cannot be loaded. */
export interface DocumentDefect {
  /** `newer-format`: a newer version wrote it, so the document itself is not damaged. */
  readonly kind: 'invalid' | 'newer-format'
  readonly message: string
}

interface DocumentCheck {
  /** False if a checksum proves that Standin wrote the rows. */
  readonly checksRows?: boolean
}

/**
 * Checks that a document is a valid state with these tables. Of the rows, only the ids and the
 * unique fields are checked.
 *
 * @returns the first defect; undefined for a valid document
 */
export function documentDefect(
  document: Record<string, unknown>,
  tables: Tables,
  check: DocumentCheck = {},
): DocumentDefect | undefined {
  return atOnce(documentDefectSteps(document, tables, check))
}

/** Does the work of `documentDefect` in steps, between which other requests can run. */
export function* documentDefectSteps(
  document: Record<string, unknown>,
  tables: Tables,
  { checksRows = true }: DocumentCheck = {},
): Generator<undefined, DocumentDefect | undefined> {
  const { standin, ...apis } = document
  if (isRecord(standin) && typeof standin['format'] === 'number' && standin['format'] > FORMAT) {
    const message = `format ${standin['format']} is newer than this version supports (${FORMAT}); use a newer Standin`
    return { kind: 'newer-format', message }
  }
  const message = headerDefect(standin) ?? (yield* tablesDefect(apis, tables, checksRows))
  return message === undefined ? undefined : { kind: 'invalid', message }
}

function headerDefect(standin: unknown): string | undefined {
  if (!isRecord(standin) || typeof standin['format'] !== 'number') {
    return 'standin.format is missing'
  }
  const { counters, settings } = standin
  for (const [stream, n] of Object.entries(isRecord(counters) ? counters : {})) {
    if (!Number.isInteger(n) || Number(n) < 0 || Number(n) > 0xffffffff) {
      return `standin.counters["${stream}"] must be a whole number from 0 to 4294967295`
    }
  }
  if (settings !== undefined && !isRecord(settings)) return 'standin.settings must be an object'
  return undefined
}

function* tablesDefect(
  apis: Record<string, unknown>,
  tables: Tables,
  checksRows: boolean,
): Generator<undefined, string | undefined> {
  for (const [api, given] of Object.entries(apis)) {
    if (!Object.hasOwn(tables, api)) {
      return `"${api}" is not an API of this sandbox (${Object.keys(tables).join(', ')})`
    }
    if (!isRecord(given)) return `"${api}" must be an object of tables`
    for (const [name, rows] of Object.entries(given)) {
      const table = Object.hasOwn(tables[api]!, name) ? tables[api]![name] : undefined
      if (!table) return `${api} has no table "${name}" (${Object.keys(tables[api]!).join(', ')})`
      if (!checksRows) continue
      // rowsDefect has made sure that it is an array of objects.
      const defect =
        (yield* rowsDefect(rows)) ?? (yield* uniqueDefect(rows as readonly Row[], table))
      if (defect) return `${api}.${name}${defect}`
    }
  }
  return undefined
}

/** Rows that are checked in one step. */
const STEP = 500

function* rowsDefect(rows: unknown): Generator<undefined, string | undefined> {
  if (!Array.isArray(rows)) return ' must be an array'
  const ids = new Set<string>()
  for (const [i, row] of rows.entries()) {
    const id: unknown = isRecord(row) ? row['id'] : undefined
    if (typeof id !== 'string' || id === '') return `[${i}].id must be a non-empty string`
    if (ids.has(id)) return `[${i}].id "${id}" is a duplicate`
    ids.add(id)
    if (i % STEP === 0) yield
  }
  return undefined
}

/** Finds two rows with the same value in a unique field; operations never store such rows. */
function* uniqueDefect(
  rows: readonly Row[],
  { unique }: Table,
): Generator<undefined, string | undefined> {
  for (const field of unique) {
    const seen = new Map<string, number>()
    for (const [i, row] of rows.entries()) {
      const value = uniqueKey(row, field)
      const first = value === undefined ? undefined : seen.get(value)
      if (first !== undefined) return `[${first}] and [${i}] have the same ${field}`
      if (value !== undefined) seen.set(value, i)
      if (i % STEP === 0) yield
    }
  }
  return undefined
}

/** Rows that are written in one step. */
const ROWS_PER_PIECE = 20

/** Writes a document as JSON in pieces. */
export function* documentPieces(document: Document): Generator<string, void> {
  let separator = '{'
  for (const [api, tables] of Object.entries(document)) {
    yield `${separator}${JSON.stringify(api)}:`
    separator = ','
    if (api === 'standin' || !isRecord(tables)) yield JSON.stringify(tables)
    else yield* tablesPieces(tables)
  }
  yield '}'
}

function* tablesPieces(tables: Readonly<Record<string, unknown>>): Generator<string, void> {
  let separator = '{'
  for (const [table, rows] of Object.entries(tables)) {
    yield `${separator}${JSON.stringify(table)}:[`
    separator = ','
    const all = rows as readonly Row[] // a table of a document is an array
    for (let i = 0; i < all.length; i += ROWS_PER_PIECE) {
      const piece = JSON.stringify(all.slice(i, i + ROWS_PER_PIECE)).slice(1, -1)
      yield i === 0 ? piece : `,${piece}`
    }
    yield ']'
  }
  yield separator === '{' ? '{}' : '}'
}
