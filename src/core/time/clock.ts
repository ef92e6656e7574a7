import { Timers, type Timer } from './timers.ts'

/** How a clock goes, in a form that can be kept. */
export type ClockSetting =
  | { readonly held: number }
  /** Milliseconds ahead of the machine's time. */
  | { readonly ahead: number }

/** The end of the year 9999: ISO 8601 as the contracts have it goes no further. */
export const LAST = Date.UTC(10_000, 0, 1) - 1
/** Longer than this no timeout of Node's can be. */
const LONGEST = 2 ** 31 - 1

/**
 * The one clock of a sandbox: everything that is dated, expires or waits asks it. It runs with the
 * machine's time, ahead of it or behind it, or is held still at a moment.
 */
export class Clock {
  #setting: ClockSetting
  #second = NaN
  #httpDate = ''
  readonly #timers = new Timers()
  #next: NodeJS.Timeout | undefined
  /** The moment that is being played; time goes on from one to the next. */
  #playing: number | undefined
  /** How often it was set: what is played ends when somebody else sets the clock. */
  #turns = 0

  constructor(setting: ClockSetting = { ahead: 0 }) {
    this.#setting = setting
  }

  /** Milliseconds since 1970. */
  now(): number {
    if (this.#playing !== undefined) return this.#playing
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

  /** Goes on as this says. What is overdue by then is begun at once, where the clock runs. */
  set(setting: ClockSetting): void {
    this.#turns++
    this.#playing = undefined
    this.#setting = setting
    this.#arm()
  }

  /**
   * Goes on as this says, by way of everything that is due until then: in its order, each at its
   * own moment, and each is waited for before the next moment begins.
   */
  async play(setting: ClockSetting): Promise<void> {
    const until = 'held' in setting ? setting.held : Date.now() + setting.ahead
    const turn = ++this.#turns
    clearTimeout(this.#next)
    const from = this.now()
    for (;;) {
      const first = this.#timers.take(until)
      if (!first) break
      const moment = Math.max(first.at, from)
      this.#playing = moment
      const works = [Promise.resolve(first.work())]
      while (turn === this.#turns) {
        const more = this.#timers.take(moment)
        if (!more) break
        works.push(Promise.resolve(more.work()))
      }
      await Promise.all(works)
      if (turn !== this.#turns) return
    }
    this.set(setting)
  }

  /**
   * Does some work when it is that late in the sandbox; not before the next turn of the event loop.
   * While the clock is held, nothing becomes due.
   *
   * @param at milliseconds since 1970
   */
  after(at: number, work: Timer['work']): Timer {
    const timer = this.#timers.add(at, work)
    if (this.#timers.first() === timer) this.#arm()
    return timer
  }

  cancel(timer: Timer): void {
    this.#timers.cancel(timer)
  }

  /** The setting that puts the clock to a time, holding it there or letting it run on. */
  static at(time: number, held: boolean): ClockSetting {
    return held ? { held: time } : { ahead: time - Date.now() }
  }

  /** One timeout for all, until the next is due; it keeps no process alive. */
  #arm(): void {
    clearTimeout(this.#next)
    this.#next = undefined
    const first = this.#timers.first()
    if (!first || this.#playing !== undefined) return
    const wait = first.at - this.now()
    if ('held' in this.#setting && wait > 0) return
    this.#next = setTimeout(() => this.#fire(), Math.min(Math.max(0, wait), LONGEST))
    this.#next.unref()
  }

  #fire(): void {
    const now = this.now()
    for (;;) {
      const timer = this.#timers.take(now)
      if (!timer) break
      void timer.work() // it reports its own failures
    }
    this.#arm()
  }
}
