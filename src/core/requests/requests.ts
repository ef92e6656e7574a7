import type { Call } from '../api.ts'
import type { Place } from '../pipeline.ts'

/** How much a sandbox remembers. */
export interface RequestLimits {
  /** Requests; 0 remembers none. */
  readonly size: number
  /** Bytes, as far as they can be told: texts exactly, what goes with them by a guess. */
  readonly bytes: number
}

/** The answer as it went out. */
export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | number>>
  readonly body: string | Uint8Array
  /** Bytes of the body, cut or not. */
  readonly size: number
  /** The id of the row that was made. */
  readonly created?: string | undefined
  /** Names of what happened, as webhooks tell it. */
  readonly events?: readonly string[] | undefined
  /** Of the request: names and values by turns, as they were received. */
  readonly rawHeaders: readonly string[]
}

/** One request that was answered. It holds secrets: `recordOf` makes what may be shown of it. */
export interface Entry {
  /** Counts the entries of this process, resets or not. */
  readonly seq: number
  /** Its text is cut, and what was read out of the text is let go. */
  readonly call: Call
  /** Where it was answered; for what no API was reached by, the sandbox's own. */
  readonly place: Place
  /** Whether it reached the API of that place. */
  readonly arrived: boolean
  /** Milliseconds since 1970, by the sandbox's clock: when it was answered. */
  readonly at: number
  /** Milliseconds that it took. */
  readonly ms: number
  /** Bytes of the request's body. */
  readonly size: number
  readonly answer: Answered
}

/** Somebody who hears of every request as it is answered. */
export interface Listener {
  take(entry: Entry): void
  /** No more will come. */
  end(): void
}

/** Bytes of a body that are kept. */
export const MOST_KEPT = 64 * 1024
/** What an entry takes besides its texts, as it was measured. */
const OVERHEAD = 2048

/**
 * The requests of a sandbox: the newest that fit. To write one down costs little, since it keeps
 * what is there anyway; redacting, reading and wording are left to whoever asks.
 */
export class Requests {
  readonly #limits: RequestLimits
  /** A ring: the place of an entry is its count modulo the size. */
  readonly #ring: (Entry | undefined)[] = []
  readonly #weights: number[] = []
  /** The oldest that is kept, and the next to come, in counts of the ring. */
  #oldest = 0
  #next = 0
  #bytes = 0
  #seq = 0
  #numbered = 0
  #closed = false
  readonly #listeners = new Set<Listener>()
  /** Tells the entries of this process from those of another. */
  readonly epoch = Date.now().toString(36)

  constructor(limits: RequestLimits) {
    this.#limits = limits
  }

  /** The next request's id: `req-1`, `req-2`, … since the start or the last reset. */
  number(): string {
    return `req-${++this.#numbered}`
  }

  get size(): number {
    return this.#next - this.#oldest
  }

  /** What is kept takes, in bytes. */
  get bytes(): number {
    return this.#bytes
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
  record(place: Place, call: Call, answer: Answered): void {
    const { size, bytes } = this.#limits
    if (size === 0 && this.#listeners.size === 0) return
    const { api, contract } = place
    const arrived = api.answersAll !== true || isBelow(call, contract.prefix)
    if (api.answersAll && arrived) return
    const length = call.text === undefined ? 0 : Buffer.byteLength(call.text)
    if (call.text !== undefined && length > MOST_KEPT) call.text = cut(call.text)
    call.body = undefined
    const kept = answer.size > MOST_KEPT ? { ...answer, body: cut(answer.body) } : answer
    const entry: Entry = {
      seq: ++this.#seq,
      call,
      place,
      arrived,
      at: place.tools.clock.now(),
      ms: performance.now() - call.startedAt,
      size: length,
      answer: kept,
    }
    if (size > 0) this.#keep(entry, weightOf(entry), size, bytes)
    if (this.#listeners.size > 0) this.#tell(entry)
  }

  /** From the oldest to the newest, or those after a `seq`. */
  *after(seq = 0): Generator<Entry> {
    // What is let go while somebody reads is passed over.
    for (let i = this.#oldest; i < this.#next; i = Math.max(i + 1, this.#oldest)) {
      const entry = this.#ring[i % this.#limits.size]
      if (entry && entry.seq > seq) yield entry
    }
  }

  /** @param id `req-7` */
  get(id: string): Entry | undefined {
    for (const entry of this.after()) if (entry.call.id === id) return entry
    return undefined
  }

  /** Forgets all of them, and says how many those were. */
  clear(): number {
    const { size } = this
    this.#ring.length = 0
    this.#weights.length = 0
    this.#oldest = this.#next = this.#bytes = 0
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

  #keep(entry: Entry, weight: number, size: number, bytes: number): void {
    if (this.size === size) this.#forgetOldest()
    const place = this.#next++ % size
    this.#ring[place] = entry
    this.#weights[place] = weight
    this.#bytes += weight
    while (this.#bytes > bytes) this.#forgetOldest()
  }

  #forgetOldest(): void {
    const place = this.#oldest++ % this.#limits.size
    this.#bytes -= this.#weights[place]!
    this.#ring[place] = undefined
  }

  /** Once the answer is on its way; to those that listened when it was written down. */
  #tell(entry: Entry): void {
    const listeners = [...this.#listeners]
    queueMicrotask(() => {
      for (const listener of listeners) {
        if (!this.#listeners.has(listener)) continue
        try {
          listener.take(entry)
        } catch (error) {
          // Nobody else would catch it: the request has its answer.
          entry.place.log.bug('who listens to requests failed', error)
        }
      }
    })
  }
}

/**
 * For requests that are meant for no sandbox there is: they are written down among those of
 * another, and counted apart, so that they change nothing there: `lost-1`, `lost-2`, …
 */
export class LostRequests extends Requests {
  readonly #book: Requests
  #lost = 0

  constructor(book: Requests) {
    super({ size: 0, bytes: 0 })
    this.#book = book
  }

  override number(): string {
    return `lost-${++this.#lost}`
  }

  override record(place: Place, call: Call, answer: Answered): void {
    this.#book.record(place, call, answer)
  }
}

/** Whether it is a path of the API, or one that only ends there because no API has it. */
function isBelow({ url, base }: Call, prefix: string): boolean {
  const path = url.startsWith(base) ? url.slice(base.length) : url
  return path.startsWith(prefix) && /^(?:[/?]|$)/.test(path.slice(prefix.length))
}

/** What is kept of a body: a copy, since a part of a text would keep the whole of it alive. */
function cut(body: string): string
function cut(body: string | Uint8Array): string | Uint8Array
function cut(body: string | Uint8Array): string | Uint8Array {
  if (typeof body !== 'string') return body.slice(0, MOST_KEPT)
  const bytes = Buffer.from(body.slice(0, MOST_KEPT))
  // A character that the limit goes through is left out.
  return new TextDecoder().decode(bytes.subarray(0, MOST_KEPT)).replace(/\uFFFD$/, '')
}

function weightOf({ call, size, answer }: Entry): number {
  const bodies = Math.min(size, MOST_KEPT) + Math.min(answer.size, MOST_KEPT)
  let weight = OVERHEAD + bodies + call.url.length
  // Names and values, and once more the names by which they are looked up.
  for (const text of answer.rawHeaders) weight += text.length
  return weight
}
