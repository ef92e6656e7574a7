import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const FAULTY_DISK = new URL('faulty-disk.js', import.meta.url).href
/** Milliseconds after which a start or a stop counts as failed. */
const TIMEOUT = 30_000

/** Failure probability of each file system call, from 0 to 1. */
export interface Faults {
  readonly open: number
  readonly write: number
  readonly short: number
  readonly sync: number
  readonly truncate: number
  readonly snapshot: number
}

export const NO_FAULTS: Faults = { open: 0, write: 0, short: 0, sync: 0, truncate: 0, snapshot: 0 }

export interface ProgramOptions {
  readonly durability: 'fsync' | 'write'
  /** True when `breakDisk` can make its disk fail. */
  readonly faulty: boolean
  /** Receiver of webhooks; undefined: none. */
  readonly webhook?: { readonly url: string; readonly secret: string }
}

/** The built program in a process of its own. */
export class Program {
  readonly #child: ChildProcess
  readonly #exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly startedAt = Date.now()
  /** Standard output and standard error. */
  output = ''
  url = ''
  /** Milliseconds from the start to the `ready` line. */
  readyAfter = 0

  private constructor(folder: string, { durability, faulty, webhook }: ProgramOptions) {
    const args = [
      ...(faulty ? ['--import', FAULTY_DISK] : []),
      MAIN,
      '--port=0',
      `--data=${folder}`,
      `--durability=${durability}`,
      `--webhook-url=${webhook?.url ?? 'none'}`,
      ...(webhook ? [`--webhook-secret=${webhook.secret}`] : []),
      // Enough attempts that none is given up.
      `--webhook-retries=5ms,10ms,20ms,50ms,100ms,${Array.from({ length: 40 }, () => '250ms').join()}`,
      '--webhook-timeout=4000',
    ]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    const print = (text: Buffer) => {
      this.output += text.toString()
    }
    this.#child.stdout!.on('data', print)
    this.#child.stderr!.on('data', print)
    this.#exit = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => resolve({ code, signal }))
    })
  }

  /** @throws Error with the program's output when it does not become ready */
  static async start(folder: string, options: ProgramOptions): Promise<Program> {
    const started = performance.now()
    const program = new Program(folder, options)
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`No start: ${why}\n${program.output}`))
      const late = setTimeout(() => {
        program.#child.kill('SIGKILL')
        fail(`not ready after ${TIMEOUT} ms`)
      }, TIMEOUT)
      program.#child.stdout!.on('data', () => {
        const url = /^ready (\S+)$/m.exec(program.output)?.[1]
        if (url === undefined) return
        clearTimeout(late)
        program.url = url
        resolve()
      })
      program.#child.once('close', (code) => {
        clearTimeout(late)
        fail(`exit code ${code}`)
      })
    })
    program.readyAfter = performance.now() - started
    return program
  }

  /** Starts the program and kills it after so many milliseconds, ready or not. */
  static async startAndKill(folder: string, options: ProgramOptions, after: number): Promise<void> {
    const program = new Program(folder, options)
    setTimeout(() => program.#child.kill('SIGKILL'), after)
    await program.#exit
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Sets the failure rates of the program's disk; settles when they are in effect. */
  async breakDisk(faults: Partial<Faults>): Promise<void> {
    const confirmed = new Promise((resolve) => this.#child.once('message', resolve))
    this.#child.send({ ...NO_FAULTS, ...faults })
    await Promise.race([confirmed, this.#exit])
  }

  /** @returns the exit code, and the milliseconds that the end took */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<{ code: number | null; took: number }> {
    const started = performance.now()
    this.#child.kill(signal)
    const late = setTimeout(() => this.#child.kill('SIGKILL'), TIMEOUT)
    const { code } = await this.#exit
    clearTimeout(late)
    return { code, took: performance.now() - started }
  }
}
