import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Api, Reply, Tools } from '../api.ts'
import type { Call } from '../call.ts'
import { isRecord } from '../contract/schema.ts'
import type { FaultEffect } from '../fault.ts'
import { write, type Message } from '../http/message.ts'
import type { Log } from '../log.ts'
import { Problem } from '../problem.ts'
import type { MatchSubject } from '../request-log/matcher.ts'
import { subjectFrom } from '../request-log/match-subject.ts'
import type { FaultStage } from '../stages.ts'
import type { Collection, Row, State } from '../store/state.ts'
import type { ArmedFault } from './armed-fault.ts'
import {
  applyBodyFault,
  CONTRACT_BREAKING,
  NotApplicable,
  type BodyParts,
  type WrittenBody,
} from './body-faults.ts'
import { shortened } from './conditions.ts'
import { hangUp, pause, writeFaulty } from './connection-faults.ts'
import { drawnDelay } from './effect.ts'
import {
  faultRequestedInHeaders,
  faultRequestedInValue,
  type ArmedFiring,
  type FaultCandidate,
  type Faults,
} from './faults.ts'
import { pageFor, refusalFor } from './refusal.ts'

/** Thrown where a fault ended the connection: there is nobody left to answer. */
export class ConnectionEnded extends Error {}

/** The ways to run an operation, of which a fault chooses one. */
export interface OperationRuns {
  /** Runs it; `seen` replaces the state that it reads. */
  readonly run: (seen?: (state: State) => State) => Reply
  /** Runs it and takes its changes back. */
  readonly rehearse: () => Reply
  /** Runs it after the answer. */
  readonly runLater: () => Promise<void>
}

/** A written body, and whether it still reads back as the value that it was written from. */
interface InjectedBody extends WrittenBody {
  readonly readsBack: boolean
}

/** Applies faults to one request. The pipeline calls it at each point where a fault may act. */
export interface Injector {
  /**
   * Reads the fault that the request itself asks for in its head.
   *
   * @param read reads the body early, where that decides which fault fires
   * @throws Problem 400 fault.invalid
   */
  begin(request: IncomingMessage, read: () => Promise<void>): Promise<void>
  /** Looks for a requested fault in the body of a request that is about to be refused. */
  beforeRefusal(request: IncomingMessage, read: () => Promise<void>): Promise<Reply | undefined>
  /** Looks for a requested fault in the body; it may fire after a stage that was passed before. */
  afterBody(passed: readonly FaultStage[]): Promise<Reply | undefined>
  /**
   * Fires the fault for this stage, if there is one: delays, ends the connection or refuses.
   *
   * @returns the answer in place of the API's; undefined: the request goes on
   * @throws ConnectionEnded
   */
  meet(stage: FaultStage): Promise<Reply | undefined>
  /** Runs the operation as the fired fault has it. */
  operate(runs: OperationRuns): Reply
  /** Applies the fired fault to a written body. */
  alterBody(body: BodyParts): InjectedBody
  /** Writes the answer, broken as the fired fault has it. */
  send(response: ServerResponse, message: Message): void
  /** Called once the outcome is known: reports what a client does after its fault. */
  finish(): void
}

/** The injector where no faults can be armed. */
export const NO_FAULTS: Injector = {
  begin: () => Promise.resolve(),
  beforeRefusal: () => Promise.resolve(undefined),
  afterBody: () => Promise.resolve(undefined),
  meet: () => Promise.resolve(undefined),
  operate: ({ run }) => run(),
  alterBody: (body) => ({ ...body, readsBack: true }),
  send: write,
  finish: () => {},
}

/**
 * The largest body that is read before the credentials are checked, in bytes. A chunked body does
 * not say how large it is; the limits of any other body hold for it.
 */
const SMALL = 64 * 1024

/** A requested fault that counts is counted for each user, so its body has to be there. */
const COUNTS = /times|skip|every|sequence|probability|retry|429/

/** Reports whether the body is on its way, or comes when it is read: Node itself says 100 Continue. */
function isComing({ headers: { expect } }: IncomingMessage): boolean {
  return expect === undefined || /^100-continue$/i.test(expect)
}

/** Applies the faults of a sandbox to one request. */
export class FaultInjector implements Injector, FaultCandidate {
  readonly api: string
  readonly call: Call
  /** The fault that the request itself asks for. */
  requestedFault: ArmedFault | undefined
  readonly #api: Api
  readonly #tools: Tools
  readonly #faults: Faults
  readonly #response: ServerResponse
  readonly #log: Log
  #firing: ArmedFiring | undefined
  #subject: MatchSubject | undefined
  #parsedEarly: { readonly body: unknown } | undefined

  constructor(
    faults: Faults,
    from: {
      readonly api: Api
      readonly tools: Tools
      readonly call: Call
      readonly response: ServerResponse
      readonly log: Log
    },
  ) {
    this.api = from.api.name
    this.call = from.call
    this.#api = from.api
    this.#tools = from.tools
    this.#faults = faults
    this.#response = from.response
    this.#log = from.log
  }

  credential(): string | undefined {
    return this.#api.statedCredential?.(this.call, this.#body())
  }

  get subject(): MatchSubject {
    this.#subject ??= subjectFrom(this.#api, this.call, () => this.#body())
    return this.#subject
  }

  #body(): unknown {
    const { call } = this
    if (call.body !== undefined) return call.body
    if (call.bodyText === undefined) return undefined
    this.#parsedEarly ??= { body: parsedEarly(call.bodyText, call, this.#api) }
    return this.#parsedEarly.body
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

