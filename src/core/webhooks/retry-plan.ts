import { durationOf, UNITS } from '../time/duration.ts'
import type { AttemptOutcome } from './http-sender.ts'

/** When a failed delivery is tried again. */
export interface RetryPlan {
  /** `readPlan` makes the same plan of it. */
  readonly name: string
  /** Milliseconds to wait after the first failed attempt, the second, … */
  readonly delays: readonly number[]
  /** The subscription is suspended after this many failed attempts in a row. */
  readonly suspendAfter?: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What a receiver may ask for with Retry-After. */
const LONGEST_RETRY_AFTER = DAY
const LONGEST_DELAY = 30 * DAY
const MOST_RETRIES = 100

const PLANS: readonly RetryPlan[] = [
  // Five retries, five minutes apart; off after 50 failed attempts in a row.
  { name: 'vendor', delays: Array.from({ length: 5 }, () => 300 * SECOND), suspendAfter: 50 },
  // The example of the Standard Webhooks specification: 75 hours, 35 minutes and 5 seconds.
  {
    name: 'standard-webhooks',
    delays: [
      5 * SECOND,
      5 * MINUTE,
      30 * MINUTE,
      ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR),
    ],
  },
  { name: 'fast', delays: [10, 20, 50, 100, 200] },
  { name: 'none', delays: [] },
]

/**
 * `vendor`, `standard-webhooks`, `fast`, `none`, or delays such as `5s,5m,2h`. Throws an Error
 * that says so.
 */
export function readRetryPlan(text: string): RetryPlan {
  const given = text.trim().toLowerCase()
  const known = PLANS.find(({ name }) => name === given)
  if (known) return known
  const delays = given.split(',').map((part) => durationOf(part.trim()) ?? NaN)
  if (!delays.every((delay) => delay <= LONGEST_DELAY) || delays.length > MOST_RETRIES) {
    const names = PLANS.map(({ name }) => name).join(', ')
    throw new Error(
      `must be ${names}, or at most ${MOST_RETRIES} delays of at most 30d each, such as 500ms,5s,5m,2h`,
    )
  }
  return { name: delays.map(inWords).join(','), delays }
}

/** In the largest unit that leaves a whole number. */
function inWords(delay: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, each]) => delay % each === 0)! // ms fits all
  return delay === 0 ? '0s' : `${delay / size}${unit}`
}

/** Only an answer from 200 to 299 is a success. */
export function isSuccess(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status <= 299
}

/** 410 Gone: the receiver wants nothing any more, and its subscription is switched off. */
export function isGone(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status === 410
}

/**
 * When to try again, in milliseconds since 1970; undefined: not any more. A receiver's Retry-After
 * makes the wait longer, up to a day, and never shorter. What the egress policy refuses is not
 * tried again: only a new start changes that policy.
 *
 * @param attemptsMade with the one that this outcome is of
 * @param now milliseconds since 1970, by the sandbox's clock
 */
export function nextAttempt(
  plan: RetryPlan,
  attemptsMade: number,
  outcome: AttemptOutcome,
  now: number,
): number | undefined {
  if (isSuccess(outcome) || isGone(outcome)) return undefined
  if (outcome.kind === 'failed' && outcome.error === 'egress') return undefined
  const delay = plan.delays[attemptsMade - 1]
  if (delay === undefined) return undefined
  return now + Math.max(delay, Math.min(retryAfter(outcome, now) ?? 0, LONGEST_RETRY_AFTER))
}

/** Milliseconds that the receiver asks for; undefined where it does not, or not in a known form. */
function retryAfter(outcome: AttemptOutcome, now: number): number | undefined {
  if (outcome.kind === 'failed') return undefined
  const asked = outcome.headers['retry-after']?.trim()
  if (asked === undefined) return undefined
  if (/^\d+$/.test(asked)) return Number(asked) * SECOND
  const until = httpDate(asked)
  if (until === undefined) return undefined
  // The receiver counts by its own clock, and says in Date what that shows.
  return until - (httpDate(outcome.headers['date']) ?? now)
}

/** The one form that is still sent, of the three that RFC 9110 knows. */
function httpDate(text: string | undefined): number | undefined {
  const formed = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/
  const time = formed.test(text ?? '') ? Date.parse(text!) : NaN // it has matched
  return Number.isNaN(time) ? undefined : time
}
