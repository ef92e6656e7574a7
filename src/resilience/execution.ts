import { spawn } from 'node:child_process'
import type { Ending } from './model.ts'

/** Maximum number of bytes of the output that a report contains. */
const OUTPUT_LIMIT = 8 * 1024
/** Milliseconds between SIGTERM and SIGKILL. */
const GRACE = 300

/** Time limit of a command. */
export interface TimeLimit {
  /** Milliseconds after which it is ended, unless it has just sent a request. */
  readonly ms: number
  /** Milliseconds after which it is ended in any case. */
  readonly most: number
}

export interface Execution {
  readonly command: readonly string[]
  /** Variables besides those of this process; undefined removes one. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Undefined: no limit. */
  readonly limit: TimeLimit | undefined
  /** Returns the id of the last request that the command has sent. */
  readonly lastRequest?: () => Promise<string | undefined>
  /** True: the output goes to the terminal as well. */
  readonly shown: boolean
  readonly signal: AbortSignal
}

/**
 * Runs a command to its end. At the time limit, and when the signal is aborted, it ends the command
 * with all processes that it started.
 *
 * @throws Error if the command cannot be started
 */
export function execute(execution: Execution): Promise<Ending> {
  const { command, env, limit, shown, signal } = execution
  const [program = '', ...args] = command
  return new Promise((resolve, reject) => {
    const started = performance.now()
    // The command runs in its own process group, so that the processes that it starts can be ended
    // with it.
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    })
    let output = ''
    let timedOut = false
    const kill = (name: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, name)
        else child.kill(name)
      } catch {
        // It has ended already.
      }
    }
    const stop = () => {
      kill('SIGTERM')
      setTimeout(() => kill('SIGKILL'), GRACE).unref()
    }
    const endWatch = watch(execution, limit, () => {
      timedOut = true
      stop()
    })
    const collect = (chunk: Buffer, stream: NodeJS.WriteStream) => {
      output = `${output}${chunk.toString()}`.slice(-2 * OUTPUT_LIMIT)
      if (shown) stream.write(chunk)
    }
    child.stdout.on('data', (chunk: Buffer) => collect(chunk, process.stdout))
    child.stderr.on('data', (chunk: Buffer) => collect(chunk, process.stderr))
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const finish = () => {
      endWatch()
      signal.removeEventListener('abort', stop)
    }
    child.on('error', (error) => {
      finish()
      reject(new Error(`${program} cannot be started: ${error.message}`, { cause: error }))
    })
    child.on('exit', (exitCode) => {
      finish()
      // Processes that the command left running would keep ports and files that the next run needs.
      kill('SIGKILL')
      const end = () => {
        const text = withoutSecrets(output, env).slice(-OUTPUT_LIMIT)
        resolve({ exitCode, timedOut, ms: Math.round(performance.now() - started), output: text })
      }
      // Waits for output that is still in the pipes, but not for long: a process of another group
      // may keep them open.
      const late = setTimeout(end, GRACE)
      child.once('close', () => {
        clearTimeout(late)
        end()
      })
    })
  })
}

/**
 * Calls a function at the time limit of a command. A command that is still sending requests gets
 * more time: it does not hang but needs longer on a busy machine, and its verdict must not depend
 * on that.
 *
 * @returns a function that ends the watch
 */
function watch(
  { lastRequest = () => Promise.resolve(undefined) }: Execution,
  limit: TimeLimit | undefined,
  onLimit: () => void,
): () => void {
  if (limit === undefined) return () => {}
  const { ms, most } = limit
  const started = performance.now()
  let before: string | undefined
  let ended = false
  let timer: NodeJS.Timeout
  const check = async () => {
    const last = await lastRequest().catch(() => before)
    if (ended) return
    const elapsed = performance.now() - started
    if (elapsed >= most || (elapsed >= ms && last === before)) {
      onLimit()
      return
    }
    before = last
    wait()
  }
  const wait = () => {
    const left = Math.min(ms / 2, started + most - performance.now())
    timer = setTimeout(() => void check(), Math.max(1, left))
  }
  wait()
  return () => {
    ended = true
    clearTimeout(timer)
  }
}

/** Variables whose values the output must not show. */
const SECRET_NAME = /TOKEN|PASSWORD|KEY|SECRET|AUTHORIZATION/

function withoutSecrets(output: string, env: Execution['env']): string {
  return Object.entries(env)
    .filter(([name, value = '']) => SECRET_NAME.test(name) && value.length >= 8)
    .reduce((text, [, value = '']) => text.replaceAll(value, '[redacted]'), output)
}
