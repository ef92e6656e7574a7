import * as fs from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Change } from './indexed-rows.ts'

/**
 * What an answer waits for: `fsync`, the change is on the disk; `write`, the operating system has
 * it (it outlives the process, not a power cut); `none`, nothing.
 */
export type Durability = 'fsync' | 'write' | 'none'

/** One transaction in the journal. */
export interface LogRecord {
  readonly seq: number
  readonly changes: readonly Change[]
}

/** The calls to the file system that can fail while running; a test makes them fail. */
export interface Disk {
  openSync(file: string, flags: string, mode: number): number
  writeSync(fd: number, bytes: Uint8Array, offset: number): number
  fdatasync(fd: number, callback: (error: Error | null) => void): void
  ftruncateSync(fd: number, length: number): void
}

/** What is written together, and who waits for it. */
class Batch {
  text = ''
  /** The last transaction in it. */
  last = 0
  resolve!: () => void
  reject!: (error: unknown) => void
  readonly settled = new Promise<void>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })

  constructor() {
    // Whoever waits is told; that nobody does is no fault of its own.
    this.settled.catch(() => {})
  }

  add(entry: LogRecord): void {
    this.text += lineOf(entry)
    this.last = entry.seq
  }
}

/** What a journal tells the store, before anybody who waits is told. */
export interface WriteAheadLogEvents {
  /** Every entry up to this one is kept. */
  kept(seq: number): void
  /** A write was kept that took this many milliseconds. */
  wrote?: ((milliseconds: number) => void) | undefined
  /** None of the entries that were not yet kept will be. */
  lost(error: unknown): void
}

/**
 * An append-only file: one line for each transaction, `crc32 [seq, changes]`. Everything that is
 * appended in one turn of the event loop is written at once, and what comes while the disk is
 * busy goes into the next write, so one fdatasync serves all who wait for it.
 */
export class WriteAheadLog {
  readonly #disk: Disk
  readonly #durability: Durability
  readonly #events: WriteAheadLogEvents
  #fd: number | undefined
  /** The file's length up to which every line is whole and kept. */
  #good = 0
  #collecting: Batch | undefined
  #writing: Batch | undefined
  #atRest: (() => void) | undefined
  #damaged = false
  #startedAt = 0

  constructor(durability: Durability, disk: Disk, events: WriteAheadLogEvents) {
    this.#durability = durability
    this.#disk = disk
    this.#events = events
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#good
  }

  /** Whether there is a file to append to, and it holds nothing that was refused. */
  get isReady(): boolean {
    return this.#fd !== undefined && !this.#damaged
  }

  /** Goes on in this file; only at rest. What it held after a failure is not taken over. */
  turnTo(file: string): void {
    // Always at the end: after a taken back line a position of its own would leave a hole.
    const fd = this.#disk.openSync(file, 'a', 0o600)
    try {
      if (this.#damaged) this.#disk.ftruncateSync(fd, 0)
    } catch (error) {
      fs.closeSync(fd)
      throw error
    }
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
    this.#fd = fd
    this.#good = fs.fstatSync(fd).size
    this.#damaged = false
  }

  append(entry: LogRecord): void {
    if (!this.#collecting) {
      this.#collecting = new Batch()
      if (!this.#writing) setImmediate(() => this.#write())
    }
    this.#collecting.add(entry)
  }

  /** Settles when all that was appended so far is kept or lost; undefined when it is already. */
  pending(): Promise<void> | undefined {
    return (this.#collecting ?? this.#writing)?.settled
  }

  /** Runs this between two writes: everything before the collected batch is kept, nothing of it is. */
  atRest(work: () => void): void {
    if (this.#writing) this.#atRest = work
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
    this.#startedAt = performance.now()
    const bytes = Buffer.from(batch.text)
    const fd = this.#fd!
    try {
      for (let done = 0; done < bytes.length;) done += this.#disk.writeSync(fd, bytes, done)
    } catch (error) {
      this.#done(batch, bytes.length, error)
      return
    }
    if (this.#durability !== 'fsync') this.#done(batch, bytes.length)
    else this.#disk.fdatasync(fd, (error) => this.#done(batch, bytes.length, error))
  }

  #done(batch: Batch, length: number, error?: unknown): void {
    this.#writing = undefined
    if (error) {
      const later = this.#collecting
      this.#collecting = undefined
      this.#takeBack()
      this.#events.lost(error)
      batch.reject(error)
      later?.reject(error)
    } else {
      this.#good += length
      this.#events.kept(batch.last)
      this.#events.wrote?.(performance.now() - this.#startedAt)
      batch.resolve()
    }
    const work = this.#atRest
    this.#atRest = undefined
    work?.()
    this.#write()
  }

  /** What was refused to the callers must not come back at the next start. */
  #takeBack(): void {
    try {
      this.#disk.ftruncateSync(this.#fd!, this.#good)
    } catch {
      this.#damaged = true
    }
  }
}

function lineOf({ seq, changes }: LogRecord): string {
  const text = JSON.stringify([seq, changes])
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`
}

/** What a journal file holds. */
export interface Reading {
  readonly entries: readonly LogRecord[]
  /** The line at which reading stopped, with the bytes before it, or undefined at a clean end. */
  readonly torn:
    { readonly line: number; readonly offset: number; readonly last: boolean } | undefined
}

/** Reads whole lines up to the first that is not as it was written. */
export function readWriteAheadLog(file: string): Reading {
  const bytes = fs.readFileSync(file)
  const entries: LogRecord[] = []
  let offset = 0
  while (offset < bytes.length) {
    const end = bytes.indexOf(0x0a, offset)
    const entry = end < 0 ? undefined : entryOf(bytes.toString('utf8', offset, end))
    if (!entry) {
      const last = end < 0 || end === bytes.length - 1
      return { entries, torn: { line: entries.length + 1, offset, last } }
    }
    entries.push(entry)
    offset = end + 1
  }
  return { entries, torn: undefined }
}

function entryOf(line: string): LogRecord | undefined {
  const text = line.slice(9)
  if (line.slice(0, 8) !== crc32(text).toString(16).padStart(8, '0')) return undefined
  const [seq, changes] = JSON.parse(text) as [number, Change[]]
  return { seq, changes }
}
