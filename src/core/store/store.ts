import * as fs from 'node:fs'
import { join } from 'node:path'
import { Low } from 'lowdb'
import type { Counters } from '../fake.ts'
import type { Log } from '../log.ts'
import { Problem } from '../problem.ts'
import type { Collection, Row, State } from './state.ts'
import { MemoryState } from './memory.ts'
import { atOnce } from '../slices.ts'
import { makeFolder, syncFolder } from './files.ts'
import { identified, Manifest, NO_CONTENTS, type Contents } from './manifest.ts'
import { emptyDocument, openFolder, type Opening } from './opening.ts'
import { writeAheadLogFile, writeAheadLogsIn } from './log-continuation.ts'
import { WriteAheadLog, type Disk, type Durability } from './write-ahead-log.ts'
import { acquireLock, type FolderLock } from './lock.ts'
import type { Change, MemoryContent, Undo } from './indexed-rows.ts'
import type { Document, Tables } from './document.ts'
import { StateFileAdapter } from './state-file.ts'
import { codeOf, messageOf } from '../errors.ts'
import { writeFailed } from './write-failed.ts'

export interface StoreOptions {
  /** Folder of the state; undefined: in memory only. */
  readonly folder?: string | undefined
  readonly durability: Durability
  readonly tables: Tables
  /** Starts from the last readable state if the newest cannot be read. */
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
/** Milliseconds between two checks that the files are in place. */
const CHECK_INTERVAL = 500

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
  /** Counters that changed since the last transaction, including those of refused requests. */
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
  #lock: FolderLock | undefined
  /** The state as read from the folder; undefined once the store is started. */
  #opening: Opening | undefined
  #manifest: Manifest | undefined
  #watch: NodeJS.Timeout | undefined
  /**
   * The reason why no change can be saved although the last write may have succeeded, such as a
   * missing file.
   */
  #lost: string | undefined
  /** The missing file that made a rewrite of all files necessary, until the rewrite succeeds. */
  #unwritten: string | undefined
  /** The rewrite of all files that is in progress. */
  #rewriting: Promise<void> | undefined
  #idleTimer: NodeJS.Timeout | undefined
  /** The write of the state file that is in progress. */
  #writing: Promise<void> | undefined
  /** The last transaction in the state file. */
  #writtenSeq = 0
  /** Milliseconds that the last write of the state file took. */
  #writeTime = 0
  #closed = false
  #closing: Promise<void> | undefined
  /**
   * True if the log lacks acknowledged changes: after a failed write with the durability `none`, or
   * after files were removed. Later changes would leave a gap in it, so none is logged until a
   * state file holds all changes.
   */
  #logStopped = false

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

  /** True if the store was empty when it was opened, so that the fixtures must be loaded. */
  isNew = true

  /**
   * Opens the store of a folder, or one in memory.
   *
   * @throws Error with a message for the person at the terminal when the folder is in use or cannot
   *   be written, or a file in it cannot be read
   */
  static async open(options: StoreOptions): Promise<Store> {
    const store = await Store.read(options)
    await store.start()
    return store
  }

  /**
   * Reads the state without writing a new one: it removes temporary files and an incomplete end of
   * the log, and with `--recover` puts unusable files aside. Several stores are read before the
   * first of them is started, so that a refused start leaves all states as they were.
   *
   * @throws as `open` does
   */
  static async read(options: StoreOptions): Promise<Store> {
    const store = new Store(options)
    if (options.folder !== undefined) await store.#open(options.folder)
    return store
  }

  /**
   * Makes the store ready for changes.
   *
   * @throws Error when the files cannot be written; the store is closed then
   */
  async start(): Promise<void> {
    const opening = this.#opening
    if (!opening) return
    this.#opening = undefined
    try {
      await this.#continue(opening)
    } catch (error) {
      await this.#manifest?.close()
      this.#lock?.release()
      throw error
    }
  }

  /** The folder with the files; undefined for a store in memory. */
  get folder(): string | undefined {
    return this.#folder
  }

