import disk, * as fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  allUsers,
  APIS,
  createCaller,
  creation,
  idIn,
  named,
  type Api,
  type Caller,
} from '../helpers/caller.ts'
import { afterKill, createFolder, createSandbox } from '../helpers/sandbox.ts'

type Rows = { id: string; email?: string }[]
type State = Record<Api, Record<string, Rows>> & {
  standin: { format: number; counters: Record<string, number>; settings?: object }
}

const state = async (caller: Caller, base = '') =>
  (await caller.get(`${base}/_standin/state`)).json<State>()

const HELD = { clock: Date.parse('2026-01-15T09:30:00Z') }

test('after a reset, the same requests get the same answers, byte for byte', async () => {
  const caller = createCaller(await createSandbox(HELD))
  const run = async () => {
    const answers = []
    for (let i = 0; i < 60; i++) {
      for (const api of APIS) answers.push(await caller.create(api, named(api, `user-${i % 50}`)))
    }
    answers.push(await caller.post('/_standin/seed', { users: 5 }))
    answers.push(await caller.get('/_standin/users?limit=1000'))
    answers.push(await caller.post('/_standin/clock/advance', { by: '1h' }))
    answers.push(await caller.create('cryptlex', named('cryptlex', 'late')))
    return answers.map(({ head, text }) => head + text)
  }
  const first = await run()
  const reset = await caller.post('/_standin/reset')
  expect(reset.json()).toMatchObject({ users: { mykaarma: 0, cryptlex: 0, formsonfire: 0 } })
  const second = await run()
  for (const [i, answer] of first.entries()) expect(second[i]).toBe(answer)
})

test('a reset of a kept sandbox survives a restart', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  const caller = createCaller(server)
  await caller.create('cryptlex')
  await caller.put('/_standin/clock', { now: '2030-01-01T00:00:00Z', held: true })
  await caller.post('/_standin/reset')
  await server.close()
  const next = createCaller(await createSandbox({ data }))
  expect(await allUsers(next)).toEqual([])
  expect((await next.get('/_standin/clock')).json()).toMatchObject({ held: false })
})

test('a state from GET can be PUT unchanged, into the same or another sandbox', async () => {
  const caller = createCaller(await createSandbox(HELD))
  await caller.post('/_standin/sandboxes', { name: 'other', seed: 1 })
  for (const api of APIS) await caller.create(api, named(api, 'ada'))
  await caller.post('/_standin/clock/advance', { by: '5m' })
  const before = await caller.get('/_standin/state')
  for (const base of ['', '/~other']) {
    const put = await caller.put(`${base}/_standin/state`, before.text)
    expect(put.status).toBe(200)
    const after = await caller.get(`${base}/_standin/state`)
    expect({ ...after.json<State>(), standin: undefined }).toEqual({
      ...before.json<State>(),
      standin: undefined,
    })
    for (const api of APIS) {
      expect((await caller.create(api, named(api, 'ADA'), base)).reason).toBe('user.duplicate')
    }
  }
  // The same seed and the same counters: both generate the same ids.
  const ids = []
  for (const base of ['', '/~other']) {
    ids.push(idIn('cryptlex', await caller.create('cryptlex', named('cryptlex', 'new'), base)))
  }
  expect(ids[0]).toBe(ids[1])
  expect((await caller.get('/~other/_standin/clock')).json()).toEqual({
    now: '2026-01-15T09:35:00.000Z',
    held: true,
  })
})

test('a state with users only keeps the counters, so that new ids stay unique', async () => {
  const caller = createCaller(await createSandbox())
  for (const api of APIS) await caller.create(api, named(api, 'ada'))
  const { standin: _, ...users } = await state(caller)
  expect((await caller.put('/_standin/state', users)).status).toBe(200)
  for (const api of APIS) {
    expect((await caller.create(api, named(api, 'grace'))).status).toBeLessThan(300)
  }
  expect((await caller.put('/_standin/state', {})).status).toBe(200)
  expect(await allUsers(caller)).toEqual([])
})

