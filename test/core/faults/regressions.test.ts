import { Server } from 'node:http'
import { connect } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { APIS, createCaller, creation } from '../../helpers/caller.ts'
import { entryPoints, type EntryPoint } from '../../helpers/raw-requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { eventually } from '../../helpers/time.ts'
import {
  add,
  addressOf,
  ask,
  bodyOf,
  cryptlex,
  mykaarma,
  NAMES,
  refusalOf,
  ruleOf,
  usersNamed,
  xml,
} from './kit.ts'

test('a fault that is armed takes the place of no other', async () => {
  const caller = createCaller(await createSandbox())
  await caller.put('/_standin/faults/fault-2', { status: 501 })
  await caller.put('/_standin/faults/fault-1', { status: 502 })
  const { id } = (await caller.post('/_standin/faults', { status: 503 })).json<{ id: string }>()
  expect(id).toBe('fault-3')
  const { faults } = (await caller.get('/_standin/faults')).json<{ faults: unknown[] }>()
  expect(faults).toHaveLength(3)
})

test.each(['a%0d%0aX-Injected:%201', '%00', 'a%20b', '%f0%9f%92%a5', 'x'.repeat(65)])(
  'a fault has an id that fits into a header, not %s',
  async (id) => {
    const caller = createCaller(await createSandbox())
    const answer = await caller.put(`/_standin/faults/${id}`, { status: 500 })
    expect([answer.status, answer.reason]).toEqual([400, 'fault.invalid'])
    expect(answer.text).toContain('id must')
    expect((await caller.get('/_standin/faults')).json()).toEqual({ faults: [] })
  },
)

test('a log-normal delay around nothing is nothing', async () => {
  const own = await createSandbox()
  add(own, 'delay=0ms~0ms')
  for (let i = 0; i < 20; i++) {
    const heard = await ask(own, mykaarma, { name: `ada${i}` })
    expect(heard.status).toBe(200)
  }
})

test('a step of a sequence happens where it says, or is refused', async () => {
  const own = await createSandbox()
  const sequence = ['commit-503', 'fail', 'reset']
  add(own, { fault: 'commit-500', sequence })
  for (const [name, status] of [
    ['a', 503],
    ['b', 500],
    ['c', 0],
    ['d', 200],
  ] as const) {
    expect((await ask(own, mykaarma, { name })).status).toBe(status)
    expect(usersNamed(own, mykaarma, name)).toHaveLength(1)
  }
  expect(refusalOf(() => add(own, { status: 500, sequence: ['pass', 'commit-503'] }))).toMatch(
    /sequence\[1\].*commit.*route.*after/,
  )
  expect(refusalOf(() => add(own, { status: 500, sequence: ['not-stored'] }))).toMatch(
    /sequence\[0\].*validation.*route.*after/,
  )
  add(own, { outcome: 'not-stored', sequence: ['fail', 'created-later', '500'], repeat: true })
  expect((await ask(own, mykaarma, { name: 'e' })).status).toBe(200)
  expect((await ask(own, mykaarma, { name: 'f' })).status).toBe(500)
  expect((await ask(own, mykaarma, { name: 'g' })).status).toBe(500)
  expect(usersNamed(own, mykaarma, 'e')).toEqual([])
})

test.each([
  ['302;location=/login', '/login'],
  ['307;location=https://example.test/', 'https://example.test/'],
  ['302;words=gateway;location=/there', '/there'],
])('%s leads somewhere', async (fault, location) => {
  const own = await createSandbox()
  for (const entryPoint of entryPoints) {
    const { headers } = await ask(own, entryPoint, { headers: { 'Standin-Fault': fault } })
    expect(headers['location']).toBe(location)
  }
})

test('who meets a fault again is seen to have retried', async () => {
  const own = await createSandbox()
  for (const fault of ['500;times=2', 'reset;times=2']) {
    const rule = add(own, fault)
    const name = fault.replace(/\W.*/, '')
    for (let i = 0; i < 3; i++) await ask(own, mykaarma, { name })
    expect(rule.meetings.map(({ next }) => next?.what)).toEqual(['retried', 're-created'])
  }
})

