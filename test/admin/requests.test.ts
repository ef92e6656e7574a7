import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { parsed, raw } from '../helpers/raw-requests.ts'
import { creation, APIS, createCaller, CREATED, idIn, named } from '../helpers/caller.ts'
import { eventually } from '../helpers/time.ts'
import { createReader, requestsOf, type Recorded } from '../helpers/requests.ts'
import { createFormsOnFireUserInXml, createSandbox, fixture, MYKAARMA } from '../helpers/sandbox.ts'

test.each(APIS)('%s: a create is recorded as it was sent and answered', async (api) => {
  const caller = createCaller(await createSandbox({ clock: Date.UTC(2026, 0, 15, 9, 30) }))
  const created = await caller.create(api, named(api, 'ada'))
  const { requests, total } = await requestsOf(caller)
  expect(total).toBe(1)
  const [one] = requests as [Recorded]
  expect(one).toMatchObject({
    id: created.header('Standin-Request-Id'),
    time: '2026-01-15T09:30:00.000Z',
    api,
    method: 'POST',
    stage: 'answer',
    user: { api, id: idIn(api, created), email: 'ada@example.test' },
  })
  expect(one.operation).toMatch(/^create/)
  expect(one.answer.status).toBe(CREATED[api])
  expect(one.answer.headers['Standin-Request-Id']).toBe(one.id)
  expect(one.answer.body.text).toBe(created.text)
  expect(JSON.parse(one.body!.text)).toMatchObject(named(api, 'ada'))
  expect(one.headers).toMatchObject({ Host: 'localhost', 'Content-Type': 'application/json' })
  expect(one.ms).toBeGreaterThan(0)
  expect(one).not.toHaveProperty('problem')
  expect((await caller.get(`/_standin/requests/${one.id}`)).json()).toEqual(one)
})

test('a refusal is recorded with its stage, its reason and the violated rules', async () => {
  const caller = createCaller(await createSandbox())
  await caller.create('cryptlex', { email: 'no address', firstNam: 'Ada', firstName: undefined })
  await caller.post('/v3/resellers/r-1/users', {}, { Authorization: 'Bearer nope' })
  await caller.post('/v3/resellers/r-1/users', '{"a":', { Authorization: 'Bearer standin-token' })
  await caller.get('/v3/nothing')
  await caller.get('/nowhere?a=1')
  await caller.get('/~nope/v3/nothing')
  const { requests } = await requestsOf(caller)
  expect(
    requests.map(({ id, api, stage, problem, answer }) => [
      id,
      api,
      stage,
      problem?.reason,
      answer.status,
    ]),
  ).toEqual([
    ['req-1', 'cryptlex', 'contract', 'body.invalid', 400],
    ['req-2', 'cryptlex', 'credentials', 'token.malformed', 401],
    ['req-3', 'cryptlex', 'body', 'body.malformed', 400],
    ['req-4', 'cryptlex', 'route', 'route.unknown', 404],
    ['req-5', undefined, 'route', 'route.unknown', 404],
    ['rejected-1', 'cryptlex', 'arrival', 'sandbox.unknown', 404],
  ])
  const violations = requests[0]!.problem!.violations
  expect(violations).toContainEqual({
    at: 'body.firstName',
    rule: 'required',
    text: 'firstName is required',
  })
  expect(violations).toContainEqual(expect.objectContaining({ at: 'body.email', rule: 'format' }))
  expect(requests[4]).toMatchObject({ path: '/nowhere', query: 'a=1' })
  expect(requests[5]!.path).toBe('/~nope/v3/nothing')
  expect((await caller.get('/_standin/requests/rejected-1')).status).toBe(200)
})

test('warnings and XML bodies are recorded', async () => {
  const server = await createSandbox()
  const xml = fixture('formsonfire.xml').replace('</User>', '<Zoo>1</Zoo></User>')
  await createFormsOnFireUserInXml(server, xml).expect(200)
  const [one] = (await requestsOf(createCaller(server))).requests as [Recorded]
  expect(one.warnings).toContainEqual({ code: 'unknown-field.Zoo', text: 'Zoo is not a field' })
  expect(one.body!.text).toContain('<IntegrationKey>[redacted]</IntegrationKey>')
  expect(one.body!.text).toContain('<Email>ada@example.test</Email>')
  expect(one.body!.size).toBe(Buffer.byteLength(xml))
})

