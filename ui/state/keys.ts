import { useEffect, useRef } from 'preact/hooks'

/** A key of the keyboard with its effect. */
export interface Key {
  /** As in `KeyboardEvent.key`. */
  readonly key: string
  readonly run: () => void
}

const active: (readonly Key[])[] = []

/** Returns true for an event in a field, where keys enter text. */
const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches('input:not([type=radio]), textarea, select')

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
  if (isTyping(event.target) && event.key !== 'Escape') return
  // Enter on a button or a link is a click.
  const isControl =
    event.target instanceof HTMLElement && event.target.matches('button, a, summary')
  if (event.key === 'Enter' && isControl) return
  const key = active
    .toReversed()
    .flat()
    .find((one) => one.key === event.key)
  if (!key) return
  event.preventDefault()
  key.run()
})

/**
 * Registers keys while a component is shown. The component that was shown last takes precedence.
 */
export function useKeys(keys: readonly Key[]): void {
  const current = useRef(keys)
  current.current = keys
  useEffect(() => {
    const own = keys.map(({ key }, i) => ({ key, run: () => current.current[i]?.run() }))
    active.push(own)
    return () => void active.splice(active.indexOf(own), 1)
  }, [])
}

/** All keys, as the help shows them. */
export const KEY_HELP: readonly (readonly [keys: readonly string[], effect: string])[] = [
  [['/'], 'filter'],
  [['j', '↓'], 'next request, user or delivery'],
  [['k', '↑'], 'previous one'],
  [['Enter'], 'open it'],
  [['Esc'], 'close; clear the filter'],
  [['f'], 'make the open request fail, break the open webhook'],
  [['?'], 'show the keys'],
]
