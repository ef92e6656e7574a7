import type { Report } from '../model.ts'
import { scoresOf, worstOf } from '../score.ts'
import { repeatCommand } from './repeat.ts'
import { countsOf, percentOf, VERDICTS } from './words.ts'

/** Number of cells that the summary describes. */
const SHOWN = 10

/** The report as Markdown, for the summary of a GitHub step. */
export function githubSummary(report: Report, program: string): string {
  const { all, apis, groups } = scoresOf(report)
  const rows = [...Object.entries(apis), ...Object.entries(groups)].map(
    ([name, score]) =>
      `| ${name} | ${percentOf(score)} | ${score.survived} | ${score.findings} | ${score.broke} | ${score.notMet} |`,
  )
  const worst = worstOf(report.results, SHOWN).flatMap(({ cell, verdict, why, findings }) => [
    '',
    `- **${VERDICTS[verdict]}** \`${cell.id}\`: ${cell.text}. ${why}`,
    ...findings.slice(0, 3).map(({ id, text }) => `  - \`${id}\`: ${text}`),
    '',
    `  \`${repeatCommand(program, cell.id, report)}\``,
  ])
  return [
    `## Resilience: ${percentOf(all)}`,
    '',
    `${countsOf(all)}${report.notRun.length > 0 ? `, ${report.notRun.length} not run` : ''}.`,
    '',
    '|  | Score | Survived | With findings | Broke | Not met |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    ...(worst.length > 0 ? ['', '### Look at these first', ...worst] : []),
    '',
  ].join('\n')
}
