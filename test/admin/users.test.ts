import { expect, test } from 'vitest'
import {
  allUsers,
  APIS,
  createCaller,
  creation,
  idIn,
  named,
  type Api,
  type Caller,
  type UserPage,
} from '../helpers/caller.ts'
import { requestsOf } from '../helpers/requests.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { spentOn } from '../helpers/time.ts'

type State = Record<Api, { users: { id: string }[] }>

async function create(caller: Caller, api: Api, ...names: string[]): Promise<string[]> {
  const ids: string[] = []
  for (const name of names) ids.push(idIn(api, await caller.create(api, named(api, name))))
  return ids
}

const page = async (caller: Caller, query: string) =>
  (await caller.get(`/_standin/users?${query}`)).json<UserPage>()

test.each(['ada+tag@example.test', 'ada%2Btag@example.test', 'ADA+TAG@example.test'])(
  'a plus sign in an address is found wherever an address is given: %s',
  async (written) => {
    const caller = createCaller(await createSandbox())
    for (const api of APIS) await create(caller, api, 'ada+tag', 'adatag')
    const query = `email=${written}`
    const emails = (await page(caller, query)).users.map(({ user }) => JSON.stringify(user))
    expect(emails).toHaveLength(3)
    for (const user of emails) expect(user).toContain('ada+tag@example.test')
    expect((await requestsOf(caller, query)).total).toBe(3)
    expect((await requestsOf(caller, `text=${written}`)).total).toBe(3)
    const awaited = await caller.get(`/_standin/requests/await?${query}&count=3&timeout=1ms`)
    expect(awaited.json()).toMatchObject({ fulfilled: true })
    const ledger = (await caller.get(`/_standin/ledger?${query}`)).json<{ entries: object[] }>()
    expect(ledger.entries).toMatchObject([{ email: 'ada+tag@example.test', users: [{}, {}, {}] }])
    // In the query of a recorded request, and in that of a fault.
    await caller.get(`/v3/nothing?user=${written}`)
    expect((await requestsOf(caller, query)).total).toBe(4)
    const match = { query: { user: { regex: '^ada[+]tag@', ignoreCase: true } } }
    await caller.post('/_standin/faults', { fault: '503', match })
    const { path, ...sent } = creation('cryptlex', named('cryptlex', 'grace'))
    expect((await caller.send({ ...sent, path: `${path}?user=${written}` })).status).toBe(503)
  },
)

test('an unencoded + in the address of a query is read as +, also if no user has the address', async () => {
  const caller = createCaller(await createSandbox())
  const query = 'email=ada+tag@example.test'
  const ledger = (await caller.get(`/_standin/ledger?${query}`)).json<{ entries: object[] }>()
  expect(ledger.entries).toMatchObject([{ email: 'ada+tag@example.test' }])
  await create(caller, 'cryptlex', 'grace')
  const awaited = await caller.get(`/_standin/requests/await?${query}&timeout=1ms`)
  expect(awaited.text).toContain('not ada+tag@example.test')
})

test('users are listed by API in order of creation, on pages of any size', async () => {
  const caller = createCaller(await createSandbox())
  const ids: Record<Api, string[]> = { mykaarma: [], cryptlex: [], formsonfire: [] }
  for (let i = 0; i < 7; i++) {
    for (const api of APIS.toReversed()) ids[api].push(...(await create(caller, api, `user-${i}`)))
  }
  const expected = APIS.flatMap((api) => ids[api])
  for (const limit of [1, 2, 3, 7, 20, 21, 22, 1000]) {
    const users = await allUsers(caller, { limit })
    expect(users.map(({ id }) => id)).toEqual(expected)
  }
  expect((await page(caller, 'limit=5')).total).toBe(21)
  expect((await page(caller, 'limit=21')).next).toBeUndefined()
  for (const api of APIS) {
    const query = `&api=${api}`
    expect((await allUsers(caller, { limit: 2, query })).map(({ id }) => id)).toEqual(ids[api])
    expect((await page(caller, `limit=1${query}`)).total).toBe(7)
  }
})

