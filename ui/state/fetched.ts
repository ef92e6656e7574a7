import { useEffect, useState } from 'preact/hooks'
import type { Answers } from '../../src/client/routes.gen.ts'
import { callAdmin, type AdminCall, type OperationId } from '../api/client.ts'
import { messageOf } from './actions.ts'
import { refreshCount } from './overview.ts'

/** The answer of a call, as far as it is known. */
export interface Fetched<T> {
  readonly data?: T
  /** Message of the last refusal; empty if there was none. */
  readonly problem: string
}

/**
 * Makes a call of the admin API now and at each refresh. The last answer is kept until the next one
 * arrives.
 *
 * @param call undefined for none
 */
export function useFetched<Id extends OperationId>(
  call: AdminCall<Id> | undefined,
): Fetched<Answers[Id]> {
  const key = call === undefined ? '' : JSON.stringify(call)
  const [known, setKnown] = useState<Fetched<Answers[Id]> & { readonly key: string }>()
  const changed = refreshCount.value
  useEffect(() => {
    if (!call) return undefined
    const stop = new AbortController()
    callAdmin(call, stop.signal).then(
      (data) => setKnown({ key, data, problem: '' }),
      (error: unknown) => {
        if (!stop.signal.aborted) setKnown({ key, problem: messageOf(error) })
      },
    )
    return () => stop.abort()
  }, [key, changed])
  return known?.key === key ? known : { problem: '' }
}