  async begin(request: IncomingMessage, read: () => Promise<void>): Promise<void> {
    const text = faultRequestedInHeaders(this.call)
    if (text === undefined && !this.#faults.isArmed) return
    if (isComing(request) && (text === undefined || COUNTS.test(text))) await read()
    if (text !== undefined) {
      const about = `${this.call.operation?.id} ${this.about() ?? ''}`
      this.requestedFault = this.#faults.requestedFault('header', this.api, about, text)
    } else this.#readMagicAddress()
  }

  async beforeRefusal(
    request: IncomingMessage,
    read: () => Promise<void>,
  ): Promise<Reply | undefined> {
    // Faults come before credentials, and one may be in the body.
    if (!this.#faults.usesMagic || this.requestedFault || this.#firing) return undefined
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers
    const isSmall = coding !== undefined || (length !== undefined && Number(length) <= SMALL)
    if (!isSmall || !isComing(request)) return undefined
    await read()
    return this.afterBody(['route'])
  }

  async afterBody(passed: readonly FaultStage[]): Promise<Reply | undefined> {
    if (this.requestedFault || this.#firing || !this.#readMagicAddress()) return undefined
    for (const stage of passed) {
      const reply = await this.meet(stage)
      if (reply) return reply
    }
    return undefined
  }

  #readMagicAddress(): boolean {
    const { call } = this
    // The + and the dots of it may be escaped.
    if (!this.#faults.usesMagic || !call.bodyText?.includes('fault')) return false
    const body = this.#body()
    if (!isRecord(body)) return false
    for (const name of this.#api.userFields ?? []) {
      const text = faultRequestedInValue(body[name])
      if (text === undefined) continue
      const about = shortened(String(body[name]))
      this.requestedFault = this.#faults.requestedFault('magic', this.api, about, text)
      return true
    }
    return false
  }

  async meet(stage: FaultStage): Promise<Reply | undefined> {
    if (this.#firing) return undefined
    const firing = this.#faults.take(this, stage)
    if (!firing) return undefined
    this.#firing = this.call.firing = firing
    const { delay, connection, outcome } = firing.effect
    if (delay) {
      const isThere = await pause(this.#response, drawnDelay(delay, firing.draw), this.#faults.held)
      if (!isThere) {
        this.call.endedAfter = stage
        throw new ConnectionEnded()
      }
    }
    // An outcome is brought about by the operation, and reported after that.
    if (outcome) return undefined
    if (connection === 'reset' || connection === 'close') this.#hangUp(connection, firing.effect)
    return this.#refusal(firing.effect)
  }

  /** @throws ConnectionEnded */
  #hangUp(how: 'reset' | 'close', { after }: FaultEffect): never {
    this.call.endedAfter = after
    void hangUp(this.#response, how)
    throw new ConnectionEnded()
  }

  /**
   * The answer that the effect is, if it is one.
   *
   * @param fallback the status where the effect names none
   * @throws Problem where the vendor words it
   */
  #refusal(effect: FaultEffect, fallback?: number): Reply | undefined {
    const wanted =
      effect.refusal ??
      (fallback === undefined ? undefined : { status: fallback, words: 'vendor' as const })
    if (!wanted) return undefined
    this.call.endedAfter = effect.after
    if (wanted.words !== 'vendor') return pageFor(wanted)
    throw refusalFor(wanted, this.call, this.#api, this.#tools)
  }

  operate({ run, rehearse, runLater }: OperationRuns): Reply {
    if (!this.#firing) return run()
    const { effect, fault } = this.#firing
    switch (effect.outcome) {
      case 'not-stored': {
        // The client is told of a user that is not there, and no webhook goes out.
        const { created: _, events: __, ...reply } = rehearse()
        return this.#report(effect) ?? reply
      }
      case 'created-later':
        this.#faults.schedule(effect.later, runLater)
        return this.#reportFailure(effect)
      case 'lost-then-duplicate':
        this.#faults.markAsLost(this, fault)
        return this.#reportFailure(effect)
      case 'duplicate-accepted': {
        const reply = run(withoutUniqueness)
        return this.#report(effect) ?? reply
      }
      default:
        return run()
    }
  }

  /** Reports an outcome as the effect has it: with its refusal, or a connection that ends. */
  #report(effect: FaultEffect, fallback?: number): Reply | undefined {
    const { connection } = effect
    if (connection === 'reset' || connection === 'close') this.#hangUp(connection, effect)
    return this.#refusal(effect, fallback)
  }

  #reportFailure(effect: FaultEffect): Reply {
    const reply = this.#report(effect, 500)
    if (!reply) throw new Error('A failure has a refusal')
    return reply
  }

  alterBody(body: BodyParts): InjectedBody {
    const firing = this.#firing
    const kind = firing?.effect.body
    if (!kind) return { ...body, readsBack: true }
    try {
      const readsBack = !CONTRACT_BREAKING.has(kind) && kind !== 'nulls'
      return { ...applyBodyFault(kind, body), readsBack }
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error
      firing.fault.takeBack(this, this.#tools.clock.now(), error.message)
      this.#firing = this.call.firing = undefined
      this.call.warn('fault.not-applicable', `The fault ${kind} did nothing: ${error.message}`)
      return { ...body, readsBack: true }
    }
  }

  send(response: ServerResponse, message: Message): void {
    if (!this.#firing) return write(response, message)
    writeFaulty(response, message, this.#firing.effect, this.#faults.held).catch((error: unknown) =>
      this.#log.bug('a fault could not be applied to an answer', error),
    )
  }

  finish(): void {
    if (this.#faults.isWatching) this.#faults.seen(this, this.call.created !== undefined)
  }
}

/** A state whose unique fields find no row, so that a second user with the same address is inserted. */
function withoutUniqueness(state: State): State {
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

/** The body as far as it can be parsed before its media type and its shape are decided. */
function parsedEarly(text: string, call: Call, api: Api): unknown {
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
