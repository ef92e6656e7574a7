import { Timers, type Timer } from './timers.ts'

/** The state of a clock: held at a time, or running ahead of the machine's clock. It is stored. */
export type ClockSetting =
  /** Milliseconds since 1970. */
  | { readonly held: number }
  /** Milliseconds ahead of the machine's clock; negative when behind it. */
  | { readonly ahead: number }

/** The last millisecond of the year 9999: the contracts' date formats have four-digit years. */
export const MAX_TIME = Date.UTC(10_000, 0, 1) - 1
/** The longest delay that setTimeout accepts. */
const MAX_TIMEOUT = 2 ** 31 - 1

/**
 * The clock of a sandbox, used for every date, expiry and timer in it. It runs at the speed of the
 * machine's clock, ahead of it or behind it, or is held at a time.
 */
export class Clock {
  #setting: ClockSetting
  #second = NaN
  #httpDate = ''
  readonly #timers = new Timers()
  #timeout: NodeJS.Timeout | undefined
  /** The time of the timers that `runUntil` is running. */
  #runningAt: number | undefined
  /** Incremented by each change of the setting, which ends a `runUntil` under way. */
  #version = 0

  constructor(setting: ClockSetting = { ahead: 0 }) {
    this.#setting = setting
  }

  /** Milliseconds since 1970. */
  now(): number {
    if (this.#runningAt !== undefined) return this.#runningAt
    if ('held' in this.#setting) return this.#setting.held
    return Math.min(Date.now() + this.#setting.ahead, MAX_TIME)
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

  get setting(): ClockSetting {
    return this.#setting
  }

  /** Changes the setting. Timers that are overdue then run at once, unless the clock is held. */
  set(setting: ClockSetting): void {
    this.#version++
    this.#runningAt = undefined
    this.#setting = setting
    this.#arm()
  }

  /**
   * Runs every timer that is due up to the time of the setting, in order and each at its own time.
   * Timers of one time finish before those of the next. Then changes the setting. A further call of
   * `set` or `runUntil` ends this one.
   */
  async runUntil(setting: ClockSetting): Promise<void> {
    const until = 'held' in setting ? setting.held : Date.now() + setting.ahead
    const version = ++this.#version
    clearTimeout(this.#timeout)
    const from = this.now()
    for (;;) {
      const first = this.#timers.takeDue(until)
      if (!first) break
      const time = Math.max(first.at, from)
      this.#runningAt = time
      const runs = [Promise.resolve(first.run())]
      while (version === this.#version) {
        const next = this.#timers.takeDue(time)
        if (!next) break
        runs.push(Promise.resolve(next.run()))
      }
      await Promise.all(runs)
      if (version !== this.#version) return
    }
    this.set(setting)
  }

  /**
   * Runs work once the clock reaches a time, at the earliest in the next turn of the event loop. A
   * held clock reaches no later time.
   *
   * @param at milliseconds since 1970
   */
  schedule(at: number, run: Timer['run']): Timer {
    const timer = this.#timers.add(at, run)
    if (this.#timers.peek() === timer) this.#arm()
    return timer
  }

  cancel(timer: Timer): void {
    this.#timers.cancel(timer)
  }

  /** The setting that holds the clock at a time, or lets it run on from there. */
  static at(time: number, held: boolean): ClockSetting {
    return held ? { held: time } : { ahead: time - Date.now() }
  }

  /** Sets the one timeout for the earliest timer; it does not keep the process alive. */
  #arm(): void {
    clearTimeout(this.#timeout)
    this.#timeout = undefined
    const first = this.#timers.peek()
    if (!first || this.#runningAt !== undefined) return
    const delay = first.at - this.now()
    if ('held' in this.#setting && delay > 0) return
    this.#timeout = setTimeout(() => this.#runDue(), Math.min(Math.max(0, delay), MAX_TIMEOUT))
    this.#timeout.unref()
  }

  #runDue(): void {
    const now = this.now()
    for (;;) {
      const timer = this.#timers.takeDue(now)
      if (!timer) break
      void timer.run() // it reports its own failures
    }
    this.#arm()
  }
}
