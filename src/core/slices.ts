/** Length of a time slice in milliseconds: after it, long work lets other requests run. */
const SLICE = 4

/** Ends long work whose client has closed the connection. */
export class ClientGone extends Error {}

const waiting: (() => void)[] = []

/**
 * Resumes one waiting task in each turn of the event loop, so that requests wait for one time slice
 * at most, however many tasks there are.
 */
function resumeOne(): void {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(resumeOne)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(resumeOne)
  })
}

/**
 * The time slices of long work, between which other requests run. They may change the data that
 * the work reads: copy a list before iterating over it, or read it by a cursor.
 *
 * ```ts
 * const slices = new Slices(call.signal)
 * for (const row of rows) {
 *   if (slices.isOver) await slices.next()
 *   …
 * }
 * ```
 */
export class Slices {
  readonly #signal: AbortSignal | undefined
  #end = performance.now() + SLICE

  /** @param signal of the client that waits for the work; the work ends when it is aborted */
  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /** True if the time slice has ended, so that `next` must be called. */
  get isOver(): boolean {
    return performance.now() >= this.#end
  }

  /**
   * Lets other requests run, then begins the next time slice.
   *
   * @throws ClientGone
   */
  async next(): Promise<void> {
    await nextTurn()
    if (this.#signal?.aborted) throw new ClientGone('the client has closed the connection')
    this.#end = performance.now() + SLICE
  }

  /**
   * Runs work that yields after each of its steps in time slices, and returns its result.
   *
   * @throws ClientGone
   */
  async run<T>(steps: Generator<unknown, T>): Promise<T> {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) return step.value
      if (this.isOver) await this.next()
    }
  }
}

/**
 * Iterates in time slices. The work on one item should take much less than a time slice.
 *
 * @throws ClientGone
 */
export async function* inSlices<T>(
  items: Iterable<T>,
  slices: Slices = new Slices(),
): AsyncGenerator<T, void> {
  for (const item of items) {
    if (slices.isOver) await slices.next()
    yield item
  }
}

/** Runs work that yields after each of its steps, without a pause, and returns its result. */
export function atOnce<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
