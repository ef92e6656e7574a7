import type { Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import type { RequestFilter } from '../core/request-log/filter.ts'
import { RegexBudget, RegexBudgetExceeded } from '../core/request-log/safe-regex.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import {
  describeNearest,
  findNearest,
  verifyExpectations,
  type Expectation,
} from '../core/request-log/verify.ts'
import type {
  Awaited,
  Expectation as ExpectationBody,
  Verification,
  Verified,
} from './contract.gen.ts'
import { matcherFromFilter, matcherFromQuery, recordWithHints } from './requests.ts'
import { milliseconds } from './clock.ts'
import type { SandboxPort } from './ports.ts'

/** In milliseconds. */
const MAX_WAIT = 600_000
/** Matching time of all expressions of one verification, in milliseconds. */
const REGEX_TIME = 1000

/** Handlers of `/verify` and `/requests/await`. */
export function verifyTasks(
  sandbox: SandboxPort,
): Record<'verifyRequests' | 'awaitRequests', Task> {
  return {
    verifyRequests: (call) => {
      const { expectations, order, since } = call.body as Verification // the contract has checked it
      const named = expectations.map((one, i) => expectationFrom(one, i, since, sandbox))
      refuseDuplicateNames(named)
      const body: Verified = withinBudget(() =>
        verifyExpectations(named, [...sandbox.requests.after()], sandbox.secrets, order),
      )
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
      const found = readings(sandbox).filter((reading) => matches(reading).length === 0)
      if (found.length < count) {
        await listenUntil(sandbox, wait, (reading) => {
          if (matches(reading).length === 0) found.push(reading)
          return found.length >= count
        })
      }
      const requests = found.slice(0, count).map(({ entry }) => recordWithHints(entry, sandbox))
      if (found.length >= count) {
        const body: Awaited = { fulfilled: true, requests }
        return { status: 200, body }
      }
      const nearest = findNearest(matches, readings(sandbox), sandbox.secrets)
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

/** @throws Problem 400 expression.invalid when the expressions take too long */
function withinBudget<T>(work: () => T): T {
  try {
    return new RegexBudget(REGEX_TIME).spend(work)
  } catch (error) {
    if (!(error instanceof RegexBudgetExceeded)) throw error
    const message =
      'The expressions take too long on the recorded requests; shorten them, send fewer at once, or leave out earlier requests with since'
    throw new Problem(400, 'expression.invalid', message)
  }
}

function readings({ requests }: SandboxPort): SearchableEntry[] {
  return [...requests.after()].map((entry) => new SearchableEntry(entry))
}

/** Resolves once a request is the last one needed, the time is up or the server stops. */
function listenUntil(
  { requests }: SandboxPort,
  wait: number,
  isLast: (request: SearchableEntry) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      unsubscribe()
      resolve()
    }
    const timer = setTimeout(done, wait)
    const unsubscribe = requests.listen({
      onRequest: (request) => {
        if (isLast(request)) done()
      },
      onClose: done,
    })
  })
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
