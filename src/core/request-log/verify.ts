import { Problem } from '../problem.ts'
import { isBefore, type EntryMatcher } from './filter.ts'
import { differenceIn, type Mismatch } from './matcher.ts'
import type { Entry } from './entry.ts'
import { Reading } from './searchable-entry.ts'
import { redactorOf } from './redacted-record.ts'
import type { Redactor } from './redact.ts'

/** How many requests should have come. */
export interface Count {
  readonly exactly?: number
  readonly atLeast?: number
  readonly atMost?: number
}

/** Something that should have been asked. */
export interface Expectation {
  readonly name: string
  readonly matches: EntryMatcher
  readonly count: Count
  /** Names of others: whose first request should come later, and earlier. */
  readonly before?: string | undefined
  readonly after?: string | undefined
}

/** A request that is not as it should be, but nearly. */
export interface Nearest {
  readonly id: string
  readonly differences: Mismatch[]
}

export interface Result {
  readonly name: string
  readonly passed: boolean
  readonly found: number
  readonly requests: string[]
  readonly difference?: string
  readonly nearest?: Nearest[]
}

const MOST_NEAREST = 3
const MOST_NAMED = 100

interface Looked {
  readonly expectation: Expectation
  readonly fitting: readonly Entry[]
  readonly nearest: Nearest[]
}

/**
 * Whether what should have been asked was.
 *
 * @param entries in any order; they are looked at in that in which they came in
 * @param inOrder whether one request for each should have come in the order of the expectations
 * @throws Problem 400 expectation.unknown
 */
export function verified(
  expectations: readonly Expectation[],
  entries: readonly Entry[],
  secrets: readonly string[],
  inOrder = false,
): { passed: boolean; results: Result[] } {
  const arrived = entries.toSorted((a, b) => a.startedAt - b.startedAt)
  const readings = arrived.map((entry) => new Reading(entry))
  const looked = expectations.map((expectation) => look(expectation, readings, secrets))
  const chain = inOrder ? chained(looked) : []
  const results = looked.map((one, i): Result => {
    const { expectation, fitting, nearest } = one
    const faults = [
      countFault(expectation.count, fitting),
      ...orderFaults(one, looked),
      chain[i],
    ].filter((fault) => fault !== undefined)
    const found = fitting.length
    const tooFew = found < leastOf(expectation.count)
    const named = { name: expectation.name, found, requests: idsOf(fitting) }
    if (faults.length === 0) return { ...named, passed: true }
    return {
      ...named,
      passed: false,
      difference: faults.join('; ') + (tooFew ? described(nearest) : ''),
      ...(tooFew ? { nearest } : {}),
    }
  })
  return { passed: results.every(({ passed }) => passed), results }
}

/** Those that come nearest to what was wanted: the fewest differences first, then the newest. */
export function nearestTo(
  matches: EntryMatcher,
  readings: readonly Reading[],
  secrets: readonly string[],
): Nearest[] {
  return readings
    .map((reading) => ({ entry: reading.entry, differences: matches(reading) }))
    .filter(({ differences }) => differences.length > 0 && !isBefore(differences))
    .map((one) => ({ ...one, distance: distance(one.differences) }))
    .toSorted((a, b) => a.distance - b.distance || b.entry.seq - a.entry.seq)
    .slice(0, MOST_NEAREST)
    .map(({ entry, differences }) => ({
      id: entry.id,
      differences: scrubbed(differences, redactorOf(entry, secrets)),
    }))
}

/** A text that goes on from a sentence: each request with what differs in it. */
export function described(nearest: readonly Nearest[]): string {
  if (nearest.length === 0) return '; no other request has come'
  const lines = nearest.map(({ id, differences }) => {
    const words = differences.map(differenceIn)
    return `\n  ${id}: ${words.join('; ')}`
  })
  return `; nearest:${lines.join('')}`
}

function look(
  expectation: Expectation,
  readings: readonly Reading[],
  secrets: readonly string[],
): Looked {
  const { matches, count } = expectation
  const fitting = readings
    .filter((reading) => matches(reading).length === 0)
    .map(({ entry }) => entry)
  const nearest = fitting.length < leastOf(count) ? nearestTo(matches, readings, secrets) : []
  return { expectation, fitting, nearest }
}

function leastOf({ exactly, atLeast, atMost }: Count): number {
  return exactly ?? atLeast ?? (atMost === undefined ? 1 : 0)
}

function countFault(count: Count, fitting: readonly Entry[]): string | undefined {
  const found = fitting.length
  const least = leastOf(count)
  const most = count.exactly ?? count.atMost ?? Infinity
  if (found >= least && found <= most) return undefined
  const wanted =
    count.exactly !== undefined
      ? `exactly ${count.exactly}`
      : found < least
        ? `at least ${least}`
        : `at most ${most}`
  const which = found === 0 ? '' : `: ${idsOf(fitting.slice(0, 10)).join(', ')}`
  return `${wanted} should have come, ${found} came${which}`
}

function orderFaults({ expectation, fitting }: Looked, all: readonly Looked[]): string[] {
  const { name, before, after } = expectation
  const first = fitting[0]
  return (['before', 'after'] as const).flatMap((word) => {
    const other = word === 'before' ? before : after
    if (other === undefined) return []
    const found = all.find(({ expectation: one }) => one.name === other)
    if (!found) {
      const names = all.map(({ expectation: one }) => one.name).join(', ')
      const message = `${name} should come ${word} ${other}, which is none of: ${names}`
      throw new Problem(400, 'expectation.unknown', message)
    }
    const theirs = found.fitting[0]
    if (!first || !theirs) {
      return [`it cannot come ${word} ${other}, since nothing fits ${first ? other : 'it'}`]
    }
    const early = first.startedAt < theirs.startedAt
    if (early === (word === 'before') && first !== theirs) return []
    return [`${first.id} should have come ${word} ${theirs.id}, the first of ${other}`]
  })
}

/** For each the earliest request after that of the one before: who finds none breaks the order. */
function chained(looked: readonly Looked[]): (string | undefined)[] {
  let last: Entry | undefined
  return looked.map(({ fitting, expectation }, i) => {
    if (leastOf(expectation.count) === 0 && fitting.length === 0) return undefined
    const next = fitting.find(({ startedAt }) => last === undefined || startedAt > last.startedAt)
    const before = last
    last = next ?? last
    if (next || !before || fitting.length === 0) return undefined
    return `none came after ${before.id}, which is there for ${looked[i - 1]!.expectation.name}`
  })
}

/** A request of another kind is farther than one that differs in what it holds. */
function distance(differences: readonly Mismatch[]): number {
  const weights: Readonly<Record<string, number>> = { api: 8, operation: 8, path: 4, method: 4 }
  return differences.reduce((sum, { at }) => sum + (weights[at] ?? 1), 0)
}

function scrubbed(differences: readonly Mismatch[], redactor: Redactor): Mismatch[] {
  return differences.map(({ at, wanted, found }) => ({
    at,
    wanted: redactor.scrub(wanted),
    found: redactor.scrub(redactor.body(found)),
  }))
}

function idsOf(entries: readonly Entry[]): string[] {
  return entries.slice(0, MOST_NAMED).map(({ id }) => id)
}
