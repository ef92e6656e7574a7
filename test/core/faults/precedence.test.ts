import { expect, test } from 'vitest'
import { createCaller } from '../../helpers/caller.ts'
import { endpoints, type Endpoint } from '../../helpers/raw-requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import {
  arm,
  addressOf,
  sendRaw,
  NAMES,
  faultOf,
  usersNamed,
  type RequestOptions,
  mykaarma,
} from './kit.ts'

const magic = (fault: string, i = 0) => `u${i}+fault.${fault.replaceAll(';', '/')}`

/** Options with credentials that this endpoint refuses. */
function unknown({ api, path }: Endpoint): RequestOptions {
  return api === 'formsonfire'
    ? { path: path.replace(/CompanyId=\d+/, 'CompanyId=9') }
    : { headers: { Authorization: 'nonsense' } }
}

test.each(endpoints)(
  'at $name a header takes precedence over a magic address, and that over armed faults',
  async (endpoint) => {
    const server = await createSandbox()
    arm(server, '501')
    arm(server, '405')
    const status = async (asked: RequestOptions) => (await sendRaw(server, endpoint, asked)).status
    expect(await status({ name: magic('403'), headers: { 'Standin-Fault': '401' } })).toBe(401)
    expect(await status({ name: magic('403'), headers: { Prefer: 'code=402' } })).toBe(402)
    const both = { 'Standin-Fault': '401', Prefer: 'code=402' }
    expect(await status({ name: magic('403'), headers: both })).toBe(401)
    expect(await status({ name: magic('403') })).toBe(403)
    expect(await status({ name: 'ada' })).toBe(501)
    expect(server.sandbox.faults.list().map(({ fired }) => fired)).toEqual([1, 0, 2, 1, 1])
  },
)

test('armed faults are tried in their order, and a changed one keeps its place', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (const status of [401, 403, 409]) await caller.post('/_standin/faults', { status, times: 1 })
  await caller.put('/_standin/faults/fault-2', { status: 404, times: 1 })
  const statuses = []
  for (let i = 0; i < 4; i++) statuses.push((await caller.create('mykaarma')).status)
  expect(statuses).toEqual([401, 404, 409, 200])
})

test.each(endpoints)(
  'at $name armed faults fire once a requested fault is used up',
  async (endpoint) => {
    const server = await createSandbox()
    arm(server, '501')
    const headers = { 'Standin-Fault': '401;times=1' }
    for (const asked of [{ name: 'ada', headers }, { name: magic('401;times=1') }]) {
      expect((await sendRaw(server, endpoint, asked)).status).toBe(401)
      expect((await sendRaw(server, endpoint, asked)).status).toBe(501)
    }
  },
)

test.each(endpoints)('at $name faults fire before credentials are checked', async (endpoint) => {
  const server = await createSandbox()
  const bad = unknown(endpoint)
  const answered = { ...bad, headers: { ...bad.headers, 'Standin-Fault': '409' } }
  expect((await sendRaw(server, endpoint, { name: 'a', ...answered })).status).toBe(409)
  expect((await sendRaw(server, endpoint, { ...bad, name: magic('409') })).status).toBe(409)
  expect((await sendRaw(server, endpoint, { ...bad, name: 'a' })).status).toBe(401)
  arm(server, { status: 410, match: { fields: { [NAMES[endpoint.api][0]]: addressOf('a') } } })
  expect((await sendRaw(server, endpoint, { ...bad, name: 'a' })).status).toBe(410)
  expect((await sendRaw(server, endpoint, { ...bad, name: 'b' })).status).toBe(401)
  // With after=auth it does not fire for wrong credentials.
  for (const after of ['auth', 'validation', 'commit']) {
    arm(server, { status: 411, after, times: 1 })
    expect((await sendRaw(server, endpoint, { ...bad, name: 'b' })).status).toBe(401)
    const magically = { ...bad, name: magic(`412;after=${after}`) }
    expect((await sendRaw(server, endpoint, magically)).status).toBe(401)
    expect((await sendRaw(server, endpoint, { name: 'b' })).status).toBe(411)
  }
})

