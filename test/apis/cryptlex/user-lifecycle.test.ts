import { describe, expect, test } from 'vitest'
import { createCaller, named, type Answer, type Caller } from '../../helpers/caller.ts'
import {
  createFolder,
  createPlainSandbox,
  createSandbox,
  CRYPTLEX,
  type Settings,
} from '../../helpers/sandbox.ts'
import { spentOn } from '../../helpers/time.ts'
import { deliveries, inbox, settled } from '../../helpers/webhooks.ts'
import { exampleOf } from '../contract-documents.ts'

interface User {
  readonly id: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly email: string
  readonly name: string
  readonly lastName: string | null
}

const strict: Settings = { profile: { all: 'strict' } }
const AUTH = { Authorization: 'Bearer standin-token' }
const pathOf = ({ id }: { readonly id: string }) => `${CRYPTLEX}/${id}`

const start = async (settings: Settings = {}) => createCaller(await createSandbox(settings))
const list = (caller: Caller, query = '', path = CRYPTLEX) =>
  caller.get(`${path}${query === '' ? '' : `?${query}`}`, AUTH)
const change = (caller: Caller, user: { readonly id: string }, body: unknown) =>
  caller.send({ method: 'PATCH', path: pathOf(user), body, headers: AUTH })
const remove = (caller: Caller, user: { readonly id: string }) =>
  caller.send({ method: 'DELETE', path: pathOf(user), headers: AUTH })

async function create(caller: Caller, name = 'ada', fields: object = {}): Promise<User> {
  const answer = await caller.create('cryptlex', { ...named('cryptlex', name), ...fields })
  expect(answer.status, answer.text).toBe(201)
  return answer.json<User>()
}

const emails = (answer: Answer) => {
  expect(answer.status, answer.text).toBe(200)
  return answer.json<User[]>().map(({ email }) => email.split('@')[0])
}

