import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ReportCard } from '../../../src/admin/contract.gen.ts'
import { reportCardSteps } from '../../../src/core/report-card/report-card.ts'
import type { Records } from '../../../src/core/report-card/facts.ts'
import type { Entry } from '../../../src/core/request-log/entry.ts'
import { SECRET_NAMES } from '../../../src/core/request-log/secret-names.ts'
import { atOnce } from '../../../src/core/slices.ts'
import { startStandin, type Standin } from '../../../src/index.ts'
import { createCaller, creation } from '../../helpers/caller.ts'
import { createSandbox, type TestSandbox } from '../../helpers/sandbox.ts'
import { Play } from './play.ts'

let shared: Standin

beforeAll(async () => {
  shared = await startStandin({ port: 0, memory: true })
})

afterAll(() => shared.close())

async function play(clock?: string): Promise<Play> {
  const standin = await shared.sandbox(clock === undefined ? {} : { clock })
  const one = new Play(standin)
  onTestFinished(async () => {
    one.close()
    await standin.close()
  })
  return one
}

const verdicts = ({ checks }: ReportCard, ...ids: readonly string[]) =>
  ids.map((id) => checks.find((check) => check.id === id)!.verdict)

const failed = ({ checks }: ReportCard) =>
  checks.filter(({ verdict }) => verdict === 'failed').map(({ id }) => id)

describe('a check that the records cannot decide is not seen', () => {
  test('a held clock makes waiting invisible', async () => {
    const one = await play('2026-01-15T12:00:00Z')
    await one.arm('503;retry-after=5;times=1')
    await one.tries(2)
    await one.arm('503;times=3')
    for (let i = 0; i < 4; i++) await one.create('cryptlex', 'bob')
    const card = await one.standin.reportCard()
    expect(verdicts(card, 'waits-retry-after', 'backs-off', 'backs-off-with-growth')).toEqual([
      'not-seen',
      'not-seen',
      'not-seen',
    ])
  })

  test('a call of the admin API between two requests separates two tests', async () => {
    const one = await play()
    await one.arm('503;retry-after=5;times=1')
    await one.create()
    await one.standin.faults.clear()
    await one.create()
    await one.arm('403')
    await one.create('cryptlex', 'bob')
    await one.standin.faults.clear()
    await one.create('cryptlex', 'bob')
    expect(failed(await one.standin.reportCard())).toEqual([])
  })

  test('two programs that send the same request are two clients', async () => {
    const one = await play()
    await one.arm('503;retry-after=5;times=1')
    await one.create('cryptlex', 'ada', { 'User-Agent': 'one' })
    await one.create('cryptlex', 'ada', { 'User-Agent': 'two' })
    expect(failed(await one.standin.reportCard())).toEqual([])
  })

  test('three tests may send the same bad request, and many wrong credentials', async () => {
    const one = await play()
    const bad = { ...creation('mykaarma'), body: { emailAddress: 'ada@example.test' } }
    for (let i = 0; i < 3; i++) await one.send(bad)
    for (const token of ['a', 'b', 'c', 'd', 'standin-token']) {
      await one.create('cryptlex', 'ada', { Authorization: `Bearer ${token}` })
    }
    const card = await one.standin.reportCard()
    expect(verdicts(card, 'no-retry-of-refusals', 'refreshes-token-once')).not.toContain('failed')
  })

  test('requests of two users in turn are no retries of each other', async () => {
    const one = await play()
    await one.arm('503;retry-after=5;times=4')
    for (const name of ['a', 'b', 'c', 'd']) await one.create('cryptlex', name)
    const card = await one.standin.reportCard()
    expect(verdicts(card, 'waits-retry-after', 'backs-off')).toEqual(['not-seen', 'not-seen'])
  })

  test('a client that polls for a user until it exists is not accused', async () => {
    const one = await play()
    for (let i = 0; i < 4; i++) {
      await one.send({
        path: '/api/v2/user?CompanyId=1815&IntegrationKey=0123456789abcdef0123456789abcdef&Id=1',
      })
    }
    expect(failed(await one.standin.reportCard())).toEqual([])
  })
})

test('a report card of one API judges its requests alone', async () => {
  const one = await play()
  await one.send({ ...creation('cryptlex'), path: '/v3/users' })
  await one.create('mykaarma')
  const ids = ['calls-known-operations', 'sends-accept']
  expect(verdicts(await one.standin.reportCard({ api: 'cryptlex' }), ...ids)).toEqual([
    'failed',
    'not-seen',
  ])
  const card = await one.standin.reportCard({ api: 'mykaarma' })
  expect(verdicts(card, ...ids)).toEqual(['passed', 'passed'])
  expect(card.requests).toBe(1)
})

test('a report card shows no secret', async () => {
  const one = await play()
  await one.send({ path: '/v3/resellers/reseller-001/users?password=hunter2-hunter2' })
  await one.create('mykaarma', 'ada', { Authorization: 'Bearer standin-token' })
  const card = await one.standin.reportCard()
  expect(failed(card)).toContain('no-secret-in-url')
  expect(failed(card)).toContain('keeps-credentials-apart')
  expect(JSON.stringify(card)).not.toMatch(/hunter2|standin-token/)
})

const recordsOf = ({ sandbox }: TestSandbox, entries: readonly Entry[]): Records => ({
  vendors: sandbox.vendors,
  entries,
  deliveries: [],
  subscriptions: [],
  webhooks: sandbox.webhooks.defaults,
  clock: sandbox.clock,
  section: sandbox.requests.section,
  secretNames: SECRET_NAMES,
  secrets: new Map(),
})

test('a client that waits a minute for an answer has no time-out', async () => {
  const server = await createSandbox({ faults: [{ delay: '1ms' }] })
  await createCaller(server).send(creation('cryptlex'))
  const [entry] = [...server.sandbox.requests.after()]
  const late = { ...entry!, duration: 61_000 }
  const { checks } = atOnce(reportCardSteps(recordsOf(server, [late])))
  expect(checks.find(({ id }) => id === 'has-a-timeout')).toMatchObject({
    verdict: 'failed',
    text: 'req-1 waited 61 s for its answer.',
    requests: ['req-1'],
  })
})

test('a long request log is judged in short steps', async () => {
  const server = await createSandbox({ faults: [{ status: 503, every: 3 }] })
  const caller = createCaller(server)
  for (let i = 0; i < 9; i++) await caller.send(creation('cryptlex'))
  const few = [...server.sandbox.requests.after()]
  const many = Array.from({ length: 9000 }, (_, i) => {
    const entry = few[i % few.length]!
    return { ...entry, id: `${entry.id}-${i}`, startedAt: entry.startedAt + 10 * i }
  })
  // The shortest time of each step in several runs: other programs disturb another step each time.
  const times: number[] = []
  for (let run = 0; run < 4; run++) {
    const steps = reportCardSteps(recordsOf(server, many))
    let last = performance.now()
    for (let i = 0; !steps.next().done; i++) {
      const now = performance.now()
      times[i] = Math.min(times[i] ?? Infinity, now - last)
      last = now
    }
  }
  const longest = times.reduce((most, one) => Math.max(most, one), 0)
  expect(times.length).toBeGreaterThan(many.length)
  expect(longest).toBeLessThan(50)
})
