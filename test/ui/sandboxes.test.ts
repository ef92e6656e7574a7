import { describe, expect, test } from 'vitest'
import { createCaller, type Caller } from '../helpers/caller.ts'
import { createCryptlexUser } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'
import { openDashboard } from './browser.ts'

const NOON = '2026-01-15T12:00:00.000Z'
const ADA = { email: 'ada@example.test' }

const clockOf = async (caller: Caller) =>
  (await caller.get('/_standin/clock')).json<{ now: string; held: boolean }>()

const emails = async (caller: Caller) =>
  (await caller.get('/_standin/users'))
    .json<{ users: { email: string }[] }>()
    .users.map(({ email }) => email)

test('the chip of the header freezes, advances, sets and resumes the clock', async () => {
  const { server, page } = await openDashboard({ hash: '#/requests' })
  const caller = createCaller(server)
  await page.getByRole('button', { name: /^Clock \d/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Clock of the sandbox' })
  await dialog.getByRole('button', { name: 'Freeze' }).click()
  await dialog.getByText('frozen').waitFor()
  await dialog.getByLabel('Set to').fill('2026-01-15T12:00:00')
  await dialog.getByRole('button', { name: 'Set', exact: true }).click()
  await eventually(async () => expect(await clockOf(caller)).toEqual({ now: NOON, held: true }))
  for (const [step, time] of [
    ['+1 min', '2026-01-15 12:01:00'],
    ['+5 min', '2026-01-15 12:06:00'],
    ['+1 h', '2026-01-15 13:06:00'],
    ['+1 d', '2026-01-16 13:06:00'],
  ]) {
    await dialog.getByRole('button', { name: `Advance ${step}` }).click()
    await dialog.getByText(time!).waitFor()
  }
  await dialog.getByLabel('Advance by, such as 90s').fill('90s')
  await page.keyboard.press('Enter')
  await dialog.getByText('2026-01-16 13:07:30').waitFor()
  await dialog.getByRole('button', { name: 'Resume' }).click()
  await dialog.getByText('running').waitFor()
  expect((await clockOf(caller)).held).toBe(false)
})

test('a reset saves a snapshot first, and Undo restores it', async () => {
  const { server, page } = await openDashboard({ hash: '#/sandboxes' })
  const caller = createCaller(server)
  await createCryptlexUser(server, ADA).expect(201)
  const reset = page.getByRole('region', { name: 'Reset' })
  await reset.getByRole('button', { name: 'Reset to the fixtures' }).click()
  await reset.getByText(/^Removes 1 user,/).waitFor()
  await page.keyboard.press('Escape')
  expect(await emails(caller)).toEqual([ADA.email])
  await page.keyboard.press('Enter') // the focus is on the button again
  await reset.getByRole('button', { name: 'Reset default' }).click()
  await page.getByText('default is reset to its fixtures').waitFor()
  expect(await emails(caller)).toEqual([])
  await page.getByText('saved before the last reset').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('Undone: the state is as it was before').waitFor()
  expect(await emails(caller)).toEqual([ADA.email])
})

test('snapshots are saved, compared, restored with an undo, and deleted', async () => {
  const { server, page } = await openDashboard({ hash: '#/sandboxes' })
  const caller = createCaller(server)
  const list = page.getByRole('region', { name: 'Snapshots' })
  await list.getByText('Saved states appear here').waitFor()
  await list.getByLabel('Name of the snapshot').fill('empty')
  await page.keyboard.press('Enter')
  await list.getByRole('button', { name: 'Compare empty' }).waitFor()
  await createCryptlexUser(server, { ...ADA, firstName: '<b>Ada</b>' }).expect(201)
  await list.getByRole('button', { name: 'Compare empty' }).click()
  const users = list.getByRole('region', { name: 'cryptlex.users' })
  await users.getByText('1 added').waitFor()
  await users.getByText(ADA.email).first().click()
  await users.getByText('<b>Ada</b>').waitFor()
  await list.getByRole('button', { name: 'Restore empty' }).click()
  await list.getByText(/^Replaces 1 user,/).waitFor()
  await list.getByRole('button', { name: 'Restore empty' }).click()
  await page.getByText('The state is that of empty').waitFor()
  expect(await emails(caller)).toEqual([])
  await page.getByRole('button', { name: 'Undo' }).click()
  await eventually(async () => expect(await emails(caller)).toEqual([ADA.email]))
  await list.getByRole('button', { name: 'Delete empty' }).click()
  await list.getByRole('button', { name: 'Delete empty' }).click()
  await page.getByText('Deleted the snapshot empty').waitFor()
})

describe('sandboxes', () => {
  test('are created, switched to and removed', async () => {
    // The page of a removed sandbox may still send requests to it before it changes to another
    // sandbox.
    const { server, page } = await openDashboard({ hash: '#/sandboxes', expected: /404/ })
    const caller = createCaller(server)
    const form = page.getByRole('region', { name: 'Create a sandbox' })
    await form.getByLabel('Name').fill('checkout')
    await form.getByLabel('Seed').fill('42')
    await form.getByLabel('Strict').check()
    await form.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('link', { name: 'Switch to checkout' }).click()
    await page.waitForURL('**/~checkout/#/sandboxes')
    await caller.create('cryptlex', {}, '/~checkout')
    const list = page.getByRole('region', { name: 'Sandboxes' })
    await list.getByText('seed 42 · strict').waitFor()
    await list.getByText('1 users at Cryptlex').waitFor({ state: 'attached' })
    await list.getByRole('button', { name: 'Remove checkout' }).click()
    await list.getByText(/^1 user, the request log, .* lost for good/).waitFor()
    await list.getByRole('button', { name: 'Remove checkout' }).click()
    await page.waitForURL(`${server.url}/#/sandboxes`)
    await list.getByText('default').first().waitFor()
    expect((await caller.get('/_standin/sandboxes/checkout')).status).toBe(404)
  })
})
