import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { createCaller, named } from '../helpers/caller.ts'
import { bestOf, took } from '../helpers/time.ts'
import { openDashboard } from './browser.ts'

/** Milliseconds within which a change is shown; without an event it takes up to five seconds. */
const SOON = 1000

const goTo = (page: Page, hash: string) => page.evaluate(`location.hash = '${hash}'`)

test('a delivery, a fault that fired and the clock are shown within a second', async () => {
  const clock = Date.parse('2026-01-15T09:30:00Z')
  const { server, page } = await openDashboard({
    hash: '#/webhooks',
    settings: { clock, webhookUrl: '/_standin/inbox/shaky?status=503' },
  })
  const caller = createCaller(server)
  let count = 0
  const shown = (change: () => Promise<unknown>, text: () => string) =>
    bestOf(SOON, async () => {
      await change()
      return took(() => page.getByText(text()).first().waitFor())
    })
  const create = () => caller.create('cryptlex', named('cryptlex', `user${++count}`))
  const advance = () => caller.post('/_standin/clock/advance', { by: `${++count}m` })
  const time = () => new Date(server.sandbox.clock.now()).toISOString()

  expect(await shown(create, () => `user${count}@example.test`)).toBeLessThan(SOON)
  expect(await shown(advance, () => time().slice(0, 19).replace('T', ' '))).toBeLessThan(SOON)
  await goTo(page, '#/faults')
  await page.getByText('No fault is armed').waitFor()
  const arm = () => caller.post('/_standin/faults', { fault: `50${++count % 5}` })
  expect(await shown(arm, () => `fault-${server.sandbox.faults.list().length}`)).toBeLessThan(SOON)
  expect(await shown(create, () => `user${count}@example.test`)).toBeLessThan(SOON)
})
