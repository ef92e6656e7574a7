import { gunzipSync } from 'node:zlib'
import { HistoryBudget, type Charge, type History } from '../history-budget.ts'
import type { AttemptOutcome } from './http-sender.ts'
import { verifyWebhook, type SignatureResult } from './signature-check.ts'

/** A request to an inbox. */
export interface InboxRequest {
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** A request that an inbox received, with its answer. */
export interface ReceivedWebhook {
  /** Counted from 1 in each inbox. */
  readonly number: number
  /** Milliseconds since 1970, by the sandbox's clock. */
  readonly at: number
  readonly headers: InboxRequest['headers']
  /** Body after gzip is decoded, which is what the signature covers. */
  readonly body: Uint8Array
  /** Status of the answer. */
  readonly status: number
  /** Result of the signature check; undefined if no subscription delivers to this inbox. */
  readonly signature: SignatureResult | undefined
}

/** Answer of an inbox. */
export interface InboxReply {
  readonly status: number
  readonly retryAfter: number | undefined
  /** Milliseconds of real time before the answer. */
  readonly delay: number
}

interface Entry {
  readonly inbox: string
  readonly number: number
  readonly at: number
  readonly status: number
  readonly charge: Charge
  readonly tokens: readonly string[]
  /** The request, or a function that builds it when the inbox is read. */
  request: InboxRequest | (() => InboxRequest)
}

/** Limits on the requests that all inboxes of a sandbox keep together. */
const MAX_ENTRIES = 1000
const MAX_BYTES = 16 * 1024 * 1024
/** Approximate memory of an entry besides its body, in bytes. */
const ENTRY_OVERHEAD = 500
/** Limit on counted names and queries, so that varying ones cannot fill the memory. */
const MAX_COUNTERS = 1000
/** Longest delay of an answer, in milliseconds. */
const MAX_DELAY = 60_000

/**
 * The webhook receivers inside the server, each with a name. An inbox accepts every request,
 * answers as its URL's query says, and lists what it received. All inboxes of a sandbox share the
 * limits; the oldest requests are removed first.
 */
export class Inboxes implements History {
  readonly #header: string
  readonly #budget: HistoryBudget
  #entries: Entry[] = []
  /** Dropped entries at the start of the list. */
  #droppedCount = 0
  #bytes = 0
  /** Requests since the last clear, by inbox. */
  readonly #totals = new Map<string, number>()
  /** Requests with `times`, by inbox and query. */
  readonly #timesUsed = new Map<string, number>()

  /**
   * @param header signature header of the plain scheme
   * @param budget the memory that they share with other histories
   */
  constructor(header: string, budget = new HistoryBudget()) {
    this.#header = header
    this.#budget = budget
  }

  /**
   * Stores a request and returns its reply.
   *
   * @param details.size size of the body in bytes
   * @param details.tokens tokens of the subscriptions that deliver to this inbox
   */
  receive(
    inbox: string,
    query: string,
    request: InboxRequest | (() => InboxRequest),
    details: { readonly at: number; readonly size: number; readonly tokens: readonly string[] },
  ): InboxReply {
    const { at, size, tokens } = details
    const reply = this.#replyFor(inbox, query)
    const bytes = size + ENTRY_OVERHEAD
    const number = this.total(inbox) + 1
    this.#totals.delete(inbox)
    this.#totals.set(inbox, number)
    const charge = this.#budget.add(this, bytes)
    this.#entries.push({ inbox, number, at, status: reply.status, charge, tokens, request })
    this.#bytes += bytes
    this.#applyLimits()
    this.#budget.enforce()
    return reply
  }

  /** Number of requests since the inbox was last cleared. */
  total(inbox: string): number {
    return this.#totals.get(inbox) ?? 0
  }

