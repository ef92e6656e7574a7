import type { IncomingHttpHeaders } from 'node:http'
import type { OperationContract } from './contract/operation.ts'
import type { DeliveryFault, Firing } from './fault.ts'
import { describeViolation, type Problem } from './problem.ts'
import type { FaultStage, Stage } from './stages.ts'

/**
 * Strictness of an API. `documented` enforces only rules that the vendor documents; `strict` adds
 * inferred and assumed rules. Where `strict` would refuse, `documented` answers with a warning.
 */
export type Profile = 'documented' | 'strict'

/** A broken rule that did not cause a refusal, sent in a `Standin-Warning` header. */
export interface Warning {
  /** Stable and machine-readable, such as `required.lastName`. */
  readonly code: string
  readonly text: string
  /** Stage that the request had reached. */
  readonly stage: Stage
  /** True if `strict` would refuse the request. */
  readonly assumed: boolean
  /** The contract's JSON type of a field whose value had another type and was converted. */
  readonly expected?: string
}

type WarningDetails = Partial<Pick<Warning, 'assumed' | 'expected'>>

/** An existing user that an operation changed or removed. */
export interface UserChange {
  readonly kind: 'updated' | 'deleted'
  readonly id: string
}

/** A fault that was considered for a request, and why it did or did not fire. */
export interface ConsideredFault {
  readonly id: string
  /** Short form of a fault that fired. */
  readonly fault?: string
  readonly fired: boolean
  readonly why: string
}

// Limits on the headers of an answer and on the size of a request log entry.
const MAX_WARNINGS = 20
const MAX_FAULTS = 50

/** One request on its way through the pipeline. */
export class Call {
  /** Request number in the sandbox, as in `Standin-Request-Id`: `req-1`, `req-2`, … */
  readonly id: string
  /** First line of a request that is not valid HTTP; method, URL and path are empty then. */
  readonly malformedLine: string | undefined
  /** Time of arrival in milliseconds since the process began. */
  readonly startedAt: number
  /** Stage that the request has reached. */
  stage: Stage = 'arrival'
  #bodyText: string | undefined
  /** The text of a long body in pieces, so that nothing has to join them at once. */
  bodyPieces: readonly string[] | undefined
  /** The encoding of the body's bytes: `utf-8`, `utf-16le`, …; undefined until it is read. */
  bodyEncoding: string | undefined
  /** Refusal of a body that was read before its stage; it is thrown at that stage. */
  bodyError: Problem | undefined
  /** The refusal, if the request was refused. */
  problem: Problem | undefined
  /** Id of the row that the request created; a fault may hide it from the caller. */
  created: string | undefined
  /** The user that the request changed or removed. */
  changed: UserChange | undefined
  /** Names of the events that the request caused. */
  events: readonly string[] | undefined
  /** The fault that fired for the request. */
  firing: Firing | undefined
  /** Last stage passed before a fault answered in place of the API or ended the connection. */
  endedAfter: FaultStage | undefined
  readonly method: string
  /** The request target as sent, with sandbox, API prefix and query. */
  readonly url: string
  /** The path below the API's prefix, undecoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** The remote address of the socket. */
  readonly address: string
  /** The remote port of the socket, which distinguishes connections; 0 if unknown. */
  readonly port: number
  /** The path prefix of the sandbox, which precedes the API's prefix; may be empty. */
  readonly base: string
  /** The scheme of the URL that the caller used. */
  readonly scheme: 'http' | 'https'
  readonly strict: boolean
  readonly warnings: Warning[] = []
  /** The faults that were considered, in order. */
  faults: ConsideredFault[] | undefined
  operation: OperationContract | undefined
  params: Readonly<Record<string, string>> = {}
  /** Result of the API's `authorize`. */
  caller: unknown
  /** The parsed body; the contract has checked it before the operation runs. */
  body: unknown
  /** Raw body and headers, for operations that take them unparsed. */
  raw:
    | { readonly headers: readonly (readonly [string, string])[]; readonly body: Uint8Array }
    | undefined
  /** The media type that the body was parsed as. */
  bodyType = ''
  /** The media type of the answer. */
  answerType: string
  /** Faults of the deliveries that the request causes. */
  deliveryFaults?: readonly DeliveryFault[]
  /** Ids of the deliveries that the request caused. */
  deliveries?: readonly string[] | undefined
  /** Aborted when the client closes the connection; set for the admin API's own work only. */
  signal?: AbortSignal
  /** Ids of the deliveries that waited for the removal of the user; sent after `deliveries`. */
  released?: readonly string[] | undefined

  constructor(from: {
    id?: string
    startedAt?: number
    method: string
    path: string
    url?: string
    malformedLine?: string
    query: URLSearchParams
    headers: IncomingHttpHeaders
    address: string
    port?: number | undefined
    base?: string
    scheme?: 'http' | 'https'
    profile: Profile
    answerType: string
  }) {
    this.id = from.id ?? ''
    this.startedAt = from.startedAt ?? performance.now()
    this.method = from.method
    this.url = from.url ?? from.path
    this.malformedLine = from.malformedLine
    this.path = from.path
    this.query = from.query
    this.headers = from.headers
    this.address = from.address
    this.port = from.port ?? 0
    this.base = from.base ?? ''
    this.scheme = from.scheme ?? 'http'
    this.strict = from.profile === 'strict'
    this.answerType = from.answerType
  }

  /** The body's text; undefined before it is read and for a request without a body. */
  get bodyText(): string | undefined {
    this.#bodyText ??= this.bodyPieces?.join('')
    return this.#bodyText
  }

  set bodyText(text: string | undefined) {
    this.#bodyText = text
  }

  /** True once the body is read. */
  get isBodyRead(): boolean {
    return this.#bodyText !== undefined || this.bodyPieces !== undefined
  }

  /** Records whether a fault fired and why, for the explanation of the request. */
  recordFault(fault: ConsideredFault): void {
    this.faults ??= []
    if (this.faults.length < MAX_FAULTS) this.faults.push(fault)
    else if (fault.fired) this.faults[MAX_FAULTS - 1] = fault
  }

  /** Records that a fault that fired had no effect. */
  recordNotFired(id: string, why: string): void {
    this.faults = this.faults?.map((fault) =>
      fault.fired && fault.id === id ? { id, fired: false, why } : fault,
    )
  }

  /** Adds a warning to the answer. */
  warn(code: string, text: string, details: WarningDetails = {}): void {
    if (this.warnings.length >= MAX_WARNINGS) return
    this.warnings.push({ code, text, stage: this.stage, assumed: false, ...details })
  }

  /**
   * Enforces a rule that the vendor does not document: `strict` refuses, `documented` warns.
   *
   * @throws Problem in `strict`
   */
  refuseIfStrict(problem: Problem): void {
    if (this.strict) throw problem
    if (problem.violations.length === 0)
      this.warn(problem.reason, problem.message, { assumed: true })
    for (const violation of problem.violations) {
      const { rule, at, limit } = violation
      const code = rule === 'anyOf' ? ['required', [limit].flat().join('-or-')] : [rule, ...at]
      this.warn(code.join('.'), describeViolation(violation), { assumed: true })
    }
  }
}