describe('the list of users', () => {
  test('is a bare array of the users as they were created, the oldest first', async () => {
    const caller = await start({ clock: Date.UTC(2026, 0, 15) })
    const made: User[] = []
    for (let i = 0; i < 5; i++) made.push(await create(caller, `user-${i}`))
    const answer = await list(caller)
    // The clock is held: the users differ by fractions of a millisecond.
    expect(answer.json()).toEqual(made.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1)))
    expect(answer.head).not.toMatch(/^(link|x-total|x-page|content-range)/im)
  })

  test('is ascending after the clock was turned back', async () => {
    const caller = await start({ clock: Date.UTC(2026, 0, 15) })
    await create(caller, 'later')
    await caller.put('/_standin/clock', { now: '2026-01-14T00:00:00Z', held: true })
    await create(caller, 'earlier')
    expect(emails(await list(caller))).toEqual(['earlier', 'later'])
    expect(emails(await list(caller, 'sort=-createdAt'))).toEqual(['later', 'earlier'])
  })

  test('has only the users of the reseller', async () => {
    const caller = await start()
    const user = await create(caller)
    expect(emails(await list(caller, '', '/v3/resellers/reseller-002/users'))).toEqual([])
    expect(emails(await list(caller, `id=${user.id}`, '/v3/resellers/reseller-002/users'))).toEqual(
      [],
    )
  })

  test('has twenty users a page, or up to a hundred; an empty page is the end', async () => {
    const caller = await start()
    await caller.post('/_standin/seed', { users: 45, apis: ['cryptlex'] })
    const pages = async (query: string) => {
      const ids: string[] = []
      const sizes: number[] = []
      for (let page = 1; sizes.at(-1) !== 0; page++) {
        const users = (await list(caller, `page=${page}${query}`)).json<User[]>()
        sizes.push(users.length)
        ids.push(...users.map(({ id }) => id))
      }
      expect(new Set(ids).size).toBe(45)
      return sizes
    }
    expect(await pages('')).toEqual([20, 20, 5, 0])
    expect(await pages('&limit=100')).toEqual([45, 0])
    expect(await pages('&limit=7&sort=-name')).toEqual([7, 7, 7, 7, 7, 7, 3, 0])
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'page=0', 'page=1.5']) {
      const answer = await list(caller, query)
      expect([answer.status, answer.reason]).toEqual([400, 'query.invalid'])
    }
  })

  test.each([
    ['email=ada%40example.test', ['ada']],
    ['email=ADA%40EXAMPLE.TEST', ['ada']],
    ['email[eq]=ada%40example.test', ['ada']],
    ['email[ne]=ada%40example.test', ['grace', '123']],
    ['email[sw]=gr', ['grace']],
    ['email[ew]=example.test', ['ada', 'grace', '123']],
    ['email[cn]=ac', ['grace']],
    ['email[nc]=ac', ['ada', '123']],
    ['email[in]=ada%40example.test,123%40example.test', ['ada', '123']],
    ['email[nin]=ada%40example.test,123%40example.test', ['grace']],
    ['email%5Bcn%5D=ac', ['grace']],
    ['name=123', ['123']],
    ['name=true', []],
    ['role=support', ['grace']],
    ['organizationId=organization-001', ['ada', '123']],
    ['organizationId[ne]=organization-001', ['grace']],
    ['search=ac', ['grace']],
    ['search=hopper', ['grace']],
    ['search=', ['ada', 'grace', '123']],
    ['createdAt[gte]=2026-01-15T09:31:00Z', ['grace', '123']],
    ['createdAt[lt]=2026-01-15T09:31', ['ada']],
    ['createdAt[gt]=2026-01-15T10:31:00%2B01:00&createdAt[lt]=2026-01-15T09:31:01Z', ['grace']],
    ['updatedAt[lte]=2026-01-15', []],
    ['lastSeenAt[gt]=2020-01-01', []],
    ['lastSeenAt[ne]=2020-01-01', ['ada', 'grace', '123']],
    ['email[ew]=test&role=support', ['grace']],
    ['sort=email', ['123', 'ada', 'grace']],
    ['sort=-email', ['grace', 'ada', '123']],
    ['sort=-email&limit=1&page=2', ['ada']],
    ['unknown=1', ['ada', 'grace', '123']],
  ])('is filtered and sorted by %s', async (query, expected) => {
    const caller = await start({ clock: Date.UTC(2026, 0, 15, 9, 30) })
    await create(caller, 'ada')
    await caller.post('/_standin/clock/advance', { by: '1m' })
    const grace = { role: 'support', organizationId: null, company: 'Hopper' }
    await create(caller, 'grace', grace)
    await caller.post('/_standin/clock/advance', { by: '1m' })
    await create(caller, '123', { firstName: '123', lastName: '' })
    expect(emails(await list(caller, query))).toEqual(expected)
  })

  test('finds a user by its id, and by the exact time of its creation', async () => {
    const caller = await start()
    const [ada] = [await create(caller, 'ada'), await create(caller, 'grace')]
    for (const query of [
      `id=${ada.id}`,
      `id[eq]=${ada.id.toUpperCase()}`,
      `createdAt=${ada.createdAt}`,
    ]) {
      expect((await list(caller, query)).json()).toEqual([ada])
    }
    expect(emails(await list(caller, `id[ne]=${ada.id}`))).toEqual(['grace'])
    expect(emails(await list(caller, 'id=nobody'))).toEqual([])
  })

  test.each([
    ['email[xx]=a', /^The filter email accepts the operators eq, ne, sw/],
    ['email[]=a', /^The filter email accepts the operators/],
    ['email[gt]=a', /^The filter email accepts the operators/],
    ['email[constructor]=a', /^The filter email accepts the operators/],
    ['createdAt[cn]=2026', /^The filter createdAt accepts the operators eq, ne, gt/],
    ['createdAt=yesterday', /^The filter createdAt needs a time/],
  ])('is refused for %s', async (query, message) => {
    const answer = await list(await start(), query)
    expect([answer.status, answer.reason]).toEqual([400, 'filter.invalid'])
    expect(answer.json()).toEqual({
      message: expect.stringMatching(message) as string,
      code: 'INVALID_REQUEST',
    })
  })

  test.each([
    ['sort=colour', 'sort.unknown', 400],
    ['productId=1', 'filter.ignored', 200],
  ])('has a warning for %s', async (query, code, status) => {
    const answer = await list(await start(), query)
    expect([answer.status, answer.header('Standin-Warning')]).toEqual([
      200,
      expect.stringContaining(code),
    ])
    expect((await list(await start(strict), query)).status).toBe(status)
  })

  test('of an unknown reseller is empty, and refused under strict', async () => {
    const path = '/v3/resellers/unknown/users'
    const answer = await list(await start(), '', path)
    expect([answer.text, answer.header('Standin-Warning')]).toEqual([
      '[]',
      expect.stringContaining('reseller.unknown'),
    ])
    const refused = await list(await start(strict), '', path)
    expect([refused.status, refused.json()]).toEqual([
      404,
      exampleOf('cryptlex', 'ResellerNotFound'),
    ])
  })

  test('of twenty thousand users answers without a noticeable delay', async () => {
    for (const clock of [undefined, Date.UTC(2026, 0, 15)]) {
      const server = await createPlainSandbox(clock === undefined ? {} : { clock })
      const caller = createCaller(server)
      await caller.post('/_standin/seed', { users: 20_000, apis: ['cryptlex'] })
      const times: number[] = []
      for (const query of ['', 'page=3&limit=100', 'sort=-createdAt', 'email=nobody@x']) {
        await list(caller, query)
        times.push(await spentOn(() => list(caller, query)))
      }
      expect(Math.min(...times)).toBeLessThan(100)
    }
  })
})

