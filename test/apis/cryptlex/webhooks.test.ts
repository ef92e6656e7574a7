import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { createCaller, named, type Caller } from '../../helpers/caller.ts'
import { createReceiver } from '../../helpers/receiver.ts'
import { parsed, raw } from '../../helpers/raw-requests.ts'
import { requestsOf } from '../../helpers/requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { settled } from '../../helpers/webhooks.ts'
import { standardSecret } from '../../../src/core/webhooks/hmac.ts'

const AUTH = { Authorization: 'Bearer standin-token-webhooks' }
const WISH = {
  name: 'Provisioning',
  url: '/_standin/inbox/mine',
  token: 'sandbox-webhook-token',
  active: true,
  events: ['reseller.user.created'],
}

const send = (caller: Caller, method: string, path: string, body?: object) =>
  caller.send({ method, path: `/v3${path}`, headers: AUTH, ...(body ? { body } : {}) })

test('a webhook is created, listed, read, changed and deleted', async () => {
  const caller = createCaller(await createSandbox({ webhookUrl: 'none' }))
  const made = await send(caller, 'POST', '/webhooks', WISH)
  expect(made.status).toBe(201)
  const { token, ...webhook } = made.json<{ id: string; token: string }>()
  expect(token).toBe(WISH.token)
  expect(Object.keys(webhook)).toEqual([
    'id',
    'createdAt',
    'updatedAt',
    'name',
    'url',
    'active',
    'events',
    'status',
  ])
  expect((await send(caller, 'GET', '/webhooks')).json()).toEqual([webhook])
  const path = `/webhooks/${webhook.id}`
  expect((await send(caller, 'GET', path)).json()).toEqual(webhook)
  const changed = await send(caller, 'PATCH', path, { name: 'Other', active: false })
  expect(changed.json()).toMatchObject({
    ...webhook,
    name: 'Other',
    active: false,
    updatedAt: expect.any(String) as string,
  })
  await caller.create('cryptlex')
  expect((await send(caller, 'GET', '/webhook-event-logs')).json()).toEqual([])
  const gone = await send(caller, 'DELETE', path)
  expect([gone.status, gone.text, gone.header('Content-Length')]).toEqual([204, '', undefined])
  for (const method of ['GET', 'DELETE']) {
    const answer = await send(caller, method, path)
    expect([answer.status, answer.json()]).toEqual([
      404,
      { message: 'The webhook does not exist.', code: 'WEBHOOK_NOT_FOUND' },
    ])
  }
  expect((await send(caller, 'PATCH', path, { active: true })).status).toBe(404)
})

test('webhooks are listed page by page', async () => {
  const caller = createCaller(await createSandbox({ webhookUrl: 'none' }))
  for (const name of ['a', 'b', 'c']) await send(caller, 'POST', '/webhooks', { ...WISH, name })
  const names = async (query: string) =>
    (await send(caller, 'GET', `/webhooks?${query}`))
      .json<{ name: string }[]>()
      .map(({ name }) => name)
  expect(await names('limit=2')).toEqual(['a', 'b'])
  expect(await names('limit=2&page=2')).toEqual(['c'])
  expect(await names('limit=2&page=3')).toEqual([])
})

test.each(['', '500', 'cut', 'wrong-length', 'bad-chunk', 'slow-body;interval=1ms', 'empty'])(
  'HEAD /v3/webhooks is answered as GET, without a body; with the fault %j too',
  async (fault) => {
    const server = await createSandbox()
    const head = `HEAD /v3/webhooks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ${AUTH.Authorization}\r\n`
    const text = await raw(server, `${head}${fault && `Standin-Fault: ${fault}\r\n`}\r\n`)
    const { status, headers, text: body } = parsed(text)
    expect([status, body]).toEqual([fault === '500' ? 500 : 200, ''])
    expect(headers['standin-fault'] !== undefined).toBe(fault !== '')
    if (fault === '') expect(Number(headers['content-length'])).toBeGreaterThan(100)
    const [one] = (await requestsOf(createCaller(server))).requests
    expect(one).toMatchObject({ method: 'HEAD', operation: 'listWebhooks' })
    expect(one!.answer.body.text).toBe('')
  },
)

