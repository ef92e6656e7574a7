import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { expect, test, vi } from 'vitest'
import { createCaller, type Answer, type Caller, type Sent } from '../helpers/caller.ts'
import { parsed, raw } from '../helpers/raw-requests.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'

interface Spec {
  readonly paths: Record<string, Record<string, Operation>>
}
interface Operation {
  readonly operationId?: string
  readonly responses?: object
  readonly requestBody?: {
    readonly content: Record<string, { readonly examples?: Record<string, Example> }>
  }
}
interface Example {
  readonly value: Record<string, unknown>
}

const spec = load(readFileSync('specs/standin.yaml', 'utf8')) as Spec
const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, { operationId, responses, requestBody }]) =>
    operationId
      ? [
          {
            id: operationId,
            method: method.toUpperCase(),
            path,
            statuses: Object.keys(responses!),
            examples: requestBody?.content['application/json']?.examples ?? {},
          },
        ]
      : [],
  ),
)

const user = (name: string) => ({
  id: name,
  firstName: name,
  email: `${name}@example.test`,
  role: 'user',
  allowCustomerPortalAccess: true,
  organizationId: null,
  resellerId: 'reseller-001',
})

/** The state before each test. */
const STATE = {
  cryptlex: { users: [user('ada'), user('grace')] },
  webhooks: {
    subscriptions: Array.from({ length: 99 }, (_, i) => ({
      id: `hook-${i}`,
      name: 'Hook',
      url: '/_standin/inbox/hook',
      token: 'hook-secret',
      active: i === 0,
      events: ['*'],
      status: 'Healthy',
      failures: 0,
      createdAt: 0,
      updatedAt: 0,
    })),
    deliveries: [
      {
        id: 'sent',
        event: 'test',
        subscription: 'hook-0',
        url: '/_standin/inbox/hook',
        body: '{}',
        createdAt: 0,
        state: 'delivered',
        attempts: [],
      },
    ],
  },
}
const FULL = {
  ...STATE,
  webhooks: {
    subscriptions: [
      ...STATE.webhooks.subscriptions,
      { ...STATE.webhooks.subscriptions[0], id: 'one-more' },
    ],
  },
}