describe('an update', () => {
  test('changes the fields that are sent and keeps the others', async () => {
    const caller = await start({ clock: Date.UTC(2026, 0, 15) })
    const user = await create(caller)
    const answer = await change(caller, user, { role: 'support', lastName: 'Byron' })
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({
      ...user,
      name: 'Ada Byron',
      lastName: 'Byron',
      role: 'support',
      updatedAt: expect.stringMatching(/^2026-01-15T00:00:00\.000\d{4}Z$/) as string,
    })
    // The clock is held, and yet each change is later.
    const [first, second] = [answer.json<User>(), (await change(caller, user, {})).json<User>()]
    expect(user.createdAt < first.updatedAt && first.updatedAt < second.updatedAt).toBe(true)
    expect((await list(caller, `id=${user.id}`)).json()).toEqual([second])
  })

  test('empties optional fields, and moves the user to another organization', async () => {
    const caller = await start()
    const user = await create(caller)
    const emptied = { lastName: null, company: '', organizationId: '' }
    expect((await change(caller, user, emptied)).json()).toMatchObject({
      name: 'Ada',
      lastName: null,
      company: '',
      organizationId: null,
      organization: null,
    })
    const moved = (await change(caller, user, { organizationId: 'other' })).json()
    expect(moved).toMatchObject({ organizationId: 'other', organization: { id: 'other' } })
  })

  test('frees the old address and takes the new one', async () => {
    const caller = await start()
    const user = await create(caller, 'old')
    expect((await change(caller, user, { email: 'New@example.test' })).status).toBe(200)
    await create(caller, 'old')
    const taken = await caller.create('cryptlex', named('cryptlex', 'new'))
    expect(taken.reason).toBe('user.duplicate')
    // In other letters it is still the user's own address.
    expect((await change(caller, user, { email: 'NEW@example.test' })).status).toBe(200)
  })

  test('refuses a taken address with 400, as the vendor names no 409', async () => {
    const caller = await start()
    const [ada] = [await create(caller, 'ada'), await create(caller, 'grace')]
    const answer = await change(caller, ada, { email: 'GRACE@example.test' })
    expect([answer.status, answer.reason, answer.json()]).toEqual([
      400,
      'user.duplicate',
      exampleOf('cryptlex', 'EmailTaken'),
    ])
    expect((await list(caller, `id=${ada.id}`)).json()).toEqual([ada])
  })

  test.each([
    [{ firstName: '' }, /^The firstName field/],
    [{ firstName: null }, /^The firstName field/],
    [{ firstName: 'x'.repeat(257) }, /^The firstName field/],
    [{ lastName: 'x'.repeat(257) }, /^The lastName field/],
    [{ email: 'ada' }, /^The email field/],
    [{ email: '' }, /^The email field/],
    [{ role: '' }, /^The role field/],
    [{ company: 1 }, /^The company field/],
    [{ organizationId: 'x'.repeat(257) }, /^The organizationId field/],
    [{ allowCustomerPortalAccess: 'true' }, /^The allowCustomerPortalAccess field/],
    [[], /must be a JSON object/],
  ])('refuses %j', async (body, message) => {
    const caller = await start()
    const answer = await change(caller, await create(caller), body)
    expect([answer.status, answer.json<{ message: string }>().message]).toEqual([
      400,
      expect.stringMatching(message),
    ])
  })

  test('ignores a password, with a warning that does not repeat it', async () => {
    const caller = await start()
    const answer = await change(caller, await create(caller), { password: 'Correct-Horse-77' })
    expect([answer.status, answer.header('Standin-Warning')]).toEqual([
      200,
      expect.stringContaining('unknown-field.password'),
    ])
    expect(answer.head + answer.text).not.toContain('Correct-Horse-77')
  })

  test.each([
    [{ role: 'string' }, 400, 'role.unknown'],
    [{ role: 'admin' }, 403, 'role.forbidden'],
    [{ role: 'organization-admin', organizationId: null }, 400, 'role.needs-organization'],
    [{ organizationId: 'unknown' }, 404, 'organization.unknown'],
    [{ organizationId: 'organization-002' }, 400, 'users.limit-reached'],
    [{ email: `${'x'.repeat(250)}@ab.com` }, 400, 'body.invalid'],
  ])('%j is refused with %d only under strict', async (body, status, reason) => {
    for (const settings of [{}, strict]) {
      const caller = await start(settings)
      const user = await create(caller)
      await create(caller, 'other', { organizationId: 'organization-002' })
      const answer = await change(caller, user, body)
      if (settings === strict) expect([answer.status, answer.reason]).toEqual([status, reason])
      else {
        expect(answer.status).toBe(200)
        expect(answer.header('Standin-Warning')).toBeDefined()
      }
    }
  })
})

