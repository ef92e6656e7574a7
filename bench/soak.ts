// npm run build && npx tsx bench/soak.ts [--requests 1000000]
//
// Many requests of all kinds through one running server with all its features on: how much memory
// it takes meanwhile, and how much the journal holds. Prints Markdown; fails when the second half
// takes more than the first by over a tenth.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Load, Result } from './load.ts'

const { values } = parseArgs({ options: { requests: { type: 'string', default: '1000000' } } })
const ROOT = new URL('..', import.meta.url).pathname
const TOTAL = Number(values.requests)
const STEPS = 20

const child = spawn(process.execPath, [join(ROOT, 'dist/main.js'), '--port', '0', '--memory'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const url = await new Promise<string>((resolve, reject) => {
  let output = ''
  child.on('exit', (code) => reject(new Error(`the server stopped with ${code}`)))
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
    const found = /^ready (http:\S+)/m.exec(output)?.[1]
    if (found !== undefined) resolve(found)
  })
})

function load(options: Load): Promise<Result> {
  const args = ['--import', 'tsx', join(ROOT, 'bench/load.ts'), JSON.stringify(options)]
  const loading = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  loading.stdout.on('data', (chunk) => (output += String(chunk)))
  return new Promise((resolve, reject) => {
    loading.on('exit', (code) =>
      code === 0 ? resolve(JSON.parse(output) as Result) : reject(new Error(`load: ${code}`)),
    )
  })
}

function memory(): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

console.log('| requests | MB | per s |')
console.log('| ---: | ---: | ---: |')
const seen: number[] = []
let from = 1
for (let step = 1; step <= STEPS; step++) {
  const began = from
  const goal = Math.round((TOTAL * step) / STEPS)
  const start = performance.now()
  while (from <= goal) {
    const port = Number(new URL(url).port)
    const time = Math.min(5000, Math.max(200, (goal - from) / 5))
    from = (await load({ port, connections: 16, warmUp: 0, time, kind: 'mixed', from })).next
  }
  seen.push(memory())
  const perSecond = ((from - began) / (performance.now() - start)) * 1000
  console.log(`| ${from - 1} | ${seen.at(-1)!.toFixed(1)} | ${perSecond.toFixed(0)} |`)
}
const journal = (await (await fetch(`${url}/_standin/requests?limit=1000`)).json()) as {
  total: number
}
console.log(`\nThe journal holds ${journal.total} requests.`)
child.removeAllListeners('exit')
child.kill('SIGTERM')
const half = seen.slice(STEPS / 2)
const [least, most] = [Math.min(...half), Math.max(...half)]
console.log(
  `Over the last half the memory is between ${least.toFixed(1)} and ${most.toFixed(1)} MB.`,
)
if (Math.max(...half.slice(STEPS / 4)) > Math.max(...half.slice(0, STEPS / 4)) * 1.1)
  process.exit(1)
