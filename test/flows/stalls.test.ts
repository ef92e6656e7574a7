import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { createPlainSandbox } from '../helpers/sandbox.ts'

/** Fewer than the 100,000 of the promise, so that the suite stays fast; a hold grows with them. */
const ROWS = 20_000
/** Milliseconds. */
const LIMIT = 100
const ROUNDS = 5

/** Measures the longest turn of the event loop, in processor time where other programs run too. */
class Turns {
  #longest = 0
  #running = true

  constructor() {
    let wall = performance.now()
    let used = process.cpuUsage()
    const turn = () => {
      const [now, usedNow] = [performance.now(), process.cpuUsage()]
      const cpu = (usedNow.user + usedNow.system - used.user - used.system) / 1000
      this.#longest = Math.max(this.#longest, Math.min(now - wall, cpu))
      wall = now
      used = usedNow
      if (this.#running) setImmediate(turn)
    }
    setImmediate(turn)
  }

  stop(): number {
    this.#running = false
    return this.#longest
  }
}

/** Sends a request and discards its answer, which costs the event loop of this process little. */
function exchange(port: number, method: string, path: string, body: Uint8Array = new Uint8Array()) {
  return new Promise<number>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let status = 0
    socket.on('data', (chunk) => (status ||= Number(chunk.toString('latin1', 9, 12))))
    socket.on('close', () => resolve(status)).on('error', reject)
    const length = `Content-Type: application/json\r\nContent-Length: ${body.length}`
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${length}\r\n\r\n`,
    )
    socket.write(body)
  })
}

/** A state with many users at one API and many pending deliveries. */
function manyRows(): Buffer {
  const createdAt = Date.now()
  const text = 'x'.repeat(200)
  return Buffer.from(
    JSON.stringify({
      cryptlex: {
        users: Array.from({ length: ROWS }, (_, i) => ({
          id: `user-${i}`,
          email: `user${i}@example.test`,
          firstName: 'Ada',
          lastName: `Byron ${i}`,
          text,
        })),
      },
      webhooks: {
        subscriptions: [],
        deliveries: Array.from({ length: ROWS }, (_, i) => ({
          id: `whd_${i}`,
          event: 'user.created',
          subscription: 'none',
          url: 'http://127.0.0.1:1/',
          body: text,
          createdAt,
          state: 'pending',
          nextAt: createdAt + 86_400_000,
          attempts: [],
        })),
      },
    }),
  )
}

test('no call on a large state holds the event loop for long', { timeout: 120_000 }, async () => {
  const { port } = await createPlainSandbox()
  const state = manyRows()
  const broken = Buffer.concat([state.subarray(0, -1), Buffer.from(',}')])
  const calls = [
    ['PUT', '/state', 200, state],
    ['PUT', '/state', 400, broken],
    ['GET', '/state', 200],
    ['GET', '/users?email=user7@example.test', 200],
    ['GET', '/users?limit=1000&after=cryptlex:15000', 200],
    ['GET', '/ledger', 200],
    ['GET', '/deliveries', 200],
    ['GET', '/deliveries?state=pending&after=whd_15000', 200],
    ['GET', '/deliveries/await?timeout=1ms', 200],
    ['GET', '/metrics', 200],
    ['GET', '/ready', 200],
    ['PUT', '/snapshots/s', 200],
    ['GET', '/snapshots/s/diff', 200],
    ['POST', '/snapshots/s/restore', 200],
    ['POST', '/reset', 200],
  ] as const
  const holds: string[] = []
  for (const [method, path, status, body] of calls) {
    let best = Infinity
    for (let round = 0; round < ROUNDS && best > LIMIT; round++) {
      const turns = new Turns()
      expect(await exchange(port, method, `/_standin${path}`, body)).toBe(status)
      best = Math.min(best, turns.stop())
    }
    if (best > LIMIT) holds.push(`${method} ${path}: ${Math.round(best)} ms`)
  }
  expect(holds).toEqual([])
})
