import { decodeUnreserved } from '../http/unreserved.ts'
import type { IncomingHttpHeaders } from 'node:http'
import { createdUserId } from '../api.ts'
import { Call, type Warning } from '../call.ts'
import type { ApiContext } from '../context.ts'

/** An answer as it was sent. */
export interface RecordedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | number>>
  readonly body: string | Uint8Array
  /** Size of the body in bytes, before it was cut. */
  readonly size: number
}

/** The answer and the raw headers of a request, which are recorded besides its call. */
export interface AnsweredRequest extends RecordedAnswer {
  /** The request's header names and values, alternating, as they were received. */
  readonly rawHeaders: readonly string[]
}

/** Bytes that are kept of a body. */
export const MAX_KEPT_BODY = 64 * 1024
/** Measured size of an entry without its texts, in bytes. */
const ENTRY_OVERHEAD = 1024

/** A block of memory that the texts of several entries are written into. */
export interface Slab {
  readonly bytes: Buffer
  used: number
}

/** Members of a call that an entry keeps; `callOf` derives the others from the texts. */
type KeptOfCall =
  | 'id'
  | 'startedAt'
  | 'method'
  | 'address'
  | 'port'
  | 'base'
  | 'scheme'
  | 'stage'
  | 'problem'
  | 'faults'
  | 'operation'
  | 'bodyType'
  | 'answerType'
  | 'created'
  | 'changed'
  | 'events'
  | 'deliveries'
  | 'endedAfter'

/**
 * One answered request. It holds secrets: `Redactions` makes the redacted record of it.
 *
 * Long-lived objects cost the garbage collector most, so the texts are written into a slab, and
 * the call is created again when it is needed.
 */
export interface Entry extends Readonly<Pick<Call, KeptOfCall>> {
  /** Sequence number in this process; a reset does not restart it. */
  readonly seq: number
  /**
   * Number of calls of the admin API before it that changed something. Requests with different
   * numbers usually belong to different steps of a test.
   */
  readonly section: number
  /** Context that answered; the sandbox's own API where the path matched no API. */
  readonly context: ApiContext
  /** True if the path matched the API of that context. */
  readonly reachedApi: boolean
  /** Time from the arrival to the answer, in milliseconds. */
  readonly duration: number
  /** Time of the answer by the sandbox's clock, in milliseconds since 1970. */
  readonly answeredAt: number
  /** Size of the request's body in bytes, before it was cut. */
  readonly bodySize: number
  /** Id of the user that the request created. */
  readonly userId: string | undefined
  readonly warnings: readonly Warning[]
  readonly status: number
  readonly answerHeaders: RecordedAnswer['headers']
  readonly answerSize: number
  /** Holds the head, the body and the answer's body in this order, from `start` to the end of each. */
  readonly bytes: Buffer
  readonly start: number
  readonly headEnd: number
  readonly bodyEnd: number
  readonly answerEnd: number
  readonly hasBody: boolean
  readonly isBinaryAnswer: boolean
  /** The whole text of a body of which only the beginning is kept, until `hidden` is known. */
  unread: string | undefined
  /** Secrets in the rest of the body; `unknown` if it was too long to be searched. */
  hidden: readonly string[] | 'unknown' | undefined
  /** True once the entry has left the log. */
  isDropped: boolean
}

/** One empty list for most entries, to save memory. */
const NO_WARNINGS: readonly Warning[] = []

