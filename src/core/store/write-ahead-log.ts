import * as fs from 'node:fs'
import { checkedLine, textOfCheckedLine } from './checksum.ts'
import type { Change } from './indexed-rows.ts'
import { identityOf } from './files.ts'

/**
 * The condition under which a change counts as saved. `fsync`: it is on the disk; `write`: the
 * operating system has it, so it survives a kill but not a power cut; `none`: at once.
 */
export type Durability = 'fsync' | 'write' | 'none'

/** One transaction in the write-ahead log. */
export interface LogRecord {
  readonly seq: number
  readonly changes: readonly Change[]
  /**
   * The id of the folder that the record was written for; undefined in a log of an older version.
   */
  readonly folder?: string | undefined
}

/** The file system calls that can fail while the server runs; tests replace them. */
export interface Disk {
  openSync(file: string, flags: string, mode: number): number
  writeSync(fd: number, bytes: Uint8Array, offset: number): number
  fdatasync(fd: number, callback: (error: Error | null) => void): void
  ftruncateSync(fd: number, length: number): void
}

/** Records that are written together, with the promise that their callers wait for. */
class Batch {
  text = ''
  /** The last transaction of the batch. */
  lastSeq = 0
  resolve!: () => void
  reject!: (error: unknown) => void
  readonly settled = new Promise<void>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })

  constructor() {
    // If no caller waits, a failure must not become an unhandled rejection.
    this.settled.catch(() => {})
  }

  add(record: LogRecord): void {
    this.text += lineOf(record)
    this.lastSeq = record.seq
  }
}

/** Callbacks of the log to the store; they run before the promises of waiting callers settle. */
export interface WriteAheadLogEvents {
  /** All records up to this one are durable. */
  onDurable(seq: number): void
  /** A write succeeded, after this many milliseconds. */
  onWrite?: ((milliseconds: number) => void) | undefined
  /** A write failed: every record that is not durable yet is discarded. */
  onFailure(error: unknown): void
}

/**
 * An append-only file with one line for each transaction, `crc32 [seq, changes, folder]`. Records
 * appended in one turn of the event loop are written together, and those appended while the disk is
 * busy go into the next write, so one fdatasync serves all callers that wait for it.
 */
export class WriteAheadLog {
  readonly #disk: Disk
  readonly #durability: Durability
  readonly #events: WriteAheadLogEvents
  #fd: number | undefined
  #file = ''
  /** Identifies the file, so that another file at its path is detected. */
  #identity: string | undefined
  /** Length of the file up to the last durable line. */
  #durableSize = 0
  #collecting: Batch | undefined
  #writing: Batch | undefined
  #afterWrite: (() => void) | undefined
  /** True when the file may hold lines of a failed write that could not be truncated. */
  #damaged = false
  #writeStartedAt = 0

  constructor(durability: Durability, disk: Disk, events: WriteAheadLogEvents) {
    this.#durability = durability
    this.#disk = disk
    this.#events = events
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#durableSize
  }

  /** True if a file is open for appending and holds no lines of a failed write. */
  get isReady(): boolean {
    return this.#fd !== undefined && !this.#damaged
  }

