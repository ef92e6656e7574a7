import { Problem } from '../problem.ts'
import type { Entry } from './entry.ts'
import { isEarlier, type EntryMatcher } from './filter.ts'
import { describeMismatch, type Mismatch } from './matcher.ts'
import type { KnownSecrets } from './redact.ts'
import type { Redactions } from './redactions.ts'
import { SearchableEntry } from './searchable-entry.ts'

/** The number of requests that an expectation asks for; at least one by default. */
export interface Count {
  readonly exactly?: number
  readonly atLeast?: number
  readonly atMost?: number
}

/** An expectation about the recorded requests. */
export interface Expectation {
  readonly name: string
  readonly matches: EntryMatcher
  readonly count: Count
  /** Name of another expectation, whose first match must come later. */
  readonly before?: string | undefined
  /** Name of another expectation, whose first match must come earlier. */
  readonly after?: string | undefined
}

/** A request that nearly matches, with its mismatches. */
export interface NearestRequest {
  readonly id: string
  readonly differences: Mismatch[]
}

export interface ExpectationResult {
  readonly name: string
  readonly passed: boolean
  readonly found: number
  readonly requests: string[]
  readonly difference?: string
  readonly nearest?: NearestRequest[]
}

const MAX_NEAREST = 3
/** Number of requests that a result lists, and that a message lists. */
const MAX_LISTED = 100
const MAX_LISTED_IN_MESSAGE = 10

/** An expectation with the requests that match it, earliest first. */
interface Evaluation {
  readonly expectation: Expectation
  readonly matching: readonly Entry[]
  readonly nearest: NearestRequest[]
}

/** Redacts what results quote of the requests. */
export interface Redacting {
  readonly redactions: Redactions
  readonly secrets: KnownSecrets
}

/**
 * Verifies expectations against recorded requests, in steps.
 *
 * @param entries in any order; they are compared in the order of their arrival
 * @param inOrder true if the first matches must be in the order of the expectations
 * @throws Problem 400 expectation.unknown
 */
export function* verifySteps(
  expectations: readonly Expectation[],
  entries: readonly Entry[],
  redacting: Redacting,
  inOrder = false,
): Generator<undefined, { passed: boolean; results: ExpectationResult[] }> {
  const byArrival = entries.toSorted((a, b) => a.startedAt - b.startedAt)
  const requests = byArrival.map((entry) => new SearchableEntry(entry))
  const evaluations: Evaluation[] = []
  for (const expectation of expectations) {
    evaluations.push(yield* evaluationSteps(expectation, requests, redacting))
  }
  const orderFailures = inOrder ? checkOrder(evaluations) : []
  const results = evaluations.map((evaluation, i): ExpectationResult => {
    const { expectation, matching, nearest } = evaluation
    const failures = [
      countFailure(expectation.count, matching),
      ...relativeOrderFailures(evaluation, evaluations),
      orderFailures[i],
    ].filter((failure) => failure !== undefined)
    const found = matching.length
    const tooFew = found < minimumOf(expectation.count)
    const result = { name: expectation.name, found, requests: idsOf(matching, MAX_LISTED) }
    if (failures.length === 0) return { ...result, passed: true }
    return {
      ...result,
      passed: false,
      difference: failures.join('; ') + (tooFew ? describeNearest(nearest) : ''),
      ...(tooFew ? { nearest } : {}),
    }
  })
  return { passed: results.every(({ passed }) => passed), results }
}

/** Finds the requests with the fewest mismatches, newest first among equals, in steps. */
export function* nearestSteps(
  matches: EntryMatcher,
  requests: readonly SearchableEntry[],
  { redactions, secrets }: Redacting,
): Generator<undefined, NearestRequest[]> {
  let nearest: Candidate[] = []
  for (const request of requests) {
    const differences = yield* matches.steps(request)
    yield
    if (differences.length === 0 || isEarlier(differences)) continue
    const distance = distanceOf(differences)
    nearest.push({ entry: request.entry, differences, distance })
    nearest.sort((a, b) => a.distance - b.distance || b.entry.seq - a.entry.seq)
    nearest = nearest.slice(0, MAX_NEAREST)
  }
  const shown: NearestRequest[] = []
  for (const { entry, differences } of nearest) {
    shown.push({
      id: entry.id,
      differences: yield* redactions.mismatchSteps(differences, entry, secrets),
    })
  }
  return shown
}

