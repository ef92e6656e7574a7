import type { Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import type { Filter } from '../core/requests/filter.ts'
import type { Entry } from '../core/requests/entry.ts'
import { bounded } from '../core/requests/expression.ts'
import { described, nearestTo, verified, type Expectation } from '../core/requests/verify.ts'
import type { Awaited, Expectation as Asked, Verification, Verified } from './contract.ts'
import { matcherIn, matcherOf, shown } from './requests.ts'
import { milliseconds } from './time.ts'
import type { World } from './world.ts'

const LONGEST_WAIT = 600_000

/** Asking whether what should have been asked was, now or in a while. */
export function verifyTasks(world: World): Record<'verifyRequests' | 'awaitRequests', Task> {
  return {
    verifyRequests: (call) => {
      const { expectations, order, since } = call.body as Verification // the contract has checked it
      const read = expectations.map((one, i) => expectationFrom(one, i, since, world))
      refuseSameNames(read)
      const body: Verified = bounded(() =>
        verified(read, [...world.requests.after()], world.secrets, order),
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
      const found = [...world.requests.after()].filter((entry) => matches(entry).length === 0)
      if (found.length < count) {
        await more(world, wait, (entry) => {
          if (matches(entry).length === 0) found.push(entry)
          return found.length >= count
        })
      }
      const requests = found.slice(0, count).map((entry) => shown(entry, world))
      if (found.length >= count) {
        const body: Awaited = { fulfilled: true, requests }
        return { status: 200, body }
      }
      const nearest = nearestTo(matches, [...world.requests.after()], world.secrets)
      const lacking = `${found.length} of ${count} came within ${timeout}`
      const body: Awaited = {
        fulfilled: false,
        requests,
        difference: `${lacking}${described(nearest)}`,
        nearest,
      }
      return { status: 200, body }
    },
  }
}

/** Until one is the last that is wanted, the time is up or the server stops. */
function more({ requests }: World, wait: number, isLast: (entry: Entry) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      leave()
      resolve()
    }
    const timer = setTimeout(done, wait)
    const leave = requests.listen({
      take: (entry) => {
        if (isLast(entry)) done()
      },
      end: done,
    })
  })
}

function expectationFrom(
  asked: Asked,
  i: number,
  since: string | undefined,
  world: World,
): Expectation {
  const { name, match, count = {}, before, after, ...rest } = asked
  const filter = { ...rest, ...match, ...(since === undefined ? {} : { since }) } as Filter // texts and conditions: the matcher looks at each
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
