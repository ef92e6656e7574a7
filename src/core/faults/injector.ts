import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Api, Call, Reply, Tools } from '../api.ts'
import { Problem } from '../problem.ts'
import type { Subject } from '../request-log/matcher.ts'
import { subjectFrom } from '../request-log/match-subject.ts'
import { isRecord } from '../contract/schema.ts'
import type { Collection, Row, State } from '../store/state.ts'
import { drawnDelay } from './effect.ts'
import type { FaultStage } from '../fault.ts'
import {
  faultRequestedInHeaders,
  faultRequestedInValue,
  type Faults,
  type Firing,
} from './faults.ts'
import { shortened, type Candidate } from './conditions.ts'
import { pageFor, refusalFor } from './refusal.ts'
import { hangUp, pause } from './connection-faults.ts'

/** Thrown where nobody is to be answered any more: the connection is gone. */
export class ConnectionEnded extends Error {}

/**
 * A body that may be looked at before the credentials are: larger ones are not waited for. One that
 * does not say how large it is has the limits of any other body, in bytes and in time.
 */
const SMALL = 64 * 1024

/** A wish that counts is counted for each user, so its body has to be there. */
const COUNTS = /times|skip|every|sequence|probability|retry|429/

/** Whether its body is on its way, or comes when it is read: Node itself says 100 Continue. */
function isComing({ headers: { expect } }: IncomingMessage): boolean {
  return expect === undefined || /^100-continue$/i.test(expect)
}

/** What a request and the faults of its sandbox make of each other. */
export class FaultInjector implements Candidate {
  readonly api: string
  readonly call: Call
  readonly #api: Api
  readonly #tools: Tools
  readonly #faults: Faults
  readonly #response: ServerResponse
  #subject: Subject | undefined
  #peeked: { readonly body: unknown } | undefined

  constructor(from: {
    readonly api: Api
    readonly tools: Tools
    readonly faults: Faults
    readonly call: Call
    readonly response: ServerResponse
  }) {
    this.api = from.api.name
    this.call = from.call
    this.#api = from.api
    this.#tools = from.tools
    this.#faults = from.faults
    this.#response = from.response
  }

  credential(): string | undefined {
    return this.#api.statedCredential?.(this.call, this.#body())
  }

  get subject(): Subject {
    this.#subject ??= subjectFrom(this.#api, this.call, () => this.#body())
    return this.#subject
  }

