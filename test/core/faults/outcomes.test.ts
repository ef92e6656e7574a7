import { expect, test } from 'vitest'
import { createCaller, type Caller } from '../../helpers/caller.ts'
import { endpoints, type Endpoint } from '../../helpers/raw-requests.ts'
import { createFolder, createSandbox } from '../../helpers/sandbox.ts'
import { arm, addressOf, sendRaw, NAMES, usersNamed, type RequestOptions, mykaarma } from './kit.ts'

const NOON = Date.UTC(2026, 0, 15, 12)
const requested = (name: string, fault: string): RequestOptions => ({
  name,
  headers: { 'Standin-Fault': fault },
  hangs: fault.endsWith('hang'),
})
const advance = (caller: Caller, by: string) => caller.post('/_standin/clock/advance', { by })

interface Page {
  readonly users: readonly {
    readonly id: string
    readonly user: Readonly<Record<string, unknown>>
  }[]
  readonly total: number
}

async function listed(caller: Caller, endpoint: Endpoint, name: string): Promise<Page> {
  const email = encodeURIComponent(addressOf(name))
  const answer = await caller.get(`/_standin/users?api=${endpoint.api}&email=${email}`)
  expect(answer.status).toBe(200)
  return answer.json<Page>()
}

test.each(['500', '401', '503', 'reset', 'close', 'hang', 'cut', 'reset-headers', 'truncated'])(
  'commit-%s: the user is created, and a retry is refused as a duplicate',
  async (fault) => {
    const server = await createSandbox()
    for (const endpoint of endpoints) {
      const name = `ada-${endpoint.answers}`
      const first = await sendRaw(server, endpoint, requested(name, `commit-${fault}`))
      expect(first.status).not.toBe(fault === 'truncated' || fault === 'cut' ? 0 : endpoint.created)
      expect(usersNamed(server, endpoint, name)).toHaveLength(1)
      const again = await sendRaw(server, endpoint, { name })
      expect([again.status, again.headers['standin-reason']]).toEqual([
        endpoint.api === 'cryptlex' ? 409 : 400,
        'user.duplicate',
      ])
      expect(usersNamed(server, endpoint, name)).toHaveLength(1)
    }
  },
)

test.each(['500', '401', 'reset', 'close', 'hang', '502'])(
  '%s: no user is created, and a retry succeeds',
  async (fault) => {
    const server = await createSandbox()
    for (const endpoint of endpoints) {
      const name = `ada-${endpoint.answers}`
      await sendRaw(server, endpoint, requested(name, fault))
      expect(usersNamed(server, endpoint, name)).toEqual([])
      expect((await sendRaw(server, endpoint, { name })).status).toBe(endpoint.created)
    }
  },
)

test('a user whose answer was lost survives a restart', async () => {
  const data = createFolder()
  const before = await createSandbox({ data })
  for (const endpoint of endpoints) {
    for (const fault of ['commit-500', 'commit-reset', 'not-stored']) {
      await sendRaw(before, endpoint, requested(`${fault}-${endpoint.answers}`, fault))
    }
  }
  await before.close()
  const after = await createSandbox({ data })
  for (const endpoint of endpoints) {
    const there = ['commit-500', 'commit-reset', 'not-stored'].map(
      (fault) => usersNamed(after, endpoint, `${fault}-${endpoint.answers}`).length,
    )
    expect(there).toEqual([1, 1, 0])
  }
})

test.each(endpoints)(
  'not-stored at $name: the answer is a success, and no user is stored',
  async (endpoint) => {
    const server = await createSandbox()
    const caller = createCaller(server)
    // Generated ids advance for refused requests too, so only the rows are compared.
    const rows = async () => {
      const { standin: _, ...tables } = (await caller.get('/_standin/state')).json()
      return JSON.stringify(tables)
    }
    const empty = await rows()
    const answer = await sendRaw(server, endpoint, requested('ada', 'not-stored'))
    expect(answer.status).toBe(endpoint.created)
    expect(await rows()).toBe(empty)
    const [id] = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f-]{16,22}/.exec(String(answer.body)) ?? []
    expect((await caller.get(`/_standin/users/${endpoint.api}/${id}`)).status).toBe(404)
    expect((await sendRaw(server, endpoint, { name: 'ada' })).status).toBe(endpoint.created)
    // A request that the API refuses is refused all the same.
    const again = await sendRaw(server, endpoint, requested('ada', 'not-stored'))
    expect(again.headers['standin-reason']).toBe('user.duplicate')
  },
)

