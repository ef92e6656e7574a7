import net from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createCaller, idIn, named } from '../helpers/caller.ts'
import { createReceiver } from '../helpers/receiver.ts'
import { createFolder, createPlainSandbox, createSandbox } from '../helpers/sandbox.ts'
import { spentOn } from '../helpers/time.ts'
import { advance, awaited, deliveries, inbox, settled } from '../helpers/webhooks.ts'
import { connectStandin } from '../../src/index.ts'
import { withDefaults } from '../../src/config/config.ts'
import { sign } from '../../src/core/webhooks/signature.ts'
import { startServer } from '../../src/server/server.ts'

const SECRET = 'sandbox-webhook-token'
const START = Date.parse('2026-01-15T09:30:00Z')
const EVENT = 'reseller.user.created'

test('a created user triggers a webhook with the documented body, signed over its bytes', async () => {
  const receiver = await createReceiver()
  const caller = createCaller(
    await createSandbox({ webhookUrl: receiver.url, webhookSecret: SECRET, clock: START }),
  )
  const created = await caller.create('cryptlex')
  await receiver.count(1)
  const [request] = receiver.came
  const text = request!.body.toString()
  expect(Object.keys(JSON.parse(text) as object)).toEqual(['event', 'data', 'triggeredAt'])
  const sent = JSON.parse(text) as { event: string; data: object; triggeredAt: string }
  expect(sent.event).toBe(EVENT)
  expect(JSON.stringify(sent.data)).toBe(created.text)
  expect(sent.triggeredAt).toBe(created.json()['createdAt'])
  expect(request!.method).toBe('POST')
  expect(request!.headers['content-type']).toBe('application/json; charset=utf-8')
  expect(request!.rawHeaders).toContain('Webhook-Signature')
  expect(request!.headers['webhook-signature']).toBe(sign(SECRET, request!.body))
  expect(text).not.toContain('analytical-engine')
})

test('other APIs and refused creates trigger no webhook', async () => {
  const receiver = await createReceiver()
  const caller = createCaller(await createSandbox({ webhookUrl: receiver.url }))
  await caller.create('mykaarma')
  await caller.create('formsonfire')
  await caller.create('cryptlex', { email: 'nobody' })
  await caller.create('cryptlex')
  await caller.create('cryptlex')
  expect(await settled(caller)).toEqual({ settled: true, pendingTotal: 0, pending: [] })
  expect(receiver.events).toEqual([EVENT])
})

test('a failed delivery is retried by the vendor’s plan with the same bytes at exact times', async () => {
  const receiver = await createReceiver()
  receiver.answer(500, 'reset', { status: 302, headers: { Location: receiver.url } }, 404)
  const caller = createCaller(await createSandbox({ webhookUrl: receiver.url, clock: START }))
  await caller.create('cryptlex')
  await receiver.count(1)
  await advance(caller, '25m')
  const [delivery] = await deliveries(caller)
  expect(delivery).toMatchObject({ state: 'delivered', requestId: 'req-1' })
  expect(
    delivery!.attempts.map(({ at, why, status, error }) => [
      Date.parse(at) - START,
      why,
      status ?? error,
    ]),
  ).toEqual([
    [0, 'event', 500],
    [300_000, 'answered 500', 'reset'],
    [600_000, 'reset', 302],
    [900_000, 'answered 302', 404],
    [1_200_000, 'answered 404', 200],
  ])
  expect(new Set(receiver.came.map(({ body }) => body.toString())).size).toBe(1)
  expect(new Set(receiver.came.map(({ headers }) => headers['standin-delivery'])).size).toBe(1)
  expect(receiver.came.map(({ headers }) => headers['standin-attempt'])).toEqual([
    '1',
    '2',
    '3',
    '4',
    '5',
  ])
})

test('a delivery fails after its last retry', async () => {
  const receiver = await createReceiver()
  receiver.always(503)
  const caller = createCaller(await createSandbox({ webhookUrl: receiver.url, clock: START }))
  await caller.create('cryptlex')
  await receiver.count(1)
  await advance(caller, '30d')
  const [delivery] = await deliveries(caller)
  expect(delivery).toMatchObject({ state: 'failed', reason: '6 attempts failed' })
  expect(delivery!.attempts).toHaveLength(6)
  expect(delivery!.attempts[0]).toMatchObject({ excerpt: '{"ok":true}' })
  expect(await settled(caller)).toEqual({ settled: true, pendingTotal: 0, pending: [] })
})

