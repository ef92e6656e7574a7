import { connect } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Explanation, RecordedRequest, RequestPage } from '../../src/admin/contract.gen.ts'
import { createCaller, creation, type Caller } from '../helpers/caller.ts'
import { parsed, raw } from '../helpers/raw-requests.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { withDefaults } from '../../src/config/config.ts'
import { startServer } from '../../src/server/server.ts'

const EVIL = { Origin: 'http://evil.test' }

async function requestLog(caller: Caller, base = ''): Promise<RecordedRequest[]> {
  const answer = await caller.get(`${base}/_standin/requests?limit=1000`)
  return answer.json<RequestPage>().requests
}

async function explained(caller: Caller, id: string, base = ''): Promise<Explanation> {
  return (await caller.get(`${base}/_standin/requests/${id}/explain`)).json<Explanation>()
}

test('a rejected request is recorded in the request log of the sandbox that it names', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'shop' })
  const from = async (headers: Record<string, string>, base = '') => {
    const sent = creation('cryptlex', {}, base)
    return await caller.send({ ...sent, headers: { ...sent.headers, ...headers } })
  }
  const foreign = await from(EVIL, '/~shop')
  expect(foreign.header('Standin-Request-Id')).toBe('rejected-1')
  await from({ ...EVIL, 'Standin-Sandbox': 'shop' })
  await from({ Host: 'evil.test' }, '/~shop')
  await from({ Host: 'evil.test' })
  await from(EVIL, '/~nope')
  const seen = (all: readonly RecordedRequest[]) =>
    all.map(({ id, path, answer, problem }) => [id, path, answer.status, problem?.reason])
  const path = '/v3/resellers/reseller-001/users'
  expect(seen(await requestLog(caller, '/~shop'))).toEqual([
    ['rejected-1', `/~shop${path}`, 403, 'origin.foreign'],
    ['rejected-2', path, 403, 'origin.foreign'],
    ['rejected-3', `/~shop${path}`, 421, 'host.foreign'],
  ])
  expect(seen(await requestLog(caller))).toEqual([
    ['rejected-1', path, 421, 'host.foreign'],
    ['rejected-2', `/~nope${path}`, 403, 'origin.foreign'],
  ])
})

test('the explanation says why a web page was refused', async () => {
  const server = await createSandbox({ corsOrigins: ['http://app.test'] })
  const caller = createCaller(server)
  const sent = creation('cryptlex')
  await caller.send({ ...sent, headers: { ...sent.headers, ...EVIL } })
  await caller.send({ ...sent, headers: { ...sent.headers, Origin: 'null' } })
  await caller.get('/_standin/users', EVIL)
  await caller.get('/_standin/users', { Host: 'evil.test' })
  const words = await Promise.all(
    (await requestLog(caller)).map(async ({ id }) => (await explained(caller, id)).summary),
  )
  const vendor =
    "only pages of this machine and those that --cors-origins lists (http://app.test) may call a vendor's API."
  const adminRule = "only this server's own pages may call the admin API."
  const rest = 'Later steps did not run.'
  expect(words).toEqual([
    `Refused with 403 at "Arrival": A web page at http://evil.test sent this request; ${vendor} ${rest}`,
    `Refused with 403 at "Arrival": A web page of an unknown origin sent this request; ${vendor} ${rest}`,
    `Refused with 403 at "Arrival": A web page at http://evil.test sent this request; ${adminRule} ${rest}`,
    `Refused with 421 at "Arrival": This server does not accept the host evil.test; to allow it, start the server with --allowed-hosts evil.test. ${rest}`,
  ])
})

test('a flood of rejected requests evicts no other request from the request log', async () => {
  const server = await createSandbox({ requestLogSize: 20 })
  const caller = createCaller(server)
  await caller.create('cryptlex')
  for (let i = 0; i < 50; i++) await caller.get(`/v3/flood-${i}`, { Host: 'evil.test' })
  await caller.create('mykaarma')
  const ids = (await requestLog(caller)).map(({ id }) => id)
  const rejected = Array.from({ length: 20 }, (_, i) => `rejected-${31 + i}`)
  expect(ids).toEqual(['req-1', ...rejected, expect.stringMatching(/^req-/)])
  expect((await caller.delete('/_standin/requests')).json()).toEqual({ cleared: 22 })
  expect(await requestLog(caller)).toEqual([])
})