test.each(endpoints)(
  'created-later at $name: the request is refused, and the user is created later',
  async (endpoint) => {
    const server = await createSandbox({ clock: NOON })
    const caller = createCaller(server)
    const answer = await sendRaw(server, endpoint, requested('ada', 'created-later;later=30s'))
    expect(answer.status).toBe(500)
    await advance(caller, '29s')
    expect(usersNamed(server, endpoint, 'ada')).toEqual([])
    await advance(caller, '1s')
    const { users } = await listed(caller, endpoint, 'ada')
    expect(users).toHaveLength(1)
    // Its creation time is the time of the delayed creation.
    const created = String(users[0]!.user['createdAt'])
    expect(created).toMatch(/^2026-01-15T12:00:30/)
    await advance(caller, '1h')
    expect(usersNamed(server, endpoint, 'ada')).toHaveLength(1)
    // Another request may have created the user first.
    await sendRaw(server, endpoint, requested('grace', 'created-later;later=30s;401'))
    expect((await sendRaw(server, endpoint, { name: 'grace' })).status).toBe(endpoint.created)
    await advance(caller, '1h')
    expect(usersNamed(server, endpoint, 'grace')).toHaveLength(1)
    expect(server.logged).toEqual([])
  },
)

test('created-later creates the users that were sent, also for many at once', async () => {
  const server = await createSandbox({ clock: NOON })
  const caller = createCaller(server)
  arm(server, 'created-later;later=1m')
  for (let i = 0; i < 30; i++) {
    for (const endpoint of endpoints)
      await sendRaw(server, endpoint, { name: `${endpoint.answers}${i}` })
  }
  server.sandbox.faults.clear()
  await advance(caller, '1m')
  for (const endpoint of endpoints) {
    for (let i = 0; i < 30; i++) {
      expect(usersNamed(server, endpoint, `${endpoint.answers}${i}`)).toHaveLength(1)
    }
  }
})

test.each(endpoints)(
  'lost-then-duplicate at $name: the user is lost and refused as a duplicate from then on',
  async (endpoint) => {
    const server = await createSandbox()
    const armed = arm(server, 'lost-then-duplicate;times=1')
    expect((await sendRaw(server, endpoint, { name: 'ada' })).status).toBe(500)
    for (let i = 0; i < 3; i++) {
      const answer = await sendRaw(server, endpoint, { name: i === 1 ? 'ADA' : 'ada' })
      expect([answer.headers['standin-reason'], answer.headers['standin-fault']]).toEqual([
        'user.duplicate',
        armed.id,
      ])
      expect(usersNamed(server, endpoint, 'ada')).toEqual([])
    }
    expect((await sendRaw(server, endpoint, { name: 'grace' })).status).toBe(endpoint.created)
  },
)

test.each(endpoints)(
  'duplicate-accepted at $name: two users exist, and the state stays usable',
  async (endpoint) => {
    const data = createFolder()
    const before = await createSandbox({ data })
    const caller = createCaller(before)
    for (const fault of ['', 'duplicate-accepted', 'duplicate-accepted']) {
      const asked = fault ? requested('ada', fault) : { name: 'ada' }
      expect((await sendRaw(before, endpoint, asked)).status).toBe(endpoint.created)
    }
    const { users, total } = await listed(caller, endpoint, 'ada')
    expect(total).toBeGreaterThanOrEqual(3)
    const ids = usersNamed(before, endpoint, 'ada').map((row) => (row as { id: string }).id)
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) {
      expect((await caller.get(`/_standin/users/${endpoint.api}/${id}`)).status).toBe(200)
    }
    expect(users.length).toBeGreaterThan(0)
    const still = await sendRaw(before, endpoint, { name: 'ada' })
    expect(still.headers['standin-reason']).toBe('user.duplicate')
    const state = await caller.get('/_standin/state')
    await before.close()

    const after = await createSandbox({ data })
    const next = createCaller(after)
    expect(usersNamed(after, endpoint, 'ada').map((row) => (row as { id: string }).id)).toEqual(ids)
    const seen = (text: string) => {
      const { standin: _, ...rows } = JSON.parse(text) as Record<string, unknown>
      return rows
    }
    expect(seen((await next.get('/_standin/state')).text)).toEqual(seen(state.text))
    await next.post('/_standin/reset')
    expect(usersNamed(after, endpoint, 'ada')).toEqual([])
    const put = await next.put('/_standin/state', state.text)
    expect(put.status, put.text).toBe(200)
    expect(usersNamed(after, endpoint, 'ada').map((row) => (row as { id: string }).id)).toEqual(ids)
    expect((await sendRaw(after, endpoint, { name: 'ada' })).headers['standin-reason']).toBe(
      'user.duplicate',
    )
  },
)

