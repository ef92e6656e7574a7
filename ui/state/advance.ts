import { callAdmin } from '../api/client.ts'
import { act } from './actions.ts'
import { overview } from './overview.ts'

/** The time of the sandbox now, in milliseconds since 1970; not a number until it is known. */
export function sandboxNow(): number {
  const shown = overview.value
  if (!shown) return NaN
  const { clock, clockReadAt } = shown
  return Date.parse(clock.now) + (clock.held ? 0 : Date.now() - clockReadAt)
}

/** Milliseconds as the admin API writes a duration, in the largest unit that is exact. */
export function durationOf(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000}m`
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}

/** A wait in words: `in 5 min`. */
export function waitOf(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds <= 0) return 'now'
  if (seconds < 120) return `in ${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `in ${minutes} min` : `in ${Math.round(minutes / 60)} h`
}

/** Advances the clock of the sandbox to a time, such as that of the next attempt of a delivery. */
export async function advanceTo(time: string): Promise<void> {
  // The clock may have been changed since the page last read it.
  const now = await callAdmin({ operation: 'getClock' }).then(
    (clock) => Date.parse(clock.now),
    () => sandboxNow(),
  )
  const by = durationOf(Math.max(1, Date.parse(time) - now) || 1)
  await act(
    { operation: 'advanceClock', body: { by } },
    (clock) => `The clock was advanced by ${by}: it is ${clock.now.slice(11, 19)}`,
  )
}
