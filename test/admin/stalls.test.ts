import * as http from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { withDefaults } from '../../src/config/config.ts'
import { startServer, type Server } from '../../src/server/server.ts'
import { CRYPTLEX } from '../helpers/sandbox.ts'
import { bestOf, eventually, LONG } from '../helpers/time.ts'

/** Milliseconds that a call may keep others waiting. */
const LIMIT = 100

/** Numbers of requests that fill the log, and their bodies. */
const LOGS: Readonly<Record<string, { readonly count: number; bodyOf: (i: number) => string }>> = {
  '1,000 requests of 8 KB with many secrets': {
    count: 1000,
    bodyOf: () => 'password=abc '.repeat(615),
  },
  'requests of 60 KB with 3,000 secrets each': {
    count: 40,
    bodyOf: (i) =>
      Array.from({ length: 3000 }, (_, n) => `token=${i}-secret-${n}`)
        .join('&')
        .slice(0, 60_000),
  },
}

const AGENT = new http.Agent({ keepAlive: true, maxSockets: 8 })

/** Sends a request, and drops the answer: reading it would hold the same event loop. */
function send(port: number, method: string, path: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: 'Bearer standin-token', 'Content-Type': 'application/json' }
    const sent = http.request({ port, method, path, headers, agent: AGENT }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode!))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/**
 * Returns the maximum processor time of one turn of the event loop during some work, in
 * milliseconds. Elapsed time would depend on the other programs of a busy machine.
 */
async function longestHold(work: () => Promise<unknown>): Promise<number> {
  const state = { isDone: false }
  const done = work().finally(() => (state.isDone = true))
  let longest = 0
  let before = process.cpuUsage()
  while (!state.isDone) {
    await nextTurn()
    const { user, system } = process.cpuUsage(before)
    before = process.cpuUsage()
    longest = Math.max(longest, (user + system) / 1000)
  }
  await done
  return longest
}

const VERIFY = JSON.stringify({
  expectations: Array.from({ length: 100 }, (_, i) => ({
    operation: 'createResellerUser',
    match: { fields: { email: `nobody-${i}@example.test`, company: { regex: 'x$' } } },
  })),
})

const CALLS: Readonly<Record<string, (port: number) => Promise<number>>> = {
  requests: (port) => send(port, 'GET', '/_standin/requests'),
  'requests?limit=1000': (port) => send(port, 'GET', '/_standin/requests?limit=1000'),
  'requests?text=': (port) => send(port, 'GET', '/_standin/requests?text=zzz'),
  'requests?email=': (port) => send(port, 'GET', '/_standin/requests?email=nobody@example.test'),
  'format=har': (port) => send(port, 'GET', '/_standin/requests?limit=1000&format=har'),
  'format=curl': (port) => send(port, 'GET', '/_standin/requests?limit=1000&format=curl'),
  await: (port) => send(port, 'GET', '/_standin/requests/await?text=zzz&timeout=1ms'),
  'requests/{id}': (port) => send(port, 'GET', '/_standin/requests/req-40'),
  explain: (port) => send(port, 'GET', '/_standin/requests/req-40/explain'),
  verify: (port) => send(port, 'POST', '/_standin/verify', VERIFY),
}

async function filled({ count, bodyOf }: NonNullable<(typeof LOGS)[string]>): Promise<Server> {
  const config = withDefaults({ port: 0, memory: true, webhookUrl: 'none' })
  const server = await startServer(config, { log: { warn: () => {}, bug: () => {} } })
  const bodies = Array.from({ length: count }, (_, i) =>
    JSON.stringify({ email: `${i}@example.test`, company: 'x', pad: bodyOf(i) }),
  )
  await Promise.all(bodies.map((body) => send(server.port, 'POST', CRYPTLEX, body)))
  return server
}

describe.each(Object.entries(LOGS))('with %s', (_, log) => {
  let server: Server
  beforeAll(async () => {
    server = await filled(log)
    return () => server.close()
  }, LONG.timeout)

  test.each(Object.entries(CALLS))(
    'reading %s lets other requests run',
    async (_name, read) => {
      const held = await bestOf(LIMIT, () => longestHold(() => read(server.port)))
      expect(held).toBeLessThan(LIMIT)
    },
    LONG.timeout,
  )
})

test('reading stops when the client has disconnected', async () => {
  const hasStopped: boolean[] = []
  // Several tries, because on a busy machine a reading may end before the server notices that the
  // client has disconnected.
  while (!hasStopped.includes(true) && hasStopped.length < 10) {
    const server = await filled(LOGS['requests of 60 KB with 3,000 secrets each']!)
    const { requests } = server.sandbox
    const sent = http.get({ port: server.port, path: '/_standin/requests?text=zzz', agent: false })
    sent.on('error', () => {})
    await eventually(() => expect(requests.redactions.bytes).toBeGreaterThan(0))
    // A reset, because a client that only closes its sending side may still read.
    sent.socket!.resetAndDestroy()
    let before = -1
    // The reading has stopped if nothing is redacted for many turns of the event loop.
    await eventually(async () => {
      const { bytes } = requests.redactions
      const isSame = bytes === before
      before = bytes
      for (let i = 0; i < 200; i++) await nextTurn()
      expect(isSame).toBe(true)
    })
    hasStopped.push(before < (await countRedacted(server)))
    await server.close()
  }
  expect(hasStopped).toContain(true)
})

/** The memory of all redacted entries, after a reading of the whole log. */
async function countRedacted({ port, sandbox }: Server): Promise<number> {
  await send(port, 'GET', '/_standin/requests?limit=1000')
  return sandbox.requests.redactions.bytes
}
