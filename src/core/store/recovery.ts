import * as fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Log } from '../log.ts'
import { readWriteAheadLog, type LogReading, type LogRecord } from './write-ahead-log.ts'

/** Creates a folder and its parents. Node's own `recursive` never returns below /proc. */
export function makeFolder(folder: string): void {
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  if (!fs.existsSync(folder)) makeFolder(dirname(resolve(folder)))
  fs.mkdirSync(folder, { mode: 0o700 })
}

/** Older versions named the files `journal-<first>.log`. */
const LOG_FILE = /^(journal|write-ahead)-(\d+)\.log$/

interface LogFile {
  readonly file: string
  /** The first transaction that the file may hold. */
  readonly first: number
}

/** The write-ahead log files of a folder in order of their transactions, whichever version named them. */
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

/**
 * Reads the records after a transaction from all log files of a folder, in order.
 *
 * @returns the records, and the number of the newest transaction in any file
 * @throws Error naming the file and the line when one is damaged, unless `recover` is set
 */
export function recordsAfter(
  folder: string,
  seq: number,
  options: { readonly recover?: boolean; readonly log: Log },
): { records: readonly LogRecord[]; newest: number } {
  const files = writeAheadLogsIn(folder)
  const records: LogRecord[] = []
  let reached = seq
  let newest = 0
  for (const [i, { file }] of files.entries()) {
    const nextFirst = files[i + 1]?.first ?? Infinity
    const reading = readWriteAheadLog(file)
    for (const record of reading.records) {
      newest = record.seq
      if (record.seq <= reached || record.seq >= nextFirst) continue
      records.push(record)
      reached = record.seq
    }
    // A failed write that could not be truncated ends a file; the next one continues before it.
    const isSuperseded = nextFirst !== Infinity && nextFirst <= reached + 1
    if (reading.torn && !isSuperseded) {
      repair(file, reading.torn, i === files.length - 1, options)
    }
  }
  return { records, newest }
}

/**
 * Truncates a log file at its first invalid line. An incomplete last line was never acknowledged;
 * any other invalid line is damage, which is repaired only with `recover`.
 */
function repair(
  file: string,
  torn: NonNullable<LogReading['torn']>,
  isNewestFile: boolean,
  { recover, log }: { readonly recover?: boolean; readonly log: Log },
): void {
  const where = `${file}, line ${torn.line}`
  if (isNewestFile && torn.last) {
    log.warn(
      `${where}, was cut short when the last run ended; it was never acknowledged and is dropped`,
    )
  } else if (recover) {
    const copy = `${file}.corrupt-${Date.now()}`
    fs.copyFileSync(file, copy)
    log.warn(`${where}, is damaged; it and all lines after it are dropped (copy: ${copy})`)
  } else {
    throw new Error(
      `${where}, is damaged and is not the last line. Start with --recover to drop it and all lines after it (a copy is kept).`,
    )
  }
  fs.truncateSync(file, torn.offset)
}
