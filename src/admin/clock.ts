import { durationOf } from '../core/time/duration.ts'
import { Problem } from '../core/problem.ts'

/** 1970 to 9999: what every format of a date can say. */
const LAST = Date.parse('9999-12-31T23:59:59.999Z')

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
