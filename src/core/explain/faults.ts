import type { StepCheck } from './checks.ts'
import { createdUserId } from '../api.ts'
import { type ConsideredFault } from '../call.ts'
import { isMadeUp } from '../faults/refusal.ts'
import { sentence } from '../problem.ts'
import type { FaultStage } from '../stages.ts'
import type { ExplainInput, Decision, Step } from './model.ts'
import { listed } from '../words.ts'

/** The last step that a request has passed when a fault fires after this stage. */
const LAST_STEP: Readonly<Record<FaultStage, Step>> = {
  route: 'route',
  auth: 'credentials',
  validation: 'strict',
  commit: 'webhooks',
}

/** The last step that a request passed before a fault ended it; undefined if no fault did. */
export function lastStepBeforeFault({ call, api }: ExplainInput): Step | undefined {
  if (!call.endedAfter) return undefined
  // Some faults let the operation run and then replace its answer.
  return createdUserId(call, api) === undefined ? LAST_STEP[call.endedAfter] : 'webhooks'
}

/** A sentence about the fault that ended the request; undefined if no fault did. */
export function endingFaultText({ call, status }: ExplainInput): string | undefined {
  if (!call.endedAfter) return undefined
  const fault = call.faults?.find((considered) => considered.fired)
  const name = fault ? nameOf(fault) : 'that it requested'
  if (status === 0) return `Not answered: the fault ${name} ended the connection.`
  if (!call.problem) return `Answered with ${status} by the fault ${name}, in place of the API.`
  const claim = isMadeUp(call.problem) ? ', which made up the reason' : ''
  return `Refused with ${status} by the fault ${name}${claim}: ${sentence(call.problem.message)}`
}

/** The faults considered for the request and their effect; undefined if none were armed. */
export function faultsDecision(input: ExplainInput): Decision | undefined {
  const { call } = input
  const { faults = [] } = call
  const ending = endingFaultText(input)
  if (!call.operation || (faults.length === 0 && ending === undefined)) return undefined
  const fired = faults.filter((fault) => fault.fired)
  const checks = faults.map((fault): StepCheck => ({
    at: fault.id,
    outcome: fault.fired ? 'noted' : 'passed',
    text: `${fault.fired ? 'fired' : 'did not fire'}: ${fault.why}`,
    evidence: [],
  }))
  const outcome = ending !== undefined ? 'refused' : fired.length > 0 ? 'noted' : 'passed'
  const text = ending ?? firedText(fired, faults.length)
  return { step: 'faults', outcome, text, evidence: [], checks }
}

function firedText(fired: readonly ConsideredFault[], considered: number): string {
  if (fired.length > 0) {
    return `${listed(fired.map(nameOf))} fired, so later steps may differ from the vendor's behaviour.`
  }
  return considered === 1
    ? 'One fault is armed; it did not fire.'
    : `${considered} faults are armed; none fired.`
}

/** `fault-1 (500;times=2)`. */
function nameOf({ id, fault }: ConsideredFault): string {
  return fault ? `${id} (${fault})` : id
}
