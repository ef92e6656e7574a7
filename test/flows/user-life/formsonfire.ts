import * as fc from 'fast-check'
import { expect } from 'vitest'
import { exampleOf, xmlOf } from '../../apis/contract-documents.ts'
import type { Answer } from '../../helpers/caller.ts'
import { FORMSONFIRE } from '../../helpers/sandbox.ts'
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
  word,
  type Expected,
  type Life,
  type LifeSandbox,
  type Model,
} from './life.ts'

type Format = 'json' | 'xml'

/** The companies of the fixtures with their keys. */
const KEYS: Readonly<Record<number, string>> = {
  1815: '0123456789abcdef0123456789abcdef',
  1843: 'fedcba9876543210fedcba9876543210',
}
const FOLDER = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
const GROUP = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
const NOBODY = '11111111-2222-4333-8444-555555555555'

const company = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1815) },
  { weight: 1, arbitrary: fc.constant(1843) },
)
const format = fc.constantFrom('json' as const, 'xml' as const)
const optional = {
  ColorCode: maybe(fc.constantFrom('#663399')),
  Country: maybe(text),
  ExternalId: maybe(word),
  Folders: maybe(fc.constantFrom([], [FOLDER], [FOLDER, NOBODY])),
  Groups: maybe(fc.constantFrom([], [GROUP])),
  WebsiteRole: maybe(fc.constantFrom('User', 'Admin')),
}
const changes = fc.record({
  ...optional,
  Email: maybe(email),
  FirstName: maybe(text),
  LastName: maybe(text),
})
const fields = fc.record({ ...optional, Email: email, FirstName: text, LastName: text })

type Changes = Partial<typeof changes extends fc.Arbitrary<infer T> ? T : never>
type Fields = typeof fields extends fc.Arbitrary<infer T> ? T : never
interface Common {
  readonly company: number
  readonly format: Format
}
interface Search {
  readonly Name: string | undefined
  readonly Email: string | undefined
  readonly ExternalId: string | undefined
  readonly Status: string | undefined
  readonly PageNo: number | undefined
  readonly PageSize: number | undefined
}
type Call =
  | (Common & { readonly do: 'create'; readonly fields: Fields; readonly dry: boolean })
  | (Common & {
      readonly do: 'update'
      readonly which: number
      readonly changes: Changes
      readonly dry: boolean
    })
  | (Common & { readonly do: 'delete'; readonly which: number; readonly dry: boolean })
  | (Common & {
      readonly do: 'get'
      readonly by: 'Id' | 'Email' | 'ExternalId'
      readonly which: number
      readonly name: string
    })
  | (Common & { readonly do: 'search'; readonly search: Search })
  | { readonly do: 'turn'; readonly by: number }

const common = { company, format }
const calls: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('create' as const), ...common, fields, dry }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('update' as const), ...common, which, changes, dry }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('delete' as const), ...common, which, dry }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('get' as const),
      ...common,
      by: fc.constantFrom('Id' as const, 'Email' as const, 'ExternalId' as const),
      which,
      name: word,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('search' as const),
      ...common,
      search: fc.record({
        Name: maybe(fc.constantFrom('byron', 'a', 'Cruz B', 'łoś', '&')),
        Email: maybe(fc.constantFrom('@', 'A', 'ea@EX', 'nobody')),
        ExternalId: maybe(word),
        Status: maybe(fc.constantFrom('Invited', 'invited', 'Active')),
        PageNo: maybe(fc.nat({ max: 2 })),
        PageSize: maybe(fc.integer({ min: 1, max: 4 })),
      }),
    }),
  },
  { weight: 1, arbitrary: turn },
)

interface User extends Changes {
  readonly id: string
  readonly company: number
  readonly createdAt: string
  readonly Email: string
  readonly FirstName: string
  readonly LastName: string
}

