import { Problem } from '../problem.ts'
import { matcherFor, type Mismatch, type Pattern } from './matcher.ts'
import type { Entry } from './entry.ts'
import type { Reading } from './searchable-entry.ts'
import type { RequestLog } from './request-log.ts'

/** What a remembered request should be; texts as a query has them. */
export interface Filter extends Pattern {
  /** In the body, the query or the created user, in any case of letters. */
  readonly email?: string
  /** `name` or `name:value`. */
  readonly header?: string
  /** A time, or the id of a request. */
  readonly since?: string
  /** Somewhere in what may be shown of it, in any case of letters. */
  readonly text?: string
}

/** What is not as it should be; empty when the request fits. */
export type EntryMatcher = (reading: Reading) => readonly Mismatch[]

/**
 * A filter, read once.
 *
 * @param secrets are not searched
 * @throws Problem 400 since.unknown, and as matcherFor does
 */
export function filterFor(
  { email, header, since, text, ...pattern }: Filter,
  requests: RequestLog,
  secrets: readonly string[],
): EntryMatcher {
  const [, name = '', value] = /^([^:]*)(?::\s*(.*))?$/s.exec(header ?? '') ?? []
  const headers =
    header === undefined
      ? pattern.headers
      : { ...pattern.headers, [name.trim()]: value === undefined ? { exists: true } : value.trim() }
  const matcher = matcherFor({ ...pattern, ...(headers ? { headers } : {}) })
  const isLater = since === undefined ? undefined : laterThan(since, requests)
  const checks: EntryMatcher[] = [({ subject }) => matcher(subject)]
  if (email !== undefined) {
    const sought = email.trim().toLowerCase()
    const other = [{ at: 'email', wanted: email, found: 'another, or none' }]
    checks.push((reading) => (reading.speaksOf(sought) ? [] : other))
  }
  if (text !== undefined) {
    const sought = text.toLowerCase()
    const none = [{ at: 'text', wanted: text, found: 'nothing like it' }]
    checks.push((reading) => (reading.shown(secrets).includes(sought) ? [] : none))
  }
  return (reading) => {
    // What came before is not looked at, and is near to nothing.
    if (isLater && !isLater(reading.entry)) return [BEFORE]
    return all(checks, reading)
  }
}

/** What all of them find; without a copy where one finds it all, since many wait and few are met. */
function all(checks: readonly EntryMatcher[], reading: Reading): readonly Mismatch[] {
  let found: readonly Mismatch[] = []
  for (const check of checks) {
    const more = check(reading)
    if (more.length > 0) found = found.length === 0 ? more : [...found, ...more]
  }
  return found
}

const BEFORE: Mismatch = { at: 'since', wanted: 'later', found: 'earlier' }

/** Whether a mismatch only says that a request came too early to be looked at. */
export function isBefore(mismatches: readonly Mismatch[]): boolean {
  return mismatches[0] === BEFORE
}

function laterThan(since: string, requests: RequestLog): (entry: Entry) => boolean {
  const known = requests.get(since)
  if (known) return ({ seq }) => seq > known.seq
  const number = numberIn(since)
  if (number !== undefined) return ({ id }) => (numberIn(id) ?? 0) > number
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(since) ? Date.parse(since) : NaN
  if (Number.isNaN(time)) {
    const message =
      'since must be a time such as 2026-01-15T09:30:00Z, or the id of a request such as req-7'
    throw new Problem(400, 'since.unknown', message)
  }
  return ({ at }) => at >= time
}

/** Requests are numbered as they come, so what is forgotten can still be told from what is later. */
function numberIn(id: string): number | undefined {
  const digits = /^req-(\d{1,15})$/.exec(id)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
