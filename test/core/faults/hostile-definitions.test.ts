import { Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import * as fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createCaller, creation, APIS } from '../../helpers/caller.ts'
import { endpoints, raw, type Endpoint } from '../../helpers/raw-requests.ts'
import { createPlainSandbox, createSandbox, type TestSandbox } from '../../helpers/sandbox.ts'
import { eventually, spentOn } from '../../helpers/time.ts'
import {
  arm,
  addressOf,
  sendRaw,
  bodyOf,
  cryptlex,
  forEachConcurrently,
  mykaarma,
  NAMES,
  refusalOf,
  usersNamed,
} from './kit.ts'

const LONG = 'x'.repeat(1024 * 1024)
/** Limit on the processor time of one request, in milliseconds; a usual one takes about 1. */
const MUCH = 3000

test('fault headers of any length are answered in time', async () => {
  const server = await createSandbox()
  for (const value of [LONG, '500;'.repeat(100_000)]) {
    const answer = await raw(
      server,
      `POST ${mykaarma.path} HTTP/1.1\r\nStandin-Fault: ${value}\r\n\r\n`,
    )
    expect(answer).toMatch(/^(HTTP\/1\.1 431 |$)/)
  }
  for (const value of [
    '500;'.repeat(120),
    'x'.repeat(15_000),
    '=;'.repeat(200),
    'a-'.repeat(249),
  ]) {
    const spent = await spentOn(async () => {
      const answer = await sendRaw(server, mykaarma, { headers: { 'Standin-Fault': value } })
      expect([400, 500]).toContain(answer.status)
    })
    expect(spent).toBeLessThan(MUCH)
  }
  for (const Prefer of [
    'code='.repeat(3000),
    `${' '.repeat(15_000)}code=`,
    `${',;'.repeat(7000)}x`,
  ]) {
    const name = `p${Prefer.length}${Prefer[0]}`
    const spent = await spentOn(() => sendRaw(server, mykaarma, { name, headers: { Prefer } }))
    expect(spent).toBeLessThan(MUCH)
  }
})

test('magic addresses of any length and form are read in time', async () => {
  const server = await createSandbox()
  for (const local of [
    '+fault.'.repeat(100_000),
    `+fault.${'/'.repeat(190)}`,
    `+fault.${'a'.repeat(900_000)}`,
    `${'+'.repeat(900_000)}fault.500`,
    `${'x'.repeat(900_000)}+fault.500`,
  ]) {
    for (const endpoint of endpoints) {
      const fields = { [NAMES[endpoint.api][0]]: `${local}@example.test` }
      const spent = await spentOn(async () => {
        const { status } = await sendRaw(server, endpoint, { fields })
        expect([200, 201, 400, 500]).toContain(status)
      })
      expect(spent).toBeLessThan(MUCH)
    }
  }
})

test('a thousand armed faults are matched in little time, and one more is refused', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const definition = (i: number) => ({
    status: 500,
    match: { fields: { email: `/^nobody-${i}@[a-z]+$/`, [`a.b[${i}].c`]: 'x' } },
  })
  const faults = Array.from({ length: 1000 }, (_, i) => definition(i))
  expect((await caller.put('/_standin/faults', { faults })).status).toBe(200)
  const more = await caller.post('/_standin/faults', definition(1000))
  expect([more.status, more.reason]).toEqual([400, 'faults.too-many'])
  const many = await caller.put('/_standin/faults', { faults: [...faults, definition(1000)] })
  expect(many.status).toBe(400)
  // An existing fault can still be changed.
  const { faults: listed } = (await caller.get('/_standin/faults')).json<{
    faults: { id: string }[]
  }>()
  expect((await caller.put(`/_standin/faults/${listed[0]!.id}`, definition(0))).status).toBe(200)
  const spent = await spentOn(async () => {
    for (let i = 0; i < 100; i++) {
      const { status } = await caller.create('cryptlex', { email: addressOf(`r${i}`) })
      expect(status).toBe(201)
    }
  })
  expect(spent / 100).toBeLessThan(100)
})

