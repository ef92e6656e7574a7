// npm run build && npx tsx bench/cost.ts [--rounds 30 --time 300 --connections 16 --against FILE]
//
// What each feature costs a create that does not use it: the program as it starts by default and
// the same program without the feature take turns. The processor time that a create takes counts:
// other programs of the machine disturb it less than the creates per second. Prints Markdown.
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
    /** Another build, to compare with. */
    against: { type: 'string' },
  },
})
const ROOT = new URL('..', import.meta.url).pathname
/** The kernel's clock ticks in a second, as /proc counts them. */
const TICKS = 100

interface Running {
  readonly port: number
  readonly child: ChildProcess
}

function start(program: string, args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [program, '--port', '0', '--memory', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
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

const MAIN = join(ROOT, 'dist/main.js')

/** The program without something. */
const WITHOUT: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  ...(values.against === undefined ? {} : { 'the other build': [values.against] }),
  journal: [MAIN, '--journal-size', '0'],
  faults: [MAIN, '--faults', 'off'],
  webhooks: [MAIN, '--webhook-url', 'none'],
  'all of them': [MAIN, '--journal-size', '0', '--faults', 'off', '--webhook-url', 'none'],
}
const KINDS: readonly Kind[] = ['cryptlex', 'mykaarma', 'formsonfire-json']
const created = { next: 1 }

/** Creates per second, and microseconds of processor time for each. */
async function measure(running: Running, kind: Kind): Promise<readonly [number, number]> {
  const before = used(running)
  const time = Number(values.time)
  const { next, perSecond } = await load({
    port: running.port,
    connections: Number(values.connections),
    warmUp: 0,
    time,
    kind,
    from: created.next,
  })
  created.next = next
  return [perSecond, ((used(running) - before) / ((perSecond * time) / 1000)) * 1e6]
}

console.log('| without | call | per s | µs of processor | with ÷ without, per s | processor |')
console.log('| --- | --- | ---: | ---: | ---: | ---: |')
for (const [feature, [program, ...args]] of Object.entries(WITHOUT)) {
  const [on, off] = await Promise.all([start(MAIN, []), start(program, args)])
  for (const kind of KINDS) {
    const rounds: { on: readonly [number, number]; off: readonly [number, number] }[] = []
    for (let round = 0; round < Number(values.rounds); round++) {
      // Who goes first takes turns as well.
      if (round % 2 === 0) {
        const first = await measure(on, kind)
        rounds.push({ on: first, off: await measure(off, kind) })
      } else {
        const first = await measure(off, kind)
        rounds.push({ off: first, on: await measure(on, kind) })
      }
    }
    const ratio = (i: 0 | 1) => median(rounds.map((one) => one.on[i] / one.off[i])).toFixed(3)
    const [perSecond, processor] = [0, 1].map((i) => median(rounds.map(({ off: one }) => one[i]!)))
    console.log(
      `| ${feature} | ${kind} | ${perSecond!.toFixed(0)} | ${processor!.toFixed(1)} | ${ratio(0)} | ${ratio(1)} |`,
    )
  }
  for (const { child } of [on, off]) {
    child.removeAllListeners('exit')
    child.kill('SIGTERM')
  }
}
