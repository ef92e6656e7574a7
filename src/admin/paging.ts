import type { Call } from '../core/call.ts'
import { Problem } from '../core/problem.ts'

const DEFAULT_LIMIT = 100

/** The page size that the query requests, or the default. */
export function limitOf({ query }: Call): number {
  return Number(query.get('limit') ?? DEFAULT_LIMIT)
}

/**
 * Position in a list that is ordered by API: the index of the API, and the place of the last listed
 * row in its table. A row keeps its place, and new rows get higher ones, so inserting or removing a
 * row does not shift the next page.
 */
export interface Cursor {
  readonly api: number
  readonly place: number
}

const START: Cursor = { api: -1, place: 0 }

/**
 * Reads a cursor such as `<api>:100`; null is the start of the list.
 *
 * @throws Problem 400 page.unknown
 */
export function cursorIn(after: string | null, apis: readonly string[]): Cursor {
  if (after === null) return START
  const [name = '', place] = after.split(':')
  const api = apis.indexOf(name)
  if (api < 0) throw unknownPage()
  return { api, place: Number(place) }
}

export function cursorText(api: string, place: number): string {
  return `${api}:${place}`
}

export function unknownPage(hint = ''): Problem {
  const message = `after must be the "next" value of another page of the same list${hint}`
  return new Problem(400, 'page.unknown', message)
}
