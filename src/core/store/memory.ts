import { isRecord } from '../contract/schema.ts'
import type { Row } from './state.ts'
import { FORMAT, type Document, type Tables } from './document.ts'
import {
  IndexedRows,
  type MemoryContent,
  type OnChange,
  type RowsContent,
  type Undo,
} from './indexed-rows.ts'
import { atOnce } from '../slices.ts'

/** The state of a store in memory: rows by collection, counters by stream, settings by name. */
export class MemoryState {
  readonly tables: Tables
  counters = new Map<string, number>()
  settings = new Map<string, unknown>()
  readonly #rows = new Map<string, IndexedRows>()

  /** @param onChange receives each change that is made through a collection */
  constructor(tables: Tables, onChange: OnChange) {
    this.tables = tables
    for (const [api, tablesOfApi] of Object.entries(tables)) {
      for (const [table, definition] of Object.entries(tablesOfApi)) {
        const name = `${api}.${table}`
        this.#rows.set(name, new IndexedRows(name, definition, onChange))
      }
    }
  }

  /** @param name `api.table` */
  rows(name: string): IndexedRows {
    const rows = this.#rows.get(name)
    if (!rows) throw new Error(`There is no table ${name}`)
    return rows
  }

  get hasRows(): boolean {
    return [...this.#rows.values()].some(({ size }) => size > 0)
  }

  /** Replays or reverts a change without reporting it; a change of an unknown table is ignored. */
  apply(change: Undo): void {
    if (change[0] === 'all') this.load(change[1])
    else if (change[0] === 'swap') this.swap(change[1])
    else if (change[0] === 'set') this.settings.set(change[1], change[2])
    else if (change[0] === 'count') this.counters.set(change[1], change[2])
    else if (change[0] === 'put') this.#rows.get(change[1])?.put(change[2])
    else if (change[0] === 'restore') this.#rows.get(change[1])?.restore(change[2], change[3])
    else this.#rows.get(change[1])?.drop(change[2])
  }

  /** Replaces the whole state by a document. */
  load(document: Document): void {
    this.swap(atOnce(this.prepare(document)))
  }

  /** Builds the content of a document in steps; the present content stays in use. */
  *prepare({ standin, ...apis }: Document): Generator<undefined, MemoryContent> {
    const contents = new Map<string, RowsContent>()
    for (const [name, rows] of this.#rows) {
      const [api = '', table = ''] = name.split('.')
      const tables = apis[api]
      const given = isRecord(tables) ? tables[table] : undefined
      // documentDefect has checked that the array holds objects with an id.
      contents.set(name, yield* rows.prepare(Array.isArray(given) ? (given as Row[]) : []))
    }
    return {
      counters: new Map(Object.entries(standin.counters ?? {})),
      settings: new Map(Object.entries(standin.settings ?? {})),
      rows: contents,
    }
  }

  /** Replaces the whole state, and returns the previous one. */
  swap({ counters, settings, rows }: MemoryContent): MemoryContent {
    const previous = new Map<string, RowsContent>()
    for (const [name, table] of this.#rows) previous.set(name, table.swap(rows.get(name)!)) // prepare fills every table
    const before = { counters: this.counters, settings: this.settings, rows: previous }
    this.counters = counters
    this.settings = settings
    return before
  }

  /**
   * Copies the state into a document. Its arrays are new; the rows are shared, since they are
   * immutable.
   *
   * @param seq the last transaction that the state includes
   */
  toDocument(seq: number): Document {
    const settings = sorted(this.settings)
    const document: Document = {
      standin: {
        format: FORMAT,
        seq,
        counters: sorted(this.counters),
        ...(this.settings.size > 0 ? { settings } : {}),
      },
    }
    for (const [api, tables] of Object.entries(this.tables)) {
      document[api] = Object.fromEntries(
        Object.keys(tables).map((table) => [table, this.rows(`${api}.${table}`).all()]),
      )
    }
    return document
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
}
