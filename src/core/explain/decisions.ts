import { stagesOf } from '../stages.ts'
import type { Decision, ExplainInput, Step } from './model.ts'
import { createdUserId } from '../api.ts'
import { type Warning } from '../call.ts'
import { isPreflight } from '../http/hosts.ts'
import { sentence } from '../problem.ts'
import { contractChecks, fieldsNotSent, type Check } from './checks.ts'
import { evidenceOf, type Evidence, type EvidenceBook } from './evidence.ts'
import { faultsDecision, lastBeforeEnd } from './faults.ts'
import { statedType } from './hints/hint-input.ts'
import { listed, quotable } from '../words.ts'

/** What one step decided where it refused nothing; nothing where it had nothing to decide. */
type Telling = (asked: ExplainInput, book: EvidenceBook) => Decision | undefined

/** All decisions that were taken, in their order; the last is the answer. */
export function decisionsOn(asked: ExplainInput): readonly Decision[] {
  const { call } = asked
  const book = evidenceOf(asked.contract)
  const isLost = call.problem?.reason === 'sandbox.unknown'
  const stop: Step | undefined = call.problem && (isLost ? 'sandbox' : call.stage)
  const end = lastBeforeEnd(asked)
  const found: Decision[] = []
  for (const step of orderOf(asked)) {
    if (end && step === 'faults') continue
    if (step === stop && !end) {
      found.push(refusal(step, asked, book))
      break
    }
    const decision = TELLINGS[step](asked, book)
    if (decision) found.push(withFindings(decision, asked, book))
    if (step === end) {
      found.push(faultsDecision(asked)!) // one has ended it
      break
    }
  }
  return [...found, answerDecision(asked, book)]
}

/** The stages as the pipeline runs them for this API, with the decisions beside them. */
function orderOf({ api }: ExplainInput): readonly Exclude<Step, 'answer'>[] {
  const stages = stagesOf(api).flatMap(({ name }): Exclude<Step, 'answer'>[] =>
    name === 'route' ? [name, 'faults'] : [name],
  )
  return ['sandbox', 'arrival', ...stages, 'webhooks']
}

function refusal(step: Step, asked: ExplainInput, book: EvidenceBook): Decision {
  const { call } = asked
  const problem = call.problem! // asked only where there is one
  const checks = step === 'contract' ? contractChecks(asked, book) : undefined
  const code = `Standin-Reason: ${problem.reason}`
  const text = `${checks ? countIn(checks) : sentence(problem.message)} ${code}.`
  return {
    step,
    outcome: 'refused',
    text,
    evidence: evidenceFor(step, asked, book),
    ...(checks ? { checks } : {}),
  }
}

function evidenceFor(
  step: Step,
  { call, status }: ExplainInput,
  book: EvidenceBook,
): readonly Evidence[] {
  const { operation } = call
  if (!operation) return []
  switch (step) {
    case 'credentials':
      return book.credentials(operation).evidence
    case 'body':
      return book.body(operation, call.bodyType)
    case 'strict':
      return (call.problem?.violations ?? []).flatMap(({ at }) =>
        book.field(operation, call.bodyType, at, 'x-strict'),
      )
    case 'contract':
      return []
    default:
      return call.problem ? book.answer(operation, status) : []
  }
}

/** What was found at this step and let through. */
function withFindings(decision: Decision, asked: ExplainInput, book: EvidenceBook): Decision {
  const { step } = decision
  const found = asked.call.warnings.filter(({ stage }) => stage === step)
  if (found.length === 0) return decision
  const { operation, bodyType } = asked.call
  const evidence = (finding: Warning): readonly Evidence[] =>
    operation && step === 'strict'
      ? book.field(operation, bodyType, finding.code.split('.').slice(1), 'x-strict')
      : []
  const checks = found.map((finding): Check => ({
    at: finding.code,
    outcome: 'noted',
    text: finding.text,
    evidence: evidence(finding),
  }))
  // The contract's own list says it of each field already.
  const isSaid = step === 'contract' && decision.checks !== undefined
  return { ...decision, outcome: 'noted', checks: isSaid ? decision.checks : checks }
}

const passed = (step: Step, text: string, evidence: readonly Evidence[] = []): Decision => ({
  step,
  outcome: 'passed',
  text,
  evidence,
})

