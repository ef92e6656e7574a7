import type { ClockState } from '../admin/contract.gen.ts'
import { durationText, timeText, type Admin, type Duration, type Time } from './admin.ts'

/** A sandbox's time. */
export class Clock {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /** What time it is. */
  async now(): Promise<Date> {
    return dateIn(await this.#admin.ask('getClock'))
  }

  /** Whether it stands still. */
  async isHeld(): Promise<boolean> {
    return (await this.#admin.ask('getClock')).held
  }

  /** It goes on running, or standing still, from there. */
  async set(time: Time): Promise<Date> {
    return await this.#put({ now: timeText(time) })
  }

  /** Stands still: at this time, or where it is. */
  async hold(time?: Time): Promise<Date> {
    return await this.#put({ ...(time === undefined ? {} : { now: timeText(time) }), held: true })
  }

  /** Runs: from this time, or from where it is. */
  async run(time?: Time): Promise<Date> {
    return await this.#put({ ...(time === undefined ? {} : { now: timeText(time) }), held: false })
  }

  /** Moves it forward, such as by `5m`; what falls due on the way is done when this settles. */
  async advance(by: Duration): Promise<Date> {
    return dateIn(await this.#admin.ask('advanceClock', { body: { by: durationText(by) } }))
  }

  async #put(body: { readonly now?: string; readonly held?: boolean }): Promise<Date> {
    return dateIn(await this.#admin.ask('putClock', { body }))
  }
}

function dateIn({ now }: ClockState): Date {
  return new Date(now)
}