test.each([
  [[], 'body must be of type object'],
  [{ okta: { users: [] } }, '"okta" is not an API of this sandbox'],
  [{ cryptlex: { licences: [] } }, 'cryptlex has no table "licences"'],
  [{ cryptlex: { constructor: [] } }, 'cryptlex has no table "constructor"'],
  [{ cryptlex: [] }, '"cryptlex" must be'],
  [{ cryptlex: { users: {} } }, 'cryptlex.users must be'],
  [{ cryptlex: { users: [7] } }, 'cryptlex.users[0].id must be a non-empty string'],
  [{ cryptlex: { users: [{ id: 'a' }, {}] } }, 'cryptlex.users[1].id must be a non-empty string'],
  [{ cryptlex: { users: [{ id: 7 }] } }, 'cryptlex.users[0].id must be a non-empty string'],
  [{ cryptlex: { users: [{ id: '' }] } }, 'cryptlex.users[0].id must be a non-empty string'],
  [
    { formsonfire: { users: [{ id: 'a' }, { id: 'a' }] } },
    'formsonfire.users[1].id "a" is a duplicate',
  ],
  [{ standin: { format: 2 } }, 'format 2 is newer than this version supports (1)'],
  [
    { standin: { counters: { 'cryptlex.user': -1 } } },
    'standin.counters["cryptlex.user"] must be a whole number',
  ],
  [{ standin: { settings: { clock: 'noon' } } }, 'standin.settings.clock'],
  [{ standin: { settings: { clock: { held: 'noon' } } } }, 'standin.settings.clock'],
  [{ standin: { settings: { clock: { ahead: null, held: null } } } }, 'standin.settings.clock'],
  [{ standin: { settings: { clock: { ahead: 1, held: 'noon' } } } }, 'standin.settings.clock'],
  [{ standin: { settings: { clock: {} } } }, 'standin.settings.clock'],
  [{ standin: { settings: { clock: { held: 1e300 } } } }, 'standin.settings.clock'],
  ['{"cryptlex": {"users": [}}', 'line 1, column 25'],
])(
  'an invalid state is refused with the path of the error, and nothing changes: %j',
  async (given, detail) => {
    const caller = createCaller(await createSandbox(HELD))
    for (const api of APIS) await caller.create(api)
    const before = (await caller.get('/_standin/state')).text
    const answer = await caller.put('/_standin/state', given)
    expect([answer.status, answer.header('Content-Type')]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ])
    expect(answer.json<{ detail: string }>().detail).toContain(detail)
    expect((await caller.get('/_standin/state')).text).toBe(before)
    expect((await caller.get('/_standin/clock')).status).toBe(200)
  },
)