test('each attempt is in the event log, the oldest first, page by page', async () => {
  const receiver = await createReceiver()
  receiver.answer(500)
  const caller = createCaller(await createSandbox({ webhookUrl: 'none', webhookRetries: 'fast' }))
  const made = await send(caller, 'POST', '/webhooks', { ...WISH, url: receiver.url })
  const { id } = made.json<{ id: string }>()
  await caller.create('cryptlex', named('cryptlex', 'one'))
  await settled(caller)
  await caller.create('cryptlex', named('cryptlex', 'two'))
  await settled(caller)
  const log = async (query: string) =>
    (await send(caller, 'GET', `/webhook-event-logs${query}`)).json<Record<string, unknown>[]>()
  const all = await log('')
  expect(
    all.map(({ statusCode, attempt, retryReason }) => [statusCode, attempt, retryReason]),
  ).toEqual([
    [500, 1, null],
    [200, 2, 'answered 500'],
    [200, 1, null],
  ])
  expect(all[0]).toMatchObject({ webhookId: id, event: 'reseller.user.created', url: receiver.url })
  expect([...(await log('?limit=2')), ...(await log('?limit=2&page=2'))]).toEqual(all)
  expect(await log(`?webhookId=${id}&event=reseller.user.created`)).toEqual(all)
  expect(await log('?webhookId=nobody')).toEqual([])
  expect((await send(caller, 'GET', '/webhook-event-logs?limit=101')).status).toBe(400)
})

test.each([
  [{ url: 'ftp://example.test/' }, 'The url field is not valid.'],
  [{ url: 'http://user:secret@example.test/' }, 'The url field is not valid.'],
  [{ name: undefined }, 'The name field is required.'],
  [{ events: [] }, 'The events field is not valid.'],
  [{ active: 'yes' }, 'The active field must be a boolean.'],
])('a webhook with %o is refused with the vendor’s message', async (change, message) => {
  const caller = createCaller(await createSandbox())
  const answer = await send(caller, 'POST', '/webhooks', { ...WISH, ...change })
  expect([answer.status, answer.json()]).toEqual([400, { message, code: 'INVALID_REQUEST' }])
})

test('each call needs its scope', async () => {
  const tokens = ['create', 'read', 'update', 'delete', 'write'].map((what) => ({
    token: `only-${what}`,
    scopes: [`webhook:${what}`],
  }))
  const fixtures = JSON.stringify({ cryptlex: { tokens } })
  const caller = createCaller(await createSandbox({ fixtures }))
  const made = async (token: string) =>
    caller.post('/v3/webhooks', WISH, { Authorization: `Bearer ${token}` })
  const { id } = (await made('only-create')).json<{ id: string }>()
  const statuses = async (method: string, path: string, body?: object) => {
    const found: string[] = []
    for (const { token } of tokens) {
      const headers = { Authorization: `Bearer ${token}` }
      const answer = await caller.send({ method, path, headers, ...(body ? { body } : {}) })
      if (answer.status < 300) found.push(token.slice('only-'.length))
      else expect([403, 404]).toContain(answer.status)
    }
    return found
  }
  expect(await statuses('GET', '/v3/webhooks')).toEqual(['read'])
  expect(await statuses('GET', `/v3/webhooks/${id}`)).toEqual(['read'])
  expect(await statuses('GET', '/v3/webhook-event-logs')).toEqual(['read'])
  expect(await statuses('POST', '/v3/webhooks', WISH)).toEqual(['create', 'write'])
  expect(await statuses('PATCH', `/v3/webhooks/${id}`, { name: 'A' })).toEqual(['update', 'write'])
  expect(await statuses('DELETE', `/v3/webhooks/${id}`)).toEqual(['delete'])
  expect((await made('nobody')).status).toBe(401)
})

test('a sandbox has at most a hundred webhooks', async () => {
  const caller = createCaller(await createSandbox({ webhookUrl: 'none' }))
  for (let i = 0; i < 100; i++)
    expect((await send(caller, 'POST', '/webhooks', WISH)).status).toBe(201)
  const answer = await send(caller, 'POST', '/webhooks', WISH)
  expect([answer.status, answer.json()]).toMatchObject([409, { code: 'WEBHOOK_LIMIT_REACHED' }])
})

test('an event is delivered only to webhooks that list it, whatever its name', async () => {
  const webhooks = [
    { url: '/_standin/inbox/all', events: ['*'] },
    { url: '/_standin/inbox/some', events: ['license.created', 'reseller.user.created'] },
    { url: '/_standin/inbox/others', events: ['license.created'] },
    { url: '/_standin/inbox/off', events: ['*'], active: false },
  ]
  const fixtures = JSON.stringify({ cryptlex: { webhooks } })
  const caller = createCaller(await createSandbox({ fixtures }))
  await caller.create('cryptlex')
  const totals: number[] = []
  for (const name of ['default', 'all', 'some', 'others', 'off']) {
    totals.push((await caller.get(`/_standin/inbox/${name}`)).json<{ total: number }>().total)
  }
  expect(totals).toEqual([1, 1, 1, 0, 0])
})

