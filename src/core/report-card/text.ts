import type { CheckResult } from './check.ts'
import type { ReportCard } from './report-card.ts'

const MARKS = { passed: 'passed  ', failed: 'FAILED  ', 'not-seen': 'not seen' } as const
const HEADINGS = { client: 'Client', receiver: 'Webhook receiver' } as const

/** The report card as text for a terminal: failures with their reasons, then the other checks. */
export function reportCardText(card: ReportCard): string {
  const { passed, failed, notSeen, requests, deliveries, checks } = card
  const lines = [
    `${passed} passed, ${failed} failed, ${notSeen} not seen, in ${counted(requests, 'request', 'requests')} and ${counted(deliveries, 'delivery', 'deliveries')}`,
  ]
  for (const [subject, heading] of Object.entries(HEADINGS)) {
    lines.push('', heading)
    for (const check of checks) if (check.subject === subject) lines.push(...linesOf(check))
  }
  return `${lines.join('\n')}\n`
}

function linesOf({ id, verdict, title, text, requests, deliveries, provoke }: CheckResult) {
  const shown = [...requests, ...deliveries]
  const first = `  ${MARKS[verdict]}  ${id}: ${title}`
  if (verdict === 'not-seen') return [`${first} (to see it: ${provoke})`]
  if (verdict === 'passed') return [first]
  return [
    first,
    `            ${text}`,
    `            shown by ${shown.join(', ')}; to repeat: ${provoke}`,
  ]
}

function counted(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`
}