test('snapshots are saved, listed, replaced, restored and deleted', async () => {
  const caller = createCaller(await createSandbox(HELD))
  const listed = async () =>
    (await caller.get('/_standin/snapshots'))
      .json<{ snapshots: { name: string; users: object }[] }>()
      .snapshots.map(({ name, users }) => [name, users])
  expect(await listed()).toEqual([])
  const none = { mykaarma: 0, cryptlex: 0, formsonfire: 0 }
  await caller.put('/_standin/snapshots/z-empty')
  const first = await caller.create('cryptlex')
  await caller.post('/_standin/clock/advance', { by: '1h' })
  const saved = await caller.put('/_standin/snapshots/a-one')
  expect(saved.json()).toEqual({
    name: 'a-one',
    savedAt: '2026-01-15T10:30:00.000Z',
    users: { ...none, cryptlex: 1 },
  })
  const second = await caller.create('cryptlex', named('cryptlex', 'second'))
  expect(await listed()).toEqual([
    ['z-empty', none],
    ['a-one', { ...none, cryptlex: 1 }],
  ])

  expect((await caller.post('/_standin/snapshots/a-one/restore')).json()).toMatchObject({
    users: { ...none, cryptlex: 1 },
  })
  expect((await allUsers(caller)).map(({ id }) => id)).toEqual([idIn('cryptlex', first)])
  // Generated values are restored too: the same request gets the same answer.
  const again = await caller.create('cryptlex', named('cryptlex', 'second'))
  expect(again.text).toBe(second.text)
  // Later changes do not alter a snapshot, so it can be restored again.
  await caller.post('/_standin/snapshots/z-empty/restore')
  expect(await allUsers(caller)).toEqual([])
  expect((await caller.get('/_standin/clock')).json()).toMatchObject({
    now: '2026-01-15T09:30:00.000Z',
  })
  await caller.post('/_standin/snapshots/a-one/restore')
  expect(await allUsers(caller)).toHaveLength(1)

  await caller.create('mykaarma')
  await caller.put('/_standin/snapshots/z-empty')
  expect((await listed()).map(([name]) => name)).toEqual(['a-one', 'z-empty'])
  expect((await caller.delete('/_standin/snapshots/a-one')).status).toBe(200)
  expect((await listed()).map(([name]) => name)).toEqual(['z-empty'])
  const gone = await caller.post('/_standin/snapshots/a-one/restore')
  expect([gone.status, gone.reason]).toEqual([404, 'snapshot.unknown'])
  expect(gone.json<{ detail: string }>().detail).toContain('there are: z-empty')
})

test('a hundred snapshots are the limit, but an existing one can be replaced', async () => {
  const caller = createCaller(await createSandbox())
  for (let i = 0; i < 100; i++) await caller.put(`/_standin/snapshots/s${i}`)
  const more = await caller.put('/_standin/snapshots/one-more')
  expect([more.status, more.reason]).toEqual([400, 'snapshots.too-many'])
  expect((await caller.put('/_standin/snapshots/s7')).status).toBe(200)
})

test('a snapshot name cannot be a path', async () => {
  const caller = createCaller(await createSandbox({ data: createFolder() }))
  for (const name of ['..', '%2e%2e%2fstate', 'A', 'a.json', 'a%2fb', 'a'.repeat(64)]) {
    for (const method of ['PUT', 'DELETE']) {
      const answer = await caller.send({ method, path: `/_standin/snapshots/${name}` })
      expect([name, answer.status]).toEqual([name, 400])
    }
  }
})

test('a difference lists added, removed and changed rows by table', async () => {
  const caller = createCaller(await createSandbox())
  const ids: Record<string, string> = {}
  for (const name of ['stays', 'goes', 'changes']) {
    ids[name] = idIn('mykaarma', await caller.create('mykaarma', named('mykaarma', name)))
  }
  await caller.put('/_standin/snapshots/before')
  expect((await caller.get('/_standin/snapshots/before/diff')).json()).toEqual({})
  const document = await state(caller)
  document.mykaarma['users'] = document.mykaarma['users']!.filter(
    ({ id }) => id !== ids['goes'],
  ).map((row) => (row.id === ids['changes'] ? { ...row, firstName: 'Changed' } : row))
  await caller.put('/_standin/state', document)
  const made = await caller.create('cryptlex', { ...named('cryptlex', 'new') })
  await caller.put('/_standin/snapshots/after')
  type Difference = Record<string, { added: Rows; removed: Rows; changed: { after: Rows[0] }[] }>
  const difference = (
    await caller.get('/_standin/snapshots/before/diff?with=after')
  ).json<Difference>()
  expect(Object.keys(difference).sort()).toEqual([
    'cryptlex.organizations',
    'cryptlex.resellers',
    'cryptlex.users',
    'mykaarma.users',
    'webhooks.deliveries',
  ])
  expect(difference['cryptlex.users']!.added.map(({ id }) => id)).toEqual([idIn('cryptlex', made)])
  const { added, removed, changed } = difference['mykaarma.users']!
  expect(added).toEqual([])
  expect(removed.map(({ id }) => id)).toEqual([ids['goes']])
  expect(changed).toMatchObject([
    { before: { id: ids['changes'], firstName: 'Ada' }, after: { firstName: 'Changed' } },
  ])
  const back = (await caller.get('/_standin/snapshots/after/diff?with=before')).json<Difference>()
  expect(back['cryptlex.users']!.removed).toEqual(difference['cryptlex.users']!.added)
  expect((await caller.get('/_standin/snapshots/before/diff')).json()).toEqual(difference)
  for (const path of ['before/diff?with=nope', 'nope/diff', 'nope/diff?with=before']) {
    expect((await caller.get(`/_standin/snapshots/${path}`)).reason).toBe('snapshot.unknown')
  }
})

