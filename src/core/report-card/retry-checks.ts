import { formatDuration } from '../words.ts'
import { MAX_SHOWN, type Check } from './check.ts'
import type { Exchange } from './exchange.ts'
import type { Facts } from './facts.ts'

/**
 * Milliseconds; a shorter pause does not count as waiting, since sending a request takes as long.
 */
const NO_WAIT = 10
/** Maximum number of tries of one request; the defaults of common clients reach 11. */
const MAX_TRIES = 20
/**
 * Number of requests during one rate limit from which the check fails; a few parallel ones may have been sent before.
 */
const TOO_MANY_LIMITED = 5
/** Number of identical reads in a row, less than `POLL_PAUSE` ms apart, from which the check fails. */
const TOO_MANY_POLLS = 20
const POLL_PAUSE = 50

/**
 * Number of identical requests that count as retries of one client: fewer may each come from a test of its own.
 */
const MANY_TESTS = 4

/**
 * True if an armed fault changed the answer. No other test expects this answer, so the next
 * identical request is a retry of the client.
 */
function isAnsweredByArmedFault({ faults, hasRequestedFault }: Exchange): boolean {
  return faults.length > 0 && !hasRequestedFault
}

/** Yields each try with the next one. */
function* pairsIn(facts: Facts): Generator<undefined | readonly [Exchange, Exchange], void> {
  for (const tries of facts.tries) {
    yield
    for (const [i, next] of tries.entries()) {
      const previous = tries[i - 1]
      if (previous) yield [previous, next]
    }
  }
}

/**
 * Milliseconds between the tries of one request; undefined if an answer demanded a wait or the
 * sandbox's clock did not run.
 */
function gapsOf(facts: Facts, tries: readonly Exchange[]): readonly number[] | undefined {
  const gaps: number[] = []
  for (const [i, next] of tries.entries()) {
    const previous = tries[i - 1]
    if (!previous) continue
    if (previous.retryAfter !== undefined || !facts.clockRan(previous, next)) return undefined
    gaps.push(next.start - previous.end)
  }
  return gaps
}

/** True if the client gave up: the last try failed and it sent nothing more. */
function gaveUp(facts: Facts, tries: readonly Exchange[]): boolean {
  const last = tries.at(-1)! // a list of tries is never empty
  const longest = tries.reduce((most, one, i) => {
    const previous = tries[i - 1]
    return previous ? Math.max(most, one.start - previous.end) : most
  }, 0)
  return last.isTransient && facts.isOver(last, Math.max(longest, last.retryAfter ?? 0))
}

const longer = (a: number, b: number) => Math.max(a, b)
const ms = (duration: number) =>
  duration < 1000 ? `${Math.round(duration)} ms` : formatDuration(duration)

