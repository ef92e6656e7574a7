// npm run bench [-- --quick]
//
// Measures the built program's start, create call and memory, alternating with reference servers.
// Prints one Markdown table with a goal for each row. A figure is the median of the rounds, a ratio
// the median of the ratios within one round, since other programs on the machine affect both sides
// of a round. The column `bests` compares the best round of each side; it is the most reliable one
// on a busy machine. Memory after 1,000,000 requests: `npm run bench:soak`; other loads: `npm run
// bench:details`.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Result } from './load.ts'
import {
  freePort,
  load,
  MAIN,
  median,
  memory,
  REFERENCE,
  ROOT,
  startToFirst,
  stop,
  used,
  type Running,
} from './program.ts'
import type { Kind } from './requests.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
/** Rounds of starts, of starts with 100,000 users, and of creates; milliseconds of creates. */
const [STARTS, FULL_STARTS, ROUNDS, TIME] = values.quick ? [5, 2, 3, 400] : [15, 5, 9, 1000]
const NO_WEBHOOK = ['--webhook-url', 'none']

/** One round of one row. */
interface Pair {
  readonly standin: number
  readonly reference: number
}

/** One row of the table. */
interface Row {
  readonly title: string
  readonly reference: string
  readonly unit: string
  readonly pairs: readonly Pair[]
  /** Comparison of the two figures; `value`: the goal applies to Standin's figure alone. */
  readonly compare: 'ratio' | 'difference' | 'value'
  readonly goal: number
  /** True if a higher figure is better. */
  readonly more?: boolean
}

const folders: string[] = []
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'standin-bench-'))
  folders.push(path)
  return path
}

/** Starts Standin and waits for its first 201. */
async function standin(...args: readonly string[]): Promise<Running> {
  const port = await freePort()
  const command = [process.execPath, MAIN, '--port', `${port}`, ...args] as const
  return startToFirst({ command, port, folder: newFolder() })
}

async function reference(kind: 'bare' | 'express'): Promise<Running> {
  const port = await freePort()
  const command = [process.execPath, REFERENCE, kind, `${port}`] as const
  return startToFirst({ command, port, folder: newFolder() })
}

/** Measures the start of a program and its memory, and stops it. */
async function startOnce(starting: Promise<Running>): Promise<{ start: number; idle: number }> {
  const running = await starting
  const idle = memory(running)
  await stop(running)
  return { start: running.ready, idle }
}

/** Measures spawn to first 201 within a process of its own, and its second startStandin(). */
function inProcess(kind: 'standin' | 'bare'): Promise<{ first: number; second: number }> {
  const began = performance.now()
  const args = [join(ROOT, 'bench/in-process.mjs'), kind]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let output = ''
    let first = NaN
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
      if (Number.isNaN(first) && output.startsWith('created\n')) first = performance.now() - began
    })
    child.on('close', (code) => {
      const second = Number(/^second (\S+)$/m.exec(output)?.[1])
      if (code === 0) resolve({ first, second })
      else reject(new Error(`in-process.mjs ${kind} stopped with ${code}`))
    })
  })
}

async function starts(): Promise<readonly Row[]> {
  const spawned: Pair[] = []
  const idle: Pair[] = []
  const within: Pair[] = []
  const second: Pair[] = []
  for (let round = 0; round < STARTS; round++) {
    const bare = await startOnce(reference('bare'))
    const ours = await startOnce(standin('--memory', ...NO_WEBHOOK))
    spawned.push({ standin: ours.start, reference: bare.start })
    idle.push({ standin: ours.idle, reference: bare.idle })
    const bareWithin = await inProcess('bare')
    const oursWithin = await inProcess('standin')
    within.push({ standin: oursWithin.first, reference: bareWithin.first })
    second.push({ standin: oursWithin.second, reference: NaN })
  }
  const bare = { reference: 'bare node:http', unit: 'ms', compare: 'ratio' } as const
  return [
    { ...bare, title: 'start: spawn to first 201', pairs: spawned, goal: 2 },
    { ...bare, title: 'import, startStandin() to first 201', pairs: within, goal: 1.8 },
    {
      title: 'second startStandin() in a process',
      reference: '',
      unit: 'ms',
      pairs: second,
      compare: 'value',
      goal: 15,
    },
    {
      title: 'memory when idle',
      reference: 'bare node:http',
      unit: 'MB',
      pairs: idle,
      compare: 'value',
      goal: 70,
    },
  ]
}

async function seed({ url }: Running): Promise<void> {
  const answer = await fetch(`${url}/_standin/seed`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"users":100000,"apis":["cryptlex"]}',
  })
  if (!answer.ok) throw new Error(`seed: ${answer.status} ${await answer.text()}`)
}

async function manyUsers(): Promise<readonly Row[]> {
  const [full, empty] = [newFolder(), newFolder()]
  const filled = await standin('--data', full, ...NO_WEBHOOK)
  const before = memory(filled)
  await seed(filled)
  const seeded = [{ standin: memory(filled), reference: before }]
  await stop(filled)
  const start: Pair[] = []
  const idle: Pair[] = []
  for (let round = 0; round < FULL_STARTS; round++) {
    const without = await startOnce(standin('--data', empty, ...NO_WEBHOOK))
    const with100000 = await startOnce(standin('--data', full, ...NO_WEBHOOK))
    start.push({ standin: with100000.start, reference: without.start })
    idle.push({ standin: with100000.idle, reference: without.idle })
  }
  const without = { reference: 'without users', compare: 'difference' } as const
  return [
    { ...without, title: 'start with 100,000 users', unit: 'ms', pairs: start, goal: 1000 },
    { ...without, title: 'memory with 100,000 users', unit: 'MB', pairs: idle, goal: 60 },
    { ...without, title: 'the same, just seeded', unit: 'MB', pairs: seeded, goal: 60 },
  ]
}

