import { durationOf, UNITS } from '../time/duration.ts'
import type { AttemptOutcome } from './http-sender.ts'

/** Schedule of the retries of a failed delivery. */
export interface RetryPlan {
  /** Text from which `readRetryPlan` reads the same plan. */
  readonly name: string
  /** Milliseconds to wait after the first failed attempt, the second and so on. */
  readonly delays: readonly number[]
  /** The subscription is suspended after this many failed attempts in a row. */
  readonly suspendAfter?: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Longest wait that a receiver can request with Retry-After. */
const MAX_RETRY_AFTER = DAY
const MAX_DELAY = 30 * DAY
const MAX_RETRIES = 100

const PLANS: readonly RetryPlan[] = [
  // Five retries, five minutes apart; suspended after 50 failed attempts in a row.
  { name: 'vendor', delays: Array.from({ length: 5 }, () => 300 * SECOND), suspendAfter: 50 },
  // Example of the Standard Webhooks specification: 75 hours, 35 minutes and 5 seconds in total.
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
 * Parses a retry plan: `vendor`, `standard-webhooks`, `fast`, `none`, or delays such as `5s,5m,2h`.
 *
 * @throws Error with a message that lists the permitted values
 */
export function readRetryPlan(text: string): RetryPlan {
  const lower = text.trim().toLowerCase()
  const named = PLANS.find(({ name }) => name === lower)
  if (named) return named
  const delays = lower.split(',').map((part) => durationOf(part.trim()) ?? NaN)
  if (!delays.every((delay) => delay <= MAX_DELAY) || delays.length > MAX_RETRIES) {
    const names = PLANS.map(({ name }) => name).join(', ')
    throw new Error(
      `must be ${names}, or at most ${MAX_RETRIES} delays of at most 30d each, such as 500ms,5s,5m,2h`,
    )
  }
  return { name: delays.map(writeDelay).join(','), delays }
}

/** Writes a delay in the largest unit that leaves a whole number. */
function writeDelay(delay: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, each]) => delay % each === 0)! // ms fits all
  return delay === 0 ? '0s' : `${delay / size}${unit}`
}

/** Only answers with status 200 to 299 are a success. */
export function isSuccess(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status <= 299
}

/** Matches 410 Gone: the receiver no longer exists, so its subscription is suspended. */
export function isGone(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status === 410
}

/**
 * Returns the time of the next attempt in milliseconds since 1970, or undefined if there is none. A
 * Retry-After header makes the wait longer, up to a day, but never shorter. An attempt that the
 * egress policy refused is not repeated, since the policy changes only with a restart.
 *
 * @param attemptsMade number of attempts, including the one with this outcome
 * @param now milliseconds since 1970, by the sandbox's clock
 */
export function nextAttemptAt(
  plan: RetryPlan,
  attemptsMade: number,
  outcome: AttemptOutcome,
  now: number,
): number | undefined {
  if (isSuccess(outcome) || isGone(outcome)) return undefined
  if (outcome.kind === 'failed' && outcome.error === 'egress') return undefined
  const delay = plan.delays[attemptsMade - 1]
  if (delay === undefined) return undefined
  return now + Math.max(delay, Math.min(retryAfter(outcome, now) ?? 0, MAX_RETRY_AFTER))
}

/** Reads Retry-After in milliseconds; undefined if it is missing or malformed. */
function retryAfter(outcome: AttemptOutcome, now: number): number | undefined {
  if (outcome.kind === 'failed') return undefined
  const value = outcome.headers['retry-after']?.trim()
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Number(value) * SECOND
  const until = httpDate(value)
  if (until === undefined) return undefined
  // The receiver counts by its own clock, whose time is in its Date header.
  return until - (httpDate(outcome.headers['date']) ?? now)
}

/** Parses an HTTP date in IMF-fixdate, the only one of the three forms in RFC 9110 still in use. */
function httpDate(text: string | undefined): number | undefined {
  const pattern = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/
  const time = pattern.test(text ?? '') ? Date.parse(text!) : NaN // it has matched
  return Number.isNaN(time) ? undefined : time
}
