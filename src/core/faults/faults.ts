import type { Call } from '../call.ts'
import type { Clock } from '../time/clock.ts'
import type { Timer } from '../time/timers.ts'
import { hash } from '../fake.ts'
import { Problem } from '../problem.ts'
import { CONTRACT_BREAKING } from './body-faults.ts'
import { readDefinition, refused, type FaultVocabulary } from './definition.ts'
import { type FaultDefinition, type FaultEffect, type Firing } from '../fault.ts'
import { FAULT_STAGES, type FaultStage } from '../stages.ts'
import { shortened, type Candidate } from './conditions.ts'
import { ArmedFault, type Meeting, type FaultOrigin } from './armed-fault.ts'
import { Held } from './connection-faults.ts'

export interface FaultOptions {
  readonly clock: Clock
  readonly seed: number
  readonly terms: FaultVocabulary
  /** Whether addresses such as `ada+fault.500@example.test` count. */
  readonly magic: boolean
  /** Those that are armed from the start, and again after a reset; undefined: none can be. */
  readonly startup: readonly FaultDefinition[] | undefined
}

/** A request that may meet a fault. */
export interface FaultCandidate extends Candidate {
  /** The fault that the request itself asks for. */
  readonly requestedFault: ArmedFault | undefined
}

/** A firing with its fault, which counts it. */
export interface ArmedFiring extends Firing {
  readonly fault: ArmedFault
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
  readonly #armed = new Map<string, ArmedFault>()
  /** Those that requests brought along, by what they said; a retry counts on. */
  readonly #wishes = new Map<string, ArmedFault>()
  readonly #numbers = { fault: 0, header: 0, magic: 0 }
  /** Users whose creation was lost, and is refused as a duplicate from then on: the fault. */
  readonly #lost = new Map<string, ArmedFault>()
  /** Clients that met a fault and were not seen since, by their name. */
  readonly #watched = new Map<string, { fault: ArmedFault; meeting: Meeting }>()

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

  /** Whether a request has to be held against faults at all. */
  get isArmed(): boolean {
    return this.#armed.size > 0 || this.#lost.size > 0
  }

