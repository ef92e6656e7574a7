import { messageOf } from '../core/errors.ts'
import { ConfigError, nearest, quoted } from './messages.ts'
import { kebab, variableOf } from './names.ts'
import { KEYS, OPTIONS, withDefaults } from './options.ts'
import type { Config } from './settings.ts'
import { readFile, readFlags, readVariables, type Besides } from './sources.ts'

export { ConfigError, withDefaults }
export type { Config }

/** What a command line asks for. */
export interface Read<More extends string = string> {
  readonly config: Config
  readonly help: boolean
  readonly version: boolean
  /** What the subcommand's own flags say; a switch says `true`. */
  readonly more: Partial<Record<More, string>>
  /** What stands among the flags and is none. */
  readonly words: readonly string[]
}

/**
 * The only reader of argv and the environment: flags win over variables, those over the file, that
 * over the defaults.
 *
 * @param args without node, the script and the subcommand
 * @param more flags that a subcommand adds: all take a value, but for its switches
 * @throws ConfigError naming the option, the value and what is allowed
 */
export function readConfig<More extends string = never>(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  more: readonly More[] = [],
  besides: Besides = {},
): Read<More> {
  const { flags, words } = readFlags(args, more, besides)
  const help = flags['help'] === true
  const version = flags['version'] === true
  // Who asks for help gets it, whatever else is wrong.
  if (help || version) return { config: withDefaults({}), help, version, more: {}, words }
  const variables = readVariables(env)
  const named = stringOf(flags['config'])
  const file = readFile(
    named ?? variables['STANDIN_CONFIG'],
    named === undefined ? 'STANDIN_CONFIG' : '--config',
  )
  const read = <K extends keyof Config>(key: K): Config[K] => {
    return readFirst(key, [
      [`--${kebab(key)}`, flags[kebab(key)]],
      [variableOf(key), variables[variableOf(key)]],
      [`"${key}" in ${file.name}`, file.values[key]],
    ])
  }
  const config = Object.fromEntries(KEYS.map((key) => [key, read(key)])) as unknown as Config // each key was read by its own option
  return {
    config,
    help,
    version,
    more: Object.fromEntries(
      more.flatMap((name) => {
        const given = flags[name] ?? (name === 'url' ? variables['STANDIN_URL'] : undefined)
        return given === undefined ? [] : [[name, String(given)]]
      }),
    ) as Partial<Record<More, string>>,
    words,
  }
}

/**
 * What a program sets, by the keys of the file; those that are undefined are as if left out.
 *
 * @throws ConfigError naming the key, the value and what is allowed
 */
export function readSettings(given: Readonly<Record<string, unknown>>): Config {
  for (const key of Object.keys(given)) {
    if (!(KEYS as string[]).includes(key)) {
      throw new ConfigError(`"${key}" is no option${nearest(key, KEYS, '')}`)
    }
  }
  const read = <K extends keyof Config>(key: K) => readFirst(key, [[key, given[key]]])
  return Object.fromEntries(KEYS.map((key) => [key, read(key)])) as unknown as Config // each key was read by its own option
}

/** The value of the first source that has one, else the default. */
function readFirst<K extends keyof Config>(
  key: K,
  sources: readonly (readonly [name: string, value: unknown])[],
): Config[K] {
  const option = OPTIONS[key]
  for (const [name, value] of sources) {
    if (value === undefined) continue
    try {
      return option.read(typeof value === 'string' ? value : JSON.stringify(value))
    } catch (error) {
      throw new ConfigError(`${name} ${messageOf(error)}, got ${quoted(key, value)}`)
    }
  }
  return option.fallback
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
