import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

export interface Tab {
  readonly id: string
  readonly title: string
  readonly count?: number
}

/** Tabs with one panel; arrow keys move between them. */
export function Tabs({
  tabs,
  current,
  onSelect,
  label,
  children,
}: {
  readonly tabs: readonly Tab[]
  readonly current: string
  readonly onSelect: (id: string) => void
  readonly label: string
  readonly children: ComponentChildren
}) {
  const prefix = useId()
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const at = tabs.findIndex(({ id }) => id === current)
    const next = tabs[(at + step + tabs.length) % tabs.length]!.id // within the list
    onSelect(next)
    document.getElementById(`${prefix}-${next}`)?.focus()
  }
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map(({ id, title, count }) => (
          <button
            type="button"
            role="tab"
            key={id}
            id={`${prefix}-${id}`}
            aria-selected={id === current}
            aria-controls={`${prefix}-panel`}
            tabIndex={id === current ? 0 : -1}
            onClick={() => onSelect(id)}
          >
            {title}
            {count === undefined ? '' : <span class="count"> {count}</span>}
          </button>
        ))}
      </div>
      <div
        class="panel"
        role="tabpanel"
        id={`${prefix}-panel`}
        aria-labelledby={`${prefix}-${current}`}
        tabIndex={0}
      >
        {children}
      </div>
    </>
  )
}
