import type { Call } from '../api.ts'
import type { Clock } from '../time/clock.ts'
import type { Timer } from '../time/timers.ts'
import { hash } from '../fake.ts'
import { Problem } from '../problem.ts'
import { BREAKING } from './body-faults.ts'
import { readDefinition, refused, type Terms } from './definition.ts'
import { FAULT_STAGES, type Definition, type Effect, type FaultStage } from '../fault.ts'
import { short, type Candidate } from './conditions.ts'
import { Rule, type Meeting, type Origin } from './armed-fault.ts'
import { Held } from './connection-faults.ts'

export interface FaultOptions {
  readonly clock: Clock
  readonly seed: number
  readonly terms: Terms
  /** Whether addresses such as `ada+fault.500@example.test` count. */
  readonly magic: boolean
  /** Those that are armed from the start, and again after a reset; undefined: none can be. */
  readonly startup: readonly Definition[] | undefined
}

/** A fault that a request has met. */
export interface Firing {
  readonly rule: Rule
  readonly effect: Effect
  /** Two numbers from 0 up to 1 that belong to this firing. */
  readonly draw: readonly [number, number]
}

/** So that a client in a loop cannot fill the memory. */
const MOST = 1000
/** Clients that run side by side, each with a fault of its own, must not drive out each other's. */
const MOST_WISHES = 5000
/** Ids are in headers and paths. */
const ID = /^[\w.-]{1,64}$/

/** All faults of a sandbox: armed by a tester, or wished for by a request itself. */
export class Faults {
  readonly #options: FaultOptions
  readonly #rules = new Map<string, Rule>()
  /** Those that requests brought along, by what they said; a retry counts on. */
  readonly #wishes = new Map<string, Rule>()
  readonly #numbers = { fault: 0, header: 0, magic: 0 }
  /** Users whose creation was lost, and is refused as a duplicate from then on: the fault. */
  readonly #lost = new Map<string, Rule>()
  /** Clients that met a fault and were not seen since, by their name. */
  readonly #watched = new Map<string, { rule: Rule; meeting: Meeting }>()

  /** What is put off. */
  readonly #due = new Set<Timer>()

  /** Answers that wait. */
  readonly held = new Held()

  /** @throws Problem 400 fault.invalid when one of the startup's cannot be used */
  constructor(options: FaultOptions) {
    this.#options = options
    this.#start()
  }

  /** Whether there can be any. */
  get isOn(): boolean {
    return this.#options.startup !== undefined
  }

  /** Whether a request has to be held against rules at all. */
  get isArmed(): boolean {
    return this.#rules.size > 0 || this.#lost.size > 0
  }

