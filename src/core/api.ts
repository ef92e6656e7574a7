import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from './clock.ts'
import type { Fake } from './fake.ts'
import type { Firing } from './faults/faults.ts'
import type { Rule } from './faults/rule.ts'
import type { Format } from './format.ts'
import { inWords, type Problem, type Violation } from './problem.ts'
import type { Schema } from './schema.ts'
import type { State, Table } from './state.ts'

/**
 * `documented` refuses only what a vendor's page says is refused; `strict` adds the rules that
 * are inferred or assumed. What `strict` would refuse, `documented` lets through with a finding.
 */
export type Profile = 'documented' | 'strict'

/** Something about a request that was let through: a `Standin-Warning` header. */
export interface Finding {
  /** Stable and machine-readable, such as `required.lastName`. */
  readonly code: string
  readonly text: string
}

/** One operation of a contract, with what a request for it must be and an answer may be. */
export interface OperationContract {
  readonly id: string
  readonly method: string
  /** Media types of the request's body, in the contract's order. */
  readonly requestTypes: readonly string[]
  /** Media types of the first success answer, in the contract's order. */
  readonly answerTypes: readonly string[]
  readonly bodyRequired: boolean
  /** Bytes that are read at most, where it is not the server's own limit. */
  readonly maxBody: number | undefined
  requestSchema(mediaType: string): Schema
  /** What `strict` demands besides; undefined where it demands no more. */
  strictSchema(mediaType: string): Schema | undefined
  /** What the contract does not allow in this request; empty when all is well. */
  check(call: Call): readonly Violation[]
  /** What `strict` does not allow besides. */
  checkStrictly(call: Call): readonly Violation[]
}

/** What the pipeline does with a request, in this order; it is refused at the one it stands at. */
export const STAGES = [
  'arrival',
  'route',
  'credentials',
  'accept',
  'body',
  'contract',
  'strict',
  'operation',
  'saving',
  'answer',
] as const
export type Stage = (typeof STAGES)[number]

/** So that neither the head of an answer nor what is kept of a request can grow at will. */
const MOST_FINDINGS = 20
const MOST_CONSIDERED = 50

/** A fault that a request was held against. */
export interface Considered {
  readonly id: string
  readonly fired: boolean
  /** Why it did not fire. */
  readonly spared?: string
}

/** One request on its way through the pipeline. */
export class Call {
  /** Its number in the sandbox, as `Standin-Request-Id` has it: `req-1`, `req-2`, … */
  readonly id: string
  /** When it came, in milliseconds since the process began. */
  readonly startedAt = performance.now()
  /** How far it has come. */
  stage: Stage = 'arrival'
  /** The body as it was received, once it is read; undefined before, or where there is none. */
  text: string | undefined
  /** Why the body could not be read, where that was tried early. */
  unread: Problem | undefined
  /** Why it was refused. */
  problem: Problem | undefined
  /** The id of the row that it made, which a fault may keep from the caller. */
  created: string | undefined
  /** The fault that the request itself asks for. */
  wish: Rule | undefined
  /** The fault that it met. */
  fault: Firing | undefined
  /** Each fault that was held against it, in order. */
  readonly considered: Considered[] = []
  readonly method: string
  /** Below the API's prefix, undecoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** The caller's address, as the socket has it. */
  readonly address: string
  /** What stands before the API's prefix in the caller's URL: a sandbox's, or nothing. */
  readonly base: string
  readonly strict: boolean
  readonly findings: Finding[] = []
  operation: OperationContract | undefined
  params: Readonly<Record<string, string>> = {}
  /** What `authorize` made of the credentials. */
  caller: unknown
  /** What the request's body held, read by its format and, from the operation on, checked. */
  body: unknown
  /** The media type of the body as it was read. */
  bodyType = ''
  /** The media type of the answer. */
  answerType: string

  constructor(from: {
    id?: string
    method: string
    path: string
    query: URLSearchParams
    headers: IncomingHttpHeaders
    address: string
    base?: string
    profile: Profile
    answerType: string
  }) {
    this.id = from.id ?? ''
    this.method = from.method
    this.path = from.path
    this.query = from.query
    this.headers = from.headers
    this.address = from.address
    this.base = from.base ?? ''
    this.strict = from.profile === 'strict'
    this.answerType = from.answerType
  }

  /** Keeps for who asks later whether this fault was met, and if not why. */
  consider(fault: Considered): void {
    if (this.considered.length < MOST_CONSIDERED) this.considered.push(fault)
  }

  /** Lets the request through, with a word about it. */
  note(code: string, text: string): void {
    if (this.findings.length < MOST_FINDINGS) this.findings.push({ code, text })
  }

