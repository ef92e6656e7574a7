import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { createCaller, named } from '../helpers/caller.ts'
import { createCryptlexUser, createSandbox } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'
import { deliveries, sendTestWebhook } from '../helpers/webhooks.ts'
import { idOf, openDashboard, openPage } from './browser.ts'

const START = Date.parse('2026-01-15T09:30:00Z')
const ADA = { email: 'ada@example.test' }

const itemsOf = (page: Page) => page.locator('.items .item')

/** A sandbox whose only receiver fails as often as this. */
async function startFailing(times: number) {
  const webhookUrl = `/_standin/inbox/shaky?status=503&times=${times}`
  const server = await createSandbox({ clock: START, webhookUrl: 'none' })
  const caller = createCaller(server)
  await caller.post('/_standin/webhooks', { url: webhookUrl, name: 'Shaky' })
  return { server, caller }
}

test('a failed delivery arrives when the clock is advanced to its next attempt', async () => {
  const { server } = await startFailing(2)
  const page = await openPage(server, { hash: '#/webhooks' })
  await page.getByText('Webhooks appear here when a user is created').waitFor()
  await createCryptlexUser(server, ADA).expect(201)
  const item = itemsOf(page).first()
  // The row is rendered again when its next attempt is known.
  await eventually(async () => {
    const text = await item.innerText()
    expect(text).toMatch(/ada@example\.test[^]*reseller\.user\.created/)
    expect(text).toContain('/_standin/inbox/shaky')
  })
  await item.getByText('09:35:00').waitFor()
  await item.getByRole('button', { name: 'Advance to it' }).click()
  await item.getByText('09:40:00').waitFor()
  await page.getByRole('button', { name: 'Advance the clock to it' }).click()
  await item.getByText('delivered').waitFor()
  expect(await item.getByRole('img').getAttribute('aria-label')).toBe(
    'attempt 1 answered 503, attempt 2 answered 503, attempt 3 answered 200',
  )
  expect(server.sandbox.clock.now()).toBe(START + 10 * 60_000)
})

test('a delivery opens on its signature, and is sent again broken', async () => {
  const { server, page } = await openDashboard({ hash: '#/webhooks' })
  const requestId = idOf(await createCryptlexUser(server, ADA).expect(201))
  await itemsOf(page).first().waitFor()
  await page.keyboard.press('Enter')
  const detail = page.getByRole('region', { name: /^Delivery whd_/ })
  await detail.getByText('signed so that a receiver accepts it').waitFor()
  expect(await detail.locator('.step.passed').count()).toBeGreaterThan(4)
  await detail.getByRole('tab', { name: 'Headers and body' }).click()
  await detail.getByText('Webhook-Signature').waitFor()
  await detail.getByText('"event": "reseller.user.created"').waitFor()
  await page.keyboard.press('f')
  const dialog = page.getByRole('dialog', { name: 'Send again, broken' })
  await dialog.getByText('Sign the webhook with a wrong secret').click()
  expect(await dialog.locator('pre').textContent()).toContain('"kind":"wrong-secret"')
  await dialog.getByRole('button', { name: 'Send', exact: true }).click()
  await detail.getByRole('tab', { name: 'Signature' }).click()
  await detail.getByText('signed so that a receiver refuses it').waitFor()
  await detail.locator('.step.refused').getByText('does not match').waitFor()
  await detail.getByRole('tab', { name: 'Attempts 2' }).click()
  await detail.getByText('Sent again on request').waitFor()
  await itemsOf(page).first().getByText('wrong-secret').waitFor()
  await detail.getByRole('link', { name: `Request ${requestId}` }).click()
  await page.getByRole('tab', { name: /^Webhooks/ }).click()
  await page.getByRole('link', { name: /^whd_/ }).click()
  await detail.waitFor()
})

test('deliveries are filtered by state and text, which the address keeps', async () => {
  const { server, page } = await openDashboard({ hash: '#/webhooks' })
  const caller = createCaller(server)
  for (const name of ['ada', 'grace']) await caller.create('cryptlex', named('cryptlex', name))
  await sendTestWebhook(caller, { kind: 'drop' })
  await eventually(async () => expect(await itemsOf(page).count()).toBe(3))
  await page.keyboard.press('/')
  await page.keyboard.type('grace')
  await eventually(async () => expect(await itemsOf(page).count()).toBe(1))
  await page.getByRole('button', { name: 'Dropped' }).click()
  await page.getByText('None of 3 deliveries passes the filter').waitFor()
  expect(page.url()).toMatch(/q=grace&state=dropped$/)
  await page.getByRole('button', { name: 'Show all deliveries' }).click()
  await eventually(async () => expect(await itemsOf(page).count()).toBe(3))
})

describe('subscriptions', () => {
  test('are added, tested, paused, continued and removed', async () => {
    const server = await createSandbox({ webhookUrl: 'none' })
    const caller = createCaller(server)
    const page = await openPage(server, {
      hash: '#/webhooks?part=subscriptions',
      expected: /400/,
    })
    await page.getByText('add a receiver to get webhooks').waitFor()
    const url = page.getByLabel('URL of the receiver')
    await url.fill('ftp://example.test/')
    await page.getByRole('button', { name: 'Add a subscription' }).click()
    await page.getByRole('alert').getByText('http').waitFor()
    await url.fill('/_standin/inbox/mine')
    await page.getByLabel('Name').fill('Mine')
    await page.getByRole('button', { name: 'Add a subscription' }).click()
    await page.getByText('shown only now').waitFor()
    const item = page.getByRole('listitem', { name: 'Mine' })
    await item.getByRole('button', { name: 'Pause' }).click()
    await item.getByText('paused').waitFor()
    await caller.create('cryptlex', named('cryptlex', 'one'))
    expect(await deliveries(caller)).toEqual([])
    await item.getByRole('button', { name: 'Continue' }).click()
    await item.getByText('healthy').waitFor()
    await item.getByRole('button', { name: 'Send a broken test' }).click()
    await page.getByRole('dialog').getByText('Send the webhook without a signature').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByText('header webhook-signature is missing').waitFor()
    await page.getByRole('link', { name: 'Inbox' }).click()
    await page.getByRole('button', { name: 'mine' }).click()
    await page.getByText('not valid').waitFor()
    await page.keyboard.press('j')
    await page
      .getByRole('region', { name: 'Webhook 1' })
      .getByText('header webhook-signature is missing')
      .waitFor()
    await page.getByRole('button', { name: 'Empty this inbox' }).click()
    await page.getByText('appear here as they arrive').waitFor()
    await page.getByRole('link', { name: 'Subscriptions' }).click()
    await item.getByRole('button', { name: 'Remove' }).click()
    await item.getByRole('button', { name: 'Remove it' }).click()
    await item.waitFor({ state: 'hidden' })
  })
})
