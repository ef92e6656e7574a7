import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../model.ts'
import { githubSummary } from './github.ts'
import { htmlReport } from './html.ts'
import { jsonReport } from './json.ts'
import { junitReport } from './junit.ts'

export interface WriteOptions {
  readonly folder: string
  /** The program in the commands that the reports show. */
  readonly program: string
  /** File to which a GitHub step appends its summary. */
  readonly stepSummary: string | undefined
}

/** Writes all reports, and returns the names of the files. */
export function writeReports(
  report: Report,
  { folder, program, stepSummary }: WriteOptions,
): readonly string[] {
  const summary = githubSummary(report, program)
  const texts = {
    'report.html': htmlReport(report, program),
    'report.json': jsonReport(report),
    'junit.xml': junitReport(report),
    'summary.md': summary,
  }
  mkdirSync(folder, { recursive: true })
  if (stepSummary !== undefined) appendFileSync(stepSummary, summary)
  return Object.entries(texts).map(([name, text]) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  })
}
