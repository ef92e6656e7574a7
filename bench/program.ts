// Starts, loads, measures and stops programs, for all benchmarks.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Load, Result } from './load.ts'

export const ROOT = new URL('..', import.meta.url).pathname
export const MAIN = join(ROOT, 'dist/main.js')
/** Clock ticks per second in /proc. */
const TICKS = 100

export interface Running {
  readonly url: string
  readonly port: number
  readonly child: ChildProcess
  /** Milliseconds from the spawn to the ready line. */
  readonly ready: number
}

/** Starts a program and waits for its ready line. */
export function start(args: readonly string[]): Promise<Running> {
  const began = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let output = ''
    child.on('exit', (code) => reject(new Error(`${args.join(' ')} stopped with ${code}`)))
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
      const url = /^ready (http:\S+)/m.exec(output)?.[1]
      if (!url) return
      resolve({ url, port: Number(new URL(url).port), child, ready: performance.now() - began })
    })
  })
}

export function stop({ child }: Running): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit')
    child.on('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

/** Runs one measurement in a process of its own. */
export function load(options: Load): Promise<Result> {
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

/** Processor time of a program in seconds, the figure least affected by other load. */
export function used({ child: { pid } }: Running): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(stat[11]) + Number(stat[12])) / TICKS
}

/** Resident memory of a program in megabytes. */
export function memory({ child: { pid } }: Running): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN
}
