import { Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createCaller, creation } from '../../helpers/caller.ts'
import { entryPoints, raw, type EntryPoint } from '../../helpers/raw-requests.ts'
import { createSandbox, type TestSandbox } from '../../helpers/sandbox.ts'
import { eventually, spentOn } from '../../helpers/time.ts'
import {
  add,
  addressOf,
  ask,
  bodyOf,
  cryptlex,
  each,
  mykaarma,
  NAMES,
  refusalOf,
  usersNamed,
} from './kit.ts'

const LONG = 'x'.repeat(1024 * 1024)
/** Milliseconds of processor time that no single request may cost; a usual one costs about one. */
const MUCH = 3000

test('headers of any length are refused in time', async () => {
  const server = await createSandbox()
  for (const value of [LONG, '500;'.repeat(100_000)]) {
    const heard = await raw(
      server,
      `POST ${mykaarma.path} HTTP/1.1\r\nStandin-Fault: ${value}\r\n\r\n`,
    )
    expect(heard).toMatch(/^(HTTP\/1\.1 431 |$)/)
  }
  for (const value of [
    '500;'.repeat(120),
    'x'.repeat(15_000),
    '=;'.repeat(200),
    'a-'.repeat(249),
  ]) {
    const spent = await spentOn(async () => {
      const heard = await ask(server, mykaarma, { headers: { 'Standin-Fault': value } })
      expect([400, 500]).toContain(heard.status)
    })
    expect(spent).toBeLessThan(MUCH)
  }
  for (const Prefer of [
    'code='.repeat(3000),
    `${' '.repeat(15_000)}code=`,
    `${',;'.repeat(7000)}x`,
  ]) {
    const name = `p${Prefer.length}${Prefer[0]}`
    const spent = await spentOn(() => ask(server, mykaarma, { name, headers: { Prefer } }))
    expect(spent).toBeLessThan(MUCH)
  }
})

test('addresses of any length and form are read in time', async () => {
  const server = await createSandbox()
  for (const local of [
    '+fault.'.repeat(100_000),
    `+fault.${'/'.repeat(190)}`,
    `+fault.${'a'.repeat(900_000)}`,
    `${'+'.repeat(900_000)}fault.500`,
    `${'x'.repeat(900_000)}+fault.500`,
  ]) {
    for (const entryPoint of entryPoints) {
      const fields = { [NAMES[entryPoint.api][0]]: `${local}@example.test` }
      const spent = await spentOn(async () => {
        const { status } = await ask(server, entryPoint, { fields })
        expect([200, 201, 400, 500]).toContain(status)
      })
      expect(spent).toBeLessThan(MUCH)
    }
  }
})

test('a thousand rules are held against a request in no time, and no more are taken', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const rule = (i: number) => ({
    status: 500,
    match: { fields: { email: `/^nobody-${i}@[a-z]+$/`, [`a.b[${i}].c`]: 'x' } },
  })
  const faults = Array.from({ length: 1000 }, (_, i) => rule(i))
  expect((await caller.put('/_standin/faults', { faults })).status).toBe(200)
  const more = await caller.post('/_standin/faults', rule(1000))
  expect([more.status, more.reason]).toEqual([400, 'faults.too-many'])
  const many = await caller.put('/_standin/faults', { faults: [...faults, rule(1000)] })
  expect(many.status).toBe(400)
  // One that is there may be changed all the same.
  const { faults: listed } = (await caller.get('/_standin/faults')).json<{
    faults: { id: string }[]
  }>()
  expect((await caller.put(`/_standin/faults/${listed[0]!.id}`, rule(0))).status).toBe(200)
  const spent = await spentOn(async () => {
    for (let i = 0; i < 100; i++) {
      const { status } = await caller.create('cryptlex', { email: addressOf(`r${i}`) })
      expect(status).toBe(201)
    }
  })
  expect(spent / 100).toBeLessThan(100)
})

test('of any number of wishes only the newest are kept', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (let i = 0; i < 6000; i++) {
    const email = addressOf(`w${i}+fault.500/times=1`)
    expect((await caller.create('cryptlex', { email })).status).toBe(500)
  }
  const { faults } = (await caller.get('/_standin/faults?all=true')).json<{
    faults: { id: string }[]
  }>()
  expect(faults).toHaveLength(5000)
  expect(faults.at(-1)!.id).toBe('magic-6000')
})

test('a path that is deeper than any body is refused, or leads nowhere', async () => {
  const server = await createSandbox()
  const deep = (times: number) => ({
    status: 500,
    match: { fields: { ['a.'.repeat(times) + 'b']: 1 } },
  })
  expect(refusalOf(() => add(server, deep(100_000)))).toContain('match.fields')
  const rule = add(server, deep(50))
  const body = `${'{"a":'.repeat(50)}{"b":1}${'}'.repeat(50)}`
  expect((await ask(server, cryptlex, { body })).headers['standin-fault']).toBe(rule.id)
  expect((await ask(server, cryptlex, { body: '{"a":[]}' })).status).toBe(400)
  const bomb = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  expect((await ask(server, cryptlex, { body: bomb })).status).toBe(400)
})

