import { hash } from '../fake.ts'
import type { FaultDefinition, Firing, TlsFault } from '../fault.ts'
import { Problem } from '../problem.ts'
import { FAULT_STAGES, type FaultStage } from '../stages.ts'
import type { Clock } from '../time/clock.ts'
import type { Timer } from '../time/timers.ts'
import { ArmedFault, type FaultOrigin } from './armed-fault.ts'
import { ClientTracker } from './client-tracker.ts'
import type { Candidate } from './conditions.ts'
import { WaitingResponses } from './connection-faults.ts'
import { effectBreaksContract } from './contract-breach.ts'
import { readDefinition, type FaultVocabulary } from './definition.ts'
import { invalidFault } from './invalid-fault.ts'
import { DUPLICATE, LostUsers } from './lost-users.ts'
import { hasState } from './requested-faults.ts'

export interface FaultOptions {
  readonly clock: Clock
  readonly seed: number
  readonly vocabulary: FaultVocabulary
  /** True if addresses such as `ada+fault.500@example.test` request faults. */
  readonly allowsMagicAddresses: boolean
  /** Faults that are armed at the start and after each reset; undefined: faults are off. */
  readonly startup: readonly FaultDefinition[] | undefined
  /**
   * The server's HTTPS: `own` uses a certificate of Standin's own CA, `given` the certificate of an
   * option. A fault that needs the other kind is refused.
   */
  readonly https: 'own' | 'given' | 'off'
}

/** A request that a fault may fire for. */
export interface FaultCandidate extends Candidate {
  /** The fault that the request itself asks for. */
  readonly requestedFault: ArmedFault | undefined
}

/** A firing with the armed fault that counts it. */
export interface ArmedFiring extends Firing {
  readonly fault: ArmedFault
}

/** Limit on armed faults, so that a client in a loop cannot fill the memory. */
export const MAX_ARMED = 1000
/** Limit on requested faults: far above the number of clients that test at the same time. */
const MAX_REQUESTED = 5000
/** Ids appear in headers and paths. */
const ID = /^[\w.-]{1,64}$/

/** The faults of one sandbox: armed by a tester or asked for by a request. */
export class Faults {
  readonly #options: FaultOptions
  readonly #armed = new Map<string, ArmedFault>()
  /** Requested faults by API, user and short form: a retry continues the count of its fault. */
  readonly #requested = new Map<string, ArmedFault>()
  readonly #lastNumbers = { fault: 0, header: 0, magic: 0 }
  readonly #lostUsers = new LostUsers()
  readonly #clients: ClientTracker
  /** Timers of delayed operations. */
  readonly #timers = new Set<Timer>()

  readonly waitingResponses = new WaitingResponses()

  /** @throws Problem 400 fault.invalid when a startup fault is invalid */
  constructor(options: FaultOptions) {
    this.#options = options
    this.#clients = new ClientTracker(options.clock)
    this.#armStartupFaults()
  }

  /** True if faults can be armed at all. */
  get isOn(): boolean {
    return this.#options.startup !== undefined
  }

  /** True if a request must be matched against faults. */
  get isArmed(): boolean {
    return this.#armed.size > 0 || !this.#lostUsers.isEmpty
  }

