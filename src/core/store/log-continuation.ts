import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import { cutOff, putAside } from './files.ts'
import type { Change } from './indexed-rows.ts'
import { bootId, type ManifestReading, type Progress } from './manifest.ts'
import { readWriteAheadLog, type LogLine, type LogRecord } from './write-ahead-log.ts'

/** Older versions named the files `journal-<first>.log`. */
const LOG_FILE = /^(journal|write-ahead)-(\d+)\.log$/

export interface LogFile {
  readonly file: string
  /** The first transaction that the file may hold. */
  readonly first: number
}

/**
 * The write-ahead log files of a folder in order of their transactions, including those with the
 * names of older versions.
 */
export function writeAheadLogsIn(folder: string): readonly LogFile[] {
  return fs
    .readdirSync(folder)
    .toSorted() // of two with the same first transaction, journal-* is the older
    .flatMap((name) => {
      const first = LOG_FILE.exec(name)?.[2]
      return first === undefined ? [] : [{ file: join(folder, name), first: Number(first) }]
    })
    .toSorted((a, b) => a.first - b.first)
}

/** The path of the log file that begins with this transaction. */
export function writeAheadLogFile(folder: string, first: number): string {
  return join(folder, `write-ahead-${String(first).padStart(12, '0')}.log`)
}

/** An incomplete end of a log, left behind by a crash; its change was never acknowledged. */
interface TornEnd {
  readonly file: string
  readonly line: number
  readonly offset: number
}

/** A place after which a log is unusable, although later transactions were acknowledged. */
export interface Gap {
  /** The file, the place in it and what is wrong there. */
  readonly message: string
  /**
   * The file in which the usable part ends, and the length of that part; undefined if it ends
   * between two files.
   */
  readonly cut: { readonly file: string; readonly offset: number } | undefined
  /** The files after the usable part. */
  readonly after: readonly string[]
}

/** The part of the write-ahead log that continues a state. */
export interface Continuation {
  readonly records: readonly LogRecord[]
  /** The last transaction that can be reached without a gap. */
  readonly reached: number
  readonly torn: TornEnd | undefined
  readonly gap: Gap | undefined
  /** The last transaction that was saved, as far as it is known. */
  readonly saved: number
  /** The id of the folder, from the manifest or the log. */
  readonly folder: string | undefined
}

/** The parts of a manifest that a write-ahead log must agree with, as far as they are known. */
export interface Expected {
  readonly progress?: Progress | undefined
  /** The id of the folder. */
  readonly folder?: string | undefined
}

export function expectedBy(manifest: ManifestReading | undefined): Expected {
  return { progress: manifest?.progress, folder: manifest?.contents.folder }
}

/**
 * Reads the records after a transaction from the log files of a folder. The transactions of a log
 * have no gaps: each file continues its predecessor, and the last one reaches the last transaction
 * that the manifest records as saved. All records must be of one folder.
 */
export function continuationOf(
  folder: string,
  seq: number,
  { progress, folder: expectedId }: Expected,
): Continuation {
  const files = writeAheadLogsIn(folder)
  const records: LogRecord[] = []
  let reached = seq
  let torn: TornEnd | undefined
  const id = expectedId ?? folderIdIn(files)
  const end = (gap?: Gap): Continuation => {
    const saved = Math.max(reached, progress?.saved ?? 0)
    return { records, reached, torn, gap, saved, folder: id }
  }
  for (const [i, { file, first }] of files.entries()) {
    const nextFirst = files[i + 1]?.first ?? Infinity
    if (nextFirst - 1 <= seq) continue // the state file includes all of it
    const after = files.slice(i + 1).map((later) => later.file)
    if (first > reached + 1) {
      const message = `${file} begins with transaction ${first}, but the file with ${range(reached + 1, first - 1)} before it is missing`
      return end({ message, cut: undefined, after: [file, ...after] })
    }
    let expected = first
    for (const line of linesOf(file)) {
      // The remaining lines are of a failed write that could not be undone; the next file replaces
      // them.
      if (expected >= nextFirst) break
      const { record, number, offset } = line
      const gap = (defect: string): Gap => ({
        message: `${file}, line ${number}, ${defect} (at byte ${offset})`,
        cut: { file, offset },
        after,
      })
      if (record?.seq === expected) {
        if (record.seq > reached) {
          if (record.folder !== undefined && record.folder !== id) {
            return end(gap('was written for another sandbox or data folder'))
          }
          records.push(record)
          reached = record.seq
        }
        expected++
        continue
      }
      // The state file includes this transaction, so the damaged line is not needed.
      if (!record && line.isWhole && expected <= seq) {
        expected++
        continue
      }
      if (record) {
        return end(gap(`holds transaction ${record.seq}, but ${expected} is missing before it`))
      }
      const isLast = i === files.length - 1
      if (!isLast || !isUnacknowledged(file, line, reached, progress)) {
        return end(gap(line.isWhole ? 'is damaged' : 'is cut short'))
      }
      torn = { file, line: number, offset }
      break
    }
    if (nextFirst !== Infinity && expected < nextFirst) {
      const message = `${file} ends before ${range(expected, nextFirst - 1)}, and ${basename(files[i + 1]!.file)} continues after it`
      return end({ message, cut: { file, offset: fs.statSync(file).size }, after })
    }
  }
  const last = files.at(-1)?.file
  if (progress && reached < progress.settled && !isLostByPowerCut(progress)) {
    const where =
      last === undefined ? `${folder} holds no write-ahead log` : `${last} ends too early`
    const message = `${where}: ${range(reached + 1, progress.saved)} ${reached + 1 === progress.saved ? 'is' : 'are'} missing`
    return end({ message, cut: undefined, after: [] })
  }
  return end()
}