/** A request of which the last byte of the body is still to come. */
function begun(
  server: TestSandbox,
  entryPoint: EntryPoint,
  fault: string,
): { socket: Socket; last: string } {
  const text = bodyOf(entryPoint, { name: 'late' })
  const head = Object.entries({
    ...entryPoint.headers,
    Host: 'localhost',
    'Standin-Fault': fault,
    'Content-Length': text.length,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  socket.write(`POST ${entryPoint.path} HTTP/1.1\r\n${head.join('')}\r\n${text.slice(0, -1)}`)
  onTestFinished(() => void socket.destroy())
  return { socket, last: text.slice(-1) }
}

/** What a server that stops calls in the end, after some seconds, for who does not go. */
function cuts() {
  const cut = vi.spyOn(Server.prototype, 'closeAllConnections')
  onTestFinished(() => cut.mockRestore())
  return cut
}

const fired = (server: TestSandbox) =>
  server.sandbox.faults.list().reduce((sum, rule) => sum + rule.fired, 0)

test.each(['hang', 'commit-hang', 'delay=1h', 'slow-body;interval=1h', 'slow-headers;interval=1h'])(
  'a server that stops waits for no %s',
  async (fault) => {
    const server = await createSandbox()
    const waiting = Array.from({ length: 20 }, (_, i) =>
      ask(server, mykaarma, { name: `s${i}`, headers: { 'Standin-Fault': fault } }),
    )
    await eventually(() => expect(fired(server)).toBe(20))
    const cut = cuts()
    await server.close()
    expect(cut).not.toHaveBeenCalled()
    for (const { end } of await Promise.all(waiting)) expect(end).not.toBe('waiting')
    await eventually(() => expect(server.sandbox.faults.held.size).toBe(0))
    expect(server.logged).toEqual([])
  },
)

test.each(['hang;after=validation', 'commit-delay=1h', 'slow-body;interval=1h'])(
  'a server that stops does not begin to wait for %s',
  async (fault) => {
    const server = await createSandbox()
    const { socket, last } = begun(server, cryptlex, fault)
    await new Promise((resolve) => socket.once('connect', resolve))
    await ask(server, mykaarma, { name: 'another' })
    const cut = cuts()
    const closed = server.close()
    socket.write(last)
    await closed
    expect(cut).not.toHaveBeenCalled()
  },
)

test('who goes while it waits is waited for no longer, and nothing is done for it', async () => {
  const server = await createSandbox()
  for (const fault of ['delay=1h', 'hang', 'slow-headers;interval=1h']) {
    const headers = { 'Standin-Fault': fault }
    await each([...Array(20).keys()], async (i) => {
      const name = `${fault.slice(0, 4)}${i}`
      const heard = await ask(server, mykaarma, { name, headers, hangs: true })
      expect(heard.end).toBe('waiting')
    })
  }
  await eventually(() => expect(server.sandbox.faults.held.size).toBe(0))
  expect(usersNamed(server, mykaarma, 'dela0')).toEqual([])
  expect((await ask(server, mykaarma, { name: 'next' })).status).toBe(200)
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
])('a connection goes on after %s', async (fault) => {
  const server = await createSandbox()
  for (const entryPoint of entryPoints) {
    const socket = connect(server.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let heard = ''
    socket.on('data', (chunk) => (heard += chunk.toString()))
    for (const [i, headers] of [{ 'Standin-Fault': fault }, {}, {}].entries()) {
      const text = bodyOf(entryPoint, { name: `${entryPoint.answers}${i}` })
      const all = {
        ...entryPoint.headers,
        Host: 'localhost',
        'Content-Length': text.length,
        ...headers,
      }
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`POST ${entryPoint.path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`)
      await eventually(() => expect(heard.match(/HTTP\/1\.1 \d+ /g)).toHaveLength(i + 1))
    }
    const [, ...later] = [...heard.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status)
    expect(later).toEqual([`${entryPoint.created}`, `${entryPoint.created}`])
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
])('a connection is over after %s, and what comes on it is not carried out', async (fault) => {
  const server = await createSandbox()
  for (const entryPoint of entryPoints) {
    const { socket, last } = begun(server, entryPoint, fault)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const text = bodyOf(entryPoint, { name: 'after' })
    const all = { ...entryPoint.headers, Host: 'localhost', 'Content-Length': text.length }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(last)
    await eventually(() => expect(fired(server)).toBe(1))
    setTimeout(
      () => socket.write(`POST ${entryPoint.path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`),
      50,
    )
    await closed
    expect(usersNamed(server, entryPoint, 'after')).toEqual([])
    server.sandbox.reset()
  }
})

test.each(['HEAD', 'GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
  '%s meets no fault',
  async (method) => {
    const server = await createSandbox({ faults: [{ fault: 'reset' }] })
    for (const entryPoint of entryPoints) {
      const heard = await ask(server, entryPoint, { method, headers: { 'Standin-Fault': '500' } })
      expect([heard.status, heard.headers['standin-fault']]).toEqual([405, undefined])
    }
  },
)

test('bodies that are too large, too slow or chunked are what they were while rules are armed', async () => {
  const server = await createSandbox({ maxBody: 5000, bodyTimeout: 100 })
  add(server, { status: 500, match: { fields: { email: addressOf('nobody') } } })
  const large = await ask(server, cryptlex, { body: `{"a":"${'x'.repeat(6000)}"}` })
  expect([large.status, large.headers['standin-reason']]).toEqual([413, 'body.too-large'])
  const { socket } = begun(server, cryptlex, '500;times=1')
  let heard = ''
  socket.on('data', (chunk) => (heard += chunk.toString()))
  await eventually(() => expect(heard).toMatch(/^HTTP\/1\.1 500 /))
  const unknown = { Authorization: 'Bearer nonsense' }
  const slow = await ask(server, cryptlex, { headers: { ...unknown, 'Content-Length': '4000' } })
  expect([slow.status, slow.headers['standin-reason']]).toEqual([401, 'token.malformed'])
  const text = bodyOf(cryptlex, { name: 'nobody' })
  const chunked = await ask(server, cryptlex, {
    headers: { 'Transfer-Encoding': 'chunked' },
    body: `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
  })
  expect(chunked.status).toBe(500)
})

test('a sandbox that is not there answers by itself, whatever is wished for', async () => {
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
