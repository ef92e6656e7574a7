import * as fs from 'node:fs'
import { join } from 'node:path'
import { whereBroken } from '../formats/json.ts'
import type { Log } from '../log.ts'
import { Problem } from '../problem.ts'
import { isRecord } from '../contract/schema.ts'
import { messageOf } from '../errors.ts'
import { flawIn, type Document, type Tables } from './document.ts'
import { writeAtomically } from './atomic-write.ts'

/** A state under a name that a tester gave it. */
export interface Saved {
  readonly name: string
  /** Milliseconds since 1970, by the sandbox's clock. */
  readonly savedAt: number
  readonly document: Document
}

/** The states that a tester saved, each in a file of its own where there is a folder. */
export class Snapshots {
  readonly #byName = new Map<string, Saved>()
  readonly #folder: string | undefined
  /** Milliseconds since 1970 that the newest file is dated. */
  #newest = 0

  constructor(folder?: string) {
    this.#folder = folder
  }

  /** In the order in which they were saved. */
  get all(): readonly Saved[] {
    return [...this.#byName.values()]
  }

  get(name: string): Saved | undefined {
    return this.#byName.get(name)
  }

  /**
   * Saves it under its name, in place of one that has it already.
   *
   * @throws Problem 500 state.write-failed
   */
  keep(saved: Saved): void {
    if (this.#folder !== undefined) {
      // The system dates files by a coarse clock: those of one of its ticks would have no order.
      this.#newest = Math.max(Date.now(), this.#newest + 1)
      write(this.#folder, saved, this.#newest)
    }
    this.#byName.delete(saved.name)
    this.#byName.set(saved.name, saved)
  }

  forget(name: string): void {
    this.#byName.delete(name)
    if (this.#folder !== undefined) fs.rmSync(join(this.#folder, `${name}.json`), { force: true })
  }

  /** Takes up those that are in the folder; one that cannot be read is left out, and told of. */
  read(tables: Tables, log: Log): void {
    const folder = this.#folder
    if (folder === undefined || !fs.existsSync(folder)) return
    const names = fs.readdirSync(folder)
    // What a killed process was about to write.
    for (const name of names.filter((one) => one.endsWith('.tmp'))) {
      fs.rmSync(join(folder, name), { force: true })
    }
    const found = names
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => {
        const file = join(folder, name)
        try {
          return [readFrom(file, tables)]
        } catch (error) {
          log.warn(`${file} is left out, mend or remove it: ${messageOf(error)}`)
          return []
        }
      })
    // By the machine's time: the sandbox's own may have stood still or gone back meanwhile.
    found.sort((a, b) => a.writtenAt - b.writtenAt)
    for (const { saved } of found) {
      this.#byName.set(saved.name, saved)
    }
    this.#newest = Math.ceil(found.at(-1)?.writtenAt ?? 0)
  }
}

/** @param date milliseconds since 1970 */
function write(folder: string, saved: Saved, date: number): void {
  const file = join(folder, `${saved.name}.json`)
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeAtomically(file, JSON.stringify(saved))
    fs.utimesSync(file, date / 1000, date / 1000)
  } catch (cause) {
    const message = `The snapshot could not be written to ${file}: ${messageOf(cause)}`
    throw new Problem(500, 'state.write-failed', message, { cause })
  }
}

/** Throws when it is not as `write` wrote it. */
function readFrom(file: string, tables: Tables): { saved: Saved; writtenAt: number } {
  const text = fs.readFileSync(file, 'utf8')
  let saved: Saved | null
  try {
    saved = JSON.parse(text) as Saved | null // looked at below
  } catch (error) {
    throw new Error(whereBroken(text), { cause: error })
  }
  const flaw = isRecord(saved?.document) ? flawIn(saved.document, tables) : 'it holds no document'
  if (flaw) throw new Error(flaw)
  return { saved: saved!, writtenAt: fs.statSync(file).mtimeMs }
}
