import { expect, test } from 'vitest'
import { createCaller, creation, type Caller } from '../../helpers/caller.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { arm, addressOf, sendRaw, cryptlex, formsonfire, mykaarma, xml } from './kit.ts'

interface Shown {
  readonly id: string
  readonly origin: string
  readonly fault: string
  readonly definition: Readonly<Record<string, unknown>>
  readonly live: boolean
  readonly eligible: number
  readonly fired: number
  readonly lastFiredAt?: string
  readonly nearestMiss?: { readonly requestId: string; readonly at: string; readonly why: string }
  readonly firings: readonly {
    readonly requestId: string
    readonly at: string
    readonly about?: string
    readonly next: string
  }[]
}

const NOON = '2026-01-15T12:00:00.000Z'
const held = { clock: Date.parse(NOON) }

async function list(caller: Caller, query = ''): Promise<readonly Shown[]> {
  const answer = await caller.get(`/_standin/faults${query}`)
  expect(answer.status, answer.text).toBe(200)
  return answer.json<{ faults: Shown[] }>().faults
}

async function explained(caller: Caller, id: string): Promise<string> {
  return (await caller.get(`/_standin/requests/${id}/explain?format=text`)).text.replaceAll(
    /\s+/g,
    ' ',
  )
}

const later = (caller: Caller, by: string) => caller.post('/_standin/clock/advance', { by })

test('a fault reports when it last fired, and for which request', async () => {
  const server = await createSandbox(held)
  const caller = createCaller(server)
  await caller.post('/_standin/faults', { fault: '503;times=2', note: 'the outage of May' })
  expect((await list(caller))[0]).toMatchObject({
    id: 'fault-1',
    origin: 'admin',
    fault: '503;times=2',
    definition: { status: 503, times: 2, note: 'the outage of May' },
    armedAt: NOON,
    live: true,
    eligible: 0,
    fired: 0,
    firings: [],
  })
  await caller.create('cryptlex', { email: 'ada@example.test' })
  await later(caller, '1500ms')
  const answer = await caller.create('cryptlex', { email: 'Ada@example.test' })
  const [shown] = await list(caller)
  expect(shown).toMatchObject({
    live: false,
    eligible: 2,
    fired: 2,
    lastFiredAt: '2026-01-15T12:00:01.500Z',
    firings: [
      { at: NOON, about: 'ada@example.test', next: 'retried after 1500 ms' },
      {
        requestId: answer.header('Standin-Request-Id'),
        at: '2026-01-15T12:00:01.500Z',
        about: 'ada@example.test',
        next: 'nothing yet',
      },
    ],
  })
  expect((await caller.get('/_standin/faults/fault-1')).json()).toEqual(shown)
})

test('the next action after a firing is that of the client with the same credentials', async () => {
  const server = await createSandbox(held)
  const caller = createCaller(server)
  arm(server, '500;times=4')
  const send = (email: string, token = 'standin-token') => {
    const { headers, ...rest } = creation('cryptlex', { email })
    return caller.send({ ...rest, headers: { ...headers, Authorization: `Bearer ${token}` } })
  }
  await send('a@example.test', 'one')
  await send('b@example.test', 'two')
  await send('c@example.test')
  await send('d@example.test', 'four')
  await later(caller, '250ms')
  await send('a@example.test', 'one') // refused: a retry
  await later(caller, '250ms')
  await send('c@example.test') // created
  await send('else@example.test', 'two')
  const [shown] = await list(caller)
  expect(shown!.firings.map(({ about, next }) => [about, next])).toEqual([
    ['a@example.test', 'retried after 250 ms'],
    ['b@example.test', 'went on after 500 ms'],
    ['c@example.test', 're-created after 500 ms'],
    ['d@example.test', 'nothing yet'],
  ])
})