test('an answer in protobuf is recorded in Base64', async () => {
  const caller = createCaller(await createSandbox())
  const good = creation('mykaarma')
  const headers = { ...good.headers, Accept: 'application/x-protobuf' }
  expect((await caller.send({ ...good, headers })).status).toBe(200)
  const [one] = (await requestsOf(caller)).requests as [Recorded]
  expect(one.answer.body.encoding).toBe('base64')
  expect(Buffer.from(one.answer.body.text, 'base64').length).toBeGreaterThan(10)
})

test('requests to the admin API and to other sandboxes are not recorded', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/sandboxes', { name: 'other' })
  await caller.get('/_standin/nope')
  await caller.create('cryptlex', {}, '/~other')
  await caller.get('/_standin')
  await caller.get('/_STANDIN/health')
  expect((await requestsOf(caller)).total).toBe(0)
  const { requests } = await requestsOf(caller, '', '/~other')
  expect(requests.map(({ path }) => path)).toEqual(['/~other/v3/resellers/reseller-001/users'])
})

test.each([
  '/favicon.ico',
  '/favicon.ico?v=2',
  '/apple-touch-icon.png',
  '/apple-touch-icon-precomposed.png',
  '/apple-touch-icon-120x120-precomposed.png',
  '/robots.txt',
  '/browserconfig.xml',
  '/.well-known/appspecific/com.chrome.devtools.json',
  '/.well-known/traffic-advice',
])('%s, which browsers request by themselves, is answered and leaves no trace', async (path) => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (const method of ['GET', 'HEAD']) {
    const answer = parsed(
      await raw(
        server,
        `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      ),
    )
    expect([answer.status, answer.headers['standin-request-id']]).toEqual([204, undefined])
  }
  expect((await caller.create('cryptlex')).header('Standin-Request-Id')).toBe('req-1')
  expect((await requestsOf(caller)).total).toBe(1)
  const { text: metrics } = await caller.get('/_standin/metrics')
  expect(metrics).not.toMatch(/^standin_requests_total.*"[24]04"/m)
  // Only requests that browsers send automatically are left out.
  expect((await caller.post(path)).status).toBe(404)
  expect((await requestsOf(caller, 'status=4xx')).total).toBe(1)
})

test.each(['warnings', 'cryptlex', 'decisions', 'documented', 'createResellerUser'])(
  'a password that is also a word of the record, %s, redacts only itself',
  async (password) => {
    const caller = createCaller(await createSandbox())
    const made = await caller.create('cryptlex', { password })
    expect(made.status).toBe(201)
    const [one] = (await requestsOf(caller)).requests
    expect(one).toMatchObject({ api: 'cryptlex', warnings: [] })
    expect(one!.body!.text).toContain('"password":"[redacted]"')
    const explained = await caller.get('/_standin/requests/req-1/explain')
    expect(explained.json<{ decisions: object[] }>().decisions.length).toBeGreaterThan(5)
  },
)

test('DELETE and a reset empty the request log', async () => {
  const caller = createCaller(await createSandbox())
  for (let i = 0; i < 3; i++) await caller.create('cryptlex')
  expect((await caller.delete('/_standin/requests')).json()).toEqual({ cleared: 3 })
  expect((await requestsOf(caller)).total).toBe(0)
  const answer = await caller.create('cryptlex')
  expect((await requestsOf(caller)).requests[0]!.id).toBe(answer.header('Standin-Request-Id'))
  await caller.post('/_standin/reset')
  expect((await requestsOf(caller)).total).toBe(0)
})

test('pages of any size list each request once, even while others arrive', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (let i = 0; i < 7; i++) await caller.get(`/v3/${i}`)
  for (const limit of [1, 2, 3, 7, 8]) {
    const paths: string[] = []
    let after = ''
    for (;;) {
      const { requests, next, total } = await requestsOf(caller, `limit=${limit}${after}`)
      expect(total).toBeGreaterThanOrEqual(7)
      paths.push(...requests.map(({ path }) => path))
      if (next === undefined || paths.length >= 7) break
      after = `&after=${next}`
    }
    expect(paths.slice(0, 7)).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `/v3/${n}`))
    await caller.get('/v3/late')
  }
  const { requests, total } = await requestsOf(caller, 'last=2&text=/v3/late')
  expect([requests.length, total]).toEqual([2, 2])
})

test('filters work alone and together', async () => {
  const caller = createCaller(await createSandbox())
  for (const api of APIS) await caller.create(api, named(api, 'ada')) // 1, 2, 3
  await caller.create('cryptlex', { email: 'ADA@example.test' }) // 4: taken
  await caller.create('mykaarma', { firstName: undefined }) // 5
  await caller.get('/nowhere', { 'X-Trace': 'abc' }) // 6
  const xml = '<User><Email> Ada@Example.test </Email></User>'
  await caller.post('/api/v2/user', xml, { 'Content-Type': 'application/xml' }) // 7
  const found = async (query: string) =>
    (await requestsOf(caller, query)).requests.map(({ id }) => Number(id.slice(4)))
  expect(await found('api=cryptlex')).toEqual([2, 4])
  expect(await found('api=none')).toEqual([6])
  expect(await found('operation=createResellerUser')).toEqual([2, 4])
  expect(await found('status=409')).toEqual([4])
  expect(await found('status=4xx')).toEqual([4, 5, 6, 7])
  expect(await found('status=2xx')).toEqual([1, 2, 3])
  expect(await found('email=ada@example.test')).toEqual([1, 2, 3, 4, 5, 7])
  expect(await found('header=x-trace')).toEqual([6])
  expect(await found('header=X-Trace:abc')).toEqual([6])
  expect(await found('header=X-Trace:%20abd')).toEqual([])
  expect(await found('header=Authorization:Bearer%20standin-token')).toEqual([2, 4])
  expect(await found('since=req-5')).toEqual([6, 7])
  expect(await found('since=req-99')).toEqual([])
  expect(await found('since=2020-01-01T00:00:00Z')).toHaveLength(7)
  expect(await found('since=2999-01-01T00:00:00Z')).toEqual([])
  expect(await found('text=USER.duplicate')).toEqual([4, 5])
  expect(await found('text=ANALYTICAL-engine')).toEqual([])
  expect(await found('api=cryptlex&status=2xx&email=ada@example.test')).toEqual([2])
})

test.each([
  ['status=6xx', 'status must be'],
  ['api=okta', 'api must be one of'],
  [
    'operation=createUsers',
    'No API has an operation createUsers; there are: createUserForPartner, ',
  ],
  ['since=yesterday', 'since must be a time such as'],
  ['format=xml', 'format must be one of json, har, curl'],
  ['limit=0', 'limit must be at least 1'],
  ['after=a', 'after must be'],
  ['colour=red', 'colour is not known here; allowed: api, operation, status, email, '],
])('a list of requests by %s is refused', async (query, detail) => {
  const answer = await createCaller(await createSandbox()).get(`/_standin/requests?${query}`)
  expect(answer.status).toBe(400)
  expect(answer.json<{ detail: string }>().detail).toContain(detail)
})

test('an unknown request is a 404 that says why', async () => {
  const caller = createCaller(await createSandbox({ requestLogSize: 2 }))
  for (let i = 0; i < 3; i++) await caller.get('/v3/nothing')
  const answer = await caller.get('/_standin/requests/req-1')
  expect([answer.status, answer.reason]).toEqual([404, 'request.unknown'])
  expect(answer.text).toContain('only the newest 2 are kept (--request-log-size')
  expect(answer.text).toContain('Calls of /_standin have ids, but are not recorded')
  expect((await requestsOf(caller)).total).toBe(2)
  const none = createCaller(await createSandbox({ requestLogSize: 0 }))
  await none.get('/v3/nothing')
  expect((await requestsOf(none)).total).toBe(0)
  expect((await none.get('/_standin/requests/req-1')).text).toContain('--request-log-size 0')
})

test('an HTTP Archive has all required members', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.create('cryptlex')
  await caller.get('/v3/nothing?a=1&b=%20x&token=abcdefgh')
  const answer = await caller.get('/_standin/requests?format=har')
  expect(answer.header('Content-Type')).toBe('application/json; charset=utf-8')
  const { log } = answer.json<{ log: { version: string; creator: object; entries: Har[] } }>()
  expect(log.version).toBe('1.2')
  expect(log.creator).toEqual({ name: 'standin', version: expect.any(String) as string })
  expect(log.entries).toHaveLength(2)
  const text = expect.any(String) as string
  const number = expect.any(Number) as number
  const fields = expect.arrayContaining([{ name: text, value: text }]) as object[]
  for (const entry of log.entries) {
    expect(new Date(entry.startedDateTime).toISOString()).toBe(entry.startedDateTime)
    expect(entry.request.url).toMatch(/^http:\/\/localhost\/v3\//)
    expect(entry).toMatchObject({
      time: number,
      request: { method: text, httpVersion: 'HTTP/1.1', cookies: [], headers: fields },
      response: {
        status: number,
        statusText: text,
        httpVersion: 'HTTP/1.1',
        cookies: [],
        headers: fields,
        content: { size: number, mimeType: 'application/json; charset=utf-8', text },
        redirectURL: '',
        headersSize: -1,
        bodySize: number,
      },
      cache: {},
      timings: { send: 0, wait: number, receive: 0 },
    })
  }
  const [first, second] = log.entries as [Har, Har]
  expect(first.request.postData).toMatchObject({ mimeType: 'application/json', text })
  expect(second.request.queryString).toEqual([
    { name: 'a', value: '1' },
    { name: 'b', value: ' x' },
    { name: 'token', value: '[redacted]' },
  ])
  const one = await caller.get('/_standin/requests/req-1?format=har')
  expect(one.json<{ log: { entries: Har[] } }>().log.entries).toEqual([first])
})

interface Har {
  readonly startedDateTime: string
  readonly request: {
    readonly url: string
    readonly postData?: object
    readonly queryString: readonly object[]
  }
}

test('curl commands repeat the requests once the secrets are set', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const odd = `it's "$HOME" \`id\` \\ 😀\n[a-c]{1,2}`
  await caller.create('cryptlex', { email: 'ada@example.test', lastName: odd })
  await caller.get("/v3/it's[1-3]?q=$(id)&empty=", { 'X-Empty': '', 'X-Odd': "o'dd $HOME" })
  const answer = await caller.get('/_standin/requests?format=curl', {
    Host: server.url.slice('http://'.length),
  })
  expect(answer.header('Content-Type')).toBe('text/plain; charset=utf-8')
  expect(answer.text).toContain('# Set first: SECRET_1 (Authorization), SECRET_2 (body)')
  expect(answer.text).not.toContain('analytical-engine')
  await caller.post('/_standin/reset')
  const env = { ...process.env, SECRET_1: 'standin-token', SECRET_2: 'analytical-engine-1' }
  const run = promisify(execFile)
  const script = answer.text.replaceAll('curl --globoff', 'curl -s -o /dev/null --globoff')
  await run('sh', ['-c', script], { env })
  const { requests } = await requestsOf(caller)
  expect(requests.map((one) => one.answer.status)).toEqual([201, 404])
  expect(JSON.parse(requests[0]!.body!.text)).toMatchObject({ lastName: odd })
  expect(requests[0]!.user!.email).toBe('ada@example.test')
  expect(requests[1]).toMatchObject({ path: "/v3/it's[1-3]", query: 'q=$(id)&empty=' })
  expect(requests[1]!.headers).toMatchObject({ 'X-Empty': '', 'X-Odd': "o'dd $HOME" })
})

test('a list without hints has everything else', async () => {
  const caller = createCaller(await createSandbox())
  await caller.create('cryptlex', { emial: 'ada@example.test' })
  const [hinted] = (await requestsOf(caller)).requests as (Recorded & { hints?: unknown })[]
  const { hints, ...others } = hinted!
  expect(hints).not.toEqual([])
  expect((await requestsOf(caller, 'hints=false')).requests).toEqual([others])
})

test('the event stream sends each request as it is answered', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.get('/v3/before')
  const reader = await createReader(`${server.url}/_standin/events`)
  expect(reader.response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-store',
    'x-accel-buffering': 'no',
  })
  expect(reader.response.headers).not.toHaveProperty('content-length')
  const picky = await createReader(`${server.url}/_standin/events?status=4xx&api=cryptlex`)
  await caller.create('mykaarma')
  await caller.get('/v3/nothing')
  const heard = await reader.events(2)
  expect(heard.map(({ data }) => data.path)).toEqual([MYKAARMA, '/v3/nothing'])
  expect(heard.map(({ data }) => data)).toEqual((await requestsOf(caller, 'last=2')).requests)
  expect((await picky.events(1)).map(({ data }) => data.path)).toEqual(['/v3/nothing'])
})

