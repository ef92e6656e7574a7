import type { Reply, Task } from '../core/api.ts'
import { isSecretName } from '../core/request-log/redact.ts'
import type { ArmedFault } from '../core/faults/armed-fault.ts'
import { Problem } from '../core/problem.ts'
import type { Fault, FaultList, NewFault } from './contract.gen.ts'
import type { SandboxPort } from './ports.ts'

type Names =
  | 'listFaults'
  | 'addFault'
  | 'replaceFaults'
  | 'clearFaults'
  | 'getFault'
  | 'putFault'
  | 'deleteFault'

/** Arming faults, and asking what came of them. */
export function faultTasks(world: SandboxPort): Record<Names, Task> {
  const { faults } = world
  const shown = (rule: ArmedFault) => described(rule, world)
  const list = (rules: readonly ArmedFault[]): Reply => {
    const body: FaultList = { faults: rules.map(shown) }
    return { status: 200, body }
  }
  const named = (id: string): ArmedFault => {
    const rule = faults.get(id)
    if (rule) return rule
    const known = faults.list().map((one) => one.id)
    const message = `There is no fault ${id}; there are: ${known.slice(0, 20).join(', ') || 'none'}`
    throw new Problem(404, 'fault.unknown', message)
  }
  return {
    listFaults: (call) => {
      const isAsked = (name: string) => call.query.get(name) === 'true'
      const among = isAsked('all') ? faults.list() : faults.armed()
      return list(among.filter(({ fired }) => !isAsked('unfired') || fired === 0))
    },
    addFault: (call) => {
      const rule = faults.add(call.body, 'admin')
      const headers = { Location: `${call.base}/_standin/faults/${rule.id}` }
      return { status: 201, body: shown(rule), headers }
    },
    replaceFaults: (call) => {
      const given = call.body as { faults: NewFault[] } // the contract has checked it
      return list(faults.replaceAll(given.faults, 'admin'))
    },
    clearFaults: () => {
      const reply = list(faults.armed())
      faults.clear()
      return reply
    },
    getFault: (call) => ({ status: 200, body: shown(named(call.params['fault']!)) }),
    putFault: (call) => {
      const rule = faults.add(call.body, 'admin', call.params['fault'])
      return { status: 200, body: shown(rule) }
    },
    deleteFault: (call) => {
      const rule = named(call.params['fault']!)
      faults.remove(rule.id)
      return { status: 200, body: shown(rule) }
    },
  }
}

/** A fault as its own page shows it. */
export function described(
  rule: ArmedFault,
  { clock, faults }: Pick<SandboxPort, 'clock' | 'faults'>,
): Fault {
  const { nearestMiss, expiresAt, lastFiredAt } = rule
  const time = (at: number) => new Date(at).toISOString()
  return {
    id: rule.id,
    origin: rule.origin,
    fault: rule.shortForm,
    definition: hidden(rule.definition as NewFault), // the same, as its schema has it
    armedAt: time(rule.armedAt),
    ...(expiresAt === undefined ? {} : { expiresAt: time(expiresAt) }),
    live: rule.isLive(clock.now()),
    breaksContract: faults.breaksContract(rule),
    eligible: rule.eligible,
    fired: rule.fired,
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
    firings: rule.firings.map(({ requestId, at, user, next }) => ({
      requestId,
      at: time(at),
      ...(user === undefined ? {} : { about: user }),
      next: next ? `${next.action} after ${next.afterMs} ms` : 'nothing yet',
    })),
  }
}

/** A token or key that a fault waits for is not shown again. */
function hidden(definition: NewFault): NewFault {
  const { match } = definition
  if (!match) return definition
  const masked = (values: NonNullable<NewFault['match']>['headers']) =>
    values &&
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        isSecretName(name) ? '(hidden)' : value,
      ]),
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