/** A request that provokes each status of the spec, by operation. */
const PROVOKED: Readonly<Record<string, Readonly<Record<number, Omit<Sent, 'method'>>>>> = {
  getFrontPage: { 200: { path: '/' }, 400: { path: '/?now' } },
  getHealth: { 200: { path: '/health' }, 400: { path: '/health?now' } },
  getReady: { 200: { path: '/ready' }, 400: { path: '/ready?now' } },
  getMetrics: { 200: { path: '/metrics' }, 400: { path: '/metrics?now' } },
  getLimits: { 200: { path: '/limits' }, 400: { path: '/limits?now' } },
  getReference: { 200: { path: '/docs' }, 400: { path: '/docs?now' } },
  getOpenapiDocument: {
    200: { path: '/openapi/standin.json' },
    400: { path: '/openapi/standin.json?now' },
    404: { path: '/openapi/okta.json' },
  },
  getCa: { 200: { path: '/ca.pem' }, 400: { path: '/ca.pem?now' }, 404: { path: '/ca.pem' } },
  openSession: {
    200: { path: '/session', body: { token: 'a-token-for-the-admin-api' } },
    400: { path: '/session', body: { token: 'a', sandbox: 'b' } },
    401: { path: '/session', body: { token: 'another-token' } },
  },
  closeSession: { 200: { path: '/session' }, 400: { path: '/session?now' } },
  getCredentials: { 200: { path: '/credentials' }, 400: { path: '/credentials?now' } },
  getExamples: { 200: { path: '/examples' }, 400: { path: '/examples?now' } },
  getFaultCatalogue: {
    200: { path: '/fault-catalogue?api=cryptlex' },
    400: { path: '/fault-catalogue?api=cryptlex&operation=nope' },
  },
  listSandboxes: { 200: { path: '/sandboxes' }, 400: { path: '/sandboxes?a=b' } },
  createSandbox: {
    201: { path: '/sandboxes', body: { name: 'new' } },
    400: { path: '/sandboxes', body: { name: '-' } },
    409: { path: '/sandboxes', body: { name: 'default' } },
  },
  getSandbox: {
    200: { path: '/sandboxes/default' },
    400: { path: '/sandboxes/default?a' },
    404: { path: '/sandboxes/nope' },
  },
  deleteSandbox: {
    200: { path: '/sandboxes/there' },
    400: { path: '/sandboxes/there?a' },
    404: { path: '/sandboxes/nope' },
    409: { path: '/sandboxes/default' },
  },
  listUsers: { 200: { path: '/users' }, 400: { path: '/users?limit=0' } },
  getUser: {
    200: { path: '/users/cryptlex/ada' },
    400: { path: '/users/okta/ada' },
    404: { path: '/users/cryptlex/nobody' },
  },
  updateUser: {
    200: { path: '/users/cryptlex/ada', body: { company: 'Analytical Engines' } },
    400: { path: '/users/cryptlex/ada', body: { role: 7 } },
    404: { path: '/users/cryptlex/nobody', body: { company: 'Analytical Engines' } },
    409: { path: '/users/cryptlex/ada', body: { email: 'GRACE@example.test' } },
  },
  deleteUser: {
    200: { path: '/users/cryptlex/ada' },
    400: { path: '/users/okta/ada' },
    404: { path: '/users/cryptlex/nobody' },
  },
  listSubscriptions: { 200: { path: '/webhooks' }, 400: { path: '/webhooks?all' } },
  createSubscription: {
    201: { path: '/webhooks', body: { url: '/_standin/inbox/new' } },
    400: { path: '/webhooks', body: { url: 'ftp://example.test/' } },
    409: { path: '/webhooks', body: { url: '/_standin/inbox/new' } },
  },
  updateSubscription: {
    200: { path: '/webhooks/hook-0', body: { active: false } },
    400: { path: '/webhooks/hook-0', body: { url: 'ftp://example.test/' } },
    404: { path: '/webhooks/nope', body: { active: false } },
  },
  deleteSubscription: {
    200: { path: '/webhooks/hook-0' },
    400: { path: '/webhooks/hook-0?all' },
    404: { path: '/webhooks/nope' },
  },
  testWebhook: {
    202: { path: '/webhooks/test' },
    400: { path: '/webhooks/test', body: { fault: { kind: 'nice' } } },
    404: { path: '/webhooks/test', body: { subscription: 'nope' } },
  },
  listDeliveries: {
    200: { path: '/deliveries' },
    400: { path: '/deliveries?state=lost' },
  },
  awaitDeliveries: {
    200: { path: '/deliveries/await?event=test&timeout=1s' },
    400: { path: '/deliveries/await?timeout=soon' },
  },
  getDelivery: {
    200: { path: '/deliveries/sent' },
    400: { path: '/deliveries/sent?all' },
    404: { path: '/deliveries/nope' },
  },
  checkDelivery: {
    200: { path: '/deliveries/sent/check' },
    400: { path: '/deliveries/sent/check?all' },
    404: { path: '/deliveries/nope/check' },
  },
  redeliver: {
    202: { path: '/deliveries/sent/redeliver' },
    400: { path: '/deliveries/sent/redeliver', body: { fault: {} } },
    404: { path: '/deliveries/nope/redeliver' },
  },
  settle: {
    200: { path: '/settle' },
    400: { path: '/settle', body: { timeout: 'soon' } },
  },
  receive: { 200: { path: '/inbox/a' }, 204: { path: '/inbox/a?status=204' } },
  listInbox: { 200: { path: '/inbox/a' }, 400: { path: '/inbox/a?limit=0' } },
  clearInbox: { 200: { path: '/inbox/a' }, 400: { path: '/inbox/A' } },
  seedUsers: {
    200: { path: '/seed', body: { users: 1 } },
    400: { path: '/seed', body: { users: 0 } },
  },
  listRequests: { 200: { path: '/requests' }, 400: { path: '/requests?status=6xx' } },
  clearRequests: { 200: { path: '/requests' }, 400: { path: '/requests?all' } },
  awaitRequests: {
    200: { path: '/requests/await?timeout=1ms' },
    400: { path: '/requests/await?timeout=11m' },
  },
  getRequest: {
    200: { path: '/requests/req-1' },
    400: { path: '/requests/req-1?format=xml' },
    404: { path: '/requests/req-999' },
  },
  explainRequest: {
    200: { path: '/requests/req-1/explain' },
    400: { path: '/requests/req-1/explain?format=har' },
    404: { path: '/requests/req-999/explain' },
  },
  streamEvents: { 200: { path: '/events' }, 400: { path: '/events?operation=nope' } },
  verifyRequests: {
    200: { path: '/verify', body: { expectations: [{ api: 'cryptlex' }] } },
    400: { path: '/verify', body: { expectations: [] } },
  },
  getReportCard: { 200: { path: '/report-card' }, 400: { path: '/report-card?api=nope' } },
  getLedger: { 200: { path: '/ledger' }, 400: { path: '/ledger?limit=0' } },
  resetSandbox: { 200: { path: '/reset' }, 400: { path: '/reset?all' } },
  putFixtures: {
    200: { path: '/fixtures', body: {} },
    400: { path: '/fixtures', body: { okta: {} } },
  },
  getState: { 200: { path: '/state' }, 400: { path: '/state?a' } },
  putState: { 200: { path: '/state', body: {} }, 400: { path: '/state', body: { okta: {} } } },
  listSnapshots: { 200: { path: '/snapshots' }, 400: { path: '/snapshots?a' } },
  saveSnapshot: { 200: { path: '/snapshots/a' }, 400: { path: '/snapshots/A' } },
  deleteSnapshot: {
    200: { path: '/snapshots/saved' },
    400: { path: '/snapshots/A' },
    404: { path: '/snapshots/nope' },
  },
  restoreSnapshot: {
    200: { path: '/snapshots/saved/restore' },
    400: { path: '/snapshots/A/restore' },
    404: { path: '/snapshots/nope/restore' },
  },
  diffSnapshot: {
    200: { path: '/snapshots/saved/diff' },
    400: { path: '/snapshots/A/diff' },
    404: { path: '/snapshots/nope/diff' },
  },
  getClock: { 200: { path: '/clock' }, 400: { path: '/clock?a' } },
  putClock: { 200: { path: '/clock', body: { held: true } }, 400: { path: '/clock', body: {} } },
  advanceClock: {
    200: { path: '/clock/advance', body: { by: '1s' } },
    400: { path: '/clock/advance', body: { by: 'soon' } },
  },
  listFaults: { 200: { path: '/faults' }, 400: { path: '/faults?unfired=maybe' } },
  addFault: {
    201: { path: '/faults', body: { fault: '500;times=2' } },
    400: { path: '/faults', body: { fault: 'nonsense' } },
  },
  replaceFaults: {
    200: { path: '/faults', body: { faults: [{ status: 500 }] } },
    400: { path: '/faults', body: { faults: [{ status: 500, every: 0 }] } },
  },
  clearFaults: { 200: { path: '/faults' }, 400: { path: '/faults?all=true' } },
  getFault: {
    200: { path: '/faults/armed' },
    400: { path: '/faults/armed?all=true' },
    404: { path: '/faults/nope' },
  },
  putFault: {
    200: { path: '/faults/armed', body: { fault: 'reset' } },
    400: { path: '/faults/armed', body: {} },
  },
  deleteFault: {
    200: { path: '/faults/armed' },
    400: { path: '/faults/armed?all=true' },
    404: { path: '/faults/nope' },
  },
}

