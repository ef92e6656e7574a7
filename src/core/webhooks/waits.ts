/** Whoever waits for something to become true is told when it does; nobody looks again and again. */
export class Waits {
  readonly #checks = new Set<() => void>()
  /** What ends the wait of each. */
  readonly #leavers = new Set<() => void>()
  #queued = false

  /**
   * What `found` finds as soon as it finds something; undefined when it found nothing in time.
   *
   * @param timeout milliseconds by the machine's clock
   */
  until<T>(found: () => T | undefined, timeout: number): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (work: () => void) => {
        this.#checks.delete(check)
        this.#leavers.delete(leave)
        clearTimeout(late)
        work()
      }
      const check = () => {
        try {
          const value = found()
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
      check()
    })
  }

  /** Lets go whoever waits, as if the time were up. */
  letGo(): void {
    for (const give of this.#leavers) give()
  }

  /** Something changed; who waits looks once, however much changes in one turn. */
  changed(): void {
    if (this.#queued || this.#checks.size === 0) return
    this.#queued = true
    queueMicrotask(() => {
      this.#queued = false
      for (const check of this.#checks) check()
    })
  }
}
