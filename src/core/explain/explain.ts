import { createdUserId, type Hint } from '../api.ts'
import { sentence } from '../problem.ts'
import { decisionsOn } from './decisions.ts'
import type { Decision, ExplainInput, Step } from './model.ts'
import { STAGES } from '../stages.ts'
import { endedBy } from './faults.ts'
import { inWords, type Evidence } from './evidence.ts'
import { hintsFor } from './hints/index.ts'
import { urlBelow } from './hints/path.ts'
import { nearest, type Nearest } from './hints/nearest.ts'

/** Why a request was answered as it was. */
export interface Explanation {
  readonly id: string
  /** Absent, as the path, where the request line could not be read. */
  readonly method?: string
  readonly path?: string
  /** What came in place of a request line. */
  readonly line?: string
  readonly status: number
  /** Absent where no operation was met. */
  readonly operation?: string
  /** The outcome and its reason, in a sentence or two. */
  readonly summary: string
  readonly decisions: readonly Decision[]
  /** Where no operation was met: those that may have been meant, and what to change for each. */
  readonly nearest: readonly Nearest[]
  readonly hints: readonly Hint[]
}

/** Worked out anew on each call, from what is kept of the request. */
export function explain(asked: ExplainInput): Explanation {
  const { call, status, all } = asked
  const { reason } = call.problem ?? {}
  const isLost = reason === 'route.unknown' || reason === 'method.not-allowed'
  const decisions = decisionsOn(asked)
  const [path = ''] = call.url.split('?', 1)
  return {
    id: call.id,
    ...(call.method === '' ? {} : { method: call.method, path }),
    ...(call.malformedLine === undefined ? {} : { line: call.malformedLine }),
    status,
    ...(call.operation ? { operation: call.operation.id } : {}),
    summary: summaryOf(asked, decisions),
    decisions,
    nearest: isLost ? nearest(call.method, urlBelow(asked), all) : [],
    hints: hintsFor(asked),
  }
}

function summaryOf(asked: ExplainInput, decisions: readonly Decision[]): string {
  const { call, status, api } = asked
  const user = createdUserId(call, api)
  const made = user === undefined ? '' : ` The user ${user} was created.`
  const fault = endedBy(asked)
  if (fault) return `${fault.text}${made}`
  const refused = decisions.find(({ outcome }) => outcome === 'refused')
  const noted = decisions.filter(({ outcome }) => outcome === 'noted').length
  if (refused && call.problem) {
    return `Refused with ${status} at "${TITLES[refused.step]}": ${sentence(call.problem.message)} What would come after that was not looked at.`
  }
  const warned = noted === 0 ? '' : ' Something about it was let through that others may refuse.'
  return `Accepted, and answered with ${status}.${made}${warned}`
}

/** The headings of the steps; those of the stages come from the one table of stages. */
const TITLES = {
  ...Object.fromEntries(STAGES.map(({ name, title }) => [name, title])),
  sandbox: 'Sandbox',
  faults: 'Faults',
  webhooks: 'Webhooks',
} as Readonly<Record<Step, string>> // every stage has its title

const WORDS = { passed: 'ok', noted: 'ok, with a note', refused: 'REFUSED' } as const
/** A fault that fires does what it was armed for. */
const FAULT_WORDS = { passed: 'none fired', noted: 'FIRED', refused: 'FIRED' } as const

function wordFor({ step, outcome }: Decision, status: number): string {
  if (step === 'answer') return String(status || 'none')
  return (step === 'faults' ? FAULT_WORDS : WORDS)[outcome]
}

/** The explanation for a person at a terminal. */
export function inText(explanation: Explanation): string {
  const { id, method, path, line, status, summary, decisions, nearest: near, hints } = explanation
  const what = method === undefined ? (line ?? 'What came') : `${method} ${path}`
  const outcome = status === 0 ? 'was not answered' : `was answered ${status}`
  const lines = [`${id}: ${what} ${outcome}`, '', ...wrapped(summary, ''), '']
  for (const [i, decision] of decisions.entries()) {
    lines.push(`${i + 1}. ${TITLES[decision.step]}: ${wordFor(decision, status)}`)
    lines.push(...wrapped(decision.text, '   '), ...sources(decision.evidence, '   '))
    for (const check of decision.checks ?? []) {
      const mark = check.outcome === 'refused' ? 'REFUSED: ' : ''
      lines.push(...wrapped(`${check.at}: ${mark}${check.text}`, '     ', '   - '))
      lines.push(...sources(check.evidence, '     '))
    }
  }
  if (near.length > 0) {
    lines.push('', 'Nearest operations, and what to change for each')
    for (const one of near) {
      const edits = one.edits.map(({ text }) => text).join('; ')
      const to = `${one.method} ${one.path} (${one.operation} of ${one.api})`
      lines.push(...wrapped(`${to}: ${edits}`, '     ', '   - '))
    }
  }
  if (hints.length > 0) {
    lines.push('', 'What to change')
    for (const { code, text } of hints)
      lines.push(...wrapped(`${text} [${code}]`, '     ', '   - '))
  }
  return `${lines.join('\n')}\n`
}

function sources(evidence: readonly Evidence[], indent: string): string[] {
  const said = new Set(evidence.map((one) => `from ${inWords(one)}`))
  return [...said].flatMap((text) => wrapped(text, `${indent}  `, indent))
}

const WIDTH = 96

/** Lines of a text, broken between words. */
function wrapped(text: string, indent: string, first = indent): string[] {
  const lines: string[] = []
  let line = first
  for (const word of text.split(' ')) {
    const isFresh = line === first || line === indent
    if (!isFresh && line.length + word.length + 1 > WIDTH) {
      lines.push(line)
      line = `${indent}${word}`
    } else line += line === first || line === indent ? word : ` ${word}`
  }
  return [...lines, line]
}
