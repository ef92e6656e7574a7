import type { Evidence } from './evidence.ts'
import type { Explanation } from './explain.ts'
import { STEP_TITLES, type Decision } from './model.ts'

const OUTCOMES = { passed: 'ok', noted: 'ok, with a note', refused: 'REFUSED' } as const
const FAULT_OUTCOMES = { passed: 'none fired', noted: 'FIRED', refused: 'FIRED' } as const

/** Renders an explanation as plain text for a terminal. */
export function explanationText(explanation: Explanation): string {
  const { id, method, path, line, status, summary, decisions, nearest, hints } = explanation
  const request = method === undefined ? (line ?? 'An unreadable request') : `${method} ${path}`
  const outcome = status === 0 ? 'was not answered' : `was answered ${status}`
  const lines = [`${id}: ${request} ${outcome}`, '', ...wrapped(summary, ''), '']
  for (const [i, decision] of decisions.entries()) {
    lines.push(`${i + 1}. ${STEP_TITLES[decision.step]}: ${outcomeText(decision, status)}`)
    lines.push(...wrapped(decision.text, '   '), ...sourceLines(decision.evidence, '   '))
    for (const check of decision.checks ?? []) {
      const mark = check.outcome === 'refused' ? 'REFUSED: ' : ''
      lines.push(...wrapped(`${check.at}: ${mark}${check.text}`, '     ', '   - '))
      lines.push(...sourceLines(check.evidence, '     '))
    }
  }
  if (nearest.length > 0) {
    lines.push('', 'Nearest operations, and what to change for each')
    for (const one of nearest) {
      const edits = one.edits.map(({ text }) => text).join('; ')
      const operation = `${one.method} ${one.path} (${one.operation} of ${one.api})`
      lines.push(...wrapped(`${operation}: ${edits}`, '     ', '   - '))
    }
  }
  if (hints.length > 0) {
    lines.push('', 'What to change')
    for (const { code, text } of hints)
      lines.push(...wrapped(`${text} [${code}]`, '     ', '   - '))
  }
  return `${lines.join('\n')}\n`
}

function outcomeText({ step, outcome }: Decision, status: number): string {
  if (step === 'answer') return String(status || 'none')
  return (step === 'faults' ? FAULT_OUTCOMES : OUTCOMES)[outcome]
}

function sourceLines(evidence: readonly Evidence[], indent: string): string[] {
  const sources = new Set(evidence.map((one) => `from ${sourceText(one)}`))
  return [...sources].flatMap((text) => wrapped(text, `${indent}  `, indent))
}

/** `the vendor's page about this call: "phone string" (null is assumed to mean absent)`. */
function sourceText({ level, line, url, note }: Evidence): string {
  const source =
    level === 'documented'
      ? "the vendor's page about this call"
      : level === 'public'
        ? 'another public page'
        : "Standin's own decision"
  const quoted = line === undefined ? '' : `: "${line}"`
  const more = [note, url].filter((text) => text !== undefined).join(' ')
  return `${source}${quoted}${more === '' ? '' : ` (${more.replace(/\.$/, '')})`}`
}

const WIDTH = 96

/** The lines of a text, broken between words. */
function wrapped(text: string, indent: string, first = indent): string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + word.length + 1 > WIDTH) {
      lines.push(line)
      line = `${indent}${word}`
    } else line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}
