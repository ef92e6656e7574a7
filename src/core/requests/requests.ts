import type { Call } from '../api.ts'
import type { Place } from '../place.ts'
import { Entry, type Answered, type Slab } from './entry.ts'
import { Reading } from './reading.ts'

/** How much a sandbox remembers. */
export interface RequestLimits {
  /** Requests; 0 remembers none. */
  readonly size: number
  /** Bytes: of the texts exactly, of what goes with them by measurement. */
  readonly bytes: number
}

/** Somebody who hears of every request as it is answered. */
export interface Listener {
  take(reading: Reading): void
  /** No more will come. */
  end(): void
}

/** The first piece of memory that texts are written into, and the largest, in bytes. */
const SMALLEST_SLAB = 8 * 1024
const LARGEST_SLAB = 256 * 1024

/**
 * The requests of a sandbox: the newest that fit. To write one down costs little: its texts are
 * copied next to those of others, and all else of it is let go; redacting, reading and wording are
 * left to whoever asks.
 */
export class Requests {
  readonly #limits: RequestLimits
  /** A ring: the place of an entry is its count modulo the size. */
  readonly #ring: (Entry | undefined)[] = []
  /** The oldest that is kept, and the next to come, in counts of the ring. */
  #oldest = 0
  #next = 0
  #bytes = 0
  /** Where the next texts go. What is full is gone with the last entry that is in it. */
  #slab: Slab | undefined
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
    if (api.answersAll && (arrived || call.operation)) return
    const entry = new Entry(++this.#seq, place, call, arrived, answer, this.#room)
    if (size > 0) this.#keep(entry, size, bytes)
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
    for (const entry of this.after()) if (entry.id === id) return entry
    return undefined
  }

  /** Forgets all of them, and says how many those were. */
  clear(): number {
    const { size } = this
    this.#ring.length = 0
    this.#slab = undefined
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

  /** A slab with room for so many bytes. */
  readonly #room = (least: number): Slab => {
    const slab = this.#slab
    if (slab && slab.bytes.length - slab.used >= least) return slab
    const size = Math.min((slab?.bytes.length ?? SMALLEST_SLAB / 2) * 2, LARGEST_SLAB)
    this.#slab = { bytes: Buffer.allocUnsafeSlow(Math.max(size, least)), used: 0 }
    return this.#slab
  }

  #keep(entry: Entry, size: number, bytes: number): void {
    if (this.size === size) this.#forgetOldest()
    this.#ring[this.#next++ % size] = entry
    this.#bytes += entry.weight
    while (this.#bytes > bytes) this.#forgetOldest()
  }

  #forgetOldest(): void {
    const place = this.#oldest++ % this.#limits.size
    this.#bytes -= this.#ring[place]?.weight ?? 0
    this.#ring[place] = undefined
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
  // Express takes a prefix in any case of letters.
  const begins = path.slice(0, prefix.length).toLowerCase() === prefix
  return begins && /^(?:[/?]|$)/.test(path.slice(prefix.length))
}
