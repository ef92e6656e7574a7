import { expect, test } from 'vitest'
import type { Explanation, RecordedRequest, RequestPage } from '../src/admin/contract.ts'
import { createCaller, creation, type Caller } from './helpers/caller.ts'
import { createSandbox } from './helpers/sandbox.ts'

const EVIL = { Origin: 'http://evil.test' }

async function journal(caller: Caller, base = ''): Promise<RecordedRequest[]> {
  const answer = await caller.get(`${base}/_standin/requests?limit=1000`)
  return answer.json<RequestPage>().requests
}

async function explained(caller: Caller, id: string, base = ''): Promise<Explanation> {
  return (await caller.get(`${base}/_standin/requests/${id}/explain`)).json<Explanation>()
}

test('what is turned away is in the journal of the sandbox that it names', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'shop' })
  const from = async (headers: Record<string, string>, base = '') => {
    const sent = creation('cryptlex', {}, base)
    return await caller.send({ ...sent, headers: { ...sent.headers, ...headers } })
  }
  const foreign = await from(EVIL, '/~shop')
  expect(foreign.header('Standin-Request-Id')).toBe('lost-1')
  await from({ ...EVIL, 'Standin-Sandbox': 'shop' })
  await from({ Host: 'evil.test' }, '/~shop')
  await from({ Host: 'evil.test' })
  await from(EVIL, '/~nope')
  const seen = (all: readonly RecordedRequest[]) =>
    all.map(({ id, path, answer, problem }) => [id, path, answer.status, problem?.reason])
  const path = '/v3/resellers/reseller-001/users'
  expect(seen(await journal(caller, '/~shop'))).toEqual([
    ['lost-1', `/~shop${path}`, 403, 'origin.foreign'],
    ['lost-2', path, 403, 'origin.foreign'],
    ['lost-3', `/~shop${path}`, 421, 'host.foreign'],
  ])
  expect(seen(await journal(caller))).toEqual([
    ['lost-1', path, 421, 'host.foreign'],
    ['lost-2', `/~nope${path}`, 403, 'origin.foreign'],
  ])
})

test('what keeps a page out is said in plain words', async () => {
  const server = await createSandbox({ corsOrigins: ['http://app.test'] })
  const caller = createCaller(server)
  const sent = creation('cryptlex')
  await caller.send({ ...sent, headers: { ...sent.headers, ...EVIL } })
  await caller.send({ ...sent, headers: { ...sent.headers, Origin: 'null' } })
  await caller.get('/_standin/users', EVIL)
  await caller.get('/_standin/users', { Host: 'evil.test' })
  const words = await Promise.all(
    (await journal(caller)).map(async ({ id }) => (await explained(caller, id)).summary),
  )
  const vendor =
    "only pages of this machine and those that --cors-origins lists (http://app.test) may call a vendor's API."
  const own = "only this server's own pages may call the admin API."
  const rest = 'What would come after that was not looked at.'
  expect(words).toEqual([
    `Refused with 403 at "Arrival": A page at http://evil.test asked; ${vendor} ${rest}`,
    `Refused with 403 at "Arrival": A page that does not say where it is from asked; ${vendor} ${rest}`,
    `Refused with 403 at "Arrival": A page at http://evil.test asked; ${own} ${rest}`,
    `Refused with 421 at "Arrival": This server does not answer as evil.test; when it should, start it with --allowed-hosts evil.test. ${rest}`,
  ])
})

test('who floods the door drives out nothing that came further', async () => {
  const server = await createSandbox({ journalSize: 20 })
  const caller = createCaller(server)
  await caller.create('cryptlex')
  for (let i = 0; i < 50; i++) await caller.get(`/v3/flood-${i}`, { Host: 'evil.test' })
  await caller.create('mykaarma')
  const ids = (await journal(caller)).map(({ id }) => id)
  const lost = Array.from({ length: 20 }, (_, i) => `lost-${31 + i}`)
  expect(ids).toEqual(['req-1', ...lost, expect.stringMatching(/^req-/)])
  expect((await caller.delete('/_standin/requests')).json()).toEqual({ cleared: 22 })
  expect(await journal(caller)).toEqual([])
})

test('at most a hundred that were turned away are kept', async () => {
  const caller = createCaller(await createSandbox())
  for (let i = 0; i < 120; i++) await caller.get(`/v3/flood-${i}`, { Host: 'evil.test' })
  const all = await journal(caller)
  expect([all.length, all[0]!.id, all.at(-1)!.id]).toEqual([100, 'lost-21', 'lost-120'])
})