describe('a removal', () => {
  test('is answered with 204 and is permanent', async () => {
    const caller = await start()
    const user = await create(caller)
    const answer = await remove(caller, user)
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect((await list(caller)).json()).toEqual([])
    expect((await remove(caller, user)).status).toBe(404)
    await create(caller)
  })

  test('frees a place where the number of users is limited', async () => {
    const caller = await start(strict)
    const limited = { organizationId: 'organization-002' }
    const user = await create(caller, 'ada', limited)
    const next = { ...named('cryptlex', 'grace'), ...limited }
    expect((await caller.create('cryptlex', next)).reason).toBe('users.limit-reached')
    await remove(caller, user)
    expect((await caller.create('cryptlex', next)).status).toBe(201)
  })
})

describe('a call on one user', () => {
  test.each(['PATCH', 'DELETE'])('%s is answered with 404 for an unknown user', async (method) => {
    const caller = await start()
    const user = await create(caller)
    const others = [pathOf({ id: 'unknown' }), `/v3/resellers/reseller-002/users/${user.id}`]
    for (const path of others) {
      const body = method === 'PATCH' ? { body: {} } : {}
      const answer = await caller.send({ method, path, headers: AUTH, ...body })
      expect([answer.status, answer.reason, answer.json()]).toEqual([
        404,
        'user.unknown',
        exampleOf('cryptlex', 'UserNotFound'),
      ])
    }
  })

  test('GET is not published: 405, and a hint names the list', async () => {
    const caller = await start()
    const user = await create(caller)
    const answer = await caller.get(pathOf(user), AUTH)
    expect([answer.status, answer.reason]).toEqual([405, 'method.not-allowed'])
    expect(answer.header('Allow')?.split(', ').toSorted()).toEqual(['DELETE', 'PATCH'])
    const id = answer.header('Standin-Request-Id')!
    const { hints } = (await caller.get(`/_standin/requests/${id}/explain`)).json<{
      hints: { code: string; text: string }[]
    }>()
    expect(hints.map(({ code }) => code)).toEqual(['user.no-get'])
    expect(hints[0]!.text).toContain('no page of the vendor was found')
    const [, path = ''] = /GET (\S+):/.exec(hints[0]!.text) ?? []
    expect((await caller.get(path, AUTH)).json()).toEqual([user])
  })

  test.each([
    ['GET', CRYPTLEX, 'reseller:user:read'],
    ['PATCH', `${CRYPTLEX}/any`, 'reseller:user:update'],
    ['DELETE', `${CRYPTLEX}/any`, 'reseller:user:delete'],
  ])('%s %s needs %s', async (method, path, scope) => {
    const scopes = ['create', 'read', 'update', 'delete'].map((name) => `reseller:user:${name}`)
    const tokens = scopes.map((one) => ({ token: `may-${one.split(':')[2]!}`, scopes: [one] }))
    const caller = await start({ fixtures: JSON.stringify({ cryptlex: { tokens } }) })
    for (const [i, { token }] of tokens.entries()) {
      const headers = { Authorization: `Bearer ${token}`, 'Standin-Explain': '1' }
      const body = method === 'PATCH' ? { body: {} } : {}
      const answer = await caller.send({ method, path, headers, ...body })
      if (scopes[i] === scope) expect(answer.reason).not.toBe('scope.missing')
      else {
        expect([answer.status, answer.reason]).toEqual([403, 'scope.missing'])
        expect(answer.header('Standin-Hint')).toContain(`standin token --scope ${scope}`)
      }
    }
  })
})

