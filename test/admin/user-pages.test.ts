import { expect, test } from 'vitest'
import { createCaller, named, type UserPage } from '../helpers/caller.ts'
import { createSandbox } from '../helpers/sandbox.ts'

test('after a reset the page markers are the same as before', async () => {
  const caller = createCaller(await createSandbox())
  const marker = async () => {
    for (const name of ['a', 'b']) await caller.create('cryptlex', named('cryptlex', name))
    return (await caller.get('/_standin/users?limit=1')).json<UserPage>().next
  }
  const first = await marker()
  await caller.post('/_standin/reset')
  expect(await marker()).toBe(first)
})

test('a parameter that is given twice is validated by the value that is used', async () => {
  const caller = createCaller(await createSandbox())
  expect((await caller.get('/_standin/users?limit=0&limit=5')).status).toBe(400)
  expect((await caller.get('/_standin/users?limit=5&limit=0')).status).toBe(200)
})
