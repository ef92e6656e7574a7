import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import {
  allUsers,
  APIS,
  createCaller,
  CREATED,
  creation,
  idIn,
  named,
  type Api,
  type Answer,
} from '../helpers/caller.ts'
import { requestsOf } from '../helpers/requests.ts'
import { afterKill, createFolder, createSandbox, CRYPTLEX } from '../helpers/sandbox.ts'
import { bestOf, eventually, spentOn } from '../helpers/time.ts'

interface Described {
  readonly name: string
  readonly prefix: string
  readonly seed: number
  readonly profile: string
  readonly kept: boolean
  readonly createdAt: string
  readonly expiresAt?: string
  readonly users: Readonly<Record<Api, number>>
}

const names = (answer: Answer) =>
  answer.json<{ sandboxes: Described[] }>().sandboxes.map(({ name }) => name)

afterEach(() => {
  vi.useRealTimers()
})

test.each(APIS)('%s: path, header and host each lead to the sandbox, no other', async (api) => {
  const server = await createSandbox()
  const caller = createCaller(server)
  expect((await caller.post('/_standin/sandboxes', { name: 'checkout-42' })).status).toBe(201)
  const good = creation(api, named(api, 'ada'))
  const status = CREATED[api]

  expect((await caller.send({ ...good, path: `/~checkout-42${good.path}` })).status).toBe(status)
  const duplicates = [
    { 'Standin-Sandbox': 'checkout-42' },
    { Host: 'checkout-42.localhost:4020' },
    { Host: 'Checkout-42.LOCALHOST' },
  ]
  for (const headers of duplicates) {
    const answer = await caller.send({ ...good, headers: { ...good.headers, ...headers } })
    expect(answer.reason, JSON.stringify(headers)).toBe('user.duplicate')
  }
  expect((await caller.send(good)).status, 'default has no ada yet').toBe(status)
  expect((await caller.send({ ...good, path: `/~default${good.path}` })).reason).toBe(
    'user.duplicate',
  )
  const own = (await caller.get('/~checkout-42/_standin/sandboxes/checkout-42')).json<Described>()
  expect(own.users[api]).toBe(1)
})

test('the path wins over the header, and the header over the host', async () => {
  const caller = createCaller(await createSandbox({ allowedHosts: ['*.example.test'] }))
  for (const name of ['by-path', 'by-header', 'by-host']) {
    await caller.post('/_standin/sandboxes', { name })
    await caller.create('cryptlex', named('cryptlex', name), `/~${name}`)
  }
  const seen = async (path: string, headers: Record<string, string>) =>
    (await caller.get(`${path}/_standin/users`, headers)).json<{ users: { email: string }[] }>()
      .users[0]?.email
  const header = { 'Standin-Sandbox': 'by-header' }
  const host = { Host: 'by-host.localhost:4020' }
  expect(await seen('/~by-path', { ...header, ...host })).toBe('by-path@example.test')
  expect(await seen('', { ...header, ...host })).toBe('by-header@example.test')
  expect(await seen('', host)).toBe('by-host@example.test')
  expect(await seen('', { 'Standin-Sandbox': '' })).toBeUndefined()
  expect(await seen('', { Host: 'by-host.example.test' })).toBeUndefined()
})

test.each([
  'checkout-42.localhost',
  'CHECKOUT-42.LocalHost:4020',
  'checkout-42.localhost.',
  'checkout-42.localhost.:4020',
  'api.checkout-42.localhost',
  'v3.api.checkout-42.localhost.:4020',
])('the host %s belongs to the sandbox checkout-42', async (host) => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/sandboxes', { name: 'checkout-42' })
  const { body, headers } = creation('cryptlex')
  expect((await caller.post(CRYPTLEX, body, { ...headers, Host: host })).status).toBe(201)
  expect((await caller.get('/~checkout-42/_standin/users')).json()).toMatchObject({ total: 1 })
  expect((await caller.get('/_standin/users')).json()).toMatchObject({ total: 0 })
})

