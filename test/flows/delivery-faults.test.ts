import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test, vi } from 'vitest'
import {
  DELIVERY_FAULT_KINDS,
  type DeliveryFault,
  type DeliveryFaultKind,
} from '../../src/core/fault.ts'
import { sign } from '../../src/core/webhooks/signature.ts'
import { createCaller, idIn, type Caller } from '../helpers/caller.ts'
import { createReceiver, type ReceivedRequest } from '../helpers/receiver.ts'
import { Samples, type RunningSample, type Sample } from '../helpers/samples.ts'
import { createSandbox, type Settings, type TestSandbox } from '../helpers/sandbox.ts'
import {
  advance,
  awaited,
  deliveries,
  inbox,
  settled,
  sendTestWebhook,
  USER,
} from '../helpers/webhooks.ts'

const SECRET = 'sandbox-webhook-token'
const START = Date.parse('2026-01-15T09:30:00Z')

const isSigned = ({ headers, body }: ReceivedRequest) =>
  headers['webhook-signature'] === sign(SECRET, body)
const contentOf = ({ body }: ReceivedRequest) =>
  JSON.parse(body.toString()) as {
    event: string
    data: Record<string, unknown>
    triggeredAt: string
  }

/** A sandbox that delivers to a real receiver without retries. */
async function createDelivering(settings: Settings = {}) {
  const receiver = await createReceiver()
  const server = await createSandbox({
    webhookUrl: receiver.url,
    webhookSecret: SECRET,
    webhookRetries: 'none',
    ...settings,
  })
  return { receiver, server, caller: createCaller(server) }
}

/** Applies these faults to the webhooks of all further creates. */
function arm({ sandbox: { webhooks } }: TestSandbox, ...faults: readonly DeliveryFault[]): void {
  const record = webhooks.record.bind(webhooks)
  vi.spyOn(webhooks, 'record').mockImplementation((events, call) => {
    const created = events[0]?.name === 'reseller.user.created'
    if (call && created) call.deliveryFaults = faults
    return record(events, call)
  })
}

describe.each(['', '/~checkout'])('an inbox of the sandbox "%s"', (base) => {
  const spellings = (port: number) => [
    `${base}/_standin/inbox/mine`,
    `http://127.0.0.1:${port}${base}/_standin/inbox/mine`,
    `HTTP://LocalHost:${port}${base}/_standin/inbox/mine?status=200`,
    `http://[::1]:${port}${base}/_standin/inbox/mine`,
    `http://127.1:${port}${base}/_standin/inbox/mine`,
    base === ''
      ? `http://localhost.:${port}/~default/_standin/inbox/mine`
      : `http://checkout.localhost:${port}/_standin/inbox/mine`,
    ...(base === '' ? ['/~default/_standin/inbox/mine'] : []),
  ]

  test.each([undefined, 'gzip', 'slow', 'chunked', 'truncated'] as const)(
    'receives a webhook with the fault %s under every spelling of its address',
    async (kind) => {
      const server = await createSandbox({ webhookUrl: 'none', webhookRetries: 'none' })
      const caller = createCaller(server)
      await caller.post('/_standin/sandboxes', { name: 'checkout' })
      const urls = spellings(server.port)
      for (const url of urls) {
        const made = await caller.post(`${base}/_standin/webhooks`, { url })
        expect([url, made.status, made.header('Standin-Warning')]).toEqual([url, 201, undefined])
        const { id } = made.json<{ id: string }>()
        const fault = kind && { kind }
        const sent = await caller.post(`${base}/_standin/webhooks/test`, {
          subscription: id,
          data: USER,
          ...(fault ? { fault } : {}),
        })
        expect([url, sent.status]).toEqual([url, 202])
        await settled(caller, '30s', base)
        await caller.delete(`${base}/_standin/webhooks/${id}`)
      }
      const states = (await deliveries(caller, '', base)).map(({ state }) => state)
      // No answer follows half a body, and there is no retry.
      const state = kind === 'truncated' ? 'failed' : 'delivered'
      expect(states).toEqual(urls.map(() => state))
      const { total } = await inbox(caller, 'mine', base)
      expect(total).toBe(kind === 'truncated' ? 0 : urls.length)
    },
  )
})

