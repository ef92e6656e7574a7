import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describeSyntaxError } from '../formats/json.ts'
import type { Log } from '../log.ts'
import { Problem } from '../problem.ts'
import { isRecord } from '../contract/schema.ts'
import { codeOf, messageOf } from '../errors.ts'
import { checkedJson, checkJson, checksum } from './checksum.ts'
import { documentDefect, type Document, type Tables } from './document.ts'
import { writeAtomically } from './atomic-write.ts'
import type { Contents } from './manifest.ts'
import type { Store } from './store.ts'
import { writeFailed } from './write-failed.ts'

/** A named copy of a sandbox's state. */
export interface SavedState {
  readonly name: string
  /** Milliseconds since 1970, by the sandbox's clock. */
  readonly savedAt: number
  readonly document: Document
}

/** The parts of the store that snapshots need. */
type SnapshotStore = Pick<Store, 'contents' | 'manifest' | 'mustBeWritable' | 'tables'>

/** The snapshots of a sandbox, each in its own file if the sandbox has a folder. */
export class Snapshots {
  readonly #byName = new Map<string, SavedState>()
  /** The checksum of each file, by which a file from another time or sandbox is detected. */
  readonly #checksums = new Map<string, string>()
  readonly #store: SnapshotStore
  readonly #folder: string | undefined
  /** Modification time of the newest file, in milliseconds since 1970. */
  #newestFileTime = 0
  /** Resolves when the last requested change is made. */
  #changing: Promise<void> = Promise.resolve()

