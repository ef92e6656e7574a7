import type { Call, UserChange, Warning } from './call.ts'
import type { Fake } from './fake.ts'
import type { Format } from './formats/format.ts'
import type { Stream } from './http/stream.ts'
import type { Problem } from './problem.ts'
import type { Row, State, Table } from './store/state.ts'
import type { Clock } from './time/clock.ts'

/** A probable mistake of the sender and its fix. It never quotes a secret. */
export interface Hint {
  /** A stable, machine-readable code such as `field.case`. */
  readonly code: string
  /** One sentence that names the fix. */
  readonly text: string
}

/** Services for operations and the other parts of a slice. */
export interface Tools {
  readonly clock: Clock
  readonly fake: Fake
  /** The slice's part of the fixtures, as its `readFixtures` returned it. */
  readonly fixtures: unknown
  /** Warns about a webhook URL that is allowed but doubtful, judged by its text alone. */
  readonly webhookUrlWarning: (url: string) => Pick<Warning, 'code' | 'text'> | undefined
}

/** Input for a slice's hints besides the call. */
export interface Clues extends Tools {
  readonly state: State
  /** Members of the body as sent; empty where the body is not a readable object. */
  readonly sent: Readonly<Record<string, unknown>>
}

/** An answer before it is serialized. `body` fits the contract's schema for this status. */
export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** A ready-made body, sent as it is; no contract covers it. */
  readonly page?: { readonly contentType: string; readonly text: string }
  /** A large body in pieces, already written in the format of `answerType`, in place of `body`. */
  readonly pieces?: Iterable<string | Uint8Array>
  /** A stream that is written after the head, in place of `body`. */
  readonly stream?: Stream
  /** Id of the row that was created, usually a user. */
  readonly created?: string
  /** The user that was changed or removed. */
  readonly changed?: UserChange
  /** Events of this change, delivered as webhooks. */
  readonly events?: readonly Event[]
}

/** An event that webhooks deliver: `reseller.user.created` with the user. */
export interface Event {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
  /** Time of the event in the vendor's format; the same on every attempt. */
  readonly triggeredAt: string
}

/** Synchronous: between its reads and its writes no other request runs. Refuses by throwing. */
export type Operation = (call: Call, state: State, tools: Tools) => Reply

/** An operation outside of a transaction, such as opening a sandbox. */
export type Task = (call: Call) => Reply | Promise<Reply>

/** A person from fixtures or seeding. */
export interface Person {
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  readonly username: string
  readonly phone: string
  readonly company: string
}

/** The parts of a call that is made without a request. */
export interface CallParts {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly caller?: unknown
  readonly body?: Readonly<Record<string, unknown>>
}

/**
 * A vendor's own operation on one existing user. The admin API runs it without a request, so the
 * rules, the events and the stored change are the same as for the vendor's call.
 */
export interface UserOperation {
  /** The operationId. */
  readonly operation: string
  /** Fields of its body that name the user or the caller. The admin API refuses to change them. */
  readonly identifying?: readonly string[]
  /** True if the operation ignores a field whose value is null. The admin API then refuses null. */
  readonly ignoresNull?: boolean
  /**
   * Returns the call that applies to this row.
   *
   * @param changes the fields to change, where null empties a field; empty for a removal
   */
  readonly callFor: (row: Row, changes: Readonly<Record<string, unknown>>) => CallParts
}

/** Creates, finds and changes an API's users without a request. */
export interface Users {
  /** The collection that holds the users. */
  readonly table: string
  /** The field of a row that holds the email address. */
  readonly email: string
  /** The operationId of the create call. */
  readonly operation: string
  /** Operations that look up a user, so that a client can check if an unclear create succeeded. */
  readonly lookups?: readonly string[]
  /** The name in a row, such as `Ada Byron`; empty where there is none. */
  nameIn(row: Row): string
  /** Returns the body of a create call for this person. */
  bodyForPerson(person: Person, fixtures: unknown): Readonly<Record<string, unknown>>
  /** Returns the path parameters and the caller of a create call with this body. */
  createCall(
    body: Readonly<Record<string, unknown>>,
  ): Readonly<Pick<CallParts, 'params' | 'caller'>>
  /**
   * The vendor's update; without one, the admin API replaces the row by the result of `changeRow`.
   */
  readonly update?: UserOperation
  /** The vendor's removal; without one, the admin API removes the row without an event. */
  readonly delete?: UserOperation
  /** Returns the body of a create call for this row; required without an `update`. */
  bodyFromRow?(row: Row): Readonly<Record<string, unknown>>
  /** Returns the row that a create call with this body would create; required without an `update`. */
  changeRow?(row: Row, body: Readonly<Record<string, unknown>>, state: State, tools: Tools): Row
}

