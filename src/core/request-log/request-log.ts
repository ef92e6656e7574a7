import type { Call } from '../call.ts'
import type { ApiContext } from '../context.ts'
import { entryFrom, MAX_KEPT_BODY, type AnsweredRequest, type Entry } from './entry.ts'
import type { HistoryBudget } from '../history-budget.ts'
import { isBelow } from '../http/sandbox-path.ts'
import { Redactions } from './redactions.ts'
import { SECRET_NAMES } from './secret-names.ts'
import { RingBuffer, type RequestLimits } from './ring-buffer.ts'
import { SearchableEntry } from './searchable-entry.ts'

/** Numbers requests and records them once they are answered. */
export interface RequestRecorder {
  /** The id of the next request. */
  number(): string
  record(context: ApiContext, call: Call, answer: AnsweredRequest): void
}

/** A listener that receives every request as it is answered. */
export interface RequestListener {
  onRequest(request: SearchableEntry): void
  /** Called once, when the log closes. */
  onClose(): void
}

/**
 * Limits of the rejected requests. They are kept apart, so that a flood of them does not displace
 * other requests.
 */
const REJECTED_LIMITS: RequestLimits = { size: 100, bytes: 1024 * 1024 }

/**
 * The newest requests of a sandbox, within its limits. Recording is cheap: it copies the texts into
 * a slab and drops the rest of the call. Redacting, parsing and wording happen when a request is
 * read.
 */
export class RequestLog implements RequestRecorder {
  readonly limits: RequestLimits
  /** Redacts the entries when they are read. */
  readonly redactions: Redactions
  readonly #accepted: RingBuffer
  readonly #rejected: RingBuffer
  #seq = 0
  #acceptedCount = 0
  #rejectedCount = 0
  #section = 0
  #closed = false
  readonly #listeners = new Set<RequestListener>()
  /** Distinguishes the entries of this process from those of another. */
  readonly epoch = Date.now().toString(36)

  /**
   * @param names of secrets
   * @param budget the memory that it shares with other histories
   */
  constructor(limits: RequestLimits, names = SECRET_NAMES, budget?: HistoryBudget) {
    this.limits = limits
    this.redactions = new Redactions(limits.size === 0 ? 0 : limits.bytes, names)
    this.#accepted = new RingBuffer(limits, this.redactions, budget)
    const rejected = {
      size: Math.min(limits.size, REJECTED_LIMITS.size),
      bytes: Math.min(limits.bytes, REJECTED_LIMITS.bytes),
    }
    this.#rejected = new RingBuffer(rejected, this.redactions, budget)
  }

  /**
   * Records requests that were rejected before they reached a sandbox, as `rejected-1`,
   * `rejected-2`, …: numbered and limited separately from all other requests.
   */
  readonly rejected: RequestRecorder = {
    number: () => `rejected-${++this.#rejectedCount}`,
    record: (context, call, answer) => {
      this.#push(this.#rejected, context, call, context.api.isOwnApi !== true, answer)
    },
  }

  /** Sequence number of the newest request; 0 before the first. */
  get seq(): number {
    return this.#seq
  }

  /** The next request's id: `req-1`, `req-2`, … since the start or the last reset. */
  number(): string {
    return `req-${++this.#acceptedCount}`
  }

  /** Number of calls of the admin API so far that changed something: see `Entry.section`. */
  get section(): number {
    return this.#section
  }

  get size(): number {
    return this.#accepted.size + this.#rejected.size
  }

  /** Memory that the entries take, in bytes. */
  get bytes(): number {
    return this.#accepted.bytes + this.#rejected.bytes
  }

  /** Number of listeners. */
  get listening(): number {
    return this.#listeners.size
  }

  /** Records a request, unless it is one of the sandbox's own API. */
  record(context: ApiContext, call: Call, answer: AnsweredRequest): void {
    const { api, contract } = context
    const reachedApi = api.isOwnApi !== true || isBelow(call.url, contract.prefix)
    if (api.isOwnApi && (reachedApi || call.operation)) {
      // A webhook that arrives at an inbox is not a step of a test.
      if (call.method !== 'GET' && call.operation?.rawBody !== true) this.#section++
      return
    }
    this.#push(this.#accepted, context, call, reachedApi, answer)
  }

  #push(
    ring: RingBuffer,
    context: ApiContext,
    call: Call,
    reachedApi: boolean,
    answer: AnsweredRequest,
  ): void {
    if (this.limits.size === 0 && this.#listeners.size === 0) return
    const entry = entryFrom(
      ++this.#seq,
      context,
      call,
      reachedApi,
      answer,
      ring.slabFor,
      this.#section,
    )
    if (call.bodyText !== undefined && entry.bodySize > MAX_KEPT_BODY) {
      this.redactions.search(entry, call.bodyText)
    }
    ring.push(entry)
    if (this.#listeners.size > 0) this.#notify(entry)
  }

  /** Entries with a higher `seq`, oldest first. */
  *after(seq = 0): Generator<Entry> {
    const rejected = this.#rejected.after(seq)
    let next = rejected.next().value
    for (const entry of this.#accepted.after(seq)) {
      for (; next && next.seq < entry.seq; next = rejected.next().value) yield next
      yield entry
    }
    for (; next; next = rejected.next().value) yield next
  }

  /** @param id `req-7` */
  get(id: string): Entry | undefined {
    for (const entry of this.after()) if (entry.id === id) return entry
    return undefined
  }

  /** Deletes all entries and returns how many there were. */
  clear(): number {
    const { size } = this
    this.#accepted.clear()
    this.#rejected.clear()
    return size
  }

  /** Deletes all entries and restarts the numbering. */
  reset(): void {
    this.clear()
    this.#acceptedCount = 0
  }

  /** Adds a listener; returns a function that removes it. */
  listen(listener: RequestListener): () => void {
    if (this.#closed) queueMicrotask(() => listener.onClose())
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Removes all listeners; called before the sandbox or the server ends. */
  close(): void {
    this.#closed = true
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener.onClose()
  }

  /**
   * Notifies the listeners that are registered now. This happens in a microtask, so that the answer
   * is sent first.
   */
  #notify(entry: Entry): void {
    const listeners = [...this.#listeners]
    const request = new SearchableEntry(entry)
    queueMicrotask(() => {
      for (const listener of listeners) {
        if (!this.#listeners.has(listener)) continue
        try {
          listener.onRequest(request)
        } catch (error) {
          // Nothing else catches it: the request is answered already.
          entry.context.log.bug('a listener of the request log failed', error)
        }
      }
    })
  }
}