test('a duplicate can share its name with one user and its address with another', async () => {
  const [endpoint] = endpoints
  const server = await createSandbox()
  const [email, other] = NAMES.mykaarma
  await sendRaw(server, endpoint!, { fields: { [email]: 'a@example.test', [other]: 'a' } })
  await sendRaw(server, endpoint!, { fields: { [email]: 'b@example.test', [other]: 'b' } })
  const fields = { [email]: 'b@example.test', [other]: 'a' }
  const answer = await sendRaw(server, endpoint!, {
    ...requested('', 'duplicate-accepted'),
    fields,
  })
  expect(answer.status).toBe(200)
  expect(server.sandbox.store.collection('mykaarma.users').size).toBe(3)
})

test('a snapshot includes duplicates', async () => {
  const [, endpoint] = endpoints
  const server = await createSandbox()
  const caller = createCaller(server)
  for (let i = 0; i < 2; i++)
    await sendRaw(server, endpoint!, requested('ada', 'duplicate-accepted'))
  await caller.put('/_standin/snapshots/two')
  await caller.post('/_standin/reset')
  expect((await caller.post('/_standin/snapshots/two/restore')).status).toBe(200)
  expect(usersNamed(server, endpoint!, 'ada')).toHaveLength(2)
})

test('a reset cancels created-later', async () => {
  const server = await createSandbox({ clock: Date.UTC(2026, 0, 15) })
  const caller = createCaller(server)
  await sendRaw(server, mykaarma, { name: 'ada', headers: { 'Standin-Fault': 'created-later' } })
  await caller.post('/_standin/reset')
  await caller.post('/_standin/clock/advance', { by: '1h' })
  expect(usersNamed(server, mykaarma, 'ada')).toEqual([])
})

test('a user without a name is not refused for another lost user', async () => {
  const server = await createSandbox()
  arm(server, 'lost-then-duplicate;times=1')
  const nobody = { fields: { emailAddress: undefined, username: undefined } }
  expect((await sendRaw(server, mykaarma, nobody)).status).toBe(500)
  expect((await sendRaw(server, mykaarma, nobody)).status).toBe(200)
})

test('removing lost-then-duplicate stops its refusals', async () => {
  const server = await createSandbox()
  const { id } = arm(server, 'lost-then-duplicate')
  expect((await sendRaw(server, mykaarma, { name: 'ada' })).status).toBe(500)
  expect((await sendRaw(server, mykaarma, { name: 'ada' })).status).toBe(400)
  server.sandbox.faults.remove(id)
  expect((await sendRaw(server, mykaarma, { name: 'ada' })).status).toBe(200)
})

test.each([
  ['not-stored;reset', 0, 0],
  ['not-stored;close', 0, 0],
  ['not-stored;401', 401, 0],
  ['duplicate-accepted;reset', 0, 1],
  ['duplicate-accepted;503', 503, 1],
] as const)('%s has both effects', async (fault, status, users) => {
  const server = await createSandbox()
  for (const endpoint of endpoints) {
    const answer = await sendRaw(server, endpoint, {
      name: endpoint.answers,
      headers: { 'Standin-Fault': fault },
    })
    expect(answer.status).toBe(status)
    expect(usersNamed(server, endpoint, endpoint.answers)).toHaveLength(users)
  }
})
