// Faults that were found across rooms, so that they stay mended.
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { withDefaults, type Config } from '../../src/config/config.ts'
import { startServer } from '../../src/server/server.ts'
import { allUsers, createCaller, idIn, named, type UserPage } from '../helpers/caller.ts'

async function start(settings: Partial<Config> = {}) {
  const logged: string[] = []
  const server = await startServer(withDefaults({ port: 0, memory: true, ...settings }), {
    log: {
      warn: (message) => logged.push(message),
      bug: (message, error) => logged.push(`${message}: ${String(error)}`),
    },
  })
  onTestFinished(() => server.close())
  return { server, logged, caller: createCaller(server) }
}

test('a sandbox in memory is closed without a word about files', async () => {
  const { server, logged, caller } = await start()
  await caller.create('mykaarma', { emailAddress: 7 })
  await server.close()
  expect(logged).toEqual([])
})

test('the contract of Cryptlex knows the 429 of a request that meets no operation', async () => {
  const { logged, caller } = await start({ profile: { all: 'strict' } })
  for (let i = 0; i < 60; i++) await caller.get('/v3/nowhere')
  expect(logged).toEqual([])
})

test('after a reset the marks of pages are as they were before', async () => {
  const { caller } = await start()
  const mark = async () => {
    for (const name of ['a', 'b']) await caller.create('cryptlex', named('cryptlex', name))
    return (await caller.get('/_standin/users?limit=1')).json<UserPage>().next
  }
  const first = await mark()
  await caller.post('/_standin/reset')
  expect(await mark()).toBe(first)
})

test('a state that is put without one user moves none of the others on the pages', async () => {
  const { caller } = await start()
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

test('a state whose counts are behind its users does not fail the next create', async () => {
  const { caller } = await start()
  await caller.create('cryptlex')
  const state = (await caller.get('/_standin/state')).json<{ standin: { counters: object } }>()
  state.standin.counters = {}
  await caller.put('/_standin/state', state)
  expect((await caller.create('cryptlex', named('cryptlex', 'new'))).status).toBe(201)
})

test('a wrong type below a table of the state is named', async () => {
  const { caller } = await start()
  const answer = await caller.put('/_standin/state', { cryptlex: { users: 7 } })
  expect(answer.json()).toMatchObject({ detail: 'cryptlex.users must be of type array' })
})

test('a caller who is gone before CONNECT is refused takes nothing along', async () => {
  const { server, caller } = await start()
  for (let i = 0; i < 100; i++) {
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write('CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n')
        setImmediate(() => socket.resetAndDestroy())
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve())
    })
  }
  expect((await caller.get('/_standin/health')).status).toBe(200)
})

test('a parameter that is given twice is checked by the value that is used', async () => {
  const { caller } = await start()
  expect((await caller.get('/_standin/users?limit=0&limit=5')).status).toBe(400)
  expect((await caller.get('/_standin/users?limit=5&limit=0')).status).toBe(200)
})

test.each([
  [{ 'cryptlex.user': 2 ** 53 }, 'must be a whole number from 0'],
  [{ 'cryptlex.user': -1 }, 'must be a whole number from 0'],
])('a state with the counters %j is refused', async (counters, message) => {
  const { caller } = await start()
  const seen = await caller.put('/_standin/state', { standin: { counters } })
  expect(seen.status).toBe(400)
  expect(seen.text).toContain(message)
})

test('three million wrong rows are refused at the first of them', async () => {
  const { caller } = await start()
  const users = Array.from({ length: 3_000_000 }, () => 1)
  const seen = await caller.put('/_standin/state', { cryptlex: { users } })
  expect(seen.status).toBe(400)
  expect(seen.text).toContain('cryptlex.users[0].id must be a non-empty string')
})
