import { expect, test } from 'vitest'
import { Clock } from '../../src/core/time/clock.ts'
import { createCaller } from '../helpers/caller.ts'
import { createReader } from '../helpers/requests.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'

const CHANGE = /^event: change\ndata: \{\}\n\n/gm
const START = Date.parse('2026-01-15T09:30:00Z')

test('the event stream announces the changes that are no requests, to those who ask for them', async () => {
  const server = await createSandbox({ clock: START, webhookUrl: 'none' })
  const caller = createCaller(server)
  const url = `${server.url}/_standin/events`
  const plain = await createReader(url)
  const reader = await createReader(`${url}?changes=true`)
  const changes = () => reader.text().match(CHANGE)?.length ?? 0
  await caller.get('/_standin/clock')
  const calls = [
    () => caller.post('/_standin/clock/advance', { by: '1m' }),
    () => caller.post('/_standin/faults', { fault: '503', times: 1 }),
    () => caller.post('/_standin/webhooks', { url: '/_standin/inbox/one' }),
    () => caller.post('/_standin/seed', { users: 1 }),
    () => caller.post('/_standin/sandboxes', { name: 'other' }),
    () => caller.put('/_standin/snapshots/one', undefined),
    () => caller.post('/_standin/webhooks/test', {}),
  ]
  for (const call of calls) {
    const before = changes()
    expect((await call()).status).toBeLessThan(300)
    await eventually(() => expect(changes()).toBeGreaterThan(before))
  }
  await caller.get('/v3/nothing')
  await plain.events(1)
  expect(plain.text()).not.toContain('event: change')
})

test('an attempt of a delivery is announced although no call was made', async () => {
  const server = await createSandbox({ clock: START, webhookUrl: 'none' })
  const caller = createCaller(server)
  const url = '/_standin/inbox/shaky?status=503&times=1'
  await caller.post('/_standin/webhooks', { url })
  await caller.create('cryptlex')
  await caller.post('/_standin/settle', {})
  const reader = await createReader(`${server.url}/_standin/events?changes=true`)
  await server.sandbox.turnClock(() => Clock.at(START + 3_600_000, true))
  await eventually(() => expect(reader.text()).toMatch(CHANGE))
})

test('a burst of changes is few events', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const reader = await createReader(`${server.url}/_standin/events?changes=true`)
  const started = performance.now()
  for (let i = 0; i < 50; i++) await caller.post('/_standin/clock/advance', { by: '1s' })
  await eventually(() => expect(reader.text()).toMatch(CHANGE))
  const most = 2 + (performance.now() - started) / 100
  expect(reader.text().match(CHANGE)!.length).toBeLessThanOrEqual(most)
})
