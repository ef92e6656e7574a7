import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { answerOf, callOf, MAX_KEPT_BODY, type Entry } from '../../../src/core/request-log/entry.ts'
import type { SearchableEntry } from '../../../src/core/request-log/searchable-entry.ts'
import { RequestLog } from '../../../src/core/request-log/request-log.ts'
import { Call } from '../../../src/core/call.ts'
import type { ApiContext } from '../../../src/core/context.ts'
import { createCaller } from '../../helpers/caller.ts'
import { createPlainSandbox, createSandbox } from '../../helpers/sandbox.ts'

/** The context of one API in a sandbox of the test's own. */
async function createContext(): Promise<ApiContext> {
  return (await createSandbox()).sandbox.contextAt('/v3')
}

function record(
  requests: RequestLog,
  context: ApiContext,
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
  requests.record(context, call, { status: 200, headers: {}, body: answer, size, rawHeaders: [] })
  return id
}

const ids = (requests: RequestLog): string[] => [...requests.after()].map(({ id }) => id)

test('the newest requests are kept, up to the limit', async () => {
  const context = await createContext()
  const requests = new RequestLog({ size: 3, bytes: 1e9 })
  for (let i = 0; i < 10; i++) record(requests, context, 'a')
  expect(ids(requests)).toEqual(['req-8', 'req-9', 'req-10'])
  expect(requests.size).toBe(3)
  expect(requests.get('req-9')?.id).toBe('req-9')
  expect(requests.get('req-7')).toBeUndefined()
  expect([...requests.after(requests.get('req-9')!.seq)].map(({ id }) => id)).toEqual(['req-10'])
})

test('the limit in bytes holds, whatever the number of requests', async () => {
  const context = await createContext()
  const requests = new RequestLog({ size: 1000, bytes: 100_000 })
  for (let i = 0; i < 100; i++) {
    record(requests, context, 'é'.repeat(5000), 'a'.repeat(2000))
    expect(requests.bytes).toBeLessThanOrEqual(100_000)
  }
  expect(requests.size).toBe(7)
  // A request above the limit by itself is not kept, but displaces the others.
  const small = new RequestLog({ size: 10, bytes: 5000 })
  record(small, context, 'a')
  record(small, context, 'a'.repeat(10_000))
  expect(ids(small)).toEqual([])
  expect(small.bytes).toBe(0)
  record(small, context, 'a')
  expect(ids(small)).toEqual(['req-3'])
})

test('of a large body the beginning and the size are kept', async () => {
  const context = await createContext()
  const requests = new RequestLog({ size: 10, bytes: 1e9 })
  record(requests, context, 'é'.repeat(MAX_KEPT_BODY), 'b'.repeat(MAX_KEPT_BODY + 1))
  record(requests, context, `a${'😀'.repeat(MAX_KEPT_BODY / 4)}`)
  const [first, second] = [...requests.after()] as [Entry, Entry]
  expect(first.bodySize).toBe(2 * MAX_KEPT_BODY)
  expect(callOf(first).bodyText).toBe('é'.repeat(MAX_KEPT_BODY / 2))
  expect([answerOf(first).body.length, answerOf(first).size]).toEqual([
    MAX_KEPT_BODY,
    MAX_KEPT_BODY + 1,
  ])
  // No character is split.
  expect(callOf(second).bodyText).toBe(`a${'😀'.repeat(MAX_KEPT_BODY / 4 - 1)}`)
})

test('with size 0 nothing is kept, and ids still count up', async () => {
  const context = await createContext()
  const requests = new RequestLog({ size: 0, bytes: 1e9 })
  record(requests, context, 'a')
  expect(record(requests, context, 'a')).toBe('req-2')
  expect(ids(requests)).toEqual([])
})

