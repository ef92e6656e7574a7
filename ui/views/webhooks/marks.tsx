import type { Delivery } from '../../../src/admin/contract.gen.ts'
import { isAccepted, outcomeOf } from './deliveries.ts'

/** Marks that fit into a row. */
const MAX_MARKS = 8

/** The attempts of a delivery, one mark each: green accepted, red failed, grey due. */
export function Marks({ delivery }: { readonly delivery: Delivery }) {
  const { attempts, state } = delivery
  const shown = attempts.slice(-MAX_MARKS)
  const isDue = state === 'pending'
  const parts = attempts.map((one) => `attempt ${one.number} ${outcomeOf(one)}`)
  const words = [...parts, ...(isDue ? ['one is due'] : [])].join(', ')
  return (
    <span class="marks" role="img" aria-label={words || 'no attempt'} title={words || 'no attempt'}>
      {attempts.length > shown.length ? (
        <span class="marks-more">+{attempts.length - shown.length}</span>
      ) : (
        ''
      )}
      {shown.map((one) => (
        <span class={`attempt-mark ${isAccepted(one) ? 'ok' : 'bad'}`} key={one.number} />
      ))}
      {isDue ? <span class="attempt-mark due" /> : ''}
      {attempts.length === 0 && !isDue ? <span class="marks-more">not sent</span> : ''}
    </span>
  )
}
