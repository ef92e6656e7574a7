import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { MOST_KEPT, type Entry } from '../../../src/core/request-log/entry.ts'
import type { Reading } from '../../../src/core/request-log/searchable-entry.ts'
import { RequestLog } from '../../../src/core/request-log/request-log.ts'
import { Call } from '../../../src/core/call.ts'
import type { ApiContext } from '../../../src/core/context.ts'
import { createCaller } from '../../helpers/caller.ts'
import { createSandbox } from '../../helpers/sandbox.ts'

/** A place that answers, of a sandbox of the test's own. */
async function createPlace(): Promise<ApiContext> {
  return (await createSandbox()).sandbox.contextAt('/v3')
}

function ask(
  requests: RequestLog,
  place: ApiContext,
  text: string | undefined,
  answer = '{}',
): string {
  const id = requests.number()
  const call = new Call({
    id,
    method: 'POST',
    url: '/v3/users',
    path: '/users',
    query: new URLSearchParams(),
    headers: {},
    address: '',
    profile: 'documented',
    answerType: 'application/json',
  })
  call.bodyText = text
  const size = Buffer.byteLength(answer)
  requests.record(place, call, { status: 200, headers: {}, body: answer, size, rawHeaders: [] })
  return id
}

const ids = (requests: RequestLog): string[] => [...requests.after()].map(({ call }) => call.id)

test('the newest are kept, as many as may be', async () => {
  const place = await createPlace()
  const requests = new RequestLog({ size: 3, bytes: 1e9 })
  for (let i = 0; i < 10; i++) ask(requests, place, 'a')
  expect(ids(requests)).toEqual(['req-8', 'req-9', 'req-10'])
  expect(requests.size).toBe(3)
  expect(requests.get('req-9')?.call.id).toBe('req-9')
  expect(requests.get('req-7')).toBeUndefined()
  expect([...requests.after(requests.get('req-9')!.seq)].map(({ call }) => call.id)).toEqual([
    'req-10',
  ])
})

test('no more bytes are kept than may be, whatever the number', async () => {
  const place = await createPlace()
  const requests = new RequestLog({ size: 1000, bytes: 100_000 })
  for (let i = 0; i < 100; i++) {
    ask(requests, place, 'é'.repeat(5000), 'a'.repeat(2000))
    expect(requests.bytes).toBeLessThanOrEqual(100_000)
  }
  expect(requests.size).toBe(7)
  // One that is too large by itself is not kept, and takes the others' place.
  const small = new RequestLog({ size: 10, bytes: 5000 })
  ask(small, place, 'a')
  ask(small, place, 'a'.repeat(10_000))
  expect(ids(small)).toEqual([])
  expect(small.bytes).toBe(0)
  ask(small, place, 'a')
  expect(ids(small)).toEqual(['req-3'])
})

test('only the beginning of a large body is kept, and its length', async () => {
  const place = await createPlace()
  const requests = new RequestLog({ size: 10, bytes: 1e9 })
  ask(requests, place, 'é'.repeat(MOST_KEPT), 'b'.repeat(MOST_KEPT + 1))
  ask(requests, place, `a${'😀'.repeat(MOST_KEPT / 4)}`)
  const [first, second] = [...requests.after()] as [Entry, Entry]
  expect(first.size).toBe(2 * MOST_KEPT)
  expect(first.call.bodyText).toBe('é'.repeat(MOST_KEPT / 2))
  expect([first.answer.body.length, first.answer.size]).toEqual([MOST_KEPT, MOST_KEPT + 1])
  // No character is cut in two.
  expect(second.call.bodyText).toBe(`a${'😀'.repeat(MOST_KEPT / 4 - 1)}`)
})

test('nothing is kept where none may be, and numbers go on', async () => {
  const place = await createPlace()
  const requests = new RequestLog({ size: 0, bytes: 1e9 })
  ask(requests, place, 'a')
  expect(ask(requests, place, 'a')).toBe('req-2')
  expect(ids(requests)).toEqual([])
})

test('who listens hears each request once, and nothing after leaving', async () => {
  const place = await createPlace()
  for (const size of [0, 10]) {
    const requests = new RequestLog({ size, bytes: 1e9 })
    const heard: string[] = []
    let ended = 0
    const listener = { take: ({ entry }: Reading) => heard.push(entry.id), end: () => ended++ }
    ask(requests, place, 'before')
    const leave = requests.listen(listener)
    ask(requests, place, 'a')
    ask(requests, place, 'b')
    await Promise.resolve()
    expect(heard).toEqual(['req-2', 'req-3'])
    leave()
    ask(requests, place, 'c')
    await Promise.resolve()
    expect(heard).toHaveLength(2)
    requests.listen(listener)
    requests.close()
    expect(ended).toBe(1)
    requests.listen(listener)
    await Promise.resolve()
    expect(ended).toBe(2)
  }
})

test('all who listen share one reading of a request', async () => {
  const place = await createPlace()
  const requests = new RequestLog({ size: 10, bytes: 1e9 })
  const heard: Reading[] = []
  for (let i = 0; i < 3; i++) requests.listen({ take: (one) => heard.push(one), end: () => {} })
  ask(requests, place, 'a')
  await Promise.resolve()
  expect(new Set(heard).size).toBe(1)
  expect(new Set(heard.map(({ subject }) => subject)).size).toBe(1)
  expect(heard).toHaveLength(3)
})