test.each(['fields', 'headers', 'query'] as const)(
  'all expressions that armed faults match against %s share a time budget for one request',
  async (part) => {
    const server = await createSandbox()
    // Each text of a and b leads to states of its own, so none of the work is cached.
    const slow = { regex: '(a|b)*a[ab]{250}c$|^z$' }
    const [slowText = ''] = fc.sample(
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 4000, maxLength: 4000 }),
      { numRuns: 1, seed: 1 },
    )
    const name = { fields: 'nickname', headers: 'X-Name', query: 'firstName' }[part]
    for (let i = 0; i < 100; i++) arm(server, { fault: '500', match: { [part]: { [name]: slow } } })
    arm(server, { fault: '503', match: { fields: { firstName: { equals: 'plain' } } } })
    const sendWith = (text: string, firstName = 'Ada') =>
      sendRaw(server, mykaarma, {
        ...(part === 'headers' ? { headers: { 'X-Name': text } } : {}),
        ...(part === 'query' ? { path: `${mykaarma.path}?firstName=${text}` } : {}),
        fields: { firstName, ...(part === 'fields' ? { nickname: text } : {}) },
      })

    const spent = await spentOn(async () => {
      const answer = await sendWith(slowText)
      expect(answer.status).toBe(200)
      expect(answer.bytes.toString()).toContain('code=fault.slow-expressions')
    })
    expect(spent).toBeLessThan(MUCH)
    // Each request has a budget of its own, and a condition without an expression needs none.
    expect((await sendWith('z')).status).toBe(500)
    expect((await sendWith(slowText, 'plain')).status).toBe(503)
  },
)

