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

/** A change that reverts one; a row that was removed returns to its place in the order. */
export type Undo = Change | readonly ['restore', collection: string, row: Row, position: number]

/** Receives each change that is made through a collection, with the change that reverts it. */
export type OnChange = (undo: Undo, change: Change) => void

/**
 * The rows of one collection in the order of insertion, with an index on the id and on each unique
 * field: the cost of a lookup does not depend on the number of rows.
 */
export class IndexedRows<T extends Row = Row> implements Collection<T> {
  readonly #name: string
  readonly #rows = new Map<string, { readonly position: number; readonly row: T }>()
  #lastPosition = 0
  /** False after a removed row was restored: it is behind rows of later positions. */
  #isInOrder = true
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
    this.#order()
    return Array.from(this.#rows.values(), ({ row }) => row)
  }

  *after(position: number): Iterable<readonly [position: number, row: T]> {
    this.#order()
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
    const previous = this.#rows.get(id)
    if (!previous) return
    this.drop(id)
    const undo = ['restore', this.#name, previous.row, previous.position] as const
    this.#onChange(undo, ['remove', this.#name, id])
  }

  /** Inserts or replaces a row without reporting a change: for loading, replaying and reverting. */
  put(row: T): void {
    const previous = this.#rows.get(row.id)
    if (previous) this.#unindex(previous.row)
    this.#set(row, previous?.position ?? ++this.#lastPosition)
  }

  /** Returns a removed row to its place without reporting a change. */
  restore(row: T, position: number): void {
    this.#isInOrder = false
    this.#set(row, position)
  }

  #set(row: T, position: number): void {
    this.#rows.set(row.id, { position, row })
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
    this.#isInOrder = true
    this.#lastPosition = 0
    for (const { ids } of this.#indexes) ids.clear()
    for (const { rows: counts } of this.#counts) counts.clear()
    for (const row of rows) {
      this.#lastPosition = Math.max(this.#lastPosition, (positions.get(row.id) ?? 0) - 1)
      this.put(row)
    }
  }

  /** Sorts the rows by position, once after any number of restored ones. */
  #order(): void {
    if (this.#isInOrder) return
    const entries = [...this.#rows].sort(([, a], [, b]) => a.position - b.position)
    this.#rows.clear()
    for (const [id, entry] of entries) this.#rows.set(id, entry)
    this.#isInOrder = true
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
