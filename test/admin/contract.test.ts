import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { expect, test, vi } from 'vitest'
import { createCaller, type Answer, type Sent } from '../helpers/caller.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'

interface Spec {
  readonly paths: Record<string, Record<string, { operationId?: string; responses?: object }>>
}

const spec = load(readFileSync('specs/standin.yaml', 'utf8')) as Spec
const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, { operationId, responses }]) =>
    operationId
      ? [{ id: operationId, method: method.toUpperCase(), path, statuses: Object.keys(responses!) }]
      : [],
  ),
)

/** Each status that the spec names, provoked: by operation, what to send. */
const PROVOKED: Readonly<Record<string, Readonly<Record<number, Omit<Sent, 'method'>>>>> = {
  getHealth: { 200: { path: '/health' } },
  listSandboxes: { 200: { path: '/sandboxes' } },
  createSandbox: {
    201: { path: '/sandboxes', body: { name: 'new' } },
    400: { path: '/sandboxes', body: { name: '-' } },
    409: { path: '/sandboxes', body: { name: 'default' } },
  },
  getSandbox: { 200: { path: '/sandboxes/default' }, 404: { path: '/sandboxes/nope' } },
  deleteSandbox: {
    200: { path: '/sandboxes/there' },
    404: { path: '/sandboxes/nope' },
    409: { path: '/sandboxes/default' },
  },
  listUsers: { 200: { path: '/users' }, 400: { path: '/users?limit=0' } },
  getUser: {
    200: { path: '/users/cryptlex/ada' },
    400: { path: '/users/okta/ada' },
    404: { path: '/users/cryptlex/nobody' },
  },
  seedUsers: {
    200: { path: '/seed', body: { users: 1 } },
    400: { path: '/seed', body: { users: 0 } },
  },
  resetSandbox: { 200: { path: '/reset' } },
  putFixtures: {
    200: { path: '/fixtures', body: {} },
    400: { path: '/fixtures', body: { okta: {} } },
  },
  getState: { 200: { path: '/state' } },
  putState: { 200: { path: '/state', body: {} }, 400: { path: '/state', body: { okta: {} } } },
  listSnapshots: { 200: { path: '/snapshots' } },
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
  getClock: { 200: { path: '/clock' } },
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
  clearFaults: { 200: { path: '/faults' } },
  getFault: { 200: { path: '/faults/armed' }, 404: { path: '/faults/nope' } },
  putFault: {
    200: { path: '/faults/armed', body: { fault: 'reset' } },
    400: { path: '/faults/armed', body: {} },
  },
  deleteFault: { 200: { path: '/faults/armed' }, 404: { path: '/faults/nope' } },
}

/** RFC 9457, with the reason in the header too. */
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
  statuses.map((status) => ({ id, method, path, status: Number(status) })),
)

test.each(cases.filter(({ status }) => ![405, 408, 413, 415, 500].includes(status)))(
  '$id answers $status',
  async ({ id, method, status }) => {
    const caller = createCaller(await createSandbox())
    await caller.post('/_standin/sandboxes', { name: 'there' })
    await caller.put('/_standin/state', { cryptlex: { users: [{ id: 'ada' }] } })
    await caller.put('/_standin/snapshots/saved')
    await caller.put('/_standin/faults/armed', { status: 503 })
    const sent = PROVOKED[id]?.[status]
    if (!sent) throw new Error(`nothing here provokes a ${status} of ${id}`)
    const answer = await caller.send({ method, ...sent, path: `/_standin${sent.path}` })
    if (status < 300) expect(answer.status, answer.text).toBe(status)
    else expectRefusal(answer, status)
  },
)

test.each(cases.filter(({ status }) => status === 413))(
  '$id answers 413 to a body that says it is too large',
  async ({ method, path }) => {
    // What it says never comes; the answer waits for it as long as for any body.
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
  '$id answers 408 to a body that does not come',
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
    .filter((method) => ['get', 'put', 'post', 'delete'].includes(method))
    .map((method) => method.toUpperCase())
  for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS']) {
    if (allowed.includes(method)) continue
    const filled = path.replaceAll('{api}', 'cryptlex').replaceAll(/{\w+}/g, 'a')
    const answer = await caller.send({ method, path: `/_standin${filled}` })
    expectRefusal(answer, 405)
    expect(answer.header('Allow')!.split(', ').sort()).toEqual(allowed.sort())
  }
})

test('what is no operation is refused, and told what there is', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (const path of [
    '/',
    '/_standin',
    '/_standin/',
    '/_standin/nope',
    '/nope',
    '/_standin/users/a',
  ]) {
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

// Nothing of a sandbox is in the way of these: they fail only with the server.
const ELSEWHERE = ['getHealth', 'createSandbox', 'deleteSandbox']

test.each(operations.filter(({ id }) => !ELSEWHERE.includes(id)))(
  '$id answers 500, with nothing of the fault in it, when Standin itself fails',
  async ({ id, method }) => {
    const server = await createSandbox()
    const caller = createCaller(server)
    await caller.post('/_standin/sandboxes', { name: 'there' })
    await caller.put('/_standin/state', { cryptlex: { users: [{ id: 'ada' }] } })
    await caller.put('/_standin/snapshots/saved')
    await caller.put('/_standin/faults/armed', { status: 503 })
    const fail = () => {
      throw new Error('a secret fault')
    }
    const { store, clock, snapshots, faults } = server.sandbox
    for (const [object, name] of [
      [store, 'collection'],
      [store, 'document'],
      [store, 'transact'],
      [snapshots, 'values'],
      [snapshots, 'get'],
      [faults, 'list'],
      [faults, 'get'],
      [faults, 'add'],
      [faults, 'replaceAll'],
    ] as const) {
      vi.spyOn(object as unknown as Record<string, () => void>, name).mockImplementation(fail)
    }
    vi.spyOn(server.sandbox, 'forgetSnapshot').mockImplementation(fail)
    const success = Object.keys(PROVOKED[id]!).map(Number)[0]!
    const sent = PROVOKED[id]![success]!
    if (id === 'getClock') vi.spyOn(clock, 'isHeld', 'get').mockImplementation(fail)
    const answer = await caller.send({ method, ...sent, path: `/_standin${sent.path}` })
    expectRefusal(answer, 500)
    expect(answer.text).not.toContain('secret')
    expect(server.logged.join()).toContain('a secret fault')
    vi.restoreAllMocks()
  },
)

test('createSandbox answers 500 where its folder cannot be made', async () => {
  const data = createFolder()
  const caller = createCaller(await createSandbox({ data }))
  writeFileSync(join(data, 'sandboxes'), 'in the way')
  expectRefusal(await caller.post('/_standin/sandboxes', { name: 'a', kept: true }), 500)
  expect((await caller.post('/_standin/sandboxes', { name: 'a' })).status).toBe(201)
})

test('a reset that cannot be kept is a 500', async () => {
  const server = await createSandbox({ data: createFolder() })
  const caller = createCaller(server)
  vi.spyOn(server.sandbox.store, 'saved').mockRejectedValue(new Error('a full disk'))
  expectRefusal(await caller.post('/_standin/reset'), 500)
  vi.restoreAllMocks()
  expect((await caller.post('/_standin/reset')).status).toBe(200)
})
