/** Work that is due at a moment of the sandbox's time. */
export interface Timer {
  /** Milliseconds since 1970. */
  readonly at: number
  /** What it returns is waited for where time is played. */
  readonly work: () => void | Promise<void>
}

interface Held extends Timer {
  /** Those of one moment go in the order in which they came. */
  readonly order: number
  cancelled: boolean
}

/** What is due, the earliest first: a binary heap, so that thousands cost no more than a few. */
export class Timers {
  readonly #heap: Held[] = []
  #order = 0

  add(at: number, work: Timer['work']): Timer {
    const timer: Held = { at, work, order: this.#order++, cancelled: false }
    this.#heap.push(timer)
    this.#rise(this.#heap.length - 1)
    return timer
  }

  /** One that was taken already is no longer here, and nothing happens. */
  cancel(timer: Timer): void {
    ;(timer as Held).cancelled = true // add made it
    if (this.#heap[0] === timer) this.first()
  }

  /** The next one, which stays. */
  first(): Timer | undefined {
    while (this.#heap[0]?.cancelled) this.#remove()
    return this.#heap[0]
  }

  /** The next one that is due by then, taken out. */
  take(until: number): Timer | undefined {
    const first = this.first()
    if (!first || first.at > until) return undefined
    this.#remove()
    return first
  }

  #remove(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(from: number): void {
    let i = from
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.#before(i, parent)) return
      this.#swap(i, parent)
      i = parent
    }
  }

  #sink(from: number): void {
    let i = from
    for (;;) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < this.#heap.length && this.#before(child, least)) least = child
      }
      if (least === i) return
      this.#swap(i, least)
      i = least
    }
  }

  #before(a: number, b: number): boolean {
    const one = this.#heap[a]!
    const other = this.#heap[b]!
    return one.at < other.at || (one.at === other.at && one.order < other.order)
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = held
  }
}
