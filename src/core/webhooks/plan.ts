import type { Outcome } from './sender.ts'

/** When a failed delivery is tried again. */
export interface Plan {
  /** Its name, or the delays as text: `readPlan` makes the same plan of it. */
  readonly name: string
  /** Milliseconds to wait after the first failed attempt, the second, … */
  readonly delays: readonly number[]
  /** The subscription is suspended after this many failed attempts in a row. */
  readonly suspendAfter?: number
}

/** `vendor`, `standard-webhooks`, `fast`, `none`, or delays such as `5s,5m,2h`. Throws an Error. */
export function readPlan(_text: string): Plan {
  throw new Error('not yet')
}

/** Only an answer from 200 to 299 is a success. */
export function isSuccess(_outcome: Outcome): boolean {
  return false
}

/** 410 Gone: the receiver wants nothing any more, and its subscription is switched off. */
export function isGone(_outcome: Outcome): boolean {
  return false
}

/**
 * When to try again, in milliseconds since 1970; undefined: not any more.
 *
 * @param attemptsMade with the one that this outcome is of
 * @param now milliseconds since 1970, by the sandbox's clock
 */
export function nextAttempt(
  _plan: Plan,
  _attemptsMade: number,
  _outcome: Outcome,
  _now: number,
): number | undefined {
  return undefined
}
