// npm run bench:details -- --only webhooks [--time 1000 --rounds 3]
//
// Measures the cost of a create with webhooks to various receivers, and the deliveries per minute.
// The servers are measured in turns, so that load on the machine affects all of them.
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Result } from './load.ts'

export interface Server {
  readonly url: string
  readonly port: number
}

/** The functions of details.ts that this file uses. */
export interface Bench {
  /** Starts the program with these options on a free port. */
  readonly start: (args: readonly string[]) => Promise<Server>
  readonly stop: (server: Server) => Promise<void>
  readonly measure: (server: Server, connections: number, rate?: number) => Promise<Result>
  readonly median: (numbers: readonly number[]) => number
  readonly print: (cells: readonly (string | number)[]) => void
  /** Creates a temporary folder, deleted at the end. */
  readonly folder: () => string
  readonly rounds: number
}

/** Creates per second: 12,000 deliveries a minute. */
const RATE = 200

interface Receiver {
  readonly url: string
  readonly received: () => number
  readonly close: () => void
}

/** Starts a receiver that answers at once, or never answers. */
async function receiver(hangs: boolean): Promise<Receiver> {
  let received = 0
  const sockets = new Set<Socket>()
  const server = http.createServer((request, response) => {
    request.resume()
    received++
    if (!hangs) request.on('end', () => response.writeHead(204).end())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received: () => received,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** The URL of a closed port. */
async function deadUrl(): Promise<string> {
  const { url, close } = await receiver(false)
  close()
  return url
}

export async function webhooks(bench: Bench): Promise<void> {
  const { start, stop, print, folder } = bench
  const healthy = await receiver(false)
  const hanging = await receiver(true)
  const urls = {
    none: 'none',
    inbox: 'inbox',
    healthy: healthy.url,
    dead: await deadUrl(),
    hanging: hanging.url,
  }
  console.log(`Creates at ${RATE} per second:\n`)
  print(['durable', 'webhook', 'parallel', 'per s', 'p50 ms', 'p99 ms', 'p99 ×'])
  print(Array.from({ length: 7 }, () => '--------:'))
  for (const durability of ['fsync', 'none']) {
    const servers = new Map<string, Server>()
    for (const [name, url] of Object.entries(urls)) {
      const kept = ['--data', folder(), '--durability', durability]
      servers.set(name, await start([...kept, '--webhook-url', url]))
    }
    for (const connections of [1, 16]) await compare(bench, durability, servers, connections)
    for (const server of servers.values()) await stop(server)
  }
  await deliveries(bench)
  healthy.close()
  hanging.close()
}

/** Prints the cost of each receiver, compared with the server without webhooks. */
async function compare(
  { measure, median, print, rounds }: Bench,
  durability: string,
  servers: ReadonlyMap<string, Server>,
  connections: number,
): Promise<void> {
  const results = new Map<string, { result: Result; plain: Result }[]>()
  for (let round = 0; round < rounds; round++) {
    const plain = await measure(servers.get('none')!, connections, RATE) // always present
    for (const [name, server] of servers) {
      const result = name === 'none' ? plain : await measure(server, connections, RATE)
      results.set(name, [...(results.get(name) ?? []), { result, plain }])
    }
  }
  for (const [name, measured] of results) {
    const of = (pick: (one: { result: Result; plain: Result }) => number) =>
      median(measured.map(pick))
    print([
      durability,
      name,
      connections,
      of(({ result }) => result.perSecond).toFixed(0),
      of(({ result }) => result.p50).toFixed(2),
      of(({ result }) => result.p99).toFixed(2),
      of(({ result, plain }) => result.p99 / plain.p99).toFixed(2),
    ])
  }
}

/** Measures deliveries per minute for creates over 16 connections, until none is pending. */
async function deliveries({ start, stop, measure, folder }: Bench): Promise<void> {
  const target = await receiver(false)
  const server = await start(['--data', folder(), '--webhook-url', target.url])
  const began = performance.now()
  await measure(server, 16)
  const answer = await fetch(`${server.url}/_standin/settle`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"timeout":"60s"}',
  })
  const { settled } = (await answer.json()) as { settled: boolean }
  const minutes = (performance.now() - began) / 60_000
  const rate = Math.round(target.received() / minutes)
  console.log(
    `\n${target.received()} deliveries to a real receiver in ${(minutes * 60).toFixed(1)} s: ${rate} a minute, ${settled ? 'none' : 'some'} pending at the end`,
  )
  await stop(server)
  target.close()
}
