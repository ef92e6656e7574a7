import { expect, test } from 'vitest'
import type {
  DeliveriesAwaited,
  Delivery,
  DeliveryCheck,
  DeliveryPage,
  Settled,
  Subscription,
} from '../../src/admin/contract.gen.ts'
import { createCaller, creation, idIn, named, APIS } from '../helpers/caller.ts'
import { createReceiver } from '../helpers/receiver.ts'
import { verifyWebhook } from '../../src/core/webhooks/signature-check.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { bestOf, took } from '../helpers/time.ts'
import {
  advance,
  awaited,
  deliveries,
  inbox,
  settled,
  sendTestWebhook,
} from '../helpers/webhooks.ts'

const START = Date.parse('2026-01-15T09:30:00Z')

test('deliveries are filtered by event, subscription, user, request and state', async () => {
  const caller = createCaller(await createSandbox())
  const other = await caller.post('/_standin/webhooks', { url: '/_standin/inbox/other' })
  const { id: subscription } = other.json<{ id: string }>()
  const made = await caller.create('cryptlex', named('cryptlex', 'one'))
  const userId = idIn('cryptlex', made)
  await caller.create('cryptlex', named('cryptlex', 'two'))
  await sendTestWebhook(caller, { kind: 'drop' })
  expect(await deliveries(caller)).toHaveLength(5)
  const count = async (query: string) => (await deliveries(caller, query)).length
  expect(await count(`&userId=${userId}`)).toBe(2)
  expect(await count(`&requestId=${made.header('Standin-Request-Id')}`)).toBe(2)
  expect(await count(`&subscription=${subscription}`)).toBe(2)
  expect(await count('&state=dropped')).toBe(1)
  expect(await count('&event=reseller.user.created')).toBe(5)
  expect(await count('&event=nothing')).toBe(0)
  expect(await count(`&userId=${userId}&subscription=${subscription}`)).toBe(1)
  expect((await caller.get('/_standin/deliveries?evnt=x')).status).toBe(400)
})

test('the pages contain every delivery once, in order', async () => {
  const caller = createCaller(await createSandbox())
  for (let i = 0; i < 25; i++) await caller.create('cryptlex', named('cryptlex', `user-${i}`))
  const ids: string[] = []
  let after = ''
  do {
    const answer = await caller.get(`/_standin/deliveries?limit=10${after}`)
    const page = answer.json<DeliveryPage>()
    expect(page.total).toBe(25)
    ids.push(...page.deliveries.map(({ id }) => id))
    after = page.next === undefined ? '' : `&after=${page.next}`
  } while (after !== '')
  expect(ids).toEqual((await deliveries(caller)).map(({ id }) => id))
  expect((await caller.get('/_standin/deliveries?after=nobody')).reason).toBe('page.unknown')
})

test('the newest 1,000 completed deliveries are stored', async () => {
  const caller = createCaller(await createSandbox())
  const sent = Array.from({ length: 1010 }, (_, i) => named('cryptlex', `user-${i}`))
  for (const fields of sent) await caller.create('cryptlex', fields)
  const kept = await deliveries(caller)
  expect(kept).toHaveLength(1000)
  expect(kept[0]!.body).toContain('user-10@')
  expect((await inbox(caller)).received).toHaveLength(1000)
  expect((await inbox(caller)).total).toBe(1010)
})

test('a wait is answered as soon as it is fulfilled', async () => {
  const server = await createSandbox()
  const waiting = createCaller(server)
  const caller = createCaller(server)
  const event = 'reseller.user.created'
  let users = 0
  const create = () => caller.create('cryptlex', named('cryptlex', `user-${++users}`))
  const time = await bestOf(1000, async () => {
    const found = awaited(waiting, `event=${event}&count=${users + 2}&timeout=9m`)
    await create()
    const clock = caller.get('/_standin/clock')
    expect(await Promise.race([found, clock])).not.toHaveProperty('fulfilled')
    return took(async () => {
      await create()
      expect(await found).toMatchObject({ fulfilled: true, pending: [] })
    })
  })
  expect(time).toBeLessThan(1000)
})

