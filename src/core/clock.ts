/** How a clock goes, in a form that can be kept. */
export type ClockSetting =
  | { readonly held: number }
  /** Milliseconds ahead of the machine's time. */
  | { readonly ahead: number }

/** The end of the year 9999: ISO 8601 as the contracts have it goes no further. */
const LAST = Date.UTC(10_000, 0, 1) - 1

/**
 * The one clock of a sandbox: everything that is dated, expires or waits asks it. It runs with the
 * machine's time, ahead of it or behind it, or is held still at a moment.
 */
export class Clock {
  #setting: ClockSetting
  #second = NaN
  #httpDate = ''

  constructor(setting: ClockSetting = { ahead: 0 }) {
    this.#setting = setting
  }

  /** Milliseconds since 1970. */
  now(): number {
    if ('held' in this.#setting) return this.#setting.held
    return Math.min(Date.now() + this.#setting.ahead, LAST)
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
    return 'held' in this.#setting
  }

  /** How it goes now. */
  get setting(): ClockSetting {
    return this.#setting
  }

  /** Goes on as this says. */
  set(setting: ClockSetting): void {
    this.#setting = setting
  }

  /** The setting that puts the clock to a time, holding it there or letting it run on. */
  static at(time: number, held: boolean): ClockSetting {
    return held ? { held: time } : { ahead: time - Date.now() }
  }
}
