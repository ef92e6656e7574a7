import type { Reply, Task } from '../core/api.ts'
import type { ArmedFault } from '../core/faults/armed-fault.ts'
import { catalogueFor } from '../core/faults/catalogue.ts'
import { Problem } from '../core/problem.ts'
import type { SecretNames } from '../core/request-log/secret-names.ts'
import type { Fault, FaultCatalogue, FaultList, NewFault } from './contract.gen.ts'
import type { SandboxPort } from './ports.ts'

type Names =
  | 'listFaults'
  | 'getFaultCatalogue'
  | 'addFault'
  | 'replaceFaults'
  | 'clearFaults'
  | 'getFault'
  | 'putFault'
  | 'deleteFault'

/** Handlers of `/faults`. */
export function faultTasks(sandbox: SandboxPort): Record<Names, Task> {
  const { faults } = sandbox
  const bodyOf = (fault: ArmedFault) => faultBody(fault, sandbox)
  const listOf = (listed: readonly ArmedFault[]): Reply => {
    const body: FaultList = { faults: listed.map(bodyOf) }
    return { status: 200, body }
  }
  const faultFor = (id: string): ArmedFault => {
    const fault = faults.get(id)
    if (fault) return fault
    const ids = faults.list().map((one) => one.id)
    const message = `There is no fault ${id}; there are: ${ids.slice(0, 20).join(', ') || 'none'}`
    throw new Problem(404, 'fault.unknown', message)
  }
  return {
    listFaults: (call) => {
      const isTrue = (name: string) => call.query.get(name) === 'true'
      const listed = isTrue('all') ? faults.list() : faults.armed()
      return listOf(listed.filter(({ fired }) => !isTrue('unfired') || fired === 0))
    },
    getFaultCatalogue: ({ query }) => {
      const id = query.get('operation')
      const { api, contract } = sandbox.vendors.find((one) => one.api.name === query.get('api'))! // the contract lists them
      const operation = contract.operations.find((one) => one.id === id)
      if (id !== null && !operation) {
        const ids = contract.operations.map((one) => one.id)
        const message = `${api.title} has no operation ${id}; there are: ${ids.join(', ')}`
        throw new Problem(400, 'operation.unknown', message)
      }
      const body: FaultCatalogue = {
        operations: contract.operations.map(({ id: name, method, path }) => ({
          operation: name,
          method: method.toUpperCase(),
          path,
        })),
        faults: [...catalogueFor({ api, operation })],
      }
      return { status: 200, body }
    },
    addFault: (call) => {
      const fault = faults.add(call.body, 'admin')
      const headers = { Location: `${call.base}/_standin/faults/${fault.id}` }
      return { status: 201, body: bodyOf(fault), headers }
    },
    replaceFaults: (call) => {
      const { faults: definitions } = call.body as { faults: NewFault[] } // the contract has checked it
      return listOf(faults.replaceAll(definitions, 'admin'))
    },
    clearFaults: () => {
      const reply = listOf(faults.armed())
      faults.clear()
      return reply
    },
    getFault: (call) => ({ status: 200, body: bodyOf(faultFor(call.params['fault']!)) }),
    putFault: (call) => {
      const fault = faults.add(call.body, 'admin', call.params['fault'])
      return { status: 200, body: bodyOf(fault) }
    },
    deleteFault: (call) => {
      const fault = faultFor(call.params['fault']!)
      faults.remove(fault.id)
      return { status: 200, body: bodyOf(fault) }
    },
  }
}

/** A fault as the admin API returns it. */
function faultBody(fault: ArmedFault, { clock, faults, secrets }: SandboxPort): Fault {
  const { nearestMiss, expiresAt, lastFiredAt } = fault
  const time = (at: number) => new Date(at).toISOString()
  return {
    id: fault.id,
    origin: fault.origin,
    fault: fault.shortForm,
    definition: withoutSecrets(fault.definition as NewFault, secrets.names), // its schema is that of NewFault
    armedAt: time(fault.armedAt),
    ...(expiresAt === undefined ? {} : { expiresAt: time(expiresAt) }),
    live: fault.isLive(clock.now()),
    breaksContract: faults.breaksContract(fault),
    eligible: fault.eligible,
    fired: fault.fired,
    ...(lastFiredAt === undefined ? {} : { lastFiredAt: time(lastFiredAt) }),
    ...(nearestMiss === undefined
      ? {}
      : {
          nearestMiss: {
            requestId: nearestMiss.requestId,
            at: time(nearestMiss.at),
            why: nearestMiss.why,
          },
        }),
    firings: fault.firings.map(({ requestId, host, at, user, next }) => ({
      ...(requestId === undefined ? {} : { requestId }),
      ...(host === undefined ? {} : { host }),
      at: time(at),
      ...(user === undefined ? {} : { about: user }),
      next: next ? `${next.action} after ${next.afterMs} ms` : 'nothing yet',
    })),
  }
}

/** Hides the tokens and keys in the conditions of a fault. */
function withoutSecrets(definition: NewFault, names: SecretNames): NewFault {
  const { match } = definition
  if (!match) return definition
  const masked = (values: NonNullable<NewFault['match']>['headers']) =>
    values &&
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, names.has(name) ? '(hidden)' : value]),
    )
  return {
    ...definition,
    match: {
      ...match,
      ...(match.credential === undefined ? {} : { credential: '(hidden)' }),
      ...(match.headers === undefined ? {} : { headers: masked(match.headers)! }), // it is given
      ...(match.query === undefined ? {} : { query: masked(match.query)! }),
      ...(match.fields === undefined ? {} : { fields: masked(match.fields)! }),
    },
  }
}