test('a page has a hundred users by default', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/seed', { users: 101, apis: ['cryptlex'] })
  const { users, total, next } = await page(caller, '')
  expect([users.length, total, next]).toEqual([100, 101, 'cryptlex:100'])
})

test('users created between two pages shift nothing: each is listed once', async () => {
  const caller = createCaller(await createSandbox())
  const seen: string[] = []
  const expected: string[] = []
  for (const api of APIS) expected.push(...(await create(caller, api, 'a', 'b', 'c')))
  let after = ''
  for (let n = 0; ; n++) {
    const { users, next } = await page(caller, `limit=2${after}`)
    seen.push(...users.map(({ id }) => id))
    if (next === undefined) break
    after = `&after=${next}`
    for (const api of APIS) await create(caller, api, `meanwhile-${n}`)
  }
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen).toEqual(expect.arrayContaining(expected))
})

test('users deleted between two pages hide none of the remaining ones', async () => {
  const caller = createCaller(await createSandbox())
  const ids = await create(caller, 'cryptlex', 'a', 'b', 'c', 'd', 'e', 'f')
  const first = await page(caller, 'limit=3')
  expect(first.users.map(({ id }) => id)).toEqual(ids.slice(0, 3))
  const state = (await caller.get('/_standin/state')).json<State>()
  const gone = [ids[1], ids[2], ids[3]]
  state.cryptlex.users = state.cryptlex.users.filter(({ id }) => !gone.includes(id))
  expect((await caller.put('/_standin/state', state)).status).toBe(200)
  const rest = await allUsers(caller, { query: `&after=${first.next!}` })
  expect(rest.map(({ id }) => id)).toEqual(expect.arrayContaining([ids[4], ids[5]]))
  for (const id of gone) expect(rest.map((user) => user.id)).not.toContain(id)
})

test.each(APIS)('%s: a user is found by its whole address, in upper or lower case', async (api) => {
  const caller = createCaller(await createSandbox())
  const [id] = await create(caller, api, 'Ada.Byron')
  await create(caller, api, 'other')
  for (const email of ['ada.byron@example.test', 'ADA.BYRON@EXAMPLE.TEST']) {
    const found = await page(caller, `email=${email}`)
    expect(found.users.map((user) => [user.api, user.id])).toEqual([[api, id]])
    expect(found.total).toBe(1)
    expect(found.users[0]!.email).toBe('Ada.Byron@example.test')
  }
  expect(await page(caller, 'email=byron@example.test')).toEqual({ users: [], total: 0 })
  const elsewhere = APIS.find((other) => other !== api)!
  expect((await page(caller, `api=${elsewhere}&email=ada.byron@example.test`)).users).toEqual([])
})

test('an encoded address with a plus is found at all APIs', async () => {
  const caller = createCaller(await createSandbox())
  for (const api of APIS) await create(caller, api, 'ada+test')
  const found = await page(caller, `email=${encodeURIComponent('ada+test@example.test')}`)
  expect(found.users.map(({ api }) => api)).toEqual(APIS)
})

test.each(APIS)(
  '%s: a user is shown by its id with or without dashes, without secrets',
  async (api) => {
    const caller = createCaller(await createSandbox())
    const [id] = await create(caller, api, 'ada')
    const [dashed, plain] = [
      await caller.get(`/_standin/users/${api}/${id!}`),
      await caller.get(`/_standin/users/${api}/${id!.replaceAll('-', '')}`),
    ]
    expect(dashed.status).toBe(200)
    expect(dashed.json()).toMatchObject({ api, id, email: 'ada@example.test' })
    expect(plain.text).toBe(dashed.text)
    expect(dashed.text).not.toMatch(/analytical-engine|0123456789abcdef/)
    for (const other of APIS.filter((name) => name !== api)) {
      expect((await caller.get(`/_standin/users/${other}/${id!}`)).reason).toBe('user.unknown')
    }
  },
)