/** Returns the id of the user that a call created; other operations create other rows. */
export function createdUserId({ created, operation }: Call, { users }: Api): string | undefined {
  return operation && operation.id === users?.operation ? created : undefined
}

/** Signature header and events of a vendor's webhooks. */
export interface WebhookStyle {
  /** Name of the signature header, in the case in which it is sent. */
  readonly header: string
  /** All event names. */
  readonly events: readonly string[]
}

/** Credentials as a client configures them: user name, token or key, by the vendor's names. */
export type Credential = Readonly<Record<string, string | number>>

/** One API, as its slice declares it to the pipeline. */
export interface Api {
  readonly name: string
  readonly title: string
  /** The contract's file in `specs/`. */
  readonly spec: string
  /** Its collections by name; the store prefixes the API's name. */
  readonly tables: Readonly<Record<string, Table>>
  /** Supported formats; the first is the fallback. */
  readonly formats: readonly Format[]
  /** Operations by operationId. The start fails unless the contract has the same ones. */
  readonly operations: Readonly<Record<string, Operation>>
  /** Tasks by operationId. */
  readonly tasks?: Readonly<Record<string, Task>>
  readonly users?: Users
  /**
   * True if this is Standin's own API. It also answers requests that match no API. The request log
   * records these requests, but not the requests to the admin API.
   */
  readonly isOwnApi?: boolean
  readonly webhooks?: WebhookStyle
  /** Location of the credentials. Credentials in a header are checked before the body is read. */
  readonly credentialsIn: 'header' | 'body' | 'none'

  /** Reads the slice's part of the fixtures. Throws an Error with a clear message. */
  readFixtures(fixtures: unknown): unknown
  /** Checks the credentials and returns the caller for the operations, or throws a Problem. */
  authorize(call: Call, tools: Tools): unknown
  /** Returns the vendor's answer for a Problem. */
  refuse(problem: Problem, call: Call, tools: Tools): Reply

  /** The vendor's own refusals by reason; the most likely of each status comes first. */
  readonly refusals?: Readonly<Record<string, () => Problem>>
  /** Fields of the body or the query that identify the user: email address, then name or id. */
  readonly userFields?: readonly string[]
  /** Returns a credential from the fixtures that may call every operation, if there is one. */
  goodCredential?(fixtures: unknown): Credential | undefined
  /** Returns the unchecked credential of a request: a user name, a token or a company. */
  statedCredential?(call: Call, body: unknown): string | undefined
  /**
   * Returns the headers of a rate limit that is exceeded for `seconds`, or else until its window
   * ends.
   */
  rateLimitHeaders?(tools: Tools, seconds?: number): Readonly<Record<string, string>>

  /**
   * Returns headers for every answer; may refuse the call before any other check (a rate limit).
   */
  admit?(call: Call, tools: Tools): Readonly<Record<string, string>>
  /** Normalizes a path, where the vendor is more lenient than the contract. */
  route?(path: string, query: URLSearchParams): string
  /** Adjusts the query, where the vendor is more lenient than the contract. */
  readQuery?(call: Call): void
  /**
   * Set where the vendor's server is more lenient than its pages. It then accepts paths in another
   * case or with a slash at the end, with a warning; `strict` refuses both.
   */
  readonly lenient?: {
    /** Additional media types of bodies, which are read as the contract's first media type. */
    readonly mediaTypes: RegExp
  }
  /** Returns the media type of the answer; default: by `Accept`, or 406. */
  answerType?(call: Call): string
  /**
   * Returns the media type of a body; default: by `Content-Type`, or 415.
   *
   * @param text the body's text; only the first megabyte of a long body
   */
  bodyType?(call: Call, text: string): string
  /** Adjusts a parsed body, where the vendor is more lenient than the format's reader. */
  prepare?(call: Call): void
  /** Adapts the body of an answer to its format, such as the spelling of an id. */
  present?(body: unknown, mediaType: string): unknown
  /** Returns hints for mistakes that are specific to this vendor; called on demand only. */
  hints?(call: Call, clues: Clues): readonly Hint[]
}
