import type { ApiName } from '../admin/contract.gen.ts'
import type { Contracts } from './contracts.ts'
import type { CalledOperation } from './model.ts'
import type { Observation } from './observation.ts'
import { operationKey } from './repeats.ts'

/** Number of calls of each operation, by `<api>.<operation>`. */
export function callsIn({ requests }: Observation): Readonly<Record<string, number>> {
  const calls: Record<string, number> = {}
  for (const request of requests) {
    const key = operationKey(request)
    if (key !== undefined) calls[key] = (calls[key] ?? 0) + 1
  }
  return calls
}

/** Differences between the calls of two runs, one sentence each. */
export function differences(first: Observation, second: Observation): readonly string[] {
  const [before, after] = [callsIn(first), callsIn(second)]
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted()
  return keys
    .filter((key) => before[key] !== after[key])
    .map(
      (key) =>
        `${key} was called ${times(before[key])} in the first run and ${times(after[key])} in the second`,
    )
}

function times(count = 0): string {
  return count === 1 ? 'once' : `${count} times`
}

/** The operations that a run called, with what the plan needs to know about them. */
export function operationsOf(
  observation: Observation,
  contracts: Contracts,
  creates: ReadonlySet<string>,
): readonly CalledOperation[] {
  const notifying = new Set(
    observation.deliveries.flatMap(({ requestId }) => {
      const request = observation.requests.find(({ id }) => id === requestId)
      return (request && operationKey(request)) ?? []
    }),
  )
  return Object.entries(callsIn(observation))
    .toSorted(([a], [b]) => (a < b ? -1 : 1)) // keys differ
    .map(([key, calls]) => {
      const [api = '', operation = ''] = key.split('.')
      const { method = 'POST', statuses = [] } = contracts[key] ?? {}
      return {
        api: api as ApiName, // the server named it
        operation,
        method,
        calls,
        creates: creates.has(key),
        statuses,
        notifies: notifying.has(key),
      }
    })
}
