import type { ClockState } from '../admin/contract.gen.ts'
import { durationText, timeText, type Admin, type Duration, type Time } from './admin.ts'

/** Clock of a sandbox. */
export class Clock {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /** Returns the current time of the sandbox. */
  async now(): Promise<Date> {
    return dateIn(await this.#admin.call('getClock'))
  }

  /** Returns true if the clock is held. */
  async isHeld(): Promise<boolean> {
    return (await this.#admin.call('getClock')).held
  }

  /** Sets the time; the clock stays held or running. */
  async set(time: Time): Promise<Date> {
    return await this.#put({ now: timeText(time) })
  }

  /** Holds the clock at this time, or at the current one. */
  async hold(time?: Time): Promise<Date> {
    return await this.#put({ ...(time === undefined ? {} : { now: timeText(time) }), held: true })
  }

  /** Lets the clock run from this time, or from the current one. */
  async run(time?: Time): Promise<Date> {
    return await this.#put({ ...(time === undefined ? {} : { now: timeText(time) }), held: false })
  }

  /** Advances the clock, for example by `5m`; when it resolves, all work that became due is done. */
  async advance(by: Duration): Promise<Date> {
    return dateIn(await this.#admin.call('advanceClock', { body: { by: durationText(by) } }))
  }

  async #put(body: { readonly now?: string; readonly held?: boolean }): Promise<Date> {
    return dateIn(await this.#admin.call('putClock', { body }))
  }
}

function dateIn({ now }: ClockState): Date {
  return new Date(now)
}
