import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { Egress } from '../../src/core/webhooks/egress.ts'
import {
  sendHttp,
  type AttemptOutcome,
  type WireBehavior,
} from '../../src/core/webhooks/http-sender.ts'
import { signatureHeaders, type Scheme } from '../../src/core/webhooks/signature.ts'
import { Samples, SAMPLES, type RunningSample, type Sample } from '../helpers/samples.ts'
import { NEVER } from '../helpers/time.ts'

const SECRET = 'sandbox-webhook-token'
const egress = new Egress({ kind: 'loopback' })

const samples = new Samples(SECRET)
const receiver = (name: Sample) => samples.get(name)

afterAll(() => samples.stop())

interface User {
  readonly id: string
  readonly email: string
  readonly [field: string]: unknown
}

const newUser = (more: object = {}): User => {
  const id = randomUUID()
  return {
    id,
    createdAt: '2026-01-15T09:30:00.1234567Z',
    updatedAt: '2026-01-15T09:30:00.1234592Z',
    name: 'Ada Byron',
    firstName: 'Ada',
    lastName: 'Byron',
    email: `${id}@example.test`,
    role: 'user',
    twoFactorEnabled: false,
    googleSsoEnabled: false,
    lastLoginAt: null,
    organizationId: null,
    organization: null,
    company: 'Analytical Engines',
    ...more,
  }
}

interface Delivery {
  readonly what?: string
  readonly user: User
  /** Seconds of the event's time. */
  readonly at?: string
  readonly scheme?: Scheme
  readonly id?: string
  readonly secret?: string
  /** Age of the signed timestamp in seconds. */
  readonly age?: number
  /** Changes the body after it is signed. */
  readonly sent?: (text: string) => string | Uint8Array
  readonly headers?: (
    signed: readonly (readonly [string, string])[],
  ) => readonly (readonly [string, string])[]
  readonly wire?: WireBehavior
}

async function deliver(url: string, delivery: Delivery): Promise<AttemptOutcome> {
  const { what = 'created', user, at = '00', id = randomUUID(), age = 0 } = delivery
  const triggeredAt = `2026-01-15T09:30:${at}.1234567Z`
  const text = JSON.stringify({ event: `reseller.user.${what}`, data: user, triggeredAt })
  const signed = signatureHeaders({
    scheme: delivery.scheme ?? 'plain',
    header: 'Webhook-Signature',
    tokens: [delivery.secret ?? SECRET],
    id,
    timestamp: Math.floor(Date.now() / 1000) - age,
    body: Buffer.from(text),
  })
  const headers = [['Content-Type', 'application/json; charset=utf-8'], ...signed] as const
  return sendHttp(await egress.resolve(`${url}/hook`), {
    headers: delivery.headers?.(headers) ?? headers,
    body: Buffer.from(delivery.sent?.(text) ?? text),
    timeout: NEVER,
    ...(delivery.wire ? { wire: delivery.wire } : {}),
  })
}

/** `2xx`, another status, or the error. */
const inShort = (outcome: AttemptOutcome) =>
  outcome.kind === 'failed' ? outcome.error : outcome.status < 300 ? '2xx' : String(outcome.status)

interface ReceiverState {
  readonly users: readonly User[]
  readonly welcomed: readonly string[]
}

/** State of a receiver for these users; undefined if its process ended. */
async function stateOf(
  { url }: Pick<RunningSample, 'url'>,
  about: readonly User[],
): Promise<ReceiverState | undefined> {
  try {
    const { users, welcomed } = (await (await fetch(`${url}/users`)).json()) as ReceiverState
    const ids = about.map(({ id }) => id)
    const emails = about.map(({ email }) => email)
    return {
      users: users.filter(({ id }) => ids.includes(id)),
      welcomed: welcomed.filter((email) => emails.includes(email)),
    }
  } catch {
    return undefined
  }
}

interface Case {
  readonly fault: string
  readonly deliveries: readonly Delivery[]
  /** Sends all deliveries at once. */
  readonly together?: boolean
  /** Expected answers. */
  readonly answers: readonly string[]
  /** Expected state at the end. */
  readonly users: readonly User[]
  readonly welcomed: readonly User[]
  /** Expects the naive receivers to end in the same state. */
  readonly harmless: boolean
}

