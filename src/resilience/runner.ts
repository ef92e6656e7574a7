import type { Standin } from '../client/standin.ts'
import { CELL_VARIABLE } from '../config/environment.ts'
import { environmentOf, filled, type ServerSecrets } from './environment.ts'
import { execute, type TimeLimit } from './execution.ts'
import { exceptKnown, findingsIn } from './findings.ts'
import type { Judgement } from './judgement.ts'
import type { Baseline, Cell, CellResult, Ending, CalledRequest } from './model.ts'
import {
  faultCountsOf,
  exchangesOf,
  webhookDeliveriesOf,
  observe,
  userKeys,
  type Observation,
} from './observation.ts'
import { verdictOf } from './verdict.ts'

/** Requests of a cell that a report lists. */
const MAX_EXCHANGES = 100

export interface RunnerOptions {
  readonly command: readonly string[]
  readonly secrets: ServerSecrets
  /** Variables that make clients trust the server's CA; undefined: the command gets URLs of HTTP. */
  readonly trust?: Readonly<Record<string, string>> | undefined
  readonly seed: number
  /** True: the output of the command goes to the terminal. */
  readonly shown: boolean
  readonly signal: AbortSignal
}

/** Runs the command, each time in a sandbox of its own. */
export class Runner {
  readonly #standin: Standin
  readonly #options: RunnerOptions

  constructor(standin: Standin, options: RunnerOptions) {
    this.#standin = standin
    this.#options = options
  }

  /** Runs the command without a fault. */
  async runPlainly(
    limit: TimeLimit | undefined,
  ): Promise<{ readonly ending: Ending; readonly observation: Observation }> {
    const { ending, observation } = await this.#run(undefined, limit)
    return { ending, observation }
  }

  /** Runs the command with the fault of a cell, and judges what happened. */
  async runCell(
    cell: Cell,
    limit: TimeLimit,
    judgement: Judgement,
    known: Baseline['findings'],
  ): Promise<CellResult> {
    const { ending, observation, explain } = await this.#run(cell, limit)
    const faultCounts = faultCountsOf(observation)
    const findings = exceptKnown(findingsIn(observation, judgement), known)
    const { verdict, why } = verdictOf(ending, faultCounts, findings)
    const exchanges = exchangesOf(observation)
    const decisive =
      findings[0]?.requests[0] ??
      exchanges.find(({ faulty }) => faulty)?.id ??
      faultCounts.nearestMiss?.requestId
    const result: CellResult = {
      cell,
      verdict,
      why,
      ending: verdict === 'survived' ? { ...ending, output: '' } : ending,
      faultCounts,
      findings,
      exchanges: shortened(exchanges),
      omitted: Math.max(0, exchanges.length - MAX_EXCHANGES),
      deliveries: webhookDeliveriesOf(observation),
      ...(decisive === undefined
        ? {}
        : { decisive: { id: decisive, explanation: await explain(decisive) } }),
    }
    await this.#close(observation)
    return result
  }

  readonly #open = new Map<Observation, Standin>()

  async #run(cell: Cell | undefined, limit: TimeLimit | undefined) {
    const { command, secrets, trust, seed, shown, signal } = this.#options
    const sandbox = await this.#standin.sandbox({ seed })
    const before = await userKeys(sandbox)
    const fault = cell && (await sandbox.faults.add({ ...cell.definition, note: cell.id }))
    const variables = environmentOf(sandbox, secrets, trust)
    const env = {
      ...variables,
      [CELL_VARIABLE]: cell?.id, // undefined removes a variable that this process may have
    }
    const ending = await execute({
      command: filled(command, variables['STANDIN_URL'] ?? sandbox.url),
      env,
      limit,
      lastRequest: async () => (await sandbox.requests.list({ last: 1 }))[0]?.id,
      shown,
      signal,
    })
    const observation = await observe(sandbox, before, fault?.id)
    this.#open.set(observation, sandbox)
    if (cell === undefined) await this.#close(observation)
    const explain = (id: string) => sandbox.requests.explainInWords(id)
    return { ending, observation, explain }
  }

  async #close(observation: Observation): Promise<void> {
    await this.#open.get(observation)?.close()
    this.#open.delete(observation)
  }
}

/** Shortens a long list to its first and last requests, half of each. */
function shortened(exchanges: readonly CalledRequest[]): readonly CalledRequest[] {
  if (exchanges.length <= MAX_EXCHANGES) return exchanges
  const half = MAX_EXCHANGES / 2
  return [...exchanges.slice(0, half), ...exchanges.slice(-half)]
}
