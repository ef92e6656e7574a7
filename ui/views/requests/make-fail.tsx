import { useEffect, useState } from 'preact/hooks'
import type { FaultCatalogue, NewFault, RecordedRequest } from '../../../src/admin/contract.gen.ts'
import { callAdmin, type AdminCall } from '../../api/client.ts'
import { CallCode } from '../../parts/call-code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { act, madeCall, messageOf } from '../../state/actions.ts'

type Listed = FaultCatalogue['faults'][number]

type Times = 'once' | 'n' | 'until cleared'

/** Chooses a fault for the operation of a request and arms it. */
export function MakeFail({
  record,
  onClose,
}: {
  readonly record: RecordedRequest
  readonly onClose: () => void
}) {
  const { api = '', operation } = record
  const [faults, setFaults] = useState<readonly Listed[]>([])
  const [problem, setProblem] = useState('')
  const [chosen, choose] = useState('commit-500')
  const [times, setTimes] = useState<Times>('once')
  const [number, setNumber] = useState('3')
  const [search, setSearch] = useState('')
  const [isAll, setAll] = useState(false)
  useEffect(() => {
    const load = async () => {
      const query = { api, operation }
      const { faults: found } = await callAdmin({ operation: 'getFaultCatalogue', query })
      setFaults(found)
      if (!found.some(({ fault }) => fault === 'commit-500')) choose(found[0]?.fault ?? '')
    }
    load().catch((error: unknown) => setProblem(messageOf(error)))
  }, [api, operation])
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = faults.filter(({ fault, text, common }) =>
    words.length === 0
      ? isAll || common
      : words.every((word) => `${text} ${fault}`.toLowerCase().includes(word)),
  )
  const count = times === 'once' ? 1 : times === 'n' ? Number(number) : 0
  const definition: NewFault = {
    fault: chosen,
    api: api as NonNullable<NewFault['api']>, // the request log names APIs of the server
    ...(operation === undefined ? {} : { operation }),
    ...(count > 0 ? { times: count } : {}),
  }
  const call: AdminCall<'addFault'> = { operation: 'addFault', body: definition }
  const arm = async () => {
    const armed = await act(
      call,
      ({ id }) => `Armed ${id}: ${chosen}. Send the request again to see it fire.`,
    )
    if (armed) onClose()
  }
  return (
    <Dialog title="Make this fail" class="make-fail" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void arm()
        }}
      >
        <input
          type="search"
          class="field"
          aria-label="Search faults"
          placeholder={`Search ${faults.length} faults`}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <div class="faults" role="radiogroup" aria-label="Fault">
          {shown.map(({ fault, text }) => (
            <label key={fault + text} class={fault === chosen ? 'chosen' : ''}>
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
            <p class="quiet">No fault has these words.</p>
          )}
        </div>
        {words.length === 0 && (
          <button type="button" class="link more" onClick={() => setAll(!isAll)}>
            {isAll ? 'Show the common faults' : `Show all ${faults.length} faults`}
          </button>
        )}
        <div class="times" role="radiogroup" aria-label="How often">
          <span>
            for <b>{operation ?? api}</b>
          </span>
          {(['once', 'n', 'until cleared'] as const).map((one) => (
            <label key={one} class={`chip ${times === one ? 'on' : ''}`}>
              <input
                type="radio"
                name="times"
                aria-label={one === 'n' ? `${number} times` : one}
                checked={times === one}
                onChange={() => setTimes(one)}
              />
              {one === 'n' ? (
                <>
                  <input
                    type="number"
                    aria-label="Number of times"
                    min="1"
                    max="1000000"
                    value={number}
                    onFocus={() => setTimes('n')}
                    onInput={(event) => setNumber(event.currentTarget.value)}
                  />{' '}
                  times
                </>
              ) : (
                one
              )}
            </label>
          ))}
        </div>
        <CallCode
          call={madeCall(call)}
          more={{ Header: `Standin-Fault: ${chosen}` }}
          actions={
            <>
              <span class="spacer" />
              <button type="button" class="button" onClick={onClose}>
                Cancel
              </button>
              <button type="submit" class="button fail" disabled={chosen === ''}>
                Arm
              </button>
            </>
          }
        />
      </form>
    </Dialog>
  )
}