test('events are sent in order and without a gap while requests keep coming', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const reader = await createReader(`${server.url}/_standin/events`)
  const heard = reader.events(40)
  let sent = 0
  const keepSending = async (signal: AbortSignal) => {
    while (!signal.aborted) await caller.get(`/v3/${sent++}`)
  }
  const stop = new AbortController()
  const sending = keepSending(stop.signal)
  await heard
  stop.abort()
  await sending
  const paths = (await heard).map(({ data }) => data.path)
  expect(paths.slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, i) => `/v3/${i}`))
  await caller.get('/v3/last')
  const all = await reader.events(sent + 1)
  expect(all.map(({ data }) => data.path)).toEqual([
    ...Array.from({ length: sent }, (_, i) => `/v3/${i}`),
    '/v3/last',
  ])
})

test('a client that reconnects to the event stream gets each missed request once', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const url = `${server.url}/_standin/events`
  const first = await createReader(url)
  await caller.get('/v3/1')
  await caller.get('/v3/2')
  const { id } = (await first.events(2))[0]!
  first.response.destroy()
  await caller.get('/v3/3')
  const again = await createReader(url, { 'Last-Event-ID': id })
  await caller.get('/v3/4')
  const heard = await again.events(3)
  expect(heard.map(({ data }) => data.path)).toEqual(['/v3/2', '/v3/3', '/v3/4'])
  expect(new Set(heard.map((event) => event.id)).size).toBe(3)
  // With an id of another process, the client has missed all requests.
  const stranger = await createReader(url, { 'Last-Event-ID': 'abc-3' })
  expect(await stranger.events(4)).toHaveLength(4)
})