describe('webhooks', () => {
  test('report the user as it is after an update, and as it was before a removal', async () => {
    const caller = await start()
    const user = await create(caller)
    const updated = (await change(caller, user, { firstName: 'Augusta' })).json()
    await remove(caller, user)
    await settled(caller)
    const { received } = await inbox(caller)
    const bodies = received.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
    expect(bodies.map(({ event, data }) => [event, data])).toEqual([
      ['reseller.user.created', user],
      ['reseller.user.updated', updated],
      ['reseller.user.deleted', updated],
    ])
    for (const { triggeredAt } of bodies) {
      expect(triggeredAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/)
    }
  })

  test('are not sent for a refused change', async () => {
    const caller = await start()
    const user = await create(caller)
    await create(caller, 'grace')
    await change(caller, user, { email: 'grace@example.test' })
    await remove(caller, { id: 'unknown' })
    await settled(caller)
    expect((await deliveries(caller)).map(({ event }) => event)).toEqual([
      'reseller.user.created',
      'reseller.user.created',
    ])
  })

  test('that wait for the removal follow it', async () => {
    const caller = await start()
    await caller.post('/_standin/faults', { fault: 'webhook=after-delete', times: 1 })
    const user = await create(caller)
    await remove(caller, user)
    await settled(caller)
    const { received } = await inbox(caller)
    expect(received.map(({ body }) => (JSON.parse(body) as { event: string }).event)).toEqual([
      'reseller.user.deleted',
      'reseller.user.created',
    ])
  })
})

