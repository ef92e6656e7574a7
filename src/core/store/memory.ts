import { isRecord } from '../contract/schema.ts'
import type { Row } from './state.ts'
import { FORMAT, type Document, type Tables } from './document.ts'
import { IndexedRows, type Change } from './indexed-rows.ts'

/** What a store holds in memory: rows by collection, counters by stream, and settings by name. */
export class MemoryState {
  readonly tables: Tables
  readonly counters = new Map<string, number>()
  readonly settings = new Map<string, unknown>()
  readonly #rows = new Map<string, IndexedRows>()

  /** @param changed told of each change that is made through a collection, and how it is undone */
  constructor(tables: Tables, changed: (undo: Change, change: Change) => void) {
    this.tables = tables
    for (const [api, shapes] of Object.entries(tables)) {
      for (const [table, shape] of Object.entries(shapes)) {
        const name = `${api}.${table}`
        this.#rows.set(name, new IndexedRows(name, shape, changed))
      }
    }
  }

  /** The collection of this name, `api.table`. */
  rows(name: string): IndexedRows {
    const rows = this.#rows.get(name)
    if (!rows) throw new Error(`No API keeps ${name}`)
    return rows
  }

  get hasRows(): boolean {
    return [...this.#rows.values()].some(({ size }) => size > 0)
  }

  /** Makes a change that is made elsewhere already, or undoes one; a table that went is left out. */
  apply(change: Change): void {
    if (change[0] === 'all') this.fill(change[1])
    else if (change[0] === 'set') this.settings.set(change[1], change[2])
    else if (change[0] === 'count') this.counters.set(change[1], change[2])
    else if (change[0] === 'put') this.#rows.get(change[1])?.put(change[2])
    else this.#rows.get(change[1])?.drop(change[2])
  }

  /** Puts what a document holds in the place of everything. */
  fill({ standin, ...apis }: Document): void {
    this.counters.clear()
    this.settings.clear()
    for (const [stream, n] of Object.entries(standin.counters ?? {})) this.counters.set(stream, n)
    for (const [name, value] of Object.entries(standin.settings ?? {})) {
      this.settings.set(name, value)
    }
    for (const [name, rows] of this.#rows) {
      const [api = '', table = ''] = name.split('.')
      const tables = apis[api]
      const given = isRecord(tables) ? tables[table] : undefined
      // flawIn has looked: where there is a list, it is one of objects with an id.
      rows.fill(Array.isArray(given) ? (given as Row[]) : [])
    }
  }

  /**
   * What is there now, in lists of their own; rows never change in place.
   *
   * @param seq the last transaction that is in it
   */
  document(seq: number): Document {
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