test('an event stream that is not read is closed', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /_standin/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await new Promise((resolve) => socket.once('data', resolve))
  socket.pause()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  const large = { company: 'a'.repeat(60_000) }
  let sent = 0
  // The kernel buffers some megabytes before the server has to wait.
  while (listeners(server) > 0 && sent++ < 1000) await caller.create('cryptlex', large)
  expect(sent).toBeLessThan(1000)
  socket.resume()
  await closed
})

test('a client that reconnects reads a long request log at its own pace, without gaps', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const url = `${server.url}/_standin/events`
  const company = 'a'.repeat(40_000)
  for (let i = 0; i < 60; i++) await caller.create('cryptlex', { company })
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /_standin/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: abc-0\r\n\r\n')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await new Promise((resolve) => socket.once('data', resolve))
  socket.pause()
  const reader = await createReader(url, { 'Last-Event-ID': 'abc-0' })
  await caller.get('/v3/last')
  const { requests } = await requestsOf(caller)
  const read = await reader.events(61)
  expect(read.map(({ data }) => data.id)).toEqual(requests.map(({ id }) => id))
  // More than may be buffered for a reader of live events waits for this one.
  socket.resume()
  await eventually(() => expect(text).toContain('/v3/last'))
  expect(text.match(/^event: request$/gm)).toHaveLength(61)
  socket.destroy()
})