function cases(): Case[] {
  const [ada, other] = [newUser(), newUser()]
  const renamed = { ...ada, name: 'Ada Lovelace', lastName: 'Lovelace' }
  const again = { ...ada, name: 'Ada King', lastName: 'King' }
  // Characters of three bytes: every split of the body falls within one of them.
  const wide = newUser({ company: '–'.repeat(600) })
  const large = newUser({ notes: 'x'.repeat(1024 * 1024) })
  const good = { answers: ['2xx'], users: [ada], welcomed: [ada] }
  const refused = { answers: ['401'], users: [], welcomed: [], harmless: false }
  const standard = { user: ada, scheme: 'standard' } as const
  return [
    { fault: 'none', deliveries: [{ user: ada }], ...good, harmless: true },
    { fault: 'none (standard)', deliveries: [standard], ...good, harmless: true },
    { fault: 'none (both)', deliveries: [{ user: ada, scheme: 'both' }], ...good, harmless: true },
    {
      fault: 'none, for create, update and delete',
      deliveries: [
        { user: ada },
        { what: 'updated', user: renamed, at: '01' },
        { user: other, at: '02' },
        { what: 'deleted', user: renamed, at: '03' },
      ],
      answers: ['2xx', '2xx', '2xx', '2xx'],
      users: [other],
      welcomed: [ada, other],
      harmless: true,
    },
    {
      fault: 'duplicate',
      deliveries: [
        { ...standard, id: 'msg_1' },
        { ...standard, id: 'msg_1' },
      ],
      ...good,
      answers: ['2xx', '2xx'],
      harmless: false,
    },
    {
      fault: 'duplicate, at once',
      deliveries: Array.from({ length: 5 }, () => ({ user: ada })),
      together: true,
      ...good,
      answers: Array.from({ length: 5 }, () => '2xx'),
      harmless: false,
    },
    {
      fault: 'duplicate-new-id',
      deliveries: [
        { ...standard, id: 'msg_1' },
        { ...standard, id: 'msg_2' },
      ],
      ...good,
      answers: ['2xx', '2xx'],
      harmless: false,
    },
    {
      fault: 'reorder: an update before the creation',
      deliveries: [{ what: 'updated', user: renamed, at: '05' }, { user: ada }],
      answers: ['2xx', '2xx'],
      users: [renamed],
      welcomed: [ada],
      harmless: false,
    },
    {
      fault: 'reorder: an older update after a newer one',
      deliveries: [
        { user: ada },
        { what: 'updated', user: renamed, at: '09' },
        { what: 'updated', user: again, at: '05' },
      ],
      answers: ['2xx', '2xx', '2xx'],
      users: [renamed],
      welcomed: [ada],
      harmless: false,
    },
    {
      fault: 'after-delete',
      deliveries: [{ user: other }, { what: 'deleted', user: ada, at: '05' }, { user: ada }],
      answers: ['2xx', '2xx', '2xx'],
      users: [other],
      welcomed: [other],
      harmless: false,
    },
    { fault: 'wrong-secret', deliveries: [{ user: ada, secret: 'another' }], ...refused },
    { fault: 'wrong-secret (standard)', deliveries: [{ ...standard, secret: 'no' }], ...refused },
    { fault: 'stale-timestamp', deliveries: [{ ...standard, age: 3600 }], ...refused },
    { fault: 'a timestamp in the future', deliveries: [{ ...standard, age: -3600 }], ...refused },
    {
      fault: 'unsigned',
      deliveries: [{ user: ada, headers: (signed) => signed.slice(0, 1) }],
      ...refused,
    },
    {
      fault: 'reserialised',
      deliveries: [{ user: ada, sent: (text) => JSON.stringify(JSON.parse(text), null, 2) }],
      ...refused,
    },
    {
      fault: 'header-case',
      deliveries: [
        {
          ...standard,
          headers: (signed) => signed.map(([name, value]) => [name.toUpperCase(), value]),
        },
      ],
      ...good,
      harmless: true,
    },
    {
      fault: 'gzip',
      deliveries: [{ user: ada, wire: { gzip: true } }],
      ...good,
      harmless: false,
    },
    {
      fault: 'chunked',
      deliveries: [{ user: wide, wire: { chunked: true } }],
      answers: ['2xx'],
      users: [wide],
      welcomed: [wide],
      harmless: false,
    },
    {
      fault: 'large',
      deliveries: [{ user: large }],
      answers: ['2xx'],
      users: [large],
      welcomed: [large],
      harmless: false,
    },
    {
      fault: 'extra-fields',
      deliveries: [{ user: { ...ada, nickname: 'Countess', tags: ['new'] } }],
      answers: ['2xx'],
      users: [{ ...ada, nickname: 'Countess', tags: ['new'] }],
      welcomed: [ada],
      harmless: false,
    },
    {
      fault: 'unknown-event',
      deliveries: [{ what: 'created.unheard-of', user: ada }, { user: other }],
      answers: ['2xx', '2xx'],
      users: [other],
      welcomed: [other],
      harmless: false,
    },
  ]
}

/** Runs a case and returns the expected and the actual result. */
async function outcomeOf(name: Sample, one: Case) {
  const now = await receiver(name)
  const { deliveries, together, answers, users, welcomed } = one
  const outcomes: AttemptOutcome[] = []
  if (together)
    outcomes.push(...(await Promise.all(deliveries.map((each) => deliver(now.url, each)))))
  else for (const each of deliveries) outcomes.push(await deliver(now.url, each))
  const about = deliveries.map(({ user }) => user)
  return {
    expected: { answers, state: { users, welcomed: welcomed.map(({ email }) => email) } },
    actual: { answers: outcomes.map(inShort), state: await stateOf(now, about) },
  }
}