test('75 hours of retries take under a second, with exact offsets', async () => {
  const receiver = await createReceiver()
  receiver.always(500)
  const caller = createCaller(
    await createSandbox({
      webhookUrl: receiver.url,
      webhookRetries: 'standard-webhooks',
      clock: START,
    }),
  )
  await caller.create('cryptlex')
  await receiver.count(1)
  expect(await spentOn(() => advance(caller, '76h'))).toBeLessThan(1000)
  const [delivery] = await deliveries(caller)
  const hours = [2, 5, 10, 14, 20, 24].map((hour) => hour * 3600)
  let sum = 0
  const offsets = [0, 5, 300, 1800, ...hours].map((seconds) => (sum += seconds) * 1000)
  expect(delivery!.attempts.map(({ at }) => Date.parse(at) - START)).toEqual(offsets)
})

test('a retry waits for Retry-After', async () => {
  const receiver = await createReceiver()
  receiver.answer({ status: 429, headers: { 'Retry-After': '3600' } })
  const caller = createCaller(await createSandbox({ webhookUrl: receiver.url, clock: START }))
  await caller.create('cryptlex')
  await receiver.count(1)
  await advance(caller, '59m')
  expect(receiver.came).toHaveLength(1)
  await advance(caller, '1m')
  expect(receiver.came).toHaveLength(2)
})

test('410 ends the delivery at once and suspends the webhook', async () => {
  const receiver = await createReceiver()
  receiver.always(410)
  const caller = createCaller(await createSandbox({ webhookUrl: receiver.url }))
  await caller.create('cryptlex')
  expect(await settled(caller)).toEqual({ settled: true, pendingTotal: 0, pending: [] })
  expect(await deliveries(caller)).toMatchObject([
    { state: 'failed', reason: 'the receiver answered 410 Gone' },
  ])
  const { webhooks } = (await caller.get('/_standin/webhooks')).json<{ webhooks: object[] }>()
  expect(webhooks).toMatchObject([{ active: false, status: 'Suspended' }])
  await caller.create('cryptlex', named('cryptlex', 'second'))
  expect(await deliveries(caller)).toHaveLength(1)
})

test('an attempt to a receiver that hangs ends after the timeout', async () => {
  const receiver = await createReceiver()
  receiver.answer('hang')
  const caller = createCaller(
    await createSandbox({ webhookUrl: receiver.url, webhookTimeout: 100, webhookRetries: 'fast' }),
  )
  await caller.create('cryptlex')
  expect(await awaited(caller, `event=${EVENT}`)).toMatchObject({ fulfilled: true })
  const [delivery] = await deliveries(caller)
  expect(delivery!.attempts[0]).toMatchObject({ error: 'timeout' })
  // On a busy machine the next attempt may time out as well.
  expect(delivery!.attempts.at(-1)).toMatchObject({ status: 200, why: 'timeout' })
})

test('a receiver that hangs does not delay other receivers', async () => {
  const hanging = await createReceiver()
  hanging.always('hang')
  const healthy = await createReceiver()
  const caller = createCaller(await createSandbox({ webhookUrl: hanging.url }))
  await caller.post('/_standin/webhooks', { url: healthy.url, events: [EVENT] })
  for (let i = 0; i < 20; i++) await caller.create('cryptlex', named('cryptlex', `user-${i}`))
  await healthy.count(20)
  expect(hanging.came.length).toBeLessThanOrEqual(10)
})

test('a connection that is refused is retried like any other failure', async () => {
  const free = await new Promise<number>((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo
      probe.close(() => resolve(port))
    })
  })
  const url = `http://127.0.0.1:${free}`
  const caller = createCaller(await createSandbox({ webhookUrl: url, clock: START }))
  await caller.create('cryptlex')
  const first = await settled(caller)
  expect(first.settled).toBe(false)
  expect(first.pending[0]!.why).toMatch(
    /^attempt 1 failed \(refused: .*\); the next is due at 2026-01-15T09:35/,
  )
  const receiver = await createReceiver(free)
  await advance(caller, '5m')
  expect(receiver.came).toHaveLength(1)
})

