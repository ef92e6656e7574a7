import type { Fake } from '../fake.ts'

/** A stored record. Rows are immutable: a change replaces the row. */
export interface Row {
  readonly id: string
}

/** The indexes of a collection besides the one on id. */
export interface Table {
  /** Fields with unique values; case is ignored. */
  readonly unique: readonly string[]
  /** Fields for which the rows with each value are counted. */
  readonly counted?: readonly string[]
}

export interface Collection<T extends Row> {
  readonly size: number
  get(id: string): T | undefined
  /** Finds a row by a unique field; case is ignored. */
  find(field: string, value: string): T | undefined
  /** Counts the rows with this value in a counted field. */
  count(field: string, value: string): number
  /** All rows in the order of insertion. */
  all(): readonly T[]
  /** The rows after this position, with their positions, which only grow; used for paging. */
  after(position: number): Iterable<readonly [position: number, row: T]>
  insert(row: T): void
  replace(row: T): void
  remove(id: string): void
}

/** The part of the store that operations use. */
export interface State {
  /** @param name `api.table` */
  collection<T extends Row>(name: string): Collection<T>
}

/**
 * Draws from a stream until the drawn id is unused: a state that was edited by hand may already
 * hold ids that the seed produces next. Other values of the new row come from the same draw.
 */
export function freeDraw(
  rows: Pick<Collection<Row>, 'get'>,
  stream: string,
  fake: Fake,
): { fake: ReturnType<Fake['draw']>; id: string } {
  for (;;) {
    const drawn = fake.draw(stream)
    const id = drawn.string.uuid()
    if (!rows.get(id)) return { fake: drawn, id }
  }
}
