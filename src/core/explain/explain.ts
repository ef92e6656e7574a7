import { createdUserId, type Hint } from '../api.ts'
import { sentence } from '../problem.ts'
import { decisionsOn } from './decisions.ts'
import { STEP_TITLES, type Decision, type ExplainInput } from './model.ts'
import { endingFaultText } from './faults.ts'
import { hintsFor } from './hints/index.ts'
import { urlInSandbox } from './hints/path.ts'
import { nearest, type Nearest } from './hints/nearest.ts'

/** The decisions that led to the answer of a request, and what to change. */
export interface Explanation {
  readonly id: string
  /** Absent, like the path, if the request line could not be read. */
  readonly method?: string
  readonly path?: string
  /** The first line received, if it is not a request line. */
  readonly line?: string
  readonly status: number
  /** Absent if the request matched no operation. */
  readonly operation?: string
  /** The outcome and its reason, in a sentence or two. */
  readonly summary: string
  readonly decisions: readonly Decision[]
  /** The most similar operations and the changes for each, if the request matched none. */
  readonly nearest: readonly Nearest[]
  readonly hints: readonly Hint[]
}

/** Explains a request from its record; nothing is cached between calls. */
export function explain(input: ExplainInput): Explanation {
  const { call, status, all } = input
  const { reason } = call.problem ?? {}
  const isUnrouted = reason === 'route.unknown' || reason === 'method.not-allowed'
  const decisions = decisionsOn(input)
  const [path = ''] = call.url.split('?', 1)
  return {
    id: call.id,
    ...(call.method === '' ? {} : { method: call.method, path }),
    ...(call.malformedLine === undefined ? {} : { line: call.malformedLine }),
    status,
    ...(call.operation ? { operation: call.operation.id } : {}),
    summary: summaryOf(input, decisions),
    decisions,
    nearest: isUnrouted ? nearest(call.method, urlInSandbox(call), all) : [],
    hints: hintsFor(input),
  }
}

function summaryOf(input: ExplainInput, decisions: readonly Decision[]): string {
  const { call, status, api } = input
  const user = createdUserId(call, api)
  const created = user === undefined ? '' : ` The user ${user} was created.`
  const fault = endingFaultText(input)
  if (fault !== undefined) return `${fault}${created}`
  const refused = decisions.find(({ outcome }) => outcome === 'refused')
  if (refused && call.problem) {
    const title = STEP_TITLES[refused.step]
    return `Refused with ${status} at "${title}": ${sentence(call.problem.message)} Later steps did not run.`
  }
  const isNoted = decisions.some(({ outcome }) => outcome === 'noted')
  const warning = isNoted ? ' The request has notes: another server may refuse it.' : ''
  return `Accepted and answered with ${status}.${created}${warning}`
}
