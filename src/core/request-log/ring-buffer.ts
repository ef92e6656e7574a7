import type { Entry, Slab } from './entry.ts'

/** How much is remembered. */
export interface RequestLimits {
  /** Requests; 0 remembers none. */
  readonly size: number
  /** Bytes: of the texts exactly, of what goes with them by measurement. */
  readonly bytes: number
}

/** The first piece of memory that texts are written into, and the largest, in bytes. */
const SMALLEST_SLAB = 8 * 1024
const LARGEST_SLAB = 256 * 1024

/** The newest entries that fit; the place of an entry is its count modulo the size. */
export class RingBuffer {
  readonly #limits: RequestLimits
  readonly #entries: (Entry | undefined)[] = []
  /** The oldest that is kept, and the next to come, counted from the first. */
  #oldest = 0
  #next = 0
  #bytes = 0
  /** Where the next texts go. What is full is gone with the last entry that is in it. */
  #slab: Slab | undefined

  constructor(limits: RequestLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#next - this.#oldest
  }

  /** What is kept takes, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  keep(entry: Entry): void {
    const { size, bytes } = this.#limits
    if (size === 0) return
    if (this.size === size) this.#forgetOldest()
    this.#entries[this.#next++ % size] = entry
    this.#bytes += entry.weight
    while (this.#bytes > bytes) this.#forgetOldest()
  }

  /** From the oldest to the newest, or those after a `seq`. */
  *after(seq: number): Generator<Entry, undefined> {
    // What is let go while somebody reads is passed over.
    for (let i = this.#oldest; i < this.#next; i = Math.max(i + 1, this.#oldest)) {
      const entry = this.#entries[i % this.#limits.size]
      if (entry && entry.seq > seq) yield entry
    }
  }

  clear(): void {
    this.#entries.length = 0
    this.#slab = undefined
    this.#oldest = this.#next = this.#bytes = 0
  }

  /** A slab with room for so many bytes. */
  readonly room = (least: number): Slab => {
    const slab = this.#slab
    if (slab && slab.bytes.length - slab.used >= least) return slab
    const size = Math.min((slab?.bytes.length ?? SMALLEST_SLAB / 2) * 2, LARGEST_SLAB)
    this.#slab = { bytes: Buffer.allocUnsafeSlow(Math.max(size, least)), used: 0 }
    return this.#slab
  }

  #forgetOldest(): void {
    const place = this.#oldest++ % this.#limits.size
    this.#bytes -= this.#entries[place]?.weight ?? 0
    this.#entries[place] = undefined
  }
}