test.each(['/%7Echeckout-42', '/%7echeckout-42', '/~checkout%2D42', '/%7E%63heckout%2d%34%32'])(
  '%s is the sandbox /~checkout-42: an escaped letter, digit or one of -._~ is the character itself',
  async (base) => {
    const caller = createCaller(await createSandbox())
    await caller.post('/_standin/sandboxes', { name: 'checkout-42' })
    for (const api of APIS) {
      const answer = await caller.create(api, named(api, 'ada'), base)
      expect([answer.status, answer.reason]).toEqual([CREATED[api], undefined])
      if (api === 'cryptlex') expect(answer.header('Location')).toMatch(/^\/~checkout-42\/v3\//)
    }
    await caller.post(`${base}/v3/resellers/reseller-001/%75serss`, {})
    await caller.get(`${base}/_standin/nothing`)
    const { requests } = await requestsOf(caller, '', '/~checkout-42')
    expect(requests.map(({ path }) => path.startsWith(`${base}/`))).toEqual(Array(4).fill(true))
    const { hints } = requests[3] as unknown as { hints: { text: string }[] }
    expect(hints[0]!.text).toContain('POST /~checkout-42/v3/resellers/reseller-001/users:')
    const { text } = await caller.get(`${base}/_standin/requests/req-2/explain`)
    expect(text).toContain('createResellerUser')
    expect((await caller.get('/_standin/users')).json()).toMatchObject({ total: 0 })
  },
)

test.each([
  '/v3/resellers/reseller-001/%75sers',
  '/v%33/resellers/reseller%2D001/users',
  '/%763/resellers/reseller-001/%75%73%65%72%73?a=%41',
])('%s is the operation that it names, to filters too', async (path) => {
  const caller = createCaller(await createSandbox())
  const { body, headers } = creation('cryptlex')
  expect((await caller.post(path, body, headers)).status).toBe(201)
  const { requests } = await requestsOf(caller, 'operation=createResellerUser')
  expect(`${requests[0]!.path}${path.includes('?') ? '?a=%41' : ''}`).toBe(path)
  const expectations = [{ path: CRYPTLEX, count: { exactly: 1 } }]
  expect((await caller.post('/_standin/verify', { expectations })).json()).toMatchObject({
    passed: true,
  })
})

test.each([
  '/v3/resellers%2Freseller-001/users',
  '/v3/resellers/reseller-001/%2575sers',
  '/v3/resellers/reseller-001/%FFsers',
  '/%2F~checkout',
])(
  '%s is no other path: reserved characters and escaped escapes stay as they are',
  async (path) => {
    const caller = createCaller(await createSandbox())
    const { body, headers } = creation('cryptlex')
    expect((await caller.post(path, body, headers)).status).toBe(404)
  },
)

test.each([
  ['/~nope', {}],
  ['', { 'Standin-Sandbox': 'nope' }],
  ['', { Host: 'nope.localhost' }],
  ['', { Host: 'nope.localhost.' }],
  ['', { Host: 'default.nope.localhost:4020' }],
  ['/~Checkout', {}],
  ['/~', {}],
] as const)(
  'an unknown sandbox, by %j %j, is refused in the words of each vendor',
  async (base, headers) => {
    const caller = createCaller(await createSandbox())
    const send = (api: Api) => {
      const good = creation(api, {}, base)
      return caller.send({ ...good, headers: { ...good.headers, ...headers } })
    }
    const [mykaarma, cryptlex, formsonfire] = await Promise.all(APIS.map(send))
    expect(mykaarma!.status).toBe(404)
    expect(mykaarma!.json()).toMatchObject({
      errors: [
        {
          errorTitle: 'NOT_FOUND',
          errorMessage: expect.stringMatching('There is no sandbox') as string,
        },
      ],
    })
    expect(cryptlex!.status).toBe(404)
    expect(cryptlex!.json()).toMatchObject({ code: 'NOT_FOUND' })
    // Forms On Fire knows no 404.
    expect(formsonfire!.status).toBe(405)
    expect(formsonfire!.text).toMatch(/^<\?xml .*<ErrorCode>NotSupportedException<.*no sandbox/)
    const own = await caller.get(`${base}/_standin/health`, headers)
    expect(own.status).toBe(404)
    expect(own.header('Content-Type')).toMatch(/^application\/problem\+json/)
    for (const answer of [mykaarma, cryptlex, formsonfire, own]) {
      expect(answer!.reason).toBe('sandbox.unknown')
    }
  },
)

test('requests for an unknown sandbox change nothing in default, identifiers and limits included', async () => {
  const settings = { clock: Date.parse('2026-01-15T09:30:00Z') }
  const heads = async (strangers: number) => {
    const caller = createCaller(await createSandbox(settings))
    for (let i = 0; i < strangers; i++)
      for (const api of APIS) await caller.create(api, {}, '/~nope')
    const answers = []
    for (const api of APIS) {
      answers.push(await caller.create(api, {}), await caller.create(api, {}))
    }
    return answers.map(({ head, text }) => head + text)
  }
  expect(await heads(60)).toEqual(await heads(0))
})

test('default cannot be removed', async () => {
  const caller = createCaller(await createSandbox())
  const answer = await caller.delete('/_standin/sandboxes/default')
  expect([answer.status, answer.reason]).toEqual([409, 'sandbox.default'])
  expect((await caller.get('/_standin/health')).status).toBe(200)
})

test.each(['', '-a', 'a-', 'A', 'a_b', 'a.b', 'ä', '..', 'a/b', 'a'.repeat(64), 7, null])(
  'a sandbox cannot be called %j',
  async (name) => {
    const caller = createCaller(await createSandbox())
    const answer = await caller.post('/_standin/sandboxes', { name })
    expect([answer.status, answer.reason]).toEqual([400, 'body.invalid'])
    expect(answer.json()).toMatchObject({ detail: expect.stringMatching(/^name must /) as string })
    expect(names(await caller.get('/_standin/sandboxes'))).toEqual(['default'])
  },
)

test.each(['a', '0', 'a-b', 'a'.repeat(63)])('a sandbox can be named %s', async (name) => {
  const caller = createCaller(await createSandbox())
  const answer = await caller.post('/_standin/sandboxes', { name })
  expect(answer.status).toBe(201)
  expect(answer.header('Location')).toBe(`/~${name}`)
  expect((await caller.get(`/~${name}/_standin/health`)).status).toBe(200)
})

test('a sandbox without a name gets a free one, with and without a body', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/sandboxes', { name: 'sandbox-2' })
  const answers = [
    await caller.post('/_standin/sandboxes'),
    await caller.post('/_standin/sandboxes', {}),
    await caller.post('/_standin/sandboxes', '', { 'Content-Type': 'application/json' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
  expect(answers.map((answer) => answer.json<Described>().name)).toEqual([
    'sandbox-1',
    'sandbox-3',
    'sandbox-4',
  ])
})

test('a name in use is refused, and its sandbox does not change', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/sandboxes', { name: 'a', seed: 7 })
  await caller.create('cryptlex', {}, '/~a')
  for (const name of ['a', 'default']) {
    const again = await caller.post('/_standin/sandboxes', { name, seed: 8 })
    expect([again.status, again.reason]).toEqual([409, 'sandbox.exists'])
  }
  const { seed, users } = (await caller.get('/_standin/sandboxes/a')).json<Described>()
  expect({ seed, users: users.cryptlex }).toEqual({ seed: 7, users: 1 })
})

test('of parallel requests for one name one creates the sandbox, kept or not', async () => {
  const server = await createSandbox({ data: createFolder() })
  for (const kept of [true, false]) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        createCaller(server).post('/_standin/sandboxes', { name: `kept-${kept}`, kept }),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    for (const { status, reason } of answers.filter((answer) => answer.status !== 201)) {
      expect(status).toBe(409)
      expect(reason).toMatch(/^sandbox\.(busy|exists)$/)
    }
  }
  expect(names(await createCaller(server).get('/_standin/sandboxes'))).toHaveLength(3)
})

test('a vendor’s API never answers 409 for a sandbox that is being created', async () => {
  const server = await createSandbox({ data: createFolder(), autoSandboxes: true })
  const creating = createCaller(server).post('/_standin/sandboxes', { name: 'slow', kept: true })
  const answers = await Promise.all(
    APIS.map((api) => createCaller(server).create(api, {}, '/~slow')),
  )
  expect((await creating).status).toBe(201)
  for (const answer of answers) {
    if (answer.status >= 400) {
      expect([404, 405]).toContain(answer.status)
      expect(answer.reason).toBe('sandbox.busy')
    }
  }
})

test('the thousandth sandbox is the last one, by POST and by first use', async () => {
  const caller = createCaller(await createSandbox({ autoSandboxes: true }))
  for (let i = 1; i < 1000; i++) {
    if ((await caller.get(`/~s${i}/_standin/health`)).status !== 200) throw new Error(`at ${i}`)
  }
  const answer = await caller.post('/_standin/sandboxes')
  expect([answer.status, answer.reason]).toEqual([409, 'sandboxes.too-many'])
  for (const api of APIS) {
    const refused = await caller.create(api, {}, '/~one-more')
    expect(refused.reason).toBe('sandboxes.too-many')
  }
  await caller.delete('/_standin/sandboxes/s1')
  expect((await caller.get('/~one-more/_standin/health')).status).toBe(200)
})

test('a sandbox has the settings of the request that created it', async () => {
  const caller = createCaller(await createSandbox({ seed: 5 }))
  const request = {
    name: 'strict',
    seed: 42,
    profile: 'documented,cryptlex=strict',
    clock: '2031-05-06T07:08:09Z',
    fixtures: { cryptlex: { resellers: [{ id: 'only' }] } },
  }
  const made = (await caller.post('/_standin/sandboxes', request)).json<Described>()
  expect(made).toMatchObject({
    name: 'strict',
    prefix: '/~strict',
    seed: 42,
    profile: 'documented,cryptlex=strict',
    kept: false,
    users: { mykaarma: 0, cryptlex: 0, formsonfire: 0 },
  })
  const refused = await caller.create('cryptlex', {}, '/~strict')
  expect([refused.status, refused.reason]).toEqual([404, 'reseller.unknown'])
  expect(refused.header('Date')).toBe('Tue, 06 May 2031 07:08:09 GMT')
  expect((await caller.create('mykaarma', {}, '/~strict')).status).toBe(200)
  const plain = (await caller.post('/_standin/sandboxes', { name: 'plain' })).json<Described>()
  expect(plain).toMatchObject({ seed: 5, profile: 'documented' })
})

test.each([
  [{ profile: 'lenient' }, /^profile must be documented or strict/],
  [{ profile: 'documented,okta=strict' }, /^profile must be/],
  [{ seed: -1 }, /^seed must be at least 0/],
  [{ seed: 4294967296 }, /^seed must be at most 4294967295/],
  [{ seed: 1.5 }, /^seed must be of type integer/],
  [{ clock: 'yesterday' }, /^clock must be a date-time/],
  [{ clock: '0000-01-01T00:00:00Z' }, /^0000-.* is not between the years 1970 and 9999/],
  [{ ttl: '10 minutes' }, /^ttl must be/],
  [{ ttl: '999999999999d' }, /^999999999999d from now is not between/],
  [{ colour: 'red' }, /^(colour|body)/],
  [{ fixtures: { okta: {} } }, /^fixtures/],
  [
    { fixtures: { cryptlex: { resellers: [{ id: '' }] } } },
    /^fixtures\.cryptlex\.resellers\[0\]\.id/,
  ],
  [
    { fixtures: { cryptlex: { users: [{ resellerId: 'r' }] } } },
    /^cryptlex\.users\[0\]: .*(email|firstName)/,
  ],
])('a sandbox cannot be created from %j', async (request, detail) => {
  const data = createFolder()
  const caller = createCaller(await createSandbox({ data }))
  for (const kept of [false, true]) {
    const answer = await caller.post('/_standin/sandboxes', { name: 'a', kept, ...request })
    expect(answer.status).toBe(400)
    expect(answer.json<{ detail: string }>().detail).toMatch(detail)
  }
  expect(names(await caller.get('/_standin/sandboxes'))).toEqual(['default'])
  expect(fs.existsSync(join(data, 'sandboxes', 'a'))).toBe(false)
})

test('a sandbox is removed after its ttl without use, by the machine’s clock', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const caller = createCaller(await createSandbox())
  const request = { name: 'brief', ttl: '10m', clock: '2020-01-01T00:00:00Z' }
  const made = (await caller.post('/_standin/sandboxes', request)).json<Described>()
  expect(Date.parse(made.expiresAt!) - Date.now()).toBe(600_000)

  vi.setSystemTime(Date.now() + 599_999)
  // Reading it through another sandbox does not count as use, and its own clock does not matter.
  expect((await caller.get('/_standin/sandboxes/brief')).json()).toEqual(made)
  expect((await caller.create('cryptlex', {}, '/~brief')).status).toBe(201)
  await caller.post('/~brief/_standin/clock/advance', { by: '5d' })
  vi.setSystemTime(Date.now() + 599_999)
  expect((await caller.create('mykaarma', {}, '/~brief')).status).toBe(200)

  vi.setSystemTime(Date.now() + 600_000)
  expect((await caller.create('mykaarma', {}, '/~brief')).reason).toBe('sandbox.unknown')
  expect((await caller.get('/_standin/sandboxes/brief')).status).toBe(404)
  expect(names(await caller.get('/_standin/sandboxes'))).toEqual(['default'])
  const again = await caller.post('/_standin/sandboxes', { name: 'brief' })
  expect(again.json<Described>().users.cryptlex).toBe(0)
})

