import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ClientGone, inSlices, Slices } from '../../src/core/slices.ts'

/** Takes about this many milliseconds. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

/** Counts the turns of the event loop until the work is done. */
async function turnsDuring(done: Promise<unknown>): Promise<number> {
  const state = { isDone: false }
  let turns = 0
  void done.finally(() => (state.isDone = true))
  while (!state.isDone) {
    await nextTurn()
    turns++
  }
  return turns
}

test('long work lets others run and keeps its order', async () => {
  const seen: number[] = []
  const walk = async () => {
    for await (const one of inSlices(Array.from({ length: 40 }, (_, i) => i))) {
      seen.push(one)
      work(1)
    }
  }
  expect(await turnsDuring(walk())).toBeGreaterThanOrEqual(5)
  expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i))
})

test('of many tasks, only one runs in each turn of the event loop', async () => {
  const walks = Array.from({ length: 10 }, async () => {
    const slices = new Slices()
    for (let i = 0; i < 5; i++) {
      work(1)
      await slices.next()
    }
  })
  expect(await turnsDuring(Promise.all(walks))).toBeGreaterThanOrEqual(50)
})

test('short work is not interrupted', async () => {
  /** Turns of the event loop during work of three items, which a busy machine may interrupt. */
  async function turnsOfShortWork(): Promise<number> {
    let turns = 0
    setImmediate(() => turns++)
    for await (const one of inSlices([1, 2, 3])) expect(one).toBeGreaterThan(0)
    return turns
  }
  await expect.poll(turnsOfShortWork).toBe(0)
})

test('work ends when its client has gone', async () => {
  const gone = new AbortController()
  const slices = new Slices(gone.signal)
  let steps = 0
  const walk = slices.run(
    (function* () {
      for (;;) {
        work(1)
        if (++steps === 20) gone.abort()
        yield
      }
    })(),
  )
  await expect(walk).rejects.toBeInstanceOf(ClientGone)
  expect(steps).toBeLessThan(40)
})
