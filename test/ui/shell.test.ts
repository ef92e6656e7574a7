import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createCaller } from '../helpers/caller.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { createCryptlexUser, createSandbox } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'
import { expectAccessible } from './accessible.ts'
import { idOf, openDashboard, openPage, rowsOf } from './browser.ts'

const UI = join(import.meta.dirname, '..', '..', 'dist', 'ui')
const SOURCES = join(import.meta.dirname, '..', '..', 'ui')

test('all files of the dashboard take at most 150 kB', () => {
  const page = readFileSync(join(UI, 'index.html'), 'utf8')
  const names = [...page.matchAll(/\{\{assets\}\}([\w.-]+)/g)].map(([, name]) => name!)
  const sizes = names.map((name) => statSync(join(UI, `${name}.gz`)).size)
  expect(sizes.length).toBe(3)
  expect(sizes.reduce((sum, size) => sum + size, page.length)).toBeLessThan(150_000)
})

test('the dashboard imports only generated files of the server', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  )
  expect(files.length).toBeGreaterThan(20)
  const imports = files.flatMap((file) =>
    [...readFileSync(join(SOURCES, file), 'utf8').matchAll(/'(?:\.\.\/)+src\/([^']*)'/g)].map(
      ([, path]) => path!,
    ),
  )
  expect(new Set(imports)).toEqual(new Set(['admin/contract.gen.ts', 'client/routes.gen.ts']))
  const texts = files.map((file) => readFileSync(join(SOURCES, file), 'utf8')).join('\n')
  expect(texts).not.toMatch(/dangerouslySetInnerHTML|innerHTML|\beval\(|style="/)
})