interface Candidate {
  readonly entry: Entry
  readonly differences: readonly Mismatch[]
  readonly distance: number
}

/** Describes the nearest requests with their mismatches, as the end of a message. */
export function describeNearest(nearest: readonly NearestRequest[]): string {
  if (nearest.length === 0) return '; no other request was recorded'
  const lines = nearest.map(
    ({ id, differences }) => `\n  ${id}: ${differences.map(describeMismatch).join('; ')}`,
  )
  return `; nearest:${lines.join('')}`
}

function* evaluationSteps(
  expectation: Expectation,
  requests: readonly SearchableEntry[],
  redacting: Redacting,
): Generator<undefined, Evaluation> {
  const { matches, count } = expectation
  const matching: Entry[] = []
  for (const request of requests) {
    if ((yield* matches.steps(request)).length === 0) matching.push(request.entry)
    yield
  }
  const isEnough = matching.length >= minimumOf(count)
  const nearest = isEnough ? [] : yield* nearestSteps(matches, requests, redacting)
  return { expectation, matching, nearest }
}

function minimumOf({ exactly, atLeast, atMost }: Count): number {
  return exactly ?? atLeast ?? (atMost === undefined ? 1 : 0)
}

function countFailure(count: Count, matching: readonly Entry[]): string | undefined {
  const found = matching.length
  const minimum = minimumOf(count)
  const maximum = count.exactly ?? count.atMost ?? Infinity
  if (found >= minimum && found <= maximum) return undefined
  const [bound, wanted] =
    count.exactly !== undefined
      ? ['exactly', count.exactly]
      : found < minimum
        ? ['at least', minimum]
        : ['at most', maximum]
  const ids = found === 0 ? '' : `: ${idsOf(matching, MAX_LISTED_IN_MESSAGE).join(', ')}`
  return `expected ${bound} ${wanted} ${wanted === 1 ? 'request' : 'requests'}, got ${found}${ids}`
}

/** Compares the first match with the first matches of the expectations in `before` and `after`. */
function relativeOrderFailures(
  { expectation, matching }: Evaluation,
  evaluations: readonly Evaluation[],
): string[] {
  const { name, before, after } = expectation
  const first = matching[0]
  return (['before', 'after'] as const).flatMap((word) => {
    const otherName = word === 'before' ? before : after
    if (otherName === undefined) return []
    const other = evaluations.find((evaluation) => evaluation.expectation.name === otherName)
    if (!other) {
      const names = evaluations.map((evaluation) => evaluation.expectation.name).join(', ')
      const message = `${name} is to come ${word} ${otherName}, but no expectation has this name; there are: ${names}`
      throw new Problem(400, 'expectation.unknown', message)
    }
    const firstOfOther = other.matching[0]
    if (!first || !firstOfOther) {
      const unmatched = first ? otherName : name
      return [`it cannot come ${word} ${otherName}: no request matches ${unmatched}`]
    }
    const isBefore = first.startedAt < firstOfOther.startedAt
    if (isBefore === (word === 'before') && first !== firstOfOther) return []
    return [
      `${first.id} should have come ${word} ${firstOfOther.id}, the first match of ${otherName}`,
    ]
  })
}

/**
 * Chooses for each expectation the earliest match after the match of the previous expectation. An
 * expectation without such a match breaks the order.
 */
function checkOrder(evaluations: readonly Evaluation[]): (string | undefined)[] {
  let last: Entry | undefined
  return evaluations.map(({ matching, expectation }, i) => {
    if (minimumOf(expectation.count) === 0 && matching.length === 0) return undefined
    const next = matching.find(({ startedAt }) => last === undefined || startedAt > last.startedAt)
    const previous = last
    last = next ?? last
    if (next || !previous || matching.length === 0) return undefined
    return `no match came after ${previous.id}, the match of ${evaluations[i - 1]!.expectation.name}`
  })
}

/**
 * The distance of a request from the expectation; another operation counts more than other values.
 */
function distanceOf(differences: readonly Mismatch[]): number {
  const weights: Readonly<Record<string, number>> = { api: 8, operation: 8, path: 4, method: 4 }
  return differences.reduce((sum, { at }) => sum + (weights[at] ?? 1), 0)
}

function idsOf(entries: readonly Entry[], limit: number): string[] {
  return entries.slice(0, limit).map(({ id }) => id)
}
