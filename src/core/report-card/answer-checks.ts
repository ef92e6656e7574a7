import { withoutDashes, type Exchange } from './exchange.ts'
import type { Check, Observations } from './check.ts'
import type { Facts } from './facts.ts'

/** Faults by which an answer is valid and complete, but different from the usual one. */
const VARIATIONS = [
  ['tolerates-unknown-fields', 'Reads answers with fields that it does not know', 'extra-fields'],
  [
    'tolerates-unknown-enum-values',
    'Reads answers with enum values that it does not know',
    'unknown-enum',
  ],
  ['tolerates-nulls', 'Reads answers with null in fields that allow it', 'nulls'],
  ['tolerates-field-order', 'Reads answers with their fields in another order', 'reordered'],
  ['tolerates-xml-prefixes', 'Reads XML answers with other namespace prefixes', 'xml-prefixes'],
  ['tolerates-xml-comments', 'Reads XML answers with comments', 'xml-comments'],
  ['tolerates-xml-cdata', 'Reads XML answers with CDATA sections', 'xml-cdata'],
] as const

/** Faults that leave out a part of an answer. */
const PARTIAL = ['cut', 'reset-body', 'wrong-length', 'bad-chunk', 'truncated', 'empty']

/** Number of later requests that are searched for ids from an answer. */
const MAX_LATER = 1000

/** Checks of how a client handles unusual answers. */
export const ANSWER_CHECKS: readonly Check[] = [
  ...VARIATIONS.map(([id, title, word]): Check => ({
    id,
    subject: 'client',
    title,
    needs: `a success with the fault ${word}, and a later request that uses an id in it`,
    provoke: `${word};times=1`,
    *judge(facts, observations) {
      for (const [i, one] of facts.exchanges.entries()) {
        yield
        if (one.isSuccess && one.faults.includes(word)) yield* judgeReading(facts, i, observations)
      }
    },
  })),
  {
    id: 'notices-incomplete-answers',
    subject: 'client',
    title: 'Notices that an answer is incomplete',
    needs: 'a success of which only a part was sent, and what its client did next',
    provoke: 'cut;times=1',
    *judge(facts, observations) {
      for (const [i, one] of facts.exchanges.entries()) {
        yield
        if (!one.faults.some((word) => PARTIAL.includes(word)) || one.status >= 300) continue
        const ids = idsIn(one)
        for (const later of laterOf(facts, i)) {
          yield
          if (later.isSameTarget(one) && later.user === one.user) {
            observations.pass(
              `${later.id} repeats ${one.id}, whose answer was incomplete`,
              one,
              later,
            )
            break
          }
          if (later.isLookup) {
            observations.pass(
              `${later.id} looks for the user of ${one.id}, whose answer was incomplete`,
              one,
              later,
            )
            break
          }
          if (ids.some((id) => later.names(id))) {
            observations.fail(
              `${later.id} uses the answer to ${one.id}, which was incomplete`,
              one,
              later,
            )
            break
          }
        }
      }
    },
  },
]

/**
 * Judges by the client's later requests: one that uses an id from the answer passes, and one that
 * repeats a successful request fails.
 */
function* judgeReading(
  facts: Facts,
  at: number,
  observations: Observations,
): Generator<undefined, void> {
  const one = facts.exchanges[at]! // callers pass an index of the list
  const ids = idsIn(one)
  for (const later of laterOf(facts, at)) {
    yield
    if (ids.some((id) => later.names(id))) {
      observations.pass(`${later.id} uses the answer to ${one.id}`, one, later)
      return
    }
    if (!one.isRead && !one.hasRequestedFault && later.equals(one)) {
      observations.fail(`${later.id} repeats ${one.id}, although that was a success`, one, later)
      return
    }
  }
}

/** The requests of the same client to the same API in the same section that came later. */
function* laterOf({ exchanges }: Facts, at: number): Generator<Exchange, void> {
  const one = exchanges[at]! // callers pass an index of the list
  const end = Math.min(exchanges.length, at + 1 + MAX_LATER)
  for (let i = at + 1; i < end; i++) {
    const later = exchanges[i]! // below the length
    if (later.entry.section !== one.entry.section) return
    if (later.api === one.api && later.client === one.client && later.start >= one.end) yield later
  }
}

/** Ids that a client can only know from this answer. */
function idsIn(one: Exchange): readonly string[] {
  const { userId } = one.entry
  return userId === undefined ? one.newIds : [withoutDashes(userId)]
}