test('clients with credentials in the body, or without any, are distinguished too', async () => {
  const server = await createSandbox(held)
  const caller = createCaller(server)
  arm(server, { status: 500, times: 1, api: 'formsonfire' })
  arm(server, { status: 500, times: 1, api: 'mykaarma' })
  await sendRaw(server, formsonfire, { name: 'a' })
  await sendRaw(server, mykaarma, { name: 'b', headers: { Authorization: '' } })
  await sendRaw(server, formsonfire, { name: 'a' })
  await sendRaw(server, mykaarma, { name: 'b', headers: { Authorization: '' } })
  const next = (await list(caller)).flatMap(({ firings }) => firings.map((one) => one.next))
  expect(next).toEqual(['re-created after 0 ms', 'retried after 0 ms'])
})

test('only the newest firings are kept', async () => {
  const server = await createSandbox(held)
  const caller = createCaller(server)
  arm(server, '500')
  for (let i = 0; i < 50; i++) await caller.create('cryptlex', { email: `m${i}@example.test` })
  const [shown] = await list(caller)
  expect([shown!.fired, shown!.firings.length]).toEqual([50, 20])
  expect(shown!.firings.at(-1)!.about).toBe('m49@example.test')
})

test.each<[object, string]>([
  [{ api: 'mykaarma' }, 'api is "cryptlex", not "mykaarma"'],
  [
    { operation: 'createUserForPartner' },
    'operation is "createResellerUser", not "createUserForPartner"',
  ],
  [
    { match: { params: { resellerId: 'reseller-002' } } },
    'params.resellerId is "reseller-001", not "reseller-002"',
  ],
  [{ match: { query: { debug: 'true' } } }, 'query.debug is absent, not "true"'],
  [{ match: { headers: { 'X-Tenant': 'b' } } }, 'headers.x-tenant is "a", not "b"'],
  [{ match: { headers: { 'X-None': 'b' } } }, 'headers.x-none is absent, not "b"'],
  [
    { match: { headers: { Authorization: 'x' } } },
    'headers.authorization is [redacted], not another secret',
  ],
  [
    { match: { credential: 'other-token' } },
    'credential is [redacted], [redacted], not another secret',
  ],
  [
    { match: { fields: { email: '/^grace@/i' } } },
    'fields.email is "ada@example.test", not a match for /^grace@/i',
  ],
  [
    { match: { fields: { email: { exists: false } } } },
    'fields.email is "ada@example.test", not absent',
  ],
  [{ match: { fields: { '$.lastName': 'Hopper' } } }, 'fields.$.lastName is "Byron", not "Hopper"'],
  [{ match: { fields: { middleName: 'x' } } }, 'fields.middleName is absent, not "x"'],
  [{ match: { fields: { password: 'x' } } }, 'fields.password is [redacted], not another secret'],
  [
    { match: { fields: { allowCustomerPortalAccess: false } } },
    'fields.allowCustomerPortalAccess is true, not false',
  ],
  [{ skip: 1 }, 'skip is 1, and this was matching request 1'],
  [{ every: 2 }, 'every is 2, and this was matching request 1'],
  [{ probability: 0 }, 'probability is 0, and the draw decided against it'],
  [{ sequence: ['pass', 'fail'] }, 'step 1 of its sequence is pass'],
  [{ from: '2026-01-15T12:00:01Z' }, 'it does not fire before 2026-01-15T12:00:01.000Z'],
])('%j does not fire: %s', async (how, why) => {
  const caller = createCaller(await createSandbox(held))
  const armed = await caller.post('/_standin/faults', { status: 500, ...how })
  expect(armed.status, armed.text).toBe(201)
  const { headers, ...rest } = creation('cryptlex')
  const answer = await caller.send({ ...rest, headers: { ...headers, 'X-Tenant': 'a' } })
  expect(answer.status).toBe(201)
  const [shown] = await list(caller, '?unfired=true')
  expect(shown).toMatchObject({
    fired: 0,
    nearestMiss: { requestId: answer.header('Standin-Request-Id'), at: NOON, why },
  })
})