test('an expired kept sandbox is removed with its folder, without any request, and does not come back', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const data = createFolder()
  const server = await createSandbox({ data, autoSandboxes: true })
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'brief', ttl: '1m', kept: true })
  const folder = join(data, 'sandboxes', 'brief')
  expect(fs.existsSync(folder)).toBe(true)
  vi.setSystemTime(Date.now() + 60_000)
  await expect.poll(() => fs.existsSync(folder)).toBe(false)
  // The name is free, so --auto-sandboxes creates a new sandbox with it, in memory.
  await eventually(async () =>
    expect((await caller.create('cryptlex', {}, '/~brief')).status).toBe(201),
  )
  await server.close()
  const next = createCaller(await createSandbox({ data }))
  expect(names(await next.get('/_standin/sandboxes'))).toEqual(['default'])
})

test('a request for an expired kept sandbox never gets another one', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const data = createFolder()
  const caller = createCaller(await createSandbox({ data, autoSandboxes: true }))
  await caller.post('/_standin/sandboxes', { name: 'brief', ttl: '1m', kept: true })
  await caller.create('cryptlex', {}, '/~brief')
  vi.setSystemTime(Date.now() + 60_000)
  // Refused while its folder is removed, then created again, in memory.
  await eventually(async () =>
    expect((await caller.create('cryptlex', {}, '/~brief')).status).toBe(201),
  )
  expect((await caller.get('/_standin/sandboxes/brief')).json()).toMatchObject({
    kept: false,
    users: { cryptlex: 1 },
  })
  expect(fs.existsSync(join(data, 'sandboxes', 'brief'))).toBe(false)
})

