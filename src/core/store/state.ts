import type { Fake } from '../fake.ts'

/** Something kept. Rows are never changed in place: a changed one replaces it. */
export interface Row {
  readonly id: string
}

/** How a collection is looked up besides by id. */
export interface Table {
  /** Fields whose value, compared without regard to case, belongs to at most one row. */
  readonly unique: readonly string[]
  /** Fields by whose value rows are counted. */
  readonly counted?: readonly string[]
}

export interface Collection<T extends Row> {
  readonly size: number
  get(id: string): T | undefined
  /** The row whose unique field holds this value, in whatever case. */
  find(field: string, value: string): T | undefined
  /** How many rows hold this value in a counted field. */
  count(field: string, value: string): number
  /** All rows in the order in which they came. */
  all(): readonly T[]
  /** Rows with their places, from the first that came after this place; places only grow. */
  after(place: number): Iterable<readonly [place: number, row: T]>
  insert(row: T): void
  replace(row: T): void
  remove(id: string): void
}

/** What operations see of the store. */
export interface State {
  /** @param name `api.table` */
  collection<T extends Row>(name: string): Collection<T>
}

/**
 * The stream's next draw whose id no row has, with the id: a state that was put by hand may hold
 * ids that the seed gives next. Values that go with the id come from the same draw.
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
