import { expect, test } from 'vitest'
import { createCaller } from '../../helpers/caller.ts'
import { entryPoints, type EntryPoint } from '../../helpers/raw-requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { add, addressOf, ask, NAMES, ruleOf, usersNamed, type Asked } from './kit.ts'

const magic = (fault: string, i = 0) => `u${i}+fault.${fault.replaceAll(';', '/')}`

/** Credentials that this entry point refuses. */
function unknown({ api, path }: EntryPoint): Asked {
  return api === 'formsonfire'
    ? { path: path.replace(/CompanyId=\d+/, 'CompanyId=9') }
    : { headers: { Authorization: 'nonsense' } }
}

test.each(entryPoints)(
  'at $name a header goes before an address, that before rules',
  async (entryPoint) => {
    const server = await createSandbox()
    add(server, '501')
    add(server, '405')
    const status = async (asked: Asked) => (await ask(server, entryPoint, asked)).status
    expect(await status({ name: magic('403'), headers: { 'Standin-Fault': '401' } })).toBe(401)
    expect(await status({ name: magic('403'), headers: { Prefer: 'code=402' } })).toBe(402)
    const both = { 'Standin-Fault': '401', Prefer: 'code=402' }
    expect(await status({ name: magic('403'), headers: both })).toBe(401)
    expect(await status({ name: magic('403') })).toBe(403)
    expect(await status({ name: 'ada' })).toBe(501)
    expect(server.sandbox.faults.list().map(({ fired }) => fired)).toEqual([1, 0, 2, 1, 1])
  },
)

test('rules are held against a request in their order, and a changed one keeps its place', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (const status of [401, 403, 409]) await caller.post('/_standin/faults', { status, times: 1 })
  await caller.put('/_standin/faults/fault-2', { status: 404, times: 1 })
  const statuses = []
  for (let i = 0; i < 4; i++) statuses.push((await caller.create('mykaarma')).status)
  expect(statuses).toEqual([401, 404, 409, 200])
})

test.each(entryPoints)(
  'at $name a wish that is used up leaves rules their turn',
  async (entryPoint) => {
    const server = await createSandbox()
    add(server, '501')
    const headers = { 'Standin-Fault': '401;times=1' }
    for (const asked of [{ name: 'ada', headers }, { name: magic('401;times=1') }]) {
      expect((await ask(server, entryPoint, asked)).status).toBe(401)
      expect((await ask(server, entryPoint, asked)).status).toBe(501)
    }
  },
)

test.each(entryPoints)('at $name faults come before credentials', async (entryPoint) => {
  const server = await createSandbox()
  const bad = unknown(entryPoint)
  const wished = { ...bad, headers: { ...bad.headers, 'Standin-Fault': '409' } }
  expect((await ask(server, entryPoint, { name: 'a', ...wished })).status).toBe(409)
  expect((await ask(server, entryPoint, { ...bad, name: magic('409') })).status).toBe(409)
  expect((await ask(server, entryPoint, { ...bad, name: 'a' })).status).toBe(401)
  add(server, { status: 410, match: { fields: { [NAMES[entryPoint.api][0]]: addressOf('a') } } })
  expect((await ask(server, entryPoint, { ...bad, name: 'a' })).status).toBe(410)
  expect((await ask(server, entryPoint, { ...bad, name: 'b' })).status).toBe(401)
  // Unless it says otherwise; then who may not be here never meets it.
  for (const after of ['auth', 'validation', 'commit']) {
    add(server, { status: 411, after, times: 1 })
    expect((await ask(server, entryPoint, { ...bad, name: 'b' })).status).toBe(401)
    const magically = { ...bad, name: magic(`412;after=${after}`) }
    expect((await ask(server, entryPoint, magically)).status).toBe(401)
    expect((await ask(server, entryPoint, { name: 'b' })).status).toBe(411)
  }
})

test.each(entryPoints)(
  'at $name faults come before what is wrong with a request',
  async (entryPoint) => {
    const server = await createSandbox({ profile: { all: 'strict' } })
    const bodies = [
      '',
      entryPoint.answers === 'xml' ? '<User>' : '{"a":',
      '[]',
      '"x"',
      'null',
      '\u0000',
    ]
    add(server, { status: 410, times: bodies.length })
    for (const body of bodies) expect((await ask(server, entryPoint, { body })).status).toBe(410)
    for (const body of bodies) {
      const headers = { 'Standin-Fault': '409' }
      expect((await ask(server, entryPoint, { body, headers })).status).toBe(409)
    }
    for (const after of ['validation', 'commit']) {
      const rule = add(server, { status: 411, after })
      for (const body of bodies.slice(0, 2)) {
        expect([400, 401]).toContain((await ask(server, entryPoint, { body })).status)
      }
      expect([rule.eligible, rule.fired]).toEqual([0, 0])
      server.sandbox.faults.remove(rule.id)
    }
  },
)

test.each(entryPoints)(
  'at $name each stage has passed what comes before it',
  async (entryPoint) => {
    const server = await createSandbox()
    await ask(server, entryPoint, { name: 'taken' })
    const stages = ['commit', 'validation', 'auth', 'route']
    const rules = stages.map((after) => add(server, { status: 409, after, times: 1 }))
    const fired = () => rules.map((rule) => rule.fired)
    const order = []
    // The duplicate is found by the operation, so nothing is ever committed.
    for (let i = 0; i < 4; i++) {
      const { headers } = await ask(server, entryPoint, { name: 'taken' })
      order.push(headers['standin-fault'])
    }
    expect(order).toEqual([rules[3]!.id, rules[2]!.id, rules[1]!.id, undefined])
    expect(fired()).toEqual([0, 1, 1, 1])
    const heard = await ask(server, entryPoint, { name: 'free' })
    expect(ruleOf(server, heard)).toBe(rules[0])
    expect(usersNamed(server, entryPoint, 'free')).toHaveLength(1)
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
  const wish = { email: 'x+fault.500/times=1@example.test' }
  for (const base of ['', '/~b']) {
    expect((await caller.create('cryptlex', wish, base)).status).toBe(500)
    expect((await caller.create('cryptlex', wish, base)).status).toBe(201)
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

test("Standin's own API, what is nowhere, and the sandbox that is not there meet none", async () => {
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

test('clearing disarms all, and a reset arms again what the start had', async () => {
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

test('one that cannot be used leaves all as they were', async () => {
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

test.each(entryPoints)(
  'at $name addresses ask for nothing where that is switched off',
  async (entryPoint) => {
    const server = await createSandbox({ magicFaults: false })
    for (const fault of ['500', 'reset', 'nonsense']) {
      const heard = await ask(server, entryPoint, { name: magic(fault) })
      expect([heard.status, heard.headers['standin-fault']]).toEqual([
        entryPoint.created,
        undefined,
      ])
      expect(usersNamed(server, entryPoint, magic(fault))).toHaveLength(1)
    }
    const headers = { 'Standin-Fault': '500' }
    expect((await ask(server, entryPoint, { name: magic('401'), headers })).status).toBe(500)
  },
)