test.each(['closed', 'killed'])(
  'a kept sandbox survives a server that was %s: settings, users, clock, snapshots, fixtures',
  async (how) => {
    const data = createFolder()
    const server = await createSandbox({ data })
    const caller = createCaller(server)
    await caller.post('/_standin/sandboxes', { name: 'in-memory' })
    const request = { name: 'zebra', seed: 42, profile: 'strict', ttl: '5h', kept: true }
    await caller.post('/_standin/sandboxes', {
      ...request,
      fixtures: { cryptlex: { resellers: [{ id: 'only' }], roles: ['user'] } },
    })
    const path = '/~zebra/v3/resellers/only/users'
    const create = (name: string) => ({
      ...creation('cryptlex', { ...named('cryptlex', name), organizationId: null }),
      path,
    })
    const first = await caller.send(create('ada'))
    expect(first.status, first.text).toBe(201)
    await caller.put('/~zebra/_standin/snapshots/z-first')
    await caller.send(create('grace'))
    await caller.put('/~zebra/_standin/snapshots/a-second')
    await caller.put('/~zebra/_standin/clock', { now: '2030-01-01T00:00:00Z', held: true })
    // Another, made later, whose name comes first.
    await caller.post('/_standin/sandboxes', { name: 'ant', kept: true })
    const before = {
      sandboxes: (await caller.get('/_standin/sandboxes')).json<{ sandboxes: Described[] }>()
        .sandboxes,
      state: (await caller.get('/~zebra/_standin/state')).json(),
      snapshots: (await caller.get('/~zebra/_standin/snapshots')).text,
    }
    expect(before.sandboxes.map(({ name }) => name)).toEqual([
      'default',
      'in-memory',
      'zebra',
      'ant',
    ])
    let folder = data
    if (how === 'closed') await server.close()
    else folder = afterKill(data)

    const next = createCaller(await createSandbox({ data: folder }))
    const after = (await next.get('/_standin/sandboxes')).json<{ sandboxes: Described[] }>()
    const shown = ({ expiresAt: _, ...rest }: Described) => rest
    expect(after.sandboxes.slice(1).map(shown)).toEqual(
      before.sandboxes.filter(({ kept, name }) => kept && name !== 'default').map(shown),
    )
    expect((await next.get('/~zebra/_standin/state')).json()).toEqual(before.state)
    expect((await next.get('/~zebra/_standin/snapshots')).text).toBe(before.snapshots)
    expect((await next.get('/~zebra/_standin/clock')).json()).toEqual({
      now: '2030-01-01T00:00:00.000Z',
      held: true,
    })
    expect((await next.send(create('ADA'))).reason).toBe('user.duplicate')
    expect((await next.create('cryptlex', {}, '/~zebra')).reason).toBe('reseller.unknown')
    expect((await next.post('/~zebra/_standin/snapshots/z-first/restore')).json()).toMatchObject({
      users: { cryptlex: 1 },
    })
    expect((await next.send(create('grace'))).status).toBe(201)
  },
)