/** Expects problem details (RFC 9457) with the reason in the header too. */
function expectRefusal(answer: Answer, status: number): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.header('Content-Type')).toBe('application/problem+json; charset=utf-8')
  const body = answer.json<{ reason: string; detail: string; title: string }>()
  expect(body).toMatchObject({ type: 'about:blank', status })
  expect(body.reason).toBe(answer.reason)
  expect(answer.reason).toMatch(/^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)?$/)
  expect(body.detail.length).toBeGreaterThan(5)
  expect(body.title).not.toBe('Refused')
}

const cases = operations.flatMap(({ id, method, path, statuses }) =>
  statuses
    .filter((status) => status !== 'default')
    .map((status) => ({ id, method, path, status: Number(status) })),
)

/** Returns the settings of a server that can give this answer. */
const settingsFor = (id: string, status: number) =>
  id === 'getCa' && status === 200 ? { tls: true, tlsPort: 0 } : {}

/** Creates the objects that the requests of `PROVOKED` refer to. */
async function prepare(caller: Caller): Promise<void> {
  await caller.get('/v3/nothing') // req-1
  await caller.post('/_standin/sandboxes', { name: 'there' })
  await caller.put('/_standin/state', STATE)
  await caller.put('/_standin/snapshots/saved')
  await caller.put('/_standin/faults/armed', { status: 503 })
}

