import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import type { Log } from '../log.ts'
import { messageOf } from '../errors.ts'
import { FORMAT, type Document, type Tables } from './document.ts'
import { describeDifferences } from './differences.ts'
import { MemoryState } from './memory.ts'
import {
  manifestFile,
  NO_CONTENTS,
  readManifest,
  type Contents,
  type ManifestReading,
} from './manifest.ts'
import { cutOff, putAside } from './files.ts'
import {
  continuationOf,
  expectedBy,
  leaveOut,
  range,
  writeAheadLogsIn,
  type Continuation,
} from './log-continuation.ts'
import { readStateFile, summaryOf, type StateFile } from './state-file.ts'
import { readWriteAheadLog, type LogRecord } from './write-ahead-log.ts'

interface OpeningOptions {
  readonly tables: Tables
  /** Starts from the last readable state if the newest cannot be read. */
  readonly recover?: boolean | undefined
  readonly log: Log
}

/** The state that the files of a folder hold. */
export interface Opening {
  readonly document: Document
  /** The changes after the document. */
  readonly records: readonly LogRecord[]
  /** The last transaction that the document and the records include. */
  readonly seq: number
  /** The last transaction of the state file. */
  readonly written: number
  /** True when the state file must be written at once, because the log cannot continue it. */
  readonly mustWrite: boolean
  /** The list of files for the manifest. */
  readonly contents: Contents
  /** The list in the manifest; undefined if the manifest is missing or damaged. */
  readonly listed: Contents | undefined
}

const UNCHECKED =
  'it cannot be checked that the folder is complete (the end of the write-ahead log, snapshots, kept sandboxes)'

const RECOVER = 'Start with --recover to continue without the lost changes (copies are kept)'

/** The document of a store without rows. */
export function emptyDocument(): Document {
  return { standin: { format: FORMAT, seq: 0, counters: {} } }
}

/**
 * Reads the state of a folder: the state file and the transactions of the write-ahead log after it.
 *
 * @throws Error naming the file, the place and a remedy for anything that a crash does not explain
 */
export function openFolder(folder: string, options: OpeningOptions): Opening {
  const file = join(folder, 'state.json')
  const hasManifest = fs.existsSync(manifestFile(folder))
  const manifest = manifestOf(folder, options)
  let state: StateFile | undefined
  try {
    const written = manifest?.contents.states.map(([, sum]) => sum)
    state = readStateFile(file, options.tables, written)
  } catch (error) {
    if (!options.recover) throw error
    if (!hasManifest) warnOfMissingManifest(folder, undefined, options)
    return recoverFrom(folder, manifest, undefined, summaryOf(error), options)
  }
  if (state && typeof state.document.standin.seq !== 'number') {
    return openHandmade(folder, manifest, state, options)
  }
  if (!hasManifest) warnOfMissingManifest(folder, state, options)
  const defect = state && unexpectedSeq(file, state.document, manifest)
  const seq = state?.document.standin.seq ?? 0
  const found = continuationOf(folder, seq, expectedBy(manifest))
  const missing = state ? undefined : missingState(folder, found, manifest)
  const edits = missing || defect ? undefined : editsOf(folder, manifest, state, seq, options)
  const problem = missing ?? defect ?? edits?.problem ?? found.gap?.message
  if (problem !== undefined) {
    const unknown = defect ?? edits?.problem
    if (!options.recover) throw new Error(`${problem}. ${adviceFor(missing, unknown)}`)
    if (defect) {
      options.log.warn(
        `If ${manifestFile(folder)} is the file from another time or folder, ${UNCHECKED}`,
      )
    }
    return recoverFrom(folder, manifest, missing || unknown ? undefined : state, problem, options)
  }
  if (edits?.warning) options.log.warn(edits.warning)
  return opening(state, found, manifest, options)
}

function adviceFor(missing: string | undefined, defect: string | undefined): string {
  if (missing !== undefined) {
    return `Put it back, start with --recover to continue without the lost changes, or empty the folder to start with no users`
  }
  return defect === undefined
    ? `Put the file back. ${RECOVER}`
    : `Put the right file back, or remove the line "seq" from this file to start with its content alone. ${RECOVER}`
}

/** Reads the manifest. If it is missing or damaged, the end of the log is unknown. */
function manifestOf(folder: string, { recover, log }: OpeningOptions): ManifestReading | undefined {
  try {
    return readManifest(folder)
  } catch (error) {
    if (!recover) {
      throw new Error(
        `${messageOf(error)}. It records where the write-ahead log must end; start with --recover to continue without it (a copy is kept)`,
        { cause: error },
      )
    }
    const aside = putAside(manifestFile(folder))
    log.warn(`${messageOf(error)}; it is now ${basename(aside)}, and ${UNCHECKED}`)
    return undefined
  }
}