class FormsOnFireModel implements Model<Call> {
  readonly #sandbox: LifeSandbox
  #users: readonly User[] = []

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
      case 'get':
        return this.#get(call)
      case 'search':
        return this.#search(call)
    }
  }

  async compareAll(): Promise<void> {
    for (const number of Object.keys(KEYS).map(Number)) {
      for (const one of ['json', 'xml'] as const) {
        const all = { Email: '@' } as Search // the others are optional
        await this.#search({ do: 'search', company: number, format: one, search: all })
      }
    }
  }

  get expected(): readonly Expected[] {
    return this.#users.map(({ id, company: companyId, createdAt, ...given }) => ({
      id,
      email: given.Email,
      user: {
        companyId,
        email: given.Email,
        status: 'Invited',
        createdAt,
        folders: given.Folders ?? [],
        groups: given.Groups ?? [],
        ...(given.ExternalId ? { externalKey: `${companyId}:${given.ExternalId}` } : {}),
        given,
      },
    }))
  }

  async #create(call: Call & { do: 'create' }): Promise<void> {
    const { Email, FirstName, LastName } = call.fields
    const given = { ...present(call.fields), Email, FirstName, LastName }
    const answer = await this.#write('POST', call, given)
    if (this.#isRefused(answer, call, given)) return
    const id = this.#created(answer, call.format)
    expect(this.#users.map((user) => user.id)).not.toContain(id)
    if (call.dry) return
    const createdAt = new Date(this.#sandbox.now).toISOString()
    this.#users = [...this.#users, { ...given, id, company: call.company, createdAt }]
  }

  /** Assumed: fields that are not sent stay, and so does the status. */
  async #update(call: Call & { do: 'update' }): Promise<void> {
    const user = this.#users[call.which % (this.#users.length + 1)]
    const given = present(call.changes)
    const answer = await this.#write('PUT', call, { ...given, Id: user?.id ?? NOBODY })
    if (user?.company !== call.company) return unknown(answer, call.format)
    if (this.#isRefused(answer, call, given, user)) return
    expect(this.#created(answer, call.format)).toBe(user.id)
    if (call.dry) return
    const { Email = user.Email, FirstName = user.FirstName, LastName = user.LastName } = given
    const changed = { ...user, ...given, Email, FirstName, LastName }
    this.#users = this.#users.map((one) => (one === user ? changed : one))
  }

  async #delete(call: Call & { do: 'delete' }): Promise<void> {
    const user = this.#users[call.which % (this.#users.length + 1)]
    const answer = await this.#write('DELETE', call, { Id: user?.id ?? NOBODY })
    if (user?.company !== call.company) return unknown(answer, call.format)
    expectStatus(answer, 200)
    expectBody(answer, call.format, 'UserResponse', {})
    if (!call.dry) this.#users = this.#users.filter((one) => one !== user)
  }

  /** Assumed: e-mail addresses and external ids are found in any case. */
  async #get(call: Call & { do: 'get' }): Promise<void> {
    const named = this.#users[call.which % (this.#users.length + 1)]?.id ?? NOBODY
    const { by, name } = call
    const value = by === 'Id' ? named : by === 'Email' ? `${name}@example.test` : name
    const answer = await this.#read(FORMSONFIRE, call, { [by]: value })
    const user = this.#users.find(
      (one) =>
        one.company === call.company &&
        (by === 'Id' ? one.id === value : same(one[by] ?? '', value)),
    )
    if (!user) return unknown(answer, call.format)
    expectStatus(answer, 200)
    expectBody(answer, call.format, 'UserResponse', { User: shown(user, call.format) })
  }

  /** Public: all parameters must match, at least one names a user. Assumed: the oldest first. */
  async #search(call: Call & { do: 'search' }): Promise<void> {
    const { Name, Email, ExternalId, Status, PageNo = 0, PageSize = 250 } = call.search
    const answer = await this.#read(`${FORMSONFIRE}/search`, call, present(call.search))
    if (Name === undefined && Email === undefined && ExternalId === undefined) {
      expectEqual([answer.status, answer.reason], [400, 'search.empty'])
      const refusal = exampleOf('formsonfire', 'NothingToSearch')
      return expectBody(answer, call.format, 'UserSearchResponse', refusal)
    }
    const contains = (whole: string, part = '') => whole.toLowerCase().includes(part.toLowerCase())
    const found = this.#users.filter(
      (user) =>
        user.company === call.company &&
        contains(`${user.FirstName} ${user.LastName}`, Name) &&
        contains(user.Email, Email) &&
        (ExternalId === undefined || same(user.ExternalId ?? '', ExternalId)) &&
        (Status === undefined || same(Status, 'Invited')),
    )
    const page = found.slice(PageNo * PageSize, (PageNo + 1) * PageSize)
    expectStatus(answer, 200)
    const Users = page.map((user) => shown(user, call.format))
    expectBody(answer, call.format, 'UserSearchResponse', { Users })
  }

  /** Assumed: addresses are unique, external ids are unique in a company. */
  #isRefused(answer: Answer, call: Common, given: Changes, self?: User): boolean {
    const others = this.#users.filter((user) => user !== self)
    const taken = (['Email', 'ExternalId'] as const).filter((field) =>
      others.some(
        (user) =>
          given[field] !== undefined &&
          same(user[field] ?? '', given[field]) &&
          (field === 'Email' || user.company === call.company),
      ),
    )
    if (taken.length === 0) return false
    expectEqual([answer.status, answer.reason], [400, 'user.duplicate'])
    const ErrorCode = 'ArgumentException'
    const Errors = taken.map((FieldName) => {
      return { ErrorCode, FieldName, Message: `A user with this ${FieldName} already exists.` }
    })
    const ResponseStatus = { ErrorCode, Message: Errors[0]!.Message, Errors }
    expectBody(answer, call.format, 'UserResponse', { ResponseStatus })
    return true
  }

  /** @returns the id in the answer to a create or an update, with dashes */
  #created(answer: Answer, one: Format): string {
    expectStatus(answer, 200)
    const id = /"Id":"(\w{32})"|<Id>([\w-]{36})<\/Id>/.exec(answer.text)
    const Id = id?.[1] ?? id?.[2] ?? ''
    expectBody(answer, one, 'UserResponse', { User: { Id, Status: 'Invited' } })
    return Id.replace(/^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/, '$1-$2-$3-$4-$5')
  }

  #write(method: string, call: Common & { dry: boolean }, user: object): Promise<Answer> {
    const body = { ...user, CompanyId: call.company, IntegrationKey: KEYS[call.company] }
    const inOrder = Object.fromEntries(
      Object.entries(body).toSorted(([a], [b]) => (a < b ? -1 : 1)), // as the vendor's XML needs it
    )
    const sent =
      call.format === 'json'
        ? { body }
        : { body: xmlOf(inOrder), headers: { 'Content-Type': 'application/xml' } }
    return this.#sandbox.send({ method, path: FORMSONFIRE, ...sent }, call.dry)
  }

  #read(path: string, call: Common, query: object): Promise<Answer> {
    const all = { ...query, CompanyId: call.company, IntegrationKey: KEYS[call.company] }
    const values = Object.entries(all).map(([name, value]): [string, string] => [
      name,
      String(value),
    ])
    const parameters = new URLSearchParams([...values, ['format', call.format]]).toString()
    return this.#sandbox.send({ method: 'GET', path: `${path}?${parameters}` })
  }
}

