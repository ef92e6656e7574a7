import { useEffect, useState } from 'preact/hooks'
import { act } from '../state/actions.ts'
import { overview } from '../state/overview.ts'
import './clock-controls.css'

/** The time of the sandbox in milliseconds, as it runs; undefined until it is known. */
export function useSandboxTime(): number | undefined {
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1000)
    return () => clearInterval(timer)
  }, [])
  const shown = overview.value
  if (!shown) return undefined
  const { clock, clockReadAt } = shown
  return Date.parse(clock.now) + (clock.held ? 0 : Date.now() - clockReadAt)
}

/** A time as text, in UTC: `2026-01-15 09:30:00`. */
export const clockText = (time: number): string =>
  new Date(time).toISOString().replace('T', ' ').slice(0, 19)

const STEPS = [
  ['+1 min', '1m'],
  ['+5 min', '5m'],
  ['+1 h', '1h'],
  ['+1 d', '1d'],
] as const

/** Freezes, sets, advances and resumes the clock of the sandbox. */
export function ClockControls() {
  const now = useSandboxTime()
  const [by, setBy] = useState('')
  const [time, setTime] = useState('')
  const shown = overview.value
  if (now === undefined || !shown) return <p class="quiet">Reading the clock …</p>
  const { held } = shown.clock
  const advance = (duration: string) =>
    act(
      { operation: 'advanceClock', body: { by: duration } },
      (state) => `The clock is at ${clockText(Date.parse(state.now))}`,
    )
  const set = (isHeld: boolean) =>
    act({ operation: 'putClock', body: { held: isHeld } }, (state) =>
      isHeld
        ? `The clock is frozen at ${clockText(Date.parse(state.now))}`
        : 'The clock runs again',
    )
  return (
    <div class="clock-controls">
      <div class="clock-now">
        <b class="mono">{clockText(now)}</b>
        <span class="quiet">UTC</span>
        <span class={`tag ${held ? 'frozen' : ''}`}>{held ? '❄ frozen' : 'running'}</span>
        <span class="spacer" />
        <button type="button" class="button primary" onClick={() => void set(!held)}>
          {held ? 'Resume' : 'Freeze'}
        </button>
      </div>
      <p class="quiet">
        {held
          ? 'Time stands still until you advance, set or resume it.'
          : 'Freeze the clock to have tokens expire, webhooks retry and faults end only when you say so.'}
        {shown.due > 0
          ? ` ${shown.due} webhook ${shown.due === 1 ? 'delivery waits' : 'deliveries wait'} for the next attempt.`
          : ''}
      </p>
      <div class="clock-line">
        <span class="clock-label">Advance</span>
        {STEPS.map(([label, duration]) => (
          <button
            type="button"
            class="button"
            key={label}
            aria-label={`Advance ${label}`}
            onClick={() => void advance(duration)}
          >
            {label}
          </button>
        ))}
      </div>
      <form
        class="clock-line"
        onSubmit={(event) => {
          event.preventDefault()
          void advance(by)
        }}
      >
        <span class="clock-label">or by</span>
        <input
          type="text"
          class="field"
          aria-label="Advance by, such as 90s"
          placeholder="90s"
          pattern="\d+(\.\d+)?(ms|s|m|h|d)"
          title="A number with ms, s, m, h or d, such as 90s"
          required
          value={by}
          onInput={(event) => setBy(event.currentTarget.value)}
        />
        <button type="submit" class="button">
          Advance
        </button>
      </form>
      <form
        class="clock-line"
        onSubmit={(event) => {
          event.preventDefault()
          const entered = time === '' ? new Date(now).toISOString().slice(0, 16) : time
          const at = `${entered.length === 16 ? `${entered}:00` : entered}Z`
          void act(
            { operation: 'putClock', body: { now: at } },
            (state) => `The clock is at ${clockText(Date.parse(state.now))}`,
          )
        }}
      >
        <label class="clock-label" for="clock-time">
          Set to
        </label>
        <input
          id="clock-time"
          type="datetime-local"
          class="field"
          step="1"
          required
          value={time === '' ? new Date(now).toISOString().slice(0, 16) : time}
          onInput={(event) => setTime(event.currentTarget.value)}
          onFocus={() => time === '' && setTime(new Date(now).toISOString().slice(0, 16))}
        />
        <button type="submit" class="button">
          Set
        </button>
      </form>
    </div>
  )
}
