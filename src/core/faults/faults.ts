import type { Call } from '../api.ts'
import type { Clock } from '../clock.ts'
import { hash } from '../fake.ts'
import { invalid, Problem, type Violation } from '../problem.ts'
import type { Schema } from '../schema.ts'
import { BREAKING } from './bodies.ts'
import { effectOf } from './effect.ts'
import type { Definition, Effect, FaultStage } from './fault.ts'
import { conditionsOf, type Candidate } from './match.ts'
import { Rule, type Meeting, type Origin } from './rule.ts'
import { readShort } from './short.ts'
import type { Held } from './wire.ts'

/** What a definition may name: the contracts' operations and the reasons that slices refuse with. */
export interface Terms {
  /** Of a definition: names and types of its fields. */
  readonly schema: Schema
  readonly check: (definition: unknown) => readonly Violation[]
  readonly apis: ReadonlyMap<
    string,
    {
      readonly operations: readonly string[]
      readonly reasons: readonly string[]
      /** Statuses of refusals that its contract knows. */
      readonly statuses: readonly number[]
    }
  >
}

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
const MOST_WISHES = 200

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

  /** Answers that wait. */
  readonly held: Held = new Set()

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

  get usesMagic(): boolean {
    return this.#options.magic
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
    const rule = this.#made(given, origin, id)
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
  breaksContract({ effect, definition }: Rule): boolean {
    const { refusal, body, connection } = effect
    if (body && BREAKING.has(body)) return true
    if (connection && connection !== 'close-after') return true
    if (!refusal) return false
    if (refusal.words !== 'vendor') return true
    const { apis } = this.#options.terms
    const among = definition.api === undefined ? [...apis.values()] : [apis.get(definition.api)!]
    const { status } = refusal
    return status !== undefined && among.some(({ statuses }) => !statuses.includes(status))
  }

  remove(id: string): void {
    this.#rules.delete(id)
    for (const [key, rule] of this.#wishes) if (rule.id === id) this.#wishes.delete(key)
  }

  clear(): void {
    this.#rules.clear()
    this.#wishes.clear()
    this.#watched.clear()
    this.#lost.clear()
  }

  /** Ends the connections of all whose answers wait. */
  letGo(): void {
    for (const response of this.held) response.socket?.destroy()
  }

  /** As in a fresh sandbox. */
  reset(): void {
    this.clear()
    Object.assign(this.#numbers, { fault: 0, header: 0, magic: 0 })
    this.#start()
  }

  /**
   * The fault that a request asks for by itself; the same words again are the same fault.
   *
   * @throws Problem 400 fault.invalid
   */
  wish(origin: 'header' | 'magic', about: string, text: string): Rule {
    const key = `${origin} ${about} ${text}`
    const known = this.#wishes.get(key)
    if (known) return known
    const rule = this.#made({ fault: text }, origin, this.#name(origin))
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
      const lost = this.#lost.get(lostKey(candidate))
      if (lost) return { rule: lost, effect: DUPLICATE, draw: [0, 0] }
    }
    const wish = call.wish
    if (wish?.isLive(now)) {
      // What a request asks for goes before what is armed, and it alone decides.
      return wish.effect.after === stage ? this.#taken(wish, candidate, now) : undefined
    }
    for (const rule of this.#rules.values()) {
      if (rule.effect.after !== stage || !rule.isLive(now)) continue
      const firing = this.#taken(rule, candidate, now)
      if (firing) return firing
    }
    return undefined
  }

  #taken(rule: Rule, candidate: Candidate, now: number): Firing | undefined {
    const { call } = candidate
    const why = rule.miss(candidate, now)
    const taken = why === undefined ? rule.take(now) : { spared: why }
    if ('spared' in taken) {
      call.consider({ id: rule.id, fired: false, why: taken.spared })
      return undefined
    }
    call.consider({ id: rule.id, fired: true, why: 'the request fits' })
    this.#watch(rule, candidate, now)
    return { rule, effect: taken.effect, draw: rule.draw() }
  }

  /** From now on this user is refused as a duplicate, though nobody has it. */
  lose(candidate: Candidate, rule: Rule): void {
    if (this.#lost.size >= MOST) this.#lost.clear()
    this.#lost.set(lostKey(candidate), rule)
  }

  #watch(rule: Rule, candidate: Candidate, at: number): void {
    const client = candidate.credential() ?? candidate.call.address
    const meeting = { requestId: candidate.call.id, at, client, about: candidate.about() }
    rule.meet(meeting)
    if (this.#watched.size >= MOST) this.#watched.clear()
    this.#watched.set(client, { rule, meeting })
  }

  /** Whether somebody met a fault and may be back with this request. */
  get isWatching(): boolean {
    return this.#watched.size > 0
  }

  /** Tells what a client did after its fault, once its next request is answered. */
  seen(candidate: Candidate, created: boolean): void {
    const client = candidate.credential() ?? candidate.call.address
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
    return `${kind}-${++this.#numbers[kind]}`
  }

  #made(given: unknown, origin: Origin, id: string): Rule {
    if (!this.isOn) {
      const message = 'Faults are off here; start the server without --faults off'
      throw new Problem(400, 'faults.off', message)
    }
    const definition = this.#read(given)
    const effect = effectOf(definition)
    const { sequence } = definition
    return new Rule({
      id,
      origin,
      definition,
      effect,
      steps: sequence?.map((step) => this.#step(step, definition, effect)),
      conditions: conditionsOf(definition),
      armedAt: this.#options.clock.now(),
      seed: this.#options.seed ^ hash(id),
    })
  }

  /** A definition with its short form read into its fields, and looked at. */
  #read(given: unknown): Definition {
    const { schema, check } = this.#options.terms
    const whole = typeof given === 'string' ? { fault: given } : given
    mustFit(check(whole))
    const { fault, ...definition } = whole as Definition // the schema has checked it
    if (fault === undefined) return this.#named(definition)
    const read = readShort(fault, schema)
    mustFit(check(read))
    return this.#named({ ...read, ...definition })
  }

  /** Whether what it names is there. */
  #named(definition: Definition): Definition {
    const { apis } = this.#options.terms
    const { api, operation, reason } = definition
    const among = api === undefined ? [...apis.values()] : [apis.get(api)!] // the schema lists them
    const operations = among.flatMap((one) => one.operations)
    if (operation !== undefined && !operations.includes(operation)) {
      throw refused(`operation must be one of ${operations.join(', ')}`)
    }
    const reasons = [...new Set(among.flatMap((one) => one.reasons))].sort()
    if (reason !== undefined && !reasons.includes(reason)) {
      throw refused(`reason must be one of ${reasons.join(', ')}`)
    }
    return definition
  }

  #step(step: string, definition: Definition, effect: Effect): Effect | undefined {
    if (step === 'pass') return undefined
    if (step === 'fail') return effect
    const { after = 'route' } = definition
    return effectOf(this.#read({ fault: step, after }))
  }
}

