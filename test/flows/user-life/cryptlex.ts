import * as fc from 'fast-check'
import { expect } from 'vitest'
import { exampleOf } from '../../apis/contract-documents.ts'
import type { Answer } from '../../helpers/caller.ts'
import {
  dry,
  email,
  expectEqual,
  expectStatus,
  maybe,
  present,
  same,
  text,
  turn,
  which,
  type Expected,
  type Life,
  type LifeSandbox,
  type Model,
} from './life.ts'

const headers = { Authorization: 'Bearer standin-token' }
/** Two resellers of the fixtures, and one that is created with its first user. */
const RESELLERS = ['reseller-001', 'reseller-002', 'another'] as const
const pathOf = (reseller: string) => `/v3/resellers/${reseller}/users`

const reseller = fc.oneof(
  { weight: 6, arbitrary: fc.constant(RESELLERS[0]) },
  { weight: 1, arbitrary: fc.constantFrom(...RESELLERS) },
)
const optional = {
  lastName: maybe(fc.constantFrom(null, '', 'Byron', 'Łoś', 'a')),
  company: maybe(fc.constantFrom(null, '', 'Engines & Sons', '苗')),
  organizationId: maybe(fc.constantFrom(null, '', 'organization-001', 'organization-003', 'new')),
}
const role = fc.constantFrom('user', 'support', 'astronomer')
const changes = fc.record({
  ...optional,
  firstName: maybe(text),
  email: maybe(email),
  role: maybe(role),
  allowCustomerPortalAccess: maybe(fc.boolean()),
})
const fields = fc.record({
  ...optional,
  firstName: text,
  email,
  role,
  allowCustomerPortalAccess: fc.boolean(),
})
/** Fields that are refused wherever they are sent. */
const wrong = fc.constantFrom(
  { email: 'ada' },
  { firstName: '' },
  { role: '' },
  { company: 'x'.repeat(257) },
)

const FIELDS = ['createdAt', 'updatedAt', 'id', 'name', 'firstName', 'lastName', 'email', 'role']
type SortField = 'createdAt' | 'updatedAt' | 'id' | 'name' | 'firstName' | 'lastName' | 'email'
const TEXT_FILTERS = ['email', 'name', 'role', 'organizationId', 'id'] as const
const TEXT_OPERATORS = ['', 'eq', 'ne', 'sw', 'ew', 'cn', 'nc', 'in', 'nin'] as const
const TIME_OPERATORS = ['', 'eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const

type Filter =
  | {
      readonly field: (typeof TEXT_FILTERS)[number]
      readonly operator: (typeof TEXT_OPERATORS)[number]
      readonly value: string
    }
  | {
      readonly field: 'createdAt' | 'updatedAt'
      readonly operator: (typeof TIME_OPERATORS)[number]
      /** The user whose time is the value. */
      readonly which: number
    }

const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    field: fc.constantFrom(...TEXT_FILTERS),
    operator: fc.constantFrom(...TEXT_OPERATORS),
    value: fc.oneof(
      email,
      fc.constantFrom('A', 'byron', 'user', 'ORGANIZATION-001', 'new', 'ada@example.test,user'),
    ),
  }),
  fc.record({
    field: fc.constantFrom('createdAt' as const, 'updatedAt' as const),
    operator: fc.constantFrom(...TIME_OPERATORS),
    which,
  }),
)

type Changes = Partial<typeof changes extends fc.Arbitrary<infer T> ? T : never>
type Fields = typeof fields extends fc.Arbitrary<infer T> ? T : never
interface List {
  readonly page: number | undefined
  readonly limit: number | undefined
  readonly sort: string | undefined
  readonly search: string | undefined
  readonly filters: readonly Filter[]
}
interface Write {
  readonly reseller: string
  readonly dry: boolean
}
type Call =
  | (Write & { readonly do: 'create'; readonly fields: Fields })
  | (Write & { readonly do: 'update'; readonly which: number; readonly changes: Changes })
  | (Write & { readonly do: 'delete'; readonly which: number })
  | (Write & { readonly do: 'refused'; readonly which: number | undefined; readonly wrong: object })
  | { readonly do: 'list'; readonly reseller: string; readonly list: List }
  | { readonly do: 'turn'; readonly by: number }