test('a restart does not change the next generated values of a kept sandbox', async () => {
  const ids = async (restart: boolean) => {
    const data = createFolder()
    let server = await createSandbox({ data })
    const made = { name: 'a', kept: true, seed: 3 }
    await createCaller(server).post('/_standin/sandboxes', made)
    const found: string[] = []
    for (let i = 0; i < 6; i++) {
      if (restart && i % 2 === 0) {
        await server.close()
        server = await createSandbox({ data })
      }
      for (const api of APIS) {
        const answer = await createCaller(server).create(api, named(api, `user-${i}`), '/~a')
        found.push(idIn(api, answer))
      }
    }
    return found
  }
  const straight = await ids(false)
  expect(new Set(straight).size).toBe(18)
  expect(await ids(true)).toEqual(straight)
})

test('--auto-sandboxes: twenty parallel first requests create one sandbox', async () => {
  const server = await createSandbox({ autoSandboxes: true })
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => createCaller(server).create('cryptlex', {}, '/~fresh')),
  )
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 201)).toHaveLength(1)
  expect(statuses.filter((status) => status === 409)).toHaveLength(19)
  expect(names(await createCaller(server).get('/_standin/sandboxes'))).toEqual(['default', 'fresh'])
})

test('--auto-sandboxes creates none for an invalid name', async () => {
  const caller = createCaller(await createSandbox({ autoSandboxes: true }))
  for (const name of ['UPPER', 'a_b', '-a', 'a'.repeat(64)]) {
    for (const api of APIS) {
      expect((await caller.create(api, {}, `/~${name}`)).reason).toBe('sandbox.name')
    }
    expect((await caller.get('/_standin/health', { 'Standin-Sandbox': name })).reason).toBe(
      'sandbox.name',
    )
  }
  expect(names(await caller.get('/_standin/sandboxes'))).toEqual(['default'])
})

