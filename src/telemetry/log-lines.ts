import { write } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Characters that may wait; what comes when they are reached is left out and counted. */
const MOST = 8 * 1024 * 1024
/** Milliseconds in which lines gather: one write for many costs the requests far less. */
const GATHERING = 10
/** Milliseconds that the end waits for whoever reads. */
const LAST_WAIT = 1000

/** Where lines of a log go, each with its line feed. */
export interface Sink {
  write(line: string): void
}

/**
 * Lines on their way to a file or a terminal. Nobody waits for them: what comes within a
 * moment is written together, and what comes while that is written goes into the next.
 */
export class Lines implements Sink {
  readonly #fd: number
  #waiting = ''
  #leftOut = 0
  #isBusy = false

  constructor(fd: number) {
    this.#fd = fd
  }

  write(line: string): void {
    if (this.#waiting.length > MOST) {
      this.#leftOut++
      return
    }
    this.#waiting += line
    if (this.#isBusy) return
    this.#isBusy = true
    setTimeout(() => this.#next(), GATHERING)
  }

  /** Settles when all is written, or when nobody has read for a while. */
  async close(): Promise<void> {
    const end = performance.now() + LAST_WAIT
    while (this.#isBusy && performance.now() < end) await pause(1)
  }

  #next(): void {
    if (this.#waiting === '') this.#isBusy = false
    else this.#writeFrom(Buffer.from(this.#take()), 0)
  }

  #writeFrom(bytes: Buffer, from: number): void {
    write(this.#fd, bytes, from, (error, written) => {
      // A pipe that is full for now.
      if (error?.code === 'EAGAIN') setTimeout(() => this.#writeFrom(bytes, from), 20).unref()
      else if (!error && from + written < bytes.length) this.#writeFrom(bytes, from + written)
      // Where nobody reads any more or the disk is full, the server goes on without a log.
      else setTimeout(() => this.#next(), GATHERING)
    })
  }

  #take(): string {
    const text = this.#waiting
    this.#waiting = ''
    if (this.#leftOut === 0) return text
    const note = `standin: ${this.#leftOut} lines were left out, since nobody read them\n`
    this.#leftOut = 0
    return text + note
  }
}