test('no reader sees a partly restored state of 5,000 users', async () => {
  const server = await createSandbox({ data: createFolder(), durability: 'write' })
  const caller = createCaller(server)
  await caller.put('/_standin/snapshots/empty')
  await caller.post('/_standin/seed', { users: 5000, apis: ['cryptlex'] })
  await caller.put('/_standin/snapshots/full')
  const work = { done: false }
  const seen = new Map<number, number>()
  const readers = Array.from({ length: 4 }, async (_, i) => {
    const reader = createCaller(server)
    while (!work.done) {
      const page =
        i === 0
          ? (await state(reader)).cryptlex['users']!.length
          : (await reader.get('/_standin/users?limit=1000')).json<{ total: number; users: Rows }>()
      const total = typeof page === 'number' ? page : page.total
      if (typeof page !== 'number') expect(page.users).toHaveLength(Math.min(1000, page.total))
      seen.set(total, (seen.get(total) ?? 0) + 1)
    }
  })
  for (let i = 0; i < 15; i++) {
    for (const name of ['empty', 'full']) {
      expect((await caller.post(`/_standin/snapshots/${name}/restore`)).status).toBe(200)
    }
  }
  work.done = true
  await Promise.all(readers)
  expect([...seen.keys()].sort((a, b) => a - b)).toEqual([0, 5000])
})

test('a damaged snapshot is skipped at the start, with a log message', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  const caller = createCaller(server)
  for (const name of ['good', 'torn', 'empty', 'strange']) {
    await caller.put(`/_standin/snapshots/${name}`)
  }
  await server.close()
  fs.writeFileSync(join(data, 'snapshots', 'torn.json'), '{"name":"to')
  fs.writeFileSync(join(data, 'snapshots', 'empty.json'), 'null')
  fs.writeFileSync(join(data, 'snapshots', 'strange.json'), '{"name":"strange","document":{}}')
  const next = await createSandbox({ data })
  const listed = (await createCaller(next).get('/_standin/snapshots')).text
  expect(listed).toContain('"good"')
  expect(listed).not.toMatch(/torn|empty|strange/)
  for (const name of ['torn', 'empty', 'strange']) {
    expect(next.logged.join()).toMatch(`${name}.json is skipped, correct or delete it`)
  }
})

test('a snapshot that cannot be written is refused and not listed', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  const caller = createCaller(server)
  fs.writeFileSync(join(data, 'snapshots'), 'in the way')
  const answer = await caller.put('/_standin/snapshots/one')
  expect([answer.status, answer.reason]).toEqual([500, 'state.write-failed'])
  expect((await caller.get('/_standin/snapshots')).json()).toEqual({ snapshots: [] })
})