describe('the shell', () => {
  test('opens the start while there are no requests, and the list afterwards', async () => {
    const { server, page } = await openDashboard()
    await page.getByRole('heading', { name: 'Start', exact: true }).waitFor()
    await createCryptlexUser(server).expect(201)
    await page.goto('about:blank')
    await page.goto(server.url)
    await rowsOf(page).first().waitFor()
  })

  test('shows the held clock and the sandbox, and changes to another one', async () => {
    const server = await createSandbox({ clock: Date.parse('2026-01-15T09:30:00Z') })
    const caller = createCaller(server)
    await caller.post('/_standin/sandboxes', { name: 'checkout' })
    await caller.create('cryptlex', {}, '/~checkout')
    const page = await openPage(server, { hash: '#/requests' })
    await page.getByText('2026-01-15 09:30:00').waitFor()
    await page.getByText('appear here as they are answered').waitFor()
    await page.getByRole('combobox', { name: 'Sandbox' }).selectOption('checkout')
    await page.waitForURL('**/~checkout/#/requests')
    await rowsOf(page).first().waitFor()
    expect(await rowsOf(page).count()).toBe(1)
  })

  test('says when the connection is lost, and recovers', async () => {
    const server = await createSandbox()
    const page = await openPage(server, { hash: '#/requests', expected: /ERR_|Failed to load/ })
    await page.locator('.live.live').waitFor()
    await page.context().setOffline(true)
    server.sandbox.requests.close()
    await page
      .getByRole('status')
      .filter({ hasText: /Reconnecting since \d\d:\d\d/ })
      .waitFor()
    await page.context().setOffline(false)
    await page.locator('.live.live').waitFor()
  })

  test('exchanges the admin token for a session, which all its pages and sandboxes share', async () => {
    const adminToken = 'a-token-for-the-admin-api'
    const server = await createSandbox({ adminToken })
    const headers = { 'Standin-Admin-Token': adminToken }
    const caller = createCaller(server)
    await caller.post('/_standin/sandboxes', { name: 'checkout' }, headers)
    const page = await openPage(server, { expected: /401/ })
    await page.getByRole('heading', { name: 'Admin token' }).waitFor()
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('This is not the token of the admin API').waitFor()
    await page.getByLabel('Token').fill(adminToken)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.locator('.live.live').waitFor()
    const [cookie, ...others] = await page.context().cookies()
    expect(others).toEqual([])
    expect(cookie).toMatchObject({ path: '/_standin', httpOnly: true, sameSite: 'Strict' })
    expect(cookie).toMatchObject({ expires: -1 })
    expect(await page.evaluate('document.cookie + JSON.stringify(sessionStorage)')).toBe('{}')
    await page.reload()
    await page.locator('.live.live').waitFor()
    await page.goto(`${server.url}/#/requests`)
    await createCryptlexUser(server, { email: 'ada@example.test' }).expect(201)
    await rowsOf(page).filter({ hasText: 'ada@example.test' }).waitFor()
    await page.getByRole('combobox', { name: 'Sandbox' }).selectOption('checkout')
    await page.waitForURL('**/~checkout/**')
    await page.locator('.live.live').waitFor()
    await page.getByRole('link', { name: 'API reference' }).first().click()
    await page.locator('.opblock').first().waitFor()
    await page.goto(`${server.url}/~checkout/`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Admin token' }).waitFor()
    await page.goto(`${server.url}/_standin/docs`)
    await page.getByLabel('Token').fill(adminToken)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.locator('.opblock').first().waitFor()
  })

  test('has a dark theme, by the system and by its button', async () => {
    const { page } = await openDashboard({ hash: '#/requests', theme: 'dark' })
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(await ground()).toBe('rgb(20, 20, 19)')
    await page.getByRole('button', { name: /^Theme/ }).click()
    expect(await ground()).toBe('rgb(251, 251, 250)')
    await page.reload()
    await page.locator('.live.live').waitFor()
    expect(await ground()).toBe('rgb(251, 251, 250)')
  })

  test('works with the keyboard alone', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests' })
    const ids: string[] = []
    for (const name of ['ada', 'grace', 'alan']) {
      const body = { email: `${name}@example.test` }
      ids.unshift(idOf(await createCryptlexUser(server, body).expect(201)))
    }
    await rowsOf(page).nth(2).waitFor()
    const opened = (at: number) =>
      page.getByRole('region', { name: `Request ${ids[at]}` }).waitFor()
    await page.keyboard.press('Enter')
    await opened(0)
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await opened(2)
    await page.keyboard.press('k')
    await opened(1)
    await page.keyboard.press('f')
    await page.getByRole('dialog', { name: 'Make this fail' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    // A key that comes while the dialog is still closing belongs to the dialog.
    await eventually(async () => {
      await page.keyboard.press('Escape')
      expect(await page.getByText('Open a request to see why').isVisible()).toBe(true)
    })
    await page.keyboard.press('/')
    await page.keyboard.type('grace')
    await eventually(async () => expect(await rowsOf(page).count()).toBe(1))
    await page.keyboard.press('Enter')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await eventually(async () => {
      await page.keyboard.press('Escape')
      expect(await rowsOf(page).count()).toBe(3)
    })
  })
})

test('the start creates a user at each API by the vendor’s own call', async () => {
  const { server, page } = await openDashboard({ hash: '#/start' })
  await page.getByText('No request has arrived yet').waitFor()
  const cards = page.locator('.card')
  await cards.nth(2).getByRole('button', { name: 'Create a user' }).waitFor()
  for (let i = 0; i < 3; i++) {
    await cards.nth(i).getByRole('button', { name: 'Create a user' }).click()
    await page
      .getByText(/answered 20[01] to req-\d+$/)
      .nth(i)
      .waitFor()
  }
  await page.getByText('Show the call').last().click()
  await page.getByRole('button', { name: 'Copy as curl' }).last().waitFor()
  expect(server.sandbox.requests.size).toBe(3)
  await page.locator('.curl').nth(2).waitFor()
})

const LOOKS = [
  { width: 390, theme: 'dark' },
  { width: 1280, theme: 'light' },
  { width: 390, theme: 'light' },
  { width: 1280, theme: 'dark' },
] as const
/**
 * The suite looks at each width and each theme once, one at half of the views and one at the others;
 * the long run looks at all views in all four combinations.
 */
const looksFrom = (first: number) => LOOKS.slice(repetitions(first, 0), repetitions(first + 1, 4))

test.each(looksFrom(0))('axe finds nothing at $width px, $theme', async ({ width, theme }) => {
  const server = await createSandbox()
  const email = 'ada@example.test'
  const met = idOf(await createCryptlexUser(server, { email }).set('Standin-Fault', 'commit-500'))
  const refused = idOf(await createCryptlexUser(server, { email }).expect(409))
  const page = await openPage(server, { width, theme, hash: '#/requests' })
  await rowsOf(page).nth(1).waitFor()
  await expectAccessible(page)
  for (const hash of [`open=${met}`, `open=${refused}`, `open=${refused}&tab=request`]) {
    await page.goto(`${server.url}/#/requests?${hash}`)
    await page.locator('.detail .panel > *').first().waitFor()
    await expectAccessible(page)
  }
  await page.keyboard.press('f')
  await page.getByRole('dialog').getByText('Reset the connection').waitFor()
  await expectAccessible(page)
  await page.goto(`${server.url}/#/start`)
  await page.locator('.curl').nth(2).waitFor()
  await expectAccessible(page)
  const views = {
    webhooks: '.items .item',
    'webhooks?part=subscriptions': '.subscription',
    'webhooks?part=inbox&open=1': '.detail .step',
    users: '.people tbody tr',
    [`users?open=${email}`]: '.stored',
  }
  for (const [hash, shown] of Object.entries(views)) {
    await page.goto(`${server.url}/#/${hash}`)
    await page.locator(shown).first().waitFor()
    await expectAccessible(page)
  }
  await page.getByRole('button', { name: 'Edit' }).first().click()
  await page.locator('.edit-user').waitFor()
  await expectAccessible(page)
  await page.goto(`${server.url}/#/webhooks`)
  await page.locator('.item-link').first().click()
  await page.locator('.detail .step').first().waitFor()
  await expectAccessible(page)
  await page.keyboard.press('f')
  await page.getByRole('dialog').getByText('Sign the webhook with a wrong secret').waitFor()
  await expectAccessible(page)
  const overflow = await page.evaluate('document.documentElement.scrollWidth')
  expect(overflow).toBe(width)
})

test.each(looksFrom(1))(
  'axe finds nothing in the views of faults, checks, sandboxes and the server at $width px, $theme',
  async ({ width, theme }) => {
    const server = await createSandbox()
    const caller = createCaller(server)
    await caller.post('/_standin/faults', { fault: 'commit-500', api: 'cryptlex', times: 1 })
    await caller.post('/_standin/faults', {
      fault: 'reset',
      match: { fields: { email: 'nobody' } },
    })
    await caller.put('/_standin/snapshots/before', undefined)
    await createCryptlexUser(server, { email: 'ada@example.test' }).expect(500)
    const page = await openPage(server, { width, theme, hash: '#/faults' })
    await page.getByText('Nearest miss').waitFor()
    await expectAccessible(page)
    await page.goto(`${server.url}/#/faults?new=1`)
    await page.getByRole('button', { name: 'Add a condition' }).click()
    await page.getByText('Reset the connection', { exact: true }).last().waitFor()
    await expectAccessible(page)
    await page.goto(`${server.url}/#/report-card`)
    await page.locator('.check.ok').first().waitFor()
    await expectAccessible(page)
    await page.goto(`${server.url}/#/sandboxes`)
    await page.getByRole('button', { name: 'Compare before' }).click()
    await page.getByRole('button', { name: 'Reset to the fixtures' }).click()
    await page.getByText('cryptlex.users').waitFor()
    await expectAccessible(page)
    await page.goto(`${server.url}/#/server`)
    await page.getByText('Finished deliveries').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: /^Clock/ }).click()
    await page.getByRole('dialog').getByText('running').waitFor()
    await expectAccessible(page)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  },
)
