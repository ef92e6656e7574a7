import { expect, test } from 'vitest'
import { createCaller } from '../helpers/caller.ts'
import { createCryptlexUser } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'
import { idOf, openDashboard } from './browser.ts'

const ADA = { email: 'ada@example.test' }
const HOSTILE = '<img src=x onerror="document.title=\'owned\'">\u202e'

test('the composer shows a fault in every form while it is chosen, and arms it', async () => {
  const { server, page } = await openDashboard({ hash: '#/faults' })
  await page.getByText('No fault is armed').waitFor()
  const form = page.getByRole('region', { name: 'Arm a fault' })
  await form.getByRole('radio', { name: 'Cryptlex' }).check()
  const operation = form.getByRole('combobox', { name: 'Operation' })
  await eventually(async () => expect(await operation.inputValue()).toBe('createResellerUser'))
  await form.getByRole('searchbox').fill('503;delay=1ms')
  await form.getByText('As entered').click()
  await form.getByRole('button', { name: 'Add a condition' }).click()
  await form.getByLabel('Value').fill('ada@example.test')
  await form.getByRole('button', { name: 'Add a condition' }).click()
  await form.getByLabel('Part of the request').nth(1).selectOption('headers')
  await form.getByLabel('Name').fill('x-client')
  await form.getByLabel('Comparison').nth(1).selectOption('absent')
  await form.getByLabel('Which matching requests').selectOption('nth')
  await form.getByLabel('Until when').selectOption('for')
  const short = form.locator('.short-form code')
  expect(await short.textContent()).toBe(
    '503;delay=1ms;operation=createResellerUser;skip=1;times=1;expires-in=10m',
  )
  const code = form.locator('pre')
  for (const [tab, text] of [
    ['CLI', 'standin fault '],
    ['JSON', '"x-client": {\n        "exists": false\n      }'],
    ['Header', 'Standin-Fault: 503;delay=1ms'],
    ['curl', '/_standin/faults'],
    ['TypeScript', 'standin.faults.add({ '],
    ['Python', 'urllib.request.Request('],
  ]) {
    await form.getByRole('tab', { name: tab! }).click()
    expect(await code.textContent()).toContain(text)
  }
  await form.getByRole('button', { name: 'Arm', exact: true }).click()
  const card = page.getByRole('listitem', { name: /^fault-1/ })
  await card.getByText('field email is ada@example.test').waitFor()
  await card.getByText('header x-client is absent').waitFor()
  await card.getByText('0 of 1').waitFor()
  await createCryptlexUser(server, ADA).expect(201)
  const met = idOf(await createCryptlexUser(server, ADA).expect(503))
  await card.getByText('1 of 1').waitFor()
  await card.getByText('finished').waitFor()
  await card.getByRole('link', { name: met }).click()
  await page.getByRole('region', { name: `Request ${met}` }).waitFor()
})

test('a card names the nearest miss; faults are disarmed, armed again and cleared', async () => {
  const { server, page } = await openDashboard({ hash: '#/faults' })
  const caller = createCaller(server)
  const match = { fields: { email: 'nobody@example.test' } }
  await caller.post('/_standin/faults', { fault: '500', api: 'cryptlex', match, note: HOSTILE })
  await caller.post('/_standin/faults', { fault: 'commit-500', api: 'cryptlex', times: 1 })
  await caller.post('/_standin/faults', { fault: 'reset', api: 'mykaarma' })
  const missed = idOf(await createCryptlexUser(server, ADA).expect(500))
  const first = page.getByRole('listitem', { name: 'fault-1: Refuse with 500' })
  await first.getByRole('link', { name: missed }).waitFor()
  await first.getByText(/email is "ada@example\.test", not "nobody@example\.test"/).waitFor()
  await first.getByText('<img src=x').waitFor()
  const second = page.getByRole('listitem', { name: /^fault-2: Create the user, then answer 500/ })
  await second.getByText('finished').waitFor()
  await second.getByRole('button', { name: 'Arm again: fault-2' }).click()
  await second.getByText('0 of 1').waitFor()
  await page.getByText('3 armed').first().waitFor()
  await page.getByRole('button', { name: 'Disarm fault-2' }).click()
  await second.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Disarm all' }).click()
  await page.getByRole('button', { name: 'Disarm 2 faults' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Disarm all' }).click()
  await page.getByRole('button', { name: 'Disarm 2 faults' }).click()
  await page.getByText('No fault is armed').waitFor()
  expect(await page.title()).toBe('Faults · Standin')
})