/** Finds the id of the folder in the first line that has one. */
function folderIdIn(files: readonly LogFile[]): string | undefined {
  for (const { file } of files) {
    for (const { record } of isFile(file) ? readWriteAheadLog(file) : []) {
      if (record?.folder !== undefined) return record.folder
    }
  }
  return undefined
}

/**
 * Returns true for a line that a crash may have left: the last one without its newline, or a
 * damaged one after the last saved transaction. In both cases the change was never acknowledged.
 */
function isUnacknowledged(
  file: string,
  { number, isWhole }: LogLine,
  reached: number,
  progress: Progress | undefined,
): boolean {
  if (!isWhole) return reached >= (progress?.settled ?? 0) || isLostByPowerCut(progress)
  if (!progress || reached < progress.saved) return false
  for (const line of readWriteAheadLog(file)) {
    if (line.number > number && line.record) return false
  }
  return true
}

/** Returns true if a restart of the machine may have lost lines that were not on the disk yet. */
function isLostByPowerCut(progress: Progress | undefined): boolean {
  return progress !== undefined && progress.durability !== 'fsync' && progress.boot !== bootId()
}

function linesOf(file: string): Iterable<LogLine> {
  if (fs.statSync(file).isDirectory()) throw new Error(`${file} is a folder; it must be a file`)
  return readWriteAheadLog(file)
}

export function range(from: number, to: number): string {
  return from >= to ? `transaction ${from}` : `transactions ${from} to ${to}`
}

/** Puts aside everything after a gap, and describes the changes that are left out. */
export function leaveOut({ reached, saved, gap }: Continuation): string {
  if (!gap) return ''
  const lost: LogRecord[] = []
  let unreadable = 0
  const collect = (file: string, from: number) => {
    for (const { record, offset } of isFile(file) ? readWriteAheadLog(file) : []) {
      if (offset < from) continue
      if (!record) unreadable++
      else if (record.seq > reached) lost.push(record)
    }
  }
  const copies: string[] = []
  if (gap.cut && gap.cut.offset < fs.statSync(gap.cut.file).size) {
    collect(gap.cut.file, gap.cut.offset)
    copies.push(cutOff(gap.cut.file, gap.cut.offset))
  }
  for (const file of gap.after) {
    collect(file, 0)
    copies.push(putAside(file))
  }
  // If the manifest does not record a later transaction, each unreadable line counts as one.
  const known = saved > reached ? saved : reached + unreadable
  const last = lost.reduce((most, { seq }) => Math.max(most, seq), known)
  const kept =
    copies.length === 0
      ? 'there is no copy of them'
      : `kept in ${copies.map((copy) => basename(copy)).join(', ')}`
  const count = last - reached
  return `${count} ${count === 1 ? 'transaction is' : 'transactions are'} left out (${range(reached + 1, last)}; ${kept}). ${describeRecords(lost)}`
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}

/** Maximum number of changes that a message names. */
const NAMED = 20

function describeRecords(records: readonly LogRecord[]): string {
  const changes = records.flatMap((record) => record.changes).filter(([kind]) => kind !== 'count')
  if (changes.length === 0) return 'None of their changes can be read'
  const named = changes.slice(0, NAMED).map(describeChange).join(', ')
  const more = changes.length > NAMED ? ` and ${changes.length - NAMED} more` : ''
  return `Readable changes: ${named}${more}`
}

function describeChange(change: Change): string {
  if (change[0] === 'all') return 'a replacement of the whole state'
  if (change[0] === 'set') return `the setting ${change[1]}`
  if (change[0] === 'remove') return `the removal of ${change[1]} ${change[2]}`
  return change[0] === 'put' ? `${change[1]} ${change[2].id}` : `the counter ${change[1]}`
}