test('at most 100 rejected requests are kept', async () => {
  const caller = createCaller(await createSandbox())
  for (let i = 0; i < 120; i++) await caller.get(`/v3/flood-${i}`, { Host: 'evil.test' })
  const all = await requestLog(caller)
  expect([all.length, all[0]!.id, all.at(-1)!.id]).toEqual([100, 'rejected-21', 'rejected-120'])
})

const LINE = 'The request line could not be read: '
const HEADERS = 'The headers could not be read: '
const SPACE = 'the path must be followed by HTTP/1.1; write a space in the path as %20'
const ASCII =
  'the method must be followed by a path that begins with / and is ASCII; percent-encode other characters'
const LEFT_BEHIND =
  'it follows another request on the same connection and does not begin with a method; the Content-Length of that request may be too small for its body'

test.each([
  [
    'nonsense',
    'hello\r\n\r\n',
    { line: 'hello' },
    `${LINE}it must begin with a method, such as POST`,
  ],
  [
    'TLS',
    '\x16\x03\x01\x02',
    { line: '\\u{16}\\u{3}\\u{1}\\u{2}' },
    `${LINE}it begins with a TLS handshake, and this server speaks only http://`,
  ],
  [
    'HTTP/2',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    {},
    `${LINE}it is the preface of HTTP/2, and this server speaks only HTTP/1.1`,
  ],
  [
    'a space in the path',
    'GET /v3/a b HTTP/1.1\r\n\r\n',
    { line: 'GET /v3/a b HTTP/1.1' },
    LINE + SPACE,
  ],
  [
    'a path that is not ASCII',
    'GET /caf\xe9 HTTP/1.1\r\n\r\n',
    { line: 'GET /caf\\u{e9} HTTP/1.1' },
    LINE + ASCII,
  ],
  [
    'a key in the query',
    'GET /v3/x?api_key=hunter2 and more HTTP/1.1\r\n\r\n',
    { line: 'GET /v3/x?api_key=[redacted]' },
    LINE + SPACE,
  ],
  [
    'a bad header',
    'POST /v3/users?q=1 HTTP/1.1\r\nHo st: a\r\n\r\n',
    { method: 'POST', path: '/v3/users', query: 'q=1' },
    `${HEADERS}Invalid header token`,
  ],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
    { method: 'POST', path: '/' },
    `${HEADERS}Transfer-Encoding can't be present with Content-Length`,
  ],
  ['half a head', 'END GET / HT', {}, 'The connection ended before the headers were complete'],
] as const)('%s is recorded with its recoverable parts', async (_, text, recovered, why) => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const bytes = Buffer.from(text.replace('END ', ''), 'latin1')
  const { status, headers } = parsed(await sendBytes(server.port, bytes, text.startsWith('END ')))
  expect([status, headers['standin-reason'], headers['standin-request-id']]).toEqual([
    400,
    'http.malformed',
    'rejected-1',
  ])
  const [one, ...more] = await requestLog(caller)
  expect(more).toEqual([])
  const { method, path, query, line } = one!
  expect({ method, path, query, line }).toEqual({
    method: undefined,
    path: undefined,
    query: undefined,
    line: undefined,
    ...recovered,
  })
  const message = `This is not a well-formed HTTP/1.1 request. ${why}`
  expect(one).toMatchObject({ stage: 'arrival', problem: { message } })
  expect([one!.headers, one!.body]).toEqual([{}, undefined])
  expect(one!.answer.headers['Standin-Request-Id']).toBe('rejected-1')
  const { summary, hints, nearest } = await explained(caller, 'rejected-1')
  expect(summary).toContain(`Refused with 400 at "Arrival": ${message}`)
  expect([hints, nearest]).toEqual([[], []])
})

/** Sends bytes and returns the answer; `ends` closes the sending side. */
function sendBytes(port: number, bytes: Buffer, ends: boolean): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write(bytes)
      if (ends) socket.end()
    })
    socket.on('data', (chunk) => (heard += chunk.toString()))
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('close', () => resolve(heard))
  })
}

test('a malformed request is exported as HAR and curl, and explained as text', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await raw(server, "it's nothing\r\n\r\n")
  const har = (await caller.get('/_standin/requests?format=har')).json<{
    log: { entries: { request: { method: string; url: string }; _line?: string }[] }
  }>()
  expect(har.log.entries).toMatchObject([
    { request: { method: 'UNKNOWN', url: 'http://localhost/' }, _line: "it's nothing" },
  ])
  const { text } = await caller.get('/_standin/requests/rejected-1?format=curl')
  expect(text).toMatch(
    /^# rejected-1 at \S+, answered 400\n# curl cannot send this request: its first line is malformed: it's nothing\n$/,
  )
  const explanation = await caller.get('/_standin/requests/rejected-1/explain?format=text')
  expect(explanation.text).toMatch(/^rejected-1: it's nothing was answered 400\n/)
})

