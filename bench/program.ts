// Starts, loads, measures and stops programs, for all benchmarks.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Load, Result } from './load.ts'
import { isComplete, REQUESTS, text } from './requests.ts'

export const ROOT = new URL('..', import.meta.url).pathname
export const MAIN = join(ROOT, 'dist/main.js')
export const REFERENCE = join(ROOT, 'bench/reference.mjs')
/** Milliseconds within which a program must answer its first create. */
const PATIENCE = 60_000
/** Clock ticks per second in /proc. */
const TICKS = 100

export interface Running {
  readonly url: string
  readonly port: number
  readonly child: ChildProcess
  /** Milliseconds from the spawn to the ready line, or to the first answer. */
  readonly ready: number
}

/** The running programs; they are stopped when the benchmark ends. */
const programs = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of programs) child.kill('SIGKILL')
})

function register(child: ChildProcess): void {
  programs.add(child)
  child.on('exit', () => programs.delete(child))
}

/** Starts a program and waits for its ready line. */
export function start(args: readonly string[]): Promise<Running> {
  const began = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  register(child)
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

/** A free port, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A program to run and the create that it answers. */
export interface Program {
  readonly command: readonly [string, ...string[]]
  readonly port: number
  /** Folder to run in; its file `output` gets what the program prints. */
  readonly folder: string
  /** Path of the create; undefined: the vendor's. */
  readonly path?: string | undefined
}

/** Starts a program and waits until it answers a create with 201. */
export async function startToFirst({ command, port, folder, path }: Program): Promise<Running> {
  const [file, ...args] = command
  const output = join(folder, 'output')
  const descriptor = openSync(output, 'w')
  const began = performance.now()
  const child = spawn(file, args, { cwd: folder, stdio: ['ignore', descriptor, descriptor] })
  register(child)
  closeSync(descriptor)
  const ends: string[] = []
  child.on('error', ({ message }) => ends.push(message))
  child.on('exit', (code) => ends.push(`it stopped with ${code}`))
  const running = { url: `http://127.0.0.1:${port}`, port, child }
  let answered: string | undefined
  while (ends.length === 0 && performance.now() - began < PATIENCE) {
    answered = (await create(port, path)) ?? answered
    if (answered === '201') return { ...running, ready: performance.now() - began }
    await pause(1)
  }
  if (ends.length === 0) await stop({ ...running, ready: 0 })
  const late = `no 201 within ${PATIENCE / 1000} s${answered ? `, but ${answered}` : ''}`
  const reason = ends[0] ?? late
  const lines = readFileSync(output, 'utf8').trim().split('\n')
  throw new Error(`${reason}: ${lines.find((line) => /error/i.test(line)) ?? lines.at(-1)}`)
}

/** Number of the next user for a first create call; higher than the numbers that loads use. */
let nextFirst = 100_000_000

/**
 * Returns the status of the answer to one create call; undefined if nothing listens on the port.
 */
function create(port: number, path: string | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(text(REQUESTS.cryptlex(nextFirst++), path)),
    )
    let answer = ''
    socket.setTimeout(PATIENCE, () => socket.destroy())
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (isComplete(answer)) socket.destroy()
    })
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(answer === '' ? undefined : answer.slice(9, 12)))
  })
}

/** Stops a program and the processes that it started. */
export function stop({ child }: Running): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit')
    const kill = setTimeout(() => child.kill('SIGKILL'), 5000)
    child.on('exit', () => {
      clearTimeout(kill)
      programs.delete(child)
      resolve()
    })
    if (child.exitCode === null && child.signalCode === null) {
      for (const pid of tree(child.pid!)) process.kill(pid, 'SIGTERM') // it has been spawned
    } else {
      child.emit('exit')
    }
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

/** The process and those that it started. */
function tree(pid: number): readonly number[] {
  const threads = readdirSync(`/proc/${pid}/task`)
  const children = threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  )
  return [pid, ...children.flatMap((child) => tree(Number(child)))]
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)

/** Processor time of a program in seconds, children included: the figure least affected by load. */
export function used({ child: { pid } }: Running): number {
  const ticks = tree(pid!).map((one) => {
    const stat = readFileSync(`/proc/${one}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
    return Number(stat[11]) + Number(stat[12])
  })
  return sum(ticks) / TICKS
}

/** Resident memory of a program in megabytes, children included. */
export function memory({ child: { pid } }: Running): number {
  const kilobytes = tree(pid!).map((one) => {
    const [, resident] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8')) ?? []
    return Number(resident)
  })
  return sum(kilobytes) / 1024
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN
}