  /** The files that the folder must hold, as its manifest lists them. */
  get contents(): Contents {
    return this.#opening?.contents ?? this.#manifest?.contents ?? NO_CONTENTS
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

  /** Returns a setting that applies to the whole sandbox; undefined if it is not set. */
  setting(name: string): unknown {
    return this.#memory.settings.get(name)
  }

  /** Changes a setting, as part of the running transaction. */
  setSetting(name: string, value: unknown): void {
    this.#undo.push(['set', name, this.#memory.settings.get(name)])
    this.#changes.push(['set', name, value])
    this.#apply(['set', name, value])
  }

  /** Builds the content of a document for `replaceAll` in steps; the present state stays in use. */
  prepare(document: Document): Generator<undefined, MemoryContent> {
    return this.#memory.prepare(document)
  }

  /**
   * Replaces the whole state by a document, as part of the running transaction.
   *
   * @param prepared its content as `prepare` built it
   */
  replaceAll(document: Document, prepared = atOnce(this.prepare(document))): void {
    this.#changedCounters.clear()
    this.#undo.push(['swap', this.#memory.swap(prepared)])
    this.#changes.push(['all', document])
  }

  /** The number of draws from each stream. */
  get counters(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#memory.counters)
  }

  /** The present state as a document. */
  document(): Document {
    return this.#memory.toDocument(this.#seq)
  }

  /** A document without rows. */
  static empty(): Document {
    return emptyDocument()
  }

  /** Runs one operation as a transaction: all of its changes are made and saved, or none. */
  transact<T>(work: () => T): T {
    if (this.#closed) {
      // A change would be acknowledged but never saved.
      throw new Problem(404, 'sandbox.unknown', 'The sandbox was removed during the request')
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

  /**
   * Writes the state file and releases the folder.
   *
   * @throws Error when the state is not on the disk
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idleTimer)
    clearInterval(this.#watch)
    await this.#writeAheadLog?.pending()?.catch(() => {})
    await this.#writing
    await this.#rewriting
    let failure: Error | undefined
    if (this.#writeAheadLog) {
      this.#checkFiles()
      await this.#rewriting
      // The next start must not read a log that may hold refused changes.
      const mustWrite =
        this.#changedCounters.size > 0 ||
        this.#seq > this.#writtenSeq ||
        !this.#writeAheadLog.isReady
      if (mustWrite && this.#lost === undefined) await this.#writeOrWarn()
      if (this.#lost !== undefined) {
        failure = new Error(`${this.#lost}; the state of this run is not saved`)
      } else if (!this.#isLogComplete && this.#seq > this.#writtenSeq) {
        failure = new Error(`The state could not be saved in ${this.#folder}`)
      }
    }
    this.#writeAheadLog?.close()
    await this.#manifest?.close()
    this.#lock?.release()
    this.#writeAheadLog = undefined
    if (failure) throw failure
  }

  /** The reason why no change can be saved; undefined while the files are in place. */
  get lost(): string | undefined {
    return this.#lost
  }

  /** @throws Problem 500 state.write-failed when the folder must not be written to */
  mustBeWritable(): void {
    if (this.#lost !== undefined) throw this.#writeFailed(new Error(this.#lost))
    if (this.#lock?.isHeld === false)
      throw this.#writeFailed(new Error('this server does not hold the folder any more'))
  }

  /** The list of the files that the folder must hold; undefined for a store in memory. */
  get manifest(): Manifest | undefined {
    return this.#manifest
  }

  #commit(): void {
    if (!this.#writeAheadLog) {
      this.#changedCounters.clear()
      return
    }
    if (this.#lost !== undefined) throw this.#writeFailed(new Error(this.#lost))
    if (!this.#writeAheadLog.isReady && !this.#logStopped) this.#continueLog()
    for (const stream of this.#changedCounters) {
      this.#changes.push(['count', stream, this.#memory.counters.get(stream)!]) // next() has set it
    }
    this.#changedCounters.clear()
    this.#seq++
    if (!this.#logStopped) this.#unsaved.push({ seq: this.#seq, undo: this.#undo })
    if (!this.#logStopped) {
      const { folder } = this.#manifest!.contents // with a log, there is a manifest
      this.#writeAheadLog.append({ seq: this.#seq, changes: this.#changes, folder })
    }
    this.#scheduleWrite()
  }

  #onDurable(seq: number): void {
    this.isFailing = false
    this.#manifest!.advance(seq)
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
      this.#logStopped = true
      this.#checkFiles()
      return
    }
    for (const { seq, undo } of this.#unsaved.toReversed()) {
      this.#revert(undo)
      this.#seq = seq - 1
    }
    this.#unsaved = []
    this.#checkFiles()
  }

  #writeFailed(error: unknown): Problem {
    return writeFailed(this.#folder!, error) // only a store with a folder writes
  }

  #revert(undo: readonly Undo[]): void {
    for (const change of undo.toReversed()) this.#apply(change)
  }

  #apply(change: Undo): void {
    if (change[0] === 'all' || change[0] === 'swap') this.#changedCounters.clear()
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
    this.#lock = await acquireLock(folder)
    try {
      this.#read(folder)
    } catch (error) {
      this.#lock.release()
      throw error
    }
  }

  #read(folder: string): void {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      if (entry.isFile() && entry.name.endsWith('.tmp')) fs.rmSync(join(folder, entry.name))
    }
    const opening = openFolder(folder, this.#options)
    const { document, records, seq, written } = opening
    this.#memory.load(document)
    for (const { changes } of records) for (const change of changes) this.#apply(change)
    this.#seq = seq
    this.#writtenSeq = written
    // If the first start was killed before its fixtures were saved, this one counts as the first.
    this.isNew = seq === 0 && !this.#memory.hasRows
    this.#opening = opening
  }

  async #continue({ document, seq, mustWrite, contents, listed }: Opening): Promise<void> {
    const folder = this.#folder! // only a store with a folder is opened
    this.#manifest = new Manifest(folder, this.#options.durability)
    await this.#manifest.start(seq, identified(contents), listed)
    this.#db = new Low(this.#adapter(folder), document)
    this.#writeAheadLog = new WriteAheadLog(this.#options.durability, this.#options.disk ?? fs, {
      onDurable: (saved) => this.#onDurable(saved),
      onFailure: (error) => this.#onWriteFailure(error),
      onWrite: this.#options.onFlush,
    })
    if (mustWrite) await this.#writeStateFile()
    else this.#continueLog()
    this.#watch = setInterval(() => this.#checkFiles(), CHECK_INTERVAL)
    this.#watch.unref()
  }

  #adapter(folder: string): StateFileAdapter {
    const file = join(folder, 'state.json')
    const previous = join(folder, 'state.previous.json')
    return new StateFileAdapter(file, previous, this.#options.tables, {
      isBusy: () => !this.#closed && this.#writeAheadLog?.pending() !== undefined,
      beforeReplacing: (seq, checksum) => this.#manifest!.addState(seq, checksum),
    })
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
      const held = this.#isLogComplete
        ? 'nothing is lost, the write-ahead log holds the changes'
        : 'the latest changes are in memory only'
      this.#options.log.warn(`the state file could not be written (${messageOf(error)}); ${held}`)
    }
  }

  /** True if the log holds every change that was acknowledged since the state file was written. */
  get #isLogComplete(): boolean {
    return (
      !this.#logStopped && this.#lost === undefined && (this.#writeAheadLog?.isInPlace ?? false)
    )
  }

  /** Writes the present state to the state file; meanwhile the log continues in a new file. */
  async #writeStateFile(): Promise<void> {
    const folder = this.#folder!
    const started = performance.now()
    if (!this.#lock!.isHeld) throw new Error(`${folder} is not in use by this server any more`)
    const { document, durable } = await this.#capture()
    await syncFolder(folder)
    // The document may include changes of the batch being written; if that fails, so does this.
    await durable
    this.#db!.data = document
    await this.#db!.write()
    if (this.#logStopped && this.#seq === document.standin.seq) {
      this.#continueLog()
      this.#logStopped = false
    }
    const previousSeq = this.#writtenSeq
    this.#writtenSeq = document.standin.seq
    // The logs that continue the previous state file are kept for recovery.
    const files = writeAheadLogsIn(folder)
    for (const [i, { file }] of files.entries()) {
      const nextFirst = files[i + 1]?.first ?? Infinity
      if (nextFirst - 1 <= previousSeq) fs.rmSync(file, { force: true })
    }
    this.#writeTime = performance.now() - started
  }

  /** Copies the state and opens the log file for later changes, between two writes of the log. */
  #capture(): Promise<{ document: Document; durable: Promise<void> | undefined }> {
    return new Promise((resolve, reject) => {
      this.#writeAheadLog!.betweenWrites(() => {
        try {
          if (!this.#logStopped) this.#continueLog()
          const durable = this.#writeAheadLog!.pending()
          resolve({ document: this.document(), durable })
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  // --- missing files ---------------------------------------------------------------------------

  /**
   * Detects files that were removed, moved or replaced while the server runs. If the folder is
   * still the same and no other process has taken it, all files are rewritten.
   */
  #checkFiles(): void {
    if (!this.#writeAheadLog || this.#rewriting) return
    const taken = this.#lock!.check()
    if (taken !== undefined) {
      this.#lose(taken)
      return
    }
    const missing = this.#missingFile() ?? this.#unwritten
    if (missing === undefined) {
      if (this.#lost !== undefined) this.#options.log.warn(`${this.#folder} is in place again`)
      this.#lost = undefined
    } else {
      this.#lost ??= `${missing} is gone`
      this.#rewriting = this.#rewrite(missing).finally(() => {
        this.#rewriting = undefined
      })
    }
  }

  #missingFile(): string | undefined {
    if (!this.#writeAheadLog!.isInPlace) return this.#writeAheadLog!.file
    if (!this.#manifest!.isInPlace) return join(this.#folder!, 'manifest')
    const state = join(this.#folder!, 'state.json')
    return fs.existsSync(state) ? undefined : state
  }

  #lose(reason: string): void {
    if (this.#lost === reason) return
    this.#lost = reason
    this.#options.log.warn(`${reason}; changes are refused until this is corrected`)
  }

  /** Rewrites all files of the folder. Changes are refused until this is done. */
  async #rewrite(missing: string): Promise<void> {
    this.#unwritten = missing
    try {
      await this.#writeAheadLog!.pending()?.catch(() => {})
      await this.#writing
      await this.#manifest!.start(this.#seq, this.#manifest!.contents)
      this.#logStopped = true
      await this.#writeStateFile()
      this.#unwritten = undefined
      this.#lost = undefined
      this.isFailing = false
      this.#options.log.warn(
        `${missing} was removed while the server was running; it has been written again`,
      )
    } catch (error) {
      this.#lose(`${missing} is gone and cannot be written again (${messageOf(error)})`)
    }
  }
}