test('a server with --memory refuses to keep a sandbox', async () => {
  const caller = createCaller(await createSandbox({ memory: true }))
  const answer = await caller.post('/_standin/sandboxes', { name: 'a', kept: true })
  expect([answer.status, answer.reason]).toEqual([409, 'sandbox.not-kept'])
  expect(names(await caller.get('/_standin/sandboxes'))).toEqual(['default'])
})

test('the Location of a created user has the prefix of the request', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/sandboxes', { name: 'a' })
  const through = await caller.create('cryptlex', named('cryptlex', 'x'), '/~a')
  expect(through.header('Location')).toBe(
    `/~a/v3/resellers/reseller-001/users/${idIn('cryptlex', through)}`,
  )
  const good = creation('cryptlex', named('cryptlex', 'y'))
  const headed = await caller.send({
    ...good,
    headers: { ...good.headers, 'Standin-Sandbox': 'a' },
  })
  expect(headed.header('Location')).toMatch(/^\/v3\/resellers\//)
})

test('creating a sandbox in memory takes less than 10 ms', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/sandboxes')
  const each = await bestOf(10, async () => {
    const spent = await spentOn(async () => {
      for (let i = 0; i < 200; i++) {
        if ((await caller.post('/_standin/sandboxes')).status !== 201) throw new Error(`at ${i}`)
      }
    })
    return spent / 200
  })
  console.log(`${each.toFixed(2)} ms for a sandbox`)
  expect(each).toBeLessThan(10)
})

