import { kebab, variableOf } from './names.ts'
import { KEYS, OPTIONS, type Config } from './options.ts'
import type { Profiles } from './profiles.ts'

/** One option, as the tables of the documents show it. */
export interface OptionRow {
  readonly flag: string
  readonly variable: string
  readonly key: string
  /** The default as text; empty where there is none. */
  readonly preset: string
  readonly help: string
}

/** The options as `standin --help` lists them. */
export function optionsHelp(): string {
  return optionsTable()
    .map(({ flag, preset, help }) => {
      const shown = preset === '' || preset === 'false' ? '' : ` (${preset})`
      return `  ${flag.padEnd(24)} ${help}${shown}`
    })
    .join('\n')
}

/** The options as the documents list them. */
export function optionsTable(): readonly OptionRow[] {
  return KEYS.map((key) => {
    const { value, help, fallback } = OPTIONS[key]
    return {
      flag: `--${kebab(key)}${value ? ` ${value}` : ''}`,
      variable: variableOf(key),
      key,
      preset: presetText(fallback),
      help,
    }
  })
}

function presetText(fallback: Config[keyof Config]): string {
  if (isProfiles(fallback)) return fallback.all
  // Every list is empty by default.
  return typeof fallback === 'object' ? '' : String(fallback ?? '')
}

function isProfiles(value: Config[keyof Config]): value is Profiles {
  return typeof value === 'object' && 'all' in value
}