test.each(
  cases.filter(({ method, status }) => method === 'GET' && [200, 400, 404].includes(status)),
)('HEAD has the head of GET and no body: $id, $status', async ({ id, status }) => {
  const server = await createSandbox(settingsFor(id, status))
  await prepare(createCaller(server))
  const path = `/_standin${PROVOKED[id]![status]!.path}`
  // Bytes of a body would come before the head of the second answer.
  const text = await raw(
    server,
    `HEAD ${path} HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  )
  const [first, second, ...rest] = text.split(/(?<=\r\n\r\n)/)
  expect([first, second].map((head) => parsed(head!).status)).toEqual([status, status])
  expect(rest).toEqual([])
  const stop = new AbortController()
  const { headers } = await fetch(`${server.url}${path}`, { signal: stop.signal })
  stop.abort()
  const varying =
    /^(date|connection|keep-alive|standin-request-id|content-length|transfer-encoding)$/
  const fixed = (names: Iterable<readonly [string, unknown]>) =>
    Object.fromEntries([...names].filter(([name]) => !varying.test(name)))
  expect(fixed(Object.entries(parsed(first!).headers))).toEqual(fixed(headers))
})

test.each(cases.filter(({ status }) => ![405, 408, 413, 415, 500, 503].includes(status)))(
  '$id answers $status',
  async ({ id, method, status }) => {
    // Elsewhere the guard answers 401, before the operation is known.
    const token = status === 401 ? { adminToken: 'a-token-for-the-admin-api' } : {}
    const caller = createCaller(await createSandbox({ ...settingsFor(id, status), ...token }))
    await prepare(caller)
    if (id === 'createSubscription' && status === 409) await caller.put('/_standin/state', FULL)
    const sent = PROVOKED[id]?.[status]
    if (!sent) throw new Error(`nothing here provokes a ${status} of ${id}`)
    const answer = await caller.send({ method, ...sent, path: `/_standin${sent.path}` })
    if (status < 300) expect(answer.status, answer.text).toBe(status)
    else expectRefusal(answer, status)
  },
)

const examples = operations.flatMap((operation) =>
  Object.entries(operation.examples).map(([name, { value }]) => ({ ...operation, name, value })),
)

test.each(examples)('$id accepts its example $name', async ({ id, method, statuses, value }) => {
  const caller = createCaller(await createSandbox())
  await prepare(caller)
  const success = statuses.find((status) => status.startsWith('2'))
  const { path } = PROVOKED[id]![Number(success)]!
  const answer = await caller.send({ method, path: `/_standin${path}`, body: value })
  expect([String(answer.status), answer.text]).toEqual([success, answer.text])
  // Values that an answer repeats from the request are unchanged.
  const repeated = answer.json()
  for (const [field, sent] of Object.entries(value)) {
    if (['name', 'profile', 'seed', 'url', 'held', 'now'].includes(field)) {
      expect([field, repeated[field]]).toEqual([field, field === 'now' ? expect.any(String) : sent])
    }
  }
})

test.each(cases.filter(({ status }) => status === 413))(
  '$id answers 413 to a body whose Content-Length is too large',
  async ({ method, path }) => {
    // The announced body never arrives; the answer waits for it until the time limit.
    const caller = createCaller(await createSandbox({ bodyTimeout: 200 }))
    const headers = { 'Content-Length': String(256 * 1024 * 1024 + 1) }
    const answer = await caller.send({ method, path: `/_standin${path}`, body: {}, headers })
    expectRefusal(answer, 413)
  },
)

test.each(cases.filter(({ status }) => status === 415))(
  '$id answers 415 to a body of another type',
  async ({ method, path }) => {
    const caller = createCaller(await createSandbox())
    for (const type of ['text/xml', 'application/x-www-form-urlencoded', 'text/plain']) {
      const headers = { 'Content-Type': type }
      const answer = await caller.send({ method, path: `/_standin${path}`, body: {}, headers })
      expectRefusal(answer, 415)
      expect(answer.header('Accept')).toBe('application/json')
    }
  },
)

test.each(cases.filter(({ status }) => status === 408))(
  '$id answers 408 to a body that does not arrive',
  async ({ method, path }) => {
    const { port } = await createSandbox({ bodyTimeout: 50 })
    const socket = connect(port, '127.0.0.1')
    const head = `${method} /_standin${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
    socket.write(`${head}Content-Length: 10\r\n\r\n{`)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    expect(text).toMatch(/^Standin-Reason: body\.too-slow\r$/im)
    expect(text).toMatch(/^Content-Type: application\/problem\+json/im)
  },
)

test.each(Object.entries(spec.paths))('%s answers 405 to other methods', async (path, item) => {
  const caller = createCaller(await createSandbox())
  const allowed = Object.keys(item)
    .filter((method) => ['get', 'put', 'post', 'delete', 'patch'].includes(method))
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : method.toUpperCase()))
  for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS']) {
    if (allowed.includes(method)) continue
    const filled = path.replaceAll('{api}', 'cryptlex').replaceAll(/{\w+}/g, 'a')
    const answer = await caller.send({ method, path: `/_standin${filled}` })
    expectRefusal(answer, 405)
    expect(answer.header('Allow')!.split(', ').sort()).toEqual(allowed.sort())
  }
})

