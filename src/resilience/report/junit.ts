import type { CellResult, Report } from '../model.ts'
import { scoreOf } from '../score.ts'
import { percentOf } from './words.ts'

/** The report as JUnit XML: a suite for each operation, a test case for each cell. */
export function junitReport({ results, notRun }: Report): string {
  const { survived, findings, broke, notMet } = scoreOf(results)
  const suites = new Map<string, CellResult[]>()
  for (const result of results) {
    const name = `${result.cell.api}.${result.cell.operation}`
    suites.set(name, [...(suites.get(name) ?? []), result])
  }
  const total = survived + findings + broke + notMet
  const lines = [...suites].map(([name, cells]) => {
    const failures = cells.filter(isFailure).length
    const skipped = cells.filter(({ verdict }) => verdict === 'not-met').length
    return `  <testsuite name="${escaped(name)}" tests="${cells.length}" failures="${failures}" skipped="${skipped}" time="${secondsOf(cells)}">
${cells.map(caseOf).join('\n')}
  </testsuite>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="standin resilience, score ${percentOf(scoreOf(results))}" tests="${total}" failures="${findings + broke}" skipped="${notMet}">
${[...lines, ...(notRun.length > 0 ? [`  <!-- ${notRun.length} cells did not run -->`] : [])].join('\n')}
</testsuites>
`
}

function caseOf(result: CellResult): string {
  const { cell, why, findings } = result
  const head = `    <testcase classname="${escaped(`${cell.api}.${cell.operation}`)}" name="${escaped(`${cell.position}/${cell.fault}`)}" time="${secondsOf([result])}"`
  if (result.verdict === 'survived') return `${head}/>`
  if (result.verdict === 'not-met') {
    return `${head}><skipped message="${escaped(why)}"/></testcase>`
  }
  const text = [cell.text, ...findings.map((finding) => `${finding.id}: ${finding.text}`)].join(
    '\n',
  )
  return `${head}><failure type="${result.verdict}" message="${escaped(why)}">${escaped(text)}</failure></testcase>`
}

function isFailure({ verdict }: CellResult): boolean {
  return verdict === 'broke' || verdict === 'survived-with-findings'
}

function secondsOf(results: readonly CellResult[]): string {
  return (results.reduce((sum, { ending }) => sum + ending.ms, 0) / 1000).toFixed(3)
}

function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/gu, '\uFFFD') // XML 1.0 has no other characters
}