test('the nearest miss is the request that matched the most conditions', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  arm(server, {
    status: 500,
    api: 'cryptlex',
    match: { fields: { firstName: 'Ada', lastName: 'Hopper' } },
  })
  await caller.create('cryptlex', { firstName: 'Alan', email: 'a@example.test' })
  expect((await list(caller))[0]!.nearestMiss!.why).toContain('firstName is "Alan"')
  await caller.create('cryptlex', { email: 'b@example.test' })
  expect((await list(caller))[0]!.nearestMiss!.why).toContain('lastName is "Byron"')
  await caller.create('mykaarma')
  await caller.create('cryptlex', { firstName: 'Alan', email: 'c@example.test' })
  expect((await list(caller))[0]!.nearestMiss!.why).toContain('lastName is "Byron"')
})

test('a fault that comes after another reports which one fired for its requests', async () => {
  const server = await createSandbox(held)
  const caller = createCaller(server)
  const armed = [
    '500;times=3', // fires
    '401', // fits as well, and comes later
    '403;api=mykaarma', // does not fit
    '409;after=validation', // would come at a later stage
    'delay=1ms;after=auth;skip=1', // would spare the request, which it never saw
  ]
  for (const fault of armed) arm(server, fault)
  const answer = await caller.create('cryptlex')
  expect(answer.header('Standin-Fault')).toBe('fault-1')
  const unfired = await list(caller, '?unfired=true')
  const requestId = answer.header('Standin-Request-Id')
  const why = 'fault-1 (500;times=3) fired first'
  expect(unfired.map((one) => one.nearestMiss)).toEqual([
    { requestId, at: NOON, why },
    { requestId, at: NOON, why: 'api is "cryptlex", not "mykaarma"' },
    { requestId, at: NOON, why },
    { requestId, at: NOON, why },
  ])
  // None of them counted the request.
  expect(unfired.map(({ eligible }) => eligible)).toEqual([0, 0, 0, 0])
  expect(await explained(caller, requestId!)).toContain(`fault-2: did not fire: ${why}`)
})

test('armed faults of all stages report a requested fault that fired first', async () => {
  const server = await createSandbox(held)
  const caller = createCaller(server)
  for (const fault of ['401', '403;after=commit']) arm(server, fault)
  const { headers, ...rest } = creation('cryptlex')
  const requested = { ...headers, 'Standin-Fault': '500;after=validation' }
  expect((await caller.send({ ...rest, headers: requested })).status).toBe(500)
  const why = 'header-1 (500;after=validation) fired first'
  const unfired = await list(caller, '?unfired=true')
  expect(unfired.map(({ nearestMiss }) => nearestMiss?.why)).toEqual([why, why])
})

test('a fault reports that the duplicate of a lost user was refused first', async () => {
  const server = await createSandbox(held)
  const caller = createCaller(server)
  arm(server, '409;after=validation;skip=1')
  arm(server, 'lost-then-duplicate;times=1')
  await caller.create('cryptlex')
  expect((await caller.create('cryptlex')).header('Standin-Fault')).toBe('fault-2')
  const [hidden] = await list(caller, '?unfired=true')
  expect(hidden!.nearestMiss!.why).toBe('fault-2 (lost-then-duplicate;times=1) fired first')
})

test('?unfired=true lists exactly the faults that never fired', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (const fault of ['500;times=1', '401;skip=9', '403;api=mykaarma']) arm(server, fault)
  await caller.create('cryptlex')
  const ids = async (query: string) => (await list(caller, query)).map(({ id }) => id)
  expect(await ids('?unfired=true')).toEqual(['fault-2', 'fault-3'])
  expect(await ids('?unfired=false')).toEqual(['fault-1', 'fault-2', 'fault-3'])
  expect(await ids('')).toEqual(['fault-1', 'fault-2', 'fault-3'])
  for (const query of ['?unfired=maybe', '?unfird=true', '?unfired=']) {
    const answer = await caller.get(`/_standin/faults${query}`)
    expect([answer.status, answer.reason]).toEqual([400, 'query.invalid'])
  }
})

