import type { Call, Warning } from './call.ts'
import type { Fake } from './fake.ts'
import type { Format } from './formats/format.ts'
import type { Stream } from './http/stream.ts'
import type { Problem } from './problem.ts'
import type { Row, State, Table } from './store/state.ts'
import type { Clock } from './time/clock.ts'

/** What a sender probably meant, and what to change for it. It never quotes a secret. */
export interface Hint {
  /** Stable and machine-readable, such as `field.case`. */
  readonly code: string
  /** One sentence that names the fix. */
  readonly text: string
}

/** What an operation and a slice's other parts may use besides the call and the state. */
export interface Tools {
  readonly clock: Clock
  readonly fake: Fake
  /** What the slice's `learn` made of the sandbox's fixtures. */
  readonly fixtures: unknown
  /** What speaks against sending webhooks to a URL, as far as its text tells; it may be taken. */
  readonly webhookUrlWarning: (url: string) => Pick<Warning, 'code' | 'text'> | undefined
}

/** What a slice's hints may look at besides the call. */
export interface Clues extends Tools {
  readonly state: State
  /** The body's members as the caller sent them; none where it is no object that can be read. */
  readonly sent: Readonly<Record<string, unknown>>
}

/** What goes back. `body` fits the contract's schema for this status; it is not yet written out. */
export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** What goes out as it is, where no contract says what it must be. */
  readonly page?: { readonly contentType: string; readonly text: string }
  /** Goes on writing after the head, in place of `body`. */
  readonly stream?: Stream
  /** The id of the row that was made: a user, mostly. */
  readonly created?: string
  /** What others are told of with this change. */
  readonly events?: readonly Event[]
}

/** Something that happened, as a webhook tells it: `reseller.user.created` with the user. */
export interface Event {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
  /** When, as the vendor writes times; the same on every attempt to tell it. */
  readonly triggeredAt: string
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

/** How users come to be at an API without a request, and how they are found again and changed. */
export interface Users {
  readonly table: string
  /** The field of a row that holds the address. */
  readonly email: string
  readonly operation: string
  /** The person's name as a row has it, such as `Ada Byron`; empty where it has none. */
  nameIn(row: Row): string
  /** What a create call for this person sends. */
  bodyForPerson(person: Person, known: unknown): Readonly<Record<string, unknown>>
  /** What a create call with this body has besides. */
  createCall(body: Readonly<Record<string, unknown>>): {
    readonly params?: Readonly<Record<string, string>>
    readonly caller?: unknown
  }
  /** What a create call for this row would send, with a made-up secret where one is needed. */
  bodyFromRow(row: Row): Readonly<Record<string, unknown>>
  /** The row as a create call with this body would make it now. Refuses as that does. */
  changeRow(row: Row, body: Readonly<Record<string, unknown>>, state: State, tools: Tools): Row
  /** What others are told of when a row was changed or removed by other ways than a request. */
  events?(what: 'updated' | 'deleted', row: Row, state: State, tools: Tools): readonly Event[]
}

/** The id of the user that a call made; other operations make other things. */
export function createdUserId({ created, operation }: Call, { users }: Api): string | undefined {
  return operation && operation.id === users?.operation ? created : undefined
}

/** What a vendor's webhooks are like. */
export interface WebhookStyle {
  /** The header that the signature is in, in the case in which it is sent. */
  readonly header: string
  /** The events that there are. */
  readonly events: readonly string[]
}

/** What a client puts into its configuration: a user name, a token, a key, by the vendor's names. */
export type Credential = Readonly<Record<string, string | number>>

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
  /**
   * Whether it is the sandbox's own, which answers what no API is at, too. Requests for it are not
   * written down; those for nobody are.
   */
  readonly isOwnApi?: boolean
  readonly webhooks?: WebhookStyle
  /** Where the credentials are: checked before a byte of the body is read, or after. */
  readonly credentialsIn: 'header' | 'body' | 'none'

  /** Makes what the slice needs of its part of the fixtures. Throws an Error with a clear message. */
  readFixtures(fixtures: unknown): unknown
  /** Who calls, for the slice's own operations, or a Problem. */
  authorize(call: Call, tools: Tools): unknown
  /** A Problem in the vendor's words. */
  explain(problem: Problem, call: Call, tools: Tools): Reply

  /** What the vendor refuses by itself, by reason; of each status the likeliest comes first. */
  readonly refusals?: Readonly<Record<string, () => Problem>>
  /** Fields of a request that name the user: an address or a user name. */
  readonly userFields?: readonly string[]
  /** A credential among the fixtures that opens every door, ready to be sent; none where there is none. */
  goodCredential?(fixtures: unknown): Credential | undefined
  /** Who a request says it comes from, unchecked: a user name, a token, a company. */
  statedCredential?(call: Call, body: unknown): string | undefined
  /** Headers that say that a limit is exceeded for this many seconds more, or as long as it lasts. */
  rateLimitHeaders?(tools: Tools, seconds?: number): Readonly<Record<string, string>>

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
  /** What only this vendor's callers get wrong; asked when somebody wants to know, not before. */
  hints?(call: Call, clues: Clues): readonly Hint[]
}
