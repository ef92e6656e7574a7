/** Items that changed since the last notification, by id; undefined: all items may have changed. */
export type Changes<T> = ReadonlyMap<string, T> | undefined

/**
 * Waits for conditions. A condition receives the changed items, so it neither polls nor examines
 * all items again.
 */
export class Waiters<T extends { readonly id: string }> {
  readonly #checks = new Set<(changes: Changes<T>) => void>()
  /** Functions that end one wait each, without a result. */
  readonly #cancels = new Set<() => void>()
  #changes = new Map<string, T>()
  #allChanged = false
  #isScheduled = false

  /**
   * Resolves with the first result of `find` that is not undefined, or with undefined when the time
   * is up. Rejects if `find` throws.
   *
   * @param timeout milliseconds of real time
   */
  waitFor<R>(
    find: (changes: Changes<T>) => R | undefined,
    timeout: number,
  ): Promise<R | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        this.#checks.delete(check)
        this.#cancels.delete(cancel)
        clearTimeout(timer)
        end()
      }
      const check = (changes: Changes<T>) => {
        try {
          const value = find(changes)
          if (value !== undefined) settle(() => resolve(value))
        } catch (error) {
          settle(() => reject(error))
        }
      }
      const cancel = () => settle(() => resolve(undefined))
      const timer = setTimeout(cancel, timeout)
      timer.unref()
      this.#cancels.add(cancel)
      this.#checks.add(check)
      check(undefined)
    })
  }

  /** Calls a function after each notification; returns a function that ends the calls. */
  follow(onChange: () => void): () => void {
    const check = () => onChange()
    this.#checks.add(check)
    return () => void this.#checks.delete(check)
  }

  /** Ends all waits, as if their time were up. */
  stopWaiting(): void {
    for (const cancel of this.#cancels) cancel()
  }

  /**
   * Notifies all waiters of a change, once for all changes of one turn of the event loop.
   *
   * @param item new state of the item; omitted if something else changed
   */
  changed(item?: T): void {
    if (this.#checks.size === 0) return
    if (item) this.#changes.set(item.id, item)
    this.#scheduleNotification()
  }

  /** Notifies all waiters that any item may have changed or disappeared. */
  allChanged(): void {
    if (this.#checks.size === 0) return
    this.#allChanged = true
    this.#scheduleNotification()
  }

  #scheduleNotification(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      const changes = this.#allChanged ? undefined : this.#changes
      this.#isScheduled = this.#allChanged = false
      this.#changes = new Map()
      for (const check of this.#checks) check(changes)
    })
  }
}

/** Counts the items that match a condition, updated with each change. */
export class Tally<T extends { readonly id: string }> {
  readonly #matches: (item: T) => boolean
  readonly #ids = new Set<string>()

  constructor(matches: (item: T) => boolean) {
    this.#matches = matches
  }

  /** Number of matching items. Items removed since the last full update are still counted. */
  get size(): number {
    return this.#ids.size
  }

  /** Counts the changed items, or all items if any may have changed. */
  update(changes: Changes<T>, all: () => Iterable<T>): void {
    if (!changes) this.#ids.clear()
    for (const item of changes?.values() ?? all()) {
      if (this.#matches(item)) this.#ids.add(item.id)
      else this.#ids.delete(item.id)
    }
  }
}
