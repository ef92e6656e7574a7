/** True in `npm run test:long`, which repeats more than the suite has time for. */
export const IS_LONG = process.env['LONG_TESTS'] === '1'

/** Chooses the number of repetitions of a random or exhaustive test. */
export function repetitions(inSuite: number, inLongRun: number): number {
  return IS_LONG ? inLongRun : inSuite
}
