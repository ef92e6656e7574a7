import { HistoryBudget, type Charge, type History } from '../history-budget.ts'
import type { Redactions } from './redactions.ts'
import { entrySize, type Entry, type Slab } from './entry.ts'

/** Limits of a request log. */
export interface RequestLimits {
  /** Number of requests; 0 keeps none. */
  readonly size: number
  /** Bytes: exact for the texts, measured for the rest of an entry. */
  readonly bytes: number
}

/** Sizes of the first slab and of the largest, in bytes. */
const MIN_SLAB = 8 * 1024
const MAX_SLAB = 256 * 1024

/** Keeps the newest entries within the limits; the n-th entry is at the index n modulo the size. */
export class RingBuffer implements History {
  readonly #limits: RequestLimits
  readonly #entries: (Entry | undefined)[] = []
  /** The charge of each entry, at its index. */
  readonly #charges: (Charge | undefined)[] = []
  readonly #budget: HistoryBudget
  /** Numbers of the oldest entry that is kept and of the next one to add. */
  #oldest = 0
  #next = 0
  #bytes = 0
  /** The slab for the next texts. A full one is freed with the last entry that refers to it. */
  #slab: Slab | undefined

  readonly #redactions: Redactions

  constructor(limits: RequestLimits, redactions: Redactions, budget = new HistoryBudget()) {
    this.#limits = limits
    this.#redactions = redactions
    this.#budget = budget
  }

  get size(): number {
    return this.#next - this.#oldest
  }

  /** Memory that the entries take, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  push(entry: Entry): void {
    const { size, bytes } = this.#limits
    if (size === 0) return
    if (this.size === size) this.dropOldest()
    const index = this.#next++ % size
    this.#entries[index] = entry
    this.#charges[index] = this.#budget.add(this, entrySize(entry))
    this.#bytes += entrySize(entry)
    while (this.#bytes > bytes) this.dropOldest()
    this.#budget.enforce()
  }

  /** Entries with a higher `seq`, oldest first. Those dropped during the iteration are skipped. */
  *after(seq: number): Generator<Entry, undefined> {
    for (let i = this.#firstAfter(seq); i < this.#next; i = Math.max(i + 1, this.#oldest)) {
      const entry = this.#entries[i % this.#limits.size]
      if (entry) yield entry
    }
  }

  /** Number of the first entry with a higher `seq`, by binary search. */
  #firstAfter(seq: number): number {
    let low = this.#oldest
    let high = this.#next
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const entry = this.#entries[middle % this.#limits.size]
      if (entry && entry.seq > seq) high = middle
      else low = middle + 1
    }
    return low
  }

  clear(): void {
    for (const entry of this.#entries) if (entry) this.#redactions.drop(entry)
    for (const charge of this.#charges) this.#budget.remove(charge)
    this.#charges.length = 0
    this.#entries.length = 0
    this.#slab = undefined
    this.#oldest = this.#next = this.#bytes = 0
  }

  /** Returns a slab with room for this many bytes. */
  readonly slabFor = (needed: number): Slab => {
    const slab = this.#slab
    if (slab && slab.bytes.length - slab.used >= needed) return slab
    const size = Math.min((slab?.bytes.length ?? MIN_SLAB / 2) * 2, MAX_SLAB)
    this.#slab = { bytes: Buffer.allocUnsafeSlow(Math.max(size, needed)), used: 0 }
    return this.#slab
  }

  dropOldest(): void {
    const index = this.#oldest++ % this.#limits.size
    const entry = this.#entries[index]
    if (entry) {
      this.#bytes -= entrySize(entry)
      this.#redactions.drop(entry)
    }
    this.#entries[index] = undefined
    this.#budget.remove(this.#charges[index])
    this.#charges[index] = undefined
  }
}
