import { stagesOf } from '../stages.ts'
import type { Decision, ExplainInput, Step } from './model.ts'
import { createdUserId } from '../api.ts'
import { type Warning } from '../call.ts'
import { MADE_UP } from '../faults/refusal.ts'
import { isPreflight } from '../http/hosts.ts'
import { sentence } from '../problem.ts'
import { contractChecks, fieldsNotSent, type StepCheck } from './checks.ts'
import { evidenceIndexOf, type Evidence, type EvidenceIndex } from './evidence.ts'
import { faultsDecision, lastStepBeforeFault } from './faults.ts'
import { contentTypeOf } from './hints/hint-input.ts'
import { listed, quotable } from '../words.ts'

/** Every step but the answer. */
type EarlierStep = Exclude<Step, 'answer'>

/** Describes a step that refused nothing; undefined if the step did not apply to the request. */
type DescribeStep = (input: ExplainInput, index: EvidenceIndex) => Decision | undefined

/** All decisions on a request, in order; the last is the answer. */
export function decisionsOn(input: ExplainInput): readonly Decision[] {
  const { call } = input
  const index = evidenceIndexOf(input.contract)
  const refusedAt: Step | undefined =
    call.problem?.reason === 'sandbox.unknown' ? 'sandbox' : call.problem && call.stage
  const beforeFault = lastStepBeforeFault(input)
  const decisions: Decision[] = []
  for (const step of stepsOf(input)) {
    if (beforeFault && step === 'faults') continue
    if (step === refusedAt && !beforeFault) {
      decisions.push(refusal(step, input, index))
      break
    }
    const decision = DESCRIPTIONS[step](input, index)
    if (decision) decisions.push(withWarnings(decision, input, index))
    if (step === beforeFault) {
      decisions.push(faultsDecision(input)!) // a fault ended the request
      break
    }
  }
  return [...decisions, answerDecision(input, index)]
}

/** The stages in the order in which the pipeline runs them for this API, and the other steps. */
function stepsOf({ api }: ExplainInput): readonly EarlierStep[] {
  const stages = stagesOf(api).flatMap(({ name }): EarlierStep[] =>
    name === 'route' ? [name, 'faults'] : [name],
  )
  return ['sandbox', 'arrival', ...stages, 'webhooks']
}

function refusal(step: Step, input: ExplainInput, index: EvidenceIndex): Decision {
  const problem = input.call.problem! // called for refused requests only
  const checks = step === 'contract' ? contractChecks(input, index) : undefined
  const text = checks ? countText(checks) : sentence(problem.message)
  return {
    step,
    outcome: 'refused',
    text: `${text} Standin-Reason: ${problem.reason}.`,
    evidence: refusalEvidence(step, input, index),
    ...(checks ? { checks } : {}),
  }
}

function refusalEvidence(
  step: Step,
  { call, status }: ExplainInput,
  index: EvidenceIndex,
): readonly Evidence[] {
  const { operation, problem } = call
  // Faults belong to Standin, so no vendor's page is evidence for an invalid one.
  if (!operation || problem?.reason.startsWith('fault')) return []
  switch (step) {
    case 'credentials':
      return index.credentials(operation).evidence
    case 'body':
      return index.body(operation, call.bodyType)
    case 'strict':
      return (call.problem?.violations ?? []).flatMap(({ at }) =>
        index.field(operation, call.bodyType, at, 'x-strict'),
      )
    case 'contract':
      return []
    default:
      return call.problem ? index.answer(operation, status) : []
  }
}

