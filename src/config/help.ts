import { KEYS, OPTIONS } from './options.ts'
import { kebab, variableOf } from './names.ts'
import type { Profiles } from './profiles.ts'
import type { Config } from './settings.ts'

/** The table of options as the help shows it. */
export function optionsHelp(): string {
  return KEYS.map((key) => {
    const { help, fallback } = OPTIONS[key]
    const shown = fallback === false ? '' : presetOf(key)
    return `  ${flagOf(key).padEnd(24)} ${help}${shown && ` (${shown})`}`
  }).join('\n')
}

/** One option as the README's table shows it. */
export interface OptionRow {
  readonly flag: string
  readonly variable: string
  readonly key: string
  /** Empty where there is none. */
  readonly preset: string
  readonly help: string
}

/** For the README: everything there is to know of each option. */
export function optionsTable(): readonly OptionRow[] {
  return KEYS.map((key) => ({
    flag: flagOf(key),
    variable: variableOf(key),
    key,
    preset: presetOf(key),
    help: OPTIONS[key].help,
  }))
}

function flagOf(key: keyof Config): string {
  const { value } = OPTIONS[key]
  return `--${kebab(key)}${value ? ` ${value}` : ''}`
}

/** The default as text. */
function presetOf(key: keyof Config): string {
  const { fallback } = OPTIONS[key]
  if (isProfiles(fallback)) return fallback.all
  // Of the lists, none has anything in it by default.
  return typeof fallback === 'object' ? '' : String(fallback ?? '')
}

function isProfiles(value: Config[keyof Config]): value is Profiles {
  return typeof value === 'object' && 'all' in value
}
