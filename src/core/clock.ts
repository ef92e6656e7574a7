/**
 * The one clock of a sandbox: everything that is dated, expires or waits asks it. It follows the
 * machine's time, or is held still at a moment.
 */
export class Clock {
  #held: number | undefined
  #second = NaN
  #httpDate = ''

  /** @param held a moment to stand still at, in milliseconds since 1970; none: machine time */
  constructor(held?: number) {
    this.#held = held
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#held ?? Date.now()
  }

  /** The time for a Date header (RFC 9110). */
  httpDate(): string {
    const second = Math.floor(this.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#httpDate = new Date(second * 1000).toUTCString()
    }
    return this.#httpDate
  }

  get isHeld(): boolean {
    return this.#held !== undefined
  }
}
