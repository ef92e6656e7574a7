import type { Exchange } from './exchange.ts'
import type { Facts } from './facts.ts'
import type { SeenDelivery } from './seen-delivery.ts'

/** Result of one check. `not-seen`: the records show neither a pass nor a failure. */
export const VERDICTS = ['passed', 'failed', 'not-seen'] as const
export type Verdict = (typeof VERDICTS)[number]

/** The program that a check grades: the caller of the APIs, or the receiver of webhooks. */
export const SUBJECTS = ['client', 'receiver'] as const
export type Subject = (typeof SUBJECTS)[number]

/** One check of the report card. */
export interface Check {
  /** Stable and machine-readable, such as `waits-retry-after`. */
  readonly id: string
  readonly subject: Subject
  /** The expected behaviour in plain words, without a subject: `Waits as long as …`. */
  readonly title: string
  /** The situation that has to be recorded before the check can judge. */
  readonly needs: string
  /** The short form of a fault, a command or a call that leads to the situation. */
  readonly provoke: string
  /** Judges the recorded requests and deliveries, in steps, and adds its observations. */
  judge(facts: Facts, observations: Observations): Generator<undefined, void>
}

/** The result of one check. */
export interface CheckResult extends Pick<Check, 'id' | 'subject' | 'title' | 'provoke'> {
  readonly verdict: Verdict
  /** The reason in one sentence. */
  readonly text: string
  /** Ids of the requests that show it, at most `MAX_SHOWN`. */
  readonly requests: readonly string[]
  /** Ids of the deliveries that show it, at most `MAX_SHOWN`. */
  readonly deliveries: readonly string[]
}

/** Ids that a result lists. */
export const MAX_SHOWN = 10

type Shown = readonly (Exchange | SeenDelivery)[]

/**
 * The passes or the failures of one check: the first reason, the number, and the ids of the
 * requests and deliveries that show them.
 */
class ObservationGroup {
  count = 0
  text = ''
  readonly requests = new Set<string>()
  readonly deliveries = new Set<string>()

  add(text: string, shown: Shown): void {
    if (this.count++ === 0) this.text = text
    for (const one of shown) {
      const ids = 'attempts' in one ? this.deliveries : this.requests
      if (ids.size < MAX_SHOWN) ids.add(one.id)
    }
  }
}

/** The observations of one check. A single failure outweighs any number of passes. */
export class Observations {
  readonly #passed = new ObservationGroup()
  readonly #failed = new ObservationGroup()

  /** Adds an observation that the subject behaved as expected. */
  pass(text: string, ...shown: Shown): void {
    this.#passed.add(text, shown)
  }

  /** Adds an observation that the subject did not behave as expected. */
  fail(text: string, ...shown: Shown): void {
    this.#failed.add(text, shown)
  }

  resultOf({ id, subject, title, needs, provoke }: Check): CheckResult {
    const verdict =
      this.#failed.count > 0 ? 'failed' : this.#passed.count > 0 ? 'passed' : 'not-seen'
    const side = verdict === 'failed' ? this.#failed : this.#passed
    const more = side.count > 1 ? ` (and ${side.count - 1} more)` : ''
    return {
      id,
      subject,
      title,
      verdict,
      text: verdict === 'not-seen' ? `Not seen: ${needs}.` : `${side.text}${more}.`,
      requests: [...side.requests],
      deliveries: [...side.deliveries],
      provoke,
    }
  }
}
