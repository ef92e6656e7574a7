import type { Call } from '../../core/call.ts'
import { listed } from '../../core/words.ts'
import { refusal } from './refusals.ts'
import { timestamp } from './time.ts'
import type { StoredUser } from './users.ts'

type Condition = (user: StoredUser) => boolean
type Value = string | null

/**
 * Returns true if a value of a user matches the text of the filter; both are in lower case. The
 * value is null if the field is empty.
 */
type Operator = (value: Value, given: string) => boolean

const inList = (value: Value, given: string) => given.split(',').includes(value ?? '')

/** Public: the operators of the vendor's client. Assumed: lists are separated by commas. */
const TEXT: Readonly<Record<string, Operator>> = {
  eq: (value, given) => value === given,
  ne: (value, given) => value !== given,
  sw: (value, given) => value?.startsWith(given) === true,
  ew: (value, given) => value?.endsWith(given) === true,
  cn: (value, given) => value?.includes(given) === true,
  nc: (value, given) => value?.includes(given) !== true,
  in: inList,
  nin: (value, given) => !inList(value, given),
}

/** All times are in UTC and of equal length, so comparing them as texts is enough. */
const TIME: Readonly<Record<string, Operator>> = {
  eq: (value, given) => value === given,
  ne: (value, given) => value !== given,
  gt: (value, given) => value !== null && value > given,
  gte: (value, given) => value !== null && value >= given,
  lt: (value, given) => value !== null && value < given,
  lte: (value, given) => value !== null && value <= given,
}

interface Filter {
  readonly operators: Readonly<Record<string, Operator>>
  readonly valueIn: (user: StoredUser) => Value
}

/** Public: the filters by name. */
const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['organizationId', { operators: TEXT, valueIn: (user) => user.organizationId }],
  ['role', { operators: TEXT, valueIn: (user) => user.role }],
  ['email', { operators: TEXT, valueIn: (user) => user.email }],
  ['name', { operators: TEXT, valueIn: (user) => user.name }],
  ['id', { operators: TEXT, valueIn: (user) => user.id }],
  // A sandbox records no sign-ins.
  ['lastSeenAt', { operators: TIME, valueIn: () => null }],
  ['createdAt', { operators: TIME, valueIn: (user) => user.createdAt }],
  ['updatedAt', { operators: TIME, valueIn: (user) => user.updatedAt }],
])

/**
 * The conditions of a list request; a user is listed if all hold. A filter is `email=…` or, with an
 * operator, `email[cn]=…`. Assumed: case is ignored.
 *
 * @throws Problem 400 filter.invalid
 */
export function conditionsIn(call: Call): readonly Condition[] {
  if (call.query.has('productId')) {
    call.warn('filter.ignored', 'productId filters nothing: the sandbox stores no products')
  }
  return [...call.query].flatMap(([key, given]): readonly Condition[] => {
    if (key === 'search') return given === '' ? [] : [matching(given.toLowerCase())]
    const [, name = '', brackets, inside = ''] = /^(\w+)(\[(.*)\])?$/.exec(key) ?? []
    const filter = FILTERS.get(name)
    if (!filter) return []
    const { operators, valueIn } = filter
    const operator = brackets === undefined ? 'eq' : inside
    const fits = Object.hasOwn(operators, operator) ? operators[operator] : undefined
    if (!fits) {
      const message = `The filter ${name} accepts the operators ${listed(Object.keys(operators))}.`
      throw refusal('filter.invalid', { message })
    }
    if (operators === TIME) {
      const time = timeFrom(given, name)
      return [(user) => fits(valueIn(user), time)]
    }
    const text = given.toLowerCase()
    return [(user) => fits(valueIn(user)?.toLowerCase() ?? null, text)]
  })
}

/** Returns the condition of a search. Assumed: which fields a search reads. */
function matching(text: string): Condition {
  return ({ name, email, company }) =>
    [name, email, company].some((value) => value?.toLowerCase().includes(text))
}

/**
 * Converts a time of a filter to the format of stored times.
 *
 * @throws Problem 400 filter.invalid
 */
function timeFrom(given: string, name: string): string {
  // A time without a zone is in UTC.
  const text = /T[\d:.]+$/.test(given) ? `${given}Z` : given
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) {
    const message = `The filter ${name} needs a time, such as 2026-01-15T09:30:00Z.`
    throw refusal('filter.invalid', { message })
  }
  const ticks = /\.\d{3}(\d{1,4})/.exec(text)?.[1] ?? ''
  return timestamp(ms, Number(ticks.padEnd(4, '0')))
}