describe('a receiver sees', () => {
  test('no webhook with drop', async () => {
    const { receiver, caller } = await createDelivering()
    await sendTestWebhook(caller, { kind: 'drop' })
    await sendTestWebhook(caller)
    await receiver.count(1)
    expect((await deliveries(caller)).map(({ state, reason }) => [state, reason])).toEqual([
      ['dropped', 'the fault drop'],
      ['delivered', undefined],
    ])
  })

  test('a delayed webhook, by the sandbox’s clock', async () => {
    const { receiver, caller } = await createDelivering({ clock: START })
    await sendTestWebhook(caller, { kind: 'delay', by: '10m' })
    await advance(caller, '9m')
    expect(receiver.came).toEqual([])
    await advance(caller, '1m')
    expect(receiver.came).toHaveLength(1)
    expect((await deliveries(caller))[0]!.attempts[0]!.at).toBe('2026-01-15T09:40:00.000Z')
  })

  test('a duplicate with the same id, and a duplicate with another id', async () => {
    const { receiver, caller } = await createDelivering()
    for (const kind of ['duplicate', 'duplicate-new-id']) {
      await sendTestWebhook(caller, { kind })
      await settled(caller)
    }
    const ids = receiver.came.map(({ headers }) => headers['standin-delivery'])
    expect(ids[0]).toBe(ids[1])
    expect(ids[2]).not.toBe(ids[3])
    expect(receiver.came.every(isSigned)).toBe(true)
    expect(new Set(receiver.came.slice(0, 2).map(({ body }) => body.toString())).size).toBe(1)
  })

  test('a reordered webhook after the next one, or at the end of its window', async () => {
    const { receiver, caller } = await createDelivering({ clock: START })
    await caller.post('/_standin/webhooks/test', {
      event: 'first',
      fault: { kind: 'reorder', by: '1h' },
    })
    await caller.post('/_standin/webhooks/test', { event: 'second' })
    await receiver.count(2)
    expect(receiver.events).toEqual(['second', 'first'])
    await caller.post('/_standin/webhooks/test', { event: 'third', fault: { kind: 'reorder' } })
    await advance(caller, '1s')
    expect(receiver.events).toEqual(['second', 'first', 'third'])
  })

  test('a webhook before the create is answered', async () => {
    const { receiver, server, caller } = await createDelivering()
    arm(server, { kind: 'before-answer' })
    let seen = 0
    const creating = caller.create('cryptlex').then(() => (seen = receiver.came.length))
    await creating
    expect(seen).toBe(1)
    expect(receiver.came).toHaveLength(1)
  })

  test('a webhook after its user is removed', async () => {
    const { receiver, server, caller } = await createDelivering()
    arm(server, { kind: 'after-delete' })
    const id = idIn('cryptlex', await caller.create('cryptlex'))
    const { settled: isSettled, pending } = await settled(caller)
    expect(isSettled).toBe(false)
    expect(pending[0]!.why).toBe('it waits for the removal of the user')
    await caller.delete(`/_standin/users/cryptlex/${id}`)
    await receiver.count(2)
    expect(receiver.events).toEqual(['reseller.user.deleted', 'reseller.user.created'])
    expect(receiver.came.map((came) => contentOf(came).data['id'])).toEqual([id, id])
  })

  test.each(['wrong-secret', 'unsigned', 'reserialised'] as const)('%s', async (kind) => {
    const { receiver, caller } = await createDelivering()
    const { body } = await sendTestWebhook(caller, { kind })
    await receiver.count(1)
    const [came] = receiver.came
    expect(isSigned(came!)).toBe(false)
    expect('webhook-signature' in came!.headers).toBe(kind !== 'unsigned')
    expect(contentOf(came!)).toEqual(JSON.parse(body))
    expect(came!.body.toString() === body).toBe(kind !== 'reserialised')
    if (kind === 'reserialised') {
      expect(came!.headers['webhook-signature']).toBe(sign(SECRET, Buffer.from(body)))
    }
  })

  test('a stale timestamp in the standard’s header and in the body', async () => {
    const { receiver, caller } = await createDelivering({ clock: START, webhookScheme: 'standard' })
    await sendTestWebhook(caller, { kind: 'stale-timestamp', by: '2h' })
    await receiver.count(1)
    const [came] = receiver.came
    expect(Number(came!.headers['webhook-timestamp'])).toBe(START / 1000 - 7200)
    expect(contentOf(came!).triggeredAt).toBe('2026-01-15T07:30:00.0000000Z')
  })

  test('header names in upper case', async () => {
    const { receiver, caller } = await createDelivering()
    await sendTestWebhook(caller, { kind: 'header-case' })
    await receiver.count(1)
    expect(receiver.came[0]!.rawHeaders).toContain('WEBHOOK-SIGNATURE')
    expect(receiver.came.every(isSigned)).toBe(true)
  })

  test('half a body, and then the whole body', async () => {
    const { receiver, caller } = await createDelivering({ webhookRetries: 'fast' })
    const { body } = await sendTestWebhook(caller, { kind: 'truncated', attempts: 1 })
    await receiver.count(2)
    expect(receiver.came.map(({ whole }) => whole)).toEqual([false, true])
    expect(receiver.came[0]!.body.length).toBeLessThan(body.length)
    expect(receiver.came[1]!.body.toString()).toBe(body)
    const { deliveries: found } = await awaited(caller, 'event=reseller.user.created')
    expect(found[0]!.attempts.map(({ faults }) => faults)).toEqual([['truncated'], undefined])
  })

  test('a compressed body that was signed before compression', async () => {
    const { receiver, caller } = await createDelivering()
    const { body } = await sendTestWebhook(caller, { kind: 'gzip' })
    await receiver.count(1)
    const [came] = receiver.came
    expect(came!.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(came!.body).toString()).toBe(body)
    expect(came!.headers['webhook-signature']).toBe(sign(SECRET, Buffer.from(body)))
  })

  test('a body in chunks, and a slow body', async () => {
    const { receiver, caller } = await createDelivering()
    await sendTestWebhook(caller, { kind: 'chunked' })
    await sendTestWebhook(caller, { kind: 'slow' })
    await receiver.count(2)
    const chunked = receiver.came.find(({ headers }) => headers['transfer-encoding'])
    expect(chunked!.headers).toMatchObject({ 'transfer-encoding': 'chunked' })
    expect(chunked!.headers).not.toHaveProperty('content-length')
    const slow = receiver.came.find((came) => came !== chunked)
    expect(slow!.took).toBeGreaterThan(200)
    expect(receiver.came.every(isSigned)).toBe(true)
  })

  test.each([
    ['large', (came: ReceivedRequest) => came.body.length > 1024 * 1024],
    [
      'extra-fields',
      (came: ReceivedRequest) =>
        'nickname' in contentOf(came).data && contentOf(came).data['id'] === USER.id,
    ],
    [
      'unknown-event',
      (came: ReceivedRequest) => contentOf(came).event === 'reseller.user.created.unheard-of',
    ],
  ] as const)('%s with a valid signature', async (kind, isSo) => {
    const { receiver, caller } = await createDelivering()
    await sendTestWebhook(caller, { kind })
    await receiver.count(1)
    expect(receiver.came.map(isSo)).toEqual([true])
    expect(receiver.came.every(isSigned)).toBe(true)
  })

  test('no webhook while the fault redirect fires', async () => {
    const { receiver, caller } = await createDelivering({ webhookRetries: 'fast' })
    await sendTestWebhook(caller, { kind: 'redirect', attempts: 2 })
    await receiver.count(1)
    await settled(caller)
    const [delivery] = await deliveries(caller)
    expect(delivery!.attempts.map(({ status }) => status)).toEqual([302, 302, 200])
    expect(receiver.came).toHaveLength(1)
  })

  test('the fault of a redelivery', async () => {
    const { receiver, caller } = await createDelivering()
    const { id } = await sendTestWebhook(caller)
    await settled(caller)
    await caller.post(`/_standin/deliveries/${id}/redeliver`, { fault: { kind: 'unsigned' } })
    await receiver.count(2)
    expect(receiver.came.map(isSigned)).toEqual([true, false])
    expect(receiver.came[1]!.headers['standin-delivery']).toBe(id)
  })
})

