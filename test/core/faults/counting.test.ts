import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCaller, creation, named, type Answer, type Caller } from '../../helpers/caller.ts'
import { endpoints } from '../../helpers/raw-requests.ts'
import { repetitions } from '../../helpers/repetitions.ts'
import { createPlainSandbox, createSandbox, type TestSandbox } from '../../helpers/sandbox.ts'
import { LONG } from '../../helpers/time.ts'
import {
  arm,
  addressOf,
  sendRaw,
  cryptlex,
  NAMES,
  type RequestOptions,
  mykaarma,
  refusalOf,
  usersNamed,
} from './kit.ts'

const NOON = Date.UTC(2026, 0, 15, 12)
let users = 0
const email = () => addressOf(`u${++users}`)

/** Sends requests and marks each for which the fault fired: `1`, or `.` for the others. */
async function firingPattern(caller: Caller, times: number): Promise<string> {
  let marks = ''
  for (let i = 0; i < times; i++) {
    const answer = await caller.create('cryptlex', { email: email() })
    marks += answer.header('Standin-Fault') === undefined ? '.' : '1'
  }
  return marks
}

test.each([
  [{ times: 3 }, '111.......'],
  [{ skip: 3 }, '...1111111'],
  [{ skip: 2, times: 2 }, '..11......'],
  [{ every: 3 }, '..1..1..1.'],
  [{ every: 3, skip: 1, times: 2 }, '...1..1...'],
  [{ probability: 0 }, '..........'],
  [{ probability: 1, times: 1 }, '1.........'],
  [{ sequence: ['fail', 'pass', 'fail', 'fail'] }, '1.11......'],
  [{ sequence: ['pass', 'fail'], repeat: true }, '.1.1.1.1.1'],
  [{ sequence: ['fail', 'pass'], repeat: true, times: 3 }, '1.1.1.....'],
  [{ sequence: ['fail', 'pass', 'fail'], skip: 2 }, '..1.1.....'],
  [{ sequence: ['pass'] }, '..........'],
])('%j fires in this pattern: %s', async (how, marks) => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const armed = arm(server, { status: 503, ...how })
  expect(await firingPattern(caller, 10)).toBe(marks)
  expect(armed.fired).toBe(marks.replaceAll('.', '').length)
})

test('the steps of a sequence can be other faults', async () => {
  const server = await createSandbox()
  const sequence = ['fail', '403', 'reset', 'pass', 'token.expired', 'truncated']
  arm(server, { status: 500, api: 'cryptlex', sequence, repeat: true })
  const seen = []
  for (let i = 0; i < 12; i++)
    seen.push((await sendRaw(server, cryptlex, { name: `s${i}` })).status)
  const once = [500, 403, 0, 201, 401, 201]
  expect(seen).toEqual([...once, ...once])
})

test('a probability fires about as often as it says, and the same way for the same seed', async () => {
  const marks = async (seed: number) => {
    const server = await createPlainSandbox({ seed })
    arm(server, { status: 503, probability: 0.3 })
    return await firingPattern(createCaller(server), 400)
  }
  const one = await marks(1)
  expect(await marks(1)).toBe(one)
  const other = await marks(2)
  expect(other).not.toBe(one)
  for (const all of [one, other]) {
    const count = all.replaceAll('.', '').length
    expect(count).toBeGreaterThan(90)
    expect(count).toBeLessThan(150)
  }
})

const advance = async (caller: Caller, by: string) => {
  const answer = await caller.post('/_standin/clock/advance', { by })
  expect(answer.status).toBe(200)
}

test('from, until and expiresIn follow the clock of the sandbox, held or running', async () => {
  for (const clock of [NOON, undefined]) {
    const server = await createSandbox({ clock })
    const caller = createCaller(server)
    if (clock === undefined) {
      await caller.put('/_standin/clock', { now: new Date(NOON).toISOString() })
    }
    const armed = [
      { status: 502, expiresIn: '1m' },
      { status: 503, from: '2026-01-15T12:05:00Z', until: '2026-01-15T13:10:00+01:00' },
    ].map((fault) => arm(server, fault))
    const seen = []
    for (const by of ['0s', '59s', '1s', '3m', '1m', '4m', '59s', '1s', '1d']) {
      // A running clock is a little late.
      await advance(caller, clock === undefined && by === '59s' ? '50s' : by)
      if (clock === undefined && by === '1s') await advance(caller, '9s')
      seen.push((await caller.create('cryptlex', { email: email() })).status)
    }
    expect(seen).toEqual([502, 502, 201, 201, 503, 503, 503, 201, 201])
    const { faults } = (await caller.get('/_standin/faults')).json<{
      faults: { live: boolean; eligible: number; expiresAt?: string }[]
    }>()
    expect(faults.map(({ live }) => live)).toEqual([false, false])
    // A limit that has ended counts no requests.
    expect(armed.map(({ eligible }) => eligible)).toEqual([2, 3])
    expect(faults[0]!.expiresAt).toMatch(/^2026-01-15T12:01:00/)
  }
})