test('a wait that times out lists what was delivered, and what is pending and why', async () => {
  const receiver = await createReceiver()
  const server = await createSandbox({ webhookUrl: receiver.url, clock: START })
  const caller = createCaller(server)
  await caller.create('cryptlex', named('cryptlex', 'one'))
  await receiver.count(1)
  receiver.always(503)
  await caller.create('cryptlex', named('cryptlex', 'two'))
  await settled(caller) // the clock is held, so this waits for the first attempt only
  const { fulfilled, deliveries: came, pending } = await awaited(caller, 'count=2&timeout=100ms')
  expect(fulfilled).toBe(false)
  expect(came).toHaveLength(1)
  expect(pending).toMatchObject([
    {
      nextAt: '2026-01-15T09:35:00.000Z',
      why: 'attempt 1 got 503; the next is due at 2026-01-15T09:35:00.000Z',
    },
  ])
  const failed = awaited(caller, 'state=failed&timeout=9m')
  await advance(createCaller(server), '30m')
  expect((await failed).fulfilled).toBe(true)
})

test('settle waits for due deliveries and reports those that a held clock delays', async () => {
  const receiver = await createReceiver()
  receiver.answer(500, 500, 500)
  const running = createCaller(
    await createSandbox({ webhookUrl: receiver.url, webhookRetries: 'fast' }),
  )
  await running.create('cryptlex')
  expect(await settled(running)).toEqual({ settled: true, pendingTotal: 0, pending: [] })
  expect(receiver.came).toHaveLength(4)
  receiver.answer(500)
  const held = createCaller(await createSandbox({ webhookUrl: receiver.url, clock: START }))
  await held.create('cryptlex')
  const answer = await held.post('/_standin/settle', { timeout: '9m' })
  expect(answer.json<Settled>()).toMatchObject({ settled: false, pending: [{}] })
  await advance(held, '5m')
  expect(await settled(held)).toEqual({ settled: true, pendingTotal: 0, pending: [] })
})

test('a redelivery has the same id and body, and its retry plan starts over', async () => {
  const receiver = await createReceiver()
  receiver.always(500)
  const caller = createCaller(
    await createSandbox({ webhookUrl: receiver.url, webhookRetries: '1m', clock: START }),
  )
  await caller.create('cryptlex')
  await receiver.count(1)
  await advance(caller, '1h')
  const [failed] = await deliveries(caller)
  expect(failed).toMatchObject({ state: 'failed', attempts: [{ number: 1 }, { number: 2 }] })
  expect((await caller.post(`/_standin/deliveries/${failed!.id}/redeliver`)).status).toBe(202)
  await settled(caller)
  receiver.always(204)
  await advance(caller, '1m')
  const again = await caller.get(`/_standin/deliveries/${failed!.id}`)
  expect(again.json()).toMatchObject({ state: 'delivered' })
  const attempts = again.json<{ attempts: { number: number; why: string; status: number }[] }>()
  expect(attempts.attempts.map(({ number, why, status }) => [number, why, status])).toEqual([
    [1, 'event', 500],
    [2, 'answered 500', 500],
    [3, 'redelivery', 500],
    [4, 'answered 500', 204],
  ])
  expect(new Set(receiver.came.map(({ body }) => body.toString())).size).toBe(1)
})

test('an inbox answers as its URL requests and lists what it received', async () => {
  const caller = createCaller(await createSandbox({ clock: START, webhookRetries: '1s,1s' }))
  const url = '/_standin/inbox/shaky?status=429&times=2&retry-after=60'
  await caller.post('/_standin/webhooks', { url, events: ['ping'], token: 'a-token' })
  const { webhooks } = (await caller.get('/_standin/webhooks')).json<{
    webhooks: { id: string }[]
  }>()
  const body = { subscription: webhooks[1]!.id, event: 'ping' }
  await caller.post('/_standin/webhooks/test', body)
  await advance(caller, '2m')
  const { total, received } = await inbox(caller, 'shaky')
  expect(total).toBe(3)
  expect(received.map(({ status, at }) => [status, at])).toEqual([
    [429, '2026-01-15T09:30:00.000Z'],
    [429, '2026-01-15T09:31:00.000Z'],
    [200, '2026-01-15T09:32:00.000Z'],
  ])
  expect(received.every(({ signature }) => signature?.verified)).toBe(true)
  await caller.delete('/_standin/inbox/shaky')
  expect((await inbox(caller, 'shaky')).total).toBe(0)
})

