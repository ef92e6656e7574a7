import { setTimeout as pause } from 'node:timers/promises'

/**
 * Milliseconds after which an expected event counts as missing; nothing that works takes as long,
 * even on a slow or busy machine.
 */
export const NEVER = 30_000

/** Options of a test that takes seconds even on an idle machine. */
export const LONG = { timeout: 600_000 }

/**
 * Waits until a check passes. It checks often at first and less often later, because a failed check
 * costs a millisecond or more.
 */
export async function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  const end = performance.now() + NEVER
  for (let milliseconds = 5; ; milliseconds = Math.min(milliseconds * 1.2, 50)) {
    try {
      return await look()
    } catch (error) {
      if (performance.now() > end) throw error
    }
    await pause(milliseconds)
  }
}

/**
 * Measures the processor time of some work in milliseconds. Unlike elapsed time, it hardly depends
 * on other programs on the machine.
 */
export async function spentOn(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const TRIES = 5

/**
 * Returns the shortest of several measurements, which is the least disturbed by other programs.
 * Stops at the first one below the limit.
 */
export async function bestOf(limit: number, measure: () => Promise<number>): Promise<number> {
  let best = Infinity
  for (let i = 0; i < TRIES && best >= limit; i++) best = Math.min(best, await measure())
  return best
}

/** Measures elapsed time in milliseconds. */
export async function took(work: () => unknown): Promise<number> {
  const before = performance.now()
  await work()
  return performance.now() - before
}
