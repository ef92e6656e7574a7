import { readFileSync } from 'node:fs'
import { ConfigError, codeOf } from '../../core/errors.ts'
import { isRecord } from '../../core/contract/schema.ts'
import type { Report } from '../model.ts'
import { scoresOf } from '../score.ts'

/** Version of the format of report.json. */
const FORMAT = 1

/** The report as JSON: the format, the scores and everything of each cell. */
export function jsonReport(report: Report): string {
  return `${JSON.stringify({ format: FORMAT, scores: scoresOf(report), ...report }, null, 2)}\n`
}

/**
 * Reads an earlier report.
 *
 * @throws ConfigError if the file is not a report
 */
export function readReport(file: string): Pick<Report, 'results'> {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'does not exist' : 'is not a report.json'
    throw new ConfigError(`--baseline ${file} ${why}`, { cause: error })
  }
  if (!isRecord(value) || value['format'] !== FORMAT || !Array.isArray(value['results'])) {
    throw new ConfigError(`--baseline ${file} is not a report.json of this version`)
  }
  return value as unknown as Pick<Report, 'results'> // `jsonReport` wrote it
}
