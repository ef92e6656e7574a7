import { expect, test } from 'vitest'
import type { FaultCatalogue, Limits } from '../../src/admin/contract.gen.ts'
import { createCaller } from '../helpers/caller.ts'
import { createCryptlexUser, createSandbox } from '../helpers/sandbox.ts'

test('the limits say how much of each is used, and what happens beyond it', async () => {
  const server = await createSandbox({ requestLogSize: 2 })
  const caller = createCaller(server)
  const limits = async (base = '') => {
    const { limits: listed } = (await caller.get(`${base}/_standin/limits`)).json<Limits>()
    return Object.fromEntries(
      listed.map(({ name, used, limit, beyond }) => [name, [used, limit, beyond]]),
    )
  }
  expect(await limits()).toMatchObject({
    requests: [0, 2, 'oldest-removed'],
    faults: [0, 1000, 'refused'],
    snapshots: [0, 100, 'refused'],
    sandboxes: [1, 1000, 'refused'],
  })
  await caller.post('/_standin/sandboxes', { name: 'other' })
  await caller.post('/_standin/faults', { fault: '503', times: 1, operation: 'listWebhooks' })
  await caller.put('/_standin/snapshots/first', undefined)
  for (let i = 0; i < 3; i++) await createCryptlexUser(server, { email: `a${i}@example.test` })
  const used = await limits()
  expect(used).toMatchObject({
    requests: [2, 2, 'oldest-removed'],
    faults: [1, 1000, 'refused'],
    snapshots: [1, 100, 'refused'],
    sandboxes: [2, 1000, 'refused'],
  })
  expect(used['request-bytes']![0]).toBeGreaterThan(100)
  expect(await limits('/~other')).toMatchObject({ requests: [0, 2, 'oldest-removed'] })
})

test('the fault catalogue names the operations of the API', async () => {
  const caller = createCaller(await createSandbox())
  const answer = await caller.get('/_standin/fault-catalogue?api=formsonfire')
  expect(answer.json<FaultCatalogue>().operations).toContainEqual({
    operation: 'createUser',
    method: 'POST',
    path: '/v2/user',
  })
})
