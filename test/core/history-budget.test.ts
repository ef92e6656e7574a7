import { expect, test } from 'vitest'
import { HistoryBudget, type Charge, type History } from '../../src/core/history-budget.ts'
import { createCaller, type Caller } from '../helpers/caller.ts'
import { requestsOf } from '../helpers/requests.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'

/** A history that counts its entries. */
class Numbers implements History {
  readonly charges: Charge[] = []

  dropOldest(): void {
    this.charges.shift()
  }
}

test('the oldest entry of all histories is dropped first', () => {
  const budget = new HistoryBudget(100)
  const [a, b] = [new Numbers(), new Numbers()]
  const add = (history: Numbers, bytes: number) => {
    history.charges.push(budget.add(history, bytes))
    budget.enforce()
  }
  add(a, 40)
  add(b, 40)
  add(a, 20)
  expect([a.charges.length, b.charges.length, budget.dropped]).toEqual([2, 1, 0])
  add(b, 30)
  expect([a.charges.length, b.charges.length, budget.dropped]).toEqual([1, 2, 1])
  expect(budget.bytes).toBe(90)
  budget.remove(b.charges.shift())
  add(a, 50)
  expect([a.charges.length, b.charges.length, budget.dropped]).toEqual([2, 1, 1])
  expect(budget.bytes).toBe(100)
})

test('a budget no longer counts entries that their histories have dropped', () => {
  const budget = new HistoryBudget(1000)
  const history = new Numbers()
  for (let i = 0; i < 100_000; i++) {
    history.charges.push(budget.add(history, 10))
    if (history.charges.length > 10) budget.remove(history.charges.shift())
    budget.enforce()
  }
  expect([budget.bytes, budget.dropped, history.charges.length]).toEqual([100, 0, 10])
})

interface Health {
  readonly history: { readonly bytes: number; readonly limit: number; readonly dropped: number }
}

async function historyOf(caller: Caller): Promise<Health['history']> {
  return (await caller.get('/_standin/health')).json<Health & Record<string, unknown>>().history
}

test('all sandboxes together keep as much as --history-bytes allows, the newest', async () => {
  const server = await createSandbox({ historyBytes: 400_000, webhookUrl: 'none' })
  const caller = createCaller(server)
  for (const name of ['a', 'b', 'c']) await caller.post('/_standin/sandboxes', { name })
  const company = 'x'.repeat(5000)
  for (let round = 0; round < 20; round++) {
    for (const name of ['a', 'b', 'c']) {
      await caller.create('cryptlex', { company, email: `u${round}@example.test` }, `/~${name}`)
    }
  }
  const history = await historyOf(caller)
  expect(history.limit).toBe(400_000)
  expect(history.bytes).toBeLessThanOrEqual(400_000)
  expect(history.bytes).toBeGreaterThan(300_000)
  const totals: number[] = []
  for (const name of ['a', 'b', 'c']) {
    const { requests, total } = await requestsOf(caller, 'limit=1000', `/~${name}`)
    totals.push(total)
    expect(JSON.parse(requests.at(-1)!.body!.text)).toMatchObject({ email: 'u19@example.test' })
  }
  expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(1)
  expect(history.dropped).toBe(60 - totals.reduce((sum, total) => sum + total, 0))
  const { text } = await caller.get('/_standin/metrics')
  expect(text).toContain(`standin_history_bytes ${history.bytes}`)
  expect(text).toContain(`standin_history_dropped_total ${history.dropped}`)
  for (const name of ['a', 'b', 'c']) await caller.delete(`/_standin/sandboxes/${name}`)
  expect((await historyOf(caller)).bytes).toBeLessThan(10_000)
})

test('inboxes and completed deliveries count too, and are dropped when they are the oldest', async () => {
  const server = await createSandbox({ historyBytes: 60_000 })
  const caller = createCaller(server)
  for (let i = 0; i < 40; i++) {
    const created = await caller.create('cryptlex', { email: `u${i}@example.test` })
    expect(created.status).toBe(201)
  }
  await caller.post('/_standin/settle', {})
  await eventually(async () => {
    const { total: deliveries } = (await caller.get('/_standin/deliveries')).json<{
      total: number
    }>()
    const inbox = (await caller.get('/_standin/inbox/default?limit=1000')).json<{
      received: object[]
    }>()
    const { total: requests } = await requestsOf(caller)
    const kept = [deliveries, inbox.received.length, requests]
    expect(kept.filter((count) => count === 0 || count === 40)).toEqual([])
  })
  expect((await historyOf(caller)).bytes).toBeLessThanOrEqual(60_000)
  await caller.delete('/_standin/requests')
  await caller.delete('/_standin/inbox/default')
  await caller.post('/_standin/reset')
  expect((await historyOf(caller)).bytes).toBe(0)
})
