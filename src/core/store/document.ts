import { isRecord } from '../contract/schema.ts'
import type { Row, Table } from './state.ts'
import { uniqueKeyOf } from './unique-keys.ts'

export const FORMAT = 1

/** The state file: what a user opens, edits and commits. One key per API, rows in lists. */
export interface Document {
  standin: {
    readonly format: number
    /** The last transaction that the file holds; the journal goes on from there. */
    readonly seq: number
    /** How often each stream of made-up values was drawn from. */
    readonly counters: Readonly<Record<string, number>>
    /** What is set for the sandbox as a whole, such as its clock. */
    readonly settings?: Readonly<Record<string, unknown>>
  }
  [api: string]: unknown
}

/** What is kept, by API and table. */
export type Tables = Readonly<Record<string, Readonly<Record<string, Table>>>>

/**
 * What keeps a document from being a state of these tables, in words; undefined when it is one.
 * What the fields of a row hold is looked at only where rows are found by them.
 */
export function flawIn(document: Record<string, unknown>, known: Tables): string | undefined {
  const { standin, ...apis } = document
  if (!isRecord(standin) || typeof standin['format'] !== 'number')
    return 'standin.format is missing'
  if (standin['format'] > FORMAT) {
    return `its format ${standin['format']} is newer than this Standin knows (${FORMAT}); use a newer Standin`
  }
  for (const [stream, n] of Object.entries(
    isRecord(standin['counters']) ? standin['counters'] : {},
  )) {
    if (!Number.isInteger(n) || Number(n) < 0 || Number(n) > 0xffffffff)
      return `standin.counters["${stream}"] is no count`
  }
  if (standin['settings'] !== undefined && !isRecord(standin['settings'])) {
    return 'standin.settings is no object'
  }
  for (const [api, tables] of Object.entries(apis)) {
    if (!Object.hasOwn(known, api)) {
      return `"${api}" is no API of this sandbox (${Object.keys(known).join(', ')})`
    }
    if (!isRecord(tables)) return `"${api}" is no object of tables`
    for (const [table, rows] of Object.entries(tables)) {
      const shape = Object.hasOwn(known[api]!, table) ? known[api]![table] : undefined
      if (!shape) return `${api} keeps no "${table}" (${Object.keys(known[api]!).join(', ')})`
      const flaw = flawInRows(rows) ?? takenTwice(rows as readonly Row[], shape) // lists by then
      if (flaw) return `${api}.${table}${flaw}`
    }
  }
  return undefined
}

function flawInRows(rows: unknown): string | undefined {
  if (!Array.isArray(rows)) return ' is no list'
  const ids = new Set<string>()
  for (const [i, row] of rows.entries()) {
    const id: unknown = isRecord(row) ? row['id'] : undefined
    if (typeof id !== 'string' || id === '') return `[${i}].id is no text`
    if (ids.has(id)) return `[${i}].id "${id}" is there twice`
    ids.add(id)
  }
  return undefined
}

/** Two rows with one value in a unique field, which no create would have let through. */
function takenTwice(rows: readonly Row[], { unique }: Table): string | undefined {
  for (const field of unique) {
    const seen = new Map<string, number>()
    for (const [i, row] of rows.entries()) {
      const value = uniqueKeyOf(row, field)
      const first = value === undefined ? undefined : seen.get(value)
      if (first !== undefined) return `[${first}] and [${i}] have the same ${field}`
      if (value !== undefined) seen.set(value, i)
    }
  }
  return undefined
}