const TELLINGS: Readonly<Record<Exclude<Step, 'answer'>, Telling>> = {
  sandbox: ({ call, sandbox }) => {
    const named =
      call.base !== ''
        ? call.base === `/~${sandbox}`
          ? `The path begins with ${call.base}, so the request is for the sandbox ${sandbox}.`
          : `The path begins with ${call.base}, which is no sandbox; what is for none is written down here.`
        : sandbox === 'default'
          ? 'The request names no sandbox, so it is for the sandbox default.'
          : `The header Standin-Sandbox or the host names the sandbox ${sandbox}.`
    return passed('sandbox', named)
  },
  arrival: ({ call }) =>
    isAllowedPreflight(call)
      ? passed(
          'arrival',
          `A page at ${call.headers.origin} asked whether it may call (a CORS preflight). It may: --cors-origins lists it.`,
        )
      : call.warnings.some(({ stage }) => stage === 'arrival')
        ? passed('arrival', 'The request was let through, with a warning.')
        : undefined,
  route: ({ call, api, contract }, book) => {
    const { operation, method, params } = call
    if (!operation) return undefined
    const where = `${method} ${contract.prefix}${operation.path}`
    const given = Object.entries(params).map(
      ([name, value]) => `${name} = ${quotable(value) ?? 'what stands there'}`,
    )
    const having = given.length === 0 ? '' : `, with ${listed(given)}`
    const text = `${where} is the operation ${operation.id} of ${api.title}${having}.`
    return passed('route', text, book.operation(operation))
  },
  faults: faultsDecision,
  credentials: ({ call, api }, book) => {
    if (!call.operation || api.credentialsIn === 'none') return undefined
    const { scheme, scopes, evidence } = book.credentials(call.operation)
    const scope = scopes.filter(Boolean)
    const may = scope.length === 0 ? '' : `, and they hold the scope ${listed(scope)}`
    return passed('credentials', `The credentials (${scheme}) are good${may}.`, evidence)
  },
  accept: ({ call }) => {
    if (isAllowedPreflight(call)) return undefined
    const { accept } = call.headers
    const shown = accept !== undefined && /^[\w*/+.,;= -]{1,80}$/.test(accept) ? accept : 'one'
    const asked = accept === undefined ? 'there was no Accept header' : `Accept was ${shown}`
    return passed('accept', `The answer is in ${call.answerType}; ${asked}.`)
  },
  body: ({ call }, book) => {
    const { operation, bodyText, bodyType } = call
    if (!operation || operation.requestTypes.length === 0 || bodyText === undefined)
      return undefined
    const stated = statedType(call)
    const why =
      stated === undefined
        ? 'since there is no Content-Type that says otherwise'
        : stated === bodyType
          ? 'as its Content-Type says'
          : 'which is what its Content-Type is taken for'
    const shown = `The body was read as ${bodyType}, ${why}.`
    return passed('body', shown, book.body(operation, bodyType))
  },
  contract: (asked, book) => {
    if (!asked.call.operation) return undefined
    const checks = contractChecks(asked, book)
    const unsent = fieldsNotSent(asked)
    const rest = unsent.length === 0 ? '' : ` Not sent, and not needed: ${listed(unsent)}.`
    const decision = passed('contract', `${countIn(checks)}${rest}`)
    const isNoted = checks.some(({ outcome }) => outcome === 'noted')
    return { ...decision, outcome: isNoted ? 'noted' : 'passed', checks }
  },
  strict: ({ call }) => {
    if (!call.operation) return undefined
    const found = call.warnings.filter(({ stage }) => stage === 'strict')
    if (call.strict)
      return passed('strict', 'The profile is strict, and its further rules are kept.')
    const text =
      found.length === 0
        ? 'The profile is documented; strict would find nothing more in the fields.'
        : 'The profile is documented, so what only strict refuses is let through with a warning.'
    return passed('strict', text)
  },
  operation: ({ call, api }) => {
    if (!call.operation) return undefined
    const found = call.warnings.filter(({ stage }) => stage === 'operation')
    const text = found.some(({ assumed }) => assumed)
      ? 'The documented profile lets this through; strict would refuse it.'
      : found.length > 0
        ? 'It was done, with a warning.'
        : `Nothing that the sandbox holds for ${api.title} is in the way, such as another user with the same address.`
    return passed('operation', text)
  },
  saving: ({ api, call }) => {
    if (!call.operation) return undefined
    const user = createdUserId(call, api)
    const text =
      user !== undefined
        ? `The user ${user} was added; GET ${call.base}/_standin/users/${api.name}/${user} shows it.`
        : call.created !== undefined
          ? `${call.created} was added.`
          : 'Nothing was changed.'
    return passed('saving', text)
  },
  webhooks: ({ call }) => {
    const { events, deliveries } = call
    if (!call.operation || (events === undefined && deliveries === undefined)) return undefined
    const what = events && events.length > 0 ? `The event ${listed(events)} happened` : undefined
    const to =
      deliveries && deliveries.length > 0
        ? `it goes out as ${listed(deliveries)}`
        : 'no webhook listens for it'
    return passed('webhooks', what ? `${what}; ${to}.` : 'No webhook tells of this.')
  },
}

/** A browser's question that was answered before any API heard of it. */
function isAllowedPreflight(call: ExplainInput['call']): boolean {
  return isPreflight(call) && !call.operation && !call.problem
}

/** How many of the checks were passed. */
function countIn(checks: readonly Check[]): string {
  const count = (outcome: Check['outcome']) =>
    checks.filter((check) => check.outcome === outcome).length
  const all = checks.length
  const refused = count('refused')
  const noted = count('noted')
  if (all === 0) return 'There was nothing to check.'
  const things = 'parameters and fields'
  if (refused > 0)
    return `${refused} of ${all} ${things} ${refused === 1 ? 'is' : 'are'} not as the contract wants.`
  return noted > 0
    ? `None of the ${all} ${things} breaks the contract; ${noted} ${noted === 1 ? 'has' : 'have'} a note.`
    : `All ${all} ${things} are as the contract wants.`
}

function answerDecision(asked: ExplainInput, book: EvidenceBook): Decision {
  const { call, status, mediaType = call.answerType } = asked
  if (status === 0) return passed('answer', 'The connection ended without an answer.')
  const warned = call.warnings.length
  const warnings =
    warned === 0
      ? ''
      : ` It carries ${warned === 1 ? 'one warning' : `${warned} warnings`} (Standin-Warning).`
  const text = `The answer is ${status}${mediaType === '' ? ' without a body' : ` in ${mediaType}`}.${warnings}`
  // What stands in for the API is in no contract.
  const isPage = call.endedAfter !== undefined && !call.problem
  return passed('answer', text, isPage ? [] : book.answer(call.operation, status))
}
