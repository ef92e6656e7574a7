import { expect, test } from 'vitest'
import { Tally, Waiters, type Changes } from '../../../src/core/webhooks/waiters.ts'
import { createCaller, named } from '../../helpers/caller.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { advance, awaited, deliveries } from '../../helpers/webhooks.ts'

const PATIENCE = 10_000

interface Thing {
  readonly id: string
  readonly isGood: boolean
}

test('who waits is told once a turn of all that changed, as it is now', async () => {
  const waits = new Waiters<Thing>()
  const told: Changes<Thing>[] = []
  const end = waits.waitFor((news) => {
    told.push(news)
    return told.length === 4 ? 'enough' : undefined
  }, PATIENCE)
  waits.changed({ id: 'a', isGood: false })
  waits.changed({ id: 'b', isGood: true })
  waits.changed({ id: 'a', isGood: true })
  await Promise.resolve()
  waits.changed()
  await Promise.resolve()
  waits.changed({ id: 'a', isGood: false })
  waits.allChanged()
  expect(await end).toBe('enough')
  expect(told.map((news) => news && [...news.values()])).toEqual([
    undefined,
    [
      { id: 'a', isGood: true },
      { id: 'b', isGood: true },
    ],
    [],
    undefined,
  ])
})

test('a tally follows what becomes of each', () => {
  const tally = new Tally<Thing>(({ isGood }) => isGood)
  const news = (...things: Thing[]): Changes<Thing> => new Map(things.map((one) => [one.id, one]))
  const none = () => []
  tally.update(undefined, () => [
    { id: 'a', isGood: true },
    { id: 'b', isGood: false },
  ])
  expect(tally.size).toBe(1)
  tally.update(news({ id: 'a', isGood: true }, { id: 'b', isGood: true }), none)
  expect(tally.size).toBe(2)
  tally.update(news({ id: 'a', isGood: false }), none)
  expect(tally.size).toBe(1)
  tally.update(undefined, none)
  expect(tally.size).toBe(0)
})

test('a webhook costs who waits no look at those that were there', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (let i = 0; i < 50; i++) await caller.create('cryptlex', named('cryptlex', `user-${i}`))
  let looked = 0
  const end = server.sandbox.webhooks.waitFor(
    ({ state }) => {
      looked++
      return state === 'failed'
    },
    1,
    PATIENCE,
  )
  expect(looked).toBe(50)
  await caller.create('cryptlex', named('cryptlex', 'another'))
  await awaited(caller, 'count=51')
  // Once when it came to be, once when it was delivered.
  expect(looked).toBeLessThanOrEqual(52)
  server.sandbox.webhooks.stopWaiting()
  expect(await end).toBeUndefined()
})

test('a delivery that is put off is seen before anything becomes of it', async () => {
  const server = await createSandbox({ clock: Date.parse('2026-01-15T09:30:00Z') })
  const caller = createCaller(server)
  const { webhooks } = server.sandbox
  const pending = webhooks.waitFor(({ state }) => state === 'pending', 1, PATIENCE)
  await caller.post('/_standin/faults', { webhook: 'delay', webhookBy: '1m' })
  await caller.create('cryptlex')
  expect(await pending).toHaveLength(1)
  const delivered = webhooks.waitFor(({ state }) => state === 'delivered', 1, PATIENCE)
  await advance(caller, '1m')
  expect(await delivered).toHaveLength(1)
})

test('what a reset takes away is counted no more', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.create('cryptlex')
  await awaited(caller, 'count=1')
  const both = server.sandbox.webhooks.waitFor(({ state }) => state === 'delivered', 2, PATIENCE)
  await caller.post('/_standin/reset', {})
  await caller.create('cryptlex')
  await awaited(caller, 'count=1')
  let isThere = false
  void both.then(() => (isThere = true))
  expect(await deliveries(caller)).toHaveLength(1)
  expect(isThere).toBe(false)
  await caller.create('cryptlex', named('cryptlex', 'second'))
  expect(await both).toHaveLength(2)
})