/** @param slabFor returns a slab with room for this many bytes */
export function entryFrom(
  seq: number,
  context: ApiContext,
  call: Call,
  reachedApi: boolean,
  answer: AnsweredRequest,
  slabFor: (bytes: number) => Slab,
  section = 0,
): Entry {
  const { bodyText, warnings } = call
  // Both clocks are read in direct succession, since the report card compares them.
  const duration = performance.now() - call.startedAt
  const answeredAt = context.tools.clock.now()
  const { body, rawHeaders } = answer
  const bodySize = bodyText === undefined ? 0 : Buffer.byteLength(bodyText)
  // Neither a request line nor a header can contain a line break.
  const firstLine = call.malformedLine ?? call.url
  const head = rawHeaders.length === 0 ? firstLine : `${firstLine}\n${rawHeaders.join('\n')}`
  const keptBody = Math.min(bodySize, MAX_KEPT_BODY)
  const keptAnswer = Math.min(answer.size, MAX_KEPT_BODY)
  const slab = slabFor(Buffer.byteLength(head) + keptBody + keptAnswer)
  const { bytes, used: start } = slab
  const headEnd = start + bytes.write(head, start)
  // Buffer.write leaves out what does not fit and never splits a character.
  const bodyEnd = headEnd + (bodyText ? bytes.write(bodyText, headEnd, keptBody) : 0)
  const isBinaryAnswer = typeof body !== 'string'
  let answerEnd = bodyEnd + keptAnswer
  if (isBinaryAnswer) bytes.set(body.subarray(0, keptAnswer), bodyEnd)
  else answerEnd = bodyEnd + bytes.write(body, bodyEnd, keptAnswer)
  slab.used = answerEnd
  return {
    seq,
    section,
    id: call.id,
    context,
    reachedApi,
    startedAt: call.startedAt,
    duration,
    answeredAt,
    bodySize,
    userId: createdUserId(call, context.api),
    method: call.method,
    address: call.address,
    port: call.port,
    base: call.base,
    scheme: call.scheme,
    stage: call.stage,
    problem: call.problem,
    warnings: warnings.length === 0 ? NO_WARNINGS : warnings,
    faults: call.faults,
    operation: call.operation,
    bodyType: call.bodyType,
    answerType: call.answerType,
    status: answer.status,
    answerHeaders: answer.headers,
    answerSize: answer.size,
    created: call.created,
    changed: call.changed,
    events: call.events,
    deliveries: call.deliveries,
    endedAfter: call.endedAfter,
    bytes,
    start,
    headEnd,
    bodyEnd,
    answerEnd,
    hasBody: bodyText !== undefined,
    isBinaryAnswer,
    unread: undefined,
    hidden: undefined,
    isDropped: false,
  }
}

/** Memory that an entry takes, in bytes. */
export function entrySize({ start, answerEnd }: Entry): number {
  return ENTRY_OVERHEAD + answerEnd - start
}

/** The request's header names and values, alternating, as they were received. */
export function rawHeadersOf(entry: Entry): readonly string[] {
  return headOf(entry).slice(1)
}

/** Creates the call again, with its body cut and without what was parsed from the body. */
export function callOf(entry: Entry): Call {
  const { api, contract, profile } = entry.context
  const [first = '', ...rawHeaders] = headOf(entry)
  // A request that could not be read has no method, and its first line in place of the URL.
  const isMalformed = entry.method === ''
  const url = isMalformed ? '' : first
  const prefix = entry.reachedApi && api.isOwnApi !== true ? contract.prefix : ''
  const below = decodeUnreserved(url).slice(entry.base.length + prefix.length)
  const [stem = ''] = below.split('?', 1)
  const query = new URLSearchParams(below.slice(stem.length))
  const path = api.route?.(stem || '/', query) ?? (stem || '/')
  const call = new Call({
    id: entry.id,
    startedAt: entry.startedAt,
    method: entry.method,
    url,
    ...(isMalformed && first !== '' ? { malformedLine: first } : {}),
    path,
    query,
    headers: parseHeaders(rawHeaders),
    address: entry.address,
    port: entry.port,
    base: entry.base,
    scheme: entry.scheme,
    profile,
    answerType: entry.answerType,
  })
  call.stage = entry.stage
  call.problem = entry.problem
  call.faults = entry.faults
  call.created = entry.created
  call.changed = entry.changed
  call.events = entry.events
  call.deliveries = entry.deliveries
  call.endedAfter = entry.endedAfter
  call.operation = entry.operation
  call.bodyType = entry.bodyType
  call.warnings.push(...entry.warnings)
  if (entry.hasBody) call.bodyText = entry.bytes.toString('utf8', entry.headEnd, entry.bodyEnd)
  if (entry.operation) call.params = contract.find(entry.method, path, true).params
  return call
}

/** The answer as it was sent, with its body cut. */
export function answerOf(entry: Entry): RecordedAnswer {
  const body = entry.bytes.subarray(entry.bodyEnd, entry.answerEnd)
  return {
    status: entry.status,
    headers: entry.answerHeaders,
    body: entry.isBinaryAnswer ? body : body.toString('utf8'),
    size: entry.answerSize,
  }
}

/** The URL or the malformed first line, then header names and values, alternating. */
function headOf({ bytes, start, headEnd }: Entry): string[] {
  return bytes.toString('utf8', start, headEnd).split('\n')
}

/** Headers that Node reads only once; it ignores repetitions. */
const FIRST_ONLY = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
])

/** Parses headers as Node does for `request.headers`: names in lower case, repetitions joined. */
function parseHeaders(raw: readonly string[]): IncomingHttpHeaders {
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const value = raw[i + 1] ?? ''
    const previous = headers[name]
    if (name === 'set-cookie') headers[name] = [previous ?? [], value].flat()
    else if (previous === undefined) headers[name] = value
    else if (!FIRST_ONLY.has(name)) {
      headers[name] = `${String(previous)}${name === 'cookie' ? '; ' : ', '}${value}`
    }
  }
  return headers
}
