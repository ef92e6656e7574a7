import type { Call } from '../call.ts'
import { callOf, type Entry } from '../request-log/entry.ts'
import { sentBody } from '../request-log/match-subject.ts'
import { isRecord } from '../contract/schema.ts'

/** Statuses of refusals after which the same request may succeed later. */
const RETRIABLE = [408, 425, 429]
/** Reason of a rate limit, which vendors answer with different statuses. */
const RATE_LIMIT = 'rate.exceeded'
/** Faults after which the client does not have the whole answer, whatever its status. */
const BREAKING = [
  'reset-headers',
  'reset-body',
  'cut',
  'wrong-length',
  'bad-chunk',
  'truncated',
  'empty',
  'wrong-type',
  'wrong-charset',
  'login-page',
]

/** One recorded request with its answer, as the checks see it. */
export class Exchange {
  readonly entry: Entry
  readonly call: Call
  /** The address, the name or the id of the user in the request, in lower case. */
  readonly user: string | undefined
  /** Words of the fault that fired: `503`, `retry-after`, `extra-fields`; empty without one. */
  readonly faults: readonly string[]
  /** True if the request asked for its fault itself: another test may ask for the same. */
  readonly hasRequestedFault: boolean
  /**
   * Identifies the program that sent the request, by user agent and address: a request shows
   * nothing more.
   */
  readonly client: string

  constructor(entry: Entry) {
    this.entry = entry
    this.call = callOf(entry)
    this.user = userIn(entry, this.call)
    this.faults = (entry.faults ?? [])
      .filter(({ fired }) => fired)
      .flatMap(({ fault = '' }) => fault.split(';').map((part) => part.split('=', 1)[0]!))
    const { headers } = this.call
    this.hasRequestedFault =
      headers['standin-fault'] !== undefined || (this.user?.includes('+fault.') ?? false)
    this.client = `${headers['user-agent'] ?? ''} ${entry.address}`
  }

  get id(): string {
    return this.entry.id
  }

  get api(): string {
    return this.entry.context.api.name
  }

  get status(): number {
    return this.entry.status
  }

  /** Arrival, in milliseconds of real time. */
  get start(): number {
    return this.entry.startedAt
  }

  /** The moment of the answer, or of the end of the connection. */
  get end(): number {
    return this.entry.startedAt + this.entry.duration
  }

  /** True if the operation only reads. */
  get isRead(): boolean {
    return /^(?:GET|HEAD)$/.test(this.entry.method)
  }

  get isCreate(): boolean {
    const { operation, context } = this.entry
    return operation !== undefined && operation.id === context.api.users?.operation
  }

  /** True for a request that finds an existing user. */
  get isLookup(): boolean {
    const { operation, context } = this.entry
    return operation !== undefined && (context.api.users?.lookups?.includes(operation.id) ?? false)
  }

  /** True if a fault kept the client from reading an answer that looks like a success. */
  get isBroken(): boolean {
    return this.faults.some((word) => BREAKING.includes(word))
  }

  get isSuccess(): boolean {
    return this.status >= 200 && this.status < 300 && !this.isBroken
  }

  /** True if the same request may succeed later: no answer, an overloaded or a failing server. */
  get isTransient(): boolean {
    const { status, entry } = this
    return (
      status === 0 ||
      status >= 500 ||
      RETRIABLE.includes(status) ||
      entry.problem?.reason === RATE_LIMIT ||
      this.isBroken
    )
  }

  /** True if the client cannot know whether the request was carried out. */
  get isUnsure(): boolean {
    return this.status === 0 || (this.status >= 500 && this.status !== 503) || this.isBroken
  }

  /** Milliseconds that the answer asks the client to wait. */
  get retryAfter(): number | undefined {
    const value = String(this.entry.answerHeaders['Retry-After'] ?? '')
    return /^\d{1,9}$/.test(value) && Number(value) > 0 ? Number(value) * 1000 : undefined
  }

  /** True if both requests are the same in method, target, body and credentials. */
  equals(other: Exchange): boolean {
    const { authorization } = this.call.headers
    return (
      this.isSameTarget(other) &&
      authorization === other.call.headers.authorization &&
      this.hasSameBody(other)
    )
  }

  isSameTarget({ entry, call }: Exchange): boolean {
    return this.entry.method === entry.method && this.call.url === call.url
  }

  /** True if the client sent a body, which may have been refused unread. */
  get sentBody(): boolean {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = this.call.headers
    return this.entry.bodySize > 0 || Number(length) > 0 || encoding !== undefined
  }

  /**
   * Compares the recorded beginnings of both bodies. Nothing is recorded of a body that was not
   * read.
   */
  hasSameBody(other: Exchange): boolean {
    const { entry } = other
    const isKnown = [this, other].every((one) => one.entry.bodySize > 0 || !one.sentBody)
    const isSameSize = this.entry.bodySize === entry.bodySize
    return isKnown && isSameSize && bodyOf(this.entry).equals(bodyOf(entry))
  }

  /** True if the request names this id, with or without dashes. */
  names(id: string): boolean {
    return (
      withoutDashes(this.call.url).includes(id) ||
      withoutDashes(this.call.bodyText ?? '').includes(id)
    )
  }

  /** Ids in the answer that the request does not name, without dashes. */
  get newIds(): readonly string[] {
    const { bytes, bodyEnd, answerEnd } = this.entry
    const ids = bytes.toString('latin1', bodyEnd, answerEnd).match(ID) ?? []
    return [...new Set(ids.slice(0, MAX_IDS).map(withoutDashes))].filter((id) => !this.names(id))
  }
}

/** A GUID in its usual form, or without dashes. */
const ID = /\b[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}\b/gi
const MAX_IDS = 100

/** A text in lower case and without dashes, to find ids in it. */
export function withoutDashes(text: string): string {
  return text.replaceAll('-', '').toLowerCase()
}

function bodyOf({ bytes, headEnd, bodyEnd }: Entry): Buffer {
  return bytes.subarray(headEnd, bodyEnd)
}

function userIn({ context }: Entry, call: Call): string | undefined {
  const fields = context.api.userFields ?? []
  const body = fields.length === 0 ? undefined : sentBody(call, context)
  for (const name of fields) {
    const inQuery = [...call.query].find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
    for (const value of [isRecord(body) ? body[name] : undefined, inQuery]) {
      if (typeof value === 'string' && value.trim() !== '') return value.trim().toLowerCase()
    }
  }
  return undefined
}