test('a malformed request is recorded in the sandbox that it names', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'shop' })
  for (const head of [
    'GET /~shop/v3 HTTP/1.1\r\nbad',
    'GET /v3 HTTP/1.1\r\nStandin-Sandbox: shop\r\nbad',
    'GET /v3 HTTP/1.1\r\nHost: shop.localhost\r\nbad',
    'CONNECT example.test:443 HTTP/1.1\r\nHost: shop.localhost',
    'GET /~shop/v3/with space HTTP/1.1',
    'GET /~nope/v3 HTTP/1.1\r\nbad',
  ]) {
    await raw(server, `${head}\r\n\r\n`)
  }
  const statuses = (await requestLog(caller, '/~shop')).map(({ answer }) => answer.status)
  expect(statuses).toEqual([400, 400, 400, 405, 400])
  expect(await requestLog(caller)).toMatchObject([{ path: '/~nope/v3' }])
})

test.each([
  ['', { method: 'CONNECT', path: 'example.test:443' }],
  ['Ba d: x\r\n', { line: 'CONNECT ada:[redacted]@example.test:443 HTTP/1.1' }],
])('credentials in a CONNECT request are not recorded: %j', async (header, shown) => {
  const server = await createSandbox()
  await raw(server, `CONNECT ada:hunter2-x@example.test:443 HTTP/1.1\r\n${header}\r\n`)
  const all = await requestLog(createCaller(server))
  expect(all).toMatchObject([shown])
  expect(JSON.stringify(all)).not.toContain('hunter2')
})

test('a request without headers is recorded without headers', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await raw(server, 'GET /v3/nothing HTTP/1.0\r\n\r\n')
  const [one] = await requestLog(caller)
  expect(one!.headers).toEqual({})
  const { text } = await caller.get(`/_standin/requests/${one!.id}?format=curl`)
  expect(text).not.toContain('-H')
})

test('the rest of a body beyond its Content-Length is not recorded', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const body = '{"x":1,"password":"hunter2-and-more"}'
  await raw(server, `POST /nowhere HTTP/1.1\r\nContent-Length: 20\r\n\r\n${body}`)
  const all = await requestLog(caller)
  expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(['rejected-1']))
  const rejected = all.find(({ id }) => id === 'rejected-1')!
  expect(rejected.problem!.message).toContain(LINE + LEFT_BEHIND)
  expect(JSON.stringify(all)).not.toContain('and-more')
})

test.each([
  ['a malformed request', 'nonsense', 400],
  ['CONNECT', 'CONNECT example.test:443 HTTP/1.1\r\nHost: localhost', 405],
] as const)(
  '%s is answered after the earlier requests on its connection',
  async (_, what, status) => {
    const server = await createSandbox()
    const caller = createCaller(server)
    const { path, headers, body } = creation('cryptlex')
    const text = JSON.stringify(body)
    const lines = Object.entries({
      Host: 'localhost',
      'Content-Type': 'application/json',
      ...headers,
      'Standin-Fault': 'delay=50ms',
      'Content-Length': String(Buffer.byteLength(text)),
    }).map(([name, value]) => `${name}: ${value}\r\n`)
    const slow = `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`
    const quick = 'GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const heard = await raw(server, `${slow}${quick}${what}\r\n\r\n`)
    expect([...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, seen]) => Number(seen))).toEqual([
      201,
      404,
      status,
    ])
    const ids = (await requestLog(caller)).map(({ id }) => id)
    expect(ids.toSorted()).toEqual(['rejected-1', 'req-1', 'req-2'])
  },
)

test.each(['cryptlex', 'mykaarma', 'formsonfire'] as const)(
  'a malformed body at %s is refused by the API and recorded once',
  async (api) => {
    const server = await createSandbox()
    const caller = createCaller(server)
    const { path, headers } = creation(api)
    const lines = Object.entries({
      'Content-Type': 'application/json',
      ...headers,
      'Transfer-Encoding': 'chunked',
    }).map(([name, value]) => `${name}: ${value}\r\n`)
    const text = `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`
    const seen = parsed(await raw(server, `${text}5\r\n{"a":\r\nZZ\r\n`))
    expect([seen.status, seen.headers['standin-reason']]).toEqual([400, 'http.malformed'])
    const [one, ...more] = await requestLog(caller)
    expect(more).toEqual([])
    expect(one).toMatchObject({ id: seen.headers['standin-request-id'], api, stage: 'body' })
    expect(one!.problem!.message).toMatch(/The body could not be read: Invalid character/)
  },
)