describe('the admin API', () => {
  test('changes and removes a user as the vendor does', async () => {
    const caller = await start()
    const user = await create(caller)
    const path = `/_standin/users/cryptlex/${user.id}`
    const body = { lastName: null, company: 'Engines' }
    const changed = await caller.send({ method: 'PATCH', path, body })
    expect(changed.json<{ user: object }>().user).toMatchObject({
      name: 'Ada',
      lastName: null,
      company: 'Engines',
    })
    const [now] = (await list(caller)).json<User[]>()
    expect((await caller.delete(path)).status).toBe(200)
    await settled(caller)
    const { received } = await inbox(caller)
    const events = received.map(({ body: text }) => JSON.parse(text) as Record<string, unknown>)
    expect(events.slice(1)).toMatchObject([
      { event: 'reseller.user.updated', data: now },
      { event: 'reseller.user.deleted', data: now },
    ])
  })

  test('answers a taken address with 409, and an unknown field with 400', async () => {
    const caller = await start()
    const [ada] = [await create(caller, 'ada'), await create(caller, 'grace')]
    const path = `/_standin/users/cryptlex/${ada.id}`
    const send = (body: object) => caller.send({ method: 'PATCH', path, body })
    const taken = await send({ email: 'grace@example.test' })
    expect([taken.status, taken.reason]).toEqual([409, 'user.duplicate'])
    const unknown = await send({ colour: 'red' })
    expect([unknown.status, unknown.reason]).toEqual([400, 'body.invalid'])
  })

  test.each([
    ['PATCH', 'was updated'],
    ['DELETE', 'was deleted'],
  ])('explains that the user %s', async (method, text) => {
    const caller = await start()
    const user = await create(caller)
    const answer = method === 'PATCH' ? await change(caller, user, {}) : await remove(caller, user)
    const id = answer.header('Standin-Request-Id')!
    const explained = await caller.get(`/_standin/requests/${id}/explain`)
    expect(explained.text).toContain(`The user ${user.id} ${text}.`)
  })
})

test.each([
  ['commit-500', 500, true],
  ['500', 500, false],
  ['not-stored', 204, false],
])('the fault %s of a removal is answered with %d; removed: %j', async (fault, status, removed) => {
  const caller = await start()
  const user = await create(caller)
  await caller.post('/_standin/faults', { fault, operation: 'deleteResellerUser', times: 1 })
  expect((await remove(caller, user)).status).toBe(status)
  expect((await list(caller)).json<User[]>()).toHaveLength(removed ? 0 : 1)
})

test('a removed user stays removed, and a changed one changed, after a restart', async () => {
  const data = createFolder()
  const first = await createSandbox({ data })
  const caller = createCaller(first)
  const [ada, grace] = [await create(caller, 'ada'), await create(caller, 'grace')]
  await remove(caller, ada)
  const changed = (await change(caller, grace, { role: 'support' })).json()
  caller.close()
  await first.close()
  expect((await list(await start({ data }))).json()).toEqual([changed])
})

test('users of a state that lacks most fields are listed, updated and removed', async () => {
  // Such answers break the contract, as the state does; they must not fail.
  const caller = createCaller(await createPlainSandbox())
  const rows = ['ada', 'grace', 'mary'].map((name) => ({
    id: name,
    email: `${name}@example.test`,
    resellerId: 'reseller-001',
  }))
  await caller.put('/_standin/state', { cryptlex: { users: rows } })
  for (const query of ['', 'sort=-createdAt', 'search=ada', 'createdAt[gt]=2020-01-01T00:00:00Z']) {
    expect((await list(caller, query)).status, query).toBe(200)
  }
  expect((await change(caller, rows[0]!, { firstName: 'Ada' })).status).toBe(200)
  expect((await remove(caller, rows[1]!)).status).toBe(204)
  const path = '/_standin/users/cryptlex/mary'
  expect((await caller.send({ method: 'PATCH', path, body: { company: 'X' } })).status).toBe(200)
})