test('a listener that fails harms nobody', async () => {
  const { sandbox, logged } = await createSandbox()
  const place = sandbox.contextAt('/v3')
  const heard: string[] = []
  const fail = () => {
    throw new Error('broken')
  }
  sandbox.requests.listen({ take: fail, end: () => {} })
  sandbox.requests.listen({ take: ({ entry }) => heard.push(entry.id), end: () => {} })
  ask(sandbox.requests, place, 'a')
  await Promise.resolve()
  expect(heard).toHaveLength(1)
  expect(logged.join()).toContain('broken')
})

test('those that are forgotten while somebody reads are passed over', async () => {
  const place = await createPlace()
  const requests = new RequestLog({ size: 3, bytes: 1e9 })
  for (let i = 0; i < 3; i++) ask(requests, place, 'a')
  const read: string[] = []
  for (const { call } of requests.after()) {
    read.push(call.id)
    if (read.length === 1) for (let i = 0; i < 2; i++) ask(requests, place, 'b')
  }
  expect(read).toEqual(['req-1', 'req-3', 'req-4', 'req-5'])
  for (const { call } of requests.after()) {
    read.push(call.id)
    requests.clear()
  }
  expect(read).toHaveLength(5)
})

test('a reset forgets and counts anew; the events go on counting', async () => {
  const place = await createPlace()
  const requests = new RequestLog({ size: 3, bytes: 1e9 })
  ask(requests, place, 'a')
  ask(requests, place, 'a')
  requests.reset()
  expect([requests.size, requests.bytes, requests.newest]).toEqual([0, 0, 2])
  expect(ask(requests, place, 'a')).toBe('req-1')
  expect([...requests.after()].map(({ seq }) => seq)).toEqual([3])
})

test('many large requests take no more memory than is allowed', async () => {
  const server = await createSandbox({ requestLogBytes: 4 * 1024 * 1024, maxBody: 2 * 1024 * 1024 })
  const caller = createCaller(server)
  const { requests } = server.sandbox
  const body = { firstName: 'a'.repeat(30_000), list: Array.from({ length: 20_000 }, (_, i) => i) }
  const send = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await caller.create('cryptlex', { ...body, email: `${i}@example.test` })
      expect(requests.bytes).toBeLessThanOrEqual(4 * 1024 * 1024)
      expect(requests.size).toBeLessThanOrEqual(1000)
    }
  }
  await send(100)
  const full = requests.size
  // 64 KiB each of request and answer, and what goes with them.
  expect(full).toBeGreaterThan(25)
  expect(full).toBeLessThan(70)
  for (const { call } of requests.after()) {
    expect(call.body).toBeUndefined()
    expect(call.bodyText!.length).toBeLessThanOrEqual(MOST_KEPT)
  }
  await send(60)
  expect(requests.size).toBeLessThanOrEqual(full + 1)
})

test('a call that met a fault is made anew with what came of it', async () => {
  const server = await createSandbox()
  server.sandbox.faults.add({ status: 500, match: { headers: { 'X-A': 'b' } } })
  server.sandbox.faults.add('commit-500;times=2')
  const answer = await createCaller(server).create('cryptlex')
  const user = server.sandbox.store.collection('cryptlex.users').all()[0]!.id
  const { call } = server.sandbox.requests.get(answer.header('Standin-Request-Id')!)!
  expect(call).toMatchObject({
    created: user,
    events: ['reseller.user.created'],
    deliveries: server.sandbox.webhooks.deliveries.map(({ id }) => id),
    endedAfter: 'commit',
    stage: 'saving',
    faults: [
      { id: 'fault-1', fired: false },
      { id: 'fault-2', fault: 'after=commit;500;times=2', fired: true },
    ],
  })
  expect(call.deliveries).toHaveLength(1)
  // Forgotten faults, bodies that were read twice and such are let go.
  expect([call.firing, call.body, call.raw]).toEqual(Array(3).fill(undefined))
})

test('a call is made anew as it was', async () => {
  const server = await createSandbox()
  const plain = createServer((request, response) => response.end(JSON.stringify(request.headers)))
  await new Promise<void>((resolve) => {
    plain.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => void plain.close())
  const head = [
    'POST /api/v2/USER.json?a=1&a=%20b&c HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    'content-type: text/xml',
    'X-Many: a',
    'x-many: b',
    'Cookie: a=1',
    'Cookie: b=2',
    'Set-Cookie: c=3',
    'set-cookie: d=4',
    'Referer: one',
    'Referer: two',
    'X-Latin: \xe9',
    'X-Empty:',
    'Content-Length: 2',
    'Connection: close',
  ].join('\r\n')
  const exchange = async (port: number) => {
    const socket = connect(port, '127.0.0.1')
    socket.end(`${head}\r\n\r\n{}`, 'latin1')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    return text.slice(text.indexOf('\r\n\r\n') + 4)
  }
  const { port } = plain.address() as AddressInfo
  const headers = JSON.parse(
    (await exchange(port)).replace(/^[\da-f]+\r\n|\r\n0\r\n\r\n$/g, ''),
  ) as object
  await exchange(server.port)
  const [entry] = [...server.sandbox.requests.after()]
  const { call } = entry!
  expect(call.headers).toEqual(headers)
  expect(call).toMatchObject({
    method: 'POST',
    url: '/api/v2/USER.json?a=1&a=%20b&c',
    bodyText: '{}',
  })
  expect(call.path).toBe('/v2/user')
  expect([...call.query]).toEqual([
    ['a', '1'],
    ['a', ' b'],
    ['c', ''],
    ['format', 'json'],
  ])
  expect(call.operation?.id).toBe('createUser')
})
