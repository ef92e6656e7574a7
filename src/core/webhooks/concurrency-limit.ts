/** At most so many at once for each key; the others wait in line, and nobody waits for another key. */
export class ConcurrencyLimit {
  readonly #most: number
  readonly #taken = new Map<string, number>()
  readonly #lines = new Map<string, (() => void)[]>()

  constructor(most: number) {
    this.#most = most
  }

  async use<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    const taken = this.#taken.get(key) ?? 0
    if (taken >= this.#most) await this.#line(key)
    else this.#taken.set(key, taken + 1)
    try {
      return await work()
    } finally {
      this.#release(key)
    }
  }

  #line(key: string): Promise<void> {
    return new Promise((resolve) => {
      const line = this.#lines.get(key)
      if (line) line.push(resolve)
      else this.#lines.set(key, [resolve])
    })
  }

  /** The slot goes to the next in line, if there is one. */
  #release(key: string): void {
    const line = this.#lines.get(key)
    const next = line?.shift()
    if (next) {
      next()
      return
    }
    this.#lines.delete(key)
    const taken = this.#taken.get(key)! - 1 // it was taken
    if (taken === 0) this.#taken.delete(key)
    else this.#taken.set(key, taken)
  }
}