/** Warns of a missing manifest in a folder with a state, unless an older version wrote it. */
function warnOfMissingManifest(
  folder: string,
  state: StateFile | undefined,
  { log }: OpeningOptions,
): void {
  const logs = writeAheadLogsIn(folder).map(({ file }) => basename(file))
  const isOld = logs.length > 0 && logs.every((name) => name.startsWith('journal-'))
  if (isOld || (state === undefined && logs.length === 0)) return
  log.warn(`${manifestFile(folder)} is missing, so ${UNCHECKED}`)
}

/**
 * Describes the defect of a state file that the manifest does not list; undefined if it lists the
 * file, or no state file at all.
 */
function unexpectedSeq(
  file: string,
  { standin: { seq } }: Document,
  manifest: ManifestReading | undefined,
): string | undefined {
  const states = manifest?.contents.states ?? []
  if (states.length === 0 || states.some(([one]) => one === seq)) return undefined
  const written = [...new Set(states.map(([one]) => one))].join(' and ')
  return `${file} ends with transaction ${seq}, but the manifest says that the last state files end with ${written}: one of the two is damaged or from another time or folder`
}

function missingState(
  folder: string,
  { gap, reached }: Continuation,
  manifest: ManifestReading | undefined,
): string | undefined {
  const file = join(folder, 'state.json')
  const first = writeAheadLogsIn(folder)[0]
  if (first && first.first > 1)
    return `${file} is missing, but ${basename(first.file)} continues it`
  const saved = manifest?.progress.saved ?? 0
  if (gap || reached < saved) {
    return `${file} is missing, and ${range(1, Math.max(saved, 1))} cannot be read without it`
  }
  return undefined
}

/**
 * Opens a state file that was made by hand: without a transaction number, it supersedes everything
 * in the log.
 */
function openHandmade(
  folder: string,
  manifest: ManifestReading | undefined,
  state: StateFile,
  { tables, log }: OpeningOptions,
): Opening {
  let seq = manifest?.progress.saved ?? 0
  for (const { file } of writeAheadLogsIn(folder)) {
    for (const { record } of readWriteAheadLog(file)) seq = Math.max(seq, record?.seq ?? 0)
  }
  if (manifest && seq > 0) {
    const before = reconstruct(folder, manifest, tables, seq)
    log.warn(
      `${join(folder, 'state.json')} has no transaction number: it replaces everything that was saved before, and the write-ahead log is not used. ${differences(before, state.document, tables)}`,
    )
  }
  const { contents = NO_CONTENTS } = manifest ?? {}
  return {
    document: state.document,
    records: [],
    seq,
    written: seq,
    mustWrite: true,
    contents,
    listed: manifest?.contents,
  }
}

/**
 * Compares the state file with the one that Standin wrote. A file that was edited by hand is used
 * as it is, unless the differences cannot be determined.
 */
function editsOf(
  folder: string,
  manifest: ManifestReading | undefined,
  state: StateFile | undefined,
  seq: number,
  { tables }: OpeningOptions,
): { readonly warning?: string; readonly problem?: string } | undefined {
  const written = manifest?.contents.states.filter(([one]) => one === seq) ?? []
  if (!state || written.length === 0) return undefined
  if (written.some(([, sum]) => sum === state.checksum)) return undefined
  const file = join(folder, 'state.json')
  const before = reconstruct(folder, manifest, tables, seq)
  if (!before) {
    return {
      problem: `${file} has changed since Standin wrote it, by hand or by damage, and the differences cannot be determined without a valid state.previous.json`,
    }
  }
  return {
    warning: `${file} has changed since Standin wrote it, by hand or by damage; it is used as it is. ${differences(before, state.document, tables)}`,
  }
}

function differences(before: Document | undefined, after: Document, tables: Tables): string {
  if (!before) return 'The differences cannot be determined'
  const memory = new MemoryState(tables, () => {})
  memory.load(after)
  return describeDifferences(before, memory.toDocument(0))
}

/** Computes the state at a transaction from the previous state file, or from the log alone. */
function reconstruct(
  folder: string,
  manifest: ManifestReading | undefined,
  tables: Tables,
  seq: number,
): Document | undefined {
  let previous: StateFile | undefined
  try {
    previous = readStateFile(join(folder, 'state.previous.json'), tables)
  } catch {
    return undefined
  }
  const base = previous?.document ?? emptyDocument()
  const sums = manifest?.contents.states ?? []
  const isKnown = previous === undefined || sums.some(([, sum]) => sum === previous.checksum)
  if (!isKnown || base.standin.seq > seq) return undefined
  const { records, reached } = continuationOf(folder, base.standin.seq, {
    folder: manifest?.contents.folder,
  })
  if (reached < seq) return undefined
  const memory = new MemoryState(tables, () => {})
  memory.load(base)
  for (const record of records) {
    if (record.seq <= seq) for (const change of record.changes) memory.apply(change)
  }
  return memory.toDocument(0)
}