test('a fault that spared a request says why it did not fire', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/faults', '{"fault":"500;skip=5"}')
  await caller.post('/_standin/faults', '{"fault":"500;probability=0"}')
  await caller.create('cryptlex')
  const { faults } = (await caller.get('/_standin/faults?unfired=true')).json<{
    faults: { nearestMiss?: { why: string } }[]
  }>()
  expect(faults.map(({ nearestMiss }) => nearestMiss?.why)).toEqual([
    'it skips 5, and this is number 1',
    'the chance of 0 went the other way',
  ])
})

test('the last step of a wish still decides alone', async () => {
  const own = await createSandbox()
  add(own, '503;after=commit')
  const headers = { 'Standin-Fault': '500;sequence=pass;after=validation' }
  expect((await ask(own, mykaarma, { name: 'a', headers })).status).toBe(200)
  expect((await ask(own, mykaarma, { name: 'a', headers })).status).toBe(400)
  expect((await ask(own, mykaarma, { name: 'b' })).status).toBe(503)
})

test('a magic address is seen however its body spells it', async () => {
  const own = await createSandbox()
  for (const entryPoint of entryPoints) {
    const plain = bodyOf(entryPoint, { name: 'ada+fault.409' })
    // As .NET's and PHP's writers escape it.
    const [plus, dot] = entryPoint.answers === 'xml' ? ['&#43;', '&#x2E;'] : ['\\u002B', '\\u002e']
    for (const body of [
      plain.replaceAll('+fault', `${plus}fault`),
      plain.replaceAll('+fault.', `+fault${dot}`),
    ]) {
      const heard = await ask(own, entryPoint, { body })
      expect([heard.status, ruleOf(own, heard)?.origin]).toEqual([409, 'magic'])
    }
  }
})