test('a removed sandbox is gone with its folder; a new one of its name starts fresh', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'a', kept: true })
  await caller.create('cryptlex', {}, '/~a')
  await caller.put('/~a/_standin/snapshots/one')
  const gone = await caller.delete('/~a/_standin/sandboxes/a')
  expect(gone.status).toBe(200)
  expect(gone.json()).toMatchObject({ name: 'a', users: { cryptlex: 1 } })
  expect(fs.readdirSync(join(data, 'sandboxes'))).toEqual([])
  expect((await caller.create('cryptlex', {}, '/~a')).reason).toBe('sandbox.unknown')
  expect((await caller.delete('/_standin/sandboxes/a')).reason).toBe('sandbox.unknown')
  await caller.post('/_standin/sandboxes', { name: 'a', kept: true })
  expect(await allUsers(caller, { base: '/~a' })).toEqual([])
  expect((await caller.get('/~a/_standin/snapshots')).json()).toEqual({ snapshots: [] })
  await server.close()
  expect(server.logged).toEqual([])
})

test.each([
  ['{"name": ', /cannot be read/],
  ['', /cannot be read/],
  ['null', /it does not hold an object/],
  ['[]', /it does not hold an object/],
])('a sandbox.json that holds %j stops the start, with its path', async (text, why) => {
  const data = createFolder()
  const server = await createSandbox({ data })
  await createCaller(server).post('/_standin/sandboxes', { name: 'a', kept: true })
  await server.close()
  const file = join(data, 'sandboxes', 'a', 'sandbox.json')
  fs.writeFileSync(file, text)
  const start = createSandbox({ data })
  await expect(start).rejects.toThrow(why)
  await expect(start).rejects.toThrow(file)
  await expect(start).rejects.toThrow(/repair it, or remove its folder/)
  fs.rmSync(join(data, 'sandboxes', 'a'), { recursive: true })
  await createSandbox({ data })
})

test('the message for a kept sandbox that cannot be opened names it', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  await createCaller(server).post('/_standin/sandboxes', { name: 'a', kept: true })
  await server.close()
  fs.writeFileSync(join(data, 'sandboxes', 'a', 'sandbox.json'), '{"profile": "lenient"}')
  await expect(createSandbox({ data })).rejects.toThrow(
    /^The sandbox a in .*sandboxes\/a cannot be opened: profile must be documented or strict/,
  )
})

test('a snapshot that belongs to another sandbox is reported, also after a refused start', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  const caller = createCaller(server)
  for (const name of ['shop', 'till']) {
    await caller.post('/_standin/sandboxes', { name, kept: true })
    await caller.post(`/~${name}/_standin/seed`, { users: name.length, apis: ['cryptlex'] })
    await caller.put(`/~${name}/_standin/snapshots/monday`)
  }
  await server.close()
  const snapshotOf = (name: string) => join(data, 'sandboxes', name, 'snapshots', 'monday.json')
  fs.copyFileSync(snapshotOf('till'), snapshotOf('shop'))
  // A start that fails because of another sandbox must change nothing; otherwise the next start
  // could not report the loss.
  const state = join(data, 'sandboxes', 'till', 'state.json')
  const text = fs.readFileSync(state)
  fs.writeFileSync(state, '{"damaged')
  await expect(createSandbox({ data })).rejects.toThrow(state)
  fs.writeFileSync(state, text)
  const next = await createSandbox({ data })
  expect(next.logged.join()).toContain(
    `${snapshotOf('shop')} is not the snapshot that was saved last; it is used as it is`,
  )
  expect(next.logged.join()).not.toContain(snapshotOf('till'))
})

test('the next start removes the rest of a sandbox that was being created or removed during a kill', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  await createCaller(server).post('/_standin/sandboxes', { name: 'half-gone', kept: true })
  await server.close()
  const all = join(data, 'sandboxes')
  fs.renameSync(join(all, 'half-gone'), join(all, 'half-gone.going'))
  fs.rmSync(join(all, 'half-gone.going', 'sandbox.json'))
  fs.mkdirSync(join(all, 'never-made'))
  fs.mkdirSync(join(all, 'hardly-made'))
  fs.writeFileSync(join(all, 'hardly-made', 'sandbox.json.tmp'), '{"na')
  const next = createCaller(await createSandbox({ data }))
  expect(names(await next.get('/_standin/sandboxes'))).toEqual(['default'])
  expect(fs.readdirSync(all)).toEqual([])
  const again = await next.post('/_standin/sandboxes', { name: 'half-gone', kept: true })
  expect(again.status).toBe(201)
})

