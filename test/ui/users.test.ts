import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import {
  createCryptlexUser,
  createFormsOnFireUser,
  createMykaarmaUser,
  createSandbox,
} from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'
import type { Server } from '../../src/server/server.ts'
import { openPage } from './browser.ts'

const rowsOf = (page: Page) => page.locator('.people tbody tr')

/** Ada is the same at all APIs, Grace is missing at two, Alan is spelt differently at one. */
async function fill(server: Server): Promise<void> {
  const people = [
    ['ada@example.test', 'Ada', 'Byron'],
    ['alan@example.test', 'Alan', 'Turing'],
  ] as const
  for (const [email, firstName, lastName] of people) {
    const names = { firstName, lastName }
    await createMykaarmaUser(server, { emailAddress: email, username: email, ...names }).expect(200)
    await createCryptlexUser(server, { email, ...names }).expect(201)
    await createFormsOnFireUser(server, {
      Email: email,
      ExternalId: email,
      FirstName: firstName,
      LastName: email.startsWith('alan') ? 'Turning' : lastName,
    }).expect(200)
  }
  const email = 'grace@example.test'
  await createCryptlexUser(server, { email, firstName: 'Grace', lastName: 'Hopper' }).expect(201)
  const again = { email, firstName: 'Grace', lastName: 'Hopper' }
  await createCryptlexUser(server, again).set('Standin-Fault', 'duplicate-accepted').expect(201)
}

test('people have a mark for each API, and are filtered', async () => {
  const server = await createSandbox()
  const page = await openPage(server, { hash: '#/users' })
  await page.getByText('People appear here').waitFor()
  await fill(server)
  const rows = rowsOf(page)
  await eventually(async () => expect(await rows.count()).toBe(3))
  const marks = async (text: string) =>
    await rows.filter({ hasText: text }).locator('.place-text').allInnerTexts()
  await eventually(async () => expect((await marks('Grace'))[1]).toMatch(/^twice/))
  expect((await marks('Ada')).map((text) => text.split(/\s/)[0])).toEqual([
    'there',
    'there',
    'there',
  ])
  expect((await marks('Grace'))[0]).toMatch(/^missing/)
  expect((await marks('Alan'))[2]).toMatch(/^spelt differently/)
  await page.getByRole('button', { name: 'Consistent', exact: true }).click()
  await eventually(async () =>
    expect(await rows.allInnerTexts()).toEqual([expect.stringContaining('ada@')]),
  )
  await page.getByRole('button', { name: 'Not consistent' }).click()
  await eventually(async () => expect(await rows.count()).toBe(2))
  await page.keyboard.press('/')
  await page.keyboard.type('hopper')
  await eventually(async () => expect(await rows.count()).toBe(1))
  await eventually(() => expect(page.url()).toMatch(/#\/users\?show=different&q=hopper$/))
  await page.keyboard.press('Enter')
  await page.keyboard.press('j')
  const detail = page.getByRole('region', { name: 'Person grace@example.test' })
  await detail.getByText('cryptlex has the user 2 times').waitFor()
  expect(await detail.getByRole('button', { name: 'Edit' }).count()).toBe(2)
})

test('a user is edited, with refusals at their fields and the webhooks it causes', async () => {
  const server = await createSandbox()
  await fill(server)
  const page = await openPage(server, { hash: '#/users?open=ada@example.test', expected: /40[09]/ })
  const account = page.getByRole('region', { name: 'Cryptlex' })
  await account.getByText('Analytical Engines').first().waitFor()
  await account.getByRole('button', { name: 'Edit' }).click()
  const fieldOf = (name: string) => account.locator('.edit-field', { hasText: name }).first()
  await fieldOf('firstName').getByRole('textbox').fill('')
  await account.getByRole('textbox', { name: 'email' }).fill('nobody')
  await account.getByRole('button', { name: 'Save' }).click()
  await fieldOf('firstName').getByRole('alert').waitFor()
  await account.getByRole('alert').filter({ hasText: 'email must be' }).waitFor()
  await account.getByRole('textbox', { name: 'firstName' }).fill('Augusta')
  await account.getByRole('textbox', { name: 'email' }).fill('alan@example.test')
  await account.getByRole('button', { name: 'Save' }).click()
  await account.getByRole('alert').filter({ hasText: 'change or delete that user' }).waitFor()
  await account.getByRole('textbox', { name: 'email' }).fill('ada@example.test')
  await account.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Cryptlex: the user was changed and caused a webhook').waitFor()
  await account.getByText('Augusta').first().waitFor()
  await page.getByRole('link', { name: 'reseller.user.updated' }).click()
  await page.getByRole('region', { name: /^Delivery whd_/ }).waitFor()
  await page.getByRole('link', { name: 'User', exact: true }).click()
  await account.getByText('Augusta').first().waitFor()
})

test('a deleted user is gone, and its webhooks are linked', async () => {
  const server = await createSandbox()
  await fill(server)
  const page = await openPage(server, { hash: '#/users?open=ada@example.test' })
  const account = page.getByRole('region', { name: 'Cryptlex' })
  await account.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the user' }).click()
  await page.getByText('the user was deleted and caused a webhook').waitFor()
  await account.getByText('has no such user').waitFor()
  await page.getByRole('link', { name: 'reseller.user.deleted' }).click()
  await page.getByRole('region', { name: /^Delivery whd_/ }).waitFor()
})
