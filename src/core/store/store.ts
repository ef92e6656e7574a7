import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import { Low } from 'lowdb'
import type { Counters } from '../fake.ts'
import type { Log } from '../log.ts'
import { Problem } from '../problem.ts'
import type { Collection, Row, State } from './state.ts'
import { MemoryState } from './memory.ts'
import { recordsAfter, writeAheadLogFile, writeAheadLogsIn, makeFolder } from './recovery.ts'
import { WriteAheadLog, type Disk, type Durability } from './write-ahead-log.ts'
import { acquireLock } from './lock.ts'
import type { Change, Undo } from './indexed-rows.ts'
import { FORMAT, type Document, type Tables } from './document.ts'
import { StateFileAdapter, summaryOf, syncFolder } from './state-file.ts'
import { codeOf, messageOf } from '../errors.ts'

export interface StoreOptions {
  /** Folder of the state; undefined: in memory only. */
  readonly folder?: string | undefined
  readonly durability: Durability
  readonly tables: Tables
  /** Starts from the last good state when the newest cannot be read. */
  readonly recover?: boolean
  readonly log: Log
  readonly disk?: Disk
  /** Receives the duration of each write to the write-ahead log, in milliseconds. */
  readonly onFlush?: ((milliseconds: number) => void) | undefined
}

/** Milliseconds without a change after which the state file is written. */
const IDLE = 250
/** Bytes in the write-ahead log at which the state file is written without waiting for idleness. */
const LOG_LIMIT = 64 * 1024 * 1024

/**
 * The state of one sandbox: rows in memory, a write-ahead log that makes a change durable before it
 * is acknowledged, and the state file, which lowdb writes when the server is idle.
 *
 * A folder holds `state.json`, `state.previous.json`, `write-ahead-<first transaction>.log` with
 * the changes after them, and `lock`.
 */
export class Store implements State, Counters {
  readonly #options: StoreOptions
  readonly #memory: MemoryState
  /** Counters that changed since the last transaction, refused requests' included. */
  readonly #changedCounters = new Set<string>()
  readonly #folder: string | undefined
  #seq = 0
  /** Transactions that are not durable yet, oldest first, with the changes that revert them. */
  #unsaved: { readonly seq: number; readonly undo: readonly Undo[] }[] = []
  /** Changes of the running transaction, and the changes that revert them. */
  #changes: Change[] = []
  #undo: Undo[] = []
  #writeAheadLog: WriteAheadLog | undefined
  #db: Low<Document> | undefined
  #releaseLock: (() => void) | undefined
  #idleTimer: NodeJS.Timeout | undefined
  /** The writing of the state file that is under way. */
  #writing: Promise<void> | undefined
  /** The last transaction in the state file. */
  #writtenSeq = 0
  /** Milliseconds that the last writing of the state file took. */
  #writeTime = 0
  #closed = false

