import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Server } from '../../src/server/server.ts'
import { createCaller } from '../helpers/caller.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'
import { openDashboard, openPage, rowsOf } from './browser.ts'

interface Stage {
  readonly page: Page
  readonly server: Server
}

/** A step of the demo. Each step starts in the state in which the previous one ended. */
type Step = readonly [title: string, run: (stage: Stage) => Promise<void>]

const createAt = async (page: Page, title: string) => {
  await page.getByRole('link', { name: 'Start', exact: true }).click()
  const card = page.getByRole('region', { name: title, exact: true })
  await card.getByRole('button', { name: 'Create a user' }).click()
}

const deliveriesOf = (page: Page) => page.locator('.items .item')

/** The title of the API that sends webhooks. */
const titleOf = ({ apis }: Server) => apis.find(({ name }) => name === 'cryptlex')!.title

/** A tour of all views in five minutes. A new view has to add its steps. */
const DEMO: readonly Step[] = [
  [
    'nothing has happened yet',
    async ({ page }) => {
      await page.getByText('No request has arrived yet').waitFor()
    },
  ],
  [
    'a user is created at each API',
    async ({ page, server }) => {
      for (const { title } of server.apis) {
        await createAt(page, title)
        await page.getByText(new RegExp(`^${title} answered 20[01] to req-`)).waitFor()
      }
    },
  ],
  [
    'the requests are in the list',
    async ({ page }) => {
      await page.getByRole('link', { name: /^Requests/ }).click()
      await eventually(async () => expect(await rowsOf(page).count()).toBe(3))
    },
  ],
  [
    'one of them is explained',
    async ({ page }) => {
      await rowsOf(page).filter({ hasText: '/v3/' }).click()
      await page.getByRole('region', { name: /^Request req-/ }).waitFor()
      await page.locator('.step').first().waitFor()
    },
  ],
  [
    'it is made to fail after the user is stored',
    async ({ page }) => {
      await page.getByRole('button', { name: 'Make this fail' }).click()
      const dialog = page.getByRole('dialog', { name: 'Make this fail' })
      await dialog.getByText('Create the user, then answer 500').click()
      await dialog.getByRole('button', { name: 'Arm', exact: true }).click()
      await page.getByText(/^Armed fault-1/).waitFor()
    },
  ],
  [
    'the fault fires, and the retry meets a user who exists',
    async ({ page, server }) => {
      const title = titleOf(server)
      await createAt(page, title)
      await page.getByText(new RegExp(`^${title} answered 500 to req-`)).waitFor()
      await page.getByRole('link', { name: /^Requests/ }).click()
      const failed = rowsOf(page).filter({ hasText: 'commit-500' })
      await failed.locator('.tag.fault').waitFor()
      await failed.click()
      await page.getByRole('button', { name: 'Send again' }).click()
      await page.getByText(/^Sent again, .*: 409, req-\d+$/).waitFor()
      await page.getByRole('heading', { name: /already exists/ }).waitFor()
    },
  ],
  [
    'a webhook has arrived, and its signature is valid',
    async ({ page }) => {
      await page.getByRole('link', { name: /^Webhooks/ }).click()
      await deliveriesOf(page).first().getByText('delivered').waitFor()
      await deliveriesOf(page).first().locator('.item-link').click()
      await page.getByText('signed so that a receiver accepts it').waitFor()
      await page.getByRole('link', { name: 'Inbox' }).click()
      await page.getByText('valid', { exact: true }).first().waitFor()
    },
  ],
  [
    'one is sent again, broken',
    async ({ page }) => {
      await page.getByRole('link', { name: 'Deliveries' }).click()
      await deliveriesOf(page).first().locator('.item-link').click()
      await page.getByRole('button', { name: 'Send again, broken' }).click()
      const dialog = page.getByRole('dialog', { name: 'Send again, broken' })
      await dialog.getByText('Sign the webhook with a wrong secret').click()
      await dialog.getByRole('button', { name: 'Send', exact: true }).click()
      await page.getByText('signed so that a receiver refuses it').waitFor()
    },
  ],
  [
    'a receiver that fails gets the webhook at the next retry, to which the clock is advanced',
    async ({ page, server }) => {
      await page.getByRole('link', { name: 'Subscriptions' }).click()
      await page.getByLabel('URL of the receiver').fill('/_standin/inbox/shaky?status=503&times=1')
      await page.getByRole('button', { name: 'Add a subscription' }).click()
      await page.getByText('shown only now').waitFor()
      await createAt(page, titleOf(server))
      await page.getByRole('link', { name: /^Webhooks/ }).click()
      const retried = deliveriesOf(page).filter({ hasText: 'shaky' })
      await retried.getByRole('button', { name: 'Advance to it' }).click()
      await retried.getByText('delivered').waitFor()
    },
  ],
  [
    'everything is reset, and the reset undone',
    async ({ page, server }) => {
      await page.getByRole('link', { name: /^Sandboxes/ }).click()
      const before = server.sandbox.users
      const reset = page.getByRole('region', { name: 'Reset' })
      await reset.getByRole('button', { name: 'Reset to the fixtures' }).click()
      await reset.getByRole('button', { name: 'Reset default' }).click()
      await page.getByText('default is reset to its fixtures').waitFor()
      expect(server.sandbox.users).toEqual({ mykaarma: 0, cryptlex: 0, formsonfire: 0 })
      await page.getByRole('button', { name: 'Undo' }).click()
      await page.getByText('Undone: the state is as it was before').waitFor()
      expect(server.sandbox.users).toEqual(before)
    },
  ],
]

test('the demo of five minutes', async () => {
  const stage = await openDashboard({ expected: /status of (?:409|500)/ })
  for (const [title, run] of DEMO) {
    await run(stage).catch((error: unknown) => {
      throw new Error(`The demo stopped where ${title}`, { cause: error })
    })
  }
})

test('two tabs follow two sandboxes at once', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'checkout' })
  const bases = ['', '/~checkout'] as const
  const [first, second] = await Promise.all(
    bases.map((base) => openPage(server, { path: `${base}/`, hash: '#/requests' })),
  )
  const again = await first!.context().newPage()
  await again.goto(`${server.url}/~checkout/#/requests`)
  const pages = [first!, second!, again]
  for (const page of pages) await page.locator('.live.live').waitFor()
  for (let i = 0; i < 4; i++) {
    await caller.create('cryptlex', { email: `default${i}@example.test` })
    await caller.create('cryptlex', { email: `checkout${i}@example.test` }, '/~checkout')
  }
  await caller.post('/~checkout/_standin/faults', { fault: '503;times=1' })
  for (const [page, own] of [
    [first!, 'default'],
    [second!, 'checkout'],
    [again, 'checkout'],
  ] as const) {
    await eventually(async () => expect(await rowsOf(page).count()).toBe(4))
    const texts = await rowsOf(page).allInnerTexts()
    for (const text of texts) expect(text).toContain(own)
  }
  // A fault of one sandbox does not exist in the other.
  await caller.create('cryptlex', { email: 'default4@example.test' })
  await caller.create('cryptlex', { email: 'checkout4@example.test' }, '/~checkout')
  for (const [page, status] of [
    [first!, '201'],
    [second!, '503'],
    [again, '503'],
  ] as const) {
    await rowsOf(page)
      .filter({ hasText: '4@example.test' })
      .locator('.status', { hasText: status })
      .waitFor()
  }
})