test('only the newest 5,000 requested faults are kept', async () => {
  const server = await createPlainSandbox()
  const caller = createCaller(server)
  // Pipelined on one connection, which takes a third of the time of as many calls.
  const { path, headers } = creation('cryptlex')
  const all = { ...headers, 'Content-Type': 'application/json' }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const requestOf = (i: number) => {
    const body = JSON.stringify({ email: addressOf(`w${i}+fault.500/times=1`) })
    const length = `Content-Length: ${body.length}\r\n`
    return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}${length}\r\n${body}`
  }
  const socket = connect(server.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let answers = ''
  socket.setEncoding('latin1').on('data', (text: string) => (answers += text))
  for (let i = 0; i < 5100; i += 100) {
    answers = ''
    socket.write(Array.from({ length: 100 }, (_, n) => requestOf(i + n)).join(''))
    await eventually(() => expect(answers.match(/HTTP\/1\.1 500 /g)).toHaveLength(100))
  }
  const { faults } = (await caller.get('/_standin/faults?all=true')).json<{
    faults: { id: string }[]
  }>()
  expect(faults).toHaveLength(5000)
  expect(faults.at(-1)!.id).toBe('magic-5100')
})

test('a field path deeper than any body is refused or does not match', async () => {
  const server = await createSandbox()
  const deep = (times: number) => ({
    status: 500,
    match: { fields: { ['a.'.repeat(times) + 'b']: 1 } },
  })
  expect(refusalOf(() => arm(server, deep(100_000)))).toContain('match.fields')
  const armed = arm(server, deep(50))
  const body = `${'{"a":'.repeat(50)}{"b":1}${'}'.repeat(50)}`
  expect((await sendRaw(server, cryptlex, { body })).headers['standin-fault']).toBe(armed.id)
  expect((await sendRaw(server, cryptlex, { body: '{"a":[]}' })).status).toBe(400)
  const bomb = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  expect((await sendRaw(server, cryptlex, { body: bomb })).status).toBe(400)
})

/** Sends a request without the last byte of its body. */
function begun(
  server: TestSandbox,
  endpoint: Endpoint,
  fault: string,
): { socket: Socket; last: string } {
  const text = bodyOf(endpoint, { name: 'late' })
  const head = Object.entries({
    ...endpoint.headers,
    Host: 'localhost',
    'Standin-Fault': fault,
    'Content-Length': text.length,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  socket.write(`POST ${endpoint.path} HTTP/1.1\r\n${head.join('')}\r\n${text.slice(0, -1)}`)
  onTestFinished(() => void socket.destroy())
  return { socket, last: text.slice(-1) }
}

/** Spies on the call with which a stopping server closes remaining connections by force. */
function cuts() {
  const cut = vi.spyOn(Server.prototype, 'closeAllConnections')
  onTestFinished(() => cut.mockRestore())
  return cut
}

const fired = (server: TestSandbox) =>
  server.sandbox.faults.list().reduce((sum, one) => sum + one.fired, 0)

test.each(['hang', 'commit-hang', 'delay=1h', 'slow-body;interval=1h', 'slow-headers;interval=1h'])(
  'a server that stops does not wait for %s',
  async (fault) => {
    const server = await createSandbox()
    const waiting = Array.from({ length: 20 }, (_, i) =>
      sendRaw(server, mykaarma, { name: `s${i}`, headers: { 'Standin-Fault': fault } }),
    )
    await eventually(() => expect(fired(server)).toBe(20))
    const cut = cuts()
    await server.close()
    expect(cut).not.toHaveBeenCalled()
    for (const { end } of await Promise.all(waiting)) expect(end).not.toBe('waiting')
    await eventually(() => expect(server.sandbox.faults.waitingResponses.size).toBe(0))
    expect(server.logged).toEqual([])
  },
)

test.each(['hang;after=validation', 'commit-delay=1h', 'slow-body;interval=1h'])(
  'a server that is stopping does not start to wait for %s',
  async (fault) => {
    const server = await createSandbox()
    const { socket, last } = begun(server, cryptlex, fault)
    await new Promise((resolve) => socket.once('connect', resolve))
    await sendRaw(server, mykaarma, { name: 'another' })
    const cut = cuts()
    const closed = server.close()
    socket.write(last)
    await closed
    expect(cut).not.toHaveBeenCalled()
  },
)

test('a delayed request is dropped when its caller closes the connection', async () => {
  const server = await createSandbox()
  for (const fault of ['delay=1h', 'hang', 'slow-headers;interval=1h']) {
    const headers = { 'Standin-Fault': fault }
    await forEachConcurrently([...Array(20).keys()], async (i) => {
      const name = `${fault.slice(0, 4)}${i}`
      const answer = await sendRaw(server, mykaarma, { name, headers, hangs: true })
      expect(answer.end).toBe('waiting')
    })
  }
  await eventually(() => expect(server.sandbox.faults.waitingResponses.size).toBe(0))
  expect(usersNamed(server, mykaarma, 'dela0')).toEqual([])
  expect((await sendRaw(server, mykaarma, { name: 'next' })).status).toBe(200)
  expect(server.logged).toEqual([])
})

test.each([
  '400',
  '401',
  '404',
  '500',
  '503',
  '304',
  'login-page',
  'delay=2ms',
  'delay=2ms;500',
  'truncated',
  'empty',
  'wrong-type',
  'not-stored',
  'created-later',
  'lost-then-duplicate',
  'commit-500',
  '500;after=validation',
  'nonsense',
])('a connection stays open after %s', async (fault) => {
  const server = await createSandbox()
  for (const endpoint of endpoints) {
    const socket = connect(server.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString()))
    for (const [i, headers] of [{ 'Standin-Fault': fault }, {}, {}].entries()) {
      const text = bodyOf(endpoint, { name: `${endpoint.answers}${i}` })
      const all = {
        ...endpoint.headers,
        Host: 'localhost',
        'Content-Length': text.length,
        ...headers,
      }
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`POST ${endpoint.path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`)
      await eventually(() => expect(answer.match(/HTTP\/1\.1 \d+ /g)).toHaveLength(i + 1))
    }
    const [, ...later] = [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status)
    expect(later).toEqual([`${endpoint.created}`, `${endpoint.created}`])
  }
})

test.each([
  'close-after',
  'cut',
  'reset',
  'close',
  'wrong-length',
  'bad-chunk',
  'slow-body;interval=1ms',
  'reset-body',
])(
  'a connection is closed after %s, and a further request on it is not executed',
  async (fault) => {
    const server = await createSandbox()
    for (const endpoint of endpoints) {
      const { socket, last } = begun(server, endpoint, fault)
      const closed = new Promise((resolve) => socket.once('close', resolve))
      const text = bodyOf(endpoint, { name: 'after' })
      const all = { ...endpoint.headers, Host: 'localhost', 'Content-Length': text.length }
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(last)
      await eventually(() => expect(fired(server)).toBe(1))
      setTimeout(
        () => socket.write(`POST ${endpoint.path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`),
        50,
      )
      await closed
      expect(usersNamed(server, endpoint, 'after')).toEqual([])
      server.sandbox.reset()
    }
  },
)

/** The methods, other than POST, of the path at which each API creates users. */
const OTHER_METHODS: Readonly<Record<Endpoint['api'], readonly string[]>> = {
  mykaarma: [],
  cryptlex: ['GET', 'HEAD'],
  formsonfire: ['GET', 'HEAD', 'PUT', 'DELETE'],
}

test.each(['HEAD', 'GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
  'no fault fires for %s where the path does not allow it',
  async (method) => {
    const server = await createSandbox({ faults: [{ fault: 'reset' }] })
    const requested = expect.stringMatching(/^header-\d+$/) as string
    for (const endpoint of endpoints) {
      const answer = await sendRaw(server, endpoint, {
        method,
        headers: { 'Standin-Fault': '500' },
      })
      const isAllowed = OTHER_METHODS[endpoint.api].includes(method)
      expect([endpoint.name, answer.status, answer.headers['standin-fault']]).toEqual([
        endpoint.name,
        ...(isAllowed ? [500, requested] : [405, undefined]),
      ])
    }
    const [armed] = server.sandbox.faults.list()
    expect([armed!.origin, armed!.fired]).toEqual(['config', 0])
  },
)

test('bodies that are too large, too slow or chunked are answered as usual while faults are armed', async () => {
  const server = await createSandbox({ maxBody: 5000, bodyTimeout: 100 })
  arm(server, { status: 500, match: { fields: { email: addressOf('nobody') } } })
  const large = await sendRaw(server, cryptlex, { body: `{"a":"${'x'.repeat(6000)}"}` })
  expect([large.status, large.headers['standin-reason']]).toEqual([413, 'body.too-large'])
  const { socket } = begun(server, cryptlex, '500;times=1')
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString()))
  await eventually(() => expect(answer).toMatch(/^HTTP\/1\.1 500 /))
  const unknown = { Authorization: 'Bearer nonsense' }
  const slow = await sendRaw(server, cryptlex, {
    headers: { ...unknown, 'Content-Length': '4000' },
  })
  expect([slow.status, slow.headers['standin-reason']]).toEqual([401, 'token.malformed'])
  const text = bodyOf(cryptlex, { name: 'nobody' })
  const chunked = await sendRaw(server, cryptlex, {
    headers: { 'Transfer-Encoding': 'chunked' },
    body: `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
  })
  expect(chunked.status).toBe(500)
})

test('no requested fault fires at a sandbox that does not exist', async () => {
  const server = await createSandbox()
  const { headers, ...rest } = creation(
    'cryptlex',
    { email: 'a+fault.reset@example.test' },
    '/~nope',
  )
  for (const fault of ['500', 'reset', 'hang', 'nonsense']) {
    const caller = createCaller(server)
    const answer = await caller.send({ ...rest, headers: { ...headers, 'Standin-Fault': fault } })
    expect([answer.status, answer.reason]).toEqual([404, 'sandbox.unknown'])
  }
})

test('long user names use no more memory than short ones', async () => {
  const server = await createSandbox()
  arm(server, 'lost-then-duplicate;api=mykaarma')
  for (let i = 0; i < 5; i++) {
    const email = `${i}${'x'.repeat(500_000)}+fault.500/times=1@example.test`
    for (const api of APIS) {
      await createCaller(server).create(api, { [NAMES[api][0]]: email })
    }
  }
  const kept = JSON.stringify(server.sandbox.faults.list())
  expect(kept.length).toBeLessThan(50_000)
  const listed = await createCaller(server).get('/_standin/faults')
  expect(listed.text.length).toBeLessThan(50_000)
})
