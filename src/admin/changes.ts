import type { Task } from '../core/api.ts'
import type { StreamWriter } from '../core/http/stream.ts'
import type { SandboxPort } from './ports.ts'

/**
 * Minimum time between two events about changes, in milliseconds; a burst of changes is one event.
 */
const INTERVAL = 100

const CHANGE = 'event: change\ndata: {}\n\n'

/** Announces changes of one sandbox that no request to a vendor's API causes. */
export class Changes {
  readonly #sandbox: SandboxPort
  readonly #listeners = new Set<() => void>()

  constructor(sandbox: SandboxPort) {
    this.#sandbox = sandbox
  }

  /** Wraps tasks, so that each call that may change something is announced once it is answered. */
  announcing<Name extends string>(tasks: Record<Name, Task>): Record<Name, Task> {
    const announced = Object.entries<Task>(tasks).map(([name, task]) => [
      name,
      (call) => {
        const reply = task(call)
        if (call.method === 'GET' || this.#listeners.size === 0) return reply
        if (!(reply instanceof Promise)) {
          this.#announce()
          return reply
        }
        return reply.finally(() => this.#announce())
      },
    ]) satisfies [string, Task][]
    return Object.fromEntries(announced) as Record<Name, Task> // the same names
  }

  /** Adds the changes to the stream of requests, for the clients that ask for them. */
  streaming<Name extends string>(tasks: Record<Name, Task>): Record<Name, Task> {
    const streaming = Object.entries<Task>(tasks).map(([name, task]) => [
      name,
      async (call) => {
        const reply = await task(call)
        const { stream } = reply
        if (!stream || call.query.get('changes') !== 'true') return reply
        return {
          ...reply,
          stream: (outlet) => {
            const stop = stream(outlet)
            const unfollow = this.#follow(outlet)
            return () => {
              unfollow()
              stop()
            }
          },
        }
      },
    ]) satisfies [string, Task][]
    return Object.fromEntries(streaming) as Record<Name, Task> // the same names
  }

  /** Writes an event at once, and at most one in each interval; returns a function that ends it. */
  #follow(outlet: StreamWriter): () => void {
    let timer: NodeJS.Timeout | undefined
    let isWaiting = false
    const write = () => {
      isWaiting = false
      outlet.write(CHANGE)
      timer = setTimeout(() => {
        timer = undefined
        if (isWaiting) write()
      }, INTERVAL)
      timer.unref()
    }
    const onChange = () => {
      if (timer) isWaiting = true
      else write()
    }
    const unfollow = this.#sandbox.webhooks.follow(onChange)
    this.#listeners.add(onChange)
    return () => {
      clearTimeout(timer)
      unfollow()
      this.#listeners.delete(onChange)
    }
  }

  #announce(): void {
    for (const listener of this.#listeners) listener()
  }
}
