import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from '../contract/schema.ts'
import { codeOf, messageOf } from '../errors.ts'
import { checkedLine, textOfCheckedLine } from './checksum.ts'
import { identityOf, syncFolder } from './files.ts'
import type { Durability } from './write-ahead-log.ts'

/**
 * Milliseconds after which a transaction counts as settled. With a shorter time, an answer that a
 * killed server had not sent yet could count as sent.
 */
const SETTLING = 150
/** Length of the first line, which is overwritten in place; less than a sector of a disk. */
const PROGRESS_LENGTH = 128
/**
 * Number of state files whose checksums are listed: the next one, the present one and the previous
 * one.
 */
const STATES = 3

/** The end of the write-ahead log, by its transactions. */
export interface Progress {
  /** The last transaction that was saved. */
  readonly saved: number
  /** The last transaction that was saved long enough ago for its answer to count as sent. */
  readonly settled: number
  readonly durability: Durability
  /**
   * Identifies the present run of the machine: a restart loses data that was not on the disk yet.
   */
  readonly boot: string
}

/** The files that a folder must hold. */
export interface Contents {
  /**
   * Identifies the folder in each line of its write-ahead log, so that the log of another sandbox
   * is detected. Undefined in the manifest of an older version.
   */
  readonly folder?: string | undefined
  /** The last transaction and the checksum of each of the newest state files. */
  readonly states: readonly (readonly [seq: number, checksum: string])[]
  /**
   * The checksum of the file of each snapshot, by the snapshot's name. Older versions stored the
   * number of times that the file had been written.
   */
  readonly snapshots: Readonly<Record<string, string | number>>
  /** The checksum of a snapshot that is about to be written, by its name. */
  readonly saving: Readonly<Record<string, string>>
  /** The version of `sandbox.json` of each kept sandbox, by name. */
  readonly sandboxes: Readonly<Record<string, number>>
}

export interface ManifestReading {
  readonly progress: Progress
  readonly contents: Contents
}

export const NO_CONTENTS: Contents = { states: [], snapshots: {}, saving: {}, sandboxes: {} }

/** Gives the folder an id unless it has one. */
export function identified(contents: Contents): Contents {
  return { ...contents, folder: contents.folder ?? randomBytes(6).toString('base64url') }
}

export function manifestFile(folder: string): string {
  return join(folder, 'manifest')
}

/**
 * Reads the manifest of a folder.
 *
 * @returns undefined if there is none, as in the folder of an older version
 * @throws Error that names the file when it is damaged
 */