test('an unknown path is refused with the list of known prefixes', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (const path of ['//', '/_standin/nope', '/_standin//', '/nope', '/_standin/users/a']) {
    const answer = await caller.get(path)
    expectRefusal(answer, 404)
    expect(answer.reason).toBe('route.unknown')
    for (const prefix of ['/manage', '/v3', '/api', '/_standin']) {
      expect(answer.json<{ detail: string }>().detail).toContain(prefix)
    }
  }
  expectRefusal(await caller.get('/_standin/sandboxes/%zz'), 400)
  expectRefusal(await caller.get('/~nope/_standin/health'), 404)
})

test.each([
  ['/_standin/request', '/_standin/requests'],
  ['/_standin/requets', '/_standin/requests'],
  ['/_standin/Users', '/_standin/users'],
  ['/_standin/user/cryptlex/a', '/_standin/users/cryptlex/a'],
  ['/_standin/fault', '/_standin/faults'],
  ['/_standin/requests/req-1/explian', '/_standin/requests/req-1/explain'],
  ['/_standin/clock/advanse', '/_standin/clock/advance'],
  ['/~there/_standin/request', '/~there/_standin/requests'],
])('%s is refused in one line with the path that was meant, %s', async (path, meant) => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/sandboxes', { name: 'there' })
  for (const method of ['GET', 'POST', 'DELETE']) {
    const answer = await caller.send({ method, path, body: method === 'POST' ? {} : undefined })
    expectRefusal(answer, 404)
    expect(answer.json()['detail']).toBe(`There is nothing at this path; did you mean ${meant}?`)
  }
})

test.each([
  ['POST', '/seed', { users: 1, apis: ['mykarma'] }, 'mykaarma'],
  ['POST', '/verify', { expectations: [{ api: 'crytplex' }] }, 'cryptlex'],
  ['POST', '/faults', { status: 500, api: 'mykarma' }, 'mykaarma'],
  ['GET', '/requests?api=mykarma', undefined, 'mykaarma'],
  ['GET', '/users/formonfire/a', undefined, 'formsonfire'],
  ['PUT', '/fixtures', { mykarma: {} }, 'mykaarma'],
])('%s %s %j is refused with the value that was meant', async (method, path, body, meant) => {
  const caller = createCaller(await createSandbox())
  const answer = await caller.send({ method, path: `/_standin${path}`, body })
  expectRefusal(answer, 400)
  const { detail } = answer.json<{ detail: string }>()
  expect(detail).toMatch(new RegExp(`; did you mean ${meant}\\?$`))
  expect(detail.length).toBeLessThan(120)
})

