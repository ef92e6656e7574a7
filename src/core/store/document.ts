import { isRecord } from '../schema.ts'

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

/** What keeps a document from being a state, in words; undefined when it is one. */
export function faultIn(document: Record<string, unknown>): string | undefined {
  const { standin, ...apis } = document
  if (!isRecord(standin) || typeof standin['format'] !== 'number')
    return 'standin.format is missing'
  if (standin['format'] > FORMAT) {
    return `its format ${standin['format']} is newer than this Standin knows (${FORMAT}); use a newer Standin`
  }
  for (const [api, tables] of Object.entries(apis)) {
    if (!isRecord(tables)) return `"${api}" is no object of tables`
    for (const [table, rows] of Object.entries(tables)) {
      const fault = faultInRows(rows)
      if (fault) return `${api}.${table}${fault}`
    }
  }
  return undefined
}

function faultInRows(rows: unknown): string | undefined {
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
