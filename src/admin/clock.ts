import type { Reply, Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import { Clock, MAX_TIME } from '../core/time/clock.ts'
import { durationOf } from '../core/time/duration.ts'
import type { ClockAdvance, ClockSetting, ClockState } from './contract.gen.ts'
import type { SandboxPort } from './ports.ts'

/** Handlers of `/clock`. */
export function clockTasks(
  sandbox: SandboxPort,
): Record<'getClock' | 'putClock' | 'advanceClock', Task> {
  const reply = (): Reply => {
    const { clock } = sandbox
    const body: ClockState = { now: new Date(clock.now()).toISOString(), held: clock.isHeld }
    return { status: 200, body }
  }
  return {
    getClock: reply,
    putClock: async (call) => {
      const { now, held } = call.body as ClockSetting // the contract has checked it
      const time = now === undefined ? undefined : inRange(Date.parse(now), now)
      await sandbox.turnClock(() =>
        Clock.at(time ?? sandbox.clock.now(), held ?? sandbox.clock.isHeld),
      )
      return reply()
    },
    advanceClock: async (call) => {
      const { by } = call.body as ClockAdvance // the contract has checked it
      const duration = milliseconds(by)
      await sandbox.turnClock(() => {
        const time = inRange(sandbox.clock.now() + duration, `${by} from now`)
        return Clock.at(time, sandbox.clock.isHeld)
      })
      return reply()
    },
  }
}

/**
 * Converts a duration such as `5m` to milliseconds; the contract has checked its form.
 *
 * @throws Problem 400 time.out-of-range
 */
export function milliseconds(duration: string): number {
  return inRange(durationOf(duration) ?? 0, `${duration} from now`, Date.now())
}

/** @throws Problem 400 time.out-of-range */
export function inRange(time: number, text: string, from = 0): number {
  if (isTime(from + time)) return time
  throw new Problem(400, 'time.out-of-range', `${text} is not between the years 1970 and 9999`)
}

/** Returns true for a time in milliseconds within the supported range. */
export function isTime(time: unknown): time is number {
  return typeof time === 'number' && time >= 0 && time <= MAX_TIME
}