test.each(
  DELIVERY_FAULT_KINDS.filter(
    (kind) => !['drop', 'redirect', 'truncated', 'after-delete'].includes(kind),
  ),
)('the inbox receives a webhook with %s and checks its signature', async (kind) => {
  const caller = createCaller(await createSandbox({ clock: START }))
  const { id } = await sendTestWebhook(caller, { kind })
  await settled(caller)
  await advance(caller, '1m')
  const { received } = await inbox(caller)
  expect((await deliveries(caller)).map((one) => [one.id, one.state])).toEqual([[id, 'delivered']])
  expect(received.length).toBe(kind.startsWith('duplicate') ? 2 : 1)
  const bad = ['wrong-secret', 'unsigned', 'reserialised']
  expect(received.map(({ signature }) => signature?.verified)).toEqual(
    received.map(() => !bad.includes(kind)),
  )
  if (bad.includes(kind)) expect(received[0]!.signature!.failedAt).toBeTypeOf('string')
})

// --- the sample receivers, with a real server --------------------------------------------------

const samples = new Samples(SECRET)
const sample = (name: Sample) => samples.get(name)
afterAll(() => samples.stop())

/** Number of users with this address in a receiver, and of welcomes sent to it. */
async function stateOf({ url, child }: RunningSample, email: string): Promise<string> {
  try {
    const answer = await fetch(`${url}/users`)
    const { users, welcomed } = (await answer.json()) as {
      users: { email: string }[]
      welcomed: string[]
    }
    const known = users.filter((user) => user.email === email).length
    return `known ${known}, welcomed ${welcomed.filter((one) => one === email).length}`
  } catch {
    return `the process ended (exit code ${child.exitCode})`
  }
}

