import { expect, test } from 'vitest'
import { allUsers, createCaller, idIn, named, type UserPage } from '../helpers/caller.ts'
import { createSandbox } from '../helpers/sandbox.ts'

test('a state without one user keeps the order of the others on the pages', async () => {
  const caller = createCaller(await createSandbox())
  const ids: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) {
    ids.push(idIn('cryptlex', await caller.create('cryptlex', named('cryptlex', name))))
  }
  const { next } = (await caller.get('/_standin/users?limit=2')).json<UserPage>()
  const state = (await caller.get('/_standin/state')).json<{ cryptlex: { users: unknown[] } }>()
  state.cryptlex.users.splice(1, 1)
  await caller.put('/_standin/state', state)
  const rest = await allUsers(caller, { query: `&after=${next!}` })
  expect(rest.map(({ id }) => id)).toEqual(ids.slice(2))
})

test('a state whose counters are behind its users does not break the next create', async () => {
  const caller = createCaller(await createSandbox())
  await caller.create('cryptlex')
  const state = (await caller.get('/_standin/state')).json<{ standin: { counters: object } }>()
  state.standin.counters = {}
  await caller.put('/_standin/state', state)
  expect((await caller.create('cryptlex', named('cryptlex', 'new'))).status).toBe(201)
})

test('a wrong type in a state is named by its path', async () => {
  const caller = createCaller(await createSandbox())
  const answer = await caller.put('/_standin/state', { cryptlex: { users: 7 } })
  expect(answer.json()).toMatchObject({ detail: 'cryptlex.users must be an array' })
})

test.each([
  [{ 'cryptlex.user': 2 ** 53 }, 'must be a whole number from 0 to 4294967295'],
  [{ 'cryptlex.user': -1 }, 'must be a whole number from 0 to 4294967295'],
])('a state with the counters %j is refused', async (counters, message) => {
  const caller = createCaller(await createSandbox())
  const seen = await caller.put('/_standin/state', { standin: { counters } })
  expect(seen.status).toBe(400)
  expect(seen.text).toContain(message)
})

test('three million invalid rows are refused at the first of them', async () => {
  const caller = createCaller(await createSandbox())
  const users = Array.from({ length: 3_000_000 }, () => 1)
  const seen = await caller.put('/_standin/state', { cryptlex: { users } })
  expect(seen.status).toBe(400)
  expect(seen.text).toContain('cryptlex.users[0].id must be a non-empty string')
})