/** A state from which a start may continue. */
interface Candidate {
  readonly name: string
  readonly state: StateFile | undefined
  readonly found: Continuation
}

/**
 * Continues from the state that, together with its log, includes the most transactions, and keeps a
 * copy of everything that is left out. If there is no usable state, changes no file and throws.
 *
 * @param state the state file, if it is usable
 * @param problem the message that refuses a start without `--recover`
 */
function recoverFrom(
  folder: string,
  manifest: ManifestReading | undefined,
  state: StateFile | undefined,
  problem: string,
  options: OpeningOptions,
): Opening {
  const { tables, log } = options
  const file = join(folder, 'state.json')
  const previous = join(folder, 'state.previous.json')
  const candidates: Candidate[] = []
  const add = (name: string, from: StateFile | undefined) => {
    const seq = from?.document.standin.seq ?? 0
    candidates.push({ name, state: from, found: continuationOf(folder, seq, expectedBy(manifest)) })
  }
  if (state) add(file, state)
  let reason = `there is no ${previous}`
  try {
    const fallback = readStateFile(previous, tables)
    const sums = manifest?.contents.states.map(([, sum]) => sum) ?? []
    // It would be unknown which changes a file from another time or folder lacks.
    const isKnown = fallback && (sums.length === 0 || sums.includes(fallback.checksum))
    if (fallback && !isKnown)
      reason = `${previous} is another file, or has changed since Standin wrote it`
    else if (typeof fallback?.document.standin.seq === 'number') add(previous, fallback)
  } catch (error) {
    reason = summaryOf(error)
  }
  // Without a state, the logs alone are the state when they begin with transaction 1.
  if ((writeAheadLogsIn(folder)[0]?.first ?? 1) === 1) add('the write-ahead log', undefined)
  const best = candidates.toSorted((a, b) => b.found.reached - a.found.reached)[0]
  if (!best) {
    throw new Error(
      `${problem}; ${reason}. Put a valid copy of either file in place, remove the line "seq" from ${basename(file)} to start with its content alone, or empty ${folder} to start with no users`,
    )
  }
  let used = ''
  if (best.name !== file) {
    const aside = fs.existsSync(file) ? `it is now ${basename(putAside(file))}, and ` : ''
    if (best.state) fs.copyFileSync(previous, file)
    used = `; ${aside}${basename(best.name)} is used instead`
  }
  const loss = lossOf(best.found)
  log.warn(
    `${problem}${used}. The state continues after transaction ${best.found.reached}. ${loss}`,
  )
  const result = opening(
    best.state,
    { ...best.found, gap: undefined, saved: best.found.reached },
    manifest,
    options,
  )
  return { ...result, mustWrite: true }
}

function lossOf(found: Continuation): string {
  if (found.gap) return leaveOut(found)
  const { reached, saved } = found
  return saved > reached ? `${range(reached + 1, saved)} cannot be read` : 'Nothing is lost'
}

function opening(
  state: StateFile | undefined,
  { records, reached, torn, saved, folder: id }: Continuation,
  manifest: ManifestReading | undefined,
  { log }: OpeningOptions,
): Opening {
  if (torn) {
    const copy = cutOff(torn.file, torn.offset)
    log.warn(
      `${torn.file}, line ${torn.line}, was cut short when the last run ended; it is dropped (copy: ${basename(copy)}). ${unsavedOr(reached, saved)}`,
    )
  } else if (saved > reached) {
    log.warn(`The write-ahead log of the last run is not complete. ${unsavedOr(reached, saved)}`)
  }
  const contents = { ...(manifest?.contents ?? NO_CONTENTS), folder: id }
  return {
    document: state?.document ?? emptyDocument(),
    records,
    seq: reached,
    written: state?.document.standin.seq ?? reached,
    mustWrite: state === undefined,
    contents: state ? withState(contents, state) : contents,
    listed: manifest?.contents,
  }
}

/**
 * Adds the state file that was found to the list. The checksum of a file that has changed since it
 * was written is not added, so that each start warns of it until the next state file is written.
 */
function withState(contents: Contents, { document, checksum }: StateFile): Contents {
  const { seq } = document.standin
  if (contents.states.some(([one]) => one === seq)) return contents
  return { ...contents, states: [[seq, checksum], ...contents.states] }
}

function unsavedOr(reached: number, saved: number): string {
  if (saved <= reached) return 'Its change was never acknowledged'
  return `Missing: ${range(reached + 1, saved)}, written just before that run ended and possibly acknowledged`
}
