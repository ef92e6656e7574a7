import type { Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import type { RequestFilter } from '../core/request-log/filter.ts'
import { withRegexBudget } from '../core/request-log/safe-regex.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import {
  describeNearest,
  findNearest,
  verifyExpectations,
  type Expectation,
} from '../core/request-log/verify.ts'
import type { Awaited, Expectation as Asked, Verification, Verified } from './contract.gen.ts'
import { matcherIn, matcherOf, shown } from './requests.ts'
import { milliseconds } from './clock.ts'
import type { SandboxPort } from './ports.ts'

const LONGEST_WAIT = 600_000

/** Asking whether what should have been asked was, now or in a while. */
export function verifyTasks(world: SandboxPort): Record<'verifyRequests' | 'awaitRequests', Task> {
  return {
    verifyRequests: (call) => {
      const { expectations, order, since } = call.body as Verification // the contract has checked it
      const read = expectations.map((one, i) => expectationFrom(one, i, since, world))
      refuseSameNames(read)
      const body: Verified = withRegexBudget(() =>
        verifyExpectations(read, [...world.requests.after()], world.secrets, order),
      )
      return { status: 200, body }
    },
    awaitRequests: async (call) => {
      const matches = matcherIn(call, world)
      const count = Number(call.query.get('count') ?? 1)
      const timeout = call.query.get('timeout') ?? '5s'
      const wait = milliseconds(timeout)
      if (wait > LONGEST_WAIT) {
        throw new Problem(400, 'timeout.too-long', `timeout must be at most 10m, not ${timeout}`)
      }
      const found = readings(world).filter((reading) => matches(reading).length === 0)
      if (found.length < count) {
        await more(world, wait, (reading) => {
          if (matches(reading).length === 0) found.push(reading)
          return found.length >= count
        })
      }
      const requests = found.slice(0, count).map(({ entry }) => shown(entry, world))
      if (found.length >= count) {
        const body: Awaited = { fulfilled: true, requests }
        return { status: 200, body }
      }
      const nearest = findNearest(matches, readings(world), world.secrets)
      const lacking = `${found.length} of ${count} came within ${timeout}`
      const body: Awaited = {
        fulfilled: false,
        requests,
        difference: `${lacking}${describeNearest(nearest)}`,
        nearest,
      }
      return { status: 200, body }
    },
  }
}

function readings({ requests }: SandboxPort): SearchableEntry[] {
  return [...requests.after()].map((entry) => new SearchableEntry(entry))
}

/** Until one is the last that is wanted, the time is up or the server stops. */
function more(
  { requests }: SandboxPort,
  wait: number,
  isLast: (request: SearchableEntry) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      leave()
      resolve()
    }
    const timer = setTimeout(done, wait)
    const leave = requests.listen({
      onRequest: (request) => {
        if (isLast(request)) done()
      },
      onClose: done,
    })
  })
}

function expectationFrom(
  asked: Asked,
  i: number,
  since: string | undefined,
  world: SandboxPort,
): Expectation {
  const { name, match, count = {}, before, after, ...rest } = asked
  const filter = { ...rest, ...match, ...(since === undefined ? {} : { since }) } as RequestFilter // texts and conditions: the matcher looks at each
  return {
    name: name ?? `expectation ${i + 1}`,
    matches: matcherOf(filter, world),
    count,
    before,
    after,
  }
}

function refuseSameNames(expectations: readonly Expectation[]): void {
  const names = expectations.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return
  throw new Problem(400, 'expectation.duplicate', `Two expectations are called ${twice}`)
}
