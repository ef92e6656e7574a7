import { useState } from 'preact/hooks'
import { piecesOf } from './visible-text.ts'

/** Characters that are shown at first. */
const MAX_SHOWN = 20_000

/**
 * Shows text from a request without interpreting it: markup stays text, invisible characters are
 * replaced by marks, and a long text is cut.
 */
export function Plain({ text, max = MAX_SHOWN }: { readonly text: string; readonly max?: number }) {
  const [isWhole, setWhole] = useState(false)
  const isCut = text.length > max && !isWhole
  const pieces = piecesOf(isCut ? text.slice(0, max) : text)
  return (
    <>
      <bdi>
        {pieces.map((piece, i) => (i % 2 === 0 ? piece : <span class="mark">{piece}</span>))}
        {isCut ? '…' : ''}
      </bdi>
      {isCut && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          Show all {text.length.toLocaleString('en')} characters
        </button>
      )}
    </>
  )
}
