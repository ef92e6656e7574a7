import * as fs from 'node:fs'
import { join } from 'node:path'
import { describeSyntaxError } from '../formats/json.ts'
import type { Log } from '../log.ts'
import { Problem } from '../problem.ts'
import { isRecord } from '../contract/schema.ts'
import { messageOf } from '../errors.ts'
import { documentDefect, type Document, type Tables } from './document.ts'
import { writeAtomically } from './atomic-write.ts'

/** A named copy of a sandbox's state. */
export interface SavedState {
  readonly name: string
  /** Milliseconds since 1970, by the sandbox's clock. */
  readonly savedAt: number
  readonly document: Document
}

/** The snapshots of a sandbox, each in a file of its own where there is a folder. */
export class Snapshots {
  readonly #byName = new Map<string, SavedState>()
  readonly #folder: string | undefined
  /** Modification time of the newest file, in milliseconds since 1970. */
  #newestFileTime = 0

  constructor(folder?: string) {
    this.#folder = folder
  }

  /** The snapshots in the order in which they were saved. */
  get all(): readonly SavedState[] {
    return [...this.#byName.values()]
  }

  get(name: string): SavedState | undefined {
    return this.#byName.get(name)
  }

  /**
   * Saves a snapshot; one with the same name is replaced.
   *
   * @throws Problem 500 state.write-failed
   */
  save(snapshot: SavedState): void {
    if (this.#folder !== undefined) {
      // Files written within one tick of the file system's coarse clock would have no order.
      this.#newestFileTime = Math.max(Date.now(), this.#newestFileTime + 1)
      write(this.#folder, snapshot, this.#newestFileTime)
    }
    this.#byName.delete(snapshot.name)
    this.#byName.set(snapshot.name, snapshot)
  }

  delete(name: string): void {
    this.#byName.delete(name)
    if (this.#folder !== undefined) fs.rmSync(join(this.#folder, `${name}.json`), { force: true })
  }

  /** Loads the snapshots of the folder; an unreadable one is skipped with a warning. */
  load(tables: Tables, log: Log): void {
    const folder = this.#folder
    if (folder === undefined || !fs.existsSync(folder)) return
    const names = fs.readdirSync(folder)
    // Left behind by a process that was killed while it wrote.
    for (const name of names.filter((one) => one.endsWith('.tmp'))) {
      fs.rmSync(join(folder, name), { force: true })
    }
    const found = names
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => {
        const file = join(folder, name)
        try {
          return [readSnapshot(file, tables)]
        } catch (error) {
          log.warn(`${file} is skipped, correct or delete it: ${messageOf(error)}`)
          return []
        }
      })
    // Ordered by the machine's time: the sandbox's own clock may have been held or set back.
    found.sort((a, b) => a.writtenAt - b.writtenAt)
    for (const { snapshot } of found) {
      this.#byName.set(snapshot.name, snapshot)
    }
    this.#newestFileTime = Math.ceil(found.at(-1)?.writtenAt ?? 0)
  }
}

/** @param modifiedAt milliseconds since 1970 */
function write(folder: string, snapshot: SavedState, modifiedAt: number): void {
  const file = join(folder, `${snapshot.name}.json`)
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeAtomically(file, JSON.stringify(snapshot))
    fs.utimesSync(file, modifiedAt / 1000, modifiedAt / 1000)
  } catch (cause) {
    const message = `The snapshot could not be written to ${file}: ${messageOf(cause)}`
    throw new Problem(500, 'state.write-failed', message, { cause })
  }
}

/** @throws Error when the file does not hold what `write` writes */
function readSnapshot(file: string, tables: Tables): { snapshot: SavedState; writtenAt: number } {
  const text = fs.readFileSync(file, 'utf8')
  let snapshot: SavedState | null
  try {
    snapshot = JSON.parse(text) as SavedState | null // its document is checked below
  } catch (error) {
    throw new Error(describeSyntaxError(text), { cause: error })
  }
  if (!isRecord(snapshot?.document)) throw new Error('it has no document')
  const defect = documentDefect(snapshot.document, tables)
  if (defect) throw new Error(defect.message)
  return { snapshot, writtenAt: fs.statSync(file).mtimeMs }
}
