import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import './confirm.css'

/** A button that asks for confirmation and says what will be lost; Esc and "Cancel" cancel. */
export function Confirm({
  label,
  name = label,
  action,
  tone = 'danger',
  onConfirm,
  children,
}: {
  readonly label: string
  /** Accessible name, if there are several such buttons. */
  readonly name?: string
  /** Text of the button that confirms. */
  readonly action: string
  readonly tone?: 'danger' | 'primary'
  readonly onConfirm: () => void
  /** The consequence, as a sentence. */
  readonly children: ComponentChildren
}) {
  const [isAsking, setAsking] = useState(false)
  const first = useRef<HTMLButtonElement>(null)
  const cancel = useRef<HTMLButtonElement>(null)
  const wasAsking = useRef(false)
  // Before the next key is pressed, which an effect after the paint may be too late for.
  useLayoutEffect(() => {
    if (isAsking) cancel.current?.focus()
    else if (wasAsking.current) first.current?.focus()
    wasAsking.current = isAsking
  }, [isAsking])
  if (!isAsking) {
    return (
      <button
        ref={first}
        type="button"
        class="button"
        aria-label={name}
        onClick={() => setAsking(true)}
      >
        {label}
      </button>
    )
  }
  return (
    <div
      class={`confirm ${tone}`}
      role="group"
      aria-label={name}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        event.preventDefault()
        setAsking(false)
      }}
    >
      <p>{children}</p>
      <div class="confirm-buttons">
        <button
          type="button"
          class={`button ${tone}`}
          onClick={() => {
            setAsking(false)
            onConfirm()
          }}
        >
          {action}
        </button>
        <button ref={cancel} type="button" class="button" onClick={() => setAsking(false)}>
          Cancel
        </button>
      </div>
    </div>
  )
}
