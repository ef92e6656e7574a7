import { readFileSync } from 'node:fs'
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
 * Stops at the first one below the limit, and not before it has tried for a while.
 */
export async function bestOf(limit: number, measure: () => Promise<number>): Promise<number> {
  const end = performance.now() + NEVER
  let best = Infinity
  for (let i = 0; best >= limit && (i < TRIES || performance.now() < end); i++) {
    best = Math.min(best, await measure())
  }
  return best
}

/**
 * Milliseconds for which a process could have run, but other programs had the processor. Linux
 * counts them for the main thread; elsewhere they are 0.
 */
export function waitedForProcessor(pid: number | 'self' = 'self'): number {
  try {
    const [, nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
    return Number(nanoseconds) / 1e6
  } catch {
    return 0
  }
}

/** Measures elapsed time in milliseconds, without the time in which other programs had the processor. */
export async function took(work: () => unknown): Promise<number> {
  const [before, waited] = [performance.now(), waitedForProcessor()]
  await work()
  return performance.now() - before - (waitedForProcessor() - waited)
}