test('headers that are too large or too slow are recorded, a silent connection is not', async () => {
  const server = await createSandbox({ headerTimeout: 100 })
  const caller = createCaller(server)
  const silent = connect(server.port, '127.0.0.1').resume()
  onTestFinished(() => void silent.destroy())
  silent.on('error', () => {})
  const closed = new Promise((resolve) => silent.once('close', resolve))
  await raw(server, `GET /large HTTP/1.1\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`)
  expect(parsed(await raw(server, 'GET /slo')).status).toBe(408)
  await closed
  const all = await requestLog(caller)
  expect(all.map(({ path, problem }) => [path, problem!.reason, problem!.message])).toEqual([
    ['/large', 'headers.too-large', 'The headers are larger than 16 KiB'],
    [undefined, 'headers.too-slow', 'The headers did not arrive in time; only 8 bytes arrived'],
  ])
})

test('a malformed request is counted, and logged without its content', async () => {
  const lines: string[] = []
  const config = withDefaults({ port: 0, memory: true, log: 'json' })
  const server = await startServer(config, { lines: { write: (line) => void lines.push(line) } })
  onTestFinished(server.close)
  await raw(server, 'hunter2 hunter2\r\n\r\n')
  await raw(server, 'GET /v3/a?b=hunter2 c HTTP/1.1\r\n\r\n')
  const { text } = await createCaller(server).get('/_standin/metrics')
  expect(text).toContain('standin_requests_total{api="standin",operation="none",status="400"} 2')
  await vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual(2))
  expect(lines.slice(0, 2).map((line) => JSON.parse(line) as object)).toMatchObject([
    { id: 'rejected-1', method: '-', url: '…', status: 400, reason: 'http.malformed' },
    { id: 'rejected-2', method: '-', url: '/v3/a?b=…', status: 400, reason: 'http.malformed' },
  ])
  expect(lines.join('')).not.toContain('hunter2')
})

test('a preflight is recorded in its sandbox and explained', async () => {
  const server = await createSandbox({ corsOrigins: ['http://app.test'] })
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'shop' })
  const { path } = creation('cryptlex', {}, '/~shop')
  const asking = { Origin: 'http://app.test', 'Access-Control-Request-Method': 'POST' }
  const answer = await caller.send({ method: 'OPTIONS', path, headers: asking })
  expect([answer.status, answer.text]).toEqual([204, ''])
  expect(answer.header('Access-Control-Allow-Origin')).toBe('http://app.test')
  const id = answer.header('Standin-Request-Id')!
  const [one, ...more] = await requestLog(caller, '/~shop')
  expect(more).toEqual([])
  expect(one).toMatchObject({
    id,
    api: 'cryptlex',
    method: 'OPTIONS',
    path,
    stage: 'answer',
    warnings: [],
    answer: { status: 204, headers: { 'Access-Control-Allow-Origin': 'http://app.test' } },
  })
  const { summary, decisions, hints } = await explained(caller, id, '/~shop')
  expect(summary).toBe('Accepted and answered with 204.')
  expect(decisions.map(({ step, text }) => [step, text])).toEqual([
    ['sandbox', 'The path begins with /~shop, which selects the sandbox shop.'],
    ['arrival', 'A CORS preflight from http://app.test. The origin is allowed by --cors-origins.'],
    ['answer', 'The answer is 204 without a body.'],
  ])
  expect(hints).toEqual([])
  const { text } = await caller.get('/_standin/metrics')
  expect(text).toContain('standin_requests_total{api="cryptlex",operation="none",status="204"} 1')
})

test('a preflight for an unknown sandbox is allowed and recorded as rejected', async () => {
  const server = await createSandbox({ corsOrigins: ['http://app.test'] })
  const caller = createCaller(server)
  const asking = { Origin: 'http://app.test', 'Access-Control-Request-Method': 'POST' }
  const answer = await caller.send({ method: 'OPTIONS', path: '/~nope/v3/x', headers: asking })
  expect([answer.status, answer.header('Standin-Request-Id')]).toEqual([204, 'rejected-1'])
})