test('a start with unusable fixtures leaves no state behind', async () => {
  const data = createFolder()
  const users = (email: string) =>
    JSON.stringify({
      cryptlex: {
        users: [{ ...(creation('cryptlex').body as object), email, resellerId: 'reseller-001' }],
      },
    })
  await expect(createSandbox({ data, fixtures: users('no address') })).rejects.toThrow(
    /cryptlex\.users\[0\]: .*email/,
  )
  const server = await createSandbox({ data, fixtures: users('ada@example.test') })
  expect(await allUsers(createCaller(server))).toHaveLength(1)
})

test('a server that stops while sandboxes are created and removed leaves a usable folder', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  const work = Promise.allSettled(
    Array.from({ length: 12 }, async (_, i) => {
      const caller = createCaller(server)
      await caller.post('/_standin/sandboxes', { name: `s${i}`, kept: true })
      await caller.create('cryptlex', {}, `/~s${i}`)
      if (i % 2 === 0) await caller.delete(`/_standin/sandboxes/s${i}`)
    }),
  )
  const copies: string[] = []
  const watch = setInterval(() => {
    try {
      if (copies.length < 4) copies.push(afterKill(data))
    } catch {
      // The file was removed during the copy; the next copy replaces this one.
    }
  }, 5)
  onTestFinished(() => clearInterval(watch))
  await work
  clearInterval(watch)
  copies.push(afterKill(data))
  await server.close()
  for (const copy of copies) {
    const next = await createSandbox({ data: copy })
    expect(names(await createCaller(next).get('/_standin/sandboxes'))[0]).toBe('default')
    await next.close()
  }
})

test.each([
  ['damaged', (file: string) => fs.writeFileSync(file, '{"name":')],
  [
    'changed',
    (file: string) =>
      fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"seed": 1', '"seed": 2')),
  ],
  [
    'a folder',
    (file: string) => {
      fs.rmSync(file)
      fs.mkdirSync(file)
    },
  ],
  ['of another kind', (file: string) => fs.writeFileSync(file, '{"standin":{"format":1}}')],
])(
  'a sandbox.json that is %s stops the start; --recover puts this one sandbox aside',
  async (_, spoil) => {
    const data = createFolder()
    const server = await createSandbox({ data })
    const caller = createCaller(server)
    for (const name of ['bad', 'good']) {
      await caller.post('/_standin/sandboxes', { name, kept: true })
    }
    await server.close()
    spoil(join(data, 'sandboxes', 'bad', 'sandbox.json'))
    await expect(createSandbox({ data })).rejects.toThrow(
      /The sandbox bad in .*bad\/sandbox\.json cannot be read.*--recover/,
    )
    const next = await createSandbox({ data, recover: true })
    const { sandboxes } = (await createCaller(next).get('/_standin/sandboxes')).json<{
      sandboxes: { name: string }[]
    }>()
    expect(sandboxes.map(({ name }) => name)).toEqual(['default', 'good'])
    expect(next.logged.join()).toMatch(/it is now bad\.corrupt-\d+, and the others are started/)
  },
)

test('a kept sandbox that cannot be written is refused with state.write-failed', async () => {
  const data = createFolder()
  const server = await createSandbox({ data })
  fs.writeFileSync(join(data, 'sandboxes'), 'in the way')
  const answer = await createCaller(server).post('/_standin/sandboxes', { name: 'a', kept: true })
  expect([answer.status, answer.reason]).toEqual([500, 'state.write-failed'])
})

test('a server whose data folder is gone is not ready, and says why', async () => {
  const data = join(createFolder(), 'data')
  const server = await createSandbox({ data })
  const caller = createCaller(server)
  fs.renameSync(data, `${data}-moved`)
  await expect.poll(async () => (await caller.get('/_standin/ready')).status).toBe(503)
  const answer = await caller.get('/_standin/ready')
  expect(answer.reason).toBe('state.write-failed')
  expect(answer.text).toContain(`${data} is gone`)
  fs.renameSync(`${data}-moved`, data)
  await expect.poll(async () => (await caller.get('/_standin/ready')).status).toBe(200)
})
