import { expect, test } from 'vitest'
import { createCryptlexUser } from '../helpers/sandbox.ts'
import { openDashboard } from './browser.ts'

test('the server shows its process, its counters over time and its limits', async () => {
  const { server, page } = await openDashboard({ hash: '#/server' })
  await page.getByText(`${process.pid}, up`).waitFor()
  await page.getByText('in memory; it is lost when the server stops').waitFor()
  const limits = page.getByRole('region', { name: 'Limits' })
  await limits.getByText('0 of 1,000').first().waitFor()
  // The first sample has no interval yet.
  await page.getByText('0, 0 met a fault').waitFor()
  const email = 'ada@example.test'
  await createCryptlexUser(server, { email }).expect(201)
  await createCryptlexUser(server, { email }).expect(409)
  await createCryptlexUser(server, { email }).set('Standin-Fault', '500').expect(500)
  await page.getByText('3, 1 met a fault').waitFor()
  const requests = page.getByRole('region', { name: 'Requests' })
  for (const tone of ['ok', 'warn', 'bad']) {
    await requests.locator(`svg[role=img] rect.${tone}`).first().waitFor({ state: 'attached' })
  }
  const creates = page.getByRole('region', { name: 'Creates' })
  await creates.locator('svg[role=img] rect.accent').first().waitFor({ state: 'attached' })
  const name = await creates.getByRole('img').getAttribute('aria-label')
  expect(name).toMatch(/^Creates, users per second; now created [\d.]+$/)
  await page
    .getByRole('region', { name: 'Deliveries' })
    .locator('svg[role=img] rect')
    .first()
    .waitFor({ state: 'attached' })
  await limits.getByText('3 of 1,000').waitFor()
})
