import type { FaultDefinition, FaultEffect } from '../fault.ts'
import { MAX_TIME } from '../time/clock.ts'
import { milliseconds } from '../time/duration.ts'
import type { Candidate, Condition } from './conditions.ts'
import { shortOf } from './short-form.ts'

/** How a fault came to be armed. */
export type FaultOrigin = 'config' | 'admin' | 'code' | 'header' | 'magic'

/** What a client did after it met a fault. */
export interface Meeting {
  readonly requestId: string
  /** Milliseconds since 1970, by the sandbox's clock. */
  readonly at: number
  /** What tells the client, and the user that it was about. */
  readonly client: string
  readonly about: string | undefined
  next?: { readonly what: 'retried' | 're-created' | 'went on'; readonly afterMs: number }
}

/** The request that came closest to meeting a fault. */
interface Miss {
  readonly requestId: string
  readonly at: number
  readonly why: string
  /** How many of the conditions it did meet. */
  readonly met: number
}

const MOST_MEETINGS = 20
/** The reason that is a 429 without saying so. */
const LIMIT = 'rate.exceeded'

/** A fault that is armed: what it does, when, how often, and what came of it. */
export class ArmedFault {
  readonly id: string
  readonly origin: FaultOrigin
  readonly definition: FaultDefinition
  readonly effect: FaultEffect
  readonly conditions: readonly Condition[]
  readonly armedAt: number
  /** How many requests fitted. */
  eligible = 0
  fired = 0
  lastFiredAt: number | undefined
  #firedBefore: number | undefined
  nearest: Miss | undefined
  readonly meetings: Meeting[] = []
  /** The steps of a sequence: what each does, or nothing. */
  readonly #steps: readonly (FaultEffect | undefined)[] | undefined
  readonly #seed: number
  #short: string | undefined
  /** Until when a limit that was exceeded stays so. */
  #limitedUntil = -Infinity

  constructor(from: {
    readonly id: string
    readonly origin: FaultOrigin
    readonly definition: FaultDefinition
    readonly effect: FaultEffect
    readonly steps: readonly (FaultEffect | undefined)[] | undefined
    readonly conditions: readonly Condition[]
    readonly armedAt: number
    readonly seed: number
  }) {
    this.id = from.id
    this.origin = from.origin
    this.definition = from.definition
    this.effect = from.effect
    this.conditions = from.conditions
    this.armedAt = from.armedAt
    this.#steps = from.steps
    this.#seed = from.seed
  }

  /** Its short form. */
  get shortForm(): string {
    this.#short ??= shortOf(this.definition)
    return this.#short
  }

  /** When it dies, in milliseconds since 1970; undefined: never. */
  get expiresAt(): number | undefined {
    const { expiresIn } = this.definition
    if (expiresIn === undefined) return undefined
    return Math.min(this.armedAt + milliseconds(expiresIn), MAX_TIME)
  }

  /** Whether it can still fire. */
  isLive(now: number): boolean {
    if (now >= (this.expiresAt ?? Infinity)) return false
    const { times, until, sequence, repeat, skip = 0 } = this.definition
    if (until !== undefined && now >= Date.parse(until)) return false
    if (now < this.#limitedUntil) return true
    if (sequence && !repeat && this.eligible >= skip + sequence.length) return false
    return this.fired < (times ?? Infinity)
  }

  /** Why a request does not fit; undefined when it does. */
  miss(candidate: Candidate, now: number): string | undefined {
    let met = 0
    for (const condition of this.conditions) {
      const why = condition.miss(candidate)
      if (why !== undefined) {
        this.#remember(candidate, now, why, met)
        return why
      }
      met++
    }
    return undefined
  }

  /**
   * Counts a request that fits, and says what happens to it; nothing, and why, where it is spared.
   */
  take(now: number): { readonly effect: FaultEffect } | { readonly spared: string } {
    const limited = now < this.#limitedUntil
    if (limited) return this.#fire(now, this.effect, this.#limitedUntil)
    const { from, skip = 0, every = 1, probability, repeat } = this.definition
    if (from !== undefined && now < Date.parse(from)) {
      return { spared: `it begins at ${new Date(from).toISOString()}` }
    }
    const n = this.eligible++
    if (n < skip) return { spared: `it skips ${skip}, and this is number ${n + 1}` }
    if ((n - skip) % every !== every - 1) {
      return { spared: `it takes every ${every}th, and this is number ${n - skip + 1}` }
    }
    if (probability !== undefined && chance(this.#seed, n)[0] >= probability) {
      return { spared: `the chance of ${probability} went the other way` }
    }
    if (!this.#steps) return this.#fire(now, this.effect)
    const at = n - skip
    const step = this.#steps[repeat ? at % this.#steps.length : at]
    return step ? this.#fire(now, step) : { spared: `step ${at + 1} of its sequence passes` }
  }

  #fire(now: number, effect: FaultEffect, limitedUntil?: number): { effect: FaultEffect } {
    this.fired++
    this.#firedBefore = this.lastFiredAt
    this.lastFiredAt = now
    const { refusal } = effect
    if (refusal?.retryAfter === undefined) return { effect }
    const until = limitedUntil ?? now + refusal.retryAfter * 1000
    const isLimit = (refusal.status ?? (refusal.reason === LIMIT && 429)) === 429
    if (isLimit) this.#limitedUntil = until
    const left = Math.max(1, Math.ceil((until - now) / 1000))
    return { effect: { ...effect, refusal: { ...refusal, retryAfter: left } } }
  }

  /** A firing that had nothing to change, such as nulls in an answer that allows none. */
  takeBack(candidate: Pick<Candidate, 'call'>, now: number, why: string): void {
    this.fired--
    this.lastFiredAt = this.#firedBefore
    const { id } = candidate.call
    const at = this.meetings.findLastIndex(({ requestId }) => requestId === id)
    if (at >= 0) this.meetings.splice(at, 1)
    candidate.call.recordNotFired(this.id, why)
    this.spare(candidate, now, why)
  }

  /** Remembers a request that fitted and met nothing all the same. */
  spare(candidate: Pick<Candidate, 'call'>, now: number, why: string): void {
    this.#remember(candidate, now, why, this.conditions.length)
  }

  /** What it may do. */
  get effects(): readonly FaultEffect[] {
    return this.#steps?.filter((step) => step !== undefined) ?? [this.effect]
  }

  /** Two numbers from 0 up to 1, the same for the same firing of the same seed. */
  draw(): readonly [number, number] {
    return chance(this.#seed ^ 0x5bd1e995, this.eligible)
  }

  meet(meeting: Meeting): void {
    if (this.meetings.push(meeting) > MOST_MEETINGS) this.meetings.shift()
  }

  #remember({ call }: Pick<Candidate, 'call'>, at: number, why: string, met: number): void {
    if (this.nearest && this.nearest.met > met) return
    this.nearest = { requestId: call.id, at, why, met }
  }
}

/** Numbers that depend on the seed and the place alone, so that no order of requests changes them. */
function chance(seed: number, n: number): [number, number] {
  let state = (seed ^ Math.imul(n + 1, 0x9e3779b1)) | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return [next(), next()]
}
