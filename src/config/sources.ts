import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { whereBroken } from '../core/formats/json.ts'
import { codeOf } from '../core/errors.ts'
import { ConfigError, nearest } from './messages.ts'
import { kebab, variableOf } from './names.ts'
import { KEYS, OPTIONS } from './options.ts'

/** What a subcommand takes besides its flags with values. */
export interface Besides {
  /** Flags that take no value. */
  readonly switches?: readonly string[]
  /** How many words at most. */
  readonly words?: number
}

interface Flags {
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
  readonly words: readonly string[]
}

/** What stands on the command line. Throws a ConfigError for what is no option. */
export function readFlags(
  args: readonly string[],
  more: readonly string[],
  { switches = [], words: most = 0 }: Besides,
): Flags {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
    config: { type: 'string' },
  }
  for (const key of KEYS) options[kebab(key)] = { type: OPTIONS[key].value ? 'string' : 'boolean' }
  for (const name of more) options[name] = { type: switches.includes(name) ? 'boolean' : 'string' }
  const known = Object.keys(options)
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const flags: Record<string, string | boolean> = {}
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional' && words.push(token.value) > most) {
      throw new ConfigError(
        `"${token.value}" is one word too many; one command comes before the options, and those begin with --; see standin --help`,
      )
    }
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    if (!known.includes(name)) {
      throw new ConfigError(`${rawName} is no option${nearest(name, known)}`)
    }
    const { type } = options[name]!
    // What looks like the next option is not meant as a value, unless it follows an equals sign.
    const forgotten = !inlineValue && value?.startsWith('--')
    if (type === 'string' && (value === undefined || forgotten)) {
      throw new ConfigError(`--${name} needs a value`)
    }
    if (['help', 'version', ...switches].includes(name) && value !== undefined) {
      throw new ConfigError(`--${name} takes no value`)
    }
    flags[name] = value ?? true
  }
  return { flags, words }
}

/** The variables that are set. Throws a ConfigError for one that is none of ours. */
export function readVariables(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  // A test suite has the server's URL in its environment, and starts one in the same.
  const known = [...KEYS.map(variableOf), 'STANDIN_CONFIG', 'STANDIN_URL']
  const read: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('STANDIN_') || value === undefined || value === '') continue
    // Kubernetes sets STANDIN_PORT=tcp://… and more for every service that is called standin.
    if (value.startsWith('tcp://')) continue
    if (!known.includes(name)) {
      if (/^STANDIN_(PORT|SERVICE)_/.test(name)) continue
      throw new ConfigError(`${name} is no variable of Standin${nearest(name, known, '')}`)
    }
    read[name] = value
  }
  return read
}

/** The file of options, which need not be there unless it is named. Throws a ConfigError. */
export function readFile(
  named: string | undefined,
  by: string,
): { name: string; values: Readonly<Record<string, unknown>> } {
  const name = named ?? 'standin.config.json'
  const how = named === undefined ? '' : ` (${by})`
  let written: string
  try {
    written = readFileSync(name, 'utf8')
  } catch (error) {
    const missing = codeOf(error) === 'ENOENT'
    if (missing && named === undefined) return { name, values: {} }
    const why = missing ? 'does not exist' : `cannot be read (${codeOf(error)})`
    throw new ConfigError(`${name}${how} ${why}`)
  }
  let values: unknown
  try {
    values = JSON.parse(written)
  } catch {
    // V8's message quotes the text around the fault, which may hold a secret.
    throw new ConfigError(`${name}${how} is no JSON: ${whereBroken(written)}`)
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new ConfigError(`${name}${how} must hold a JSON object of options`)
  }
  for (const key of Object.keys(values)) {
    if (!(KEYS as string[]).includes(key)) {
      throw new ConfigError(`"${key}" in ${name} is no option${nearest(key, KEYS, '')}`)
    }
  }
  return { name, values: values as Record<string, unknown> }
}