test.each([
  ['limit=0', 'limit must be at least 1'],
  ['limit=1001', 'limit must be at most 1000'],
  ['limit=ten', 'limit must be of type'],
  ['limit=1.5', 'limit must be of type'],
  ['api=okta', 'api must be one of mykaarma, cryptlex, formsonfire'],
  ['email=', 'email must have at least 1'],
  ['after=7', 'after must be'],
  ['after=okta:7', 'after must be the "next" value of another page of the same list'],
  [
    'api=mykaarma&after=cryptlex:1',
    'after must be the "next" value of another page of the same list',
  ],
])('users cannot be listed by %s', async (query, detail) => {
  const answer = await createCaller(await createSandbox()).get(`/_standin/users?${query}`)
  expect(answer.status).toBe(400)
  expect(answer.json<{ detail: string }>().detail).toContain(detail)
})

test('a thousand seeded users have unique addresses, which depend on the seed only', async () => {
  const people = async (seed: number) => {
    const caller = createCaller(await createSandbox({ seed }))
    const answer = await caller.post('/_standin/seed', { users: 1000 })
    expect(answer.json()).toEqual({ mykaarma: 1000, cryptlex: 1000, formsonfire: 1000 })
    return (await allUsers(caller)).map(({ api, id, email }) => ({ api, id, email }))
  }
  const first = await people(7)
  expect(first).toHaveLength(3000)
  for (const api of APIS) {
    const emails = first.filter((user) => user.api === api).map(({ email }) => email!.toLowerCase())
    expect(new Set(emails).size).toBe(1000)
    expect(emails.every((email) => /^[a-z0-9.]+@example\.test$/.test(email))).toBe(true)
  }
  expect(new Set(first.map(({ id }) => id)).size).toBe(3000)
  expect(await people(7)).toEqual(first)
  const other = await people(8)
  expect(other.filter((user, i) => user.email === first[i]!.email).length).toBeLessThan(20)
})

test('seeding continues after earlier seeding and skips existing users', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/seed', { users: 3, apis: ['mykaarma'] })
  await caller.post('/_standin/seed', { users: 3, apis: ['mykaarma', 'cryptlex'] })
  const users = await allUsers(caller)
  expect(users.filter(({ api }) => api === 'mykaarma')).toHaveLength(6)
  expect(users.filter(({ api }) => api === 'cryptlex')).toHaveLength(3)
  // With its counters reset, a sandbox generates the same people again.
  const state = (await caller.get('/_standin/state')).json<{
    standin: { counters: Record<string, number> }
  }>()
  state.standin.counters['sandbox.person'] = 0
  state.standin.counters['sandbox.person.values'] = 0
  await caller.put('/_standin/state', state)
  for (const api of APIS) {
    const answer = await caller.post('/_standin/seed', { users: 2, apis: [api] })
    expect(answer.status, answer.text).toBe(200)
  }
})

test('other requests are answered during seeding', async () => {
  const server = await createSandbox()
  const [seeding, other] = [createCaller(server), createCaller(server)]
  const work = { done: false }
  const seeded = seeding.post('/_standin/seed', { users: 3000 }).then((answer) => {
    work.done = true
    return answer
  })
  let between = 0
  let slowest = 0
  while (!work.done) {
    const api = APIS[between % 3]!
    const spent = await spentOn(async () => {
      const answer = await other.create(api, named(api, `between-${between}`))
      expect(answer.status).toBeLessThan(300)
    })
    slowest = Math.max(slowest, spent)
    between++
  }
  expect((await seeded).status).toBe(200)
  expect(between).toBeGreaterThan(10)
  expect(slowest).toBeLessThan(500)
  expect((await page(other, 'limit=1')).total).toBe(9000 + between)
})

test.each([
  [{ users: 0 }, 'users must be at least 1'],
  [{ users: 100001 }, 'users must be at most 100000'],
  [{}, 'users is required'],
  [{ users: 1, apis: ['okta'] }, 'apis[0] must be one of mykaarma, cryptlex, formsonfire'],
  [{ users: 1, people: 2 }, 'people'],
])('%j is refused or ignored with a warning', async (seeding, detail) => {
  const caller = createCaller(await createSandbox())
  const answer = await caller.post('/_standin/seed', seeding)
  // Unknown fields are accepted with a warning header, as at every call.
  if ('people' in seeding) expect(answer.header('Standin-Warning') ?? answer.text).toContain(detail)
  else expect(answer.json<{ detail: string }>().detail).toContain(detail)
})
