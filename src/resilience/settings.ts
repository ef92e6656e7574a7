import { availableParallelism } from 'node:os'
import { ConfigError } from '../core/errors.ts'
import { durationOf } from '../core/time/duration.ts'
import { closest, listed } from '../core/words.ts'
import { CLASS_IDS } from './classes.ts'
import type { Selection } from './plan.ts'

/** Settings of a resilience run. */
export interface Settings {
  readonly command: readonly string[]
  readonly selection: Selection
  readonly jobs: number
  /** Milliseconds; undefined: no limit. */
  readonly budget: number | undefined
  /** Milliseconds; undefined: derived from the baseline. */
  readonly timeout: number | undefined
  /** Folder of the reports; undefined: none are written. */
  readonly report: string | undefined
  readonly resume: boolean
  /** Percentage below which the run fails. */
  readonly minScore: number | undefined
  /** File of an earlier JSON report. */
  readonly baseline: string | undefined
  readonly dryRun: boolean
  /** Id of the only cell to run. */
  readonly cell: string | undefined
  /** URL of a running server. */
  readonly url: string | undefined
}

/**
 * Values by flag, from the command line or from the section `resilience` of the configuration file.
 */
export type Given = Readonly<Record<string, unknown>>

/** Flags, each with the name of its value (undefined for a switch) and its help. */
export const FLAGS = {
  faults: ['NAMES', 'fault classes to run, such as 500,commit-500; all includes the optional ones'],
  only: ['PATTERNS', 'run only cells whose id has one of these parts; * stands for any text'],
  skip: ['PATTERNS', 'leave out cells whose id has one of these parts'],
  calls: ['N', 'maximum number of calls of an operation to break one by one (5)'],
  jobs: ['N', 'number of parallel runs; 1 for a suite with a fixed port (number of processors)'],
  timeout: ['TIME', 'time limit of a run (10s, or five times the baseline if that is longer)'],
  budget: ['TIME', 'start no further run after this time, such as 5m'],
  'dry-run': [undefined, 'run the baseline, print the plan and end'],
  cell: ['ID', 'run one cell with its output shown, and explain it'],
  report: ['FOLDER', 'write report.html, report.json, junit.xml and summary.md'],
  resume: [undefined, 'continue an interrupted run from the results in --report FOLDER'],
  'min-score': ['PERCENT', 'exit with 1 below this score'],
  baseline: ['FILE', 'exit with 1 if a cell is worse than in this report.json'],
  url: ['URL', 'use a running server instead of starting one'],
} as const satisfies Readonly<Record<string, readonly [string | undefined, string]>>

export type FlagName = keyof typeof FLAGS
export const FLAG_NAMES = Object.keys(FLAGS) as readonly FlagName[]
export const isSwitch = (name: FlagName): boolean => FLAGS[name][0] === undefined

/** Members of the section `resilience` of a configuration file. */
const SECTION_KEYS: readonly string[] = [
  'command',
  ...FLAG_NAMES.filter((name) => !['cell', 'dry-run', 'resume', 'url'].includes(name)).map(camel),
]

function camel(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/**
 * Reads the settings; a flag wins over the section of the file.
 *
 * @throws ConfigError naming the flag or the key, and what is allowed
 */
export function settingsFrom(flags: Given, section: Given, command: readonly string[]): Settings {
  for (const key of Object.keys(section)) {
    if (SECTION_KEYS.includes(key)) continue
    const [near] = closest(key, SECTION_KEYS)
    throw new ConfigError(
      `"resilience.${key}" in the configuration file is not an option${near ? `; did you mean ${near}?` : ''}`,
    )
  }
  const source = (flag: FlagName): Source =>
    flags[flag] === undefined
      ? { name: `"resilience.${camel(flag)}"`, value: section[camel(flag)] }
      : { name: `--${flag}`, value: flags[flag] }
  const given =
    command.length > 0
      ? command
      : names({ name: '"resilience.command"', value: section['command'] })
  if (given === undefined) {
    throw new ConfigError(
      'standin resilience needs the command of a test suite after --, such as: standin resilience -- npm test',
    )
  }
  const report = text(source('report'))
  const resume = flags['resume'] === true
  if (resume && report === undefined) {
    throw new ConfigError('--resume needs the --report FOLDER of the run that was interrupted')
  }
  return {
    command: given,
    selection: {
      faults: classes(source('faults')),
      only: names(source('only')),
      skip: names(source('skip')),
      calls: whole(source('calls'), 1, 1000) ?? 5,
    },
    jobs: whole(source('jobs'), 1, 64) ?? availableParallelism(),
    budget: duration(source('budget')),
    timeout: duration(source('timeout')),
    report,
    resume,
    minScore: whole(source('min-score'), 0, 100),
    baseline: text(source('baseline')),
    dryRun: flags['dry-run'] === true,
    cell: text(source('cell')),
    url: text(source('url')),
  }
}

interface Source {
  readonly name: string
  readonly value: unknown
}

function text({ name, value }: Source): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new ConfigError(`${name} must be a string, got ${JSON.stringify(value)}`)
}

/** Reads `a,b`, or a list in the file. */
function names({ name, value }: Source): readonly string[] | undefined {
  if (value === undefined) return undefined
  const list: unknown =
    typeof value === 'string' ? value.split(',').map((one) => one.trim()) : value
  if (Array.isArray(list) && list.length > 0) {
    const texts = list.filter((one) => typeof one === 'string' && one !== '') as string[] // checked
    if (texts.length === list.length) return texts
  }
  throw new ConfigError(`${name} must be a list of strings, got ${JSON.stringify(value)}`)
}

function classes(source: Source): readonly string[] | undefined {
  const given = names(source)
  const unknown = given?.find(
    (id) => id !== 'all' && !CLASS_IDS.includes(id) && !/^4\d\d$/.test(id),
  )
  if (unknown === undefined) return given
  const [near] = closest(unknown, CLASS_IDS)
  throw new ConfigError(
    `${source.name} has no fault class ${JSON.stringify(unknown)}${near ? `; did you mean ${near}?` : ''}; allowed: all, a documented refusal such as 403, ${listed([...CLASS_IDS], 'or')}`,
  )
}

function whole({ name, value }: Source, min: number, max: number): number | undefined {
  if (value === undefined) return undefined
  const digits = typeof value === 'number' ? value.toString() : value
  if (typeof digits === 'string' && /^\d+$/.test(digits)) {
    const number = Number(digits)
    if (number >= min && number <= max) return number
  }
  throw new ConfigError(
    `${name} must be a whole number from ${min} to ${max}, got ${JSON.stringify(value)}`,
  )
}

function duration({ name, value }: Source): number | undefined {
  if (value === undefined) return undefined
  const read = typeof value === 'string' ? durationOf(value) : undefined
  if (read !== undefined && read > 0) return read
  throw new ConfigError(
    `${name} must be a duration such as 500ms, 30s or 5m, got ${JSON.stringify(value)}`,
  )
}