test('readers that come in the middle of a burst get each request once, in order', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const url = `${server.url}/_standin/events`
  await createReader(url)
  const burst = (from: number) =>
    Promise.all(Array.from({ length: 40 }, (_, i) => caller.get(`/v3/${from + i}`)))
  const running = burst(0)
  // Readers with several filters, for live events only and with an id, so that each code path is
  // used.
  const queries = ['', '?api=cryptlex', '?text=/v3/', '?status=404']
  const reads = Array.from({ length: 16 }, (_, i) => ({
    query: queries[i % 4]!,
    lastId: i % 8 < 4 ? undefined : 'abc-0',
  }))
  const readers = await Promise.all(
    reads.map(async ({ query, lastId }) => ({
      query,
      lastId,
      reader: await createReader(url + query, lastId ? { 'Last-Event-ID': lastId } : {}),
    })),
  )
  await running
  await burst(40)
  await caller.get('/v3/last')
  const seqs = (await requestsOf(caller)).requests.map(({ id }) => id)
  for (const { query, lastId, reader } of readers) {
    await eventually(() => expect(reader.text()).toContain('/v3/last'))
    const ids = [...reader.text().matchAll(/"id":"(req-\d+)"/g)].map(([, id]) => id)
    const from = lastId === undefined ? seqs.indexOf(ids[0]!) : 0
    expect(ids, query).toEqual(seqs.slice(from))
    expect(ids.length).toBeGreaterThan(40)
  }
})

