import { useEffect, useState } from 'preact/hooks'
import type { Delivery, DeliveryFault, FaultCatalogue } from '../../../src/admin/contract.gen.ts'
import { callAdmin, type AdminCall } from '../../api/client.ts'
import { CallCode } from '../../parts/call-code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { act, madeCall, messageOf } from '../../state/actions.ts'
import { overview } from '../../state/overview.ts'

type Listed = FaultCatalogue['faults'][number]

const PREFIX = 'webhook='

/**
 * Faults without an effect on a webhook that is sent again, because its request has already been
 * answered.
 */
const NEVER = ['before-answer']

/** The delivery faults in plain words, from the catalogue of the API that has webhooks. */
async function loadFaults(): Promise<readonly Listed[]> {
  for (const { name } of overview.peek()?.front.apis ?? []) {
    const { faults } = await callAdmin({ operation: 'getFaultCatalogue', query: { api: name } })
    const found = faults
      .filter(({ fault }) => fault.startsWith(PREFIX))
      .map((one) => ({ ...one, fault: one.fault.slice(PREFIX.length) }))
      .filter(({ fault }) => !NEVER.includes(fault))
    if (found.length > 0) return found
  }
  return []
}

/** Chooses a delivery fault, and sends a webhook with it. */
export function BreakWebhook({
  title,
  callFor,
  onClose,
}: {
  readonly title: string
  readonly callFor: (fault: DeliveryFault) => AdminCall<'redeliver' | 'testWebhook'>
  readonly onClose: (sent?: Delivery) => void
}) {
  const [faults, setFaults] = useState<readonly Listed[]>([])
  const [problem, setProblem] = useState('')
  const [chosen, choose] = useState('wrong-secret')
  const [isOnce, setOnce] = useState(true)
  const [search, setSearch] = useState('')
  useEffect(() => {
    loadFaults().then(setFaults, (error: unknown) => setProblem(messageOf(error)))
  }, [])
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = faults.filter(({ fault, text }) =>
    words.every((word) => `${text} ${fault}`.toLowerCase().includes(word)),
  )
  const call = callFor({
    kind: chosen as DeliveryFault['kind'], // the catalogue has the kinds of the contract
    ...(isOnce ? { attempts: 1 } : {}),
  })
  const send = async () => {
    const sent = await act(call, ({ id }) => `${id} is sent with the fault ${chosen}`)
    if (sent) onClose(sent)
  }
  return (
    <Dialog title={title} class="make-fail" onClose={() => onClose()}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <input
          type="search"
          class="field fault-search"
          aria-label="Search delivery faults"
          placeholder={`Search ${faults.length} delivery faults`}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <div class="faults" role="radiogroup" aria-label="Delivery fault">
          {shown.map(({ fault, text }) => (
            <label key={fault} class={fault === chosen ? 'chosen' : ''}>
              <input
                type="radio"
                name="fault"
                value={fault}
                checked={fault === chosen}
                onChange={() => choose(fault)}
              />
              <span>{text}</span>
              <code>{fault}</code>
            </label>
          ))}
          {problem && <p class="problem">{problem}</p>}
          {shown.length === 0 && faults.length > 0 && (
            <p class="quiet">No delivery fault has these words.</p>
          )}
        </div>
        <div class="times" role="radiogroup" aria-label="Attempts">
          <span>for</span>
          {([true, false] as const).map((once) => (
            <label key={String(once)} class={`chip ${isOnce === once ? 'on' : ''}`}>
              <input
                type="radio"
                name="attempts"
                checked={isOnce === once}
                onChange={() => setOnce(once)}
              />
              {once ? 'the first attempt' : 'all attempts'}
            </label>
          ))}
        </div>
        <CallCode
          call={madeCall(call)}
          actions={
            <>
              <span class="spacer" />
              <button type="button" class="button" onClick={() => onClose()}>
                Cancel
              </button>
              <button type="submit" class="button fail" disabled={faults.length === 0}>
                Send
              </button>
            </>
          }
        />
      </form>
    </Dialog>
  )
}
