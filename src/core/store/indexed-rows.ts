import type { Document } from './document.ts'
import { lookupKey, normalized, uniqueKey } from './unique-keys.ts'
import type { Collection, Row, Table } from './state.ts'

/** One change of the state, in the form in which the write-ahead log stores it. */
export type Change =
  | readonly ['all', document: Document]
  | readonly ['set', name: string, value: unknown]
  | readonly ['put', collection: string, row: Row]
  | readonly ['remove', collection: string, id: string]
  | readonly ['count', stream: string, next: number]

/** Receives each change that is made through a collection, with the change that reverts it. */
export type OnChange = (undo: Change, change: Change) => void

/**
 * The rows of one collection in the order of insertion, with an index on the id and on each unique
 * field: the cost of a lookup does not depend on the number of rows.
 */
export class IndexedRows<T extends Row = Row> implements Collection<T> {
  readonly #name: string
  readonly #rows = new Map<string, { readonly position: number; readonly row: T }>()
  #lastPosition = 0
  readonly #indexes: readonly { readonly field: string; readonly ids: Map<string, string> }[]
  readonly #counts: readonly { readonly field: string; readonly rows: Map<string, number> }[]
  readonly #onChange: OnChange

  constructor(name: string, table: Table, onChange: OnChange) {
    this.#name = name
    this.#indexes = table.unique.map((field) => ({ field, ids: new Map() }))
    this.#counts = (table.counted ?? []).map((field) => ({ field, rows: new Map() }))
    this.#onChange = onChange
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
    const id = index.ids.get(normalized(value))
    return id === undefined ? undefined : this.#rows.get(id)?.row
  }

  count(field: string, value: string): number {
    const counts = this.#counts.find((candidate) => candidate.field === field)
    if (!counts) throw new Error(`${this.#name} is not counted by ${field}`)
    return counts.rows.get(normalized(value)) ?? 0
  }

  all(): readonly T[] {
    return Array.from(this.#rows.values(), ({ row }) => row)
  }

  *after(position: number): Iterable<readonly [position: number, row: T]> {
    for (const entry of this.#rows.values()) {
      if (entry.position > position) yield [entry.position, entry.row]
    }
  }

  insert(row: T): void {
    if (this.#rows.has(row.id)) throw new Error(`${this.#name} already has a row ${row.id}`)
    this.put(row)
    this.#onChange(['remove', this.#name, row.id], ['put', this.#name, row])
  }

  replace(row: T): void {
    const previous = this.#rows.get(row.id)?.row
    if (!previous) throw new Error(`${this.#name} has no row ${row.id}`)
    this.put(row)
    this.#onChange(['put', this.#name, previous], ['put', this.#name, row])
  }

  remove(id: string): void {
    const previous = this.#rows.get(id)?.row
    if (!previous) return
    this.drop(id)
    this.#onChange(['put', this.#name, previous], ['remove', this.#name, id])
  }

  /** Inserts or replaces a row without reporting a change: for loading, replaying and reverting. */
  put(row: T): void {
    const previous = this.#rows.get(row.id)
    if (previous) this.#unindex(previous.row)
    this.#rows.set(row.id, { position: previous?.position ?? ++this.#lastPosition, row })
    for (const { field, ids } of this.#indexes) {
      const value = uniqueKey(row, field)
      if (value !== undefined) ids.set(value, row.id)
    }
    this.#adjustCounts(row, 1)
  }

  /** Removes a row without reporting a change. */
  drop(id: string): void {
    const previous = this.#rows.get(id)
    if (!previous) return
    this.#unindex(previous.row)
    this.#rows.delete(id)
  }

  /** Replaces all rows without reporting a change. */
  fill(rows: readonly T[]): void {
    // A row that stays keeps its position, so that a client reading page by page sees it once.
    const positions = new Map(Array.from(this.#rows, ([id, { position }]) => [id, position]))
    this.#rows.clear()
    this.#lastPosition = 0
    for (const { ids } of this.#indexes) ids.clear()
    for (const { rows: counts } of this.#counts) counts.clear()
    for (const row of rows) {
      this.#lastPosition = Math.max(this.#lastPosition, (positions.get(row.id) ?? 0) - 1)
      this.put(row)
    }
  }

  #unindex(row: T): void {
    for (const { field, ids } of this.#indexes) {
      const value = uniqueKey(row, field)
      if (value !== undefined && ids.get(value) === row.id) ids.delete(value)
    }
    this.#adjustCounts(row, -1)
  }

  #adjustCounts(row: T, by: 1 | -1): void {
    for (const { field, rows } of this.#counts) {
      const value = lookupKey(row, field)
      if (value !== undefined) rows.set(value, (rows.get(value) ?? 0) + by)
    }
  }
}
