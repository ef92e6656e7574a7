/** Whoever waits for something to become true is told when it does; nobody looks again and again. */
export class Waits {
  readonly #checks = new Set<() => void>()
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
      const late = setTimeout(() => settle(() => resolve(undefined)), timeout)
      late.unref()
      this.#checks.add(check)
      check()
    })
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
