import type { Document } from './document.ts'
import { folded, keyOf, uniqueKeyOf } from './unique-keys.ts'
import type { Collection, Row, Table } from './state.ts'

/** What a change does, in the form in which the journal keeps it. */
export type Change =
  | readonly ['all', document: Document]
  | readonly ['set', name: string, value: unknown]
  | readonly ['put', collection: string, row: Row]
  | readonly ['remove', collection: string, id: string]
  | readonly ['count', stream: string, next: number]

/**
 * The rows of one collection, in the order in which they came, with an index for the id and for
 * each unique field: what a lookup costs does not depend on how many there are.
 */
export class IndexedRows<T extends Row = Row> implements Collection<T> {
  readonly #name: string
  readonly #rows = new Map<string, { readonly place: number; readonly row: T }>()
  #lastPlace = 0
  readonly #indexes: readonly { readonly field: string; readonly ids: Map<string, string> }[]
  readonly #counts: readonly { readonly field: string; readonly rows: Map<string, number> }[]
  readonly #changed: (undo: Change, change: Change) => void

  constructor(name: string, table: Table, changed: (undo: Change, change: Change) => void) {
    this.#name = name
    this.#indexes = table.unique.map((field) => ({ field, ids: new Map() }))
    this.#counts = (table.counted ?? []).map((field) => ({ field, rows: new Map() }))
    this.#changed = changed
  }

  get size(): number {
    return this.#rows.size
  }

  get(id: string): T | undefined {
    return this.#rows.get(id)?.row
  }

  find(field: string, value: string): T | undefined {
    const index = this.#indexes.find((candidate) => candidate.field === field)
    if (!index) throw new Error(`${this.#name} has no index on ${field}`)
    const id = index.ids.get(folded(value))
    return id === undefined ? undefined : this.#rows.get(id)?.row
  }

  count(field: string, value: string): number {
    const counts = this.#counts.find((candidate) => candidate.field === field)
    if (!counts) throw new Error(`${this.#name} is not counted by ${field}`)
    return counts.rows.get(folded(value)) ?? 0
  }

  all(): readonly T[] {
    return Array.from(this.#rows.values(), ({ row }) => row)
  }

  *after(place: number): Iterable<readonly [place: number, row: T]> {
    for (const held of this.#rows.values()) {
      if (held.place > place) yield [held.place, held.row]
    }
  }

  insert(row: T): void {
    if (this.#rows.has(row.id)) throw new Error(`${this.#name} holds ${row.id} already`)
    this.put(row)
    this.#changed(['remove', this.#name, row.id], ['put', this.#name, row])
  }

  replace(row: T): void {
    const before = this.#rows.get(row.id)?.row
    if (!before) throw new Error(`${this.#name} holds no ${row.id}`)
    this.put(row)
    this.#changed(['put', this.#name, before], ['put', this.#name, row])
  }

  remove(id: string): void {
    const before = this.#rows.get(id)?.row
    if (!before) return
    this.drop(id)
    this.#changed(['put', this.#name, before], ['remove', this.#name, id])
  }

  /** Puts a row without a word to the journal: for reading, replaying and undoing. */
  put(row: T): void {
    const before = this.#rows.get(row.id)
    if (before) this.#unindex(before.row)
    this.#rows.set(row.id, { place: before?.place ?? ++this.#lastPlace, row })
    for (const { field, ids } of this.#indexes) {
      const value = uniqueKeyOf(row, field)
      if (value !== undefined) ids.set(value, row.id)
    }
    this.#tally(row, 1)
  }

  /** Puts these in place of all, without a word to the journal. */
  fill(rows: readonly T[]): void {
    // A row that stays keeps its place, so that who reads page by page meets it once.
    const places = new Map(Array.from(this.#rows, ([id, { place }]) => [id, place]))
    this.#rows.clear()
    this.#lastPlace = 0
    for (const { ids } of this.#indexes) ids.clear()
    for (const { rows: counts } of this.#counts) counts.clear()
    for (const row of rows) {
      this.#lastPlace = Math.max(this.#lastPlace, (places.get(row.id) ?? 0) - 1)
      this.put(row)
    }
  }

  /** Takes a row away without a word to the journal. */
  drop(id: string): void {
    const before = this.#rows.get(id)
    if (!before) return
    this.#unindex(before.row)
    this.#rows.delete(id)
  }

  #unindex(row: T): void {
    for (const { field, ids } of this.#indexes) {
      const value = uniqueKeyOf(row, field)
      if (value !== undefined && ids.get(value) === row.id) ids.delete(value)
    }
    this.#tally(row, -1)
  }

  #tally(row: T, by: 1 | -1): void {
    for (const { field, rows } of this.#counts) {
      const value = keyOf(row, field)
      if (value !== undefined) rows.set(value, (rows.get(value) ?? 0) + by)
    }
  }
}
