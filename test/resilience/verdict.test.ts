import { describe, expect, test } from 'vitest'
import type { FaultCounts, CellResult, Finding, CellVerdict } from '../../src/resilience/model.ts'
import { newFailures, scoreOf, worstOf } from '../../src/resilience/score.ts'
import { verdictOf } from '../../src/resilience/verdict.ts'

const passed = { exitCode: 0, timedOut: false, ms: 300 }
const fired: FaultCounts = { fired: 1, eligible: 1, removed: false }
const orphan: Finding = { id: 'orphaned-user', text: 'req-1 …', requests: ['req-1'] }

describe('a verdict', () => {
  test('is survived if the command passes and nothing is found', () => {
    expect(verdictOf(passed, fired, []).verdict).toBe('survived')
  })

  test('is survived with findings if the command passes and something is found', () => {
    const { verdict, why } = verdictOf(passed, fired, [orphan, orphan])
    expect(verdict).toBe('survived-with-findings')
    expect(why).toBe('The command passed, but left orphaned-user.')
  })

  test('is broke if the command fails, hangs or is ended by a signal', () => {
    const failed = { ...passed, exitCode: 3 }
    expect(verdictOf(failed, fired, [orphan])).toEqual({
      verdict: 'broke',
      why: 'The command failed with exit code 3.',
    })
    const hung = { exitCode: null, timedOut: true, ms: 10_012 }
    expect(verdictOf(hung, fired, []).why).toBe('The command did not end within 10 s.')
    const killed = { ...passed, exitCode: null }
    expect(verdictOf(killed, fired, []).verdict).toBe('broke')
    // It ended well on the signal, but it had not ended before.
    expect(verdictOf({ ...hung, exitCode: 0 }, fired, []).verdict).toBe('broke')
  })

  test('is not met if the fault never fired, with the nearest request', () => {
    const nearestMiss = { requestId: 'req-4', why: 'skip is 2, and this was matching request 1' }
    const faultCounts = { fired: 0, eligible: 1, removed: false, nearestMiss }
    const { verdict, why } = verdictOf(passed, faultCounts, [])
    expect(verdict).toBe('not-met')
    expect(why).toContain('req-4 came nearest: skip is 2')
    expect(verdictOf({ ...passed, exitCode: 1 }, faultCounts, []).why).toContain(
      'failed nevertheless',
    )
  })

  test('is not met if the command removed the fault', () => {
    const { verdict, why } = verdictOf(passed, { fired: 0, eligible: 0, removed: true }, [])
    expect(verdict).toBe('not-met')
    expect(why).toContain('must not reset')
  })
})

/** Results of cells `1`, `2` and so on of different classes. */
const results = (...verdicts: readonly CellVerdict[]): CellResult[] =>
  verdicts.map((verdict, at) => ({
    cell: {
      id: String(at + 1),
      api: 'cryptlex',
      operation: 'createResellerUser',
      position: 'first',
      fault: `class-${at}`,
      text: '',
      definition: {},
    },
    verdict,
    why: '',
    ending: { ...passed, output: '' },
    faultCounts: fired,
    findings: verdict === 'survived-with-findings' ? [orphan] : [],
    exchanges: [],
    omitted: 0,
    deliveries: [],
  }))

test('the score counts survived cells among those whose fault fired, rounded down', () => {
  expect(scoreOf(results('survived', 'survived', 'broke', 'not-met')).percent).toBe(66)
  expect(scoreOf(results('survived', 'survived-with-findings')).percent).toBe(50)
  expect(scoreOf(results('not-met')).percent).toBeUndefined()
})

test('cells to look at first have findings, and each tells something else', () => {
  const all = results('broke', 'survived-with-findings', 'survived', 'survived-with-findings')
  expect(worstOf(all, 5).map(({ cell }) => cell.id)).toEqual(['2', '1'])
})

test('a new failure is a cell that was better before, or that was not there', () => {
  const before = { results: results('survived', 'broke', 'survived-with-findings', 'not-met') }
  const now = results('broke', 'broke', 'broke', 'not-met', 'survived-with-findings')
  expect(newFailures(now, before).map(({ cell }) => cell.id)).toEqual(['1', '3', '5'])
  expect(newFailures(before.results, { results: now })).toEqual([])
})
