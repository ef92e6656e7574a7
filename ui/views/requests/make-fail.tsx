import { useEffect, useState } from 'preact/hooks'
import type { NewFault, RecordedRequest } from '../../../src/admin/contract.gen.ts'
import { callAdmin, type AdminCall } from '../../api/client.ts'
import { CallCode } from '../../parts/call-code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { FaultPicker, TimesChoice, type ListedFault } from '../../parts/fault-choice.tsx'
import { act, madeCall, messageOf } from '../../state/actions.ts'

/** Chooses a fault for the operation of a request and arms it. */
export function MakeFail({
  record,
  onClose,
}: {
  readonly record: RecordedRequest
  readonly onClose: () => void
}) {
  const { api = '', operation } = record
  const [faults, setFaults] = useState<readonly ListedFault[]>([])
  const [problem, setProblem] = useState('')
  const [chosen, choose] = useState('commit-500')
  const [times, setTimes] = useState<number | undefined>(1)
  useEffect(() => {
    const load = async () => {
      const query = { api, operation }
      const { faults: found } = await callAdmin({ operation: 'getFaultCatalogue', query })
      setFaults(found)
      if (!found.some(({ fault }) => fault === 'commit-500')) choose(found[0]?.fault ?? '')
    }
    load().catch((error: unknown) => setProblem(messageOf(error)))
  }, [api, operation])
  const definition: NewFault = {
    fault: chosen,
    api: api as NonNullable<NewFault['api']>, // the request log names APIs of the server
    ...(operation === undefined ? {} : { operation }),
    ...(times === undefined ? {} : { times }),
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
        <FaultPicker faults={faults} chosen={chosen} onChoose={choose} problem={problem} />
        <TimesChoice onChange={setTimes}>
          <span>
            for <b>{operation ?? api}</b>
          </span>
        </TimesChoice>
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