test.each(endpoints)(
  'at $name faults fire before other refusals of the request',
  async (endpoint) => {
    const server = await createSandbox({ profile: { all: 'strict' } })
    const bodies = [
      '',
      endpoint.answers === 'xml' ? '<User>' : '{"a":',
      '[]',
      '"x"',
      'null',
      '\u0000',
    ]
    arm(server, { status: 410, times: bodies.length })
    for (const body of bodies) expect((await sendRaw(server, endpoint, { body })).status).toBe(410)
    for (const body of bodies) {
      const headers = { 'Standin-Fault': '409' }
      expect((await sendRaw(server, endpoint, { body, headers })).status).toBe(409)
    }
    for (const after of ['validation', 'commit']) {
      const armed = arm(server, { status: 411, after })
      for (const body of bodies.slice(0, 2)) {
        expect([400, 401]).toContain((await sendRaw(server, endpoint, { body })).status)
      }
      expect([armed.eligible, armed.fired]).toEqual([0, 0])
      server.sandbox.faults.remove(armed.id)
    }
  },
)

test.each(endpoints)(
  'at $name a fault fires only after the stages before its own have passed',
  async (endpoint) => {
    const server = await createSandbox()
    await sendRaw(server, endpoint, { name: 'taken' })
    const stages = ['commit', 'validation', 'auth', 'route']
    const faults = stages.map((after) => arm(server, { status: 409, after, times: 1 }))
    const fired = () => faults.map((one) => one.fired)
    const order = []
    // The operation refuses the duplicate, so nothing is committed.
    for (let i = 0; i < 4; i++) {
      const { headers } = await sendRaw(server, endpoint, { name: 'taken' })
      order.push(headers['standin-fault'])
    }
    expect(order).toEqual([faults[3]!.id, faults[2]!.id, faults[1]!.id, undefined])
    expect(fired()).toEqual([0, 1, 1, 1])
    const answer = await sendRaw(server, endpoint, { name: 'free' })
    expect(faultOf(server, answer)).toBe(faults[0])
    expect(usersNamed(server, endpoint, 'free')).toHaveLength(1)
  },
)

test('a fault belongs to one sandbox', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (const name of ['a', 'b']) await caller.post('/_standin/sandboxes', { name })
  await caller.post('/~a/_standin/faults', { status: 401 })
  expect((await caller.create('cryptlex', {}, '/~a')).status).toBe(401)
  expect((await caller.create('cryptlex', {}, '/~b')).status).toBe(201)
  expect((await caller.create('cryptlex')).status).toBe(201)
  const requested = { email: 'x+fault.500/times=1@example.test' }
  for (const base of ['', '/~b']) {
    expect((await caller.create('cryptlex', requested, base)).status).toBe(500)
    expect((await caller.create('cryptlex', requested, base)).status).toBe(201)
  }
  for (const [base, count] of [
    ['', 1],
    ['/~a', 1],
    ['/~b', 1],
  ] as const) {
    const { faults } = (await caller.get(`${base}/_standin/faults?all=true`)).json<{
      faults: unknown[]
    }>()
    expect(faults).toHaveLength(count)
  }
})

test("no fault fires at Standin's own API, an unknown path or an unknown sandbox", async () => {
  const server = await createSandbox({ faults: [{ fault: '500' }, { fault: 'reset' }] })
  const caller = createCaller(server)
  const headers = { 'Standin-Fault': '503', Prefer: 'code=403' }
  for (const path of ['/_standin/health', '/_standin/faults', '/_standin/users']) {
    const answer = await caller.get(path, headers)
    expect([answer.status, answer.header('Standin-Fault')]).toEqual([200, undefined])
  }
  for (const path of ['/nope', '/v3/nope', '/manage/v2', '/~nope/v3/resellers/r/users']) {
    const answer = await caller.post(path, { email: 'a+fault.500@example.test' }, headers)
    expect([path, answer.status, answer.header('Standin-Fault')]).toEqual([path, 404, undefined])
  }
  const put = await caller.put('/manage/v2/user/partner', {}, headers)
  expect([put.status, put.header('Standin-Fault')]).toEqual([405, undefined])
  const reset = await caller.post('/_standin/reset', undefined, headers)
  expect(reset.status).toBe(200)
})