  /** A rule that no page states: `strict` refuses, `documented` goes on with a finding. */
  assume(problem: Problem): void {
    if (this.strict) throw problem
    if (problem.violations.length === 0) this.note(problem.reason, problem.message)
    for (const violation of problem.violations) {
      const { rule, at, limit } = violation
      const code = rule === 'anyOf' ? ['required', [limit].flat().join('-or-')] : [rule, ...at]
      this.note(code.join('.'), inWords(violation))
    }
  }
}

/** What an operation and a slice's other parts may use besides the call and the state. */
export interface Tools {
  readonly clock: Clock
  readonly fake: Fake
  /** What the slice's `learn` made of the sandbox's fixtures. */
  readonly known: unknown
}

/** What goes back. `body` fits the contract's schema for this status; it is not yet written out. */
export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** What goes out as it is, where no contract says what it must be. */
  readonly page?: { readonly contentType: string; readonly text: string }
  /** The id of the row that was made: a user, mostly. */
  readonly created?: string
  /** What others are told of with this change. */
  readonly events?: readonly Event[]
}

/** Something that happened, as a webhook tells it: `reseller.user.created` with the user. */
export interface Event {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Synchronous: between its reads and its writes no other request runs. Refuses by throwing. */
export type Operation = (call: Call, state: State, tools: Tools) => Reply

/** What is no single change of the state, such as opening a sandbox; it runs in no transaction. */
export type Task = (call: Call) => Reply | Promise<Reply>

/** A person that fixtures or seeding bring. */
export interface Person {
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  readonly username: string
  readonly phone: string
  readonly company: string
}

/** How users come to be at an API without a request, and how they are found again. */
export interface Users {
  readonly table: string
  /** The field of a row that holds the address. */
  readonly email: string
  readonly operation: string
  /** What a create call for this person sends. */
  describe(person: Person, known: unknown): Readonly<Record<string, unknown>>
  /** What a create call with this body has besides. */
  call(body: Readonly<Record<string, unknown>>): {
    readonly params?: Readonly<Record<string, string>>
    readonly caller?: unknown
  }
}

/** One vendor's API: what its slice tells the pipeline. */
export interface Api {
  readonly name: string
  readonly title: string
  /** The contract's file in `specs/`. */
  readonly spec: string
  /** What it keeps, by collection name; the store prefixes the API's name. */
  readonly tables: Readonly<Record<string, Table>>
  /** The formats it can speak; the first is the one it falls back to. */
  readonly formats: readonly Format[]
  /** By operationId; the contract names the same ones, or the start stops. */
  readonly operations: Readonly<Record<string, Operation>>
  /** By operationId, like the operations. */
  readonly tasks?: Readonly<Record<string, Task>>
  readonly users?: Users
  /** Where the credentials are: checked before a byte of the body is read, or after. */
  readonly credentialsIn: 'header' | 'body' | 'none'

  /** Makes what the slice needs of its part of the fixtures. Throws an Error with a clear message. */
  learn(fixtures: unknown): unknown
  /** Who calls, for the slice's own operations, or a Problem. */
  authorize(call: Call, tools: Tools): unknown
  /** A Problem in the vendor's words. */
  explain(problem: Problem, call: Call, tools: Tools): Reply

  /** What the vendor refuses by itself, by reason; of each status the likeliest comes first. */
  readonly refusals?: Readonly<Record<string, () => Problem>>
  /** Fields of a request that name the user: an address or a user name. */
  readonly names?: readonly string[]
  /** Who a request says it comes from, unchecked: a user name, a token, a company. */
  credentialOf?(call: Call, body: unknown): string | undefined
  /** Headers that say that a limit is exceeded for this many seconds more, or as long as it lasts. */
  limited?(tools: Tools, seconds?: number): Readonly<Record<string, string>>

  /** Headers for every answer; may refuse the call before anything else (a rate limit). */
  admit?(call: Call, tools: Tools): Readonly<Record<string, string>>
  /** Where the vendor reads paths more freely than the contract spells them. */
  route?(path: string, query: URLSearchParams): string
  /** Which of the formats answers; default: by `Accept`, and 406 when none fits. */
  answerType?(call: Call): string
  /** The media type of a body; default: what the request says, and 415 when it does not fit. */
  bodyType?(call: Call, text: string): string
  /** Where the vendor's reader does more with a body than its format says. */
  prepare?(call: Call): void
  /** What differs between formats, such as how an id is spelt; the body of an answer otherwise. */
  present?(body: unknown, mediaType: string): unknown
}
