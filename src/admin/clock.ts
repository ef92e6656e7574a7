import { LAST } from '../core/time/clock.ts'
import { durationOf } from '../core/time/duration.ts'
import { Problem } from '../core/problem.ts'

/**
 * `5m` in milliseconds; the contract has checked the form.
 *
 * @throws Problem 400 time.out-of-range
 */
export function milliseconds(duration: string): number {
  return inRange(durationOf(duration) ?? 0, `${duration} from now`, Date.now())
}

/** @throws Problem 400 time.out-of-range */
export function inRange(time: number, text: string, from = 0): number {
  if (isTime(from + time)) return time
  throw new Problem(400, 'time.out-of-range', `${text} is not between the years 1970 and 9999`)
}

export function isTime(time: unknown): time is number {
  return typeof time === 'number' && time >= 0 && time <= LAST
}