test('clearing disarms all faults, and a reset arms the startup faults again', async () => {
  const server = await createSandbox({ faults: [{ fault: '501;times=1' }] })
  const caller = createCaller(server)
  const ids = async (query = '') => {
    const { faults } = (await caller.get(`/_standin/faults${query}`)).json<{
      faults: { id: string; fired: number }[]
    }>()
    return faults.map(({ id, fired }) => `${id} ${fired}`)
  }
  expect((await caller.create('cryptlex')).status).toBe(501)
  await caller.post('/_standin/faults', { status: 403 })
  await caller.create('cryptlex', { email: 'a+fault.404@example.test' })
  expect(await ids()).toEqual(['fault-1 1', 'fault-2 0'])
  expect(await ids('?all=true')).toEqual(['fault-1 1', 'fault-2 0', 'magic-1 1'])
  expect(await ids('?all=true&unfired=true')).toEqual(['fault-2 0'])
  const cleared = await caller.delete('/_standin/faults')
  expect(cleared.json<{ faults: unknown[] }>().faults).toHaveLength(2)
  expect(await ids('?all=true')).toEqual([])
  expect((await caller.create('cryptlex')).status).toBe(201)
  await caller.post('/_standin/reset')
  expect(await ids()).toEqual(['fault-1 0'])
  expect((await caller.create('cryptlex')).status).toBe(501)
  expect((await caller.create('cryptlex')).status).toBe(201)
  await caller.put('/_standin/faults', { faults: [{ fault: '409' }, { fault: '410' }] })
  expect((await caller.create('cryptlex')).status).toBe(409)
  const [first] = await ids()
  await caller.delete(`/_standin/faults/${first!.split(' ')[0]}`)
  expect((await caller.create('cryptlex')).status).toBe(410)
})

test('replacing with an invalid fault changes nothing', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.post('/_standin/faults', { status: 403 })
  const put = await caller.put('/_standin/faults', {
    faults: [{ fault: '409' }, { fault: 'nonsense' }],
  })
  expect([put.status, put.reason]).toEqual([400, 'fault.invalid'])
  expect(put.text).toContain('faults[1]')
  expect((await caller.create('cryptlex')).status).toBe(403)
})

test.each(endpoints)(
  'at $name magic addresses request no fault where they are switched off',
  async (endpoint) => {
    const server = await createSandbox({ magicFaults: false })
    for (const fault of ['500', 'reset', 'nonsense']) {
      const answer = await sendRaw(server, endpoint, { name: magic(fault) })
      expect([answer.status, answer.headers['standin-fault']]).toEqual([
        endpoint.created,
        undefined,
      ])
      expect(usersNamed(server, endpoint, magic(fault))).toHaveLength(1)
    }
    const headers = { 'Standin-Fault': '500' }
    expect((await sendRaw(server, endpoint, { name: magic('401'), headers })).status).toBe(500)
  },
)

test('a requested fault takes precedence until its last step, even one that passes', async () => {
  const server = await createSandbox()
  arm(server, '503;after=commit')
  const headers = { 'Standin-Fault': '500;sequence=pass;after=validation' }
  expect((await sendRaw(server, mykaarma, { name: 'a', headers })).status).toBe(200)
  expect((await sendRaw(server, mykaarma, { name: 'a', headers })).status).toBe(400)
  expect((await sendRaw(server, mykaarma, { name: 'b' })).status).toBe(503)
})