  /** Lists the requests that are kept, the newest last. */
  list(
    inbox: string,
    { after = 0, limit }: { after?: number; limit: number },
  ): readonly ReceivedWebhook[] {
    return this.#entries
      .slice(Math.max(this.#droppedCount, this.#entries.length - MAX_ENTRIES))
      .filter((entry) => entry.inbox === inbox && entry.number > after)
      .slice(0, limit)
      .map((entry) => this.#shown(entry))
  }

  /** Removes the requests and counters of one inbox. */
  clear(inbox: string): void {
    this.#removeOldest(this.#droppedCount)
    for (const entry of this.#entries) {
      if (entry.inbox !== inbox) continue
      this.#bytes -= entry.charge.bytes
      this.#budget.remove(entry.charge)
    }
    this.#entries = this.#entries.filter((entry) => entry.inbox !== inbox)
    this.#totals.delete(inbox)
    for (const key of this.#timesUsed.keys()) {
      if (key.startsWith(`${inbox}?`)) this.#timesUsed.delete(key)
    }
  }

  clearAll(): void {
    this.#removeOldest(this.#entries.length)
    this.#totals.clear()
    this.#timesUsed.clear()
  }

  #replyFor(inbox: string, query: string): InboxReply {
    if (query === '') return OK
    const params = new URLSearchParams(query)
    const requested = Number(params.get('status') ?? 200)
    const isStatus = requested >= 200 && requested <= 599 && Number.isInteger(requested)
    const status = isStatus ? requested : 200
    const delay = Math.min(MAX_DELAY, delayOf(params.get('delay')))
    const seconds = params.get('retry-after')
    const retryAfter = seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) : undefined
    const times = params.get('times')
    if (times === null) return { status, retryAfter, delay }
    const key = `${inbox}?${query}`
    const used = (this.#timesUsed.get(key) ?? 0) + 1
    if (this.#timesUsed.size >= MAX_COUNTERS) this.#timesUsed.clear()
    this.#timesUsed.set(key, used)
    return used <= Number(times) ? { status, retryAfter, delay } : OK
  }

  /** Drops the oldest request; the list is shortened later, since that moves all others. */
  dropOldest(): void {
    const entry = this.#entries[this.#droppedCount]
    if (!entry) return
    this.#droppedCount++
    this.#bytes -= entry.charge.bytes
    this.#budget.remove(entry.charge)
    entry.request = NO_REQUEST
  }

  #applyLimits(): void {
    while (this.#bytes > MAX_BYTES && this.#droppedCount < this.#entries.length - 1) {
      this.dropOldest()
    }
    if (this.#entries.length >= 2 * MAX_ENTRIES) {
      this.#removeOldest(Math.max(this.#droppedCount, this.#entries.length - MAX_ENTRIES))
    }
    // The map is not empty: its size is above the limit.
    if (this.#totals.size > MAX_COUNTERS) this.#totals.delete(this.#totals.keys().next().value!)
  }

  /** Removes many entries at once, since removing the first entry of an array moves all others. */
  #removeOldest(count: number): void {
    while (this.#droppedCount < count) this.dropOldest()
    this.#entries.splice(0, count)
    this.#droppedCount = 0
  }

  #shown(entry: Entry): ReceivedWebhook {
    if (typeof entry.request === 'function') entry.request = entry.request()
    const { number, at, status, request, tokens } = entry
    const encoding = request.headers.find(([name]) => name.toLowerCase() === 'content-encoding')
    const body = decompress(request.body, encoding?.[1])
    const signature = checkSignature(
      { ...request, body },
      { tokens, now: at, header: this.#header },
    )
    return { number, at, headers: request.headers, body, status, signature }
  }
}

/**
 * Checks the signature of a request as its receiver does.
 *
 * @param options.header signature header of the plain scheme
 * @returns undefined without a token
 */
export function checkSignature(
  { headers, body }: InboxRequest,
  options: { readonly tokens: readonly string[]; readonly now: number; readonly header: string },
): SignatureResult | undefined {
  const { tokens, now, header } = options
  const named = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
  const results = tokens.map((token) =>
    verifyWebhook(body, named, token, { now, header: header.toLowerCase() }),
  )
  return results.find(({ verified }) => verified) ?? results[0]
}

const NO_REQUEST: InboxRequest = { headers: [], body: new Uint8Array() }
/** The answer of an inbox whose URL does not ask for another one. */
export const OK: InboxReply = { status: 200, retryAfter: undefined, delay: 0 }

/** Decodes gzip; returns a body that is not valid gzip unchanged. */
function decompress(body: Uint8Array, encoding: string | undefined): Uint8Array {
  if (encoding?.toLowerCase() !== 'gzip') return body
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BYTES })
  } catch {
    return body
  }
}

/** Parses `250ms`, `2s` or plain milliseconds; returns 0 for anything else. */
function delayOf(text: string | null): number {
  const [, amount, unit = 'ms'] = /^(\d{1,7})(ms|s)?$/.exec(text ?? '') ?? []
  return Number(amount ?? 0) * (unit === 's' ? 1000 : 1)
}

/** Converts the reply of an inbox to the outcome that its sender records. */
export function replyOutcome({ status, retryAfter, delay }: InboxReply): AttemptOutcome {
  return {
    kind: 'answered',
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
    excerpt: '',
    ms: delay,
  }
}
