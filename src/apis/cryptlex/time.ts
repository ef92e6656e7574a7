/**
 * Formats a time as the vendor does. Public: ISO 8601 in UTC with seven fraction digits, as .NET
 * writes it.
 *
 * @param ms milliseconds since 1970
 * @param ticks units of 100 ns after that, 0 to 9999
 */
export function timestamp(ms: number, ticks: number): string {
  if (ms !== last.ms) {
    last.ms = ms
    last.text = new Date(ms).toISOString().slice(0, -1)
  }
  return `${last.text}${String(ticks).padStart(4, '0')}Z`
}

/** Cache of the last result, because one request formats the same millisecond several times. */
const last = { ms: NaN, text: '' }

/**
 * Returns the time `ms`, or one tick after `previous` if both are in the same millisecond.
 * `previous` is undefined for a user from a state that was written by hand.
 */
export function timeAfter(previous: string | undefined, ms: number): string {
  const now = timestamp(ms, 0)
  if (previous === undefined) return now
  const [start, ticks] = [previous.slice(0, 23), Number(previous.slice(23, 27))]
  return now.startsWith(start) && ticks < 9999 ? timestamp(ms, ticks + 1) : now
}
