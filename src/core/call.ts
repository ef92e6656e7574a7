import type { IncomingHttpHeaders } from 'node:http'
import type { OperationContract } from './contract/operation.ts'
import type { DeliveryFault, Firing } from './fault.ts'
import { describeViolation, type Problem } from './problem.ts'
import type { FaultStage, Stage } from './stages.ts'

/**
 * `documented` refuses only what a vendor's page says is refused; `strict` adds the rules that
 * are inferred or assumed. What `strict` would refuse, `documented` lets through with a finding.
 */
export type Profile = 'documented' | 'strict'

/** Something about a request that was let through: a `Standin-Warning` header. */
export interface Warning {
  /** Stable and machine-readable, such as `required.lastName`. */
  readonly code: string
  readonly text: string
  /** Where the request stood when this was found. */
  readonly stage: Stage
  /** Whether `strict` would refuse for it. */
  readonly assumed: boolean
  /** The JSON type that a field should have, for a value of another type that was converted. */
  readonly expected?: string
}

type FindingDetails = Partial<Pick<Warning, 'assumed' | 'expected'>>

/** A fault that was looked at for a request, and why it did or did not fire. */
export interface ConsideredFault {
  readonly id: string
  /** What it does, in its short form; of one that fired. */
  readonly fault?: string
  readonly fired: boolean
  readonly why: string
}

/** So that neither the head of an answer nor what is kept of a request can grow at will. */
const MOST_FINDINGS = 20
const MOST_CONSIDERED = 50

/** One request on its way through the pipeline. */
export class Call {
  /** Its number in the sandbox, as `Standin-Request-Id` has it: `req-1`, `req-2`, … */
  readonly id: string
  /** The first line of what could not be read, in place of method, URL and path, which are empty. */
  readonly malformedLine: string | undefined
  /** When it came, in milliseconds since the process began. */
  readonly startedAt: number
  /** How far it has come. */
  stage: Stage = 'arrival'
  /** The body as it was received, once it is read; undefined before, or where there is none. */
  bodyText: string | undefined
  /** Why the body could not be read, where that was tried early. */
  bodyError: Problem | undefined
  /** Why it was refused. */
  problem: Problem | undefined
  /** The id of the row that it made, which a fault may keep from the caller. */
  created: string | undefined
  /** Names of what happened, as webhooks tell it. */
  events: readonly string[] | undefined
  /** The fault that it met. */
  firing: Firing | undefined
  /** What it had passed when a fault answered in place of the API, or ended the connection. */
  endedAfter: FaultStage | undefined
  readonly method: string
  /** As the caller wrote it: sandbox, API and query included. */
  readonly url: string
  /** Below the API's prefix, undecoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** The caller's address, as the socket has it. */
  readonly address: string
  /** What stands before the API's prefix in the caller's URL: a sandbox's, or nothing. */
  readonly base: string
  readonly strict: boolean
  readonly warnings: Warning[] = []
  /** The faults that were looked at, in that order. */
  faults: ConsideredFault[] | undefined
  operation: OperationContract | undefined
  params: Readonly<Record<string, string>> = {}
  /** What `authorize` made of the credentials. */
  caller: unknown
  /** What the request's body held, read by its format and, from the operation on, checked. */
  body: unknown
  /** The request as it came, where the operation takes it so. */
  raw:
    | { readonly headers: readonly (readonly [string, string])[]; readonly body: Uint8Array }
    | undefined
  /** The media type of the body as it was read. */
  bodyType = ''
  /** The media type of the answer. */
  answerType: string
  /** How the webhooks that this request causes go wrong on purpose. */
  deliveryFaults?: readonly DeliveryFault[]
  /** The webhooks that it caused, by id. */
  deliveries?: readonly string[] | undefined

  constructor(from: {
    id?: string
    startedAt?: number
    method: string
    path: string
    url?: string
    line?: string
    query: URLSearchParams
    headers: IncomingHttpHeaders
    address: string
    base?: string
    profile: Profile
    answerType: string
  }) {
    this.id = from.id ?? ''
    this.startedAt = from.startedAt ?? performance.now()
    this.method = from.method
    this.url = from.url ?? from.path
    this.malformedLine = from.line
    this.path = from.path
    this.query = from.query
    this.headers = from.headers
    this.address = from.address
    this.base = from.base ?? ''
    this.strict = from.profile === 'strict'
    this.answerType = from.answerType
  }

  /** Keeps for who asks later whether this fault was met, and if not why. */
  recordFault(fault: ConsideredFault): void {
    this.faults ??= []
    if (this.faults.length < MOST_CONSIDERED) this.faults.push(fault)
    else if (fault.fired) this.faults[MOST_CONSIDERED - 1] = fault
  }

  /** A fault that fired did nothing after all. */
  recordNotFired(id: string, why: string): void {
    this.faults = this.faults?.map((fault) =>
      fault.fired && fault.id === id ? { id, fired: false, why } : fault,
    )
  }

  /** Lets the request through, with a word about it. */
  warn(code: string, text: string, details: FindingDetails = {}): void {
    if (this.warnings.length >= MOST_FINDINGS) return
    this.warnings.push({ code, text, stage: this.stage, assumed: false, ...details })
  }

  /** A rule that no page states: `strict` refuses, `documented` goes on with a finding. */
  refuseIfStrict(problem: Problem): void {
    if (this.strict) throw problem
    if (problem.violations.length === 0) {
      this.warn(problem.reason, problem.message, { assumed: true })
    }
    for (const violation of problem.violations) {
      const { rule, at, limit } = violation
      const code = rule === 'anyOf' ? ['required', [limit].flat().join('-or-')] : [rule, ...at]
      this.warn(code.join('.'), describeViolation(violation), { assumed: true })
    }
  }
}
