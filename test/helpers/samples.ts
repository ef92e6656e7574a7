import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../examples/receivers/', import.meta.url))

/** Commands that run the sample receivers of `examples/receivers`. */
export const SAMPLES = {
  'naive.ts': [process.execPath, '--import', import.meta.resolve('tsx'), `${FOLDER}naive.ts`],
  'careful.ts': [process.execPath, '--import', import.meta.resolve('tsx'), `${FOLDER}careful.ts`],
  'naive.py': ['python3', `${FOLDER}naive.py`],
  'careful.py': ['python3', `${FOLDER}careful.py`],
} as const
export type Sample = keyof typeof SAMPLES

export interface RunningSample {
  readonly url: string
  readonly child: ChildProcess
}

/** Starts a sample receiver on a free port and waits until it is ready. */
export function startSample(name: Sample, secret: string): Promise<RunningSample> {
  const [command, ...args] = SAMPLES[name]
  const env = { ...process.env, PORT: '0', WEBHOOK_SECRET: secret }
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  return new Promise((resolve, reject) => {
    let out = ''
    child.on('error', reject)
    child.on('close', (code) => reject(new Error(`${name} has ended with ${code}`)))
    child.stdout.on('data', (chunk) => {
      out += String(chunk)
      const url = /^ready (.*)\n/.exec(out)?.[1]
      if (url !== undefined) resolve({ url, child })
    })
  })
}

/** Sample receivers shared by many tests; one that has exited is started again. */
export class Samples {
  readonly #secret: string
  readonly #running = new Map<Sample, RunningSample>()

  constructor(secret: string) {
    this.#secret = secret
  }

  async get(name: Sample): Promise<RunningSample> {
    const known = this.#running.get(name)
    if (known?.child.exitCode === null) return known
    const started = await startSample(name, this.#secret)
    this.#running.set(name, started)
    return started
  }

  stop(): void {
    for (const { child } of this.#running.values()) child.kill('SIGKILL')
  }
}