/** A result with the processor time of each call in microseconds, over all threads. */
interface Measured extends Result {
  readonly processor: number
}

/** The number of the next user, so that no two runs create the same one. */
let next = 1

async function measure(running: Running, connections: number, kind: Kind): Promise<Measured> {
  const before = used(running)
  const from = next
  const { port } = running
  const result = await load({ port, connections, kind, warmUp: TIME / 4, time: TIME, from })
  next = result.next
  const refused = Object.keys(result.statuses).filter((status) => !status.startsWith('2'))
  if (refused.length > 0) throw new Error(`${kind}: answered with ${refused.join(', ')}`)
  return { ...result, processor: ((used(running) - before) / (next - from)) * 1e6 }
}

async function creates(): Promise<readonly Row[]> {
  const bare = await reference('bare')
  const express = await reference('express')
  const inMemory = await standin('--memory', ...NO_WEBHOOK)
  const onDisk = await standin('--data', newFolder(), ...NO_WEBHOOK)
  const usual = await standin('--data', newFolder())
  const servers = [bare, express, inMemory, onDisk, usual]
  for (const server of servers) await measure(server, 16, 'cryptlex') // warm-up: until V8 has compiled them
  const processor: Pair[] = []
  const p99: Pair[] = []
  const perSecond: Pair[] = []
  const webhook: Pair[] = []
  const xml: Pair[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const limit = await measure(bare, 16, 'cryptlex')
    const ours = await measure(inMemory, 16, 'cryptlex')
    const echo = await measure(express, 16, 'cryptlex')
    processor.push({ standin: ours.processor, reference: limit.processor })
    p99.push({ standin: ours.p99, reference: echo.p99 })
    const echoes = await measure(express, 64, 'cryptlex')
    const durable = await measure(onDisk, 64, 'cryptlex')
    perSecond.push({ standin: durable.perSecond, reference: echoes.perSecond })
    const without = await measure(onDisk, 16, 'cryptlex')
    const inbox = await measure(usual, 16, 'cryptlex')
    webhook.push({ standin: inbox.processor, reference: without.processor })
    const json = await measure(inMemory, 16, 'formsonfire-json')
    const asXml = await measure(inMemory, 16, 'formsonfire-xml')
    xml.push({ standin: asXml.processor, reference: json.processor })
  }
  for (const server of servers) await stop(server)
  const ratio = { compare: 'ratio', unit: 'µs' } as const
  return [
    {
      ...ratio,
      title: 'CPU of a create in memory, no webhook, 16 connections',
      reference: 'bare node:http',
      pairs: processor,
      goal: 2.5,
    },
    {
      ...ratio,
      title: 'its p99',
      reference: 'Express echo',
      unit: 'ms',
      pairs: p99,
      goal: 1,
    },
    {
      ...ratio,
      title: 'creates with fsync, no webhook, 64 connections',
      reference: 'Express echo',
      unit: '/s',
      pairs: perSecond,
      goal: 1.8,
      more: true,
    },
    {
      ...ratio,
      title: 'CPU of a create by default (fsync, inbox webhook)',
      reference: 'without webhook',
      pairs: webhook,
      goal: 1.35,
    },
    {
      ...ratio,
      title: 'CPU of a create in XML, in memory, no webhook',
      reference: 'in JSON',
      pairs: xml,
      goal: 1.6,
    },
  ]
}

/** Compares the two figures of a row in the way that its goal is stated. */
function compared({ compare }: Row, { standin: ours, reference: other }: Pair): number {
  if (compare === 'value') return ours
  return compare === 'ratio' ? ours / other : ours - other
}

function print(row: Row): void {
  const { title, reference: name, unit, pairs, compare, goal, more = false } = row
  const best = more ? Math.max : Math.min
  const ours = pairs.map((pair) => pair.standin)
  const others = pairs.map((pair) => pair.reference)
  const figure = (number: number) =>
    Number.isNaN(number) ? '' : `${number.toFixed(number < 100 ? 1 : 0)} ${unit}`
  const written = (number: number) =>
    compare === 'ratio'
      ? `${number.toFixed(2)} ×`
      : `${compare === 'difference' ? '+' : ''}${number.toFixed(0)} ${unit}`
  const middle = median(pairs.map((pair) => compared(row, pair)))
  const bests = compared(row, { standin: best(...ours), reference: best(...others) })
  const met = more ? middle >= goal : middle <= goal
  const limit = compare === 'ratio' ? `${goal} ×` : written(goal)
  const cells = [
    title,
    figure(median(ours)),
    [name, figure(median(others))].filter(Boolean).join(' '),
    written(middle),
    written(bests),
    `${more ? 'at least' : 'at most'} ${limit}`,
    met ? 'yes' : 'no',
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

console.log(
  `Node ${process.version}, ${cpus()[0]?.model}, ${availableParallelism()} cores, load average ${loadavg()[0]?.toFixed(1)}; medians of ${STARTS} starts and of ${ROUNDS} rounds of ${TIME} ms\n`,
)
console.log('| measured | Standin | reference | compared | bests | goal | met |')
console.log('| --- | ---: | ---: | ---: | ---: | ---: | --- |')
for (const part of [starts, manyUsers, creates]) {
  for (const row of await part()) print(row)
}
