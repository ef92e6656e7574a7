import type { FaultDefinition, FaultEffect } from '../fault.ts'
import { MAX_TIME } from '../time/clock.ts'
import { milliseconds } from '../time/duration.ts'
import type { Candidate, FaultCondition } from './conditions.ts'
import { shortFormOf } from './short-form.ts'

/** The way in which a fault was armed. */
export type FaultOrigin = 'config' | 'admin' | 'code' | 'header' | 'magic'

/** One firing of a fault, and what the same client did next. */
export interface FiringRecord {
  /** Absent for a fault of the handshake, which ends before there is a request. */
  readonly requestId?: string
  /** Server name of a handshake. */
  readonly host?: string
  /** Milliseconds since 1970, by the sandbox's clock. */
  readonly at: number
  /** The user in the body of the request. */
  readonly user: string | undefined
  next?: { readonly action: 'retried' | 're-created' | 'went on'; readonly afterMs: number }
}

/** The request that matched the most conditions of a fault without making it fire. */
interface NearestMiss {
  readonly requestId: string
  readonly at: number
  readonly why: string
  /** Number of conditions that the request matched. */
  readonly matched: number
}

/** The decision of a fault on a matching request: its effect, or the reason why it does not fire. */
type FiringDecision = { readonly effect: FaultEffect } | { readonly notFired: string }

const MAX_FIRINGS = 20
/** The reason of a rate limit; its status is 429 even if the fault has no status. */
const RATE_LIMIT = 'rate.exceeded'

/** A fault with its conditions, its counts and the record of its firings. */
export class ArmedFault {
  readonly id: string
  readonly origin: FaultOrigin
  readonly definition: FaultDefinition
  readonly effect: FaultEffect
  readonly conditions: readonly FaultCondition[]
  readonly armedAt: number
  /** Number of requests that matched. */
  eligible = 0
  fired = 0
  lastFiredAt: number | undefined
  #previouslyFiredAt: number | undefined
  nearestMiss: NearestMiss | undefined
  /** The newest firings, oldest first. */
  readonly firings: FiringRecord[] = []
  /** The effects of a sequence's steps; undefined for a step that lets the request pass. */
  readonly #steps: readonly (FaultEffect | undefined)[] | undefined
  readonly #seed: number
  #shortForm: string | undefined
  /** End of the rate limit that the fault's first 429 started. */
  #limitedUntil = -Infinity

  constructor(from: {
    readonly id: string
    readonly origin: FaultOrigin
    readonly definition: FaultDefinition
    readonly effect: FaultEffect
    readonly steps: readonly (FaultEffect | undefined)[] | undefined
    readonly conditions: readonly FaultCondition[]
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

  get shortForm(): string {
    this.#shortForm ??= shortFormOf(this.definition)
    return this.#shortForm
  }

  /** Time of expiry in milliseconds since 1970; undefined: never. */
  get expiresAt(): number | undefined {
    const { expiresIn } = this.definition
    if (expiresIn === undefined) return undefined
    return Math.min(this.armedAt + milliseconds(expiresIn), MAX_TIME)
  }

  /** True if the fault can still fire. */
  isLive(now: number): boolean {
    if (now >= (this.expiresAt ?? Infinity)) return false
    const { times, until, sequence, repeat, skip = 0 } = this.definition
    if (until !== undefined && now >= Date.parse(until)) return false
    if (now < this.#limitedUntil) return true
    if (sequence && !repeat && this.eligible >= skip + sequence.length) return false
    return this.fired < (times ?? Infinity)
  }

  /** Explains why a request does not match, and records the reason; undefined if it matches. */
  mismatch(candidate: Candidate, now: number): string | undefined {
    let matched = 0
    for (const condition of this.conditions) {
      const why = condition.mismatch(candidate)
      if (why !== undefined) {
        this.#recordMiss(candidate, now, why, matched)
        return why
      }
      matched++
    }
    return undefined
  }

  /** Counts a matching request and decides whether the fault fires for it. */
  count(now: number): FiringDecision {
    const isLimited = now < this.#limitedUntil
    if (isLimited) return this.#fire(now, this.effect, this.#limitedUntil)
    const { from, skip = 0, every = 1, probability, repeat } = this.definition
    if (from !== undefined && now < Date.parse(from)) {
      return { notFired: `it does not fire before ${new Date(from).toISOString()}` }
    }
    const n = this.eligible++
    if (n < skip) return { notFired: `skip is ${skip}, and this was matching request ${n + 1}` }
    if ((n - skip) % every !== every - 1) {
      return { notFired: `every is ${every}, and this was matching request ${n - skip + 1}` }
    }
    if (probability !== undefined && chance(this.#seed, n)[0] >= probability) {
      return { notFired: `probability is ${probability}, and the draw decided against it` }
    }
    if (!this.#steps) return this.#fire(now, this.effect)
    const at = n - skip
    const step = this.#steps[repeat ? at % this.#steps.length : at]
    return step ? this.#fire(now, step) : { notFired: `step ${at + 1} of its sequence is pass` }
  }

  #fire(now: number, effect: FaultEffect, limitedUntil?: number): { effect: FaultEffect } {
    this.fired++
    this.#previouslyFiredAt = this.lastFiredAt
    this.lastFiredAt = now
    const { refusal } = effect
    if (refusal?.retryAfter === undefined) return { effect }
    const until = limitedUntil ?? now + refusal.retryAfter * 1000
    const isLimit = (refusal.status ?? (refusal.reason === RATE_LIMIT && 429)) === 429
    if (isLimit) this.#limitedUntil = until
    const left = Math.max(1, Math.ceil((until - now) / 1000))
    return { effect: { ...effect, refusal: { ...refusal, retryAfter: left } } }
  }

  /**
   * Withdraws a firing that had no effect, such as `nulls` on an answer without nullable fields.
   */
  withdraw(candidate: Pick<Candidate, 'call'>, now: number, why: string): void {
    this.fired--
    this.lastFiredAt = this.#previouslyFiredAt
    const { id } = candidate.call
    const at = this.firings.findLastIndex(({ requestId }) => requestId === id)
    if (at >= 0) this.firings.splice(at, 1)
    candidate.call.recordNotFired(this.id, why)
    this.recordNotFired(candidate, now, why)
  }

  /** Records a request that matched all conditions without making the fault fire. */
  recordNotFired(candidate: Pick<Candidate, 'call'>, now: number, why: string): void {
    this.#recordMiss(candidate, now, why, this.conditions.length)
  }

  /** All effects that the fault can have. */
  get effects(): readonly FaultEffect[] {
    return this.#steps?.filter((step) => step !== undefined) ?? [this.effect]
  }

  /**
   * Draws two random numbers, each at least 0 and below 1; they depend on the seed and the number
   * of matching requests.
   */
  draw(): readonly [number, number] {
    return chance(this.#seed ^ 0x5bd1e995, this.eligible)
  }

  recordFiring(firing: FiringRecord): void {
    if (this.firings.push(firing) > MAX_FIRINGS) this.firings.shift()
  }

  #recordMiss({ call }: Pick<Candidate, 'call'>, at: number, why: string, matched: number): void {
    if (this.nearestMiss && this.nearestMiss.matched > matched) return
    this.nearestMiss = { requestId: call.id, at, why, matched }
  }
}

/** Two numbers from the seed and the index alone, so that the order of requests does not matter. */
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