test('new fixtures replace users, credentials and references until the next change', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'a', kept: true, profile: 'strict' })
  const { resellerId: _, ...body } = { ...(creation('cryptlex').body as object), resellerId: '' }
  const fixtures = {
    cryptlex: {
      tokens: [{ token: 'other', scopes: ['reseller:user:create'] }],
      users: [
        { ...body, organizationId: null, email: 'first@example.test', resellerId: 'reseller-001' },
      ],
    },
  }
  await caller.create('mykaarma', {}, '/~a')
  const put = await caller.put('/~a/_standin/fixtures', fixtures)
  expect(put.json()).toMatchObject({ users: { mykaarma: 0, cryptlex: 1, formsonfire: 0 } })
  const [user] = await allUsers(caller, { base: '/~a' })
  expect(user!.email).toBe('first@example.test')
  expect((await caller.create('cryptlex', {}, '/~a')).status).toBe(401)
  expect((await caller.create('mykaarma', {}, '/~a')).status).toBe(200)
  await caller.post('/~a/_standin/reset')
  expect((await allUsers(caller, { base: '/~a' })).map(({ id }) => id)).toEqual([user!.id])
  await server.close()

  const next = createCaller(await createSandbox({ data }))
  expect((await next.create('cryptlex', {}, '/~a')).status).toBe(401)
  await next.post('/~a/_standin/reset')
  expect((await allUsers(next, { base: '/~a' })).map(({ id }) => id)).toEqual([user!.id])
  await next.put('/~a/_standin/fixtures', {})
  expect((await next.create('cryptlex', {}, '/~a')).status).toBe(201)
})

const person = (api: Api) => creation(api).body as object

test.each([
  [{ okta: {} }, /okta/],
  [{ cryptlex: { resellers: [{ id: '' }] } }, /^cryptlex\.resellers\[0\]\.id must have/],
  [{ cryptlex: { resellers: [{}] } }, /^cryptlex\.resellers\[0\]\.id is required/],
  [{ cryptlex: { tokens: [{ token: 'ä', scopes: [] }] } }, /^cryptlex\.tokens\[0\]\.token must be/],
  [
    { mykaarma: { subscribers: [{ username: 'a:b', password: '', scopes: [] }] } },
    /username must be/,
  ],
  [{ mykaarma: { dealers: {} } }, /^mykaarma\.dealers must be of type array/],
  [
    { formsonfire: { companies: [{ companyId: 'x', keys: [] }] } },
    /companies\[0\]\.companyId must be/,
  ],
  [{ cryptlex: { users: [{ resellerId: 'r' }] } }, /^cryptlex\.users\[0\]: .*is required/],
  [
    { formsonfire: { users: [person('formsonfire'), person('formsonfire')] } },
    /^formsonfire\.users\[1\]: .*already exists/,
  ],
  [
    { cryptlex: { users: [1, 2].map(() => ({ ...person('cryptlex'), resellerId: 'r' })) } },
    /^cryptlex\.users\[1\]: .*already exists/,
  ],
])(
  'invalid fixtures are refused with the path of the error, and nothing changes: %j',
  async (fixtures, detail) => {
    const caller = createCaller(await createSandbox())
    for (const api of APIS) await caller.create(api)
    const before = (await caller.get('/_standin/state')).text
    const answer = await caller.put('/_standin/fixtures', fixtures)
    expect(answer.status).toBe(400)
    expect(answer.json<{ detail: string }>().detail).toMatch(detail)
    expect((await caller.get('/_standin/state')).text).toBe(before)
    for (const api of APIS) {
      expect((await caller.create(api, named(api, 'new'))).status).toBeLessThan(300)
    }
  },
)

test('snapshots keep their order across a restart, however quickly they were saved', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  const names = Array.from({ length: 20 }, (_, i) => `snapshot-${(i * 7) % 20}`)
  await createCaller(server).put(`/_standin/snapshots/${names[0]}`)
  const [saved] = server.sandbox.snapshots.all
  // On a fast disk, many files get the same modification time.
  const { fsyncSync } = disk
  disk.fsyncSync = () => {}
  syncBuiltinESMExports()
  onTestFinished(() => {
    disk.fsyncSync = fsyncSync
    syncBuiltinESMExports()
  })
  for (const name of names) await server.sandbox.snapshots.save({ ...saved!, name })
  const after = createCaller(await createSandbox({ data: afterKill(data) }))
  const { snapshots } = (await after.get('/_standin/snapshots')).json<{
    snapshots: { name: string }[]
  }>()
  expect(snapshots.map(({ name }) => name)).toEqual(names)
})