test('secrets in a match are not listed', async () => {
  const caller = createCaller(await createSandbox())
  const secret = 'hunter2-Secret'
  const names = ['Authorization', 'Cookie', 'X-Api-Key', 'X-Token', 'X-Secret', 'X-Password']
  const armed = await caller.post('/_standin/faults', {
    status: 500,
    match: {
      credential: secret,
      headers: Object.fromEntries(names.map((name) => [name, secret])),
      query: { IntegrationKey: secret, format: 'json' },
      fields: { password: secret, IntegrationKey: secret, email: 'ada@example.test' },
      params: { resellerId: 'reseller-001' },
    },
  })
  expect(armed.status, armed.text).toBe(201)
  await caller.create('cryptlex', { password: `${secret}-2` })
  for (const text of [armed.text, (await caller.get('/_standin/faults')).text]) {
    expect(text).not.toContain(secret)
    expect(text).toContain('"format":"json"')
    expect(text).toContain('"email":"ada@example.test"')
    expect(text).toContain('"resellerId":"reseller-001"')
  }
})

test('secrets in a match are compared in full', async () => {
  const server = await createSandbox()
  arm(server, {
    status: 409,
    match: { credential: 'standin-token', fields: { password: 'analytical-engine-1' } },
  })
  const token = 'x'.repeat(2000)
  arm(server, { status: 410, match: { credential: token } })
  expect((await sendRaw(server, cryptlex, { name: addressOf('a') })).status).toBe(409)
  const headers = { Authorization: `Bearer ${token}` }
  expect((await sendRaw(server, cryptlex, { headers })).status).toBe(410)
})

test('a client that gets a fault twice is reported to have retried', async () => {
  const server = await createSandbox()
  for (const fault of ['500;times=2', 'reset;times=2']) {
    const armed = arm(server, fault)
    const name = fault.replace(/\W.*/, '')
    for (let i = 0; i < 3; i++) await sendRaw(server, mykaarma, { name })
    expect(armed.firings.map(({ next }) => next?.action)).toEqual(['retried', 're-created'])
  }
})

test('a fault reports why it did not fire for a matching request', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/faults', '{"fault":"500;skip=5"}')
  await caller.post('/_standin/faults', '{"fault":"500;probability=0"}')
  await caller.create('cryptlex')
  const { faults } = (await caller.get('/_standin/faults?unfired=true')).json<{
    faults: { nearestMiss?: { why: string } }[]
  }>()
  expect(faults.map(({ nearestMiss }) => nearestMiss?.why)).toEqual([
    'skip is 5, and this was matching request 1',
    'probability is 0, and the draw decided against it',
  ])
})

test('the nearest miss holds no secret of its request', async () => {
  const server = await createSandbox()
  const secret = 'is-a-Secret-1'
  for (const match of [
    { fields: { '$.inner': 'x' } },
    { headers: { 'Proxy-Authorization': 'x' } },
    { headers: { 'X-Password': 'x' } },
    { headers: { 'X-Session': 'x' } },
  ]) {
    arm(server, { status: 500, match })
  }
  await sendRaw(server, cryptlex, {
    body: JSON.stringify({ inner: { secret }, password: secret, email: 'ada@example.test' }),
    headers: { 'Proxy-Authorization': secret, 'X-Password': secret, 'X-Session': secret },
  })
  await sendRaw(server, cryptlex, { body: JSON.stringify({ password: secret }) })
  const shown = (await createCaller(server).get('/_standin/faults')).text
  expect(shown).toContain('nearestMiss')
  expect(shown).not.toContain(secret)
})

test('a fault that changed nothing withdraws its own firing, not another one', async () => {
  const server = await createSandbox()
  const armed = arm(server, { body: 'xml-cdata', after: 'commit' })
  const slow = arm(server, { delay: '30ms', times: 1, after: 'commit', api: 'mykaarma' })
  expect(slow.id).toBe('fault-2')
  const answer = await sendRaw(server, xml, { name: 'ada' })
  expect(String(answer.body)).toContain('CDATA')
  const missed = await sendRaw(server, mykaarma, { name: 'grace' })
  expect(missed.headers['standin-fault']).toBeUndefined()
  expect(armed.firings.map(({ user }) => user)).toEqual(['ada@example.test'])
  expect([armed.fired, armed.eligible]).toEqual([1, 2])
})
