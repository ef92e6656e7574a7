import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CHECKS } from '../../../src/core/report-card/report-card.ts'
import { startStandin, type Standin } from '../../../src/index.ts'
import { Play } from './play.ts'
import { createReceiver, SECRET } from './receiver.ts'
import { change, createWith, RECEIVER_SCENARIOS } from './receiver-scenarios.ts'

let server: Standin

beforeAll(async () => {
  server = await startStandin({
    port: 0,
    memory: true,
    webhookScheme: 'standard',
    webhookRetries: '10ms',
    webhookTimeout: 1000,
  })
})

afterAll(() => server.close())

test('every check of the receiver has a scenario', () => {
  const ids = CHECKS.filter(({ subject }) => subject === 'receiver').map(({ id }) => id)
  expect(Object.keys(RECEIVER_SCENARIOS).toSorted()).toEqual(ids.toSorted())
})

describe.each(Object.entries(RECEIVER_SCENARIOS))('%s', (id, scenario) => {
  test.each([
    ['passes', 'good', 'passed'],
    ['fails', 'bad', 'failed'],
  ] as const)('%s', async (_, which, verdict) => {
    const standin = await server.sandbox()
    const play = new Play(standin)
    onTestFinished(async () => {
      play.close()
      await standin.close()
    })
    const receiver = await createReceiver()
    await standin.webhooks.subscribe({ url: receiver.url, token: SECRET })
    expect(await play.resultOf(id)).toMatchObject({ verdict: 'not-seen', deliveries: [] })

    await scenario[which](play, receiver)
    const result = await play.resultOf(id)
    expect(result).toMatchObject({ verdict })
    expect(result.deliveries.length).toBeGreaterThan(0)
    for (const delivery of result.deliveries) await standin.webhooks.delivery(delivery)
  })
})

test('the same change in two tests does not show that a webhook was handled twice', async () => {
  const standin = await server.sandbox()
  const play = new Play(standin)
  onTestFinished(async () => {
    play.close()
    await standin.close()
  })
  const receiver = await createReceiver()
  await standin.webhooks.subscribe({ url: receiver.url, token: SECRET })
  const user = await createWith(play, 'duplicate')
  await change(play, user)
  await standin.faults.clear()
  await change(play, user)
  expect(await play.resultOf('deduplicates')).toMatchObject({ verdict: 'not-seen' })
})

test('deliveries to an inbox show nothing about a receiver', async () => {
  const standin = await server.sandbox()
  const play = new Play(standin)
  onTestFinished(async () => {
    play.close()
    await standin.close()
  })
  await standin.webhooks.subscribe('/_standin/inbox/default')
  await play.create()
  await standin.webhooks.settle()
  expect((await standin.reportCard()).deliveries).toBe(0)
})
