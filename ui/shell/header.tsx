import { useEffect, useRef, useState } from 'preact/hooks'
import { sandboxUrl } from '../api/client.ts'
import { ClockControls, clockText, useSandboxTime } from '../parts/clock-controls.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { useKeys } from '../state/keys.ts'
import { hrefOf, open, parameter, setParameters, viewPath } from '../state/location.ts'
import { overview } from '../state/overview.ts'
import { connection, lastEvent } from '../state/requests.ts'
import { nextTheme, theme } from '../state/theme.ts'
import { VIEWS } from '../views.ts'

const THEME_ICONS = { auto: 'auto', light: 'sun', dark: 'moon' } as const

export function Header({ onHelp }: { readonly onHelp: () => void }) {
  return (
    <header class="header">
      <a class="brand" href={hrefOf('start')}>
        <span class="logo" aria-hidden="true" />
        Standin
      </a>
      <SandboxSwitcher />
      <ClockChip />
      <Filter />
      <span class="spacer" />
      <button
        type="button"
        class="bare wide-only"
        onClick={onHelp}
        aria-label="Keys"
        title="Keys: ?"
      >
        <Icon name="keys" />
      </button>
      <button
        type="button"
        class="bare"
        onClick={nextTheme}
        aria-label={`Theme: ${theme.value}`}
        title={`Theme: ${theme.value}`}
      >
        <Icon name={THEME_ICONS[theme.value]} />
      </button>
      <LiveState />
    </header>
  )
}

/** A select element drawn as a pill; its list of options is that of the browser. */
function SandboxSwitcher() {
  const shown = overview.value
  const current = shown?.front.sandbox ?? '…'
  return (
    <label class="pill switcher">
      <span class="wide-only">Sandbox</span> <b>{current}</b> <span aria-hidden="true">▾</span>
      <select
        aria-label="Sandbox"
        value={current}
        onChange={(event) =>
          location.assign(`${sandboxUrl(event.currentTarget.value)}${location.hash}`)
        }
      >
        {(shown?.sandboxes ?? []).map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

/** The time of the sandbox, held or running; opens the clock's controls. */
function ClockChip() {
  const [isOpen, setOpen] = useState(false)
  const now = useSandboxTime()
  const held = overview.value?.clock.held === true
  if (now === undefined) return null
  const text = clockText(now)
  return (
    <>
      <button
        type="button"
        class={`pill clock ${held ? 'held' : ''}`}
        title="Time of the sandbox, in UTC"
        aria-label={`Clock ${held ? 'frozen ' : ''}${held ? text : text.slice(11)}`}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <span aria-hidden="true">{held ? '❄' : '◷'}</span>
        <span class="clock-word">Clock {held ? 'frozen' : ''}</span>{' '}
        <b class="mono">{held ? text : text.slice(11)}</b>
        <span class="wide-only" aria-hidden="true">
          ▾
        </span>
      </button>
      {isOpen && (
        <Dialog title="Clock of the sandbox" class="clock-dialog" onClose={() => setOpen(false)}>
          <ClockControls />
        </Dialog>
      )}
    </>
  )
}

/** Milliseconds after the last key at which the address and the list are updated. */
const DELAY = 80

function Filter() {
  const field = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const list = VIEWS.find(({ path, filter }) => path === viewPath.value && filter !== undefined)
  const current = list ? parameter('q') : ''
  useKeys([{ key: '/', run: () => field.current?.focus() }])
  useEffect(() => {
    const element = field.current! // rendered below
    if (element.value !== current && document.activeElement !== element) element.value = current
  }, [current])
  const apply = (text: string) => {
    clearTimeout(timer.current)
    if (list) setParameters({ q: text })
    else if (text !== '') open('requests', { q: text })
  }
  return (
    <label class="filter">
      <input
        ref={field}
        type="search"
        aria-label={`Filter ${(list?.title ?? 'Requests').toLowerCase()}`}
        placeholder={list?.filter ?? 'Filter: status, text, e-mail, fault…'}
        defaultValue={current}
        onInput={({ currentTarget: { value } }) => {
          clearTimeout(timer.current)
          timer.current = setTimeout(() => apply(value), DELAY)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && event.currentTarget.value !== '') {
            event.currentTarget.value = ''
            apply('')
            event.stopPropagation()
          } else if (event.key === 'Escape' || event.key === 'Enter') {
            event.currentTarget.blur()
            event.stopPropagation()
          }
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  )
}

const STATES = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting' } as const

function LiveState() {
  const state = connection.value
  const last = lastEvent.value
  const time = last === undefined ? '' : new Date(last).toTimeString().slice(0, 8)
  return (
    <span
      class={`pill live ${state}`}
      role="status"
      title={time === '' ? 'No event yet' : `Last sign of life at ${time}`}
    >
      <span class="dot" aria-hidden="true" /> {STATES[state]}
      {state === 'reconnecting' && time !== '' ? <span class="wide-only"> since {time}</span> : ''}
    </span>
  )
}