/** Checks of what a client does after a failure. */
export const RETRY_CHECKS: readonly Check[] = [
  {
    id: 'waits-retry-after',
    subject: 'client',
    title: 'Waits as long as Retry-After demands before it tries again',
    needs: 'an answer with Retry-After and another try of the same request, while the clock runs',
    provoke: '503;retry-after=1;times=1',
    *judge(facts, observations) {
      for (const pair of pairsIn(facts)) {
        yield
        const wait = pair?.[0].retryAfter
        if (pair === undefined || wait === undefined) continue
        const [first, second] = pair
        const waited = facts.waited(first, second, wait)
        if (waited === true) {
          observations.pass(
            `${second.id} came after the ${ms(wait)} that the answer to ${first.id} demanded`,
            ...pair,
          )
        } else if (waited === false) {
          const gap = ms(second.start - first.end)
          observations.fail(
            `${second.id} came ${gap} after ${first.id}, whose answer demanded ${ms(wait)}`,
            ...pair,
          )
        }
      }
    },
  },
  {
    id: 'holds-back-while-limited',
    subject: 'client',
    title: 'Sends nothing more until a rate limit is over',
    needs: 'a 429 with Retry-After, and later requests of the same client',
    provoke: '429;retry-after=1',
    *judge(facts, observations) {
      interface Limit {
        readonly by: Exchange
        readonly until: number
        readonly early: Exchange[]
      }
      const limits = new Map<string, Limit>()
      for (const one of facts.exchanges) {
        yield
        const key = `${one.entry.section} ${one.api} ${one.client} ${one.call.headers.authorization ?? ''}`
        const limit = limits.get(key)
        if (limit && facts.clockRan(limit.by, one)) {
          // Requests that were under way when the limit began do not count.
          if (one.start > limit.by.end + POLL_PAUSE && one.start < limit.until)
            limit.early.push(one)
          else if (one.start >= limit.until) {
            if (limit.early.length === 0) {
              observations.pass(
                `No request came while the limit of ${limit.by.id} lasted`,
                limit.by,
                one,
              )
            }
            limits.delete(key)
          }
          if (limit.early.length === TOO_MANY_LIMITED) {
            observations.fail(
              `At least ${TOO_MANY_LIMITED} requests came while the rate limit of ${limit.by.id} lasted`,
              limit.by,
              ...limit.early,
            )
          }
        }
        const isLimit = one.status === 429 || one.entry.problem?.reason === 'rate.exceeded'
        if (isLimit && one.retryAfter !== undefined && !limits.has(key)) {
          limits.set(key, { by: one, until: one.end + one.retryAfter, early: [] })
        }
      }
    },
  },
  {
    id: 'backs-off',
    subject: 'client',
    title: 'Waits between its tries',
    needs: 'three tries of one request that failed without Retry-After',
    provoke: '503;times=3',
    *judge(facts, observations) {
      for (const tries of facts.tries) {
        yield
        // Clients may try once more at once, such as on a new connection.
        const gaps = tries.length < 3 ? undefined : gapsOf(facts, tries)?.slice(1)
        if (!gaps) continue
        if (gaps.every((gap) => gap < NO_WAIT)) {
          observations.fail(
            `${tries.length} tries came without a pause`,
            ...tries.slice(0, MAX_SHOWN),
          )
        } else if (gaps.every((gap) => gap >= NO_WAIT)) {
          observations.pass(
            `${tries.length} tries came with pauses of up to ${ms(gaps.reduce(longer, 0))}`,
            ...tries.slice(0, MAX_SHOWN),
          )
        }
      }
    },
  },
  {
    id: 'backs-off-with-growth',
    subject: 'client',
    title: 'Waits longer before each further try',
    needs: 'four tries of one request that failed without Retry-After',
    provoke: '503;times=4',
    *judge(facts, observations) {
      for (const tries of facts.tries) {
        yield
        const gaps = gapsOf(facts, tries)?.filter((gap) => gap >= NO_WAIT) ?? []
        const [first = 0] = gaps
        const last = gaps.at(-1) ?? 0
        if (gaps.length >= 2 && last >= 1.5 * first) {
          observations.pass(
            `The pause grew from ${ms(first)} to ${ms(last)}`,
            ...tries.slice(0, MAX_SHOWN),
          )
          continue
        }
        const spread = gaps.reduce(longer, 0) - gaps.reduce((a, b) => Math.min(a, b), Infinity)
        // Random pauses differ by more, and pauses that have reached a maximum differ from the
        // first one.
        if (gaps.length >= 3 && spread <= Math.max(0.1 * first, 5)) {
          observations.fail(
            `${gaps.length} pauses lasted the same: ${ms(first)}`,
            ...tries.slice(0, MAX_SHOWN),
          )
        }
      }
    },
  },
  {
    id: 'limits-its-tries',
    subject: 'client',
    title: 'Gives up after some tries',
    needs: 'a request that failed at every try until its client gave up',
    provoke: '503',
    *judge(facts, observations) {
      for (const tries of facts.tries) {
        yield
        if (tries.length > MAX_TRIES) {
          observations.fail(
            `One request was sent ${tries.length} times`,
            ...tries.slice(0, MAX_SHOWN),
          )
        } else if (tries.length >= 2 && gaveUp(facts, tries)) {
          observations.pass(
            `The client gave up after ${tries.length} tries`,
            ...tries.slice(0, MAX_SHOWN),
          )
        }
      }
    },
  },
  {
    id: 'no-retry-of-refusals',
    subject: 'client',
    title: 'Does not repeat a request that was refused for good',
    needs: 'a refusal with a status of 400 to 499 other than 401, 408, 425 and 429',
    provoke: '403;times=2',
    *judge(facts, observations) {
      for (const series of facts.series) {
        yield
        let same: Exchange[] = []
        for (const one of series) {
          yield
          const previous = same.at(-1)
          if (previous && one.start >= previous.end && one.equals(previous)) {
            same.push(one)
            if (same.length === (isAnsweredByArmedFault(previous) ? 2 : MANY_TESTS)) {
              observations.fail(
                `${one.id} repeats ${previous.id}, which was refused with ${previous.status}`,
                ...same.slice(0, MAX_SHOWN),
              )
            }
            if (!isRefusedForGood(one)) same = []
          } else same = isRefusedForGood(one) ? [one] : []
        }
        const last = series.at(-1)! // a series is never empty
        if (same.length === 1 && facts.isOver(last)) {
          observations.pass(`${last.id} was refused with ${last.status} and not repeated`, last)
        }
      }
    },
  },
  {
    id: 'refreshes-token-once',
    subject: 'client',
    title: 'Tries again once after a 401, with new credentials and not with the same ones',
    needs: 'a 401 after which the client sends other credentials or gives up',
    provoke: '401;times=1',
    *judge(facts, observations) {
      for (const series of facts.series) {
        yield
        let previous: Exchange | undefined
        // Refused requests in a row: all, those that are equal, those that a fault refused.
        let [refused, equal, armed] = [0, 0, 0]
        for (const one of series) {
          yield
          if (previous && one.start >= previous.end) {
            const repeats = one.equals(previous)
            if (repeats && equal === (isAnsweredByArmedFault(previous) ? 1 : MANY_TESTS - 1)) {
              observations.fail(
                `${one.id} sends the credentials that ${previous.id} was refused with`,
                previous,
                one,
              )
            } else if (!repeats && armed === MANY_TESTS - 1) {
              observations.fail(
                `${one.id} sends other credentials for the third time in a row`,
                previous,
                one,
              )
            } else if (!repeats && one.status !== 401) {
              observations.pass(
                `${one.id} sends other credentials than ${previous.id}, which was refused`,
                previous,
                one,
              )
            }
            if (!repeats) equal = 0
          }
          if (one.status === 401) {
            refused++
            equal++
            armed = isAnsweredByArmedFault(one) ? armed + 1 : 0
            previous = one
          } else {
            previous = undefined
            refused = equal = armed = 0
          }
        }
        if (previous && refused === 1 && facts.isOver(previous)) {
          observations.pass(`${previous.id} was refused with 401 and not repeated`, previous)
        }
      }
    },
  },
  {
    id: 'repeats-whole-request',
    subject: 'client',
    title: 'Sends the whole body again with each try',
    needs: 'a request with a body that failed, and another try of it',
    provoke: '503;times=1',
    *judge(facts, observations) {
      const failed = new Map<string, Exchange>()
      for (const one of facts.exchanges) {
        yield
        if (one.isRead || one.entry.method === 'DELETE') continue
        const key = `${one.entry.section} ${one.client} ${one.entry.method} ${one.call.url}`
        const previous = failed.get(key)
        if (previous && one.start >= previous.end) {
          if (!one.sentBody) {
            observations.fail(`${one.id} repeats ${previous.id} without its body`, previous, one)
          } else if (one.user === previous.user && one.hasSameBody(previous)) {
            observations.pass(
              `${one.id} has the same body as ${previous.id}, which failed`,
              previous,
              one,
            )
          }
        }
        if (one.isTransient && one.sentBody) failed.set(key, one)
        else failed.delete(key)
      }
    },
  },
  {
    id: 'polls-with-pauses',
    subject: 'client',
    title: 'Pauses between reads of the same data',
    needs: 'three reads of the same data in a row',
    provoke: 'code that waits for a user to appear',
    *judge(facts, observations) {
      for (const series of facts.series) {
        yield
        if (!series[0]!.isRead || series.length < 3) continue // a series is never empty
        let quick: Exchange[] = []
        let most = 1
        for (const one of series) {
          yield
          const previous = quick.at(-1)
          const isQuick =
            previous !== undefined &&
            one.start >= previous.end &&
            one.start - previous.end < POLL_PAUSE &&
            facts.clockRan(previous, one)
          if (isQuick) quick.push(one)
          else quick = [one]
          most = Math.max(most, quick.length)
          if (quick.length === TOO_MANY_POLLS) {
            observations.fail(
              `${TOO_MANY_POLLS} reads of the same data came within ${ms(one.end - quick[0]!.start)}`,
              ...quick.slice(0, MAX_SHOWN),
            )
          }
        }
        if (most === 1)
          observations.pass(
            `${series.length} reads came with pauses`,
            ...series.slice(0, MAX_SHOWN),
          )
      }
    },
  },
]

function isRefusedForGood(one: Exchange): boolean {
  const { status } = one
  if (status < 400 || status >= 500 || status === 401 || one.isTransient) return false
  // A client may poll until a user exists, and vendors refuse an unknown user with different
  // statuses.
  return !one.isRead || (isAnsweredByArmedFault(one) && status !== 404)
}
