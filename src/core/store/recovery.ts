import * as fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Log } from '../log.ts'
import { readWriteAheadLog, type LogRecord, type Reading } from './write-ahead-log.ts'

/** One level after the other: below /proc, Node's own `recursive` goes round for ever. */
export function makeFolder(folder: string): void {
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  if (!fs.existsSync(folder)) makeFolder(dirname(resolve(folder)))
  fs.mkdirSync(folder, { mode: 0o700 })
}

/** The journals of a folder, in order, with the transaction that each begins with. */
export function writeAheadLogsIn(folder: string): { file: string; first: number }[] {
  return fs
    .readdirSync(folder)
    .flatMap((name) => {
      const first = /^journal-(\d+)\.log$/.exec(name)?.[1]
      return first ? [{ file: join(folder, name), first: Number(first) }] : []
    })
    .sort((a, b) => a.first - b.first)
}

/** The journal that begins with this transaction. */
export function writeAheadLogFile(folder: string, first: number): string {
  return join(folder, `journal-${String(first).padStart(12, '0')}.log`)
}

/**
 * What the journals of a folder hold after a transaction, in order; the newest of all is told too.
 *
 * @throws Error naming the file and the line where one is damaged, unless it may be mended
 */
export function recordsAfter(
  folder: string,
  seq: number,
  how: { readonly recover?: boolean; readonly log: Log },
): { entries: readonly LogRecord[]; newest: number } {
  const journals = writeAheadLogsIn(folder)
  const entries: LogRecord[] = []
  let reached = seq
  let newest = 0
  for (const [i, { file }] of journals.entries()) {
    const next = journals[i + 1]?.first ?? Infinity
    const reading = readWriteAheadLog(file)
    for (const entry of reading.entries) {
      newest = entry.seq
      if (entry.seq <= reached || entry.seq >= next) continue
      entries.push(entry)
      reached = entry.seq
    }
    // What could be neither written nor taken back ends a journal; the next goes on before it.
    const isSuperseded = next !== Infinity && next <= reached + 1
    if (reading.torn && !isSuperseded) mend(file, reading.torn, i === journals.length - 1, how)
  }
  return { entries, newest }
}

/** A last line that was cut short was never acknowledged; anything else is damage. */
function mend(
  file: string,
  torn: NonNullable<Reading['torn']>,
  isNewest: boolean,
  { recover, log }: { readonly recover?: boolean; readonly log: Log },
): void {
  const where = `${file}, line ${torn.line}`
  const isTail = isNewest && torn.last
  if (!isTail && !recover) {
    throw new Error(
      `${where}, is damaged and more follows it. Start with --recover to go on from what is before it (the rest is kept as a copy).`,
    )
  }
  if (isTail) {
    log.warn(
      `${where}, was cut short when the last run ended; it was never acknowledged and is left out`,
    )
  } else {
    const copy = `${file}.corrupt-${Date.now()}`
    fs.copyFileSync(file, copy)
    log.warn(`${where}, is damaged; it and all that follows it are left out and stay in ${copy}`)
  }
  fs.truncateSync(file, torn.offset)
}
