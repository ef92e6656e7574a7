/** Limits how many tasks run at once for each key. Further tasks wait in a queue of their key. */
export class ConcurrencyLimit {
  readonly #limit: number
  readonly #running = new Map<string, number>()
  readonly #queues = new Map<string, (() => void)[]>()

  constructor(limit: number) {
    this.#limit = limit
  }

  async run<T>(key: string, task: () => T | Promise<T>): Promise<T> {
    const running = this.#running.get(key) ?? 0
    if (running >= this.#limit) await this.#enqueue(key)
    else this.#running.set(key, running + 1)
    try {
      return await task()
    } finally {
      this.#release(key)
    }
  }

  #enqueue(key: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#queues.get(key)
      if (queue) queue.push(resolve)
      else this.#queues.set(key, [resolve])
    })
  }

  /** Passes the free place to the next task in the queue, if there is one. */
  #release(key: string): void {
    const next = this.#queues.get(key)?.shift()
    if (next) {
      next()
      return
    }
    this.#queues.delete(key)
    const running = this.#running.get(key)! - 1 // this task was counted
    if (running === 0) this.#running.delete(key)
    else this.#running.set(key, running)
  }
}