test('settle and await count all pending webhooks and list the first twenty', async () => {
  const receiver = await createReceiver()
  receiver.always(500)
  const server = await createSandbox({ webhookUrl: receiver.url, clock: START })
  const caller = createCaller(server)
  for (let i = 0; i < 25; i++) await caller.create('cryptlex', named('cryptlex', `user-${i}`))
  const first = await settled(caller)
  expect(first).toMatchObject({ settled: false, pendingTotal: 25 })
  expect(first.pending).toHaveLength(20)
  const waited = await awaited(caller, `event=${EVENT}&timeout=10ms`)
  expect(waited).toMatchObject({ fulfilled: false, pendingTotal: 25 })
  expect(waited.pending).toHaveLength(20)
  const client = await connectStandin(server.url)
  await expect(client.webhooks.settle()).rejects.toThrow(/^25 webhooks are .*\n- and 5 more$/s)
})

test('a refused address fails the delivery, which names the setting', async () => {
  const receiver = await createReceiver()
  const caller = createCaller(
    await createSandbox({
      webhookUrl: receiver.url,
      egress: 'hooks.example.test',
      webhookRetries: 'none',
    }),
  )
  await caller.create('cryptlex')
  await settled(caller)
  const [delivery] = await deliveries(caller)
  expect(delivery!.attempts).toMatchObject([{ error: 'egress' }])
  expect(delivery!.attempts[0]!.message).toContain('--egress')
  expect(receiver.came).toEqual([])
})

test('a server on a public address calls no receiver until --egress is set', async () => {
  const receiver = await createReceiver()
  const open = createCaller(
    await createSandbox({ host: '0.0.0.0', webhookUrl: receiver.url, webhookRetries: 'none' }),
  )
  await open.create('cryptlex')
  await settled(open)
  expect((await deliveries(open))[0]!.attempts).toMatchObject([{ error: 'egress' }])
  const allowed = createCaller(
    await createSandbox({ host: '0.0.0.0', webhookUrl: receiver.url, egress: 'private' }),
  )
  await allowed.create('cryptlex')
  await receiver.count(1)
})

test('a webhook is suspended after 50 failures in a row, and healthy when it is activated again', async () => {
  const receiver = await createReceiver()
  receiver.always(500)
  const server = await createSandbox({ webhookUrl: receiver.url, clock: START })
  const caller = createCaller(server)
  const status = async () =>
    (await caller.get('/_standin/webhooks')).json<{
      webhooks: { id: string; status: string; active: boolean; failures: number }[]
    }>().webhooks[0]!
  await caller.create('cryptlex', named('cryptlex', 'first'))
  await settled(caller)
  expect(await status()).toMatchObject({ status: 'Unhealthy', active: true, failures: 1 })
  for (let i = 0; i < 9; i++) await caller.create('cryptlex', named('cryptlex', `user-${i}`))
  await settled(caller)
  await advance(caller, '30m')
  expect(await status()).toMatchObject({ status: 'Suspended', active: false, failures: 50 })
  expect(receiver.came).toHaveLength(50)
  expect((await deliveries(caller)).every(({ state }) => state === 'dropped')).toBe(true)
  receiver.always(200)
  const { id } = await status()
  const token = { Authorization: 'Bearer standin-token-webhooks' }
  await caller.send({
    method: 'PATCH',
    path: `/v3/webhooks/${id}`,
    headers: token,
    body: { active: true },
  })
  expect(await status()).toMatchObject({ status: 'Healthy', active: true, failures: 0 })
  await caller.create('cryptlex', named('cryptlex', 'last'))
  await receiver.count(51)
})

