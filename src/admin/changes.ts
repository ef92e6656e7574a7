import type { Task } from '../core/api.ts'
import type { StreamWriter } from '../core/http/stream.ts'
import type { SandboxPort } from './ports.ts'

/**
 * Minimum time between two events about changes, in milliseconds; a burst of changes is one event.
 */
const INTERVAL = 100

const CHANGE = 'event: change\ndata: {}\n\n'

/** Announces the changes of one sandbox that do not come from a request to a vendor's API. */
export class Changes {
  readonly #sandbox: SandboxPort
  readonly #listeners = new Set<() => void>()

  constructor(sandbox: SandboxPort) {
    this.#sandbox = sandbox
  }

  /**
   * Wraps handlers so that each call except GET announces a change after its handler has finished.
   */
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

  /** Adds change events to the request streams of clients that ask for them with `changes=true`. */
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

  /**
   * Writes a change event for each change, but at most one per interval. Returns a function that
   * stops this.
   */
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