/** What a user that was lost is refused with. */
const DUPLICATE: Effect = {
  refusal: { reason: 'user.duplicate', words: 'vendor' },
  cutAfter: 0,
  later: 0,
  after: 'validation',
}

function lostKey(candidate: Candidate): string {
  return `${candidate.api} ${candidate.about() ?? ''}`
}

function mustFit(violations: readonly Violation[]): void {
  if (violations.length > 0) throw refused(invalid(violations).message)
}

function refused(message: string): Problem {
  return new Problem(400, 'fault.invalid', message)
}

/** The header's own fault, or Prism's way of asking for a status; undefined where there is none. */
export function wishInHeaders({ headers }: Call): string | undefined {
  const own = headers['standin-fault']
  if (own !== undefined) return [own].flat().join(';')
  const code = /(?:^|[,;\s])code=(\d{3})/.exec([headers['prefer'] ?? ''].flat().join(','))?.[1]
  return code !== undefined && code >= '300' ? code : undefined
}

/** `ada+fault.500@example.test`: what stands behind `+fault.`, before the `@` or the end. */
export function wishInValue(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  // `;` is not allowed in an address, `/` and `=` are.
  return /\+fault\.([^@\s]{1,200})(?:@|$)/.exec(value)?.[1]?.replaceAll('/', ';')
}
