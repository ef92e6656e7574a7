import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { FAULT_KINDS, type DeliveryFault, type FaultKind } from '../../src/core/fault.ts'
import { sign } from '../../src/core/webhooks/signature.ts'
import { createCaller, idIn, type Caller } from '../helpers/caller.ts'
import { createReceiver, type Came } from '../helpers/receiver.ts'
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

const isSigned = ({ headers, body }: Came) => headers['webhook-signature'] === sign(SECRET, body)
const told = ({ body }: Came) =>
  JSON.parse(body.toString()) as {
    event: string
    data: Record<string, unknown>
    triggeredAt: string
  }

/** A sandbox that tells a real receiver, and nothing again. */
async function telling(settings: Settings = {}) {
  const receiver = await createReceiver()
  const server = await createSandbox({
    webhookUrl: receiver.url,
    webhookSecret: SECRET,
    webhookRetries: 'none',
    ...settings,
  })
  return { receiver, server, caller: createCaller(server) }
}

/** From now on creates are told of like this. */
function arm({ sandbox: { webhooks } }: TestSandbox, ...faults: readonly DeliveryFault[]): void {
  const record = webhooks.record.bind(webhooks)
  vi.spyOn(webhooks, 'record').mockImplementation((events, call) => {
    const created = events[0]?.name === 'reseller.user.created'
    if (call && created) call.deliveryFaults = faults
    return record(events, call)
  })
}