// These operations use nothing that the test below makes fail.
const ELSEWHERE = [
  'getFrontPage',
  'getHealth',
  'getReady',
  'getMetrics',
  'getReference',
  'getOpenapiDocument',
  'getCa',
  'openSession',
  'closeSession',
  'createSandbox',
  'deleteSandbox',
  'streamEvents',
  'settle',
  'listInbox',
  'clearInbox',
]

test.each(operations.filter(({ id }) => !ELSEWHERE.includes(id)))(
  '$id answers 500 without details of the error when Standin itself fails',
  async ({ id, method }) => {
    const server = await createSandbox()
    const caller = createCaller(server)
    await caller.get('/v3/nothing') // req-1
    await caller.post('/_standin/sandboxes', { name: 'there' })
    await caller.put('/_standin/state', STATE)
    await caller.put('/_standin/snapshots/saved')
    await caller.put('/_standin/faults/armed', { status: 503 })
    const fail = () => {
      throw new Error('a secret fault')
    }
    const { store, clock, snapshots, requests, faults } = server.sandbox
    for (const [object, name] of [
      [store, 'collection'],
      [store, 'document'],
      [store, 'transact'],
      [snapshots, 'delete'],
      [snapshots, 'get'],
      [requests, 'after'],
      [requests, 'get'],
      [requests, 'clear'],
      [faults, 'armed'],
      [faults, 'get'],
      [faults, 'add'],
      [faults, 'replaceAll'],
    ] as const) {
      vi.spyOn(object as unknown as Record<string, () => void>, name).mockImplementation(fail)
    }
    vi.spyOn(snapshots, 'all', 'get').mockImplementation(fail)
    const success = Object.keys(PROVOKED[id]!).map(Number)[0]!
    const sent = PROVOKED[id]![success]!
    if (id === 'getCredentials') {
      vi.spyOn(server.sandbox, 'credentials', 'get').mockImplementation(fail)
    }
    if (id === 'getFaultCatalogue') {
      vi.spyOn(server.sandbox, 'vendors', 'get').mockImplementation(fail)
    }
    if (id === 'getClock') vi.spyOn(clock, 'isHeld', 'get').mockImplementation(fail)
    const answer = await caller.send({ method, ...sent, path: `/_standin${sent.path}` })
    expectRefusal(answer, 500)
    expect(answer.text).not.toContain('secret')
    expect(server.logged.join()).toContain('a secret fault')
    vi.restoreAllMocks()
  },
)

test('getReady answers 503 while the server stops', async () => {
  const server = await createSandbox()
  const socket = connect(server.port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  const head = 'Host: localhost\r\nContent-Type: application/json'
  const body = '{"by":"1s"}'
  socket.write(
    `POST /_standin/clock/advance HTTP/1.1\r\n${head}\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n`,
  )
  await eventually(() => expect(text).toContain('100 Continue'))
  const closed = server.close()
  socket.write(`${body}GET /_standin/ready HTTP/1.1\r\n${head}\r\n\r\n`)
  await closed
  await eventually(() => expect(text).toContain('server.stopping'))
  expect(text).toContain('"held":false')
  expect(text).toMatch(/HTTP\/1\.1 503 Service Unavailable\r\n[^]*"reason":"server\.stopping"/)
})

test('createSandbox answers 500 if its folder cannot be created', async () => {
  const data = createFolder()
  const caller = createCaller(await createSandbox({ data }))
  writeFileSync(join(data, 'sandboxes'), 'in the way')
  expectRefusal(await caller.post('/_standin/sandboxes', { name: 'a', kept: true }), 500)
  expect((await caller.post('/_standin/sandboxes', { name: 'a' })).status).toBe(201)
})

test('a reset that cannot be stored is a 500', async () => {
  const server = await createSandbox({ data: createFolder() })
  const caller = createCaller(server)
  vi.spyOn(server.sandbox.store, 'saved').mockRejectedValue(new Error('a full disk'))
  expectRefusal(await caller.post('/_standin/reset'), 500)
  vi.restoreAllMocks()
  expect((await caller.post('/_standin/reset')).status).toBe(200)
})