/** Each test builds its case again, with new users. */
const CASES = cases()
const TITLES = CASES.map(({ fault }, index) => [fault, index] as const)

describe.each(['careful.ts', 'careful.py'] as const)('%s', (name) => {
  test.each(TITLES)('is not broken by: %s', async (_fault, index) => {
    const { actual, expected } = await outcomeOf(name, cases()[index]!)
    expect(actual).toEqual(expected)
  })

  test('receives a slow body, and other requests meanwhile', async () => {
    const { url } = await receiver(name)
    const [slow, quick] = [newUser({ company: '–'.repeat(100) }), newUser()]
    const order: string[] = []
    const wire = { slow: { bytes: 40, every: 20 } }
    const outcomes = await Promise.all([
      deliver(url, { user: slow, wire }).then((outcome) => (order.push('slow'), outcome)),
      deliver(url, { user: quick }).then((outcome) => (order.push('quick'), outcome)),
    ])
    expect(outcomes.map(inShort)).toEqual(['2xx', '2xx'])
    expect(order).toEqual(['quick', 'slow'])
    expect((await stateOf({ url }, [slow]))?.users).toEqual([slow])
  })

  test('ignores a truncated body, and accepts its retry', async () => {
    const now = await receiver(name)
    const ada = newUser()
    for (const wire of [
      { truncateAt: 200 },
      { truncateAt: 0 },
      { truncateAt: 200, chunked: true },
    ]) {
      expect(inShort(await deliver(now.url, { user: ada, wire }))).not.toBe('2xx')
    }
    expect(await stateOf(now, [ada])).toEqual({ users: [], welcomed: [] })
    expect(inShort(await deliver(now.url, { user: ada }))).toBe('2xx')
    expect((await stateOf(now, [ada]))?.users).toEqual([ada])
  })

  test.each([
    // A sender may see the connection break before the answer.
    ['too large', /^(?:413|reset)$/, () => Buffer.alloc(5 * 1024 * 1024, 'x'), ''],
    ['a bomb', /^413$/, () => gzipSync(Buffer.alloc(50 * 1024 * 1024)), 'gzip'],
    ['not compressed, in spite of its header', /^400$/, () => Buffer.from('{}'), 'gzip'],
    ['compressed in another way', /^415$/, () => Buffer.from('{}'), 'br'],
    ['empty', /^401$/, () => Buffer.alloc(0), ''],
  ])('refuses a body that is %s, and continues', async (_title, answer, sent, encoding) => {
    const now = await receiver(name)
    const ada = newUser()
    const outcome = await deliver(now.url, {
      user: ada,
      sent,
      headers: (signed) =>
        encoding === '' ? signed : [...signed, ['Content-Encoding', encoding] as const],
    })
    expect(inShort(outcome)).toMatch(answer)
    expect(inShort(await deliver(now.url, { user: ada }))).toBe('2xx')
    expect(await receiver(name)).toBe(now)
    expect(now.child.exitCode).toBeNull()
  })

  test('does not start without a secret', async () => {
    const [command, ...args] = SAMPLES[name]
    const env = { ...process.env, PORT: '0', WEBHOOK_SECRET: '' }
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.on('data', (chunk) => (text += String(chunk)))
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1)
    expect(text).toContain('WEBHOOK_SECRET must be set')
  })
})

describe.each(['naive.ts', 'naive.py'] as const)('%s', (name) => {
  test.each(TITLES.filter((_title, index) => CASES[index]!.harmless))(
    'is not broken by: %s',
    async (_fault, index) => {
      const { actual, expected } = await outcomeOf(name, cases()[index]!)
      expect(actual).toEqual(expected)
    },
  )

  test.each(TITLES.filter((_title, index) => !CASES[index]!.harmless))(
    'is broken by: %s',
    async (_fault, index) => {
      const { actual, expected } = await outcomeOf(name, cases()[index]!)
      expect(actual).not.toEqual(expected)
    },
  )
})

test('naive.ts corrupts a slow body', async () => {
  const now = await receiver('naive.ts')
  const slow = newUser({ company: '–'.repeat(100) })
  await deliver(now.url, { user: slow, wire: { slow: { bytes: 100, every: 5 } } })
  expect((await stateOf(now, [slow]))?.users).not.toEqual([slow])
})

test('naive.py serves no other request during a slow body', async () => {
  const now = await receiver('naive.py')
  const order: string[] = []
  const wire = { slow: { bytes: 40, every: 20 } }
  await Promise.all([
    deliver(now.url, { user: newUser(), wire }).then(() => order.push('slow')),
    deliver(now.url, { user: newUser() }).then(() => order.push('quick')),
  ])
  expect(order).toEqual(['slow', 'quick'])
})