describe('a receiver sees', () => {
  test('nothing of one that is dropped', async () => {
    const { receiver, caller } = await telling()
    await sendTestWebhook(caller, { kind: 'drop' })
    await sendTestWebhook(caller)
    await receiver.count(1)
    expect((await deliveries(caller)).map(({ state, reason }) => [state, reason])).toEqual([
      ['dropped', 'the fault drop'],
      ['delivered', undefined],
    ])
  })

  test('a delay, by the sandbox’s clock', async () => {
    const { receiver, caller } = await telling({ clock: START })
    await sendTestWebhook(caller, { kind: 'delay', by: '10m' })
    await advance(caller, '9m')
    expect(receiver.came).toEqual([])
    await advance(caller, '1m')
    expect(receiver.came).toHaveLength(1)
    expect((await deliveries(caller))[0]!.attempts[0]!.at).toBe('2026-01-15T09:40:00.000Z')
  })

  test('a duplicate with the same id, and one with another', async () => {
    const { receiver, caller } = await telling()
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

  test('one that is overtaken by the next, or comes at the end of its window', async () => {
    const { receiver, caller } = await telling({ clock: START })
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

  test('one before the create is answered', async () => {
    const { receiver, server, caller } = await telling()
    arm(server, { kind: 'before-answer' })
    let seen = 0
    const creating = caller.create('cryptlex').then(() => (seen = receiver.came.length))
    await creating
    expect(seen).toBe(1)
    expect(receiver.came).toHaveLength(1)
  })

  test('one after the user is gone', async () => {
    const { receiver, server, caller } = await telling()
    arm(server, { kind: 'after-delete' })
    const id = idIn('cryptlex', await caller.create('cryptlex'))
    const { settled: isSettled, pending } = await settled(caller)
    expect(isSettled).toBe(false)
    expect(pending[0]!.why).toBe('it waits for the user’s removal')
    await caller.delete(`/_standin/users/cryptlex/${id}`)
    await receiver.count(2)
    expect(receiver.events).toEqual(['reseller.user.deleted', 'reseller.user.created'])
    expect(receiver.came.map((came) => told(came).data['id'])).toEqual([id, id])
  })

  test.each(['wrong-secret', 'unsigned', 'reserialised'] as const)('%s', async (kind) => {
    const { receiver, caller } = await telling()
    const { body } = await sendTestWebhook(caller, { kind })
    await receiver.count(1)
    const [came] = receiver.came
    expect(isSigned(came!)).toBe(false)
    expect('webhook-signature' in came!.headers).toBe(kind !== 'unsigned')
    expect(told(came!)).toEqual(JSON.parse(body))
    expect(came!.body.toString() === body).toBe(kind !== 'reserialised')
    if (kind === 'reserialised') {
      expect(came!.headers['webhook-signature']).toBe(sign(SECRET, Buffer.from(body)))
    }
  })

  test('a stale time: in the standard’s header, and in the body', async () => {
    const { receiver, caller } = await telling({ clock: START, webhookScheme: 'standard' })
    await sendTestWebhook(caller, { kind: 'stale-timestamp', by: '2h' })
    await receiver.count(1)
    const [came] = receiver.came
    expect(Number(came!.headers['webhook-timestamp'])).toBe(START / 1000 - 7200)
    expect(told(came!).triggeredAt).toBe('2026-01-15T07:30:00.0000000Z')
  })

  test('names of headers in another case', async () => {
    const { receiver, caller } = await telling()
    await sendTestWebhook(caller, { kind: 'header-case' })
    await receiver.count(1)
    expect(receiver.came[0]!.rawHeaders).toContain('WEBHOOK-SIGNATURE')
    expect(receiver.came.every(isSigned)).toBe(true)
  })

  test('half a body, and then the whole one', async () => {
    const { receiver, caller } = await telling({ webhookRetries: 'fast' })
    const { body } = await sendTestWebhook(caller, { kind: 'truncated', attempts: 1 })
    await receiver.count(2)
    expect(receiver.came.map(({ whole }) => whole)).toEqual([false, true])
    expect(receiver.came[0]!.body.length).toBeLessThan(body.length)
    expect(receiver.came[1]!.body.toString()).toBe(body)
    const { deliveries: found } = await awaited(caller, 'event=reseller.user.created')
    expect(found[0]!.attempts.map(({ faults }) => faults)).toEqual([['truncated'], undefined])
  })

  test('a compressed body, signed before that', async () => {
    const { receiver, caller } = await telling()
    const { body } = await sendTestWebhook(caller, { kind: 'gzip' })
    await receiver.count(1)
    const [came] = receiver.came
    expect(came!.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(came!.body).toString()).toBe(body)
    expect(came!.headers['webhook-signature']).toBe(sign(SECRET, Buffer.from(body)))
  })

  test('a body in chunks, and one that comes slowly', async () => {
    const { receiver, caller } = await telling()
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
    ['large', (came: Came) => came.body.length > 1024 * 1024],
    [
      'extra-fields',
      (came: Came) => 'nickname' in told(came).data && told(came).data['id'] === USER.id,
    ],
    ['unknown-event', (came: Came) => told(came).event === 'reseller.user.created.unheard-of'],
  ] as const)('%s, well signed', async (kind, isSo) => {
    const { receiver, caller } = await telling()
    await sendTestWebhook(caller, { kind })
    await receiver.count(1)
    expect(receiver.came.map(isSo)).toEqual([true])
    expect(receiver.came.every(isSigned)).toBe(true)
  })

  test('nothing where the answer is a redirect, until the redirect is gone', async () => {
    const { receiver, caller } = await telling({ webhookRetries: 'fast' })
    await sendTestWebhook(caller, { kind: 'redirect', attempts: 2 })
    await receiver.count(1)
    await settled(caller)
    const [delivery] = await deliveries(caller)
    expect(delivery!.attempts.map(({ status }) => status)).toEqual([302, 302, 200])
    expect(receiver.came).toHaveLength(1)
  })

  test('what a redelivery is spoilt by', async () => {
    const { receiver, caller } = await telling()
    const { id } = await sendTestWebhook(caller)
    await settled(caller)
    await caller.post(`/_standin/deliveries/${id}/redeliver`, { fault: { kind: 'unsigned' } })
    await receiver.count(2)
    expect(receiver.came.map(isSigned)).toEqual([true, false])
    expect(receiver.came[1]!.headers['standin-delivery']).toBe(id)
  })
})

test.each(
  FAULT_KINDS.filter((kind) => !['drop', 'redirect', 'truncated', 'after-delete'].includes(kind)),
)('the inbox takes what is spoilt by %s, and judges its signature', async (kind) => {
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

// --- the sample receivers, told by a server ----------------------------------------------------

const samples = new Samples(SECRET)
const sample = (name: Sample) => samples.get(name)
afterAll(() => samples.stop())

/** How often it believes that there is a user of this address, and how often that was welcomed. */
async function believes({ url, child }: RunningSample, email: string): Promise<string> {
  try {
    const answer = await fetch(`${url}/users`)
    const { users, welcomed } = (await answer.json()) as {
      users: { email: string }[]
      welcomed: string[]
    }
    const known = users.filter((user) => user.email === email).length
    return `known ${known}, welcomed ${welcomed.filter((one) => one === email).length}`
  } catch {
    return `it is gone (exit code ${child.exitCode})`
  }
}

interface Trial {
  readonly kind: FaultKind
  readonly by?: number
  readonly attempts?: number
  readonly settings?: Settings
  readonly after?: (caller: Caller, id: string) => Promise<unknown>
  /** Whether the user is to be known at the end. */
  readonly known: boolean
  /** Whether one that trusts comes to another end. */
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

test('every fault is tried', () => {
  expect(TRIALS.map(({ kind }) => kind)).toEqual(FAULT_KINDS)
})

describe.each(['careful.ts', 'careful.py', 'naive.ts'] as const)('%s', (name) => {
  test.each(TRIALS)('told with the fault $kind', async (trial) => {
    const { kind, by, attempts, settings = {}, after, known, breaks } = trial
    const receiver = await sample(name)
    const server = await createSandbox({
      webhookUrl: receiver.url,
      webhookSecret: SECRET,
      webhookRetries: 'fast',
      // Other ids than the others have: a receiver lives longer than a sandbox.
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
    expect(await settled(caller)).toEqual({ settled: true, pending: [] })
    const right = known ? 'known 1, welcomed 1' : 'known 0, welcomed 0'
    const believed = await believes(receiver, email)
    if (name === 'naive.ts' && breaks) expect(believed).not.toBe(right)
    else expect(believed).toBe(right)
  })
})