interface Trial {
  readonly kind: DeliveryFaultKind
  readonly by?: number
  readonly attempts?: number
  readonly settings?: Settings
  readonly after?: (caller: Caller, id: string) => Promise<unknown>
  /** Expects the user to be stored at the end. */
  readonly known: boolean
  /** Expects a naive receiver to end in another state. */
  readonly breaks: boolean
}

const once = { known: true, breaks: false, attempts: 1 }
const forged = { known: false, breaks: true }
const TRIALS: readonly Trial[] = [
  { kind: 'drop', known: false, breaks: false },
  { kind: 'delay', by: 30, known: true, breaks: false },
  { kind: 'duplicate', known: true, breaks: true },
  { kind: 'duplicate-new-id', known: true, breaks: true },
  {
    kind: 'reorder',
    by: 5000,
    after: (caller, id) =>
      caller.send({
        method: 'PATCH',
        path: `/_standin/users/cryptlex/${id}`,
        body: { company: 'Another Engine' },
      }),
    known: true,
    breaks: true,
  },
  { kind: 'before-answer', known: true, breaks: false },
  {
    kind: 'after-delete',
    after: (caller, id) => caller.delete(`/_standin/users/cryptlex/${id}`),
    known: false,
    breaks: true,
  },
  { kind: 'wrong-secret', ...forged },
  { kind: 'stale-timestamp', settings: { webhookScheme: 'standard' }, ...forged },
  { kind: 'reserialised', ...forged },
  { kind: 'unsigned', ...forged },
  { kind: 'header-case', known: true, breaks: false },
  { kind: 'truncated', ...once },
  { kind: 'gzip', known: true, breaks: true },
  { kind: 'chunked', known: true, breaks: false },
  { kind: 'large', known: true, breaks: true },
  { kind: 'extra-fields', known: true, breaks: true },
  { kind: 'unknown-event', known: false, breaks: true },
  { kind: 'redirect', ...once },
  { kind: 'slow', known: true, breaks: false },
]

test('every delivery fault has a trial', () => {
  expect(TRIALS.map(({ kind }) => kind)).toEqual(DELIVERY_FAULT_KINDS)
})

describe.each(['careful.ts', 'careful.py', 'naive.ts'] as const)('%s', (name) => {
  test.each(TRIALS)('handles the fault $kind', async (trial) => {
    const { kind, by, attempts, settings = {}, after, known, breaks } = trial
    const receiver = await sample(name)
    const server = await createSandbox({
      webhookUrl: receiver.url,
      webhookSecret: SECRET,
      webhookRetries: 'fast',
      // A seed of its own for other ids, since the receiver outlives the sandbox.
      seed: 1000 + TRIALS.indexOf(trial),
      ...settings,
    })
    arm(server, {
      kind,
      ...(by === undefined ? {} : { by }),
      ...(attempts === undefined ? {} : { attempts }),
    })
    const caller = createCaller(server)
    const email = `${kind}@example.test`
    const id = idIn('cryptlex', await caller.create('cryptlex', { email }))
    await after?.(caller, id)
    expect(await settled(caller)).toEqual({ settled: true, pendingTotal: 0, pending: [] })
    const expected = known ? 'known 1, welcomed 1' : 'known 0, welcomed 0'
    const actual = await stateOf(receiver, email)
    if (name === 'naive.ts' && breaks) expect(actual).not.toBe(expected)
    else expect(actual).toBe(expected)
  })
})