  private constructor(options: StoreOptions) {
    this.#options = options
    this.#folder = options.folder
    this.#memory = new MemoryState(options.tables, (undo, change) => {
      this.#undo.push(undo)
      this.#changes.push(change)
    })
  }

  /** Creates a store without files. */
  static inMemory(options: Pick<StoreOptions, 'tables' | 'log'>): Store {
    return new Store({ ...options, durability: 'none' })
  }

  /** True when the store was empty when it was opened, and so still needs its fixtures. */
  isNew = true

  /**
   * Opens the store of a folder, or one in memory.
   *
   * @throws Error with a message for the person at the terminal when the folder is in use or cannot
   *   be written, or a file in it cannot be read
   */
  static async open(options: StoreOptions): Promise<Store> {
    const store = new Store(options)
    if (options.folder !== undefined) await store.#open(options.folder)
    return store
  }

  get tables(): Tables {
    return this.#options.tables
  }

  collection<T extends Row>(name: string): Collection<T> {
    // Each API names its own tables and decides the type of their rows.
    return this.#memory.rows(name) as unknown as Collection<T>
  }

  next(stream: string): number {
    const { counters } = this.#memory
    const n = counters.get(stream) ?? 0
    counters.set(stream, n + 1)
    this.#changedCounters.add(stream)
    return n
  }

  /** Reads a setting of the sandbox as a whole; undefined when it is not set. */
  setting(name: string): unknown {
    return this.#memory.settings.get(name)
  }

  /** Changes a setting, as part of the running transaction. */
  setSetting(name: string, value: unknown): void {
    this.#undo.push(['set', name, this.#memory.settings.get(name)])
    this.#changes.push(['set', name, value])
    this.#apply(['set', name, value])
  }

  /** Replaces the whole state by a document, as part of the running transaction. */
  replaceAll(document: Document): void {
    this.#undo.push(['all', this.document()])
    this.#changes.push(['all', document])
    this.#apply(['all', document])
  }

  /** The present state as a document. */
  document(): Document {
    return this.#memory.toDocument(this.#seq)
  }

  /** A document without rows. */
  static empty(): Document {
    return { standin: { format: FORMAT, seq: 0, counters: {} } }
  }

  /** Runs one operation as a transaction: all of its changes are made and saved, or none. */
  transact<T>(work: () => T): T {
    if (this.#closed) {
      // To accept the change would be to acknowledge something that is never saved.
      throw new Problem(404, 'sandbox.unknown', 'The sandbox was removed meanwhile')
    }
    try {
      const result = work()
      if (this.#changes.length > 0) this.#commit()
      return result
    } catch (error) {
      this.#revert(this.#undo)
      throw error
    } finally {
      this.#changes = []
      this.#undo = []
    }
  }

  /** Runs an operation for its result and reverts all of its changes. */
  dryRun<T>(work: () => T): T {
    try {
      return work()
    } finally {
      this.#revert(this.#undo)
      this.#changes = []
      this.#undo = []
    }
  }

  /** True when the present state includes changes that are not durable yet. */
  get hasUnsavedChanges(): boolean {
    return this.#unsaved.length > 0
  }

  /** True when the last write to the disk failed. */
  isFailing = false

  /**
   * Waits until all changes of the present state are durable.
   *
   * @throws Problem 500 state.write-failed when the write failed and the changes were reverted
   */
  async saved(): Promise<void> {
    if (this.#options.durability === 'none') return
    try {
      await this.#writeAheadLog?.pending()
    } catch (error) {
      throw this.#writeFailed(error)
    }
  }

  /** Writes the state file and releases the folder. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idleTimer)
    await this.#writeAheadLog?.pending()?.catch(() => {})
    await this.#writing
    // The next start must not read a log that may hold refused changes.
    const mustWrite =
      this.#changedCounters.size > 0 ||
      this.#seq > this.#writtenSeq ||
      this.#writeAheadLog?.isReady === false
    if (this.#writeAheadLog && mustWrite) await this.#writeOrWarn()
    this.#writeAheadLog?.close()
    this.#releaseLock?.()
    this.#writeAheadLog = undefined
  }

  #commit(): void {
    if (!this.#writeAheadLog) {
      this.#changedCounters.clear()
      return
    }
    if (!this.#writeAheadLog.isReady) this.#continueLog()
    for (const stream of this.#changedCounters) {
      this.#changes.push(['count', stream, this.#memory.counters.get(stream)!]) // next() has set it
    }
    this.#changedCounters.clear()
    this.#seq++
    this.#unsaved.push({ seq: this.#seq, undo: this.#undo })
    this.#writeAheadLog.append({ seq: this.#seq, changes: this.#changes })
    this.#scheduleWrite()
  }

  #onDurable(seq: number): void {
    this.isFailing = false
    const firstUnsaved = this.#unsaved.findIndex((transaction) => transaction.seq > seq)
    this.#unsaved = firstUnsaved < 0 ? [] : this.#unsaved.slice(firstUnsaved)
  }

  /** Reverts every transaction that is not durable, the newest first. */
  #onWriteFailure(error: unknown): void {
    this.isFailing = true
    if (this.#options.durability === 'none') {
      // These changes are acknowledged already and must stay; the state file may still be written.
      this.#options.log.warn(`changes are in memory only: ${messageOf(error)}`)
      this.#unsaved = []
      return
    }
    for (const { seq, undo } of this.#unsaved.toReversed()) {
      this.#revert(undo)
      this.#seq = seq - 1
    }
    this.#unsaved = []
  }

  #writeFailed(error: unknown): Problem {
    const message = `The state could not be written to ${this.#folder}: ${messageOf(error)}`
    return new Problem(500, 'state.write-failed', message, { cause: error })
  }

  #revert(undo: readonly Undo[]): void {
    for (const change of undo.toReversed()) this.#apply(change)
  }

  #apply(change: Undo): void {
    if (change[0] === 'all') this.#changedCounters.clear()
    this.#memory.apply(change)
  }

  // --- opening ---------------------------------------------------------------------------------

  async #open(folder: string): Promise<void> {
    try {
      makeFolder(folder)
      fs.accessSync(folder, fs.constants.W_OK)
    } catch (error) {
      const code = codeOf(error)
      const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'a file has that name' : code
      throw new Error(
        `The data folder ${folder} cannot be written (${reason}); name another with --data, or use --memory`,
        { cause: error },
      )
    }
    this.#releaseLock = await acquireLock(folder)
    try {
      await this.#read(folder)
    } catch (error) {
      this.#releaseLock()
      throw error
    }
  }

  async #read(folder: string): Promise<void> {
    const file = join(folder, 'state.json')
    const previous = join(folder, 'state.previous.json')
    for (const name of fs.readdirSync(folder)) {
      if (name.endsWith('.tmp')) fs.rmSync(join(folder, name), { force: true })
    }
    if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
      throw new Error(`${file} is a folder; mount or name the data folder, not the file in it`)
    }
    const empty = Store.empty()
    this.#db = new Low(this.#adapter(file, previous), empty)
    try {
      await this.#db.read()
    } catch (error) {
      if (!this.#options.recover) throw error
      this.#db = await this.#recover(folder, empty, error)
    }
    this.#load(this.#db.data)
    const hasState = fs.existsSync(file)
    const firstLog = writeAheadLogsIn(folder)[0]
    this.#writeAheadLog = new WriteAheadLog(this.#options.durability, this.#options.disk ?? fs, {
      onDurable: (seq) => this.#onDurable(seq),
      onFailure: (error) => this.#onWriteFailure(error),
      onWrite: this.#options.onFlush,
    })
    if (!hasState && firstLog && firstLog.first > 1 && this.#seq === 0) {
      throw new Error(
        `${file} is missing, but ${basename(firstLog.file)} continues it; put it back, or empty the folder to start with no users`,
      )
    }
    const hasSeq = this.#seq !== Infinity
    this.#replay(folder)
    // A first start that was killed before its fixtures were saved is a first start again.
    this.isNew = this.#seq === 0 && !this.#memory.hasRows
    if (hasState && hasSeq) this.#continueLog()
    else await this.#writeStateFile()
  }

  /**
   * Sets the unreadable state file aside and opens the previous one. Without a good previous one no
   * file is touched.
   *
   * @param error the failure to read the state file
   */
  async #recover(folder: string, empty: Document, error: unknown): Promise<Low<Document>> {
    const file = join(folder, 'state.json')
    const previous = join(folder, 'state.previous.json')
    const { tables, log } = this.#options
    let fallback: Document | null
    const fail = (reason: string) =>
      new Error(
        `${summaryOf(error)}; ${reason}. Put a good copy of either in place, or empty ${folder} to start with no users`,
      )
    try {
      fallback = await new StateFileAdapter(previous, previous, tables).read()
    } catch (previousError) {
      throw fail(summaryOf(previousError))
    }
    // Without a previous state, the logs alone are the state when they begin with transaction 1.
    if (!fallback && (writeAheadLogsIn(folder)[0]?.first ?? 1) > 1) {
      throw fail(`there is no ${previous}`)
    }
    const aside = `${file}.corrupt-${Date.now()}`
    fs.renameSync(file, aside)
    if (fallback) fs.copyFileSync(previous, file)
    log.warn(
      `${summaryOf(error)}; it is now ${basename(aside)}, and ${fallback ? basename(previous) : 'the write-ahead log'} is used instead`,
    )
    const db = new Low(this.#adapter(file, previous), empty)
    await db.read()
    return db
  }

  #adapter(file: string, previous: string): StateFileAdapter {
    const isBusy = () => !this.#closed && this.#writeAheadLog?.pending() !== undefined
    return new StateFileAdapter(file, previous, this.#options.tables, isBusy)
  }

  #load(document: Document): void {
    // A file made by hand has no transaction number: it supersedes everything in the log.
    const { seq } = document.standin
    this.#seq = typeof seq === 'number' ? seq : Infinity
    this.#writtenSeq = this.#seq
    this.#memory.load(document)
  }

  #replay(folder: string): void {
    const { records, newest } = recordsAfter(folder, this.#seq, this.#options)
    for (const { seq, changes } of records) {
      for (const change of changes) this.#apply(change)
      this.#seq = seq
    }
    if (this.#seq === Infinity) this.#seq = this.#writtenSeq = newest
  }

  // --- writing ---------------------------------------------------------------------------------

  /** Opens the log file that begins with the first transaction that is not durable yet. */
  #continueLog(): void {
    const first = this.#unsaved[0]?.seq ?? this.#seq + 1
    try {
      this.#writeAheadLog!.switchTo(writeAheadLogFile(this.#folder!, first))
    } catch (error) {
      throw this.#writeFailed(error)
    }
  }

  #scheduleWrite(): void {
    if (this.#writeAheadLog!.size > LOG_LIMIT) {
      this.#startWriting()
      return
    }
    // A large state is written less often: the pause is at least twenty times the last write time.
    if (this.#idleTimer) this.#idleTimer.refresh()
    else {
      const pause = Math.max(IDLE, 20 * this.#writeTime)
      this.#idleTimer = setTimeout(() => this.#startWriting(), pause)
      this.#idleTimer.unref()
    }
  }

  #startWriting(): void {
    clearTimeout(this.#idleTimer)
    this.#idleTimer = undefined
    this.#writing ??= this.#writeOrWarn().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeOrWarn(): Promise<void> {
    try {
      await this.#writeStateFile()
    } catch (error) {
      this.#options.log.warn(
        `the state file could not be written (${messageOf(error)}); nothing is lost, the write-ahead log holds the changes`,
      )
    }
  }

  /** Writes the present state to the state file; meanwhile the log continues in a new file. */
  async #writeStateFile(): Promise<void> {
    const folder = this.#folder!
    const started = performance.now()
    const { document, durable } = await this.#capture()
    await syncFolder(folder)
    // The document may include changes of the batch being written; if that fails, so does this.
    await durable
    this.#db!.data = document
    await this.#db!.write()
    const previousSeq = this.#writtenSeq
    this.#writtenSeq = document.standin.seq
    // The logs after the previous state file stay, to recover from.
    const files = writeAheadLogsIn(folder)
    for (const [i, { file }] of files.entries()) {
      const nextFirst = files[i + 1]?.first ?? Infinity
      if (nextFirst - 1 <= previousSeq) fs.rmSync(file, { force: true })
    }
    this.#writeTime = performance.now() - started
  }

  /** Takes a document and opens the log file that continues it, between two writes of the log. */
  #capture(): Promise<{ document: Document; durable: Promise<void> | undefined }> {
    return new Promise((resolve, reject) => {
      this.#writeAheadLog!.betweenWrites(() => {
        try {
          this.#continueLog()
          const durable = this.#writeAheadLog!.pending()
          resolve({ document: this.document(), durable })
        } catch (error) {
          reject(error)
        }
      })
    })
  }
}