test('an inbox records requests from the network unchanged', async () => {
  const caller = createCaller(await createSandbox())
  const headers = { 'Content-Type': 'text/plain', 'X-CASE': 'Kept' }
  const first = await caller.post('/_standin/inbox/any', '{ not JSON', headers)
  expect([first.status, first.json()]).toEqual([200, { received: 1 }])
  const second = await caller.post('/_standin/inbox/any?status=503&retry-after=7')
  expect([second.status, second.header('Retry-After')]).toEqual([503, '7'])
  expect((await caller.post('/_standin/inbox/any?status=204')).text).toBe('')
  const { received } = await inbox(caller, 'any')
  expect(received.map(({ status }) => status)).toEqual([200, 503, 204])
  expect(received[0]).toMatchObject({ body: '{ not JSON', bytes: 10 })
  expect(received[0]!.headers).toContainEqual(['X-CASE', 'Kept'])
  expect(received[0]).not.toHaveProperty('signature')
})

test('an inbox that receives many megabytes keeps the newest', async () => {
  const caller = createCaller(await createSandbox())
  const body = 'x'.repeat(1024 * 1024 - 1)
  for (let i = 0; i < 20; i++) await caller.post('/_standin/inbox/big', body)
  const { total, received } = await inbox(caller, 'big')
  expect(total).toBe(20)
  expect(received.length).toBeLessThan(17)
  expect(received.at(-1)!.number).toBe(20)
  expect(received[0]!.body).toHaveLength(64 * 1024)
})

test.each(APIS)(
  'a user of %s is updated with the fields of its create call, and deleted',
  async (api) => {
    const caller = createCaller(await createSandbox())
    const id = idIn(api, await caller.create(api, named(api, 'one')))
    await caller.create(api, named(api, 'two'))
    const path = `/_standin/users/${api}/${id}`
    const patch = (body: object) => caller.send({ method: 'PATCH', path, body })
    const [first, last] =
      api === 'formsonfire' ? ['FirstName', 'LastName'] : ['firstName', 'lastName']
    const before = (await caller.get(path)).json<{ user: Record<string, unknown> }>()
    const changed = await patch({ [first]: 'Grace', [last]: 'Hopper' })
    expect(changed.status, changed.text).toBe(200)
    expect(changed.text).toContain('Hopper')
    expect((await caller.get(path)).json()).toEqual(changed.json())
    expect(changed.json<{ user: object }>().user).toMatchObject({
      createdAt: before.user['createdAt'],
    })
    const taken = await patch(named(api, 'TWO'))
    expect([taken.status, taken.reason]).toEqual([409, 'user.duplicate'])
    expect((await patch(named(api, 'one'))).status).toBe(200)
    expect((await patch({ [first]: 7 })).reason).toBe('body.invalid')
    expect((await patch({ frstName: 'Ada' })).reason).toBe('body.invalid')
    expect((await patch({})).status).toBe(400)
    expect((await caller.get(path)).text).not.toContain('password')
    expect((await caller.delete(path)).json()).toMatchObject({ api, id })
    expect((await caller.get(path)).status).toBe(404)
    expect((await caller.send(creation(api, named(api, 'one')))).status).toBeLessThan(300)
  },
)

test('updates and deletions trigger webhooks', async () => {
  const caller = createCaller(await createSandbox())
  const id = idIn('cryptlex', await caller.create('cryptlex'))
  const path = `/_standin/users/cryptlex/${id}`
  await caller.send({ method: 'PATCH', path, body: { company: null, lastName: 'Lovelace' } })
  await caller.delete(path)
  const found = await deliveries(caller, `&userId=${id}`)
  expect(found.map(({ event }) => event)).toEqual([
    'reseller.user.created',
    'reseller.user.updated',
    'reseller.user.deleted',
  ])
  const data = found.map(({ body }) => (JSON.parse(body) as { data: Record<string, unknown> }).data)
  expect(data[1]).toEqual({
    ...data[0],
    company: null,
    lastName: 'Lovelace',
    name: 'Ada Lovelace',
    updatedAt: data[1]!['updatedAt'],
  })
  expect(data[2]).toEqual(data[1])
})

