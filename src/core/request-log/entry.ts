import type { IncomingHttpHeaders } from 'node:http'
import { Call, type Warning } from '../call.ts'
import { createdUserId } from '../api.ts'
import { type OperationContract } from '../contract/operation.ts'
import { type Stage } from '../stages.ts'
import type { ApiContext } from '../context.ts'
import type { Problem } from '../problem.ts'

/** The answer as it went out. */
export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | number>>
  readonly body: string | Uint8Array
  /** Bytes of the body, cut or not. */
  readonly size: number
  /** Of the request: names and values by turns, as they were received. */
  readonly rawHeaders: readonly string[]
}

/** Bytes of a body that are kept. */
export const MOST_KEPT = 64 * 1024
/** What an entry takes besides its texts, in bytes, as it was measured. */
const OVERHEAD = 1024

/** A piece of memory that texts are written into, one after the other. */
export interface Slab {
  readonly bytes: Buffer
  used: number
}

/**
 * One request that was answered. It holds secrets: `recordOf` makes what may be shown of it.
 *
 * Objects that stay for a while are what the garbage collector has most work with. So the texts
 * are written into a slab, and the call is made anew for whoever asks.
 */
export class Entry {
  /** Counts the entries of this process, resets or not. */
  readonly seq: number
  readonly id: string
  /** Where it was answered; for what no API was reached by, the sandbox's own. */
  readonly context: ApiContext
  /** Whether it reached the API of that context. */
  readonly arrived: boolean
  /** When it came, in milliseconds since the process began. */
  readonly startedAt: number
  /** Milliseconds that it took. */
  readonly ms: number
  /** Milliseconds since 1970, by the sandbox's clock: when it was answered. */
  readonly at: number
  /** Bytes of the request's body. */
  readonly size: number
  /** The id of the user that it made. */
  readonly user: string | undefined
  readonly #method: string
  readonly #address: string
  readonly #base: string
  readonly #stage: Stage
  readonly #problem: Problem | undefined
  readonly #findings: readonly Warning[] | undefined
  readonly #faults: Call['faults']
  readonly #operation: OperationContract | undefined
  readonly #bodyType: string
  readonly #answerType: string
  readonly #status: number
  readonly #headers: Answered['headers']
  readonly #answerSize: number
  readonly #created: string | undefined
  readonly #events: Call['events']
  readonly #deliveries: Call['deliveries']
  readonly #ended: Call['endedAfter']
  /** Head, body and answer, one after the other, from `start` to the end of each. */
  readonly #bytes: Buffer
  readonly #start: number
  readonly #headEnd: number
  readonly #textEnd: number
  readonly #end: number
  readonly #hasText: boolean
  readonly #isBinary: boolean