  /** How many wait for a request. */
  get armedCount(): number {
    const now = this.#options.clock.now()
    return [...this.#armed.values()].filter((fault) => fault.isLive(now)).length
  }

  get usesMagic(): boolean {
    return this.#options.magic
  }

  /** Those that somebody armed, in their order. */
  armed(): readonly ArmedFault[] {
    return [...this.#armed.values()]
  }

  /** Armed faults in their order, then those that requests brought along. */
  list(): readonly ArmedFault[] {
    return [...this.#armed.values(), ...this.#wishes.values()]
  }

  get(id: string): ArmedFault | undefined {
    return this.#armed.get(id) ?? this.list().find((fault) => fault.id === id)
  }

  /**
   * Arms a fault behind those there are.
   *
   * @throws Problem 400 fault.invalid, faults.too-many; nothing is armed then
   */
  add(given: unknown, origin: FaultOrigin = 'code', id = this.#name('fault')): ArmedFault {
    if (this.#armed.size >= MOST && !this.#armed.has(id)) {
      throw new Problem(400, 'faults.too-many', `There are ${MOST} faults; DELETE some`)
    }
    if (!ID.test(id)) throw refused('id must be 1 to 64 letters, digits, ., _ and -')
    const fault = this.#made(given, origin, id)
    this.#forget(this.#armed.get(id))
    this.#armed.set(id, fault)
    return fault
  }

  /** Arms these in place of all; all of them, or none. */
  replaceAll(given: readonly unknown[], origin: FaultOrigin = 'code'): readonly ArmedFault[] {
    if (given.length > MOST) throw new Problem(400, 'faults.too-many', `At most ${MOST} faults`)
    const armed = given.map((one, i) => {
      try {
        return this.#made(one, origin, this.#name('fault'))
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        throw new Problem(400, error.reason, `faults[${i}]: ${error.message}`)
      }
    })
    this.clear()
    for (const fault of armed) this.#armed.set(fault.id, fault)
    return armed
  }

  /** Whether what it does is meant to be nothing that the contract allows. */
  breaksContract({ effects, definition }: ArmedFault): boolean {
    return effects.some((effect) => this.#breaks(effect, definition.api))
  }

  #breaks({ refusal, body, connection }: FaultEffect, api: string | undefined): boolean {
    if (body && CONTRACT_BREAKING.has(body)) return true
    if (connection && connection !== 'close-after') return true
    if (!refusal) return false
    if (refusal.words !== 'vendor') return true
    const { apis } = this.#options.terms
    const among = api === undefined ? [...apis.values()] : [apis.get(api)!]
    const { status } = refusal
    return status !== undefined && among.some(({ statuses }) => !statuses.includes(status))
  }

  remove(id: string): void {
    this.#forget(this.#armed.get(id))
    this.#armed.delete(id)
    for (const [key, fault] of this.#wishes) {
      if (fault.id !== id) continue
      this.#wishes.delete(key)
      this.#forget(fault)
    }
  }

  /** Users whose creation it lost are as any others again. */
  #forget(gone: ArmedFault | undefined): void {
    for (const [key, fault] of this.#lost) if (fault === gone) this.#lost.delete(key)
  }

  clear(): void {
    this.#armed.clear()
    this.#wishes.clear()
    this.#watched.clear()
    this.#lost.clear()
  }

  /** Ends the connections of all whose answers wait. */
  closeHeldConnections(): void {
    this.held.closeAll()
  }

  /** As in a fresh sandbox. */
  reset(): void {
    this.clear()
    this.cancelDelayed()
    Object.assign(this.#numbers, { fault: 0, header: 0, magic: 0 })
    this.#start()
  }

  /** What was put off is not done any more: it belongs to a state that is gone. */
  cancelDelayed(): void {
    for (const timer of this.#due) this.#options.clock.cancel(timer)
    this.#due.clear()
  }

  /** Does what a fault puts off, by the sandbox's clock; a reset, and another state, take it back. */
  schedule(ms: number, work: () => Promise<void>): void {
    const { clock } = this.#options
    const timer = clock.schedule(clock.now() + ms, () => {
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
  requestedFault(origin: 'header' | 'magic', api: string, about: string, text: string): ArmedFault {
    const key = `${origin} ${api} ${about} ${text}`
    const known = this.#wishes.get(key)
    if (known) return known
    const fault = this.#made({ fault: text }, origin, this.#name(origin), api)
    if (this.#wishes.size >= MOST_WISHES) {
      const [oldest = ''] = this.#wishes.keys()
      this.#wishes.delete(oldest)
    }
    this.#wishes.set(key, fault)
    return fault
  }

  /**
   * The fault that a request meets at this stage. Matching and counting are one synchronous step:
   * with an await between them two requests would both get a fault that was armed for one.
   */
  take(candidate: FaultCandidate, stage: FaultStage): ArmedFiring | undefined {
    const { call } = candidate
    const now = this.#options.clock.now()
    if (stage === 'validation' && this.#lost.size > 0) {
      const lost = this.#lost.get(lostKey(candidate) ?? '')
      if (lost) {
        const why = 'it lost this user before, whom it refuses as a duplicate from then on'
        call.recordFault({ id: lost.id, fault: lost.shortForm, fired: true, why })
        this.#passOver(lost, candidate, stage, now, false)
        return { fault: lost, effect: DUPLICATE, draw: [0, 0] }
      }
    }
    const { requestedFault } = candidate
    // What a request asks for goes before what is armed, and it alone decides.
    if (
      requestedFault &&
      (requestedFault.isLive(now) || call.faults?.some(({ id }) => id === requestedFault.id))
    ) {
      return requestedFault.effect.after === stage
        ? this.#taken(requestedFault, candidate, stage, now)
        : undefined
    }
    for (const fault of this.#armed.values()) {
      if (fault.effect.after !== stage || !fault.isLive(now)) continue
      const firing = this.#taken(fault, candidate, stage, now)
      if (firing) return firing
    }
    return undefined
  }

  #taken(
    fault: ArmedFault,
    candidate: FaultCandidate,
    stage: FaultStage,
    now: number,
  ): ArmedFiring | undefined {
    const { call } = candidate
    const why = fault.miss(candidate, now)
    const taken = why === undefined ? fault.take(now) : { spared: why }
    if ('spared' in taken) {
      if (why === undefined) fault.spare(candidate, now, taken.spared)
      call.recordFault({ id: fault.id, fired: false, why: taken.spared })
      return undefined
    }
    call.recordFault({ id: fault.id, fault: fault.shortForm, fired: true, why: 'the request fits' })
    // A request that asks for a fault by itself has asked none of those that are armed.
    const isWish = fault === candidate.requestedFault
    this.#passOver(fault, candidate, isWish ? 'route' : stage, now, !isWish)
    this.#watch(fault, candidate, now)
    return { fault, effect: taken.effect, draw: fault.draw() }
  }

  /**
   * Tells the faults that are not asked any more, since this one took the request. Those that have
   * fired before show by that what they wait for, and cost nothing here.
   *
   * @param hasAsked whether those in front of it had their turn at this stage
   */
  #passOver(
    taken: ArmedFault,
    candidate: FaultCandidate,
    stage: FaultStage,
    now: number,
    hasAsked: boolean,
  ): void {
    let isBehind = !hasAsked
    for (const fault of this.#armed.values()) {
      if (fault === taken) isBehind = true
      const comes = FAULT_STAGES.indexOf(fault.effect.after) - FAULT_STAGES.indexOf(stage)
      if (fault === taken || comes < 0 || (comes === 0 && !isBehind)) continue
      if (fault.fired > 0 || !fault.isLive(now) || fault.miss(candidate, now) !== undefined)
        continue
      const why = `${taken.id}${taken.shortForm && ` (${taken.shortForm})`} came first`
      fault.spare(candidate, now, why)
      candidate.call.recordFault({ id: fault.id, fired: false, why })
    }
  }

  /** From now on this user is refused as a duplicate, though nobody has it. */
  markAsLost(candidate: FaultCandidate, fault: ArmedFault): void {
    const key = lostKey(candidate)
    if (key === undefined) return
    if (this.#lost.size >= MOST) this.#lost.clear()
    this.#lost.set(key, fault)
  }

  #watch(fault: ArmedFault, candidate: FaultCandidate, at: number): void {
    const client = clientOf(candidate)
    const meeting = { requestId: candidate.call.id, at, client, about: candidate.about() }
    fault.meet(meeting)
    this.#followUp(client, candidate, false)
    if (this.#watched.size >= MOST) this.#watched.clear()
    this.#watched.set(client, { fault, meeting })
  }

  /** Whether somebody met a fault and may be back with this request. */
  get isWatching(): boolean {
    return this.#watched.size > 0
  }

  /** Tells what a client did after its fault, once its next request is answered. */
  seen(candidate: FaultCandidate, created: boolean): void {
    this.#followUp(clientOf(candidate), candidate, created)
  }

  #followUp(client: string, candidate: FaultCandidate, created: boolean): void {
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
    while (this.#armed.has(id))
    return id
  }

  /** @param api where a request asks for it by itself: what it names has to be known there */
  #made(given: unknown, origin: FaultOrigin, id: string, api?: string): ArmedFault {
    if (!this.isOn) {
      const message = 'Faults are off here; start the server without --faults off'
      throw new Problem(400, 'faults.off', message)
    }
    return new ArmedFault({
      id,
      origin,
      ...readDefinition(given, this.#options.terms, api),
      armedAt: this.#options.clock.now(),
      seed: this.#options.seed ^ hash(id),
    })
  }
}

/** What a user that was lost is refused with. */
const DUPLICATE: FaultEffect = {
  refusal: { reason: 'user.duplicate', words: 'vendor' },
  cutAfter: 0,
  later: 0,
  after: 'validation',
}

function clientOf(candidate: Candidate): string {
  return shortened(candidate.credential() ?? candidate.call.address)
}

/** Who names nobody cannot be told from others. */
function lostKey(candidate: Candidate): string | undefined {
  const about = candidate.about()
  return about === undefined ? undefined : `${candidate.api} ${about}`
}

/** The header's own fault, or Prism's way of asking for a status; undefined where there is none. */
export function faultRequestedInHeaders({ headers }: Call): string | undefined {
  const own = headers['standin-fault']
  if (own !== undefined) return [own].flat().join(';')
  const code = /(?:^|[,;\s])code="?(\d{3})"?(?:$|[,;\s])/.exec(
    [headers['prefer'] ?? ''].flat().join(','),
  )?.[1]
  return code !== undefined && code >= '300' ? code : undefined
}

/** `ada+fault.500@example.test`: what stands behind `+fault.`, before the `@` or the end. */
export function faultRequestedInValue(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  // `;` is not allowed in an address, `/` and `=` are.
  return /\+fault\.([^@\s]{1,200})(?:@|$)/.exec(value)?.[1]?.replaceAll('/', ';')
}