test('a webhook is created, tested and deleted', async () => {
  const caller = createCaller(await createSandbox())
  const made = await caller.post('/_standin/webhooks', {
    url: '/_standin/inbox/mine',
    name: 'Mine',
  })
  expect(made.status).toBe(201)
  const { id } = made.json<{ id: string }>()
  const sent = await caller.post('/_standin/webhooks/test', { subscription: id, data: { id: 'x' } })
  expect(sent.json()).toMatchObject({ subscription: id, userId: 'x' })
  expect((await inbox(caller, 'mine')).received[0]!.signature).toMatchObject({ verified: true })
  await caller.delete(`/_standin/webhooks/${id}`)
  await caller.create('cryptlex')
  expect((await inbox(caller, 'mine')).total).toBe(1)
  for (const url of [
    'ftp://a.test/',
    'http://user:secret@a.test/',
    '/elsewhere',
    'http://169.254.169.254/',
  ]) {
    expect((await caller.post('/_standin/webhooks', { url })).status, url).toBe(400)
  }
})

test('pending deliveries of a deleted webhook are dropped', async () => {
  const receiver = await createReceiver()
  receiver.always(500)
  const caller = createCaller(await createSandbox({ webhookUrl: receiver.url, clock: START }))
  await caller.create('cryptlex')
  await settled(caller)
  const { webhooks } = (await caller.get('/_standin/webhooks')).json<{
    webhooks: { id: string }[]
  }>()
  await caller.delete(`/_standin/webhooks/${webhooks[0]!.id}`)
  await advance(caller, '1h')
  expect(receiver.came).toHaveLength(1)
  expect(await deliveries(caller)).toMatchObject([
    { state: 'dropped', reason: 'the webhook was removed' },
  ])
})

test('a hundred simultaneous waits are all answered', async () => {
  const server = await createSandbox()
  const waits = Array.from({ length: 100 }, (_, i) =>
    createCaller(server).get(
      `/_standin/deliveries/await?event=reseller.user.created&count=${1 + (i % 5)}&timeout=9m`,
    ),
  )
  const caller = createCaller(server)
  for (let i = 0; i < 5; i++) await caller.create('cryptlex', named('cryptlex', `user-${i}`))
  const answers = await Promise.all(waits)
  expect(answers.map((answer) => answer.json<DeliveriesAwaited>().fulfilled)).toEqual(
    waits.map(() => true),
  )
})

test('a generated token is shown once, and verifies the deliveries', async () => {
  const caller = createCaller(await createSandbox({ webhookUrl: 'none' }))
  const made = await caller.post('/_standin/webhooks', { url: '/_standin/inbox/mine' })
  const { token } = made.json<{ token: string }>()
  expect(token.length).toBeGreaterThan(15)
  await caller.create('cryptlex')
  await settled(caller)
  const [received] = (await inbox(caller, 'mine')).received
  const { body, headers } = received!
  expect(verifyWebhook(body, Object.fromEntries(headers), token).verified).toBe(true)
  for (const path of ['webhooks', 'state', 'deliveries', 'requests', 'inbox/mine', 'fixtures']) {
    expect((await caller.get(`/_standin/${path}`)).text).not.toContain(token)
  }
})

test('a token that was sent is not repeated', async () => {
  const caller = createCaller(await createSandbox())
  const wish = { url: '/_standin/inbox/mine', token: 'a-token-of-mine' }
  expect((await caller.post('/_standin/webhooks', wish)).text).not.toContain('token')
})

