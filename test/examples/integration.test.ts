import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'rolldown'
import { describe, expect, test } from 'vitest'
import type { CellResult } from '../../src/resilience/model.ts'
import type { Scores } from '../../src/resilience/score.ts'
import { JAVA } from '../helpers/java.ts'
import { createFolder } from '../helpers/sandbox.ts'

/** The whole matrices take many minutes. */
const LONG = process.env['LONG_TESTS'] !== undefined
const FOLDER = 'examples/integration'

interface Sample {
  readonly name: string
  /** Compiles the sample, and returns the command of its suite. */
  readonly command: () => readonly string[] | Promise<readonly string[]>
  /** A command that succeeds where the sample can be compiled and run. */
  readonly needs?: readonly [string, ...string[]]
}

const typescript = (name: string): Sample => ({
  name,
  command: async () => {
    const input = `${FOLDER}/${name}/service.test.ts`
    if (LONG) return [process.execPath, '--import', 'tsx', input]
    // Compiled once, as each start of tsx takes longer than the suite itself.
    const file = join(createFolder(), 'service.test.mjs')
    await build({ input, output: { file }, platform: 'node', logLevel: 'silent' })
    return [process.execPath, file]
  },
})

const NAIVE = typescript('naive')
const CAREFUL = typescript('careful')

/** Careful samples in other languages; those whose compiler is missing are skipped. */
const OTHERS: readonly Sample[] = [
  {
    name: 'python',
    command: () => ['python3', '-B', '-m', 'unittest', 'discover', `${FOLDER}/python`],
    needs: ['python3', '--version'],
  },
  {
    name: 'java',
    command: () => {
      const folder = createFolder()
      const cwd = `${FOLDER}/java`
      const options = [
        ...JAVA.slice(1).map((flag) => `-J${flag}`),
        '-Xlint:all',
        '-Werror',
        '-d',
        folder,
      ]
      execFileSync('sh', ['-c', 'javac "$@" *.java', 'sh', ...options], { cwd })
      return [...JAVA, '-cp', folder, 'ServiceTest']
    },
    needs: ['javac', '--version'],
  },
  {
    name: 'go',
    command: () => {
      const program = join(createFolder(), 'service.test')
      execFileSync('go', ['test', '-c', '-o', program, '.'], { cwd: `${FOLDER}/go` })
      return [program]
    },
    needs: ['go', 'version'],
  },
]

const atHand = OTHERS.filter(({ needs: [program, ...args] = ['true'] }) => {
  return spawnSync(program, args).status === 0
})

/** Runs the suite of a sample under `standin resilience`, and returns its report. */
async function reportOf(
  command: readonly string[],
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  const folder = createFolder()
  const args = ['dist/main.js', 'resilience', '--report', folder, ...options, '--', ...command]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
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

/** Verdict and findings of each cell. */
const verdictsIn = (results: readonly CellResult[]) =>
  Object.fromEntries(
    results.map(({ cell, verdict, findings }) => [
      cell.id,
      [verdict, ...findings.map(({ id }) => id)].join(' '),
    ]),
  )

/** A client that gives up early repeats its calls on a busy machine, with and without a fault. */
const PATIENT = { API_TIMEOUT_MS: '60000' }

/** A cell for each way in which a naive and a careful one differ. */
const TELLING = [
  'createResellerUser/first/commit-500',
  'createUserForPartner/first/truncated',
  'createResellerUser/call-2/webhook-unsigned',
].join()

describe('the sample integration', () => {
  test('that is careful survives the cells in which the naive one breaks', async () => {
    const careful = await reportOf(await CAREFUL.command(), ['--only', TELLING], PATIENT)
    expect(careful.bad).toEqual([])
    const naive = await reportOf(await NAIVE.command(), ['--only', TELLING], PATIENT)
    expect(naive.scores.all.survived).toBe(0)
    const ids = naive.results.flatMap(({ findings }) => findings.map(({ id }) => id))
    expect(ids).toContain('webhook-accepted-unsigned')
  })

  test.each(atHand)('in $name survives them too', async ({ command }) => {
    const { bad, results } = await reportOf(await command(), ['--only', TELLING], PATIENT)
    expect(bad).toEqual([])
    expect(results).toHaveLength(3)
  })

  test('is described with the command of each suite', () => {
    const readme = readFileSync(`${FOLDER}/README.md`, 'utf8')
    for (const { name } of [NAIVE, CAREFUL, ...OTHERS]) expect(readme).toContain(`](${name}/`)
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, to]) => to!)
    for (const to of links) expect(readFileSync(join(FOLDER, to), 'utf8')).not.toBe('')
  })
})

describe.runIf(LONG)('the whole matrix', { timeout: 3_600_000 }, () => {
  test.each([
    { sample: NAIVE, least: 0, most: 39 },
    { sample: CAREFUL, least: 95, most: 100 },
  ])('of $sample.name gives the same verdicts in three runs', async ({ sample, least, most }) => {
    const command = await sample.command()
    const first = await reportOf(command)
    expect(first.results.length).toBeGreaterThan(150)
    expect(first.scores.all.percent, JSON.stringify(first.bad, null, 2)).toBeGreaterThanOrEqual(
      least,
    )
    expect(first.scores.all.percent).toBeLessThanOrEqual(most)
    for (const _ of [2, 3]) {
      const again = await reportOf(command)
      expect(verdictsIn(again.results)).toEqual(verdictsIn(first.results))
    }
  })

  test.each(atHand)('of the one in $name scores at least 95 %', async ({ command }) => {
    const { scores, results, bad } = await reportOf(await command())
    expect(results.length).toBeGreaterThan(150)
    expect(scores.all.percent, JSON.stringify(bad, null, 2)).toBeGreaterThanOrEqual(95)
  })
})
