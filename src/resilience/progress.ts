import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../core/errors.ts'
import type { Baseline, CellResult } from './model.ts'
import type { Selection } from './plan.ts'

/** Facts that must be the same for a run to be resumed. */
export interface Identity {
  readonly version: string
  readonly seed: number
  readonly command: readonly string[]
  readonly selection: Selection
}

interface Header {
  readonly identity: Identity
  readonly baseline: Baseline
}

/** The finished cells of a run, in a file that survives an interruption: a header, then a line per cell. */
export class Progress {
  readonly #file: string

  constructor(folder: string) {
    this.#file = join(folder, 'progress.jsonl')
    mkdirSync(folder, { recursive: true })
  }

  start(identity: Identity, baseline: Baseline): void {
    writeFileSync(this.#file, `${JSON.stringify({ identity, baseline } satisfies Header)}\n`)
  }

  add(result: CellResult): void {
    appendFileSync(this.#file, `${JSON.stringify(result)}\n`)
  }

  /**
   * Reads an interrupted run.
   *
   * @throws ConfigError if the folder holds no interrupted run, or one with another identity
   */
  read(identity: Identity): {
    readonly baseline: Baseline
    readonly results: readonly CellResult[]
  } {
    if (!existsSync(this.#file)) {
      throw new ConfigError(`There is nothing to resume: ${this.#file} does not exist`)
    }
    const [first = '', ...lines] = readFileSync(this.#file, 'utf8').split('\n')
    const header = parsed(first) as Header | undefined // `start` wrote it
    if (header === undefined)
      throw new ConfigError(`${this.#file} cannot be read; start a new run without --resume`)
    const different = (Object.keys(identity) as (keyof Identity)[]).filter(
      (key) => JSON.stringify(identity[key]) !== JSON.stringify(header.identity[key]),
    )
    if (different.length > 0) {
      throw new ConfigError(
        `The run in ${this.#file} had another ${different.join(' and ')}; use the same options, or start a new run without --resume`,
      )
    }
    // The last line is incomplete if the process was killed while it wrote.
    const results = lines.map(parsed).filter((one) => one !== undefined) as CellResult[] // `add` wrote them
    return { baseline: header.baseline, results }
  }

  /** Removes the file after the last cell. */
  finish(): void {
    rmSync(this.#file, { force: true })
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