test('while a token is changed, the standard signature is valid with both', async () => {
  const receiver = await createReceiver()
  const caller = createCaller(
    await createSandbox({ webhookUrl: 'none', webhookScheme: 'standard' }),
  )
  const made = await send(caller, 'POST', '/webhooks', {
    ...WISH,
    url: receiver.url,
    token: 'old-token',
  })
  const { id } = made.json<{ id: string }>()
  await send(caller, 'PATCH', `/webhooks/${id}`, { token: 'new-token' })
  await caller.create('cryptlex')
  await receiver.count(1)
  const { body, headers } = receiver.came[0]!
  const given = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String(value)]),
  )
  for (const token of ['old-token', 'new-token']) {
    const verifier = new Webhook(standardSecret(token))
    expect(verifier.verify(body.toString(), given)).toMatchObject({
      event: 'reseller.user.created',
    })
  }
  expect(() => new Webhook(standardSecret('no-token')).verify(body.toString(), given)).toThrow(
    'signature',
  )
})

test.each([
  [
    'loopback',
    'http://10.0.0.5:8080/in',
    'egress.refused',
    'STANDIN_EGRESS (--egress) is loopback',
  ],
  [
    'app:80',
    'http://other/in',
    'egress.refused',
    'is not in STANDIN_EGRESS (--egress), which is app:80',
  ],
  ['any', 'http://169.254.169.254/', 'egress.refused', 'whatever STANDIN_EGRESS (--egress) says'],
  ['any', 'http://a.test:0/', 'egress.malformed', 'must have a port from 1 to 65535'],
])(
  'with --egress %s a webhook to %s is created, with a warning',
  async (egress, url, code, text) => {
    for (const profile of [{ all: 'documented' }, { all: 'strict' }] as const) {
      const caller = createCaller(await createSandbox({ webhookUrl: 'none', egress, profile }))
      const made = await send(caller, 'POST', '/webhooks', { ...WISH, url })
      expect([made.status, made.json()['url']]).toEqual([201, url])
      expect(made.header('Standin-Warning')).toContain(`;code=${code}`)
      expect(made.header('Standin-Warning')).toContain(text)
      const id = made.header('Standin-Request-Id')
      const { text: explanation } = await caller.get(`/_standin/requests/${id}/explain?format=text`)
      expect(explanation).toContain('The operation ran, with a warning.')
      const path = `/webhooks/${String(made.json()['id'])}`
      const renamed = await send(caller, 'PATCH', path, { name: 'Other' })
      expect([renamed.status, renamed.header('Standin-Warning')]).toEqual([200, undefined])
      const moved = await send(caller, 'PATCH', path, { url: '/_standin/inbox/mine' })
      expect([moved.status, moved.header('Standin-Warning')]).toEqual([200, undefined])
      const back = await send(caller, 'PATCH', path, { url })
      expect(back.header('Standin-Warning')).toContain(`;code=${code}`)
    }
  },
)

test('a URL of another sandbox’s inbox gets a warning, one of its own does not', async () => {
  const server = await createSandbox({ webhookUrl: 'none' })
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'checkout' })
  const warning = async (base: string, url: string) => {
    const request = { method: 'POST', headers: AUTH, body: { ...WISH, url } }
    const made = await caller.send({ ...request, path: `${base}/v3/webhooks` })
    expect(made.status).toBe(201)
    const admin = await caller.post(`${base}/_standin/webhooks`, { url })
    expect(admin.status).toBe(201)
    expect(admin.header('Standin-Warning')).toBe(made.header('Standin-Warning'))
    return made.header('Standin-Warning')
  }
  const foreign = '/_standin/inbox/mine'
  const own = '/~checkout/_standin/inbox/mine'
  const local = `http://localhost:${server.port}`
  for (const url of [own, `${server.url}${own}`, 'http://receiver.test/_standin/inbox/mine']) {
    expect([url, await warning('/~checkout', url)]).toEqual([url, undefined])
  }
  for (const url of [foreign, `${server.url}${foreign}`, `${local}${foreign}?status=500`]) {
    expect(await warning('/~checkout', url)).toBe(
      `"The URL is not an inbox of this sandbox; use ${own}";code=webhook.inbox`,
    )
    expect(await warning('', url)).toBeUndefined()
  }
  expect(await warning('', own)).toContain(`use ${foreign}"`)
})
