import type { Answers } from '../../../src/client/routes.gen.ts'
import { callAdmin, type AdminCall, type OperationId } from '../../api/client.ts'
import { act, madeCall, messageOf, notify } from '../../state/actions.ts'
import { reloadRequests } from '../../state/requests.ts'

/** Names of the snapshots that the page saves before it replaces the state. */
export const BEFORE_RESET = 'before-reset'
export const BEFORE_RESTORE = 'before-restore'

/**
 * Saves a snapshot, then makes a call that replaces the state; the notice offers to undo it.
 *
 * @param name name of the snapshot
 */
export async function undoable<Id extends OperationId>(
  name: string,
  call: AdminCall<Id>,
  done: (answer: Answers[Id]) => string,
): Promise<void> {
  const save: AdminCall<'saveSnapshot'> = { operation: 'saveSnapshot', params: { snapshot: name } }
  try {
    await callAdmin(save)
  } catch (error) {
    notify('bad', `Nothing was changed: ${messageOf(error)}`, madeCall(save))
    return
  }
  const run = () => void restore(name, 'Undone: the state is as it was before')
  await act(call, done, { button: { label: 'Undo', run } })
  reloadRequests()
}

/** Restores a snapshot. */
export async function restore(name: string, done: string): Promise<void> {
  await act({ operation: 'restoreSnapshot', params: { snapshot: name } }, () => done)
  reloadRequests()
}
