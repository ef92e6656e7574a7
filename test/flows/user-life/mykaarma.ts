import * as fc from 'fast-check'
import { expect } from 'vitest'
import type { Answer } from '../../helpers/caller.ts'
import { MYKAARMA } from '../../helpers/sandbox.ts'
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

const headers = { Authorization: `Basic ${btoa('partner:partner-secret')}` }
/** The departments of each dealer, as in the fixtures. */
const DEALERS: Readonly<Record<string, readonly string[]>> = {
  'dealer-uuid-001': ['department-uuid-001', 'department-uuid-002'],
  'dealer-uuid-002': ['department-uuid-003'],
  'dealer-unknown': [],
}
const nullable = (arbitrary: fc.Arbitrary<string>) => maybe(fc.option(arbitrary, { freq: 6 }))

const changes = fc.record({
  firstName: nullable(text),
  lastName: nullable(text),
  emailAddress: nullable(email),
  username: nullable(word),
  phone: nullable(fc.constantFrom('+12025550147', '+12025550148')),
  textNumber: nullable(fc.constantFrom('+12025550147')),
  imageUrl: nullable(fc.constantFrom('https://images.example.test/1.png')),
  bio: nullable(text),
})
const fields = fc
  .tuple(
    changes,
    fc.record({
      dealerUUID: maybe(fc.constantFrom(...Object.keys(DEALERS))),
      departmentUUID: maybe(fc.constantFrom(...Object.values(DEALERS).flat())),
      nickName: nullable(word),
      userInvite: maybe(fc.boolean()),
    }),
  )
  .map(([one, other]) => ({ ...one, ...other }))

type Changes = Partial<typeof changes extends fc.Arbitrary<infer T> ? T : never>
type Fields = typeof fields extends fc.Arbitrary<infer T> ? T : never
type Call =
  | { readonly do: 'create'; readonly fields: Fields; readonly dry: boolean }
  | {
      readonly do: 'update'
      readonly which: number
      readonly changes: Changes
      readonly dry: boolean
    }
  | { readonly do: 'list'; readonly dealer: string }
  | { readonly do: 'turn'; readonly by: number }

const calls: fc.Arbitrary<Call> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('create' as const), fields, dry }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('update' as const), which, changes, dry }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      dealer: fc.constantFrom(...Object.keys(DEALERS)),
    }),
  },
  { weight: 1, arbitrary: turn },
)

interface User extends Partial<Fields> {
  readonly id: string
  readonly createdAt: string
}

class MykaarmaModel implements Model<Call> {
  readonly #sandbox: LifeSandbox
  #users: readonly User[] = []

  constructor(sandbox: LifeSandbox) {
    this.#sandbox = sandbox
  }

  async apply(call: Call): Promise<void> {
    if (call.do === 'turn') return this.#sandbox.turnClock(call.by)
    if (call.do === 'create') return this.#create(call.fields, call.dry)
    if (call.do === 'update') return this.#update(call)
    return this.#list(call.dealer)
  }

  async compareAll(): Promise<void> {
    for (const dealer of Object.keys(DEALERS)) await this.#list(dealer)
  }

