import { vi } from 'vitest'

/**
 * Milliseconds after which something that is waited for counts as never: nothing that works takes
 * as long, however slow or busy the machine is.
 */
export const NEVER = 30_000

/** For a test that works for seconds even on a quiet machine. */
export const LONG = { timeout: 600_000 }

/** Waits for what can be seen, and looks often. */
export const eventually = <T>(look: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: NEVER, interval: 5 })

/**
 * Milliseconds of processor time that this process spent on some work. Other programs on the
 * machine add next to nothing to it, as they do to the time on the wall.
 */
export async function spentOn(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const TRIES = 5

/**
 * The least of what several tries take, which is that of the one that nothing else on the machine
 * held up. It ends with the first that is below the limit.
 */
export async function bestOf(limit: number, measure: () => Promise<number>): Promise<number> {
  let best = Infinity
  for (let i = 0; i < TRIES && best >= limit; i++) best = Math.min(best, await measure())
  return best
}

/** Milliseconds on the wall. */
export async function took(work: () => unknown): Promise<number> {
  const before = performance.now()
  await work()
  return performance.now() - before
}
