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
import { lock } from './lock.ts'
import type { Change } from './indexed-rows.ts'
import { FORMAT, type Document, type Tables } from './document.ts'
import { StateFileAdapter, syncFolder } from './state-file.ts'
import { codeOf, messageOf } from '../errors.ts'

export interface StoreOptions {
  /** Where the state is kept; none: in memory only. */
  readonly folder?: string | undefined
  readonly durability: Durability
  /** What is kept, by API and table. */
  readonly tables: Tables
  /** Start from the last good state when the newest cannot be read. */
  readonly recover?: boolean
  readonly log: Log
  readonly disk?: Disk
  /** Told of each write to the journal, in milliseconds. */
  readonly onFlush?: ((milliseconds: number) => void) | undefined
}

/** Milliseconds without a change after which the state file is written. */
const IDLE = 250
/** Bytes in the journal at which the state file is written without waiting for idleness. */
const JOURNAL_LIMIT = 64 * 1024 * 1024

/**
 * The state of one sandbox: rows in memory, a journal that a change is in before it is
 * acknowledged, and the state file, which lowdb writes when there is time.
 *
 * A folder holds `state.json`, `state.previous.json`, `journal-<first transaction>.log` for what
 * came after them, and `lock`.
 */
export class Store implements State, Counters {
  readonly #options: StoreOptions
  readonly #contents: MemoryState
  /** Counters that moved since the last transaction, refusals' included. */
  readonly #moved = new Set<string>()
  readonly #folder: string | undefined
  #seq = 0
  /** How to take back each transaction that is not yet known to be kept, oldest first. */
  #unsure: { readonly seq: number; readonly undo: readonly Change[] }[] = []
  #changes: Change[] = []
  #undo: Change[] = []
  #journal: WriteAheadLog | undefined
  #db: Low<Document> | undefined
  #unlock: (() => void) | undefined
  #idle: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #writtenSeq = 0
  #writeTime = 0
  #closed = false

