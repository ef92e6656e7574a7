import { expect, test } from 'vitest'
import { createCaller } from '../helpers/caller.ts'
import { createReceiver } from '../helpers/receiver.ts'
import { createCryptlexUser } from '../helpers/sandbox.ts'
import { idOf, openDashboard } from './browser.ts'

test('the report card shows each check as it is seen, by API and by verdict', async () => {
  const { server, page } = await openDashboard({ hash: '#/report-card' })
  await page.getByText('Nothing was recorded yet').waitFor()
  const check = page.getByRole('listitem', { name: /^no-retry-of-refusals/ })
  await check.getByText('not seen', { exact: true }).waitFor()
  await check.getByRole('button', { name: 'Arm it: 403;times=2' }).click()
  await page.getByText('Armed fault-1: 403;times=2').waitFor()
  // The client repeats a refused request, and the page shows the failed check without a reload.
  const email = 'ada@example.test'
  const first = idOf(await createCryptlexUser(server, { email }).expect(403))
  await createCryptlexUser(server, { email }).expect(403)
  await check.getByText('failed', { exact: true }).waitFor()
  await check.getByText(`which was refused with 403`).waitFor()
  await page.getByText('by 2 requests and 0 deliveries').waitFor()

  await page.getByRole('button', { name: 'Failed 1' }).click()
  expect(await page.getByRole('listitem', { name: /: (Passed|Not seen)$/ }).count()).toBe(0)
  await page.getByRole('button', { name: 'myKaarma', exact: true }).click()
  await page.getByText('Nothing was recorded yet for myKaarma').waitFor()
  await page.getByRole('button', { name: 'All APIs' }).click()
  await check.getByRole('link', { name: first }).click()
  await page.getByRole('region', { name: `Request ${first}` }).waitFor()
})

test('a check of the receiver links to the deliveries that show it', async () => {
  const { server, page } = await openDashboard({ hash: '#/report-card?api=cryptlex' })
  const caller = createCaller(server)
  const { url } = await createReceiver()
  await caller.post('/_standin/webhooks', { url, token: 'a-secret' })
  await createCryptlexUser(server).expect(201)
  const check = page.getByRole('listitem', { name: 'accepts-good-signatures: Passed' })
  const link = check.getByRole('link').last()
  const id = await link.textContent()
  await link.click()
  await page.waitForURL(`**/#/webhooks?open=${id}`)
})
