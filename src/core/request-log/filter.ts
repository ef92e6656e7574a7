import { readingsOf } from '../http/plus-sign.ts'
import { Problem } from '../problem.ts'
import { createMatcher, type Mismatch, type RequestPattern } from './matcher.ts'
import type { Entry } from './entry.ts'
import type { KnownSecrets } from './redact.ts'
import type { SearchableEntry } from './searchable-entry.ts'
import type { RequestLog } from './request-log.ts'

/** Conditions for a recorded request; the texts come from a query string. */
export interface RequestFilter extends RequestPattern {
  /** An address in the body, the query or the created user, in any case. */
  readonly email?: string
  /** `name` or `name:value`. */
  readonly header?: string
  /** A time or a request's id. */
  readonly since?: string
  /** A part of the redacted record, in any case. */
  readonly text?: string
}

/** Compares requests with a filter. */
export interface EntryMatcher {
  /** The mismatches; empty when the request matches. */
  mismatches(request: SearchableEntry): readonly Mismatch[]
  /** Does the same as `mismatches` in steps, including any preparation of the request. */
  steps(request: SearchableEntry): Generator<undefined, readonly Mismatch[]>
}

type EntryCheck = (request: SearchableEntry) => readonly Mismatch[]

/**
 * Compiles a filter.
 *
 * @param secrets known secrets of the sandbox; text search does not find them
 * @throws Problem 400 since.unknown, and as createMatcher does
 */
export function createEntryMatcher(
  { email, header, since, text, ...pattern }: RequestFilter,
  requestLog: RequestLog,
  secrets: KnownSecrets,
): EntryMatcher {
  const [, name = '', value] = /^([^:]*)(?::\s*(.*))?$/s.exec(header ?? '') ?? []
  const headers =
    header === undefined
      ? pattern.headers
      : { ...pattern.headers, [name.trim()]: value === undefined ? { exists: true } : value.trim() }
  const matcher = createMatcher({ ...pattern, ...(headers ? { headers } : {}) }, secrets.names)
  const isLater = since === undefined ? undefined : laterThan(since, requestLog)
  const isEmpty = headers === undefined && Object.keys(pattern).length === 0
  const checks: EntryCheck[] = isEmpty ? [] : [({ subject }) => matcher(subject)]
  if (email !== undefined) {
    const readings = readingsOf(email.trim().toLowerCase())
    const wanted = readingsOf(email.trim()).at(-1)! // there is one
    const mismatch = [{ at: 'email', wanted, found: 'another or absent' }]
    checks.push((request) => (readings.some((one) => request.hasValue(one)) ? [] : mismatch))
  }
  if (text !== undefined) {
    const readings = readingsOf(text.toLowerCase())
    const mismatch = [{ at: 'text', wanted: text, found: 'absent' }]
    checks.push((request) => {
      return readings.some((one) => request.redactedText.includes(one)) ? [] : mismatch
    })
  }
  const mismatches = (request: SearchableEntry) => {
    // Requests before `since` are not compared any further, and never count as nearest.
    if (isLater && !isLater(request.entry)) return [EARLIER]
    return mismatchesOf(checks, request)
  }
  return {
    mismatches,
    *steps(request) {
      const isRead = text !== undefined && (!isLater || isLater(request.entry))
      if (isRead) yield* request.prepareSteps(requestLog.redactions, secrets)
      return mismatches(request)
    },
  }
}

/** Joins the mismatches of all checks; copies nothing in the common case of one failing check. */
function mismatchesOf(
  checks: readonly EntryCheck[],
  request: SearchableEntry,
): readonly Mismatch[] {
  let mismatches: readonly Mismatch[] = []
  for (const check of checks) {
    const found = check(request)
    if (found.length > 0) mismatches = mismatches.length === 0 ? found : [...mismatches, ...found]
  }
  return mismatches
}

const EARLIER: Mismatch = { at: 'since', wanted: 'later', found: 'earlier' }

/** Tests for the mismatch of a request that came before `since`. */
export function isEarlier(mismatches: readonly Mismatch[]): boolean {
  return mismatches[0] === EARLIER
}

function laterThan(since: string, requestLog: RequestLog): (entry: Entry) => boolean {
  const recorded = requestLog.get(since)
  if (recorded) return ({ seq }) => seq > recorded.seq
  const number = numberIn(since)
  if (number !== undefined) return ({ id }) => (numberIn(id) ?? 0) > number
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(since) ? Date.parse(since) : NaN
  if (Number.isNaN(time)) {
    const message =
      'since must be a time such as 2026-01-15T09:30:00Z, or a request id such as req-7'
    throw new Problem(400, 'since.unknown', message)
  }
  return ({ answeredAt }) => answeredAt >= time
}

/**
 * The number in an id. Requests are numbered in order, so `since` may name a request that was
 * removed.
 */
function numberIn(id: string): number | undefined {
  const digits = /^req-(\d{1,15})$/.exec(id)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
