/** A list of past requests or deliveries, whose oldest entries can be dropped. */
export interface History {
  /** Drops the oldest entry that counts towards the budget, and removes its charge. */
  dropOldest(): void
}

/** The memory of one entry of a history, as it counts towards the budget. */
export interface Charge {
  readonly history: History
  readonly bytes: number
  isRemoved: boolean
}

/**
 * The queue is rebuilt when its obsolete places outnumber the present charges by more than this.
 */
const MAX_REMOVED = 1000

/**
 * Bounds the memory of the histories of all sandboxes together: request logs, inboxes and completed
 * deliveries. Above the limit, the oldest entries of all sandboxes are dropped first. The cost of
 * an entry does not depend on the number of entries or sandboxes.
 */
export class HistoryBudget {
  readonly limit: number
  /** Charges in the order of their addition; removed ones are skipped. */
  #queue: Charge[] = []
  #first = 0
  #count = 0
  #bytes = 0
  #dropped = 0

  /** @param limit in bytes */
  constructor(limit = Infinity) {
    this.limit = limit
  }

  /** Memory of all entries, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Number of entries that were dropped because of the limit. */
  get dropped(): number {
    return this.#dropped
  }

  /** Adds the newest entry of a history, which stores the returned charge with the entry. */
  add(history: History, bytes: number): Charge {
    const charge: Charge = { history, bytes, isRemoved: false }
    this.#queue.push(charge)
    this.#count++
    this.#bytes += bytes
    return charge
  }

  /** Removes the charge of an entry that its history no longer has. */
  remove(charge: Charge | undefined): void {
    if (!charge || charge.isRemoved) return
    charge.isRemoved = true
    this.#count--
    this.#bytes -= charge.bytes
    if (this.#queue.length > 2 * this.#count + MAX_REMOVED) {
      this.#queue = this.#queue.filter(({ isRemoved }) => !isRemoved)
      this.#first = 0
    }
  }

  /** Drops the oldest entries of all histories while the limit is exceeded. */
  enforce(): void {
    while (this.#bytes > this.limit) {
      const charge = this.#queue[this.#first++]
      if (!charge) return
      if (charge.isRemoved) continue
      this.#dropped++
      charge.history.dropOldest()
      this.remove(charge)
    }
  }
}
