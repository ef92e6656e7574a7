import { atOnce } from '../slices.ts'
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

/**
 * A change that reverts another one. `restore` returns a removed row to its place in the order;
 * `swap` returns a replaced state.
 */
export type Undo =
  | Change
  | readonly ['restore', collection: string, row: Row, position: number]
  | readonly ['swap', previous: MemoryContent]

/** Receives each change that is made through a collection, with the change that reverts it. */
export type OnChange = (undo: Undo, change: Change) => void

/** All rows of one collection with their indexes. */
export interface RowsContent<T extends Row = Row> {
  readonly rows: Map<string, { readonly position: number; readonly row: T }>
  lastPosition: number
  /** False after a removed row was restored: the map holds it after rows with later positions. */
  isInOrder: boolean
  readonly indexes: readonly { readonly field: string; readonly ids: Map<string, string> }[]
  readonly counts: readonly { readonly field: string; readonly rows: Map<string, number> }[]
}

/** A whole state in memory. */
export interface MemoryContent {
  readonly counters: Map<string, number>
  readonly settings: Map<string, unknown>
  readonly rows: ReadonlyMap<string, RowsContent>
}

/** Rows that are prepared in one step. */
const STEP = 200

/**
 * The rows of one collection in the order of insertion, with an index on the id and on each unique
 * field, so that the cost of a lookup does not depend on the number of rows.
 */
export class IndexedRows<T extends Row = Row> implements Collection<T> {
  readonly #name: string
  readonly #table: Table
  #content: RowsContent<T>
  readonly #onChange: OnChange

  constructor(name: string, table: Table, onChange: OnChange) {
    this.#name = name
    this.#table = table
    this.#content = emptyContent(table)
    this.#onChange = onChange
  }

  get size(): number {
    return this.#content.rows.size
  }

  get(id: string): T | undefined {
    return this.#content.rows.get(id)?.row
  }

  find(field: string, value: string): T | undefined {
    const index = this.#content.indexes.find((candidate) => candidate.field === field)
    if (!index) throw new Error(`${this.#name} has no index on ${field}`)
    const id = index.ids.get(normalized(value))
    return id === undefined ? undefined : this.#content.rows.get(id)?.row
  }

  count(field: string, value: string): number {
    const counts = this.#content.counts.find((candidate) => candidate.field === field)
    if (!counts) throw new Error(`${this.#name} is not counted by ${field}`)
    return counts.rows.get(normalized(value)) ?? 0
  }

  all(): readonly T[] {
    this.#order()
    return Array.from(this.#content.rows.values(), ({ row }) => row)
  }

  after(position: number): Iterable<readonly [position: number, row: T]> {
    this.#order()
    return rowsAfter(this.#content, position)
  }

  insert(row: T): void {
    if (this.#content.rows.has(row.id)) throw new Error(`${this.#name} already has a row ${row.id}`)
    this.put(row)
    this.#onChange(['remove', this.#name, row.id], ['put', this.#name, row])
  }

  replace(row: T): void {
    const previous = this.#content.rows.get(row.id)?.row
    if (!previous) throw new Error(`${this.#name} has no row ${row.id}`)
    this.put(row)
    this.#onChange(['put', this.#name, previous], ['put', this.#name, row])
  }

  remove(id: string): void {
    const previous = this.#content.rows.get(id)
    if (!previous) return
    this.drop(id)
    const undo = ['restore', this.#name, previous.row, previous.position] as const
    this.#onChange(undo, ['remove', this.#name, id])
  }

  /** Inserts or replaces a row without reporting a change: for loading, replaying and reverting. */
  put(row: T): void {
    const previous = this.#content.rows.get(row.id)
    if (previous) this.#unindex(previous.row)
    this.#set(row, previous?.position ?? ++this.#content.lastPosition)
  }

  /** Returns a removed row to its place without reporting a change. */
  restore(row: T, position: number): void {
    this.#content.isInOrder = false
    this.#set(row, position)
  }

  #set(row: T, position: number): void {
    add(this.#content, row, position)
  }

  /** Removes a row without reporting a change. */
  drop(id: string): void {
    const previous = this.#content.rows.get(id)
    if (!previous) return
    this.#unindex(previous.row)
    this.#content.rows.delete(id)
  }

  /** Replaces all rows without reporting a change. */
  fill(rows: readonly T[]): void {
    this.swap(atOnce(this.prepare(rows)))
  }

  /**
   * Builds the content for other rows in steps; the present content stays in use.
   *
   * @param rows rows in which documentDefect has found no defect
   */
  *prepare(rows: readonly T[]): Generator<undefined, RowsContent<T>> {
    const content = emptyContent<T>(this.#table)
    for (const [i, row] of rows.entries()) {
      // A row that exists before and after keeps its position, so that a client that reads page by
      // page sees it once.
      const previous = this.#content.rows.get(row.id)?.position ?? 0
      content.lastPosition = Math.max(content.lastPosition + 1, previous)
      add(content, row, content.lastPosition)
      if (i % STEP === 0) yield
    }
    return content
  }

  /** Replaces the content without reporting a change, and returns the previous one. */
  swap(content: RowsContent<T>): RowsContent<T> {
    const previous = this.#content
    this.#content = content
    return previous
  }

  /** Sorts the rows by position, if rows have been restored since they were last sorted. */
  #order(): void {
    if (this.#content.isInOrder) return
    const entries = [...this.#content.rows].sort(([, a], [, b]) => a.position - b.position)
    // In a new map, because a reader may be iterating over the present one.
    this.#content = { ...this.#content, rows: new Map(entries), isInOrder: true }
  }

  #unindex(row: T): void {
    for (const { field, ids } of this.#content.indexes) {
      const value = uniqueKey(row, field)
      if (value !== undefined && ids.get(value) === row.id) ids.delete(value)
    }
    adjustCounts(this.#content, row, -1)
  }
}

/** Iterates over the rows of one content, even after another content has replaced it. */
function* rowsAfter<T extends Row>(
  { rows }: RowsContent<T>,
  position: number,
): Generator<readonly [position: number, row: T], void> {
  for (const entry of rows.values()) {
    if (entry.position > position) yield [entry.position, entry.row]
  }
}

function emptyContent<T extends Row>({ unique, counted = [] }: Table): RowsContent<T> {
  return {
    rows: new Map(),
    lastPosition: 0,
    isInOrder: true,
    indexes: unique.map((field) => ({ field, ids: new Map() })),
    counts: counted.map((field) => ({ field, rows: new Map() })),
  }
}

function add<T extends Row>(content: RowsContent<T>, row: T, position: number): void {
  content.rows.set(row.id, { position, row })
  for (const { field, ids } of content.indexes) {
    const value = uniqueKey(row, field)
    if (value !== undefined) ids.set(value, row.id)
  }
  adjustCounts(content, row, 1)
}

function adjustCounts<T extends Row>({ counts }: RowsContent<T>, row: T, by: 1 | -1): void {
  for (const { field, rows } of counts) {
    const value = lookupKey(row, field)
    if (value !== undefined) rows.set(value, (rows.get(value) ?? 0) + by)
  }
}