  /** How many wait for a request. */
  get armed(): number {
    const now = this.#options.clock.now()
    return [...this.#rules.values()].filter((rule) => rule.isLive(now)).length
  }

  get usesMagic(): boolean {
    return this.#options.magic
  }

  /** Those that somebody armed, in their order. */
  rules(): readonly Rule[] {
    return [...this.#rules.values()]
  }

  /** Armed rules in their order, then those that requests brought along. */
  list(): readonly Rule[] {
    return [...this.#rules.values(), ...this.#wishes.values()]
  }

  get(id: string): Rule | undefined {
    return this.#rules.get(id) ?? this.list().find((rule) => rule.id === id)
  }

  /**
   * Arms a fault behind those there are.
   *
   * @throws Problem 400 fault.invalid, faults.too-many; nothing is armed then
   */
  add(given: unknown, origin: Origin = 'code', id = this.#name('fault')): Rule {
    if (this.#rules.size >= MOST && !this.#rules.has(id)) {
      throw new Problem(400, 'faults.too-many', `There are ${MOST} faults; DELETE some`)
    }
    if (!ID.test(id)) throw refused('id must be 1 to 64 letters, digits, ., _ and -')
    const rule = this.#made(given, origin, id)
    this.#forget(this.#rules.get(id))
    this.#rules.set(id, rule)
    return rule
  }

  /** Arms these in place of all; all of them, or none. */
  replaceAll(given: readonly unknown[], origin: Origin = 'code'): readonly Rule[] {
    if (given.length > MOST) throw new Problem(400, 'faults.too-many', `At most ${MOST} faults`)
    const rules = given.map((one, i) => {
      try {
        return this.#made(one, origin, this.#name('fault'))
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        throw new Problem(400, error.reason, `faults[${i}]: ${error.message}`)
      }
    })
    this.clear()
    for (const rule of rules) this.#rules.set(rule.id, rule)
    return rules
  }

  /** Whether what it does is meant to be nothing that the contract allows. */
  breaksContract({ effects, definition }: Rule): boolean {
    return effects.some((effect) => this.#breaks(effect, definition.api))
  }

  #breaks({ refusal, body, connection }: Effect, api: string | undefined): boolean {
    if (body && BREAKING.has(body)) return true
    if (connection && connection !== 'close-after') return true
    if (!refusal) return false
    if (refusal.words !== 'vendor') return true
    const { apis } = this.#options.terms
    const among = api === undefined ? [...apis.values()] : [apis.get(api)!]
    const { status } = refusal
    return status !== undefined && among.some(({ statuses }) => !statuses.includes(status))
  }

  remove(id: string): void {
    this.#forget(this.#rules.get(id))
    this.#rules.delete(id)
    for (const [key, rule] of this.#wishes) {
      if (rule.id !== id) continue
      this.#wishes.delete(key)
      this.#forget(rule)
    }
  }

  /** Users whose creation it lost are as any others again. */
  #forget(gone: Rule | undefined): void {
    for (const [key, rule] of this.#lost) if (rule === gone) this.#lost.delete(key)
  }

  clear(): void {
    this.#rules.clear()
    this.#wishes.clear()
    this.#watched.clear()
    this.#lost.clear()
  }

  /** Ends the connections of all whose answers wait. */
  letGo(): void {
    this.held.letGo()
  }

  /** As in a fresh sandbox. */
  reset(): void {
    this.clear()
    this.callOff()
    Object.assign(this.#numbers, { fault: 0, header: 0, magic: 0 })
    this.#start()
  }

  /** What was put off is not done any more: it belongs to a state that is gone. */
  callOff(): void {
    for (const timer of this.#due) this.#options.clock.cancel(timer)
    this.#due.clear()
  }

  /** Does what a fault puts off, by the sandbox's clock; a reset, and another state, take it back. */
  later(ms: number, work: () => Promise<void>): void {
    const { clock } = this.#options
    const timer = clock.after(clock.now() + ms, () => {
      this.#due.delete(timer)
      return work()
    })
    this.#due.add(timer)
  }

  /**
   * The fault that a request asks for by itself; the same words again are the same fault.
   *
   * @throws Problem 400 fault.invalid
   */
  wish(origin: 'header' | 'magic', api: string, about: string, text: string): Rule {
    const key = `${origin} ${api} ${about} ${text}`
    const known = this.#wishes.get(key)
    if (known) return known
    const rule = this.#made({ fault: text }, origin, this.#name(origin), api)
    if (this.#wishes.size >= MOST_WISHES) {
      const [oldest = ''] = this.#wishes.keys()
      this.#wishes.delete(oldest)
    }
    this.#wishes.set(key, rule)
    return rule
  }

  /**
   * The fault that a request meets at this stage. Matching and counting are one synchronous step:
   * with an await between them two requests would both get a fault that was armed for one.
   */
  meet(candidate: Candidate, stage: FaultStage): Firing | undefined {
    const { call } = candidate
    const now = this.#options.clock.now()
    if (stage === 'validation' && this.#lost.size > 0) {
      const lost = this.#lost.get(lostKey(candidate) ?? '')
      if (lost) {
        const why = 'it lost this user before, whom it refuses as a duplicate from then on'
        call.consider({ id: lost.id, fault: lost.short, fired: true, why })
        this.#passOver(lost, candidate, stage, now, false)
        return { rule: lost, effect: DUPLICATE, draw: [0, 0] }
      }
    }
    const { wish } = call
    // What a request asks for goes before what is armed, and it alone decides.
    if (wish && (wish.isLive(now) || call.faults?.some(({ id }) => id === wish.id))) {
      return wish.effect.after === stage ? this.#taken(wish, candidate, stage, now) : undefined
    }
    for (const rule of this.#rules.values()) {
      if (rule.effect.after !== stage || !rule.isLive(now)) continue
      const firing = this.#taken(rule, candidate, stage, now)
      if (firing) return firing
    }
    return undefined
  }

  #taken(rule: Rule, candidate: Candidate, stage: FaultStage, now: number): Firing | undefined {
    const { call } = candidate
    const why = rule.miss(candidate, now)
    const taken = why === undefined ? rule.take(now) : { spared: why }
    if ('spared' in taken) {
      if (why === undefined) rule.spare(candidate, now, taken.spared)
      call.consider({ id: rule.id, fired: false, why: taken.spared })
      return undefined
    }
    call.consider({ id: rule.id, fault: rule.short, fired: true, why: 'the request fits' })
    // A request that asks for a fault by itself has asked none of those that are armed.
    const isWish = rule === call.wish
    this.#passOver(rule, candidate, isWish ? 'route' : stage, now, !isWish)
    this.#watch(rule, candidate, now)
    return { rule, effect: taken.effect, draw: rule.draw() }
  }

  /**
   * Tells the rules that are not asked any more, since this one took the request. Those that have
   * fired before show by that what they wait for, and cost nothing here.
   *
   * @param hasAsked whether those in front of it had their turn at this stage
   */
  #passOver(
    taken: Rule,
    candidate: Candidate,
    stage: FaultStage,
    now: number,
    hasAsked: boolean,
  ): void {
    let isBehind = !hasAsked
    for (const rule of this.#rules.values()) {
      if (rule === taken) isBehind = true
      const comes = FAULT_STAGES.indexOf(rule.effect.after) - FAULT_STAGES.indexOf(stage)
      if (rule === taken || comes < 0 || (comes === 0 && !isBehind)) continue
      if (rule.fired > 0 || !rule.isLive(now) || rule.miss(candidate, now) !== undefined) continue
      const why = `${taken.id}${taken.short && ` (${taken.short})`} came first`
      rule.spare(candidate, now, why)
      candidate.call.consider({ id: rule.id, fired: false, why })
    }
  }

  /** From now on this user is refused as a duplicate, though nobody has it. */
  lose(candidate: Candidate, rule: Rule): void {
    const key = lostKey(candidate)
    if (key === undefined) return
    if (this.#lost.size >= MOST) this.#lost.clear()
    this.#lost.set(key, rule)
  }

  #watch(rule: Rule, candidate: Candidate, at: number): void {
    const client = clientOf(candidate)
    const meeting = { requestId: candidate.call.id, at, client, about: candidate.about() }
    rule.meet(meeting)
    this.#followUp(client, candidate, false)
    if (this.#watched.size >= MOST) this.#watched.clear()
    this.#watched.set(client, { rule, meeting })
  }

  /** Whether somebody met a fault and may be back with this request. */
  get isWatching(): boolean {
    return this.#watched.size > 0
  }

  /** Tells what a client did after its fault, once its next request is answered. */
  seen(candidate: Candidate, created: boolean): void {
    this.#followUp(clientOf(candidate), candidate, created)
  }

  #followUp(client: string, candidate: Candidate, created: boolean): void {
    const watched = this.#watched.get(client)
    if (!watched || watched.meeting.requestId === candidate.call.id) return
    this.#watched.delete(client)
    const { meeting } = watched
    const same = meeting.about !== undefined && meeting.about === candidate.about()
    const what = same && created ? 're-created' : same ? 'retried' : 'went on'
    meeting.next = { what, afterMs: Math.max(0, this.#options.clock.now() - meeting.at) }
  }

  #start(): void {
    for (const definition of this.#options.startup ?? []) this.add(definition, 'config')
  }

  #name(kind: 'fault' | 'header' | 'magic'): string {
    let id: string
    do id = `${kind}-${++this.#numbers[kind]}`
    while (this.#rules.has(id))
    return id
  }

  /** @param api where a request asks for it by itself: what it names has to be known there */
  #made(given: unknown, origin: Origin, id: string, api?: string): Rule {
    if (!this.isOn) {
      const message = 'Faults are off here; start the server without --faults off'
      throw new Problem(400, 'faults.off', message)
    }
    return new Rule({
      id,
      origin,
      ...readDefinition(given, this.#options.terms, api),
      armedAt: this.#options.clock.now(),
      seed: this.#options.seed ^ hash(id),
    })
  }
}

/** What a user that was lost is refused with. */
const DUPLICATE: Effect = {
  refusal: { reason: 'user.duplicate', words: 'vendor' },
  cutAfter: 0,
  later: 0,
  after: 'validation',
}

function clientOf(candidate: Candidate): string {
  return short(candidate.credential() ?? candidate.call.address)
}

/** Who names nobody cannot be told from others. */
function lostKey(candidate: Candidate): string | undefined {
  const about = candidate.about()
  return about === undefined ? undefined : `${candidate.api} ${about}`
}

/** The header's own fault, or Prism's way of asking for a status; undefined where there is none. */
export function wishInHeaders({ headers }: Call): string | undefined {
  const own = headers['standin-fault']
  if (own !== undefined) return [own].flat().join(';')
  const code = /(?:^|[,;\s])code="?(\d{3})"?(?:$|[,;\s])/.exec(
    [headers['prefer'] ?? ''].flat().join(','),
  )?.[1]
  return code !== undefined && code >= '300' ? code : undefined
}

/** `ada+fault.500@example.test`: what stands behind `+fault.`, before the `@` or the end. */
export function wishInValue(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  // `;` is not allowed in an address, `/` and `=` are.
  return /\+fault\.([^@\s]{1,200})(?:@|$)/.exec(value)?.[1]?.replaceAll('/', ';')
}