test('a rate limit counts down, applies to every caller and ends', async () => {
  const server = await createSandbox({ clock: NOON })
  const caller = createCaller(server)
  const armed = arm(server, '429;retry-after=3;times=1')
  const seen = async () => {
    const { status, headers } = await sendRaw(server, cryptlex, { name: `l${++users}` })
    return [status, headers['retry-after'], headers['x-rate-limit-reset']]
  }
  const reset = '2026-01-15T12:00:03.0000000Z'
  expect(await seen()).toEqual([429, '3', reset])
  expect(await seen()).toEqual([429, '3', reset])
  await advance(caller, '1s')
  expect(await seen()).toEqual([429, '2', reset])
  await advance(caller, '1500ms')
  expect((await seen()).slice(0, 2)).toEqual([429, '1'])
  expect(armed.isLive(server.sandbox.clock.now())).toBe(true)
  await advance(caller, '499ms')
  expect((await seen())[0]).toBe(429)
  await advance(caller, '1ms')
  expect((await seen())[0]).toBe(201)
  expect([armed.eligible, armed.fired, armed.isLive(server.sandbox.clock.now())]).toEqual([
    1,
    5,
    false,
  ])
})

test('a rate limit that fires again starts again', async () => {
  const server = await createSandbox({ clock: NOON })
  const caller = createCaller(server)
  arm(server, '429;retry-after=2;every=2')
  const seen = []
  for (let i = 0; i < 8; i++) {
    seen.push((await caller.create('cryptlex', { email: email() })).status)
    await advance(caller, '1s')
  }
  expect(seen).toEqual([201, 429, 429, 201, 429, 429, 201, 429])
})

const PARALLEL = 50

/** Ways to send 50 parallel requests, each on its own socket, while a fault has times=7. */
const ways: readonly [string, (server: TestSandbox, fault: string, i: number) => RequestOptions][] =
  [
    ['a header', (_, fault) => ({ name: 'one', headers: { 'Standin-Fault': `${fault};times=7` } })],
    ['an address', (_, fault) => ({ name: `one+fault.${fault}/times=7` })],
    [
      'an armed fault',
      (server, fault, i) => {
        if (i === 0) arm(server, `${fault};times=7`)
        return { name: `p${i}` }
      },
    ],
    [
      'an armed fault that matches the body',
      (server, fault, i) => {
        if (i === 0) {
          const fields = Object.fromEntries(
            Object.values(NAMES).map(([name]) => [name, '/^p[0-9]+@example/']),
          )
          for (const [name, wanted] of Object.entries(fields)) {
            const armed = { fault, times: 7, match: { fields: { [name]: wanted } } }
            server.sandbox.faults.add(armed)
          }
        }
        return { name: `p${i}` }
      },
    ],
  ]

test.each(ways)('of 50 parallel requests exactly seven get %s with times=7', async (_, way) => {
  for (const endpoint of endpoints) {
    for (const fault of ['418', '418;after=validation', '418;after=auth', 'commit-418']) {
      const server = await createSandbox()
      const asked = Array.from({ length: PARALLEL }, (_unused, i) =>
        way(server, fault.replaceAll(';', way === ways[1]![1] ? '/' : ';'), i),
      )
      const answer = await Promise.all(asked.map((one) => sendRaw(server, endpoint, one)))
      const count = answer.filter(({ headers }) => headers['standin-fault'] !== undefined).length
      // Requests for the same name collide once the fault is used up.
      if (fault.startsWith('commit') && asked[0]!.name === asked[1]!.name) {
        expect(count).toBe(1)
      } else expect([fault, count]).toEqual([fault, 7])
      const fired = server.sandbox.faults.list().map((one) => one.fired)
      expect(Math.max(...fired)).toBe(count)
    }
  }
})

/**
 * Returns every answer, and the listed faults at the end.
 *
 * @param checksAnswers whether each answer is checked against its contract; once is enough
 */