  private constructor(options: StoreOptions) {
    this.#options = options
    this.#folder = options.folder
    this.#contents = new MemoryState(options.tables, (undo, change) => {
      this.#undo.push(undo)
      this.#changes.push(change)
    })
  }

  /** A store that keeps nothing on disk. */
  static inMemory(options: Pick<StoreOptions, 'tables' | 'log'>): Store {
    return new Store({ ...options, durability: 'none' })
  }

  /** Whether nothing was ever kept in it. */
  isNew = true

  /**
   * @throws Error with a message for the person at the terminal: the folder is in use or cannot
   *   be written, a file in it cannot be read
   */
  static async open(options: StoreOptions): Promise<Store> {
    const store = new Store(options)
    if (options.folder !== undefined) await store.#open(options.folder)
    return store
  }

  /** What is kept, by API and table. */
  get tables(): Tables {
    return this.#options.tables
  }

  collection<T extends Row>(name: string): Collection<T> {
    // Each table holds what its API puts there; the names are the APIs' own.
    return this.#contents.rows(name) as unknown as Collection<T>
  }

  next(stream: string): number {
    const { counters } = this.#contents
    const n = counters.get(stream) ?? 0
    counters.set(stream, n + 1)
    this.#moved.add(stream)
    return n
  }

  /** Something that is set for the sandbox as a whole; undefined when nothing is. */
  setting(name: string): unknown {
    return this.#contents.settings.get(name)
  }

  /** Sets it, as part of the running transaction. */
  set(name: string, value: unknown): void {
    this.#undo.push(['set', name, this.#contents.settings.get(name)])
    this.#changes.push(['set', name, value])
    this.#apply(['set', name, value])
  }

  /** Puts a document in the place of everything, as part of the running transaction. */
  replaceAll(document: Document): void {
    this.#undo.push(['all', this.document()])
    this.#changes.push(['all', document])
    this.#apply(['all', document])
  }

  /** What is there now. */
  document(): Document {
    return this.#contents.document(this.#seq)
  }

  /** A document in which there is nothing. */
  static empty(): Document {
    return { standin: { format: FORMAT, seq: 0, counters: {} } }
  }

  /** Runs one operation: all of its changes are made and kept together, or none. */
  transact<T>(work: () => T): T {
    if (this.#closed) {
      // Whoever was on the way here would be told of something that nobody keeps.
      throw new Problem(404, 'sandbox.unknown', 'The sandbox was removed meanwhile')
    }
    try {
      const result = work()
      if (this.#changes.length > 0) this.#commit()
      return result
    } catch (error) {
      this.#takeBack(this.#undo)
      throw error
    } finally {
      this.#changes = []
      this.#undo = []
    }
  }

  /** Runs an operation for what it returns, and takes back all that it changed. */
  undone<T>(work: () => T): T {
    try {
      return work()
    } finally {
      this.#takeBack(this.#undo)
      this.#changes = []
      this.#undo = []
    }
  }

  /** Whether something of this moment's state is not yet kept. */
  get isUnsure(): boolean {
    return this.#unsure.length > 0
  }

  /** Whether the disk refused the last change that it was given. */
  isFailing = false

  /**
   * Waits until everything that this moment's state rests on is kept.
   *
   * @throws Problem 500 state.write-failed when it could not be, and was taken back
   */
  async saved(): Promise<void> {
    if (this.#options.durability === 'none') return
    try {
      await this.#journal?.pending()
    } catch (error) {
      throw this.#refusal(error)
    }
  }

  /** Writes the state file and gives the folder free. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    await this.#journal?.pending()?.catch(() => {})
    await this.#writing
    // A journal that may hold what was refused must not be what the next start goes on from.
    const changed =
      this.#moved.size > 0 || this.#seq > this.#writtenSeq || this.#journal?.isReady === false
    if (this.#journal && changed) await this.#writeNow()
    this.#journal?.close()
    this.#unlock?.()
    this.#journal = undefined
  }

  #commit(): void {
    if (!this.#journal) {
      this.#moved.clear()
      return
    }
    if (!this.#journal.isReady) this.#continueJournal()
    for (const stream of this.#moved) {
      this.#changes.push(['count', stream, this.#contents.counters.get(stream)!]) // moved, so it is there
    }
    this.#moved.clear()
    this.#seq++
    this.#unsure.push({ seq: this.#seq, undo: this.#undo })
    this.#journal.append({ seq: this.#seq, changes: this.#changes })
    this.#afterAWhile()
  }

  #kept(seq: number): void {
    this.isFailing = false
    const unsure = this.#unsure.findIndex((transaction) => transaction.seq > seq)
    this.#unsure = unsure < 0 ? [] : this.#unsure.slice(unsure)
  }

  /** The disk refused: everything that waits for it is taken back, the newest first. */
  #lost(error: unknown): void {
    this.isFailing = true
    if (this.#options.durability === 'none') {
      // Nobody was made to wait, so nothing can be taken back; the state file may still be written.
      this.#options.log.warn(`changes are in memory only: ${messageOf(error)}`)
      this.#unsure = []
      return
    }
    for (const { seq, undo } of this.#unsure.toReversed()) {
      this.#takeBack(undo)
      this.#seq = seq - 1
    }
    this.#unsure = []
  }

  #refusal(error: unknown): Problem {
    const message = `The state could not be written to ${this.#folder}: ${messageOf(error)}`
    return new Problem(500, 'state.write-failed', message, { cause: error })
  }

  #takeBack(undo: readonly Change[]): void {
    for (const change of undo.toReversed()) this.#apply(change)
  }

  #apply(change: Change): void {
    if (change[0] === 'all') this.#moved.clear()
    this.#contents.apply(change)
  }

  // --- files -----------------------------------------------------------------------------------

  async #open(folder: string): Promise<void> {
    try {
      makeFolder(folder)
      fs.accessSync(folder, fs.constants.W_OK)
    } catch (error) {
      const code = codeOf(error)
      const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'there is a file in its place' : code
      throw new Error(
        `The data folder ${folder} cannot be written (${why}); name another with --data, or keep nothing with --memory`,
        { cause: error },
      )
    }
    this.#unlock = await lock(folder)
    try {
      await this.#read(folder)
    } catch (error) {
      this.#unlock()
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
      this.#db = await this.#recovered(folder, empty, error as Error) // the adapter throws no other
    }
    this.#load(this.#db.data)
    const hasState = fs.existsSync(file)
    const first = writeAheadLogsIn(folder)[0]
    this.#journal = new WriteAheadLog(this.#options.durability, this.#options.disk ?? fs, {
      kept: (seq) => this.#kept(seq),
      lost: (error) => this.#lost(error),
      wrote: this.#options.onFlush,
    })
    if (!hasState && first && first.first > 1 && this.#seq === 0) {
      throw new Error(
        `${file} is missing, but ${basename(first.file)} goes on from it; put it back, or empty the folder to begin anew`,
      )
    }
    const numbered = this.#seq !== Infinity
    this.#replay(folder)
    // A first start that was killed before its fixtures were in is a first start again.
    this.isNew = this.#seq === 0 && !this.#contents.hasRows
    if (hasState && numbered) this.#continueJournal()
    else await this.#write()
  }

  /** Goes on from the state before, if that is good; otherwise nothing is touched. */
  async #recovered(folder: string, empty: Document, why: Error): Promise<Low<Document>> {
    const file = join(folder, 'state.json')
    const previous = join(folder, 'state.previous.json')
    const { tables, log } = this.#options
    const fallback = await new StateFileAdapter(previous, previous, tables)
      .read()
      .catch((error: unknown) => messageOf(error))
    if (
      typeof fallback === 'string' ||
      (!fallback && (writeAheadLogsIn(folder)[0]?.first ?? 1) > 1)
    ) {
      const neither =
        typeof fallback === 'string' ? fallback.split('. ')[0] : `there is no ${previous}`
      throw new Error(
        `${why.message.split('. ')[0]}; ${neither}. Put a good copy of either in place, or empty ${folder} to begin anew`,
      )
    }
    const aside = `${file}.corrupt-${Date.now()}`
    fs.renameSync(file, aside)
    if (fallback) fs.copyFileSync(previous, file)
    log.warn(
      `${why.message.split('. ')[0]}; it is now ${basename(aside)}, and ${fallback ? basename(previous) : 'the journal'} is used instead`,
    )
    const db = new Low(this.#adapter(file, previous), empty)
    await db.read()
    return db
  }

  #adapter(file: string, previous: string): StateFileAdapter {
    const isBusy = () => !this.#closed && this.#journal?.pending() !== undefined
    return new StateFileAdapter(file, previous, this.#options.tables, isBusy)
  }

  #load(document: Document): void {
    // A file made by hand names no transaction: it stands for all that the journal has.
    const { seq } = document.standin
    this.#seq = typeof seq === 'number' ? seq : Infinity
    this.#writtenSeq = this.#seq
    this.#contents.fill(document)
  }

  #replay(folder: string): void {
    const { entries, newest } = recordsAfter(folder, this.#seq, this.#options)
    for (const { seq, changes } of entries) {
      for (const change of changes) this.#apply(change)
      this.#seq = seq
    }
    if (this.#seq === Infinity) this.#seq = this.#writtenSeq = newest
  }

  /** Opens the journal for the transactions from the first that is not yet kept. */
  #continueJournal(): void {
    const first = this.#unsure[0]?.seq ?? this.#seq + 1
    try {
      this.#journal!.turnTo(writeAheadLogFile(this.#folder!, first))
    } catch (error) {
      throw this.#refusal(error)
    }
  }

  #afterAWhile(): void {
    if (this.#journal!.size > JOURNAL_LIMIT) {
      this.#writeSoon()
      return
    }
    // A big state is written less often: not again before twenty times the last writing's time.
    if (this.#idle) this.#idle.refresh()
    else {
      this.#idle = setTimeout(() => this.#writeSoon(), Math.max(IDLE, 20 * this.#writeTime))
      this.#idle.unref()
    }
  }

  #writeSoon(): void {
    clearTimeout(this.#idle)
    this.#idle = undefined
    this.#writing ??= this.#writeNow().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeNow(): Promise<void> {
    try {
      await this.#write()
    } catch (error) {
      this.#options.log.warn(
        `the state file could not be written (${messageOf(error)}); nothing is lost, the journal beside it holds the changes`,
      )
    }
  }

  /** The state file, as of now; the journal goes on in a new file meanwhile. */
  async #write(): Promise<void> {
    const folder = this.#folder!
    const started = performance.now()
    const { document, kept } = await this.#capture()
    await syncFolder(folder)
    // The document holds transactions of the batch that is being written; without them it is void.
    await kept
    this.#db!.data = document
    await this.#db!.write()
    const before = this.#writtenSeq
    this.#writtenSeq = document.standin.seq
    const journals = writeAheadLogsIn(folder)
    for (const [i, { file }] of journals.entries()) {
      const next = journals[i + 1]?.first ?? Infinity
      if (next - 1 <= before) fs.rmSync(file, { force: true })
    }
    this.#writeTime = performance.now() - started
  }

  /** A document and a new journal that goes on from it, between two writes to the journal. */
  #capture(): Promise<{ document: Document; kept: Promise<void> | undefined }> {
    return new Promise((resolve, reject) => {
      this.#journal!.atRest(() => {
        try {
          this.#continueJournal()
          const kept = this.#journal!.pending()
          resolve({ document: this.document(), kept })
        } catch (error) {
          reject(error)
        }
      })
    })
  }
}