  constructor(store: SnapshotStore, folder?: string) {
    this.#store = store
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
  save(snapshot: SavedState): Promise<void> {
    return this.#inTurn(() => this.#save(snapshot))
  }

  /** @throws Problem 500 state.write-failed */
  delete(name: string): Promise<void> {
    return this.#inTurn(() => this.#delete(name))
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(change)
    this.#changing = changed.catch(() => {})
    return changed
  }

  async #save(snapshot: SavedState): Promise<void> {
    const { name } = snapshot
    if (this.#folder !== undefined) {
      this.#store.mustBeWritable()
      const text = checkedJson(snapshot)
      await this.#list({ [name]: checksum(text) })
      // The file system's clock is coarse: files written within one tick would have no order.
      this.#newestFileTime = Math.max(Date.now(), this.#newestFileTime + 1)
      write(fileOf(this.#folder, name), text, this.#newestFileTime)
      this.#checksums.set(name, checksum(text))
    }
    const isNew = !this.#byName.delete(name)
    this.#byName.set(name, snapshot)
    try {
      await this.#list()
    } catch (error) {
      if (isNew) {
        this.#byName.delete(name)
        fs.rmSync(fileOf(this.#folder!, name), { force: true }) // without a folder, #list does not throw
      }
      throw error
    }
  }

  async #delete(name: string): Promise<void> {
    const snapshot = this.#byName.get(name)
    if (this.#folder !== undefined) this.#store.mustBeWritable()
    this.#byName.delete(name)
    // The manifest is changed first: after a kill in between, the next start would report the snapshot as lost otherwise.
    await this.#list()
    if (this.#folder === undefined) return
    try {
      fs.rmSync(fileOf(this.#folder, name), { force: true })
    } catch (error) {
      if (snapshot) this.#byName.set(name, snapshot)
      throw writeFailed(this.#folder, error)
    }
  }

  /** Loads the snapshots of the folder; a warning names each one that is missing or unreadable. */
  async load(log: Log): Promise<void> {
    const folder = this.#folder
    if (folder === undefined) return
    const listed = this.#store.contents
    const names = namesIn(folder, log)
    // Left behind by a process that was killed while writing.
    for (const name of names.filter((one) => one.endsWith('.tmp'))) {
      fs.rmSync(join(folder, name), { force: true, recursive: true })
    }
    const files = names.filter((name) => name.endsWith('.json'))
    for (const name of Object.keys(listed.snapshots)) {
      if (files.includes(`${name}.json`)) continue
      log.warn(
        `${fileOf(folder, name)} is missing: the snapshot ${name} is lost; put the file back`,
      )
    }
    const found = files.flatMap((name) => {
      const file = join(folder, name)
      try {
        return [readSnapshot(file, this.#store.tables, listed, log)]
      } catch (error) {
        log.warn(`${file} is skipped, correct or delete it: ${messageOf(error)}`)
        return []
      }
    })
    // Ordered by the machine's time: the sandbox's own clock may have been held or set back.
    found.sort((a, b) => a.writtenAt - b.writtenAt)
    for (const { snapshot, crc } of found) {
      this.#byName.set(snapshot.name, snapshot)
      this.#checksums.set(snapshot.name, crc)
    }
    this.#newestFileTime = Math.ceil(found.at(-1)?.writtenAt ?? 0)
    if (names.length > 0 || Object.keys(listed.snapshots).length > 0) await this.#list()
  }

  /**
   * Lists the snapshots in the manifest, so that the next start detects a replaced file.
   *
   * @param saving the checksum of a snapshot that is about to be written, by its name
   */
  async #list(saving: Contents['saving'] = {}): Promise<void> {
    const entries = this.all.map(({ name }) => [name, this.#checksums.get(name) ?? ''] as const)
    const snapshots = Object.fromEntries(entries)
    try {
      await this.#store.manifest?.change((contents) => ({ ...contents, snapshots, saving }))
    } catch (error) {
      throw writeFailed(this.#folder!, error) // a store with a manifest has a folder
    }
  }
}

function fileOf(folder: string, name: string): string {
  return join(folder, `${name}.json`)
}

function namesIn(folder: string, log: Log): readonly string[] {
  try {
    return fs.readdirSync(folder)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') log.warn(`${folder} cannot be read: ${messageOf(error)}`)
    return []
  }
}

/** @param modifiedAt milliseconds since 1970 */
function write(file: string, text: string, modifiedAt: number): void {
  try {
    fs.mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeAtomically(file, text)
    fs.utimesSync(file, modifiedAt / 1000, modifiedAt / 1000)
  } catch (cause) {
    const message = `The snapshot could not be written to ${file}: ${messageOf(cause)}`
    throw new Problem(500, 'state.write-failed', message, { cause })
  }
}

interface ReadSnapshot {
  readonly snapshot: SavedState
  /** The checksum of the file. */
  readonly crc: string
  readonly writtenAt: number
}

/**
 * @param listed the manifest, with the checksums of the files as they were saved last
 * @throws Error when the file does not hold what `save` writes
 */
function readSnapshot(file: string, tables: Tables, listed: Contents, log: Log): ReadSnapshot {
  const text = fs.readFileSync(file, 'utf8')
  let read: (SavedState & { version?: number; checksum?: string }) | null
  try {
    read = JSON.parse(text) as SavedState | null // its document is checked below
  } catch (error) {
    throw new Error(describeSyntaxError(text), { cause: error })
  }
  if (!isRecord(read?.document)) throw new Error('it has no document')
  const defect = documentDefect(read.document, tables)
  if (defect) throw new Error(defect.message)
  const state = checkJson(text)
  if (state === 'bad') {
    throw new Error('it has changed since it was written (to use it as it is, remove its checksum)')
  }
  const { version = 0, checksum: _, ...snapshot } = read
  const name = basename(file, '.json')
  if (snapshot.name !== name) throw new Error('it is another file, or its name has changed')
  const crc = checksum(text)
  const expected = listed.snapshots[name]
  const isExpected = typeof expected === 'number' ? version >= expected : crc === expected
  const isSaved = isExpected || crc === listed.saving[name]
  if (expected !== undefined && (state === 'absent' || !isSaved)) {
    log.warn(`${file} is not the snapshot that was saved last; it is used as it is`)
  }
  return { snapshot, crc, writtenAt: fs.statSync(file).mtimeMs }
}
