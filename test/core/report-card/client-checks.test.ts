import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { CHECKS } from '../../../src/core/report-card/report-card.ts'
import { startStandin, type Standin } from '../../../src/index.ts'
import { eventually } from '../../helpers/time.ts'
import { CLIENT_SCENARIOS } from './client-scenarios.ts'
import { Play } from './play.ts'

let server: Standin

beforeAll(async () => {
  server = await startStandin({ port: 0, memory: true })
})

afterAll(() => server.close())

async function play(): Promise<Play> {
  const standin = await server.sandbox()
  const one = new Play(standin)
  onTestFinished(async () => {
    one.close()
    await standin.close()
  })
  return one
}

test('every check of the client has a scenario', () => {
  const ids = CHECKS.filter(({ subject }) => subject === 'client').map(({ id }) => id)
  expect(Object.keys(CLIENT_SCENARIOS).toSorted()).toEqual(ids.toSorted())
})

const scenarios = Object.entries(CLIENT_SCENARIOS)

/** Checks that judge pauses of milliseconds, which a busy machine prolongs. */
const JUDGES_PAUSES = ['backs-off', 'backs-off-with-growth', 'polls-with-pauses']
/** Of these, the ones that fail for requests without a pause: so many that they need a stopped clock. */
const FAILS_WITHOUT_PAUSE = ['backs-off', 'polls-with-pauses']

describe.each(scenarios)('%s', (id, { good, bad }) => {
  const judged = JUDGES_PAUSES.includes(id)
    ? eventually
    : (work: () => Promise<void>): Promise<void> => work()

  test('passes', () =>
    judged(async () => {
      const one = await play()
      expect(await one.resultOf(id)).toMatchObject({ verdict: 'not-seen', requests: [] })
      await good(one)
      const result = await one.resultOf(id)
      expect(result).toMatchObject({ verdict: 'passed' })
      expect(result.requests.length).toBeGreaterThan(0)
    }))

  if (bad) {
    test('fails', () =>
      judged(async () => {
        const one = await play()
        if (FAILS_WITHOUT_PAUSE.includes(id)) {
          vi.useFakeTimers({ toFake: ['Date', 'performance'] })
          onTestFinished(() => void vi.useRealTimers())
        }
        await bad(one)
        const result = await one.resultOf(id)
        expect(result).toMatchObject({ verdict: 'failed' })
        for (const request of result.requests) await one.standin.requests.get(request)
        expect(result.requests.length).toBeGreaterThan(0)
      }))
  }
})
