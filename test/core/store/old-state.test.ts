import * as fs from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Document } from '../../../src/core/store/document.ts'
import { allUsers, createCaller, named, type Caller } from '../../helpers/caller.ts'
import { afterKill, createFolder, createSandbox } from '../../helpers/sandbox.ts'

// A folder that an older version wrote, before its write-ahead logs were named write-ahead-*.log.
// It was killed while alan (default sandbox) and kurt (sandbox shop) were in journal-*.log only.
const OLD_STATE = fileURLToPath(new URL('state-of-0.1.0', import.meta.url))

interface Delivery {
  readonly userId: string
  readonly url: string
  readonly state: string
  readonly attempts: readonly { readonly number: number; readonly status?: number }[]
}

function copyOfOldState(): string {
  const folder = createFolder()
  fs.cpSync(OLD_STATE, folder, { recursive: true, preserveTimestamps: true })
  return folder
}

/** Starts the current version with the clock at the time at which the older one was killed. */
const start = (data: string) =>
  createSandbox({ data, durability: 'write', clock: Date.parse('2026-01-15T09:30:00Z') })

const idsOf = async (caller: Caller, base = '') =>
  (await allUsers(caller, { base })).map(({ api, id, email }) => `${api} ${id} ${email}`)

const stateOf = async (caller: Caller, base = '') =>
  (await caller.get(`${base}/_standin/state`)).json<Document>()

function rowsOf<T>(document: Document, table: string): T[] {
  return (document['webhooks'] as Readonly<Record<string, T[]>>)[table]!
}

const logFiles = (folder: string) => fs.readdirSync(folder).filter((name) => name.endsWith('.log'))

/** The users of a sandbox of the old state: one name is in its state file, one in its log. */
const usersNamed = (first: string, second: string) => [
  `mykaarma 61ec436c-dd0a-4116-a488-28328922d8f6 ${first}@example.test`,
  `mykaarma e5fd8eb5-8b5b-4937-a768-b925888e2c51 ${second}@example.test`,
  `cryptlex 0d9e639d-b6fc-4c14-8bd2-50cd463d64ef ${first}@example.test`,
  `cryptlex 29d212da-765f-4f44-bc40-f78bc0a3a55e ${second}@example.test`,
  `formsonfire 852c1e6d-5b04-4bab-855e-bb0b7278621e ${first}@example.test`,
  `formsonfire 1c1bdef3-4449-4271-84ed-94286a114e7c ${second}@example.test`,
]

test('the state of an older version is read with all users, subscriptions and deliveries', async () => {
  const data = copyOfOldState()
  const server = await start(data)
  const caller = createCaller(server)

  expect(await idsOf(caller)).toEqual(usersNamed('ada', 'alan'))
  const state = await stateOf(caller)
  expect(state.standin.counters).toEqual({
    'cryptlex.user': 2,
    'formsonfire.user': 2,
    'mykaarma.correlation': 2,
    'mykaarma.request': 2,
    'mykaarma.user': 2,
    'webhooks.delivery': 4,
    'webhooks.subscription': 1,
  })
  expect(rowsOf(state, 'subscriptions')).toMatchObject([
    { id: '9b37d59c-2b49-48bf-91fc-1142cd1690a1', url: '/_standin/inbox/default' },
    {
      id: '8878296a-b344-4879-9d3b-2d415d3675ad',
      name: 'unreachable receiver',
      url: 'http://127.0.0.1:9/hooks',
      events: ['reseller.user.created'],
      active: true,
    },
  ])
  const [ada, alan] = usersNamed('ada', 'alan').slice(2, 4)
  const deliveries = rowsOf<Delivery>(state, 'deliveries')
  expect(deliveries).toHaveLength(4)
  for (const [i, user] of [ada!, ada!, alan!, alan!].entries()) {
    expect(user).toContain(deliveries[i]!.userId)
  }
  // Delivered to the inbox, and waiting for another attempt at the unreachable receiver.
  expect(deliveries.map(({ url, state: progress }) => [url, progress])).toEqual(
    [0, 1].flatMap(() => [
      ['/_standin/inbox/default', 'delivered'],
      ['http://127.0.0.1:9/hooks', 'pending'],
    ]),
  )
  expect(deliveries.every(({ attempts }) => attempts.length === 1)).toBe(true)
  expect(server.logged).toEqual([])
})

test('a kept sandbox of an older version is read with its users', async () => {
  const caller = createCaller(await start(copyOfOldState()))

  expect(await idsOf(caller, '/~shop')).toEqual(usersNamed('grace', 'kurt'))
  const { sandboxes } = (await caller.get('/_standin/sandboxes')).json<{
    sandboxes: { name: string; kept: boolean }[]
  }>()
  expect(sandboxes).toMatchObject([{ name: 'default' }, { name: 'shop', kept: true }])
  const state = await stateOf(caller, '/~shop')
  expect(rowsOf<Delivery>(state, 'deliveries').map((one) => one.state)).toEqual([
    'delivered',
    'delivered',
  ])
})

test.each([
  ['one-user-each', '', 'ada'],
  ['shop', '/~shop', 'grace'],
])('the snapshot %s of an older version is restored', async (snapshot, base, name) => {
  const caller = createCaller(await start(copyOfOldState()))

  const { snapshots } = (await caller.get(`${base}/_standin/snapshots`)).json<{
    snapshots: object[]
  }>()
  expect(snapshots).toMatchObject([
    { name: snapshot, users: { mykaarma: 1, cryptlex: 1, formsonfire: 1 } },
  ])
  const restored = await caller.post(`${base}/_standin/snapshots/${snapshot}/restore`)
  expect(restored.status).toBe(200)
  expect(await idsOf(caller, base)).toEqual(
    usersNamed(name, '').filter((user) => user.endsWith(` ${name}@example.test`)),
  )
})

test('write-ahead logs of an older version are read together with new ones, then deleted', async () => {
  const data = copyOfOldState()
  // One change, so that the state file is written once at most: the log before it stays.
  await createCaller(await start(data)).create('mykaarma', named('mykaarma', 'edith'))

  // Killed with the changes of the older version in journal-*.log and edith in write-ahead-*.log.
  const killed = afterKill(data)
  expect(logFiles(killed)).toEqual(
    expect.arrayContaining(['journal-000000000007.log', 'write-ahead-000000000011.log']),
  )
  const second = await start(killed)
  const users = await idsOf(createCaller(second))
  const isEdith = (user: string) => user.includes('edith')
  expect(users.filter((user) => !isEdith(user))).toEqual(usersNamed('ada', 'alan'))
  expect(users.filter(isEdith)).toHaveLength(1)
  await second.close()

  // The state file is written at each stop; the logs before the previous one are no longer needed.
  const third = await start(killed)
  await createCaller(third).create('cryptlex', named('cryptlex', 'joan'))
  await third.close()
  expect(logFiles(killed).filter((name) => name.startsWith('journal-'))).toEqual([])
  expect(fs.existsSync(join(killed, 'state.json'))).toBe(true)
  expect(await idsOf(createCaller(await start(killed)))).toHaveLength(8)
})
