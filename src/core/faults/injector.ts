import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Api, Reply, Tools } from '../api.ts'
import type { Call } from '../call.ts'
import { isRecord } from '../contract/schema.ts'
import type { FaultEffect } from '../fault.ts'
import { write, type Message } from '../http/message.ts'
import type { Log } from '../log.ts'
import { Problem } from '../problem.ts'
import type { MatchSubject } from '../request-log/matcher.ts'
import { RegexBudget } from '../request-log/safe-regex.ts'
import { subjectFrom } from '../request-log/match-subject.ts'
import type { FaultStage } from '../stages.ts'
import type { Collection, Row, State } from '../store/state.ts'
import type { ArmedFault } from './armed-fault.ts'
import { applyBodyFault, NotApplicable, type AlteredBody, type BodyParts } from './body-faults.ts'
import { boundedName } from './conditions.ts'
import { hangUp, waitForCaller, writeFaulty } from './connection-faults.ts'
import { drawnDelay } from './effect.ts'
import type { ArmedFiring, FaultCandidate, Faults } from './faults.ts'
import { pageFor, refusalFor } from './refusal.ts'
import { faultRequestedInHeaders, faultRequestedInValue } from './requested-faults.ts'

/** Thrown when a fault has ended the connection, so that no answer can be sent. */
export class ConnectionEnded extends Error {}

/** The ways to run an operation; the fired fault chooses one. */
export interface OperationRuns {
  /** Runs it; `view` replaces the state that it sees. */
  readonly run: (view?: (state: State) => State) => Reply
  /** Runs it and rolls its changes back. */
  readonly dryRun: () => Reply
  /** Runs it after the answer. */
  readonly runLater: () => Promise<void>
}

/** Applies faults to one request. The pipeline calls it at each point where a fault can act. */
export interface Injector {
  /**
   * Reads the fault that the request asks for in its headers.
   *
   * @param read reads the body early; called where the body decides which fault fires
   * @throws Problem 400 fault.invalid
   */
  begin(request: IncomingMessage, read: () => Promise<void>): undefined | Promise<void>
  /** Reads and fires the fault that the body asks for, before a refusal of the credentials. */
  beforeRefusal(request: IncomingMessage, read: () => Promise<void>): Promise<Reply | undefined>
  /** Reads and fires the fault that the body asks for, even if its stage has already passed. */
  afterBody(passed: readonly FaultStage[]): undefined | Promise<Reply | undefined>
  /**
   * Fires the fault of this stage, if there is one: delays, ends the connection or refuses.
   *
   * @returns the answer in place of the API's; undefined where the request continues
   * @throws ConnectionEnded
   */
  fire(stage: FaultStage): undefined | Promise<Reply | undefined>
  /** Runs the operation in the way that the fired fault demands. */
  operate(runs: OperationRuns): Reply
  /** Applies the fired fault to a written body; undefined: the body stays as it is. */
  alterBody(body: BodyParts): AlteredBody | undefined
  /** Writes the answer with the connection fault that fired, if any. */
  send(response: ServerResponse, message: Message): void
  /** Records the request as the next one of its client after an earlier firing. */
  finish(): void
}

/** The injector of an API without faults. */
export const NO_FAULTS: Injector = {
  begin: () => undefined,
  beforeRefusal: () => Promise.resolve(undefined),
  afterBody: () => undefined,
  fire: () => undefined,
  operate: ({ run }) => run(),
  alterBody: () => undefined,
  send: write,
  finish: () => {},
}

/**
 * The largest body in bytes that is read before a refusal of the credentials. A chunked body does
 * not state its size; only the limits of every body apply to it.
 */
const MAX_EARLY_BODY = 64 * 1024
/** Matching time of all expressions of all faults for one request, in milliseconds. */
const REGEX_TIME = 50

