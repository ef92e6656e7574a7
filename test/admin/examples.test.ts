import { expect, test } from 'vitest'
import type { Examples } from '../../src/admin/contract.gen.ts'
import { APIS, createCaller, type Caller } from '../helpers/caller.ts'
import { createSandbox } from '../helpers/sandbox.ts'

const callsOf = async (caller: Caller, base = '') =>
  (await caller.get(`${base}/_standin/examples`)).json<Examples>().calls

test('each example creates a user, without a warning, again and again', async () => {
  const caller = createCaller(await createSandbox())
  const addresses = new Set<string>()
  for (let i = 0; i < 14; i++) {
    const calls = await callsOf(caller)
    expect(calls.map(({ api }) => api)).toEqual(APIS)
    for (const { method, path, headers, body } of calls) {
      const answer = await caller.send({ method, path, headers, body })
      expect(answer.status, answer.text).toBeLessThan(300)
      expect(answer.header('Standin-Warning')).toBeUndefined()
      addresses.add(/[\w.]+@example\.test/.exec(JSON.stringify(body))![0])
    }
  }
  expect(addresses.size).toBe(14)
})

test('an example is for the sandbox that the request addresses', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/sandboxes', { name: 'checkout' })
  for (const { method, path, headers, body } of await callsOf(caller, '/~checkout')) {
    expect(path).toMatch(/^\/~checkout\//)
    expect((await caller.send({ method, path, headers, body })).status).toBeLessThan(300)
  }
})

test('an example has the credentials of the fixtures', async () => {
  const fixtures = { cryptlex: { tokens: [{ token: 'my-own', scopes: ['reseller:user:create'] }] } }
  const caller = createCaller(await createSandbox({ fixtures: JSON.stringify(fixtures) }))
  const cryptlex = (await callsOf(caller)).find(({ api }) => api === 'cryptlex')!
  expect(cryptlex.headers['Authorization']).toBe('Bearer my-own')
})
