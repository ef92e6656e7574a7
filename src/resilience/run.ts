import type { ApiName } from '../admin/contract.gen.ts'
import type { Admin } from '../client/admin.ts'
import type { Standin } from '../client/standin.ts'
import { differences, operationsOf } from './baseline.ts'
import { readContracts, type Contracts } from './contracts.ts'
import type { TimeLimit } from './execution.ts'
import { findingsIn } from './findings.ts'
import type { Judgement } from './judgement.ts'
import type { Baseline, Cell, CellResult, Ending } from './model.ts'
import type { Observation } from './observation.ts'
import { largestRepeats } from './repeats.ts'
import type { Runner } from './runner.ts'

/** Facts about the server that do not change with a run. */
export interface ServerFacts {
  readonly contracts: Contracts
  readonly creates: ReadonlySet<string>
}

export async function readFacts(standin: Standin, admin: Admin): Promise<ServerFacts> {
  const apis = Object.keys(standin.urls) as ApiName[] // the server's own list
  const [contracts, examples] = await Promise.all([
    readContracts(admin, apis),
    standin.users.examples(),
  ])
  const creates = new Set(examples.map(({ api, operation }) => `${api}.${operation}`))
  return { contracts, creates }
}

/** A run of the command without a fault. */
interface PlainRun {
  readonly ending: Ending
  readonly observation: Observation
}

/**
 * Runs the command without faults and learns what it calls.
 *
 * @param times 2: checks that both runs make the same calls
 * @throws Error naming what is unstable
 */
export async function runBaseline(
  runner: Runner,
  { contracts, creates }: ServerFacts,
  times: 1 | 2,
  limit: TimeLimit | undefined,
): Promise<Baseline> {
  const runs: PlainRun[] = []
  for (let number = 1; number <= times; number++) {
    const run = await runner.runPlainly(limit)
    if (run.ending.timedOut || run.ending.exitCode !== 0) throw failed(run, number)
    runs.push(run)
  }
  const first = runs[0]!.observation // there is at least one run
  const last = runs.at(-1)!.observation
  const operations = operationsOf(first, contracts, creates)
  if (operations.length === 0) throw nothingCalled(first)
  const unstable = differences(first, last)
  if (unstable.length > 0) {
    throw new Error(
      `The command is not stable without faults: ${unstable.join('; ')}. Make its calls the same in every run; a client with a short time limit repeats its calls on a busy machine`,
    )
  }
  const repeats = [first, last].map(({ requests }) => largestRepeats(requests, creates))
  const merged = Object.fromEntries(
    Object.keys(repeats[0]!).map((key) => [
      key,
      Math.max(...repeats.map((counts) => counts[key] ?? 0)),
    ]),
  )
  return {
    operations,
    ms: Math.max(...runs.map(({ ending }) => ending.ms)),
    repeats: merged,
    findings: findingsIn(first, { contracts, creates, repeats: merged }),
  }
}

/** Advice for a command whose requests did not reach its sandbox. */
const ADVICE =
  'It has to take its URLs from the environment, such as STANDIN_URL, or from {url} in its arguments'

function failed({ ending, observation }: PlainRun, number: number): Error {
  const { exitCode, timedOut, output } = ending
  const how = timedOut
    ? 'did not end within the time limit'
    : exitCode === null
      ? 'was ended by a signal'
      : `failed with exit code ${exitCode}`
  const which = number === 1 ? 'without a fault' : 'without a fault, in the second of two runs'
  const tail = output.trimEnd().split('\n').slice(-12).join('\n')
  const advice =
    observation.requests.length === 0 ? ` No request reached its sandbox. ${ADVICE}.` : ''
  return new Error(
    `The command ${how} ${which}; it must pass without faults first.${advice}${tail === '' ? '' : ` Its last lines:\n${tail}`}`,
  )
}

function nothingCalled({ requests }: Observation): Error {
  const detail =
    requests.length === 0
      ? 'no request reached its sandbox'
      : `none of its ${requests.length} requests reached an operation, such as ${requests[0]!.method} ${requests[0]!.path}`
  return new Error(`The command called no operation: ${detail}. ${ADVICE}`)
}

/** Default time limit of a cell: long enough to distinguish a client that waits from one that hangs. */
const SHORTEST_LIMIT = 10_000
const LIMIT_FACTOR = 5
/** Factor by which the limit grows for a command that is still sending requests. */
const BUSY_FACTOR = 3

/** Time limit of a cell unless one is given. */
export function limitFor(baseline: Baseline): TimeLimit {
  const ms = Math.max(SHORTEST_LIMIT, LIMIT_FACTOR * baseline.ms)
  return { ms, most: BUSY_FACTOR * ms }
}

export interface CellsOptions {
  readonly jobs: number
  /** Milliseconds after which no cell starts; undefined: no limit. */
  readonly budget: number | undefined
  readonly limit: TimeLimit
  readonly judgement: Judgement
  readonly signal: AbortSignal
  /** Called when a cell is done. */
  readonly onResult: (result: CellResult) => void
}

/**
 * Runs cells, several at the same time, in their order. No cell starts after the budget is used or
 * the signal is aborted. A cell that was interrupted has no result.
 */
export async function runCells(
  runner: Runner,
  baseline: Baseline,
  cells: readonly Cell[],
  options: CellsOptions,
): Promise<void> {
  const { jobs, budget = Infinity, limit, judgement, signal, onResult } = options
  const started = performance.now()
  const waiting = cells.values()
  const work = async () => {
    for (const cell of waiting) {
      if (signal.aborted || performance.now() - started >= budget) return
      const result = await runner.runCell(cell, limit, judgement, baseline.findings)
      if (!signal.aborted) onResult(result)
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, cells.length) }, work))
}