async function transcript(seed: number, requests: number, checksAnswers = true): Promise<string> {
  const server = await (checksAnswers ? createSandbox : createPlainSandbox)({ seed, clock: NOON })
  const caller = createCaller(server)
  const faults = [
    { fault: '500', probability: 0.05 },
    { fault: '429', retryAfter: 2, probability: 0.01, api: 'cryptlex' },
    { fault: 'delay=0ms..2ms', probability: 0.05 },
    { fault: 'delay=0ms~1ms', probability: 0.02 },
    { fault: 'commit-503', every: 97 },
    { fault: 'not-stored', probability: 0.02 },
    { fault: 'extra-fields', probability: 0.02 },
    { fault: '403', sequence: ['pass', 'pass', '401', 'fail'], repeat: true, match: MATCH },
    { fault: 'duplicate-accepted', probability: 0.5, after: 'validation' },
  ]
  const put = await caller.put('/_standin/faults', { faults })
  expect(put.status, put.text).toBe(200)
  const sum = createHash('sha256')
  const note = ({ head, text }: Answer) => sum.update(head).update(text)
  for (let i = 0; i < requests; i++) {
    const name = `${i % 5 === 0 ? 'twice' : 'once'}${i % 11 === 0 ? '+fault.409/every=2' : ''}${i >> 1}`
    const headers = i % 13 === 0 ? { 'Standin-Fault': '404;probability=0.5' } : undefined
    const api = (['cryptlex', 'mykaarma', 'formsonfire'] as const)[i % 3]!
    note(await sent(caller, api, name, headers))
    if (i % 100 === 0) note(await caller.post('/_standin/clock/advance', { by: '700ms' }))
  }
  const last = await caller.get('/_standin/faults')
  note(last)
  note(await caller.get('/_standin/state'))
  const { faults: listed } = last.json<{ faults: { fired: number; definition: object }[] }>()
  for (const { fired } of listed.slice(0, faults.length)) expect(fired).toBeGreaterThan(0)
  return sum.digest('hex')
}

const REQUESTS = repetitions(600, 10_000)
const REQUESTS_OF_EACH_SEED = repetitions(400, 1000)

const MATCH = { headers: { 'User-Agent': '/^odd/' } }

function sent(
  caller: Caller,
  api: 'cryptlex' | 'mykaarma' | 'formsonfire',
  name: string,
  headers: Readonly<Record<string, string>> | undefined,
): Promise<Answer> {
  const made = creation(api, named(api, name))
  const agent = { 'User-Agent': name.startsWith('once1') ? 'odd' : 'even' }
  return caller.send({ ...made, headers: { ...made.headers, ...agent, ...headers } })
}

test(
  `the same seed and the same ${REQUESTS} requests give the same answers, byte for byte`,
  LONG,
  async () => {
    // In parallel, so that one uses the processor while the other waits.
    const [one, another] = await Promise.all([
      transcript(7, REQUESTS),
      transcript(7, REQUESTS, false),
    ])
    expect(another).toBe(one)
    const [mine, others] = await Promise.all([
      transcript(7, REQUESTS_OF_EACH_SEED, false),
      transcript(8, REQUESTS_OF_EACH_SEED, false),
    ])
    expect(others).not.toBe(mine)
  },
)

test('a step of a sequence fires at the stage of its fault, or is refused', async () => {
  const server = await createSandbox()
  const sequence = ['commit-503', 'fail', 'reset']
  arm(server, { fault: 'commit-500', sequence })
  for (const [name, status] of [
    ['a', 503],
    ['b', 500],
    ['c', 0],
    ['d', 200],
  ] as const) {
    expect((await sendRaw(server, mykaarma, { name })).status).toBe(status)
    expect(usersNamed(server, mykaarma, name)).toHaveLength(1)
  }
  expect(refusalOf(() => arm(server, { status: 500, sequence: ['pass', 'commit-503'] }))).toMatch(
    /sequence\[1\].*commit.*route.*after/,
  )
  expect(refusalOf(() => arm(server, { status: 500, sequence: ['not-stored'] }))).toMatch(
    /sequence\[0\].*validation.*route.*after/,
  )
  arm(server, { outcome: 'not-stored', sequence: ['fail', 'created-later', '500'], repeat: true })
  expect((await sendRaw(server, mykaarma, { name: 'e' })).status).toBe(200)
  expect((await sendRaw(server, mykaarma, { name: 'f' })).status).toBe(500)
  expect((await sendRaw(server, mykaarma, { name: 'g' })).status).toBe(500)
  expect(usersNamed(server, mykaarma, 'e')).toEqual([])
})

test('a rate limit that is given by its reason lasts for its retry-after', async () => {
  const server = await createSandbox({ clock: Date.UTC(2026, 0, 15) })
  arm(server, 'rate.exceeded;retry-after=3;times=1')
  expect((await sendRaw(server, cryptlex, { name: 'a' })).status).toBe(429)
  expect((await sendRaw(server, cryptlex, { name: 'b' })).status).toBe(429)
  await createCaller(server).post('/_standin/clock/advance', { by: '3s' })
  expect((await sendRaw(server, cryptlex, { name: 'c' })).status).toBe(201)
})