  /** Number of armed faults that can still fire. */
  get armedCount(): number {
    const now = this.#options.clock.now()
    return [...this.#armed.values()].filter((fault) => fault.isLive(now)).length
  }

  get allowsMagicAddresses(): boolean {
    return this.#options.allowsMagicAddresses
  }

  /** Returns the faults that a tester armed, in their order. */
  armed(): readonly ArmedFault[] {
    return [...this.#armed.values()]
  }

  /** Returns the armed faults in their order, then the requested ones. */
  list(): readonly ArmedFault[] {
    return [...this.#armed.values(), ...this.#requested.values()]
  }

  get(id: string): ArmedFault | undefined {
    return this.#armed.get(id) ?? this.list().find((fault) => fault.id === id)
  }

  /**
   * Arms a fault after the existing ones, or in place of the one with the same id.
   *
   * @throws Problem 400 fault.invalid, faults.too-many; nothing is armed then
   */
  add(given: unknown, origin: FaultOrigin = 'code', id = this.#nextId('fault')): ArmedFault {
    if (this.#armed.size >= MAX_ARMED && !this.#armed.has(id)) {
      const message = `${MAX_ARMED} faults are armed, which is the limit; DELETE some first`
      throw new Problem(400, 'faults.too-many', message)
    }
    if (!ID.test(id)) throw invalidFault('id must be 1 to 64 letters, digits, ., _ and -')
    const fault = this.#create(given, origin, id)
    this.#lostUsers.forget(this.#armed.get(id))
    this.#armed.set(id, fault)
    return fault
  }

  /**
   * Replaces all faults by these.
   *
   * @throws Problem 400 fault.invalid, faults.too-many; nothing changes then
   */
  replaceAll(given: readonly unknown[], origin: FaultOrigin = 'code'): readonly ArmedFault[] {
    if (given.length > MAX_ARMED) {
      throw new Problem(400, 'faults.too-many', `faults must have at most ${MAX_ARMED} entries`)
    }
    const armed = given.map((definition, i) => {
      try {
        return this.#create(definition, origin, this.#nextId('fault'))
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        throw new Problem(400, error.reason, `faults[${i}]: ${error.message}`)
      }
    })
    this.clear()
    for (const fault of armed) this.#armed.set(fault.id, fault)
    return armed
  }

  /** True if any effect of a fault breaks the contract on purpose. */
  breaksContract({ effects, definition }: ArmedFault): boolean {
    const { vocabulary } = this.#options
    return effects.some((effect) => effectBreaksContract(effect, definition.api, vocabulary))
  }

  remove(id: string): void {
    this.#lostUsers.forget(this.#armed.get(id))
    this.#armed.delete(id)
    for (const [key, fault] of this.#requested) {
      if (fault.id !== id) continue
      this.#requested.delete(key)
      this.#lostUsers.forget(fault)
    }
  }

  clear(): void {
    this.#armed.clear()
    this.#requested.clear()
    this.#clients.clear()
    this.#lostUsers.clear()
  }

  /** Closes the connections of all delayed answers. */
  closeHeldConnections(): void {
    this.waitingResponses.closeAll()
  }

  /** Restores the faults of a new sandbox. */
  reset(): void {
    this.clear()
    this.cancelDelayed()
    Object.assign(this.#lastNumbers, { fault: 0, header: 0, magic: 0 })
    this.#armStartupFaults()
  }

  /** Cancels delayed operations, since they belong to a state that has been replaced. */
  cancelDelayed(): void {
    for (const timer of this.#timers) this.#options.clock.cancel(timer)
    this.#timers.clear()
  }

  /** Runs an operation later, by the sandbox's clock. A reset or a new state cancels it. */
  schedule(ms: number, work: () => Promise<void>): void {
    const { clock } = this.#options
    const timer = clock.schedule(clock.now() + ms, () => {
      this.#timers.delete(timer)
      return work()
    })
    this.#timers.add(timer)
  }

  /** True if each user has its own requested fault, so the user must be known to find it. */
  isPerUser(shortForm: string): boolean {
    return hasState(shortForm, this.#options.vocabulary.schema)
  }

  /**
   * Returns the fault that a request asks for. The same short form for the same user is the same
   * fault.
   *
   * @throws Problem 400 fault.invalid
   */
  requestedFault(
    origin: 'header' | 'magic',
    api: string,
    user: string,
    shortForm: string,
  ): ArmedFault {
    const key = `${origin} ${api} ${user} ${shortForm}`
    const existing = this.#requested.get(key)
    if (existing) return existing
    const fault = this.#create({ fault: shortForm }, origin, this.#nextId(origin), api)
    if (this.#requested.size >= MAX_REQUESTED) {
      const [oldest = ''] = this.#requested.keys()
      this.#requested.delete(oldest)
    }
    this.#requested.set(key, fault)
    return fault
  }

  /**
   * Takes the first fault that matches at this stage and counts it as fired. Matching and counting
   * are one synchronous step: with an await between them, two parallel requests could both get a
   * fault armed for one.
   */
  take(candidate: FaultCandidate, stage: FaultStage): ArmedFiring | undefined {
    const { call, requestedFault } = candidate
    const now = this.#options.clock.now()
    const lostBy = stage === 'validation' ? this.#lostUsers.lostBy(candidate) : undefined
    if (lostBy) {
      const why = 'it lost this user before and has refused the user as a duplicate since'
      call.recordFault({ id: lostBy.id, fault: lostBy.shortForm, fired: true, why })
      this.#recordPreempted(lostBy, candidate, stage, now, false)
      return { fault: lostBy, effect: DUPLICATE, draw: [0, 0] }
    }
    // A requested fault takes precedence over all armed ones, even at a stage where it does not
    // fire.
    if (
      requestedFault &&
      (requestedFault.isLive(now) || call.faults?.some(({ id }) => id === requestedFault.id))
    ) {
      return requestedFault.effect.after === stage
        ? this.#tryFault(requestedFault, candidate, stage, now)
        : undefined
    }
    for (const fault of this.#armed.values()) {
      const { tls, after } = fault.effect
      if (tls || after !== stage || !fault.isLive(now)) continue
      const firing = this.#tryFault(fault, candidate, stage, now)
      if (firing) return firing
    }
    return undefined
  }

  /**
   * Takes the first fault of the handshake that fires for a connection, and counts it as fired.
   *
   * @param host server name that the client asked for
   */
  takeForHandshake(host: string | undefined): TlsFault | undefined {
    const now = this.#options.clock.now()
    for (const fault of this.#armed.values()) {
      if (!fault.effect.tls || !fault.isLive(now)) continue
      const counted = fault.count(now)
      if ('notFired' in counted) continue
      fault.recordFiring({ host: host ?? '', at: now, user: undefined })
      return counted.effect.tls
    }
    return undefined
  }

  #tryFault(
    fault: ArmedFault,
    candidate: FaultCandidate,
    stage: FaultStage,
    now: number,
  ): ArmedFiring | undefined {
    const { call } = candidate
    const mismatch = fault.mismatch(candidate, now)
    const counted = mismatch === undefined ? fault.count(now) : { notFired: mismatch }
    if ('notFired' in counted) {
      if (mismatch === undefined) fault.recordNotFired(candidate, now, counted.notFired)
      call.recordFault({ id: fault.id, fired: false, why: counted.notFired })
      return undefined
    }
    const why = 'the request matches'
    call.recordFault({ id: fault.id, fault: fault.shortForm, fired: true, why })
    // Beside a requested fault no armed fault is tried, so those of every stage are recorded as preempted.
    const isRequested = fault === candidate.requestedFault
    this.#recordPreempted(fault, candidate, isRequested ? 'route' : stage, now, !isRequested)
    this.#clients.start(fault, candidate, now)
    return { fault, effect: counted.effect, draw: fault.draw() }
  }

  /**
   * Records the request at each matching fault that is not tried because another fired. Faults that
   * have fired before are skipped to save time: their conditions are known to match.
   *
   * @param triedEarlier whether the faults before the fired one were tried at this stage
   */
  #recordPreempted(
    fired: ArmedFault,
    candidate: FaultCandidate,
    stage: FaultStage,
    now: number,
    triedEarlier: boolean,
  ): void {
    let isUntried = !triedEarlier
    for (const fault of this.#armed.values()) {
      if (fault === fired) isUntried = true
      if (fault.effect.tls) continue
      const stagesLater = FAULT_STAGES.indexOf(fault.effect.after) - FAULT_STAGES.indexOf(stage)
      if (fault === fired || stagesLater < 0 || (stagesLater === 0 && !isUntried)) continue
      if (fault.fired > 0 || !fault.isLive(now) || fault.mismatch(candidate, now) !== undefined)
        continue
      const why = `${fired.id}${fired.shortForm && ` (${fired.shortForm})`} fired first`
      fault.recordNotFired(candidate, now, why)
      candidate.call.recordFault({ id: fault.id, fired: false, why })
    }
  }

  /** Refuses the user of a request as a duplicate from now on, although no such user exists. */
  markAsLost(candidate: FaultCandidate, fault: ArmedFault): void {
    this.#lostUsers.add(candidate, fault)
  }

  /** Records a request as the next one of its client, if a fault fired for the client before. */
  recordAnswered(candidate: FaultCandidate, created: boolean): void {
    if (this.#clients.isTracking) this.#clients.recordNext(candidate, created)
  }

  #armStartupFaults(): void {
    for (const definition of this.#options.startup ?? []) this.add(definition, 'config')
  }

  #nextId(kind: 'fault' | 'header' | 'magic'): string {
    let id: string
    do id = `${kind}-${++this.#lastNumbers[kind]}`
    while (this.#armed.has(id))
    return id
  }

  /**
   * @param api the API of the request that asked for the fault; all names in the fault must exist
   *   there
   */
  #create(given: unknown, origin: FaultOrigin, id: string, api?: string): ArmedFault {
    if (!this.isOn) {
      const message = 'Faults are off; start the server without --faults off'
      throw new Problem(400, 'faults.off', message)
    }
    const read = readDefinition(given, this.#options.vocabulary, api)
    if (read.effect.tls) this.#checkTls(read.definition, origin)
    return new ArmedFault({
      id,
      origin,
      ...read,
      armedAt: this.#options.clock.now(),
      seed: this.#options.seed ^ hash(id),
    })
  }

  /** @throws Problem 400 fault.invalid for a fault that no handshake of this server can have */
  #checkTls({ tls, sequence }: FaultDefinition, origin: FaultOrigin): void {
    const { https } = this.#options
    if (origin === 'header' || origin === 'magic') {
      throw invalidFault(
        'tls fires in the handshake, before there is a request that can ask for it; arm it with POST /_standin/faults',
      )
    }
    if (https === 'off') {
      throw invalidFault('tls needs a server that listens with HTTPS; start it with --tls')
    }
    const needsCa = ['expired', 'not-yet-valid', 'wrong-host']
    const wanted = needsCa.find((one) => one === tls || sequence?.includes(`tls=${one}`))
    if (https === 'given' && wanted !== undefined) {
      throw invalidFault(
        `tls ${wanted} needs a certificate of Standin's own CA; start the server without --tls-cert`,
      )
    }
  }
}