/** Adds the warnings that the request got at this step. */
function withWarnings(decision: Decision, input: ExplainInput, index: EvidenceIndex): Decision {
  const { step } = decision
  const warnings = input.call.warnings.filter(
    // The step `faults` reports the errors that a fault made up.
    ({ stage, code }) => stage === step && code !== MADE_UP,
  )
  if (warnings.length === 0) return decision
  // The checks of the contract already mention each field.
  if (step === 'contract' && decision.checks) return { ...decision, outcome: 'noted' }
  const { operation, bodyType } = input.call
  const evidenceOf = ({ code }: Warning): readonly Evidence[] =>
    operation && step === 'strict'
      ? index.field(operation, bodyType, code.split('.').slice(1), 'x-strict')
      : []
  const checks = warnings.map((warning): StepCheck => ({
    at: warning.code,
    outcome: 'noted',
    text: warning.text,
    evidence: evidenceOf(warning),
  }))
  return { ...decision, outcome: 'noted', checks }
}

const passed = (step: Step, text: string, evidence: readonly Evidence[] = []): Decision => ({
  step,
  outcome: 'passed',
  text,
  evidence,
})

const DESCRIPTIONS: Readonly<Record<EarlierStep, DescribeStep>> = {
  sandbox: ({ call: { base }, sandbox }) => {
    if (base === `/~${sandbox}`) {
      return passed(
        'sandbox',
        `The path begins with ${base}, which selects the sandbox ${sandbox}.`,
      )
    }
    if (base !== '') {
      const text = `The path begins with ${base}, but no such sandbox exists. Such requests are recorded in the sandbox ${sandbox}.`
      return passed('sandbox', text)
    }
    return passed(
      'sandbox',
      sandbox === 'default'
        ? 'The request names no sandbox, so the sandbox default answers it.'
        : `The header Standin-Sandbox or the host selects the sandbox ${sandbox}.`,
    )
  },
  arrival: ({ call }) => {
    if (isAllowedPreflight(call)) {
      const text = `A CORS preflight from ${call.headers.origin}. The origin is allowed by --cors-origins.`
      return passed('arrival', text)
    }
    const hasWarning = call.warnings.some(({ stage }) => stage === 'arrival')
    return hasWarning ? passed('arrival', 'The request was accepted with a warning.') : undefined
  },
  route: ({ call, api, contract }, index) => {
    const { operation, method, params } = call
    if (!operation) return undefined
    const values = Object.entries(params).map(
      ([name, value]) => `${name} = ${quotable(value) ?? '(not shown)'}`,
    )
    const withParams = values.length === 0 ? '' : `, with ${listed(values)}`
    const route = `${method} ${contract.prefix}${operation.path}`
    const text = `${route} is the operation ${operation.id} of ${api.title}${withParams}.`
    return passed('route', text, index.operation(operation))
  },
  faults: faultsDecision,
  credentials: ({ call, api }, index) => {
    if (!call.operation || api.credentialsIn === 'none') return undefined
    const { scheme, scopes, evidence } = index.credentials(call.operation)
    const names = scopes.filter(Boolean)
    const withScope = names.length === 0 ? '' : ` and have the scope ${listed(names)}`
    return passed('credentials', `The credentials (${scheme}) are valid${withScope}.`, evidence)
  },
  accept: ({ call }) => {
    if (isAllowedPreflight(call)) return undefined
    const { accept } = call.headers
    const shown = accept !== undefined && /^[\w*/+.,;= -]{1,80}$/.test(accept)
    const header =
      accept === undefined
        ? 'the request has no Accept header'
        : `the Accept header is ${shown ? accept : 'not shown'}`
    return passed('accept', `The answer is in ${call.answerType}; ${header}.`)
  },
  body: ({ call }, index) => {
    const { operation, bodyText, bodyType } = call
    if (!operation || operation.requestTypes.length === 0 || bodyText === undefined)
      return undefined
    const contentType = contentTypeOf(call)
    const why =
      contentType === undefined
        ? 'the default for a request without a Content-Type'
        : contentType === bodyType
          ? 'as its Content-Type says'
          : 'although its Content-Type names another type'
    const text = `The body was read as ${bodyType}, ${why}.`
    return passed('body', text, index.body(operation, bodyType))
  },
  contract: (input, index) => {
    if (!input.call.operation) return undefined
    const checks = contractChecks(input, index)
    const notSent = fieldsNotSent(input)
    const optional =
      notSent.length === 0 ? '' : ` Optional fields that were not sent: ${listed(notSent)}.`
    const decision = passed('contract', `${countText(checks)}${optional}`)
    const isNoted = checks.some(({ outcome }) => outcome === 'noted')
    return { ...decision, outcome: isNoted ? 'noted' : 'passed', checks }
  },
  strict: ({ call }) => {
    if (!call.operation) return undefined
    if (call.strict) {
      return passed('strict', 'The profile is strict; the request satisfies its additional rules.')
    }
    const hasWarning = call.warnings.some(({ stage }) => stage === 'strict')
    const text = hasWarning
      ? 'The profile is documented; each rule that strict would refuse for is a warning.'
      : 'The profile is documented; strict would accept the fields too.'
    return passed('strict', text)
  },
  operation: ({ call, api }) => {
    if (!call.operation) return undefined
    const warnings = call.warnings.filter(({ stage }) => stage === 'operation')
    const text = warnings.some(({ assumed }) => assumed)
      ? 'The documented profile accepts this; strict would refuse it.'
      : warnings.length > 0
        ? 'The operation ran, with a warning.'
        : `The request does not conflict with data of ${api.title} in the sandbox, such as another user with the same address.`
    return passed('operation', text)
  },
  saving: ({ api, call }) => {
    if (!call.operation) return undefined
    const user = createdUserId(call, api)
    const text =
      user !== undefined
        ? `The user ${user} was added; GET ${call.base}/_standin/users/${api.name}/${user} shows it.`
        : call.changed !== undefined
          ? `The user ${call.changed.id} was ${call.changed.kind}.`
          : call.created !== undefined
            ? `${call.created} was added.`
            : 'Nothing was changed.'
    return passed('saving', text)
  },
  webhooks: ({ call }) => {
    const { events, deliveries = [] } = call
    if (!call.operation || (events === undefined && call.deliveries === undefined)) return undefined
    if (!events || events.length === 0) {
      return passed('webhooks', 'The change has no event, so no webhook is sent.')
    }
    const sent =
      deliveries.length > 0
        ? `it is delivered as ${listed(deliveries)}`
        : 'no subscription receives it'
    return passed('webhooks', `The event ${listed(events)} occurred; ${sent}.`)
  },
}

