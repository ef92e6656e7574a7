import { expect, test } from 'vitest'
import { Tally, Waiters, type Changes } from '../../../src/core/webhooks/waiters.ts'
import { createCaller, named } from '../../helpers/caller.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { advance, awaited, deliveries } from '../../helpers/webhooks.ts'

const TIMEOUT = 10_000

interface Thing {
  readonly id: string
  readonly isGood: boolean
}

test('a waiter is notified once per turn of all changed items in their latest state', async () => {
  const waiters = new Waiters<Thing>()
  const notified: Changes<Thing>[] = []
  const end = waiters.waitFor((changes) => {
    notified.push(changes)
    return notified.length === 4 ? 'enough' : undefined
  }, TIMEOUT)
  waiters.changed({ id: 'a', isGood: false })
  waiters.changed({ id: 'b', isGood: true })
  waiters.changed({ id: 'a', isGood: true })
  await Promise.resolve()
  waiters.changed()
  await Promise.resolve()
  waiters.changed({ id: 'a', isGood: false })
  waiters.allChanged()
  expect(await end).toBe('enough')
  expect(notified.map((changes) => changes && [...changes.values()])).toEqual([
    undefined,
    [
      { id: 'a', isGood: true },
      { id: 'b', isGood: true },
    ],
    [],
    undefined,
  ])
})

test('a tally counts the matching items after each change', () => {
  const tally = new Tally<Thing>(({ isGood }) => isGood)
  const changes = (...things: Thing[]): Changes<Thing> =>
    new Map(things.map((one) => [one.id, one]))
  const none = () => []
  tally.update(undefined, () => [
    { id: 'a', isGood: true },
    { id: 'b', isGood: false },
  ])
  expect(tally.size).toBe(1)
  tally.update(changes({ id: 'a', isGood: true }, { id: 'b', isGood: true }), none)
  expect(tally.size).toBe(2)
  tally.update(changes({ id: 'a', isGood: false }), none)
  expect(tally.size).toBe(1)
  tally.update(undefined, none)
  expect(tally.size).toBe(0)
})

test('a new delivery is checked without checking the earlier ones again', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (let i = 0; i < 50; i++) await caller.create('cryptlex', named('cryptlex', `user-${i}`))
  let checks = 0
  const end = server.sandbox.webhooks.waitFor(
    ({ state }) => {
      checks++
      return state === 'failed'
    },
    1,
    TIMEOUT,
  )
  expect(checks).toBe(50)
  await caller.create('cryptlex', named('cryptlex', 'another'))
  await awaited(caller, 'count=51')
  // Once when it was created, once when it was delivered.
  expect(checks).toBeLessThanOrEqual(52)
  server.sandbox.webhooks.stopWaiting()
  expect(await end).toBeUndefined()
})

test('a delayed delivery is visible as pending before its first attempt', async () => {
  const server = await createSandbox({ clock: Date.parse('2026-01-15T09:30:00Z') })
  const caller = createCaller(server)
  const { webhooks } = server.sandbox
  const pending = webhooks.waitFor(({ state }) => state === 'pending', 1, TIMEOUT)
  await caller.post('/_standin/faults', { webhook: 'delay', webhookBy: '1m' })
  await caller.create('cryptlex')
  expect(await pending).toHaveLength(1)
  const delivered = webhooks.waitFor(({ state }) => state === 'delivered', 1, TIMEOUT)
  await advance(caller, '1m')
  expect(await delivered).toHaveLength(1)
})

test('deliveries that a reset removed are no longer counted', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.create('cryptlex')
  await awaited(caller, 'count=1')
  const both = server.sandbox.webhooks.waitFor(({ state }) => state === 'delivered', 2, TIMEOUT)
  await caller.post('/_standin/reset', {})
  await caller.create('cryptlex')
  await awaited(caller, 'count=1')
  let isDone = false
  void both.then(() => (isDone = true))
  expect(await deliveries(caller)).toHaveLength(1)
  expect(isDone).toBe(false)
  await caller.create('cryptlex', named('cryptlex', 'second'))
  expect(await both).toHaveLength(2)
})
