/** Work that is due at a time of the sandbox's clock. */
export interface Timer {
  /** Milliseconds since 1970. */
  readonly at: number
  /** `Clock.runUntil` waits for the promise before it runs later timers. */
  readonly run: () => void | Promise<void>
}

interface Entry extends Timer {
  /** Insertion order: the order of timers that are due at the same time. */
  readonly order: number
  cancelled: boolean
}

/** A priority queue of timers, earliest first: a binary heap, so thousands of timers stay cheap. */
export class Timers {
  readonly #heap: Entry[] = []
  #order = 0

  add(at: number, run: Timer['run']): Timer {
    const timer: Entry = { at, run, order: this.#order++, cancelled: false }
    this.#heap.push(timer)
    this.#siftUp(this.#heap.length - 1)
    return timer
  }

  /** Cancels a timer; one that was taken already is unaffected. */
  cancel(timer: Timer): void {
    ;(timer as Entry).cancelled = true // add made it
    if (this.#heap[0] === timer) this.peek()
  }

  /** The earliest timer, which stays in the queue. */
  peek(): Timer | undefined {
    while (this.#heap[0]?.cancelled) this.#removeFirst()
    return this.#heap[0]
  }

  /** Removes and returns the earliest timer if it is due by this time. */
  takeDue(time: number): Timer | undefined {
    const first = this.peek()
    if (!first || first.at > time) return undefined
    this.#removeFirst()
    return first
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#siftDown(0)
  }

  #siftUp(from: number): void {
    let i = from
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.#isBefore(i, parent)) return
      this.#swap(i, parent)
      i = parent
    }
  }

  #siftDown(from: number): void {
    let i = from
    for (;;) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, least)) least = child
      }
      if (least === i) return
      this.#swap(i, least)
      i = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const one = this.#heap[a]!
    const other = this.#heap[b]!
    return one.at < other.at || (one.at === other.at && one.order < other.order)
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = entry
  }
}
