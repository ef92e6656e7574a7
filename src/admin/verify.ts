import type { Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import type { RequestFilter } from '../core/request-log/filter.ts'
import type { Entry } from '../core/request-log/entry.ts'
import type { RedactedRecord } from '../core/request-log/redacted-record.ts'
import { RegexBudget, RegexBudgetExceeded, spendSteps } from '../core/request-log/safe-regex.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import {
  describeNearest,
  nearestSteps,
  verifySteps,
  type Expectation,
  type Redacting,
} from '../core/request-log/verify.ts'
import { ClientGone, inSlices, Slices } from '../core/slices.ts'
import type {
  Awaited,
  Expectation as ExpectationBody,
  Verification,
  Verified,
} from './contract.gen.ts'
import { hintedSteps } from './hints.ts'
import { matcherFromFilter, matcherFromQuery } from './requests.ts'
import { milliseconds } from './clock.ts'
import type { SandboxPort } from './ports.ts'

/** Maximum time limit of a wait, in milliseconds. */
const MAX_WAIT = 600_000
/** Time limit for matching all expressions of one verification, in milliseconds. */
const REGEX_TIME = 1000

/** Handlers of `/verify` and `/requests/await`. */
export function verifyTasks(
  sandbox: SandboxPort,
): Record<'verifyRequests' | 'awaitRequests', Task> {
  return {
    verifyRequests: async (call) => {
      const { expectations, order, since } = call.body as Verification // the contract has checked it
      const named = expectations.map((one, i) => expectationFrom(one, i, since, sandbox))
      refuseDuplicateNames(named)
      const entries = [...sandbox.requests.after()]
      const steps = verifySteps(named, entries, redacting(sandbox), order)
      const body: Verified = await withinBudget(steps, new Slices(call.signal))
      return { status: 200, body }
    },
    awaitRequests: async (call) => {
      const matches = matcherFromQuery(call, sandbox)
      const count = Number(call.query.get('count') ?? 1)
      const timeout = call.query.get('timeout') ?? '5s'
      const wait = milliseconds(timeout)
      if (wait > MAX_WAIT) {
        throw new Problem(400, 'timeout.too-long', `timeout must be at most 10m, got ${timeout}`)
      }
      const slices = new Slices(call.signal)
      const found: Entry[] = []
      const arrivals = new Arrivals(sandbox, wait, call.signal)
      try {
        while (found.length < count) {
          const entry = arrivals.take() ?? (await arrivals.next())
          if (!entry) break
          const request = new SearchableEntry(entry)
          if ((await slices.run(matches.steps(request))).length === 0) found.push(entry)
          if (slices.isOver) await slices.next()
        }
      } finally {
        arrivals.close()
      }
      if (call.signal?.aborted) throw new ClientGone('the client has closed the connection')
      const requests: RedactedRecord[] = []
      for await (const entry of inSlices(found, slices)) {
        requests.push(await slices.run(hintedSteps(entry, sandbox)))
      }
      if (found.length >= count) {
        const body: Awaited = { fulfilled: true, requests }
        return { status: 200, body }
      }
      const all = [...sandbox.requests.after()].map((entry) => new SearchableEntry(entry))
      const nearest = await slices.run(nearestSteps(matches, all, redacting(sandbox)))
      const summary = `${found.length} of ${count} requests arrived within ${timeout}`
      const body: Awaited = {
        fulfilled: false,
        requests,
        difference: `${summary}${describeNearest(nearest)}`,
        nearest,
      }
      return { status: 200, body }
    },
  }
}

function redacting({ requests, secrets }: SandboxPort): Redacting {
  return { redactions: requests.redactions, secrets }
}

/** @throws Problem 400 expression.invalid when the expressions take too long */
async function withinBudget<T>(steps: Generator<undefined, T>, slices: Slices): Promise<T> {
  try {
    return await slices.run(spendSteps(new RegexBudget(REGEX_TIME), steps))
  } catch (error) {
    if (!(error instanceof RegexBudgetExceeded)) throw error
    const message =
      'The expressions take too long on the recorded requests; shorten them, send fewer at once, or leave out earlier requests with since'
    throw new Problem(400, 'expression.invalid', message)
  }
}

/**
 * Yields the recorded requests and then each new one, until the time limit or until the client
 * disconnects.
 */
class Arrivals {
  readonly #queue: Entry[]
  #next = 0
  #isOver = false
  #wake: () => void = () => {}
  readonly #stop: () => void

  /** @param wait in milliseconds */
  constructor({ requests }: SandboxPort, wait: number, signal: AbortSignal | undefined) {
    const end = () => {
      this.#isOver = true
      this.#wake()
    }
    const timer = setTimeout(end, wait)
    // The log is read and subscribed to in one step, so that no request is missed or taken twice.
    this.#queue = [...requests.after()]
    const unsubscribe = requests.listen({
      onRequest: ({ entry }) => {
        this.#queue.push(entry)
        this.#wake()
      },
      onClose: end,
    })
    signal?.addEventListener('abort', end)
    this.#stop = () => {
      clearTimeout(timer)
      unsubscribe()
      signal?.removeEventListener('abort', end)
    }
  }

  take(): Entry | undefined {
    return this.#queue[this.#next++]
  }

  /** Waits for the next request. Returns undefined after the last one. */
  async next(): Promise<Entry | undefined> {
    this.#next--
    if (!this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.take()
  }

  close(): void {
    this.#stop()
  }
}

function expectationFrom(
  body: ExpectationBody,
  i: number,
  since: string | undefined,
  sandbox: SandboxPort,
): Expectation {
  const { name, match, count = {}, before, after, ...rest } = body
  const filter = { ...rest, ...match, ...(since === undefined ? {} : { since }) } as RequestFilter // texts and conditions: the matcher checks each
  return {
    name: name ?? `expectation ${i + 1}`,
    matches: matcherFromFilter(filter, sandbox),
    count,
    before,
    after,
  }
}

/** @throws Problem 400 expectation.duplicate */
function refuseDuplicateNames(expectations: readonly Expectation[]): void {
  const names = expectations.map(({ name }) => name)
  const duplicate = names.find((name, i) => names.indexOf(name) !== i)
  if (duplicate === undefined) return
  throw new Problem(400, 'expectation.duplicate', `Two expectations have the name ${duplicate}`)
}