test('a listener receives each request once, and none after it is removed', async () => {
  const context = await createContext()
  for (const size of [0, 10]) {
    const requests = new RequestLog({ size, bytes: 1e9 })
    const heard: string[] = []
    let ended = 0
    const listener = {
      onRequest: ({ entry }: SearchableEntry) => heard.push(entry.id),
      onClose: () => ended++,
    }
    record(requests, context, 'before')
    const leave = requests.listen(listener)
    record(requests, context, 'a')
    record(requests, context, 'b')
    await Promise.resolve()
    expect(heard).toEqual(['req-2', 'req-3'])
    leave()
    record(requests, context, 'c')
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

test('all listeners share one parsed request', async () => {
  const context = await createContext()
  const requests = new RequestLog({ size: 10, bytes: 1e9 })
  const heard: SearchableEntry[] = []
  for (let i = 0; i < 3; i++)
    requests.listen({ onRequest: (request) => heard.push(request), onClose: () => {} })
  record(requests, context, 'a')
  await Promise.resolve()
  expect(new Set(heard).size).toBe(1)
  expect(new Set(heard.map(({ subject }) => subject)).size).toBe(1)
  expect(heard).toHaveLength(3)
})

test('a listener that throws does not affect the others', async () => {
  const { sandbox, logged } = await createSandbox()
  const context = sandbox.contextAt('/v3')
  const heard: string[] = []
  const fail = () => {
    throw new Error('broken')
  }
  sandbox.requests.listen({ onRequest: fail, onClose: () => {} })
  sandbox.requests.listen({ onRequest: ({ entry }) => heard.push(entry.id), onClose: () => {} })
  record(sandbox.requests, context, 'a')
  await Promise.resolve()
  expect(heard).toHaveLength(1)
  expect(logged.join()).toContain('broken')
})

test('requests that are dropped during an iteration are skipped', async () => {
  const context = await createContext()
  const requests = new RequestLog({ size: 3, bytes: 1e9 })
  for (let i = 0; i < 3; i++) record(requests, context, 'a')
  const read: string[] = []
  for (const { id } of requests.after()) {
    read.push(id)
    if (read.length === 1) for (let i = 0; i < 2; i++) record(requests, context, 'b')
  }
  expect(read).toEqual(['req-1', 'req-3', 'req-4', 'req-5'])
  for (const { id } of requests.after()) {
    read.push(id)
    requests.clear()
  }
  expect(read).toHaveLength(5)
})

test('a reset deletes all requests and restarts their ids, but not the event ids', async () => {
  const context = await createContext()
  const requests = new RequestLog({ size: 3, bytes: 1e9 })
  record(requests, context, 'a')
  record(requests, context, 'a')
  requests.reset()
  expect([requests.size, requests.bytes]).toEqual([0, 0])
  expect(record(requests, context, 'a')).toBe('req-1')
  expect([...requests.after()].map(({ seq }) => seq)).toEqual([3])
})

test('many large requests stay within the memory limit', async () => {
  const limits = { requestLogBytes: 4 * 1024 * 1024, maxBody: 2 * 1024 * 1024 }
  const server = await createPlainSandbox(limits)
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
  await send(80)
  const full = requests.size
  // 64 KiB each of request and answer, and the overhead of an entry.
  expect(full).toBeGreaterThan(25)
  expect(full).toBeLessThan(70)
  for (const entry of requests.after()) {
    const call = callOf(entry)
    expect(call.body).toBeUndefined()
    expect(call.bodyText!.length).toBeLessThanOrEqual(MAX_KEPT_BODY)
  }
  await send(30)
  expect(requests.size).toBeLessThanOrEqual(full + 1)
})

test('a recorded call keeps its faults, events and deliveries', async () => {
  const server = await createSandbox()
  server.sandbox.faults.add({ status: 500, match: { headers: { 'X-A': 'b' } } })
  server.sandbox.faults.add('commit-500;times=2')
  const answer = await createCaller(server).create('cryptlex')
  const user = server.sandbox.store.collection('cryptlex.users').all()[0]!.id
  const call = callOf(server.sandbox.requests.get(answer.header('Standin-Request-Id')!)!)
  expect(call).toMatchObject({
    created: user,
    events: ['reseller.user.created'],
    deliveries: [...server.sandbox.webhooks.deliveries].map(({ id }) => id),
    endedAfter: 'commit',
    stage: 'saving',
    faults: [
      { id: 'fault-1', fired: false },
      { id: 'fault-2', fault: 'after=commit;500;times=2', fired: true },
    ],
  })
  expect(call.deliveries).toHaveLength(1)
  // What only the pipeline needs is not kept.
  expect([call.firing, call.body, call.raw]).toEqual(Array(3).fill(undefined))
})

test('a recorded call has the headers, path and query that Node parsed', async () => {
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
  const call = callOf(entry!)
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