test('an event is written out once for all readers, and not for filters that it does not fit', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const url = `${server.url}/_standin/events`
  const first = await createReader(url)
  const picky = await createReader(`${url}?api=mykaarma`)
  // Each writing of a request reads the secrets to redact.
  const secrets = vi.spyOn(server.sandbox, 'secrets', 'get')
  await caller.get('/v3/0')
  await first.events(1)
  const once = secrets.mock.calls.length
  const readers = await Promise.all(Array.from({ length: 8 }, () => createReader(url)))
  secrets.mockClear()
  for (let i = 1; i <= 30; i++) await caller.get(`/v3/${i}`)
  for (const reader of readers) {
    const paths = (await reader.events(30)).map(({ data }) => data.path)
    expect(paths).toEqual(Array.from({ length: 30 }, (_, i) => `/v3/${i + 1}`))
  }
  expect(once).toBeGreaterThan(0)
  expect(secrets.mock.calls.length).toBe(30 * once)
  expect(picky.text()).not.toContain('event:')
})

test('a silent event stream outlasts the time limit of bodies', async () => {
  const server = await createSandbox({ bodyTimeout: 50 })
  const reader = await createReader(`${server.url}/_standin/events`)
  // Each of these connections is closed by the limit that must not close the stream.
  const stalled = 'POST /_standin/clock/advance HTTP/1.1\r\nHost: localhost\r\n'
  const json = 'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{'
  for (let i = 0; i < 4; i++) await raw(server, stalled + json)
  await createCaller(server).create('cryptlex')
  expect(await reader.events(1)).toHaveLength(1)
})

/** The number of listeners of the sandbox's request log. */
function listeners({ sandbox }: Awaited<ReturnType<typeof createSandbox>>): number {
  return sandbox.requests.listening
}

test('the event stream ends with its sandbox and with the server', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'short' })
  const short = await createReader(`${server.url}/~short/_standin/events`)
  const long = await createReader(`${server.url}/_standin/events`)
  await caller.delete('/_standin/sandboxes/short')
  await short.ended
  const waiting = caller.get('/_standin/requests/await?timeout=10m')
  // Wait until both listen.
  while (listeners(server) < 2) await turn()
  await server.close()
  await long.ended
  expect((await waiting).json()).toMatchObject({ fulfilled: false })
})