  get expected(): readonly Expected[] {
    return this.#users.map(({ id, ...user }) => ({
      id,
      email: user.emailAddress ?? undefined,
      user: { ...user, latestInviteStatus: user.userInvite ? 'PENDING' : 'INACTIVE' },
    }))
  }

  async #create(given: Fields, isDry: boolean): Promise<void> {
    const body = present(given)
    const sent = { method: 'POST', path: MYKAARMA, headers, body: { ...body, password: 'secret' } }
    const answer = await this.#sandbox.send(sent, isDry)
    if (this.#isRefused(answer, given)) return
    const id = good(answer)
    expect(this.#users.map((user) => user.id)).not.toContain(id)
    if (isDry) return
    const createdAt = new Date(this.#sandbox.now).toISOString()
    this.#users = [...this.#users, { ...body, id, createdAt }]
  }

  /** Public: fields that are not sent stay. Assumed: so do those that are null. */
  async #update({ which: n, changes: given, dry: isDry }: Call & { do: 'update' }): Promise<void> {
    const user = this.#users[n % (this.#users.length + 1)]
    const path = `${MYKAARMA}/${user?.id ?? 'nobody'}`
    const sent = { method: 'PUT', path, headers, body: present(given) }
    const answer = await this.#sandbox.send(sent, isDry)
    if (!user) {
      expectEqual([answer.status, messagesIn(answer)], [400, ['user_uuid does not name a user.']])
      return
    }
    if (this.#isRefused(answer, given, user)) return
    expect(good(answer)).toBe(user.id)
    if (isDry) return
    const kept = Object.entries(given).filter(([, value]) => value !== undefined && value !== null)
    const changed = { ...user, ...Object.fromEntries(kept) }
    this.#users = this.#users.map((one) => (one === user ? changed : one))
  }

  /** Assumed: the users of a dealer's departments belong to it, where they name no dealer. */
  async #list(dealer: string): Promise<void> {
    const path = `/manage/v2/user/dealer/${dealer}`
    const answer = await this.#sandbox.send({ method: 'GET', path, headers })
    const ofDealer = this.#users.filter(({ dealerUUID, departmentUUID }) =>
      dealerUUID
        ? dealerUUID === dealer
        : DEALERS[dealer]!.includes(departmentUUID ?? 'no department'),
    )
    expectStatus(answer, 200)
    expectEqual(
      { ...answer.json<object>(), apiRequestId: '' },
      {
        errors: [],
        warnings: [],
        apiRequestId: '',
        users: ofDealer.map(listed),
      },
    )
  }

  /** Checks the refusal if another user has the user name or the address; documented: no 409. */
  #isRefused(answer: Answer, given: Changes, self?: User): boolean {
    const taken = (['username', 'emailAddress'] as const).filter((field) => {
      const value = given[field]
      return this.#users.some((user) => user !== self && value && same(user[field] ?? '', value))
    })
    if (taken.length === 0) return false
    expectEqual(
      [answer.status, answer.reason, messagesIn(answer)],
      [400, 'user.duplicate', taken.map((field) => `A user with this ${field} already exists.`)],
    )
    return true
  }
}

function messagesIn(answer: Answer): readonly string[] {
  const { errors } = answer.json<{ errors: { errorMessage: string }[] }>()
  return errors.map(({ errorMessage }) => errorMessage)
}

/** @returns the id in a success */
function good(answer: Answer): string {
  expectStatus(answer, 200)
  const { apiRequestId, userUuid, ...rest } = answer.json<Record<string, string>>()
  expectEqual(rest, { errors: [], warnings: [] })
  expect([apiRequestId, userUuid].join()).toMatch(/^[\da-f-]{36},[\da-f-]{36}$/)
  return userUuid!
}

/** A user in the spelling of the list, which differs from that of the create. */
function listed(user: User) {
  return {
    firstName: user.firstName ?? null,
    lastName: user.lastName ?? null,
    userName: user.username ?? null,
    email: user.emailAddress ?? null,
    phone: user.phone ?? null,
    textNumber: user.textNumber ?? null,
    nickName: user.nickName ?? null,
    uuid: user.id,
    passwordExpires: null,
    forcePasswordChange: false,
    latestInviteStatus: user.userInvite ? 'PENDING' : 'INACTIVE',
    latestInviteDate: user.userInvite ? user.createdAt : null,
    latestInviteUUID: null,
    isValid: true,
    lastLoginTimestamp: null,
    userRolloutStage: null,
  }
}

export const mykaarmaLife: Life<Call> = {
  api: 'mykaarma',
  calls,
  begin: (sandbox) => new MykaarmaModel(sandbox),
}
