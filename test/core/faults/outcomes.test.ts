import { expect, test } from 'vitest'
import { createCaller, type Caller } from '../../helpers/caller.ts'
import { endpoints, type Endpoint } from '../../helpers/raw-requests.ts'
import { createFolder, createSandbox } from '../../helpers/sandbox.ts'
import { arm, addressOf, sendRaw, NAMES, usersNamed, type RequestOptions } from './kit.ts'

const NOON = Date.UTC(2026, 0, 15, 12)
const wish = (name: string, fault: string): RequestOptions => ({
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

async function listed(caller: Caller, door: Endpoint, name: string): Promise<Page> {
  const email = encodeURIComponent(addressOf(name))
  const answer = await caller.get(`/_standin/users?api=${door.api}&email=${email}`)
  expect(answer.status).toBe(200)
  return answer.json<Page>()
}

test.each(['500', '401', '503', 'reset', 'close', 'hang', 'cut', 'reset-headers', 'truncated'])(
  'commit-%s: the user is there, and who tries again is told so',
  async (fault) => {
    const server = await createSandbox()
    for (const door of endpoints) {
      const name = `ada-${door.answers}`
      const first = await sendRaw(server, door, wish(name, `commit-${fault}`))
      expect(first.status).not.toBe(fault === 'truncated' || fault === 'cut' ? 0 : door.created)
      expect(usersNamed(server, door, name)).toHaveLength(1)
      const again = await sendRaw(server, door, { name })
      expect([again.status, again.headers['standin-reason']]).toEqual([
        door.api === 'cryptlex' ? 409 : 400,
        'user.duplicate',
      ])
      expect(usersNamed(server, door, name)).toHaveLength(1)
    }
  },
)

test.each(['500', '401', 'reset', 'close', 'hang', '502'])(
  '%s: nobody is there, and who tries again succeeds',
  async (fault) => {
    const server = await createSandbox()
    for (const door of endpoints) {
      const name = `ada-${door.answers}`
      await sendRaw(server, door, wish(name, fault))
      expect(usersNamed(server, door, name)).toEqual([])
      expect((await sendRaw(server, door, { name })).status).toBe(door.created)
    }
  },
)

test('what was committed and lost is kept over a restart', async () => {
  const data = createFolder()
  const before = await createSandbox({ data })
  for (const door of endpoints) {
    for (const fault of ['commit-500', 'commit-reset', 'not-stored']) {
      await sendRaw(before, door, wish(`${fault}-${door.answers}`, fault))
    }
  }
  await before.close()
  const after = await createSandbox({ data })
  for (const door of endpoints) {
    const there = ['commit-500', 'commit-reset', 'not-stored'].map(
      (fault) => usersNamed(after, door, `${fault}-${door.answers}`).length,
    )
    expect(there).toEqual([1, 1, 0])
  }
})

test.each(endpoints)('not-stored at $name: a success, and nothing of it is kept', async (door) => {
  const server = await createSandbox()
  const caller = createCaller(server)
  // What is made up for a refused request counts too: only the rows are compared.
  const rows = async () => {
    const { standin: _, ...tables } = (await caller.get('/_standin/state')).json()
    return JSON.stringify(tables)
  }
  const empty = await rows()
  const heard = await sendRaw(server, door, wish('ada', 'not-stored'))
  expect(heard.status).toBe(door.created)
  expect(await rows()).toBe(empty)
  const [id] = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f-]{16,22}/.exec(String(heard.body)) ?? []
  expect((await caller.get(`/_standin/users/${door.api}/${id}`)).status).toBe(404)
  expect((await sendRaw(server, door, { name: 'ada' })).status).toBe(door.created)
  // What would be refused is refused all the same.
  const again = await sendRaw(server, door, wish('ada', 'not-stored'))
  expect(again.headers['standin-reason']).toBe('user.duplicate')
})

test.each(endpoints)('created-later at $name: refused, absent, then there', async (door) => {
  const server = await createSandbox({ clock: NOON })
  const caller = createCaller(server)
  const heard = await sendRaw(server, door, wish('ada', 'created-later;later=30s'))
  expect(heard.status).toBe(500)
  await advance(caller, '29s')
  expect(usersNamed(server, door, 'ada')).toEqual([])
  await advance(caller, '1s')
  const { users } = await listed(caller, door, 'ada')
  expect(users).toHaveLength(1)
  // It is as old as the moment at which it was created.
  const created = String(users[0]!.user['createdAt'])
  expect(created).toMatch(/^2026-01-15T12:00:30/)
  await advance(caller, '1h')
  expect(usersNamed(server, door, 'ada')).toHaveLength(1)
  // Somebody else may have been quicker.
  await sendRaw(server, door, wish('grace', 'created-later;later=30s;401'))
  expect((await sendRaw(server, door, { name: 'grace' })).status).toBe(door.created)
  await advance(caller, '1h')
  expect(usersNamed(server, door, 'grace')).toHaveLength(1)
  expect(server.logged).toEqual([])
})

test('what is created later is what was sent, however many wait', async () => {
  const server = await createSandbox({ clock: NOON })
  const caller = createCaller(server)
  arm(server, 'created-later;later=1m')
  for (let i = 0; i < 30; i++) {
    for (const door of endpoints) await sendRaw(server, door, { name: `${door.answers}${i}` })
  }
  server.sandbox.faults.clear()
  await advance(caller, '1m')
  for (const door of endpoints) {
    for (let i = 0; i < 30; i++) {
      expect(usersNamed(server, door, `${door.answers}${i}`)).toHaveLength(1)
    }
  }
})

test.each(endpoints)(
  'lost-then-duplicate at $name: lost, and a duplicate from then on',
  async (door) => {
    const server = await createSandbox()
    const rule = arm(server, 'lost-then-duplicate;times=1')
    expect((await sendRaw(server, door, { name: 'ada' })).status).toBe(500)
    for (let i = 0; i < 3; i++) {
      const heard = await sendRaw(server, door, { name: i === 1 ? 'ADA' : 'ada' })
      expect([heard.headers['standin-reason'], heard.headers['standin-fault']]).toEqual([
        'user.duplicate',
        rule.id,
      ])
      expect(usersNamed(server, door, 'ada')).toEqual([])
    }
    expect((await sendRaw(server, door, { name: 'grace' })).status).toBe(door.created)
  },
)

test.each(endpoints)(
  'duplicate-accepted at $name: two users, and a store that bears it',
  async (door) => {
    const data = createFolder()
    const before = await createSandbox({ data })
    const caller = createCaller(before)
    for (const fault of ['', 'duplicate-accepted', 'duplicate-accepted']) {
      const asked = fault ? wish('ada', fault) : { name: 'ada' }
      expect((await sendRaw(before, door, asked)).status).toBe(door.created)
    }
    const { users, total } = await listed(caller, door, 'ada')
    expect(total).toBeGreaterThanOrEqual(3)
    const ids = usersNamed(before, door, 'ada').map((row) => (row as { id: string }).id)
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) {
      expect((await caller.get(`/_standin/users/${door.api}/${id}`)).status).toBe(200)
    }
    expect(users.length).toBeGreaterThan(0)
    const still = await sendRaw(before, door, { name: 'ada' })
    expect(still.headers['standin-reason']).toBe('user.duplicate')
    const state = await caller.get('/_standin/state')
    await before.close()

    const after = await createSandbox({ data })
    const next = createCaller(after)
    expect(usersNamed(after, door, 'ada').map((row) => (row as { id: string }).id)).toEqual(ids)
    const seen = (text: string) => {
      const { standin: _, ...rows } = JSON.parse(text) as Record<string, unknown>
      return rows
    }
    expect(seen((await next.get('/_standin/state')).text)).toEqual(seen(state.text))
    await next.post('/_standin/reset')
    expect(usersNamed(after, door, 'ada')).toEqual([])
    const put = await next.put('/_standin/state', state.text)
    expect(put.status, put.text).toBe(200)
    expect(usersNamed(after, door, 'ada').map((row) => (row as { id: string }).id)).toEqual(ids)
    expect((await sendRaw(after, door, { name: 'ada' })).headers['standin-reason']).toBe(
      'user.duplicate',
    )
  },
)

test('a duplicate may be of one user by its name and of another by its address', async () => {
  const [door] = endpoints
  const server = await createSandbox()
  const [email, other] = NAMES.mykaarma
  await sendRaw(server, door!, { fields: { [email]: 'a@example.test', [other]: 'a' } })
  await sendRaw(server, door!, { fields: { [email]: 'b@example.test', [other]: 'b' } })
  const fields = { [email]: 'b@example.test', [other]: 'a' }
  const heard = await sendRaw(server, door!, { ...wish('', 'duplicate-accepted'), fields })
  expect(heard.status).toBe(200)
  expect(server.sandbox.store.collection('mykaarma.users').size).toBe(3)
})

test('a snapshot holds duplicates too', async () => {
  const [, door] = endpoints
  const server = await createSandbox()
  const caller = createCaller(server)
  for (let i = 0; i < 2; i++) await sendRaw(server, door!, wish('ada', 'duplicate-accepted'))
  await caller.put('/_standin/snapshots/two')
  await caller.post('/_standin/reset')
  expect((await caller.post('/_standin/snapshots/two/restore')).status).toBe(200)
  expect(usersNamed(server, door!, 'ada')).toHaveLength(2)
})
