/** What changed since somebody looked last, by id; undefined: everything may be another now. */
export type News<T> = ReadonlyMap<string, T> | undefined

/**
 * Whoever waits for something to become true is told of what changes; nobody looks again and again,
 * nor at what is as it was.
 */
export class Waiters<T extends { readonly id: string }> {
  readonly #checks = new Set<(news: News<T>) => void>()
  /** What ends the wait of each. */
  readonly #leavers = new Set<() => void>()
  #news = new Map<string, T>()
  #isAllNew = false
  #queued = false

  /**
   * What `found` finds as soon as it finds something; undefined when it found nothing in time.
   *
   * @param timeout milliseconds by the machine's clock
   */
  until<R>(found: (news: News<T>) => R | undefined, timeout: number): Promise<R | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (work: () => void) => {
        this.#checks.delete(check)
        this.#leavers.delete(leave)
        clearTimeout(late)
        work()
      }
      const check = (news: News<T>) => {
        try {
          const value = found(news)
          if (value !== undefined) settle(() => resolve(value))
        } catch (error) {
          settle(() => reject(error))
        }
      }
      const leave = () => settle(() => resolve(undefined))
      const late = setTimeout(leave, timeout)
      late.unref()
      this.#leavers.add(leave)
      this.#checks.add(check)
      check(undefined)
    })
  }

  /** Lets go whoever waits, as if the time were up. */
  stopWaiting(): void {
    for (const give of this.#leavers) give()
  }

  /**
   * Something changed; who waits looks once, however much changes in one turn.
   *
   * @param one what it is now; without it, nothing that `News` tells of
   */
  changed(one?: T): void {
    if (this.#checks.size === 0) return
    if (one) this.#news.set(one.id, one)
    this.#tellSoon()
  }

  /** Everything may be another now, and some of it gone. */
  replaced(): void {
    if (this.#checks.size === 0) return
    this.#isAllNew = true
    this.#tellSoon()
  }

  #tellSoon(): void {
    if (this.#queued) return
    this.#queued = true
    queueMicrotask(() => {
      const news = this.#isAllNew ? undefined : this.#news
      this.#queued = this.#isAllNew = false
      this.#news = new Map()
      for (const check of this.#checks) check(news)
    })
  }
}

/** How many are as somebody wants them, counted change by change. */
export class Tally<T extends { readonly id: string }> {
  readonly #wanted: (one: T) => boolean
  readonly #ids = new Set<string>()

  constructor(wanted: (one: T) => boolean) {
    this.#wanted = wanted
  }

  /** Those that were told of and are not gone from it: what is kept no more is counted on. */
  get size(): number {
    return this.#ids.size
  }

  /** Counts what changed, or all that there is. */
  update(news: News<T>, all: () => readonly T[]): void {
    if (!news) this.#ids.clear()
    for (const one of news?.values() ?? all()) {
      if (this.#wanted(one)) this.#ids.add(one.id)
      else this.#ids.delete(one.id)
    }
  }
}
