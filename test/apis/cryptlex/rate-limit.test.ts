import { expect, test } from 'vitest'
import { createCaller } from '../../helpers/caller.ts'
import { createSandbox } from '../../helpers/sandbox.ts'

test('a rate-limited request to an unknown path gets a 429 within the contract', async () => {
  const server = await createSandbox({ profile: { all: 'strict' } })
  const caller = createCaller(server)
  for (let i = 0; i < 60; i++) await caller.get('/v3/nowhere')
  expect(server.logged).toEqual([])
})
