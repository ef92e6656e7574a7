import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCaller, creation, named, type Answer, type Caller } from '../../helpers/caller.ts'
import { entryPoints } from '../../helpers/raw-requests.ts'
import { createPlainSandbox, createSandbox, type TestSandbox } from '../../helpers/sandbox.ts'
import { LONG } from '../../helpers/time.ts'
import { add, addressOf, ask, cryptlex, NAMES, type Asked } from './kit.ts'

const NOON = Date.UTC(2026, 0, 15, 12)
let users = 0
const email = () => addressOf(`u${++users}`)

/** Who of so many met the fault: `1` for each that did. */
async function met(caller: Caller, times: number): Promise<string> {
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
])('%j is met so: %s', async (how, marks) => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const rule = add(server, { status: 503, ...how })
  expect(await met(caller, 10)).toBe(marks)
  expect(rule.fired).toBe(marks.replaceAll('.', '').length)
})

test('the steps of a sequence may be faults of their own', async () => {
  const server = await createSandbox()
  const sequence = ['fail', '403', 'reset', 'pass', 'token.expired', 'truncated']
  add(server, { status: 500, api: 'cryptlex', sequence, repeat: true })
  const seen = []
  for (let i = 0; i < 12; i++) seen.push((await ask(server, cryptlex, { name: `s${i}` })).status)
  const once = [500, 403, 0, 201, 401, 201]
  expect(seen).toEqual([...once, ...once])
})

test('the draws of a probability are the seed’s, and about as many as it says', async () => {
  const marks = async (seed: number) => {
    const server = await createSandbox({ seed })
    add(server, { status: 503, probability: 0.3 })
    return await met(createCaller(server), 400)
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

test('a window and an expiry are those of the sandbox’s clock, held or running', async () => {
  for (const clock of [NOON, undefined]) {
    const server = await createSandbox({ clock })
    const caller = createCaller(server)
    if (clock === undefined) {
      await caller.put('/_standin/clock', { now: new Date(NOON).toISOString() })
    }
    const rules = [
      { status: 502, expiresIn: '1m' },
      { status: 503, from: '2026-01-15T12:05:00Z', until: '2026-01-15T13:10:00+01:00' },
    ].map((fault) => add(server, fault))
    const seen = []
    for (const by of ['0s', '59s', '1s', '3m', '1m', '4m', '59s', '1s', '1d']) {
      // A clock that runs on is a little late.
      await advance(caller, clock === undefined && by === '59s' ? '50s' : by)
      if (clock === undefined && by === '1s') await advance(caller, '9s')
      seen.push((await caller.create('cryptlex', { email: email() })).status)
    }
    expect(seen).toEqual([502, 502, 201, 201, 503, 503, 503, 201, 201])
    const { faults } = (await caller.get('/_standin/faults')).json<{
      faults: { live: boolean; eligible: number; expiresAt?: string }[]
    }>()
    expect(faults.map(({ live }) => live)).toEqual([false, false])
    // What is over was not held against anybody.
    expect(rules.map(({ eligible }) => eligible)).toEqual([2, 3])
    expect(faults[0]!.expiresAt).toMatch(/^2026-01-15T12:01:00/)
  }
})

test('a limit counts down, holds for everybody and passes', async () => {
  const server = await createSandbox({ clock: NOON })
  const caller = createCaller(server)
  const rule = add(server, '429;retry-after=3;times=1')
  const seen = async () => {
    const { status, headers } = await ask(server, cryptlex, { name: `l${++users}` })
    return [status, headers['retry-after'], headers['x-rate-limit-reset']]
  }
  const reset = '2026-01-15T12:00:03.0000000Z'
  expect(await seen()).toEqual([429, '3', reset])
  expect(await seen()).toEqual([429, '3', reset])
  await advance(caller, '1s')
  expect(await seen()).toEqual([429, '2', reset])
  await advance(caller, '1500ms')
  expect((await seen()).slice(0, 2)).toEqual([429, '1'])
  expect(rule.isLive(server.sandbox.clock.now())).toBe(true)
  await advance(caller, '499ms')
  expect((await seen())[0]).toBe(429)
  await advance(caller, '1ms')
  expect((await seen())[0]).toBe(201)
  expect([rule.eligible, rule.fired, rule.isLive(server.sandbox.clock.now())]).toEqual([
    1,
    5,
    false,
  ])
})

test('a limit that is met again begins again', async () => {
  const server = await createSandbox({ clock: NOON })
  const caller = createCaller(server)
  add(server, '429;retry-after=2;every=2')
  const seen = []
  for (let i = 0; i < 8; i++) {
    seen.push((await caller.create('cryptlex', { email: email() })).status)
    await advance(caller, '1s')
  }
  expect(seen).toEqual([201, 429, 429, 201, 429, 429, 201, 429])
})

const PARALLEL = 50

/** What makes 50 requests meet a fault that is armed seven times: at once, on their own sockets. */
const ways: readonly [string, (server: TestSandbox, fault: string, i: number) => Asked][] = [
  ['a header', (_, fault) => ({ name: 'one', headers: { 'Standin-Fault': `${fault};times=7` } })],
  ['an address', (_, fault) => ({ name: `one+fault.${fault}/times=7` })],
  [
    'a rule',
    (server, fault, i) => {
      if (i === 0) add(server, `${fault};times=7`)
      return { name: `p${i}` }
    },
  ],
  [
    'a rule on the body',
    (server, fault, i) => {
      if (i === 0) {
        const fields = Object.fromEntries(
          Object.values(NAMES).map(([name]) => [name, '/^p[0-9]+@example/']),
        )
        for (const [name, wanted] of Object.entries(fields)) {
          const rule = { fault, times: 7, match: { fields: { [name]: wanted } } }
          server.sandbox.faults.add(rule)
        }
      }
      return { name: `p${i}` }
    },
  ],
]

test.each(ways)('of 50 at once exactly seven meet %s that is armed for seven', async (_, way) => {
  for (const entryPoint of entryPoints) {
    for (const fault of ['418', '418;after=validation', '418;after=auth', 'commit-418']) {
      const server = await createSandbox()
      const asked = Array.from({ length: PARALLEL }, (_unused, i) =>
        way(server, fault.replaceAll(';', way === ways[1]![1] ? '/' : ';'), i),
      )
      const heard = await Promise.all(asked.map((one) => ask(server, entryPoint, one)))
      const count = heard.filter(({ headers }) => headers['standin-fault'] !== undefined).length
      // Those of one name collide where they come so far; the others are not counted for them.
      if (fault.startsWith('commit') && asked[0]!.name === asked[1]!.name) {
        expect(count).toBe(1)
      } else expect([fault, count]).toEqual([fault, 7])
      const fired = server.sandbox.faults.list().map((rule) => rule.fired)
      expect(Math.max(...fired)).toBe(count)
    }
  }
})

/**
 * Every answer, and what is said of the faults at the end.
 *
 * @param isLookedAt whether each answer is held against its contract: once is enough for the same
 */
async function transcript(seed: number, requests: number, isLookedAt = true): Promise<string> {
  const server = await (isLookedAt ? createSandbox : createPlainSandbox)({ seed, clock: NOON })
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
  'the same seed and the same 10,000 requests meet the same faults, byte for byte',
  LONG,
  async () => {
    // At once: what one waits for, the other uses.
    const [one, another] = await Promise.all([transcript(7, 10_000), transcript(7, 10_000, false)])
    expect(another).toBe(one)
    const [mine, others] = await Promise.all([transcript(7, 1000), transcript(8, 1000)])
    expect(others).not.toBe(mine)
  },
)
