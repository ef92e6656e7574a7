import { ConfigError, messageOf } from '../core/errors.ts'
import { nearest, quoted } from './messages.ts'
import { kebab, variableOf } from './names.ts'
import { KEYS, OPTIONS, withDefaults, type Config } from './options.ts'
import { readFile, readFlags, readVariables, SECTIONS, type CommandArguments } from './sources.ts'

export { ConfigError, withDefaults }
export type { Config }

/** A command line with its configuration. */
export interface CommandLine<Flag extends string = string> {
  readonly config: Config
  readonly help: boolean
  readonly version: boolean
  /** The values of the subcommand's own flags; `true` for a switch. */
  readonly more: Partial<Record<Flag, string>>
  /** The arguments that are not flags. */
  readonly words: readonly string[]
  /** Sections of the file with the settings of one command, by the command's name. */
  readonly sections: Readonly<Record<string, unknown>>
}

/**
 * Reads the configuration from the command line, the environment and the configuration file. A flag
 * takes precedence over its variable, the variable over the file, and the file over the default.
 *
 * @param args without node, the script and the subcommand
 * @param more flags of the subcommand; each takes a value unless it is a switch
 * @throws ConfigError naming the option, the value and what is allowed
 */
export function readConfig<Flag extends string = never>(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  more: readonly Flag[] = [],
  besides: CommandArguments = {},
): CommandLine<Flag> {
  const { flags, words } = readFlags(args, more, besides)
  const help = flags['help'] === true
  const version = flags['version'] === true
  // Help and version are shown even if another source has an invalid option.
  if (help || version)
    return { config: withDefaults({}), help, version, more: {}, words, sections: {} }
  const variables = readVariables(env)
  const flag = flags['config']
  const file =
    typeof flag === 'string'
      ? readFile(flag, '--config')
      : readFile(variables['STANDIN_CONFIG'], 'STANDIN_CONFIG')
  const config = configFrom((key) => [
    [`--${kebab(key)}`, flags[kebab(key)]],
    [variableOf(key), variables[variableOf(key)]],
    [`"${key}" in ${file.name}`, file.values[key]],
  ])
  return {
    config,
    help,
    version,
    more: Object.fromEntries(
      more.flatMap((name) => {
        const given = flags[name] ?? (name === 'url' ? variables['STANDIN_URL'] : undefined)
        return given === undefined ? [] : [[name, String(given)]]
      }),
    ) as Partial<Record<Flag, string>>,
    words,
    sections: Object.fromEntries(
      SECTIONS.filter((name) => name in file.values).map((name) => [name, file.values[name]]),
    ),
  }
}

/**
 * Reads the options that a program sets, by their keys; undefined leaves an option at its default.
 *
 * @throws ConfigError naming the key, the value and what is allowed
 */
export function readSettings(given: Readonly<Record<string, unknown>>): Config {
  for (const key of Object.keys(given)) {
    if (!(KEYS as string[]).includes(key)) {
      throw new ConfigError(`"${key}" is not an option${nearest(key, KEYS, '')}`)
    }
  }
  return configFrom((key) => [[key, given[key]]])
}

/** One source of an option, with the name that messages use, and its value where it has one. */
type Source = readonly [name: string, value: unknown]

function configFrom(sourcesOf: (key: keyof Config) => readonly Source[]): Config {
  const values = KEYS.map((key) => [key, readFirst(key, sourcesOf(key))])
  return Object.fromEntries(values) as Config // each key was read by its own option
}

/** The value of the first source that has one, else the default. */
function readFirst(key: keyof Config, sources: readonly Source[]): unknown {
  const [name, value] = sources.find(([, given]) => given !== undefined) ?? []
  if (value === undefined) return OPTIONS[key].fallback
  try {
    return OPTIONS[key].read(typeof value === 'string' ? value : JSON.stringify(value))
  } catch (error) {
    throw new ConfigError(`${name} ${messageOf(error)}, got ${quoted(key, value)}`)
  }
}
