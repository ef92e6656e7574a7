import { useState } from 'preact/hooks'

const SHOWN = 1500

/** Copies a text, and confirms it for a moment. */
export function CopyButton({
  text,
  label = 'Copy',
  class: className = 'button',
}: {
  readonly text: string | (() => Promise<string>)
  readonly label?: string
  readonly class?: string
}) {
  const [state, setState] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : await text())
      setState('Copied')
    } catch {
      // Browsers offer the clipboard only over HTTPS and on localhost.
      setState('Not copied: select the text')
    }
    setTimeout(() => setState(''), SHOWN)
  }
  return (
    <button type="button" class={className} onClick={() => void copy()}>
      <span aria-live="polite">{state || label}</span>
    </button>
  )
}