const writing = { reseller, dry }
const calls: fc.Arbitrary<Call> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('create' as const), ...writing, fields }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('update' as const), ...writing, which, changes }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), ...writing, which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('refused' as const),
      ...writing,
      which: maybe(which),
      wrong,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      reseller,
      list: fc.record({
        page: maybe(fc.integer({ min: 1, max: 3 })),
        limit: maybe(fc.integer({ min: 1, max: 6 })),
        sort: maybe(
          fc
            .tuple(fc.constantFrom('', '-'), fc.constantFrom(...FIELDS))
            .map((parts) => parts.join('')),
        ),
        search: maybe(fc.constantFrom('', 'byron', 'EXAMPLE', 'engines', 'łoś', 'nobody')),
        filters: fc.oneof(
          { weight: 1, arbitrary: fc.constant([]) },
          { weight: 1, arbitrary: fc.array(filter, { maxLength: 2 }) },
        ),
      }),
    }),
  },
  { weight: 2, arbitrary: turn },
)

/** A user as answers have it. */
interface User {
  readonly id: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly name: string
  readonly firstName: string
  readonly lastName: string | null
  readonly email: string
  readonly role: string
  readonly organizationId: string | null
  readonly organization: { readonly id: string } | null
  readonly company: string | null
}
interface Stored {
  readonly user: User
  readonly reseller: string
  readonly allowCustomerPortalAccess: boolean
}

class CryptlexModel implements Model<Call> {
  readonly #sandbox: LifeSandbox
  #stored: readonly Stored[] = []
  /** The organizations as they were first seen; nothing changes them. */
  readonly #organizations = new Map<string, unknown>()
  /** The ids of users who were deleted. */
  readonly #former: string[] = []

  constructor(sandbox: LifeSandbox) {
    this.#sandbox = sandbox
  }

  async apply(call: Call): Promise<void> {
    switch (call.do) {
      case 'turn':
        return this.#sandbox.turnClock(call.by)
      case 'create':
        return this.#create(call)
      case 'update':
        return this.#update(call)
      case 'delete':
        return this.#delete(call)
      case 'refused':
        return this.#refused(call)
      case 'list':
        return this.#list(call.reseller, call.list)
    }
  }

  async compareAll(): Promise<void> {
    for (const one of RESELLERS) {
      const all = { page: undefined, limit: 100, sort: undefined, search: undefined, filters: [] }
      await this.#list(one, all)
    }
  }