  #body(): unknown {
    const { call } = this
    if (call.body !== undefined) return call.body
    if (call.bodyText === undefined) return undefined
    this.#peeked ??= { body: peeked(call.bodyText, call, this.#api) }
    return this.#peeked.body
  }

  about(): string | undefined {
    const body = this.#body()
    if (!isRecord(body)) return undefined
    for (const name of this.#api.userFields ?? []) {
      const value = body[name]
      if (typeof value === 'string' && value !== '') return shortened(value.toLowerCase())
    }
    return undefined
  }

  /**
   * What the head of a request asks for; `read` reads its body early where that decides.
   *
   * @throws Problem 400 fault.invalid
   */
  async begin(request: IncomingMessage, read: () => Promise<void>): Promise<Reply | undefined> {
    const text = faultRequestedInHeaders(this.call)
    if (text === undefined && !this.#faults.isArmed) return undefined
    if (isComing(request) && (text === undefined || COUNTS.test(text))) await read()
    if (text !== undefined) {
      const about = `${this.call.operation?.id} ${this.about() ?? ''}`
      this.call.requestedFault = this.#faults.requestedFault('header', this.api, about, text)
    } else this.#wishByMagic()
    return await this.meet('route')
  }

  /** Whether credentials that are wrong still leave a body to look at. */
  mayLookAt(request: IncomingMessage): boolean {
    if (!this.#faults.usesMagic || this.call.requestedFault || this.call.firing) return false
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers
    const isSmall = coding !== undefined || (length !== undefined && Number(length) <= SMALL)
    return isSmall && isComing(request)
  }

  /** What the body asks for, once it is there: at every stage that the request has passed. */
  async inBody(passed: readonly FaultStage[]): Promise<Reply | undefined> {
    if (this.call.requestedFault || this.call.firing || !this.#wishByMagic()) return undefined
    for (const stage of passed) {
      const reply = await this.meet(stage)
      if (reply) return reply
    }
    return undefined
  }

  #wishByMagic(): boolean {
    const { call } = this
    // The + and the dots of it may be escaped.
    if (!this.#faults.usesMagic || !call.bodyText?.includes('fault')) return false
    const body = this.#body()
    if (!isRecord(body)) return false
    for (const name of this.#api.userFields ?? []) {
      const text = faultRequestedInValue(body[name])
      if (text === undefined) continue
      call.requestedFault = this.#faults.requestedFault(
        'magic',
        this.api,
        shortened(String(body[name])),
        text,
      )
      return true
    }
    return false
  }

  /**
   * Meets a fault at this stage, if there is one: waits, hangs up or refuses as it says.
   *
   * @returns what is answered instead; undefined: the request goes on
   * @throws Unanswered
   */
  async meet(stage: FaultStage): Promise<Reply | undefined> {
    const { call } = this
    if (call.firing) return undefined
    const firing = this.#faults.take(this, stage)
    if (!firing) return undefined
    call.firing = firing
    const { delay, connection, outcome } = firing.effect
    if (delay) {
      const isThere = await pause(this.#response, drawnDelay(delay, firing.draw), this.#faults.held)
      if (!isThere) {
        call.endedAt = stage
        throw new ConnectionEnded()
      }
    }
    // An outcome is brought about first, and told of after that.
    if (outcome) return undefined
    if (connection === 'reset' || connection === 'close') this.hangUp(connection)
    return this.refusal()
  }

  /** @throws Unanswered */
  hangUp(how: 'reset' | 'close'): never {
    this.call.endedAt = this.call.firing?.effect.after
    void hangUp(this.#response, how)
    throw new ConnectionEnded()
  }

  /** The answer that the fault is, if it is one. */
  refusal(otherwise?: number): Reply | undefined {
    const { effect } = this.call.firing!
    const wanted =
      effect.refusal ??
      (otherwise === undefined ? undefined : { status: otherwise, words: 'vendor' as const })
    if (!wanted) return undefined
    this.call.endedAt = effect.after
    if (wanted.words !== 'vendor') return pageFor(wanted)
    throw refusalFor(wanted, this.call, this.#api, this.#tools)
  }
}

/**
 * Runs an operation so that what is told of it and what is true of it fall apart.
 *
 * @param how `operate` makes the change and keeps it, `imagine` makes it and takes it back
 */
export function withOutcome(
  injector: FaultInjector,
  { effect, fault }: Firing,
  faults: Faults,
  how: {
    readonly operate: (seen?: (state: State) => State) => Reply
    readonly imagine: () => Reply
    readonly later: (ms: number, work: () => void) => void
  },
): Reply {
  const told = (otherwise?: number) => {
    const { connection } = effect
    if (connection === 'reset' || connection === 'close') injector.hangUp(connection)
    return injector.refusal(otherwise)
  }
  switch (effect.outcome) {
    case 'not-stored': {
      // Nobody is there, and nothing has happened.
      const { created: _, events: __, ...reply } = how.imagine()
      return told() ?? reply
    }
    case 'created-later':
      how.later(effect.later, () => void how.operate())
      return told(500)!
    case 'lost-then-duplicate':
      faults.markAsLost(injector, fault)
      return told(500)!
    case 'duplicate-accepted': {
      const reply = how.operate(blind)
      return told() ?? reply
    }
    default:
      return how.operate()
  }
}

/** A state in which nobody has anything yet: what is unique is not found, and inserted as a copy. */
function blind(state: State): State {
  return {
    collection<T extends Row>(name: string): Collection<T> {
      const real = state.collection<T>(name)
      const seen = new Map<string, string>()
      return new Proxy(real, {
        get(target, property) {
          if (property === 'find') {
            return (field: string, value: string) => {
              const found = target.find(field, value)
              if (found) seen.set(field, found.id)
              return undefined
            }
          }
          if (property === 'insert') {
            return (row: T) => {
              const [copyOf] = seen.values()
              target.insert(copyOf === undefined ? row : { ...row, copyOf })
            }
          }
          const member: unknown = Reflect.get(target, property, target)
          return typeof member === 'function' ? (member.bind(target) as unknown) : member
        },
      })
    },
  }
}

/** The body as far as it can be read, before anybody has decided how it has to be. */
function peeked(text: string, call: Call, api: Api): unknown {
  const start = text.trimStart()
  try {
    if (!start.startsWith('<')) return JSON.parse(start) as unknown
    const xml = api.formats.find((format) => format.read && format.mediaType.endsWith('xml'))
    const schema = call.operation?.requestSchema(xml?.mediaType ?? '') ?? {}
    return xml?.read?.(text, schema)
  } catch (error) {
    if (error instanceof Problem || error instanceof SyntaxError) return undefined
    throw error
  }
}
