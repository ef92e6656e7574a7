import { expect, test, vi } from 'vitest'
import { Clock } from '../../../src/core/time/clock.ts'
import { eventually } from '../../helpers/time.ts'

const START = Date.parse('2026-01-15T09:30:00Z')

function recorder(clock: Clock) {
  const seen: (readonly [name: string, after: number])[] = []
  const record = (name: string) => () => {
    seen.push([name, clock.now() - START])
  }
  return { seen, record }
}

test('runUntil runs due timers in order, each at its own time', async () => {
  const clock = new Clock({ held: START })
  const { seen, record } = recorder(clock)
  clock.schedule(START + 300, record('c'))
  clock.schedule(START + 100, record('a'))
  clock.schedule(START + 300, record('d'))
  clock.schedule(START + 200, record('b'))
  clock.schedule(START + 5000, record('too late'))
  await clock.runUntil({ held: START + 1000 })
  expect(seen).toEqual([
    ['a', 100],
    ['b', 200],
    ['c', 300],
    ['d', 300],
  ])
  expect(clock.now()).toBe(START + 1000)
})

test('runUntil waits for asynchronous work and runs the timers that it schedules', async () => {
  const clock = new Clock({ held: START })
  const { seen, record } = recorder(clock)
  clock.schedule(START + 10, async () => {
    await new Promise((resolve) => setImmediate(resolve))
    record('first')()
    clock.schedule(clock.now() + 3_600_000, record('planned'))
  })
  clock.schedule(START + 20, record('second'))
  await clock.runUntil({ held: START + 7_200_000 })
  expect(seen).toEqual([
    ['first', 10],
    ['second', 20],
    ['planned', 3_600_010],
  ])
})

test('a running clock keeps running after runUntil', async () => {
  const started = Date.now()
  const clock = new Clock({ ahead: START - started })
  const { seen, record } = recorder(clock)
  clock.schedule(START + 3_600_000, record('in an hour'))
  await clock.runUntil(Clock.at(START + 7_200_000, false))
  expect(seen).toEqual([['in an hour', 3_600_000]])
  expect(clock.isHeld).toBe(false)
  expect(clock.now()).toBeGreaterThanOrEqual(START + 7_200_000)
  expect(clock.now()).toBeLessThanOrEqual(START + 7_200_000 + Date.now() - started)
})

test('a running clock runs a timer when it is due', async () => {
  const clock = new Clock()
  const done = vi.fn<() => void>()
  clock.schedule(Date.now() + 20, done)
  clock.schedule(Date.now() + 5, done)
  await eventually(() => expect(done).toHaveBeenCalledTimes(2))
})

test('a held clock runs no timer until it is set to its time', async () => {
  const clock = new Clock({ held: START })
  const done = vi.fn<() => void>()
  clock.schedule(START + 5, done)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(done).not.toHaveBeenCalled()
  clock.set({ held: START + 5 })
  await eventually(() => expect(done).toHaveBeenCalledOnce())
})

test('a cancelled timer never runs', async () => {
  const clock = new Clock({ held: START })
  const { seen, record } = recorder(clock)
  const timers = Array.from({ length: 100 }, (_, i) => clock.schedule(START + i, record(String(i))))
  for (const [i, timer] of timers.entries()) if (i % 2 === 1) clock.cancel(timer)
  await clock.runUntil({ held: START + 1000 })
  expect(seen.map(([name]) => Number(name))).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i))
  clock.cancel(timers[0]!) // it has run already
})

test('setting the clock ends a runUntil that is under way', async () => {
  const clock = new Clock({ held: START })
  const { seen, record } = recorder(clock)
  clock.schedule(START + 10, () => {
    record('first')()
    clock.set({ held: START })
  })
  clock.schedule(START + 20, record('never'))
  await clock.runUntil({ held: START + 1000 })
  expect(seen).toEqual([['first', 10]])
  expect(clock.now()).toBe(START)
})

test('a hundred thousand timers run in order', async () => {
  const clock = new Clock({ held: START })
  const seen: number[] = []
  for (let i = 0; i < 100_000; i++) {
    const at = START + ((i * 7919) % 100_003)
    clock.schedule(at, () => void seen.push(at))
  }
  await clock.runUntil({ held: START + 200_000 })
  expect(seen).toHaveLength(100_000)
  expect(seen.every((at, i) => i === 0 || at >= seen[i - 1]!)).toBe(true)
})