/** True if the body can be read: it is sent at once, or after the 100 Continue that Node answers. */
function canReadBody({ headers: { expect } }: IncomingMessage): boolean {
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
  #regexBudget: RegexBudget | undefined
  #parsedEarly: { readonly body: unknown } | undefined

  constructor(
    faults: Faults,
    { api, tools, log }: { readonly api: Api; readonly tools: Tools; readonly log: Log },
    call: Call,
    response: ServerResponse,
  ) {
    this.api = api.name
    this.call = call
    this.#api = api
    this.#tools = tools
    this.#faults = faults
    this.#response = response
    this.#log = log
  }

  credential(): string | undefined {
    return this.#api.statedCredential?.(this.call, this.#body())
  }

  get regexBudget(): RegexBudget {
    this.#regexBudget ??= new RegexBudget(REGEX_TIME)
    return this.#regexBudget
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

  user(): string | undefined {
    for (const name of this.#api.userFields ?? []) {
      const value = this.#sent(name)
      if (typeof value === 'string' && value !== '') return boundedName(value.toLowerCase())
    }
    return undefined
  }

  /** A value that names the user, in the body or else in the query. */
  #sent(name: string): unknown {
    const body = this.#body()
    const value = isRecord(body) ? body[name] : undefined
    return value ?? this.call.query.get(name) ?? undefined
  }

  begin(request: IncomingMessage, read: () => Promise<void>): undefined | Promise<void> {
    const text = faultRequestedInHeaders(this.call)
    if (text !== undefined || this.#faults.isArmed) {
      return this.#readRequestedFault(text, request, read)
    }
    this.#readMagicAddress()
    return undefined
  }

  async #readRequestedFault(
    text: string | undefined,
    request: IncomingMessage,
    read: () => Promise<void>,
  ): Promise<void> {
    if (canReadBody(request) && (text === undefined || this.#faults.isPerUser(text))) await read()
    if (text !== undefined) {
      const user = `${this.call.operation?.id} ${this.user() ?? ''}`
      this.requestedFault = this.#faults.requestedFault('header', this.api, user, text)
    } else this.#readMagicAddress()
  }

  async beforeRefusal(
    request: IncomingMessage,
    read: () => Promise<void>,
  ): Promise<Reply | undefined> {
    // A requested fault precedes the credentials, even where it is in the body.
    if (!this.#faults.allowsMagicAddresses || this.requestedFault || this.#firing) return undefined
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers
    const isSmall =
      coding !== undefined || (length !== undefined && Number(length) <= MAX_EARLY_BODY)
    if (!isSmall || !canReadBody(request)) return undefined
    await read()
    return this.afterBody(['route'])
  }

  afterBody(passed: readonly FaultStage[]): undefined | Promise<Reply | undefined> {
    if (this.requestedFault || this.#firing || !this.#readMagicAddress()) return undefined
    return this.#fireFirst(passed)
  }

  async #fireFirst(passed: readonly FaultStage[]): Promise<Reply | undefined> {
    for (const stage of passed) {
      const reply = await this.fire(stage)
      if (reply) return reply
    }
    return undefined
  }

  #readMagicAddress(): boolean {
    const { bodyText, url } = this.call
    // The `+` and the dots may be escaped, so only the word `fault` is searched for before the body
    // is parsed.
    if (!this.#faults.allowsMagicAddresses) return false
    if (!bodyText?.includes('fault') && !url.includes('fault')) return false
    for (const name of this.#api.userFields ?? []) {
      const value = this.#sent(name)
      const text = faultRequestedInValue(value)
      if (text === undefined) continue
      const user = boundedName(String(value))
      this.requestedFault = this.#faults.requestedFault('magic', this.api, user, text)
      return true
    }
    return false
  }

  fire(stage: FaultStage): undefined | Promise<Reply | undefined> {
    if (this.#firing || !(this.requestedFault || this.#faults.isArmed)) return undefined
    const firing = this.#faults.take(this, stage)
    return firing && this.#apply(firing, stage)
  }

  async #apply(firing: ArmedFiring, stage: FaultStage): Promise<Reply | undefined> {
    this.#firing = this.call.firing = firing
    const { delay, connection, outcome } = firing.effect
    if (delay) {
      const ms = drawnDelay(delay, firing.draw)
      const { waitingResponses } = this.#faults
      const isConnected = await waitForCaller(this.#response, ms, waitingResponses)
      if (!isConnected) {
        this.call.endedAfter = stage
        throw new ConnectionEnded()
      }
    }
    // An outcome needs the operation to run, so `operate` applies it.
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
   * Builds the refusal of an effect that has one.
   *
   * @param fallback the status for an effect without a refusal
   * @throws Problem for a refusal in the vendor's words
   */
  #refusal(effect: FaultEffect, fallback?: number): Reply | undefined {
    const refusal =
      effect.refusal ??
      (fallback === undefined ? undefined : { status: fallback, words: 'vendor' as const })
    if (!refusal) return undefined
    this.call.endedAfter = effect.after
    if (refusal.words !== 'vendor') return pageFor(refusal)
    throw refusalFor(refusal, this.call, this.#api, this.#tools)
  }

  operate({ run, dryRun, runLater }: OperationRuns): Reply {
    if (!this.#firing) return run()
    const { effect, fault } = this.#firing
    switch (effect.outcome) {
      case 'not-stored': {
        // The answer reports a user that does not exist, and no webhook is sent.
        const { created: _, events: __, ...reply } = dryRun()
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

  /** Answers an outcome with the effect's refusal, if any, or ends the connection. */
  #report(effect: FaultEffect, fallback?: number): Reply | undefined {
    const { connection } = effect
    if (connection === 'reset' || connection === 'close') this.#hangUp(connection, effect)
    return this.#refusal(effect, fallback)
  }

  #reportFailure(effect: FaultEffect): Reply {
    const reply = this.#report(effect, 500)
    if (!reply) throw new Error('An outcome that fails needs a refusal')
    return reply
  }

  alterBody(body: BodyParts): AlteredBody | undefined {
    const firing = this.#firing
    const kind = firing?.effect.body
    if (!kind) return undefined
    try {
      return applyBodyFault(kind, body)
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error
      firing.fault.withdraw(this, this.#tools.clock.now(), error.message)
      this.#firing = this.call.firing = undefined
      this.call.warn('fault.not-applicable', `The fault ${kind} changed nothing: ${error.message}`)
      return undefined
    }
  }

  send(response: ServerResponse, message: Message): void {
    if (!this.#firing) return write(response, message)
    writeFaulty(response, message, this.#firing.effect, this.#faults.waitingResponses).catch(
      (error: unknown) => this.#log.bug('a fault could not be applied to an answer', error),
    )
  }

  finish(): void {
    this.#faults.recordAnswered(this, this.call.created !== undefined)
  }
}

/** Hides existing rows from lookups by a unique field, so that a second user can be inserted. */
function withoutUniqueness(state: State): State {
  return {
    collection<T extends Row>(name: string): Collection<T> {
      const real = state.collection<T>(name)
      let copyOf: string | undefined
      return new Proxy(real, {
        get(target, property) {
          if (property === 'find') {
            return (field: string, value: string) => {
              copyOf ??= target.find(field, value)?.id
              return undefined
            }
          }
          if (property === 'insert' || property === 'replace') {
            return (row: T) => {
              target[property](copyOf === undefined ? row : { ...row, copyOf })
            }
          }
          const member: unknown = Reflect.get(target, property, target)
          return typeof member === 'function' ? (member.bind(target) as unknown) : member
        },
      })
    },
  }
}

/** Parses a body as JSON or XML, before its media type is known; undefined where that fails. */
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