test('with --webhook-order no delivery overtakes a retry', async () => {
  const receiver = await createReceiver()
  receiver.answer(500, 500)
  const settings = { webhookUrl: receiver.url, webhookRetries: 'fast' }
  const caller = createCaller(await createSandbox({ ...settings, webhookOrder: true }))
  for (const name of ['a', 'b', 'c']) await caller.create('cryptlex', named('cryptlex', name))
  await receiver.count(5)
  const names = receiver.came.map(({ body }) => /"email":"(\w)@/.exec(body.toString())![1])
  expect(names).toEqual(['a', 'a', 'a', 'b', 'c'])

  receiver.answer(500, 500)
  const unordered = createCaller(await createSandbox({ ...settings, clock: START }))
  for (const name of ['a', 'b', 'c']) {
    await unordered.create('cryptlex', named('cryptlex', name))
    await settled(unordered)
  }
  await advance(unordered, '1s')
  await receiver.count(10)
  const others = receiver.came
    .slice(5)
    .map(({ body }) => /"email":"(\w)@/.exec(body.toString())![1])
  expect(others).toEqual(['a', 'b', 'c', 'a', 'b'])
})

test('pending retries outlive a restart, with their id, body and schedule', async () => {
  const receiver = await createReceiver()
  receiver.answer(500, 500)
  const data = createFolder()
  const settings = { data, webhookUrl: receiver.url, clock: START }
  const first = await startServer(withDefaults({ port: 0, ...settings }))
  const before = createCaller(first)
  const userId = idIn('cryptlex', await before.create('cryptlex'))
  await settled(before)
  await advance(before, '5m')
  await first.close()
  expect(receiver.came).toHaveLength(2)

  const second = await createSandbox({ data, webhookUrl: receiver.url, clock: START + 300_000 })
  const after = createCaller(second)
  const [pending] = await deliveries(after)
  expect(pending).toMatchObject({ userId, state: 'pending', nextAt: '2026-01-15T09:40:00.000Z' })
  await advance(after, '5m')
  const [done] = await deliveries(after)
  expect(done).toMatchObject({ id: pending!.id, state: 'delivered' })
  expect(done!.attempts.map(({ at }) => Date.parse(at) - START)).toEqual([0, 300_000, 600_000])
  expect(new Set(receiver.came.map(({ body }) => body.toString())).size).toBe(1)
})

test('an attempt that was running when the server closed is repeated after the next start', async () => {
  const receiver = await createReceiver()
  receiver.answer('hang')
  const data = createFolder()
  const first = await startServer(withDefaults({ port: 0, data, webhookUrl: receiver.url }))
  await createCaller(first).create('cryptlex')
  await receiver.count(1)
  await first.close()
  const second = createCaller(await createSandbox({ data, webhookUrl: receiver.url }))
  await receiver.count(2)
  expect(await awaited(second, `event=${EVENT}`)).toMatchObject({ fulfilled: true })
})

test('a reset discards pending deliveries, and a restored snapshot resumes its own', async () => {
  const receiver = await createReceiver()
  receiver.answer(500, 500)
  const caller = createCaller(await createSandbox({ webhookUrl: receiver.url, clock: START }))
  await caller.create('cryptlex')
  await settled(caller)
  await caller.put('/_standin/snapshots/pending')
  await caller.post('/_standin/reset')
  await advance(caller, '1h')
  expect(receiver.came).toHaveLength(1)
  expect(await deliveries(caller)).toEqual([])
  await caller.post('/_standin/snapshots/pending/restore')
  expect(await settled(caller)).toMatchObject({ settled: false })
  await advance(caller, '10m')
  expect(receiver.came).toHaveLength(3)
  expect(await settled(caller)).toEqual({ settled: true, pendingTotal: 0, pending: [] })
})

test('a sandbox delivers to its own inbox only', async () => {
  const server = await createSandbox({ autoSandboxes: true })
  const caller = createCaller(server)
  await caller.create('cryptlex', {}, '/~one')
  expect((await inbox(caller, 'default', '/~one')).total).toBe(1)
  expect((await inbox(caller, 'default', '/~two')).total).toBe(0)
  expect((await inbox(caller)).total).toBe(0)
  expect((await inbox(caller, 'default', '/~one')).received[0]!.signature).toMatchObject({
    verified: true,
  })
})

test('a removed sandbox sends no more webhooks', async () => {
  const receiver = await createReceiver()
  receiver.always(500)
  const caller = createCaller(
    await createSandbox({ webhookUrl: receiver.url, webhookRetries: 'fast', webhookTimeout: 1000 }),
  )
  await caller.post('/_standin/sandboxes', { name: 'short' })
  await caller.create('cryptlex', {}, '/~short')
  await receiver.count(1)
  await caller.delete('/_standin/sandboxes/short')
  const { length } = receiver.came
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(receiver.came).toHaveLength(length)
})

test('1,000 users are created and awaited without a sleep, and none is missed', async () => {
  const receiver = await createReceiver()
  const caller = createCaller(
    await createPlainSandbox({ webhookUrl: receiver.url, webhookRetries: 'none' }),
  )
  for (let i = 0; i < 1000; i++) {
    const userId = idIn('cryptlex', await caller.create('cryptlex', named('cryptlex', `user-${i}`)))
    const { fulfilled, deliveries: found } = await awaited(
      caller,
      `event=${EVENT}&userId=${userId}`,
    )
    expect([fulfilled, found.length, receiver.came.length]).toEqual([true, 1, i + 1])
  }
})

test('no call shows a token after its creation', async () => {
  const token = 'a-token-that-nobody-sees'
  const settings = { webhookSecret: token, webhookUrl: 'inbox' }
  const server = await createSandbox(settings)
  const caller = createCaller(server)
  const auth = { Authorization: 'Bearer standin-token-webhooks' }
  const made = await caller.post(
    '/v3/webhooks',
    { name: 'a', url: '/_standin/inbox/a', token: `${token}-2`, events: ['*'] },
    auth,
  )
  const { id } = made.json<{ id: string }>()
  expect(made.json()).toMatchObject({ token: `${token}-2` })
  const changed = await caller.send({
    method: 'PATCH',
    path: `/v3/webhooks/${id}`,
    headers: auth,
    body: { token: `${token}-3` },
  })
  await caller.put('/_standin/snapshots/before')
  await caller.post('/_standin/webhooks', { url: '/_standin/inbox/b', token: `${token}-4` })
  await caller.create('cryptlex')
  const seen = [changed]
  for (const path of ['/v3/webhooks', `/v3/webhooks/${id}`, '/v3/webhook-event-logs']) {
    seen.push(await caller.get(path, auth))
  }
  for (const path of [
    'webhooks',
    'deliveries',
    'state',
    'snapshots/before/diff',
    'inbox/default',
    'inbox/a',
    'inbox/b',
    'users',
    'snapshots',
    'sandboxes',
  ]) {
    seen.push(await caller.get(`/_standin/${path}`))
  }
  expect(seen.filter(({ status }) => status !== 200)).toEqual([])
  expect(seen.filter(({ text, head }) => `${head}${text}`.includes(token))).toEqual([])
  expect(server.logged.join()).not.toContain(token)

  // After the shown state is put back, the same tokens still sign.
  const state = (await caller.get('/_standin/state')).json<{
    webhooks: { subscriptions: object[] }
  }>()
  expect((await caller.put('/_standin/state', state)).status).toBe(200)
  await caller.create('cryptlex', named('cryptlex', 'after'))
  for (const name of ['default', 'a', 'b']) {
    expect((await inbox(caller, name)).received.at(-1)!.signature).toMatchObject({ verified: true })
  }
  const [first] = state.webhooks.subscriptions
  const strange = { webhooks: { subscriptions: [{ ...first, id: 'strange' }] } }
  const refused = await caller.put('/_standin/state', strange)
  expect(refused.status).toBe(400)
  expect(refused.text).toContain('webhooks.subscriptions[0].token is redacted')
})

test('with --webhook-url none no webhook is sent', async () => {
  const caller = createCaller(await createSandbox({ webhookUrl: 'none' }))
  await caller.create('cryptlex')
  expect(await deliveries(caller)).toEqual([])
  expect((await caller.get('/_standin/webhooks')).json()).toEqual({ webhooks: [] })
})

test('the webhook of --webhook-url follows the option at the next start', async () => {
  const receiver = await createReceiver()
  const data = createFolder()
  const urls: (string | undefined)[] = []
  for (const webhookUrl of ['inbox', receiver.url, 'none', 'inbox', receiver.url]) {
    const server = await startServer(withDefaults({ port: 0, data, webhookUrl }))
    const caller = createCaller(server)
    const { webhooks } = (await caller.get('/_standin/webhooks')).json<{
      webhooks: { url: string }[]
    }>()
    urls.push(webhooks[0]?.url)
    await server.close()
  }
  // A removed webhook returns only when the option names a URL.
  expect(urls).toEqual([
    '/_standin/inbox/default',
    receiver.url,
    undefined,
    undefined,
    receiver.url,
  ])
})

test('a delivery to an untrusted TLS receiver fails', async () => {
  const tls = net.createServer((socket) => socket.end('HTTP/1.1 400 No\r\n\r\n'))
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void tls.close())
  const { port } = tls.address() as net.AddressInfo
  const caller = createCaller(
    await createSandbox({ webhookUrl: `https://127.0.0.1:${port}/`, webhookRetries: 'none' }),
  )
  await caller.create('cryptlex')
  await settled(caller)
  expect((await deliveries(caller))[0]).toMatchObject({
    state: 'failed',
    attempts: [{ error: expect.stringMatching(/tls|reset|protocol/) as string }],
  })
})