  /** @param room a slab with room for so many bytes */
  constructor(
    seq: number,
    context: ApiContext,
    call: Call,
    arrived: boolean,
    answer: Answered,
    room: (bytes: number) => Slab,
  ) {
    const { bodyText, warnings } = call
    const { body } = answer
    this.seq = seq
    this.id = call.id
    this.context = context
    this.arrived = arrived
    this.startedAt = call.startedAt
    this.ms = performance.now() - call.startedAt
    this.at = context.tools.clock.now()
    this.size = bodyText === undefined ? 0 : Buffer.byteLength(bodyText)
    this.user = createdUserId(call, context.api)
    this.#method = call.method
    this.#address = call.address
    this.#base = call.base
    this.#stage = call.stage
    this.#problem = call.problem
    this.#findings = warnings.length === 0 ? undefined : warnings
    this.#faults = call.faults
    this.#operation = call.operation
    this.#bodyType = call.bodyType
    this.#answerType = call.answerType
    this.#status = answer.status
    this.#headers = answer.headers
    this.#answerSize = answer.size
    this.#created = call.created
    this.#events = call.events
    this.#deliveries = call.deliveries
    this.#ended = call.endedAfter
    // No part of a head can hold the end of a line.
    const first = call.malformedLine ?? call.url
    const { rawHeaders } = answer
    const head = rawHeaders.length === 0 ? first : `${first}\n${rawHeaders.join('\n')}`
    const most = Math.min(this.size, MOST_KEPT)
    const mostAnswered = Math.min(answer.size, MOST_KEPT)
    const slab = room(Buffer.byteLength(head) + most + mostAnswered)
    const { bytes } = slab
    this.#bytes = bytes
    this.#start = slab.used
    this.#headEnd = this.#start + bytes.write(head, this.#start)
    this.#hasText = bodyText !== undefined
    // What does not fit is left out, and no character is cut in two.
    this.#textEnd = this.#headEnd + (bodyText ? bytes.write(bodyText, this.#headEnd, most) : 0)
    this.#isBinary = typeof body !== 'string'
    this.#end = this.#textEnd
    if (typeof body === 'string') this.#end += bytes.write(body, this.#textEnd, mostAnswered)
    else {
      bytes.set(body.subarray(0, mostAnswered), this.#textEnd)
      this.#end += mostAnswered
    }
    slab.used = this.#end
  }

  /** What it takes, in bytes. */
  get weight(): number {
    return OVERHEAD + this.#end - this.#start
  }

  /** Names and values by turns, as they were received. */
  get rawHeaders(): readonly string[] {
    return this.#head().slice(1)
  }

  /** The call as it was, but for what was read out of its body, and its body cut. */
  get call(): Call {
    const [first = '', ...rawHeaders] = this.#head()
    // What could not be read has its first line there.
    const url = this.#method === '' ? '' : first
    const { api, contract, profile } = this.context
    const prefix = this.arrived && api.isOwnApi !== true ? contract.prefix : ''
    const below = url.slice(this.#base.length + prefix.length)
    const [stem = ''] = below.split('?', 1)
    const query = new URLSearchParams(below.slice(stem.length))
    const path = api.route?.(stem || '/', query) ?? (stem || '/')
    const call = new Call({
      id: this.id,
      startedAt: this.startedAt,
      method: this.#method,
      url,
      ...(this.#method === '' && first !== '' ? { malformedLine: first } : {}),
      path,
      query,
      headers: lookedUp(rawHeaders),
      address: this.#address,
      base: this.#base,
      profile,
      answerType: this.#answerType,
    })
    call.stage = this.#stage
    call.problem = this.#problem
    call.faults = this.#faults
    call.created = this.#created
    call.events = this.#events
    call.deliveries = this.#deliveries
    call.endedAfter = this.#ended
    call.operation = this.#operation
    call.bodyType = this.#bodyType
    call.warnings.push(...(this.#findings ?? []))
    if (this.#hasText) call.bodyText = this.#bytes.toString('utf8', this.#headEnd, this.#textEnd)
    if (this.#operation) call.params = contract.find(this.#method, path).params
    return call
  }

  /** The answer as it was, its body cut. */
  get answer(): Omit<Answered, 'rawHeaders'> {
    const body = this.#bytes.subarray(this.#textEnd, this.#end)
    return {
      status: this.#status,
      headers: this.#headers,
      body: this.#isBinary ? body : body.toString('utf8'),
      size: this.#answerSize,
    }
  }

  /** The URL or the line, then names and values of headers by turns. */
  #head(): string[] {
    return this.#bytes.toString('utf8', this.#start, this.#headEnd).split('\n')
  }
}

/** Headers of which only the first counts, as Node reads them. */
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

/** Headers by their names in lower case, as a request of Node has them. */
function lookedUp(raw: readonly string[]): IncomingHttpHeaders {
  const found: Record<string, string | string[]> = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const value = raw[i + 1] ?? ''
    const before = found[name]
    if (name === 'set-cookie') found[name] = [before ?? [], value].flat()
    else if (before === undefined) found[name] = value
    else if (!FIRST_ONLY.has(name)) {
      found[name] = `${String(before)}${name === 'cookie' ? '; ' : ', '}${value}`
    }
  }
  return found
}