function unknown(answer: Answer, one: Format): void {
  expectEqual([answer.status, answer.reason], [400, 'user.unknown'])
  expectBody(answer, one, 'UserResponse', exampleOf('formsonfire', 'UserUnknown'))
}

/** A user as it is returned: in alphabetical order, without what is absent. */
function shown({ id, company: _, createdAt: __, ...given }: User, one: Format): object {
  const Id = one === 'json' ? id.replaceAll('-', '') : id
  const all = { Folders: [], Groups: [], ...given, Id, Status: 'Invited' }
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Names of the elements in each list of an answer. */
const ITEMS: Readonly<Record<string, string>> = {
  Users: 'User',
  Errors: 'ResponseError',
  Folders: 'Id',
  Groups: 'Id',
}

function expectBody(answer: Answer, one: Format, root: string, body: object): void {
  if (one === 'json') return expectEqual(answer.json(), body)
  const start = `<?xml version="1.0" encoding="utf-8"?>`
  const attributes = ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
  expect(answer.text).toBe(start + element(root, body, attributes))
}

function element(name: string, value: unknown, attributes = ''): string {
  const inner = Array.isArray(value)
    ? value.map((item) => element(ITEMS[name]!, item)).join('')
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
          .map(([key, member]) => element(key, member))
          .join('')
      : String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return inner === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`
}

export const formsonfireLife: Life<Call> = {
  api: 'formsonfire',
  calls,
  begin: (sandbox) => new FormsOnFireModel(sandbox),
}
