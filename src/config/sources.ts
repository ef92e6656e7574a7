import { parseArgs } from 'node:util'
import { describeSyntaxError } from '../core/formats/json.ts'
import { EncodingError, readTextFile } from '../core/formats/text-file.ts'
import { codeOf, ConfigError } from '../core/errors.ts'
import { VENDORS } from '../apis/index.ts'
import { environmentNames } from './environment.ts'
import { isLinkVariable } from './link-variables.ts'
import { nearest } from './messages.ts'
import { kebab, variableOf } from './names.ts'
import { KEYS, OPTIONS } from './options.ts'

/** Keys of the file that hold the settings of one command, by its name. */
export const SECTIONS: readonly string[] = ['resilience']

/** Arguments that a subcommand takes besides flags with values. */
export interface CommandArguments {
  /** Flags that take no value. */
  readonly switches?: readonly string[]
  /** The maximum number of arguments that are not flags. */
  readonly words?: number
}

interface Flags {
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
  readonly words: readonly string[]
}

/** Reads the command line. Throws a ConfigError for an unknown option. */
export function readFlags(
  args: readonly string[],
  more: readonly string[],
  { switches = [], words: maxWords = 0 }: CommandArguments,
): Flags {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
    config: { type: 'string' },
  }
  for (const key of KEYS) options[kebab(key)] = { type: OPTIONS[key].value ? 'string' : 'boolean' }
  for (const name of more) options[name] = { type: switches.includes(name) ? 'boolean' : 'string' }
  const known = Object.keys(options)
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const flags: Record<string, string | boolean> = {}
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional' && words.push(token.value) > maxWords) {
      throw new ConfigError(
        `"${token.value}" is one argument too many; a command comes before its options, and options begin with --; see standin --help`,
      )
    }
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    if (!known.includes(name)) {
      throw new ConfigError(`${rawName} is not an option${nearest(name, known)}`)
    }
    const { type } = options[name]!
    // A value that looks like an option is the next option, unless it follows an equals sign.
    const isMissing = !inlineValue && value?.startsWith('--')
    if (type === 'string' && (value === undefined || isMissing)) {
      throw new ConfigError(`--${name} needs a value`)
    }
    if (['help', 'version', ...switches].includes(name) && value !== undefined) {
      throw new ConfigError(`--${name} takes no value`)
    }
    flags[name] = value ?? true
  }
  return { flags, words }
}

/** Reads the variables of Standin. Throws a ConfigError for an unknown one. */
export function readVariables(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  // STANDIN_URL is for commands that call a server; a server ignores it.
  const known = [...KEYS.map(variableOf), 'STANDIN_CONFIG', 'STANDIN_URL']
  const printed = environmentNames(VENDORS)
  const read: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('STANDIN_') || value === undefined || value === '') continue
    if (isLinkVariable(name, env)) continue
    // Variables that `standin env` prints and `standin resilience` sets are for the programs under
    // test.
    if (printed.includes(name) && !known.includes(name)) continue
    if (!known.includes(name)) {
      throw new ConfigError(`${name} is not a variable of Standin${nearest(name, known, '')}`)
    }
    read[name] = value
  }
  return read
}

/**
 * Reads the configuration file. It may be missing if it has the default name.
 *
 * @param source the option that names the file; used in messages
 * @throws ConfigError naming the file and what is wrong
 */
export function readFile(
  named: string | undefined,
  source: string,
): { name: string; values: Readonly<Record<string, unknown>> } {
  const name = named ?? 'standin.config.json'
  const origin = named === undefined ? '' : ` (${source})`
  let written: string
  try {
    written = readTextFile(name)
  } catch (error) {
    if (error instanceof EncodingError) {
      throw new ConfigError(`${name}${origin} cannot be read: ${error.message}`, { cause: error })
    }
    const missing = codeOf(error) === 'ENOENT'
    if (missing && named === undefined) return { name, values: {} }
    const why = missing ? 'does not exist' : `cannot be read (${codeOf(error)})`
    throw new ConfigError(`${name}${origin} ${why}`)
  }
  let values: unknown
  try {
    values = JSON.parse(written)
  } catch {
    // V8's message quotes the text around the error, which may hold a secret.
    throw new ConfigError(`${name}${origin} is not JSON: ${describeSyntaxError(written)}`)
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new ConfigError(`${name}${origin} must hold a JSON object of options`)
  }
  for (const key of Object.keys(values)) {
    if (!(KEYS as string[]).includes(key) && !SECTIONS.includes(key)) {
      throw new ConfigError(`"${key}" in ${name} is not an option${nearest(key, KEYS, '')}`)
    }
  }
  return { name, values: values as Record<string, unknown> }
}