test('a magic address in a chunked body goes before credentials that are wrong', async () => {
  const own = await createSandbox({ maxBody: 5000, bodyTimeout: 200 })
  const ways = { Authorization: 'Bearer nonsense', 'Transfer-Encoding': 'chunked' }
  const wrong = async (entryPoint: EntryPoint, body: string) =>
    await ask(own, entryPoint, { headers: ways, body })
  for (const entryPoint of [cryptlex, mykaarma]) {
    const chunked = (name: string) => {
      const text = bodyOf(entryPoint, { name })
      return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`
    }
    const met = await wrong(entryPoint, chunked('ada+fault.503'))
    expect([met.status, ruleOf(own, met)?.origin]).toEqual([503, 'magic'])
    expect((await wrong(entryPoint, chunked('ada'))).status).toBe(401)
    // What is too large, or does not end, is refused for the credentials all the same.
    const large = `2710\r\n${'x'.repeat(10_000)}\r\n0\r\n\r\n`
    expect((await wrong(entryPoint, large)).status).toBe(401)
    expect((await wrong(entryPoint, '5\r\n{"a":\r\n')).status).toBe(401)
  }
})

test('a rule sees the body of who waits to be told to go on', async () => {
  const own = await createSandbox()
  add(own, { status: 409, match: { fields: { email: 'ada@example.test' } } })
  const heard = await ask(own, cryptlex, { name: 'ada', headers: { Expect: '100-continue' } })
  expect(String(heard.bytes)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 409 /)
})

test.each(['cut', 'delay=20ms', 'reset', 'close', 'slow-body;interval=1ms', 'commit-cut'])(
  'of two requests that were sent at once the second meets its own fault, %s',
  async (fault) => {
    const own = await createSandbox()
    const bytes = ['delay=30ms', fault].map((wish, i) => {
      const { method, path, headers, body } = creation('cryptlex', { email: addressOf(`u${i}`) })
      const text = JSON.stringify(body)
      const all = {
        Host: 'localhost',
        'Content-Type': 'application/json',
        'Content-Length': text.length,
        'Standin-Fault': wish,
        ...headers,
      }
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`
    })
    const socket = connect(own.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let heard = ''
    socket.on('data', (chunk) => (heard += chunk.toString()))
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(bytes.join(''))
    const answers = () => heard.match(/HTTP\/1\.1 201 /g)?.length ?? 0
    if (fault.startsWith('delay')) await eventually(() => expect(answers()).toBe(2))
    else await closed
    expect(answers()).toBe(fault === 'reset' || fault === 'close' ? 1 : 2)
    expect(heard).toContain('"u0@example.test"')
    expect(own.sandbox.faults.list().map(({ fired }) => fired)).toEqual([1, 1])
  },
)

test('nobody is created later in a sandbox that was reset', async () => {
  const own = await createSandbox({ clock: Date.UTC(2026, 0, 15) })
  const caller = createCaller(own)
  await ask(own, mykaarma, { name: 'ada', headers: { 'Standin-Fault': 'created-later' } })
  await caller.post('/_standin/reset')
  await caller.post('/_standin/clock/advance', { by: '1h' })
  expect(usersNamed(own, mykaarma, 'ada')).toEqual([])
})

test('a user without a name is not mistaken for another that was lost', async () => {
  const own = await createSandbox()
  add(own, 'lost-then-duplicate;times=1')
  const nobody = { fields: { emailAddress: undefined, username: undefined } }
  expect((await ask(own, mykaarma, nobody)).status).toBe(500)
  expect((await ask(own, mykaarma, nobody)).status).toBe(200)
})

test('with its fault goes what it did to users', async () => {
  const own = await createSandbox()
  const { id } = add(own, 'lost-then-duplicate')
  expect((await ask(own, mykaarma, { name: 'ada' })).status).toBe(500)
  expect((await ask(own, mykaarma, { name: 'ada' })).status).toBe(400)
  own.sandbox.faults.remove(id)
  expect((await ask(own, mykaarma, { name: 'ada' })).status).toBe(200)
})

test.each([
  ['not-stored;reset', 0, 0],
  ['not-stored;close', 0, 0],
  ['not-stored;401', 401, 0],
  ['duplicate-accepted;reset', 0, 1],
  ['duplicate-accepted;503', 503, 1],
] as const)('%s does both', async (fault, status, users) => {
  const own = await createSandbox()
  for (const entryPoint of entryPoints) {
    const heard = await ask(own, entryPoint, {
      name: entryPoint.answers,
      headers: { 'Standin-Fault': fault },
    })
    expect(heard.status).toBe(status)
    expect(usersNamed(own, entryPoint, entryPoint.answers)).toHaveLength(users)
  }
})

test('what is shown of a request that missed a fault holds none of its secrets', async () => {
  const own = await createSandbox()
  const secret = 'is-a-Secret-1'
  for (const match of [
    { fields: { '$.inner': 'x' } },
    { headers: { 'Proxy-Authorization': 'x' } },
    { headers: { 'X-Password': 'x' } },
    { headers: { 'X-Session': 'x' } },
  ]) {
    add(own, { status: 500, match })
  }
  await ask(own, cryptlex, {
    body: JSON.stringify({ inner: { secret }, password: secret, email: 'ada@example.test' }),
    headers: { 'Proxy-Authorization': secret, 'X-Password': secret, 'X-Session': secret },
  })
  await ask(own, cryptlex, { body: JSON.stringify({ password: secret }) })
  const shown = (await createCaller(own).get('/_standin/faults')).text
  expect(shown).toContain('nearestMiss')
  expect(shown).not.toContain(secret)
})

test('a reason that is a 429 holds as long as it says', async () => {
  const own = await createSandbox({ clock: Date.UTC(2026, 0, 15) })
  add(own, 'rate.exceeded;retry-after=3;times=1')
  expect((await ask(own, cryptlex, { name: 'a' })).status).toBe(429)
  expect((await ask(own, cryptlex, { name: 'b' })).status).toBe(429)
  await createCaller(own).post('/_standin/clock/advance', { by: '3s' })
  expect((await ask(own, cryptlex, { name: 'c' })).status).toBe(201)
})

test('a 429 never says that requests are left', async () => {
  const own = await createSandbox()
  for (const fault of ['429', 'rate.exceeded']) {
    const { headers } = await ask(own, cryptlex, { headers: { 'Standin-Fault': fault } })
    expect(headers).toMatchObject({ 'x-rate-limit-remaining': '0', 'retry-after': '5' })
  }
})

test('a reason is a refusal of those that know it', async () => {
  const own = await createSandbox()
  const rule = add(own, 'token.expired')
  for (const entryPoint of entryPoints) {
    const heard = await ask(own, entryPoint)
    expect(heard.status).toBe(entryPoint === cryptlex ? 401 : entryPoint.created)
    const headers = { 'Standin-Fault': 'credentials.no-colon' }
    const wished = await ask(own, entryPoint, { headers })
    if (entryPoint === mykaarma) expect(wished.status).toBe(401)
    else {
      expect([wished.status, wished.headers['standin-reason']]).toEqual([400, 'fault.invalid'])
      expect(String(wished.body)).toContain('user.duplicate')
    }
  }
  expect(rule.nearest?.why).toMatch(/api/)
})

test.each([
  ['code=403', 403],
  ['return=minimal, code=403', 403],
  ['code=403; x=1', 403],
  ['code="403"', 403],
  ['code=4031', 200],
  ['xcode=403', 200],
  ['code=200', 200],
  ['', 200],
])('Prefer: %s is answered %i', async (Prefer, status) => {
  const own = await createSandbox()
  expect((await ask(own, mykaarma, { headers: { Prefer } })).status).toBe(status)
})

test('clients that come one after the other each meet their magic fault once', async () => {
  const own = await createSandbox()
  const names = Array.from({ length: 1500 }, (_, i) => `u${i}+fault.500/times=1`)
  const caller = createCaller(own)
  const round = async () => {
    const statuses = new Map<number, number>()
    for (const name of names) {
      const { status } = await caller.create('cryptlex', { email: addressOf(name) })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    return [...statuses]
  }
  expect(await round()).toEqual([[500, names.length]])
  expect(await round()).toEqual([[201, names.length]])
})

test('long names cost what short ones cost', async () => {
  const own = await createSandbox()
  add(own, 'lost-then-duplicate;api=mykaarma')
  for (let i = 0; i < 5; i++) {
    const email = `${i}${'x'.repeat(500_000)}+fault.500/times=1@example.test`
    for (const api of APIS) {
      await createCaller(own).create(api, { [NAMES[api][0]]: email })
    }
  }
  const kept = JSON.stringify(own.sandbox.faults.list())
  expect(kept.length).toBeLessThan(50_000)
  const listed = await createCaller(own).get('/_standin/faults')
  expect(listed.text.length).toBeLessThan(50_000)
})

test('a fault that could change nothing takes back its own meeting, not that of another', async () => {
  const own = await createSandbox()
  const rule = add(own, { body: 'xml-cdata', after: 'commit' })
  const slow = add(own, { delay: '30ms', times: 1, after: 'commit', api: 'mykaarma' })
  expect(slow.id).toBe('fault-2')
  const heard = await ask(own, xml, { name: 'ada' })
  expect(String(heard.body)).toContain('CDATA')
  const missed = await ask(own, mykaarma, { name: 'grace' })
  expect(missed.headers['standin-fault']).toBeUndefined()
  expect(rule.meetings.map(({ about }) => about)).toEqual(['ada@example.test'])
  expect([rule.fired, rule.eligible]).toEqual([1, 2])
})

test('an answer that waits in a sandbox that is gone does not hold the server', async () => {
  const own = await createSandbox()
  const caller = createCaller(own)
  await caller.post('/_standin/sandboxes', { name: 'gone' })
  const path = `/~gone${mykaarma.path}`
  const heard = ask(own, mykaarma, { path, headers: { 'Standin-Fault': 'hang' } })
  await eventually(async () => {
    const { text } = await caller.get('/~gone/_standin/faults?all=true')
    expect(text).toContain('"fired":1')
  })
  await caller.delete('/_standin/sandboxes/gone')
  expect((await heard).end).not.toBe('waiting')
  const cut = vi.spyOn(Server.prototype, 'closeAllConnections')
  onTestFinished(() => cut.mockRestore())
  await own.close()
  // As it does in the end with who does not go.
  expect(cut).not.toHaveBeenCalled()
})
