import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../model.ts'
import { jsonReport } from './json.ts'

/** Writes all reports into a folder, and returns the names of the files. */
export function writeReports(folder: string, report: Report): readonly string[] {
  const texts = { 'report.json': jsonReport(report) }
  mkdirSync(folder, { recursive: true })
  return Object.entries(texts).map(([name, text]) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  })
}
