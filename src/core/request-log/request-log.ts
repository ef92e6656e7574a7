import type { Call } from '../call.ts'
import type { ApiContext } from '../context.ts'
import { Entry, type Answered } from './entry.ts'
import { Reading } from './searchable-entry.ts'
import { RingBuffer, type RequestLimits } from './ring-buffer.ts'

/** Somebody who hears of every request as it is answered. */
export interface Listener {
  take(reading: Reading): void
  /** No more will come. */
  end(): void
}

/**
 * Of requests that got no further than the door, besides the others: whoever floods the door drives
 * out nothing but these.
 */
const MOST_LOST: RequestLimits = { size: 100, bytes: 1024 * 1024 }

/**
 * The requests of a sandbox: the newest that fit. To write one down costs little: its texts are
 * copied next to those of others, and all else of it is let go; redacting, reading and wording are
 * left to whoever asks.
 */
export class RequestLog {
  readonly #limits: RequestLimits
  readonly #met: RingBuffer
  readonly #lost: RingBuffer
  #seq = 0
  #numbered = 0
  #closed = false
  #door: RejectedRequests | undefined
  readonly #listeners = new Set<Listener>()
  /** Tells the entries of this process from those of another. */
  readonly epoch = Date.now().toString(36)

  constructor(limits: RequestLimits) {
    this.#limits = limits
    this.#met = new RingBuffer(limits)
    this.#lost = new RingBuffer({
      size: Math.min(limits.size, MOST_LOST.size),
      bytes: Math.min(limits.bytes, MOST_LOST.bytes),
    })
  }

  /**
   * The same book for requests that get no further than the door: they are numbered and bounded
   * apart, so that they change nothing among the others.
   */
  get lost(): RejectedRequests {
    this.#door ??= new RejectedRequests(this)
    return this.#door
  }

  /** The next request's id: `req-1`, `req-2`, … since the start or the last reset. */
  number(): string {
    return `req-${++this.#numbered}`
  }

  get size(): number {
    return this.#met.size + this.#lost.size
  }

  /** What is kept takes, in bytes. */
  get bytes(): number {
    return this.#met.bytes + this.#lost.bytes
  }

  /** How many listen. */
  get listening(): number {
    return this.#listeners.size
  }

  get limits(): RequestLimits {
    return this.#limits
  }

  /** The `seq` of the newest; 0 before the first. */
  get newest(): number {
    return this.#seq
  }

  /** Writes a request down, unless it is one of the sandbox's own API. */
  record(context: ApiContext, call: Call, answer: Answered): void {
    const { api, contract } = context
    const arrived = api.isOwnApi !== true || isBelow(call, contract.prefix)
    if (api.isOwnApi && (arrived || call.operation)) return
    this.#write(this.#met, context, call, arrived, answer)
  }

  /** Writes down one that got no further than the door, whatever it was for. */
  recordLost(context: ApiContext, call: Call, answer: Answered): void {
    this.#write(this.#lost, context, call, context.api.isOwnApi !== true, answer)
  }

  #write(
    ring: RingBuffer,
    context: ApiContext,
    call: Call,
    arrived: boolean,
    answer: Answered,
  ): void {
    if (this.#limits.size === 0 && this.#listeners.size === 0) return
    const entry = new Entry(++this.#seq, context, call, arrived, answer, ring.room)
    ring.keep(entry)
    if (this.#listeners.size > 0) this.#tell(entry)
  }

  /** From the oldest to the newest, or those after a `seq`. */
  *after(seq = 0): Generator<Entry> {
    const others = this.#lost.after(seq)
    let other = others.next().value
    for (const entry of this.#met.after(seq)) {
      for (; other && other.seq < entry.seq; other = others.next().value) yield other
      yield entry
    }
    for (; other; other = others.next().value) yield other
  }

  /** @param id `req-7` */
  get(id: string): Entry | undefined {
    for (const entry of this.after()) if (entry.id === id) return entry
    return undefined
  }

  /** Forgets all of them, and says how many those were. */
  clear(): number {
    const { size } = this
    this.#met.clear()
    this.#lost.clear()
    return size
  }

  /** As in a fresh sandbox. */
  reset(): void {
    this.clear()
    this.#numbered = 0
  }

  /** Until what it returns is called, or until `end`. */
  listen(listener: Listener): () => void {
    if (this.#closed) queueMicrotask(() => listener.end())
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Lets go whoever listens; the sandbox or the server is about to end. */
  close(): void {
    this.#closed = true
    const all = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of all) listener.end()
  }

  /** Once the answer is on its way; to those that listened when it was written down. */
  #tell(entry: Entry): void {
    const listeners = [...this.#listeners]
    const reading = new Reading(entry)
    queueMicrotask(() => {
      for (const listener of listeners) {
        if (!this.#listeners.has(listener)) continue
        try {
          listener.take(reading)
        } catch (error) {
          // Nobody else would catch it: the request has its answer.
          entry.context.log.bug('who listens to requests failed', error)
        }
      }
    })
  }
}

/** A book's requests that get no further than the door: `rejected-1`, `rejected-2`, … */
export class RejectedRequests extends RequestLog {
  readonly #book: RequestLog
  #lost = 0

  constructor(book: RequestLog) {
    super({ size: 0, bytes: 0 })
    this.#book = book
  }

  override number(): string {
    return `rejected-${++this.#lost}`
  }

  override record(context: ApiContext, call: Call, answer: Answered): void {
    this.#book.recordLost(context, call, answer)
  }
}

/** Whether it is a path of the API, or one that only ends there because no API has it. */
function isBelow({ url, base }: Call, prefix: string): boolean {
  const path = url.startsWith(base) ? url.slice(base.length) : url
  // Express takes a prefix in any case of letters.
  const begins = path.slice(0, prefix.length).toLowerCase() === prefix
  return begins && /^(?:[/?]|$)/.test(path.slice(prefix.length))
}
