// npm run build && npx tsx bench/journal.ts [--rounds 30 --time 300 --connections 16]
//
// What it costs to remember requests: two servers, one with the journal and one without, take
// turns. Beside the creates per second it shows the processor time that a create takes, which
// other programs of the machine disturb less. Prints Markdown.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Kind, Load, Result } from './load.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    time: { type: 'string', default: '300' },
    connections: { type: 'string', default: '16' },
  },
})
const ROOT = new URL('..', import.meta.url).pathname
/** The kernel's clock ticks in a second, as /proc counts them. */
const TICKS = 100

interface Running {
  readonly port: number
  readonly child: ChildProcess
}

function start(args: readonly string[]): Promise<Running> {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'dist/main.js'), '--port', '0', '--memory', ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return new Promise((resolve, reject) => {
    let output = ''
    child.on('exit', (code) => reject(new Error(`the server stopped with ${code}`)))
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
      const port = /^ready http:\S+:(\d+)/m.exec(output)?.[1]
      if (port !== undefined) resolve({ port: Number(port), child })
    })
  })
}

function load(options: Load): Promise<Result> {
  const args = ['--import', 'tsx', join(ROOT, 'bench/load.ts'), JSON.stringify(options)]
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  return new Promise((resolve, reject) => {
    child.on('exit', (code) =>
      code === 0 ? resolve(JSON.parse(output) as Result) : reject(new Error(`load: ${code}`)),
    )
  })
}

/** Seconds of processor time that a process has used. */
function used({ child: { pid } }: Running): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(stat[11]) + Number(stat[12])) / TICKS
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN
}

const on = await start([])
const off = await start(['--journal-size', '0'])
console.log('| call | journal | per s | µs of processor | on ÷ off, per s | on ÷ off, processor |')
console.log('| --- | --- | ---: | ---: | ---: | ---: |')
const kinds: readonly Kind[] = ['cryptlex', 'mykaarma', 'formsonfire-json']
let from = 1
for (const kind of kinds) {
  const measured = { on: [] as number[][], off: [] as number[][] }
  for (let round = 0; round < Number(values.rounds); round++) {
    // Who goes first takes turns as well.
    const order = round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)
    for (const which of order) {
      const running = which === 'on' ? on : off
      const before = used(running)
      const time = Number(values.time)
      const result = await load({
        port: running.port,
        connections: Number(values.connections),
        warmUp: 0,
        time,
        kind,
        from,
      })
      from = result.next
      const count = (result.perSecond * time) / 1000
      measured[which].push([result.perSecond, ((used(running) - before) / count) * 1e6])
    }
  }
  const of = (which: 'on' | 'off', i: number) => median(measured[which].map((one) => one[i]!))
  const ratio = (i: number) =>
    median(measured.on.map((one, round) => one[i]! / measured.off[round]![i]!)).toFixed(3)
  for (const which of ['on', 'off'] as const) {
    const ratios = which === 'on' ? `${ratio(0)} | ${ratio(1)}` : ' | '
    console.log(
      `| ${kind} | ${which} | ${of(which, 0).toFixed(0)} | ${of(which, 1).toFixed(1)} | ${ratios} |`,
    )
  }
}
for (const { child } of [on, off]) {
  child.removeAllListeners('exit')
  child.kill('SIGTERM')
}
