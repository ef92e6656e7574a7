import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CellResult } from '../../src/resilience/model.ts'
import type { Scores } from '../../src/resilience/score.ts'
import { createFolder } from '../helpers/sandbox.ts'

/** The whole matrices take minutes. */
const LONG = process.env['LONG_TESTS'] !== undefined

/** Runs the suite of a sample under `standin resilience`, and returns its report. */
async function reportOf(sample: 'naive' | 'careful', ...args: readonly string[]) {
  const folder = createFolder()
  const suite = [
    process.execPath,
    '--import',
    'tsx',
    `examples/integration/${sample}/service.test.ts`,
  ]
  const all = ['dist/main.js', 'resilience', '--report', folder, ...args, '--', ...suite]
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect(code, output).toBe(0)
  const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
    readonly scores: Scores
    readonly results: readonly CellResult[]
  } // the command wrote it
  const bad = report.results
    .filter(({ verdict }) => verdict !== 'survived')
    .map(({ cell, why, findings }) => [cell.id, why, ...findings.map(({ text }) => text)])
  return { ...report, bad }
}

/** A cell for each way in which the two differ. */
const TELLING = [
  'createResellerUser/first/commit-500',
  'createUserForPartner/first/truncated',
  'createResellerUser/call-2/webhook-unsigned',
].join()

describe('the sample integration', () => {
  test('that is careful survives the cells in which the naive one breaks', async () => {
    const careful = await reportOf('careful', '--only', TELLING)
    expect(careful.bad).toEqual([])
    const naive = await reportOf('naive', '--only', TELLING)
    expect(naive.scores.all.survived).toBe(0)
    const ids = naive.results.flatMap(({ findings }) => findings.map(({ id }) => id))
    expect(ids).toContain('webhook-accepted-unsigned')
  })

  test.runIf(LONG)('that is naive scores below 40 %', { timeout: 3_600_000 }, async () => {
    const { scores, results } = await reportOf('naive')
    expect(results.length).toBeGreaterThan(150)
    expect(scores.all.percent).toBeLessThan(40)
  })

  test.runIf(LONG)('that is careful scores at least 95 %', { timeout: 3_600_000 }, async () => {
    const { scores, results, bad } = await reportOf('careful')
    expect(results.length).toBeGreaterThan(150)
    expect(scores.all.percent, JSON.stringify(bad, null, 2)).toBeGreaterThanOrEqual(95)
  })
})