  /**
   * Continues in this file. Call it only between two writes. After a failed write that could not be
   * truncated, the content of this file is discarded.
   */
  switchTo(file: string): void {
    // Append mode: after a truncation, an explicit position would leave a hole in the file.
    const fd = this.#disk.openSync(file, 'a', 0o600)
    try {
      if (this.#damaged) this.#disk.ftruncateSync(fd, 0)
    } catch (error) {
      fs.closeSync(fd)
      throw error
    }
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
    this.#fd = fd
    this.#file = file
    const stat = fs.fstatSync(fd)
    this.#identity = identityOf(stat)
    this.#durableSize = stat.size
    this.#damaged = false
  }

  /** The path of the file. */
  get file(): string {
    return this.#file
  }

  /** True when the file is where it was opened: nobody removed, moved or replaced it. */
  get isInPlace(): boolean {
    if (this.#fd === undefined) return true
    return identityOf(fs.statSync(this.#file, { throwIfNoEntry: false })) === this.#identity
  }

  append(record: LogRecord): void {
    if (!this.#collecting) {
      this.#collecting = new Batch()
      if (!this.#writing) setImmediate(() => this.#write())
    }
    this.#collecting.add(record)
  }

  /**
   * Returns a promise that settles when all appended records are durable or discarded; undefined if
   * they are already.
   */
  pending(): Promise<void> | undefined {
    return (this.#collecting ?? this.#writing)?.settled
  }

  /** Runs `work` between two writes, when no record of the collected batch is in the file yet. */
  betweenWrites(work: () => void): void {
    if (this.#writing) this.#afterWrite = work
    else work()
  }

  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
    this.#fd = undefined
  }

  #write(): void {
    const batch = this.#collecting
    if (!batch || this.#writing) return
    this.#collecting = undefined
    this.#writing = batch
    this.#writeStartedAt = performance.now()
    const bytes = Buffer.from(batch.text)
    const fd = this.#fd!
    try {
      for (let done = 0; done < bytes.length;) done += this.#disk.writeSync(fd, bytes, done)
    } catch (error) {
      this.#finish(batch, bytes.length, error)
      return
    }
    if (this.#durability !== 'fsync') this.#finish(batch, bytes.length)
    else this.#disk.fdatasync(fd, (error) => this.#finish(batch, bytes.length, error))
  }

  #finish(batch: Batch, length: number, error?: unknown): void {
    this.#writing = undefined
    // Data in a removed file is lost when the process ends.
    const failure = error ?? (this.isInPlace ? undefined : new Error(`${this.#file} is gone`))
    if (failure) {
      const next = this.#collecting
      this.#collecting = undefined
      this.#truncateFailedWrite()
      this.#events.onFailure(failure)
      batch.reject(failure)
      next?.reject(failure)
    } else {
      this.#durableSize += length
      this.#events.onDurable(batch.lastSeq)
      this.#events.onWrite?.(performance.now() - this.#writeStartedAt)
      batch.resolve()
    }
    const work = this.#afterWrite
    this.#afterWrite = undefined
    work?.()
    this.#write()
  }

  /** Removes the lines of a failed write: refused changes must not reappear at the next start. */
  #truncateFailedWrite(): void {
    try {
      this.#disk.ftruncateSync(this.#fd!, this.#durableSize)
    } catch {
      this.#damaged = true
    }
  }
}

function lineOf({ seq, changes, folder }: LogRecord): string {
  return `${checkedLine(JSON.stringify([seq, changes, folder]))}\n`
}

/** A line of a log file. */
export interface LogLine {
  /** Undefined for a line that does not match its checksum. */
  readonly record: LogRecord | undefined
  /** Number of the line, from 1. */
  readonly number: number
  /** First byte of the line. */
  readonly offset: number
  /** False for a last line without its newline. */
  readonly isWhole: boolean
}

/** Reads the lines of a log file, damaged ones included. */
export function* readWriteAheadLog(file: string): Generator<LogLine> {
  const bytes = fs.readFileSync(file)
  let offset = 0
  for (let number = 1; offset < bytes.length; number++) {
    const newline = bytes.indexOf(0x0a, offset)
    const isWhole = newline >= 0
    const end = isWhole ? newline : bytes.length
    const record = isWhole ? recordOf(bytes.toString('utf8', offset, end)) : undefined
    yield { record, number, offset, isWhole }
    offset = end + 1
  }
}

/** @returns undefined when the checksum does not match, or the line is of another kind of file */
function recordOf(line: string): LogRecord | undefined {
  const text = textOfCheckedLine(line)
  const read: unknown = text === undefined ? undefined : JSON.parse(text)
  if (!Array.isArray(read) || !Number.isInteger(read[0]) || !Array.isArray(read[1]))
    return undefined
  const [seq, changes, folder] = read as [number, Change[], string?] // as lineOf writes it: its checksum is right
  return { seq, changes, folder }
}
