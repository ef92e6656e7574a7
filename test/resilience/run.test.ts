import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { Admin } from '../../src/client/admin.ts'
import { connect } from '../../src/client/connect.ts'
import { Connection } from '../../src/client/connection.ts'
import type { CellResult } from '../../src/resilience/model.ts'
import { planFor } from '../../src/resilience/plan.ts'
import { readFacts, runBaseline, runCells } from '../../src/resilience/run.ts'
import { Runner } from '../../src/resilience/runner.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { NEVER } from '../helpers/time.ts'

const SUITE = fileURLToPath(new URL('suite.mjs', import.meta.url))

async function scene(...args: readonly string[]) {
  const { url } = await createSandbox()
  const standin = await connect(url)
  onTestFinished(() => standin.close())
  const runner = new Runner(standin, {
    command: [process.execPath, SUITE, ...args],
    secrets: { adminToken: undefined, webhookSecret: 'a-webhook-secret' },
    seed: 1,
    shown: false,
    signal: new AbortController().signal,
  })
  const connection = new Connection(url)
  onTestFinished(() => connection.close())
  return { runner, standin, facts: await readFacts(standin, new Admin(connection, '')) }
}

interface RunOptions {
  /** Arguments of the suite. */
  readonly args: readonly string[]
  /** Ends of the ids of the cells. */
  readonly only: readonly string[]
}

/** Runs cells of the suite, and returns their results by position and class. */
async function run({ args, only }: RunOptions): Promise<Record<string, CellResult>> {
  const { runner, standin, facts } = await scene(...args)
  const baseline = await runBaseline(runner, facts, 1, undefined)
  const results: Record<string, CellResult> = {}
  await runCells(runner, baseline, planFor(baseline.operations, { only, calls: 1 }), {
    jobs: 2,
    budget: undefined,
    limit: { ms: NEVER, most: NEVER },
    judgement: { ...facts, repeats: baseline.repeats },
    signal: new AbortController().signal,
    onResult: (result) => {
      results[`${result.cell.position}/${result.cell.fault}`] = result
    },
  })
  // No sandbox is left.
  const sandboxes = await fetch(`${standin.url}/_standin/sandboxes`)
  expect(await sandboxes.json()).toMatchObject({ sandboxes: [{ name: 'default' }] })
  return results
}

test('a client that retries survives one failure, and breaks if all calls fail', async () => {
  const results = await run({ args: ['retries'], only: ['first/500', 'every/500', 'first/403'] })
  expect(results).toMatchObject({
    'first/500': { verdict: 'survived', faultCounts: { fired: 1 }, ending: { exitCode: 0 } },
    'first/500-twice': { verdict: 'broke', faultCounts: { fired: 2 } },
    'every/500': {
      verdict: 'broke',
      why: 'The command failed with exit code 3.',
      // Its output is kept, without credentials.
      ending: { exitCode: 3, output: 'answered 500 to [redacted]\n' },
    },
    'first/403': { verdict: 'survived-with-findings', findings: [{ id: 'retried-a-refusal' }] },
  })
  const { exchanges, decisive } = results['first/500']!
  expect(exchanges.map(({ status, faulty }) => [status, faulty])).toEqual([
    [500, true],
    [201, false],
  ])
  expect(decisive).toMatchObject({ id: exchanges[0]!.id })
  expect(decisive?.explanation).toContain('Refused with 500 by the fault')
})

test('a suite that checks too little passes, and the log shows what it left', async () => {
  const results = await run({ args: ['trusts'], only: ['first/commit-500', 'first/commit-reset'] })
  expect(results).toMatchObject({
    'first/commit-500': {
      verdict: 'survived-with-findings',
      findings: [{ id: 'orphaned-user', requests: [expect.stringMatching(/^req-/)] }],
    },
    'first/commit-reset': {
      verdict: 'survived-with-findings',
      findings: [{ id: 'orphaned-user' }],
    },
  })
})

test('a suite that resets its sandbox does not meet the fault, and the report says why', async () => {
  const results = await run({ args: ['resets'], only: ['first/reset'] })
  expect(results['first/reset']).toMatchObject({
    verdict: 'not-met',
    why: expect.stringContaining('must not reset the sandbox') as string,
  })
})

test('a baseline has to call an operation, to pass, and to make the same calls twice', async () => {
  const idle = await scene('--version')
  const { runner } = await scene('repeats')
  await expect(runBaseline(runner, idle.facts, 2, undefined)).rejects.toThrow(
    'cryptlex.createResellerUser was called once in the first run and 2 times in the second',
  )
})
