import { expect, test } from 'vitest'
import { createCaller, type Caller } from '../../helpers/caller.ts'
import { entryPoints, type EntryPoint } from '../../helpers/raw-requests.ts'
import { createFolder, createSandbox } from '../../helpers/sandbox.ts'
import { add, addressOf, ask, NAMES, usersNamed, type Asked } from './kit.ts'

const NOON = Date.UTC(2026, 0, 15, 12)
const wish = (name: string, fault: string): Asked => ({
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

async function listed(caller: Caller, entryPoint: EntryPoint, name: string): Promise<Page> {
  const email = encodeURIComponent(addressOf(name))
  const answer = await caller.get(`/_standin/users?api=${entryPoint.api}&email=${email}`)
  expect(answer.status).toBe(200)
  return answer.json<Page>()
}

test.each(['500', '401', '503', 'reset', 'close', 'hang', 'cut', 'reset-headers', 'truncated'])(
  'commit-%s: the user is there, and who tries again is told so',
  async (fault) => {
    const server = await createSandbox()
    for (const entryPoint of entryPoints) {
      const name = `ada-${entryPoint.answers}`
      const first = await ask(server, entryPoint, wish(name, `commit-${fault}`))
      expect(first.status).not.toBe(
        fault === 'truncated' || fault === 'cut' ? 0 : entryPoint.created,
      )
      expect(usersNamed(server, entryPoint, name)).toHaveLength(1)
      const again = await ask(server, entryPoint, { name })
      expect([again.status, again.headers['standin-reason']]).toEqual([
        entryPoint.api === 'cryptlex' ? 409 : 400,
        'user.duplicate',
      ])
      expect(usersNamed(server, entryPoint, name)).toHaveLength(1)
    }
  },
)

test.each(['500', '401', 'reset', 'close', 'hang', '502'])(
  '%s: nobody is there, and who tries again succeeds',
  async (fault) => {
    const server = await createSandbox()
    for (const entryPoint of entryPoints) {
      const name = `ada-${entryPoint.answers}`
      await ask(server, entryPoint, wish(name, fault))
      expect(usersNamed(server, entryPoint, name)).toEqual([])
      expect((await ask(server, entryPoint, { name })).status).toBe(entryPoint.created)
    }
  },
)

test('what was committed and lost is kept over a restart', async () => {
  const data = createFolder()
  const before = await createSandbox({ data })
  for (const entryPoint of entryPoints) {
    for (const fault of ['commit-500', 'commit-reset', 'not-stored']) {
      await ask(before, entryPoint, wish(`${fault}-${entryPoint.answers}`, fault))
    }
  }
  await before.close()
  const after = await createSandbox({ data })
  for (const entryPoint of entryPoints) {
    const there = ['commit-500', 'commit-reset', 'not-stored'].map(
      (fault) => usersNamed(after, entryPoint, `${fault}-${entryPoint.answers}`).length,
    )
    expect(there).toEqual([1, 1, 0])
  }
})

test.each(entryPoints)(
  'not-stored at $name: a success, and nothing of it is kept',
  async (entryPoint) => {
    const server = await createSandbox()
    const caller = createCaller(server)
    // What is made up for a refused request counts too: only the rows are compared.
    const rows = async () => {
      const { standin: _, ...tables } = (await caller.get('/_standin/state')).json()
      return JSON.stringify(tables)
    }
    const empty = await rows()
    const heard = await ask(server, entryPoint, wish('ada', 'not-stored'))
    expect(heard.status).toBe(entryPoint.created)
    expect(await rows()).toBe(empty)
    const [id] = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f-]{16,22}/.exec(String(heard.body)) ?? []
    expect((await caller.get(`/_standin/users/${entryPoint.api}/${id}`)).status).toBe(404)
    expect((await ask(server, entryPoint, { name: 'ada' })).status).toBe(entryPoint.created)
    // What would be refused is refused all the same.
    const again = await ask(server, entryPoint, wish('ada', 'not-stored'))
    expect(again.headers['standin-reason']).toBe('user.duplicate')
  },
)

test.each(entryPoints)(
  'created-later at $name: refused, absent, then there',
  async (entryPoint) => {
    const server = await createSandbox({ clock: NOON })
    const caller = createCaller(server)
    const heard = await ask(server, entryPoint, wish('ada', 'created-later;later=30s'))
    expect(heard.status).toBe(500)
    await advance(caller, '29s')
    expect(usersNamed(server, entryPoint, 'ada')).toEqual([])
    await advance(caller, '1s')
    const { users } = await listed(caller, entryPoint, 'ada')
    expect(users).toHaveLength(1)
    // It is as old as the moment at which it was created.
    const created = String(users[0]!.user['createdAt'])
    expect(created).toMatch(/^2026-01-15T12:00:30/)
    await advance(caller, '1h')
    expect(usersNamed(server, entryPoint, 'ada')).toHaveLength(1)
    // Somebody else may have been quicker.
    await ask(server, entryPoint, wish('grace', 'created-later;later=30s;401'))
    expect((await ask(server, entryPoint, { name: 'grace' })).status).toBe(entryPoint.created)
    await advance(caller, '1h')
    expect(usersNamed(server, entryPoint, 'grace')).toHaveLength(1)
    expect(server.logged).toEqual([])
  },
)

test('what is created later is what was sent, however many wait', async () => {
  const server = await createSandbox({ clock: NOON })
  const caller = createCaller(server)
  add(server, 'created-later;later=1m')
  for (let i = 0; i < 30; i++) {
    for (const entryPoint of entryPoints)
      await ask(server, entryPoint, { name: `${entryPoint.answers}${i}` })
  }
  server.sandbox.faults.clear()
  await advance(caller, '1m')
  for (const entryPoint of entryPoints) {
    for (let i = 0; i < 30; i++) {
      expect(usersNamed(server, entryPoint, `${entryPoint.answers}${i}`)).toHaveLength(1)
    }
  }
})

test.each(entryPoints)(
  'lost-then-duplicate at $name: lost, and a duplicate from then on',
  async (entryPoint) => {
    const server = await createSandbox()
    const rule = add(server, 'lost-then-duplicate;times=1')
    expect((await ask(server, entryPoint, { name: 'ada' })).status).toBe(500)
    for (let i = 0; i < 3; i++) {
      const heard = await ask(server, entryPoint, { name: i === 1 ? 'ADA' : 'ada' })
      expect([heard.headers['standin-reason'], heard.headers['standin-fault']]).toEqual([
        'user.duplicate',
        rule.id,
      ])
      expect(usersNamed(server, entryPoint, 'ada')).toEqual([])
    }
    expect((await ask(server, entryPoint, { name: 'grace' })).status).toBe(entryPoint.created)
  },
)

test.each(entryPoints)(
  'duplicate-accepted at $name: two users, and a store that bears it',
  async (entryPoint) => {
    const data = createFolder()
    const before = await createSandbox({ data })
    const caller = createCaller(before)
    for (const fault of ['', 'duplicate-accepted', 'duplicate-accepted']) {
      const asked = fault ? wish('ada', fault) : { name: 'ada' }
      expect((await ask(before, entryPoint, asked)).status).toBe(entryPoint.created)
    }
    const { users, total } = await listed(caller, entryPoint, 'ada')
    expect(total).toBeGreaterThanOrEqual(3)
    const ids = usersNamed(before, entryPoint, 'ada').map((row) => (row as { id: string }).id)
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) {
      expect((await caller.get(`/_standin/users/${entryPoint.api}/${id}`)).status).toBe(200)
    }
    expect(users.length).toBeGreaterThan(0)
    const still = await ask(before, entryPoint, { name: 'ada' })
    expect(still.headers['standin-reason']).toBe('user.duplicate')
    const state = await caller.get('/_standin/state')
    await before.close()

    const after = await createSandbox({ data })
    const next = createCaller(after)
    expect(usersNamed(after, entryPoint, 'ada').map((row) => (row as { id: string }).id)).toEqual(
      ids,
    )
    const seen = (text: string) => {
      const { standin: _, ...rows } = JSON.parse(text) as Record<string, unknown>
      return rows
    }
    expect(seen((await next.get('/_standin/state')).text)).toEqual(seen(state.text))
    await next.post('/_standin/reset')
    expect(usersNamed(after, entryPoint, 'ada')).toEqual([])
    const put = await next.put('/_standin/state', state.text)
    expect(put.status, put.text).toBe(200)
    expect(usersNamed(after, entryPoint, 'ada').map((row) => (row as { id: string }).id)).toEqual(
      ids,
    )
    expect((await ask(after, entryPoint, { name: 'ada' })).headers['standin-reason']).toBe(
      'user.duplicate',
    )
  },
)

test('a duplicate may be of one user by its name and of another by its address', async () => {
  const [entryPoint] = entryPoints
  const server = await createSandbox()
  const [email, other] = NAMES.mykaarma
  await ask(server, entryPoint!, { fields: { [email]: 'a@example.test', [other]: 'a' } })
  await ask(server, entryPoint!, { fields: { [email]: 'b@example.test', [other]: 'b' } })
  const fields = { [email]: 'b@example.test', [other]: 'a' }
  const heard = await ask(server, entryPoint!, { ...wish('', 'duplicate-accepted'), fields })
  expect(heard.status).toBe(200)
  expect(server.sandbox.store.collection('mykaarma.users').size).toBe(3)
})

test('a snapshot holds duplicates too', async () => {
  const [, entryPoint] = entryPoints
  const server = await createSandbox()
  const caller = createCaller(server)
  for (let i = 0; i < 2; i++) await ask(server, entryPoint!, wish('ada', 'duplicate-accepted'))
  await caller.put('/_standin/snapshots/two')
  await caller.post('/_standin/reset')
  expect((await caller.post('/_standin/snapshots/two/restore')).status).toBe(200)
  expect(usersNamed(server, entryPoint!, 'ada')).toHaveLength(2)
})
