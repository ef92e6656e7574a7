import type { Check } from './checks.ts'
import { createdUserId } from '../api.ts'
import { type ConsideredFault } from '../call.ts'
import { sentence } from '../problem.ts'
import type { FaultStage } from '../stages.ts'
import type { ExplainInput, Decision, Step } from './model.ts'
import { listed } from '../words.ts'

/** The last step that a request passed, by what a fault waits for. */
const PASSED: Readonly<Record<FaultStage, Step>> = {
  route: 'route',
  auth: 'credentials',
  validation: 'strict',
  commit: 'webhooks',
}

/** The step behind which a fault ended the request; undefined where none did. */
export function lastBeforeEnd({ call, api }: ExplainInput): Step | undefined {
  if (!call.endedAfter) return undefined
  // Some let the operation run, and then tell another story of it.
  return createdUserId(call, api) === undefined ? PASSED[call.endedAfter] : 'webhooks'
}

/** The fault that ended the request, and how, in a sentence. */
export function endedBy({ call, status }: ExplainInput): { readonly text: string } | undefined {
  if (!call.endedAfter) return undefined
  const fault = call.faults?.find((one) => one.fired)
  const name = fault ? named(fault) : 'that it asked for'
  if (status === 0) return { text: `Not answered: the fault ${name} ended the connection.` }
  if (!call.problem) {
    return { text: `Answered with ${status} by the fault ${name}, in place of the API.` }
  }
  const { message } = call.problem
  return { text: `Refused with ${status} on purpose, by the fault ${name}: ${sentence(message)}` }
}

/** Which faults were looked at, and what they did; nothing where none are armed. */
export function faultsDecision(asked: ExplainInput): Decision | undefined {
  const { call } = asked
  const { faults = [] } = call
  const end = endedBy(asked)
  if (!call.operation || (faults.length === 0 && !end)) return undefined
  const fired = faults.filter((fault) => fault.fired)
  const checks = faults.map((fault): Check => ({
    at: fault.id,
    outcome: fault.fired ? 'noted' : 'passed',
    text: `${fault.fired ? 'fired' : 'did not fire'}: ${fault.why}`,
    evidence: [],
  }))
  const text =
    end?.text ??
    (fired.length === 0
      ? `None of the ${faults.length} faults that are armed fired.`
      : `${listed(fired.map(named))} fired, so what comes below may not be the vendor's doing.`)
  const outcome = end ? 'refused' : fired.length > 0 ? 'noted' : 'passed'
  return { step: 'faults', outcome, text, evidence: [], checks }
}

/** `fault-1 (500;times=2)`. */
function named({ id, fault }: ConsideredFault): string {
  return fault ? `${id} (${fault})` : id
}