  get expected(): readonly Expected[] {
    return this.#stored.map(({ user, reseller: resellerId, allowCustomerPortalAccess }) => {
      const { organization: _, ...row } = user
      return {
        id: user.id,
        email: user.email,
        user: { ...row, resellerId, allowCustomerPortalAccess },
      }
    })
  }

  async #create(call: Call & { do: 'create' }): Promise<void> {
    const body = { ...present(call.fields), password: 'analytical-engine' }
    const path = pathOf(call.reseller)
    const answer = await this.#sandbox.send({ method: 'POST', path, headers, body }, call.dry)
    // Assumed: addresses are unique across all resellers.
    if (this.#hasEmail(call.fields.email)) {
      expectEqual([answer.status, answer.json()], [409, exampleOf('cryptlex', 'EmailTaken')])
      return
    }
    expectStatus(answer, 201)
    const { id, createdAt, updatedAt } = answer.json<User>()
    expect(id).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    expect([...this.#stored.map(({ user }) => user.id), ...this.#former]).not.toContain(id)
    expect(createdAt.slice(0, 23)).toBe(this.#now)
    expect(updatedAt > createdAt && updatedAt.startsWith(this.#now)).toBe(true)
    const user = this.#expectUser(answer, { id, createdAt, updatedAt }, call.fields, call.dry)
    if (call.dry) return
    const { allowCustomerPortalAccess } = call.fields
    this.#stored = [...this.#stored, { user, reseller: call.reseller, allowCustomerPortalAccess }]
  }

  /** Public: fields that are not sent stay. Assumed: null empties a field. */
  async #update(call: Call & { do: 'update' }): Promise<void> {
    const [id, stored] = this.#target(call)
    const path = `${pathOf(call.reseller)}/${id}`
    const body = present(call.changes)
    const answer = await this.#sandbox.send({ method: 'PATCH', path, headers, body }, call.dry)
    if (!stored) return unknown(answer)
    if (body.email !== undefined && this.#hasEmail(body.email, stored)) {
      expectEqual([answer.status, answer.json()], [400, exampleOf('cryptlex', 'EmailTaken')])
      return
    }
    expectStatus(answer, 200)
    const { updatedAt } = answer.json<User>()
    expect(updatedAt.slice(0, 23)).toBe(this.#now)
    // Each change is later, except after the clock was turned back.
    if (stored.user.updatedAt.startsWith(this.#now)) {
      expect(updatedAt > stored.user.updatedAt).toBe(true)
    }
    const user = this.#expectUser(answer, { ...stored.user, updatedAt }, body, call.dry)
    if (call.dry) return
    const { allowCustomerPortalAccess = stored.allowCustomerPortalAccess } = body
    const changed = { ...stored, user, allowCustomerPortalAccess }
    this.#stored = this.#stored.map((one) => (one === stored ? changed : one))
  }

  async #delete(call: Call & { do: 'delete' }): Promise<void> {
    const [id, stored] = this.#target(call)
    const path = `${pathOf(call.reseller)}/${id}`
    const answer = await this.#sandbox.send({ method: 'DELETE', path, headers }, call.dry)
    if (!stored) return unknown(answer)
    expectEqual([answer.status, answer.text], [204, ''])
    if (call.dry) return
    this.#stored = this.#stored.filter((one) => one !== stored)
    this.#former.push(id)
  }

  /** Sends an invalid field, which is refused before the user is looked up. */
  async #refused({ wrong: body, ...call }: Call & { do: 'refused' }): Promise<void> {
    const path = pathOf(call.reseller)
    const sent =
      call.which === undefined
        ? { method: 'POST', path, body: { ...VALID, ...body } }
        : {
            method: 'PATCH',
            path: `${path}/${this.#target({ ...call, which: call.which })[0]}`,
            body,
          }
    const answer = await this.#sandbox.send({ ...sent, headers }, call.dry)
    expectEqual([answer.status, answer.reason], [400, 'body.invalid'])
  }

  /** Public: a bare array, ascending by `createdAt`. Assumed: 20 users a page; null sorts first. */
  async #list(one: string, { page = 1, limit = 20, ...list }: List): Promise<void> {
    const conditions = list.filters.map((given) => this.#conditionOf(given))
    const query = new URLSearchParams([
      ...Object.entries(present({ page, limit, sort: list.sort, search: list.search })).map(
        ([name, value]): [string, string] => [name, String(value)],
      ),
      ...conditions.map(({ name, value }): [string, string] => [name, value]),
    ]).toString()
    const path = `${pathOf(one)}?${query}`
    const answer = await this.#sandbox.send({ method: 'GET', path, headers })
    const search = (list.search ?? '').toLowerCase()
    const users = this.#stored
      .filter((stored) => stored.reseller === one)
      .map(({ user }) => user)
      .filter(({ name, email: address, company }) =>
        [name, address, company ?? ''].some((value) => value.toLowerCase().includes(search)),
      )
      .filter((user) => conditions.every(({ holds }) => holds(user)))
    const isDescending = list.sort?.startsWith('-') === true
    const field = (list.sort ?? 'createdAt').replace('-', '') as SortField // one of FIELDS
    const sorted = users.toSorted((a, b) => {
      const [left, right] = [a[field] ?? '', b[field] ?? '']
      return left < right ? -1 : left > right ? 1 : 0
    })
    const ordered = isDescending ? sorted.toReversed() : sorted
    expectStatus(answer, 200)
    expectEqual(answer.json(), ordered.slice((page - 1) * limit, page * limit))
  }

  /** A filter as a query has it, and its meaning. Assumed: case is ignored. */
  #conditionOf(given: Filter): { name: string; value: string; holds: (user: User) => boolean } {
    const { field, operator } = given
    const name = operator === '' ? field : `${field}[${operator}]`
    if ('which' in given) {
      const chosen = this.#stored[given.which % (this.#stored.length + 1)]
      const value = chosen?.user[given.field] ?? `${this.#now}0000Z`
      const holds = (user: User) => {
        const time = user[given.field]
        if (operator === 'ne') return time !== value
        const isEqual = time === value && operator !== 'gt' && operator !== 'lt'
        if (operator.startsWith('gt')) return isEqual || time > value
        return isEqual || (operator.startsWith('lt') && time < value)
      }
      return { name, value, holds }
    }
    const wanted = given.value.toLowerCase()
    const isOneOf = (value: string | undefined) =>
      value !== undefined && wanted.split(',').includes(value)
    const meanings: Record<typeof given.operator, (value: string | undefined) => boolean> = {
      '': (value) => value === wanted,
      eq: (value) => value === wanted,
      ne: (value) => value !== wanted,
      sw: (value) => value?.startsWith(wanted) === true,
      ew: (value) => value?.endsWith(wanted) === true,
      cn: (value) => value?.includes(wanted) === true,
      nc: (value) => value?.includes(wanted) !== true,
      in: isOneOf,
      nin: (value) => !isOneOf(value),
    }
    const holds = (user: User) => meanings[given.operator](user[given.field]?.toLowerCase())
    return { name, value: given.value, holds }
  }

  /** Compares the user of an answer with the one that the fields give; returns it. */
  #expectUser(
    answer: Answer,
    before: Partial<User> & Pick<User, 'id' | 'createdAt' | 'updatedAt'>,
    given: Changes,
    isDry: boolean,
  ): User {
    const { firstName = before.firstName!, email: address = before.email! } = given // create has both
    const { role: itsRole = before.role! } = given // as above
    const kept = <T>(value: T | undefined, former: T | undefined) =>
      value === undefined ? (former ?? null) : value
    const lastName = kept(given.lastName, before.lastName)
    const organizationId = kept(given.organizationId, before.organizationId) || null
    const { organization } = answer.json<User>()
    const user: User = {
      ...NEW,
      id: before.id,
      createdAt: before.createdAt,
      updatedAt: before.updatedAt,
      name: lastName ? `${firstName} ${lastName}` : firstName,
      firstName,
      lastName,
      email: address,
      role: itsRole,
      organizationId,
      organization: this.#organizationFor(organizationId, organization, isDry),
      company: kept(given.company, before.company),
    }
    expectEqual(answer.json(), user)
    return user
  }

  #organizationFor(id: string | null, seen: User['organization'], isDry: boolean) {
    if (id === null) return null
    expect(seen).toMatchObject({ id })
    // Its times are those of its first use, so one that was not stored is new at the next use.
    if (!isDry && !this.#organizations.has(id)) this.#organizations.set(id, seen)
    return (this.#organizations.get(id) ?? seen) as User['organization'] // as it was seen
  }

  #hasEmail(address: string, self?: Stored): boolean {
    return this.#stored.some((one) => one !== self && same(one.user.email, address))
  }

  /** The id of a stored, former or unknown user, and the user if the reseller has it. */
  #target({ which: n, reseller: one }: { which: number; reseller: string }) {
    const ids = [...this.#stored.map(({ user }) => user.id), ...this.#former.slice(-2), 'nobody']
    const id = ids[n % ids.length]!
    const stored = this.#stored.find(({ user, reseller: its }) => user.id === id && its === one)
    return [id, stored] as const
  }

  get #now(): string {
    return new Date(this.#sandbox.now).toISOString().slice(0, 23)
  }
}

/** Fields that no call changes. */
const NEW = { twoFactorEnabled: false, googleSsoEnabled: false, lastLoginAt: null }
const VALID = {
  firstName: 'Ada',
  email: 'ada@example.test',
  role: 'user',
  allowCustomerPortalAccess: true,
  password: 'analytical-engine',
}

function unknown(answer: Answer): void {
  expectEqual(
    [answer.status, answer.reason, answer.json()],
    [404, 'user.unknown', exampleOf('cryptlex', 'UserNotFound')],
  )
}

export const cryptlexLife: Life<Call> = {
  api: 'cryptlex',
  calls,
  begin: (sandbox) => new CryptlexModel(sandbox),
}
