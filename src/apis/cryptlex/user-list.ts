import type { Operation } from '../../core/api.ts'
import type { Call } from '../../core/call.ts'
import type { State } from '../../core/store/state.ts'
import { fixturesIn } from './fixtures.ts'
import { refusal } from './refusals.ts'
import { conditionsIn } from './user-filters.ts'
import { userBody, usersIn, type StoredUser } from './users.ts'

/** The page size where a request gives none. Assumed. */
const PAGE = 20
/** The fields that a list can be sorted by. Assumed, except for `createdAt`. */
const SORTABLE = [
  'createdAt',
  'updatedAt',
  'id',
  'name',
  'firstName',
  'lastName',
  'email',
  'role',
  'company',
  'organizationId',
  'lastLoginAt',
] as const

type IsBefore = (a: StoredUser, b: StoredUser) => boolean

/** Lists a reseller's users, the oldest first. Public: a bare array, and no header about pages. */
export const listResellerUsers: Operation = (call, state, tools) => {
  const resellerId = call.params['resellerId']!
  if (!fixturesIn(tools).resellers.has(resellerId)) {
    call.refuseIfStrict(refusal('reseller.unknown'))
  }
  const conditions = conditionsIn(call)
  const found = candidates(call, state).filter(
    (user) => user.resellerId === resellerId && conditions.every((holds) => holds(user)),
  )
  const { field, descending } = orderIn(call)
  const isBefore: IsBefore = (a, b) => (a[field] ?? '') < (b[field] ?? '')
  const number = Number(call.query.get('page') ?? 1)
  const limit = Number(call.query.get('limit') ?? PAGE)
  const page = sortedPage(
    descending ? found.toReversed() : found,
    descending ? (a, b) => isBefore(b, a) : isBefore,
    { start: (number - 1) * limit, end: number * limit },
  )
  return { status: 200, body: page.map((user) => userBody(user, state, tools)) }
}

/** Returns the users to filter: one user if there is a filter by id, otherwise all. */
function candidates(call: Call, state: State): readonly StoredUser[] {
  const users = usersIn(state)
  const id = call.query.get('id') ?? call.query.get('id[eq]')
  const user = id ? (users.get(id) ?? users.get(id.toLowerCase())) : undefined
  return user ? [user] : users.all()
}

/**
 * Reads the order. Assumed: an unknown field is refused by `strict`; `documented` sorts by
 * `createdAt` instead, with a warning.
 */
function orderIn(call: Call): { field: (typeof SORTABLE)[number]; descending: boolean } {
  const text = call.query.get('sort') ?? ''
  const descending = text.startsWith('-')
  const name = text.replace(/^[+ -]/, '').toLowerCase()
  const field = SORTABLE.find((one) => one.toLowerCase() === name)
  if (field) return { field, descending }
  if (name !== '') call.refuseIfStrict(refusal('sort.unknown'))
  return { field: 'createdAt', descending: false }
}

/**
 * Maximum end of a page that is selected in one pass; for later pages, sorting all rows is faster.
 */
const MAX_SELECTED = 2000

/**
 * Returns one page of the sorted rows. Rows are stored in the order of their creation, so most
 * lists need no sorting. Otherwise, the first pages are selected in one pass, without sorting all
 * rows.
 */
function sortedPage(
  rows: readonly StoredUser[],
  isBefore: IsBefore,
  { start, end }: { readonly start: number; readonly end: number },
): readonly StoredUser[] {
  if (rows.every((row, i) => i === 0 || !isBefore(row, rows[i - 1]!))) return rows.slice(start, end)
  if (end > MAX_SELECTED) {
    const compare = (a: StoredUser, b: StoredUser) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0)
    return rows.toSorted(compare).slice(start, end)
  }
  const first: StoredUser[] = []
  for (const row of rows) {
    const last = first[end - 1]
    if (last && !isBefore(row, last)) continue
    first.splice(placeFor(row, first, isBefore), 0, row)
    if (first.length > end) first.pop()
  }
  return first.slice(start)
}

/** Returns the index at which to insert a row: before the first row that has to come after it. */
function placeFor(row: StoredUser, rows: readonly StoredUser[], isBefore: IsBefore): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(row, rows[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
