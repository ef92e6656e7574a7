import { expect, test, vi } from 'vitest'
import { Clock } from '../../../src/core/time/clock.ts'
import { eventually } from '../../helpers/time.ts'

const START = Date.parse('2026-01-15T09:30:00Z')

function noting(clock: Clock) {
  const seen: (readonly [name: string, after: number])[] = []
  const note = (name: string) => () => {
    seen.push([name, clock.now() - START])
  }
  return { seen, note }
}

test('what is due while time is played is done in order, each at its own moment', async () => {
  const clock = new Clock({ held: START })
  const { seen, note } = noting(clock)
  clock.schedule(START + 300, note('c'))
  clock.schedule(START + 100, note('a'))
  clock.schedule(START + 300, note('d'))
  clock.schedule(START + 200, note('b'))
  clock.schedule(START + 5000, note('too late'))
  await clock.runUntil({ held: START + 1000 })
  expect(seen).toEqual([
    ['a', 100],
    ['b', 200],
    ['c', 300],
    ['d', 300],
  ])
  expect(clock.now()).toBe(START + 1000)
})

test('work that takes a while is waited for, and what it plans is played too', async () => {
  const clock = new Clock({ held: START })
  const { seen, note } = noting(clock)
  clock.schedule(START + 10, async () => {
    await new Promise((resolve) => setImmediate(resolve))
    note('first')()
    clock.schedule(clock.now() + 3_600_000, note('planned'))
  })
  clock.schedule(START + 20, note('second'))
  await clock.runUntil({ held: START + 7_200_000 })
  expect(seen).toEqual([
    ['first', 10],
    ['second', 20],
    ['planned', 3_600_010],
  ])
})

test('a running clock goes on running from the time that it was played to', async () => {
  const clock = new Clock({ ahead: START - Date.now() })
  const { seen, note } = noting(clock)
  clock.schedule(START + 3_600_000, note('in an hour'))
  await clock.runUntil(Clock.at(START + 7_200_000, false))
  expect(seen).toEqual([['in an hour', 3_600_000]])
  expect(clock.isHeld).toBe(false)
  expect(clock.now()).toBeGreaterThanOrEqual(START + 7_200_000)
  expect(clock.now()).toBeLessThan(START + 7_205_000)
})

test('a running clock does what is due when it is due', async () => {
  const clock = new Clock()
  const done = vi.fn<() => void>()
  clock.schedule(Date.now() + 20, done)
  clock.schedule(Date.now() + 5, done)
  await eventually(() => expect(done).toHaveBeenCalledTimes(2))
})

test('a held clock does nothing by itself; let go or set, it does what is overdue', async () => {
  const clock = new Clock({ held: START })
  const done = vi.fn<() => void>()
  clock.schedule(START + 5, done)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(done).not.toHaveBeenCalled()
  clock.set({ held: START + 5 })
  await eventually(() => expect(done).toHaveBeenCalledOnce())
})

test('what is cancelled is never done', async () => {
  const clock = new Clock({ held: START })
  const { seen, note } = noting(clock)
  const timers = Array.from({ length: 100 }, (_, i) => clock.schedule(START + i, note(String(i))))
  for (const [i, timer] of timers.entries()) if (i % 2 === 1) clock.cancel(timer)
  await clock.runUntil({ held: START + 1000 })
  expect(seen.map(([name]) => Number(name))).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i))
  clock.cancel(timers[0]!) // done already
})

test('whoever sets the clock meanwhile ends what is played', async () => {
  const clock = new Clock({ held: START })
  const { seen, note } = noting(clock)
  clock.schedule(START + 10, () => {
    note('first')()
    clock.set({ held: START })
  })
  clock.schedule(START + 20, note('never'))
  await clock.runUntil({ held: START + 1000 })
  expect(seen).toEqual([['first', 10]])
  expect(clock.now()).toBe(START)
})

test('a hundred thousand timers come in order', async () => {
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