export function readManifest(folder: string): ManifestReading | undefined {
  const file = manifestFile(folder)
  let text: string
  try {
    text = fs.readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new Error(`${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  const [first = '', second = '', ...more] = text.split('\n')
  const progress = textOfCheckedLine(first.trimEnd())
  const contents = textOfCheckedLine(second)
  if (progress === undefined) throw new Error(`${file}, line 1, is damaged`)
  if (contents === undefined) throw new Error(`${file}, line 2, is damaged`)
  if (more.join('') !== '') throw new Error(`${file}, line 3, was not written by Standin`)
  const [saved, settled, durability, boot] = JSON.parse(progress) as [
    number,
    number,
    Durability,
    string,
  ] // as #progressLine writes it: its checksum is right
  const read: unknown = JSON.parse(contents)
  return {
    progress: { saved, settled, durability, boot },
    contents: { ...NO_CONTENTS, ...(isRecord(read) ? read : {}) },
  }
}

/**
 * The file `manifest`, which lists the files that a folder must hold and the last transaction of
 * its write-ahead log. Without it, a truncated log would look complete.
 *
 * Its first line is overwritten after each write to the log, without waiting for the disk: it may
 * be behind the log, never ahead of it. The rest is replaced atomically.
 */
export class Manifest {
  readonly #folder: string
  readonly #durability: Durability
  #fd: number | undefined
  /** True while the file is being replaced. */
  #isReplacing = false
  #saved = 0
  #settled = 0
  /** The next transaction to become settled, and the time from which SETTLING counts. */
  #settling: { readonly seq: number; readonly since: number } | undefined
  #timer: NodeJS.Timeout | undefined
  #contents: Contents = NO_CONTENTS
  /** Resolves when the last requested change is written. */
  #changing: Promise<void> = Promise.resolve()

  constructor(folder: string, durability: Durability) {
    this.#folder = folder
    this.#durability = durability
  }

  get contents(): Contents {
    return this.#contents
  }

  /**
   * Opens the manifest of the folder, or writes a new one.
   *
   * @param found the list in the present file, if it is valid; if the same files must be listed,
   *   the file is not replaced, so that a start needs no space on the disk
   */
  async start(seq: number, contents: Contents, found?: Contents): Promise<void> {
    this.#saved = seq
    this.#settled = seq
    this.#settling = undefined
    if (found && JSON.stringify(found) === JSON.stringify(contents)) {
      this.#contents = contents
      this.#fd = fs.openSync(manifestFile(this.#folder), 'r+')
      this.#writeProgress()
      return
    }
    await this.change(() => contents)
  }

  /** Records that the log is saved up to this transaction. */
  advance(seq: number): void {
    this.#saved = seq
    this.#settle()
    this.#writeProgress()
    this.#startTimer()
  }

  /** Changes the list of files; the promise resolves when the change is on the disk. */
  change(next: (contents: Contents) => Contents): Promise<void> {
    const changed = this.#changeAfter(this.#changing, next)
    this.#changing = changed.catch(() => {})
    return changed
  }

  async #changeAfter(before: Promise<void>, next: (contents: Contents) => Contents): Promise<void> {
    await before
    const contents = next(this.#contents)
    await this.#replace(contents)
    this.#contents = contents
  }

  /** Adds a state file that is about to replace the present one to the list. */
  addState(seq: number, checksum: string): Promise<void> {
    return this.change((contents) => ({
      ...contents,
      states: [[seq, checksum] as const, ...contents.states].slice(0, STATES),
    }))
  }

  /** False if the file was removed, moved or replaced by another process. */
  get isInPlace(): boolean {
    if (this.#fd === undefined || this.#isReplacing) return true
    const there = fs.statSync(manifestFile(this.#folder), { throwIfNoEntry: false })
    return identityOf(there) === identityOf(fs.fstatSync(this.#fd))
  }

  /** Records all saved transactions as settled, and closes the file. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#changing
    if (this.#fd === undefined) return
    this.#settled = this.#saved
    this.#writeProgress()
    fs.closeSync(this.#fd)
    this.#fd = undefined
  }

  #startTimer(): void {
    if (this.#timer || this.#settled >= this.#saved) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#settle()
      this.#writeProgress()
      this.#startTimer()
    }, SETTLING)
    this.#timer.unref()
  }

  #settle(): void {
    const now = performance.now()
    if (this.#settling && now - this.#settling.since >= SETTLING) {
      this.#settled = this.#settling.seq
      this.#settling = undefined
    }
    if (!this.#settling && this.#saved > this.#settled) {
      this.#settling = { seq: this.#saved, since: now }
    }
  }

  #writeProgress(): void {
    if (this.#fd === undefined) return
    try {
      fs.writeSync(this.#fd, this.#progressLine(), 0)
    } catch {
      // The first line then stays behind the log, which is allowed.
    }
  }

  #progressLine(): string {
    const progress = [this.#saved, this.#settled, this.#durability, bootId()]
    return `${checkedLine(JSON.stringify(progress)).padEnd(PROGRESS_LENGTH - 1)}\n`
  }

  async #replace(contents: Contents): Promise<void> {
    const file = manifestFile(this.#folder)
    const temporary = `${file}.tmp`
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.write(`${this.#progressLine()}${checkedLine(JSON.stringify(contents))}\n`)
      await handle.sync()
    } catch (error) {
      await handle.close()
      await rm(temporary, { force: true })
      throw error
    }
    await handle.close()
    let fd: number | undefined
    this.#isReplacing = true
    try {
      fd = fs.openSync(temporary, 'r+')
      await rename(temporary, file)
      if (this.#fd !== undefined) fs.closeSync(this.#fd)
      this.#fd = fd
    } catch (error) {
      if (fd !== undefined) fs.closeSync(fd)
      await rm(temporary, { force: true })
      throw error
    } finally {
      this.#isReplacing = false
    }
    this.#writeProgress()
    await syncFolder(this.#folder)
  }
}

let boot: string | undefined

/** Identifies the present run of the machine; empty if the system has no such id. */
export function bootId(): string {
  try {
    boot ??= fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    boot = ''
  }
  return boot
}
