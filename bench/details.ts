// npm run bench:details [-- --time 1000 --rounds 3 --users 0,1000,10000,100000 --only webhooks]
//
// Measures creates per second and latency of the built program with each durability, up to 100,000 users
// and each kind of webhook receiver, alternating with two reference servers. Absolute figures depend on the machine and its load; compare the ratios to the Express
// echo at the same concurrency. Prints Markdown.
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Result } from './load.ts'
import { load, MAIN, median, REFERENCE, start, stop, used, type Running } from './program.ts'
import type { Kind } from './requests.ts'
import { webhooks } from './webhooks.ts'

const { values } = parseArgs({
  options: {
    time: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    users: { type: 'string', default: '0,1000,10000,100000' },
    connections: { type: 'string', default: '1,16,64' },
    only: { type: 'string' },
  },
})
const TIME = Number(values.time)
const ROUNDS = Number(values.rounds)
const USERS = values.users.split(',').map(Number)
const CONNECTIONS = values.connections.split(',').map(Number)

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'standin-bench-'))
}

async function seed(url: string, users: number, apis: readonly string[]): Promise<void> {
  if (users === 0) return
  const answer = await fetch(`${url}/_standin/seed`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ users, apis }),
  })
  if (!answer.ok) throw new Error(`seed: ${answer.status} ${await answer.text()}`)
}

function print(cells: readonly (string | number)[]): void {
  console.log(`| ${cells.map((cell) => String(cell).padStart(9)).join(' | ')} |`)
}

/** A result with the processor time of each call in microseconds, over all threads. */
interface Measured extends Result {
  readonly processor: number
}

/** The number of the next user, so that no two runs create the same one. */
const created = { next: 1 }

async function measure(
  running: Running,
  connections: number,
  kind: Kind,
  rate?: number,
): Promise<Measured> {
  const before = used(running)
  const result = await load({
    port: running.port,
    connections,
    kind,
    ...(rate === undefined ? {} : { rate }),
    warmUp: Math.min(500, TIME / 2),
    time: TIME,
    from: created.next,
  })
  const calls = result.next - created.next
  created.next = result.next
  const refused = Object.entries(result.statuses).filter(([status]) => !status.startsWith('2'))
  if (refused.length > 0) throw new Error(`${kind}: answered ${JSON.stringify(result.statuses)}`)
  return { ...result, processor: ((used(running) - before) / calls) * 1e6 }
}

async function throughput(): Promise<void> {
  const express = await start([REFERENCE, 'express'])
  const bare = await start([REFERENCE, 'bare'])
  const kinds: readonly Kind[] = ['cryptlex', 'formsonfire-json', 'formsonfire-xml']
  const columns = 'call,durable,users,parallel,per s,p50 ms,p99 ms,µs each,× echo,p99 ×,µs ÷'.split(
    ',',
  )
  print(columns)
  print(columns.map(() => '--------:'))
  for (const users of USERS) {
    const folders = [folder(), folder(), folder()]
    const servers = await Promise.all(
      (['fsync', 'write', 'none'] as const).map(async (durability, i) => ({
        durability,
        running: await start([
          MAIN,
          '--port',
          '0',
          '--data',
          folders[i]!,
          '--durability',
          durability,
          // The cost of webhooks is measured separately, below.
          '--webhook-url',
          'none',
        ]),
      })),
    )
    for (const { running } of servers) await seed(running.url, users, ['cryptlex', 'formsonfire'])
    for (const connections of CONNECTIONS) {
      const rows = new Map<string, { result: Measured; echo: Measured }[]>()
      const add = (row: string, result: Measured, echo: Measured) =>
        rows.set(row, [...(rows.get(row) ?? []), { result, echo }])
      for (let round = 0; round < ROUNDS; round++) {
        const echo = await measure(express, connections, 'cryptlex')
        add('express echo|-', echo, echo)
        add('bare echo|-', await measure(bare, connections, 'cryptlex'), echo)
        for (const { durability, running } of servers) {
          for (const kind of kinds) {
            if (durability === 'write' && kind !== 'cryptlex') continue
            add(`${kind}|${durability}`, await measure(running, connections, kind), echo)
          }
        }
      }
      for (const [row, measured] of rows) {
        const of = (pick: (one: { result: Measured; echo: Measured }) => number) =>
          median(measured.map(pick))
        print([
          ...row.split('|'),
          users,
          connections,
          of(({ result }) => result.perSecond).toFixed(0),
          of(({ result }) => result.p50).toFixed(2),
          of(({ result }) => result.p99).toFixed(2),
          of(({ result }) => result.processor).toFixed(0),
          of(({ result, echo }) => result.perSecond / echo.perSecond).toFixed(2),
          of(({ result, echo }) => result.p99 / echo.p99).toFixed(2),
          of(({ result, echo }) => echo.processor / result.processor).toFixed(2),
        ])
      }
    }
    await Promise.all(servers.map(({ running }) => stop(running)))
    for (const path of folders) rmSync(path, { recursive: true, force: true })
  }
  await Promise.all([stop(express), stop(bare)])
}

async function webhookCosts(): Promise<void> {
  const folders: string[] = []
  const running = new Map<string, Running>()
  await webhooks({
    start: async (args) => {
      const started = await start([MAIN, '--port', '0', ...args])
      running.set(started.url, started)
      return started
    },
    stop: async ({ url }) => stop(running.get(url)!), // started above
    measure: ({ url }, connections, rate) =>
      measure(running.get(url)!, connections, 'cryptlex', rate),
    median,
    print,
    folder: () => {
      folders.push(folder())
      return folders.at(-1)! // just added
    },
    rounds: ROUNDS,
  })
  for (const path of folders) rmSync(path, { recursive: true, force: true })
}

console.log(
  `Node ${process.version}, ${cpus()[0]?.model}, ${availableParallelism()} cores; ${ROUNDS} rounds of ${TIME} ms, medians\n`,
)
if (values.only === undefined) {
  await throughput()
  console.log()
}
await webhookCosts()
