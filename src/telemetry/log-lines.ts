import { write } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Maximum number of buffered characters; further lines are dropped and counted. */
const MAX_BUFFERED = 8 * 1024 * 1024
/** Milliseconds in which lines are collected: one write for many lines is far cheaper. */
const BATCH_TIME = 10
/** Maximum number of milliseconds that closing waits for the reader of the output. */
const CLOSE_TIMEOUT = 1000

/** Destination of log lines, each with its line feed. */
export interface Sink {
  write(line: string): void
}

/**
 * Writes log lines to a file descriptor in batches. Callers do not wait: lines that arrive during a
 * write go into the next batch.
 */
export class LineWriter implements Sink {
  readonly #fd: number
  #buffer = ''
  #dropped = 0
  #isBusy = false

  constructor(fd: number) {
    this.#fd = fd
  }

  write(line: string): void {
    if (this.#buffer.length > MAX_BUFFERED) {
      this.#dropped++
      return
    }
    this.#buffer += line
    if (this.#isBusy) return
    this.#isBusy = true
    setTimeout(() => this.#next(), BATCH_TIME)
  }

  /** Resolves when all lines are written, or after a second if nothing reads them. */
  async close(): Promise<void> {
    const end = performance.now() + CLOSE_TIMEOUT
    while (this.#isBusy && performance.now() < end) await pause(1)
  }

  #next(): void {
    if (this.#buffer === '') this.#isBusy = false
    else this.#writeFrom(Buffer.from(this.#take()), 0)
  }

  #writeFrom(bytes: Buffer, from: number): void {
    write(this.#fd, bytes, from, (error, written) => {
      // The pipe is full.
      if (error?.code === 'EAGAIN') setTimeout(() => this.#writeFrom(bytes, from), 20).unref()
      else if (!error && from + written < bytes.length) this.#writeFrom(bytes, from + written)
      // After an error (the pipe is closed, the disk is full) the batch is lost; the server goes
      // on.
      else setTimeout(() => this.#next(), BATCH_TIME)
    })
  }

  #take(): string {
    const text = this.#buffer
    this.#buffer = ''
    if (this.#dropped === 0) return text
    const note = `standin: ${this.#dropped} log lines were dropped, since the output was not read\n`
    this.#dropped = 0
    return text + note
  }
}