/** A preflight that Standin answered itself, before any API handled it. */
function isAllowedPreflight(call: ExplainInput['call']): boolean {
  return isPreflight(call) && !call.operation && !call.problem
}

/** The number of checks that passed or failed, as a sentence. */
function countText(checks: readonly StepCheck[]): string {
  const count = (outcome: StepCheck['outcome']) =>
    checks.filter((check) => check.outcome === outcome).length
  const all = checks.length
  const refused = count('refused')
  const noted = count('noted')
  if (all === 0) return 'There was nothing to check.'
  const items = `${all} parameters and fields`
  if (refused > 0)
    return `${refused} of ${items} ${refused === 1 ? 'breaks' : 'break'} the contract.`
  return noted > 0
    ? `None of ${items} breaks the contract; ${noted} ${noted === 1 ? 'has' : 'have'} a note.`
    : `All ${items} satisfy the contract.`
}

function answerDecision(input: ExplainInput, index: EvidenceIndex): Decision {
  const { call, status, mediaType = call.answerType } = input
  if (status === 0) return passed('answer', 'The connection ended without an answer.')
  const count = call.warnings.length
  const warnings =
    count === 0
      ? ''
      : ` It carries ${count === 1 ? 'one warning' : `${count} warnings`} (Standin-Warning).`
  const format = mediaType === '' ? ' without a body' : ` in ${mediaType}`
  // A page that a fault sends in place of the API's answer is in no contract.
  const isPage = call.endedAfter !== undefined && !call.problem
  const evidence = isPage ? [] : index.answer(call.operation, status)
  return passed('answer', `The answer is ${status}${format}.${warnings}`, evidence)
}