test('a test webhook goes to a subscription by its id or name, and the answer names it', async () => {
  const caller = createCaller(await createSandbox({ webhookUrl: 'none' }))
  const subscribe = async (name: string, active = true) => {
    const wish = { url: `/_standin/inbox/${name}`, name, active }
    return (await caller.post('/_standin/webhooks', wish)).json<{ id: string }>().id
  }
  const [first, paused] = [await subscribe('first'), await subscribe('second', false)]
  const second = await subscribe('second')
  const sendTest = async (body: object) =>
    (await caller.post('/_standin/webhooks/test', body)).json()
  for (const [body, subscription, subscriptionName] of [
    [{}, first, 'first'],
    [{ subscription: 'first' }, first, 'first'],
    [{ subscription: second }, second, 'second'],
    // Of two with one name, the active one.
    [{ subscription: 'second' }, second, 'second'],
    [{ subscription: paused }, paused, 'second'],
  ] as const) {
    expect(await sendTest(body)).toMatchObject({ subscription, subscriptionName })
  }
  const unknown = await caller.post('/_standin/webhooks/test', { subscription: 'third' })
  expect([unknown.status, unknown.reason]).toEqual([404, 'webhook.unknown'])
})

test('the newest deliveries are listed alone', async () => {
  const caller = createCaller(await createSandbox())
  for (let i = 0; i < 5; i++) await caller.create('cryptlex', named('cryptlex', `user-${i}`))
  const all = await deliveries(caller)
  const newest = (await caller.get('/_standin/deliveries?last=2')).json<DeliveryPage>()
  expect(newest.deliveries.map(({ id }) => id)).toEqual(all.slice(-2).map(({ id }) => id))
})

test.each([
  [undefined, { verified: true }],
  ['wrong-secret', { verified: false, failedAt: 'signature' }],
  ['unsigned', { verified: false, failedAt: 'header' }],
  ['reserialised', { verified: false, failedAt: 'signature' }],
  ['gzip', { verified: true }],
  ['truncated', { verified: false, failedAt: 'signature' }],
] as const)('the check of a delivery says what its receiver finds: %s', async (kind, expected) => {
  const receiver = await createReceiver()
  const webhookSecret = 'sandbox-webhook-token'
  const server = await createSandbox({ webhookUrl: receiver.url, webhookSecret })
  const caller = createCaller(server)
  const body = kind === undefined ? {} : { fault: { kind } }
  const sent = (await caller.post('/_standin/webhooks/test', body)).json<Delivery>()
  await caller.post('/_standin/settle', { timeout: '2s' })
  const check = (await caller.get(`/_standin/deliveries/${sent.id}/check`)).json<DeliveryCheck>()
  expect(check.attempt).toBe(1)
  expect(check.signature).toMatchObject(expected)
  const [came] = receiver.came
  if (kind === undefined && came) {
    const names = ['Webhook-Signature', 'Standin-Delivery', 'Standin-Attempt']
    for (const [name, value] of check.headers) {
      if (names.includes(name)) expect(came.headers[name.toLowerCase()]).toBe(value)
    }
    expect(check.body).toBe(came.body.toString())
  }
})

test('the check of a delivery that was not sent has no request', async () => {
  const caller = createCaller(await createSandbox())
  const { id } = (
    await caller.post('/_standin/webhooks/test', { fault: { kind: 'drop' } })
  ).json<Delivery>()
  const check = (await caller.get(`/_standin/deliveries/${id}/check`)).json<DeliveryCheck>()
  expect(check).toEqual({ headers: [], body: '', bytes: 0 })
})

test('a subscription is paused and continued', async () => {
  const caller = createCaller(await createSandbox({ webhookUrl: 'none' }))
  const { id } = (
    await caller.post('/_standin/webhooks', { url: '/_standin/inbox/mine' })
  ).json<Subscription>()
  const change = async (body: object) =>
    (
      await caller.send({ method: 'PATCH', path: `/_standin/webhooks/${id}`, body })
    ).json<Subscription>()
  expect(await change({ active: false })).toMatchObject({ id, active: false })
  await caller.create('cryptlex', named('cryptlex', 'one'))
  expect(await deliveries(caller)).toEqual([])
  expect(await change({ active: true, name: 'Mine' })).toMatchObject({ active: true, name: 'Mine' })
  await caller.create('cryptlex', named('cryptlex', 'two'))
  expect(await deliveries(caller)).toHaveLength(1)
})
