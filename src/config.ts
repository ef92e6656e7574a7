import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Profile } from './core/api.ts'
import type { Definition } from './core/faults/fault.ts'
import { whereBroken } from './core/formats/json.ts'
import { readNames, readOrigins } from './core/hosts.ts'
import type { Durability } from './core/store/journal.ts'
import { LEVELS, type Level } from './core/logs/entry.ts'
import { codeOf, messageOf } from './core/thrown.ts'
import { readEgress } from './core/webhooks/egress.ts'
import { readPlan } from './core/webhooks/plan.ts'
import type { Scheme } from './core/webhooks/signature.ts'

/** Which profile an API answers under: one for all, and exceptions by the API's name. */
export interface Profiles {
  readonly all: Profile
  readonly [api: string]: Profile
}

/** Everything that can be set, read and checked. */
export interface Config {
  readonly port: number
  readonly host: string
  readonly data: string
  readonly memory: boolean
  readonly durability: Durability
  readonly recover: boolean
  readonly seed: number
  /** A file, a folder or JSON. */
  readonly fixtures: string | undefined
  readonly autoSandboxes: boolean
  /** Milliseconds since 1970 at which the clock stands still; undefined: it runs. */
  readonly clock: number | undefined
  readonly profile: Profiles
  readonly jwtSecret: string | undefined
  readonly jwks: string | undefined
  readonly jwtVerify: boolean
  readonly proto: string | undefined
  /** Armed in every sandbox from the start; undefined: none can be, in any way. */
  readonly faults: readonly Definition[] | undefined
  /** Whether an address such as `ada+fault.500@example.test` asks for its fault. */
  readonly magicFaults: boolean
  /** `inbox`, `none` or a URL. */
  readonly webhookUrl: string
  readonly webhookSecret: string
  /** As `readPlan` reads it. */
  readonly webhookRetries: string
  /** Milliseconds. */
  readonly webhookTimeout: number
  readonly webhookOrder: boolean
  readonly webhookScheme: Scheme
  /** As `readEgress` reads it; undefined: private networks while the host is the machine's own. */
  readonly egress: string | undefined
  /** Bytes. */
  readonly maxBody: number
  /** Milliseconds. */
  readonly bodyTimeout: number
  /** Requests. */
  readonly journalSize: number
  /** Bytes. */
  readonly journalBytes: number
  /** Milliseconds. */
  readonly headerTimeout: number
  /** Connections at one time. */
  readonly maxConnections: number
  /** Names that may stand in the Host header, besides those of this machine. */
  readonly allowedHosts: readonly string[] | undefined
  /** Pages of these origins may call the vendors' APIs. */
  readonly corsOrigins: readonly string[] | undefined
  /** What the admin API asks for; `none`: it is open to whoever reaches it. */
  readonly adminToken: string | undefined
  /** How each request is logged; undefined: not at all. */
  readonly log: LogFormat | undefined
  readonly logLevel: Level
  /** A file that holds the URL while the server answers. */
  readonly readyFile: string | undefined
  /** A file that holds the port while the server answers. */
  readonly portFile: string | undefined
}

export type LogFormat = 'pretty' | 'json' | 'off'

interface Option<T> {
  readonly fallback: T
  /** How the value is named in the help; a switch has none. */
  readonly value?: string
  readonly help: string
  /** Throws an Error that says what is allowed. */
  readonly read: (text: string) => T
}

/** Names of the APIs, as files, flags and tables have them. */
export const APIS = ['mykaarma', 'cryptlex', 'formsonfire']

/** The one table of options: flags, environment variables, keys of the file, help and defaults. */
const OPTIONS: { readonly [K in keyof Config]: Option<Config[K]> } = {
  port: {
    fallback: 4020,
    value: 'N',
    help: 'port to listen on; 0 takes a free one',
    read: integer(0, 65535),
  },
  host: { fallback: '127.0.0.1', value: 'ADDRESS', help: 'address to listen on', read: text },
  data: { fallback: './.standin', value: 'FOLDER', help: 'where the state is kept', read: text },
  memory: { fallback: false, help: 'keep the state in memory only', read: boolean },
  durability: {
    fallback: 'fsync',
    value: 'LEVEL',
    help: 'what a create waits for: fsync, write or none',
    read: oneOf('fsync', 'write', 'none'),
  },
  recover: {
    fallback: false,
    help: 'put an unreadable state aside, go on from the last good one',
    read: boolean,
  },
  seed: {
    fallback: 1,
    value: 'N',
    help: 'seed of all made-up values',
    read: integer(0, 0xffffffff),
  },
  clock: {
    fallback: undefined,
    value: 'TIME',
    help: 'hold the clock still, such as at 2026-01-15T09:30:00Z',
    read: readTime,
  },
  profile: {
    fallback: { all: 'documented' },
    value: 'NAME',
    help: 'documented or strict; per API: documented,cryptlex=strict',
    read: readProfiles,
  },
  fixtures: {
    fallback: undefined,
    value: 'FILE',
    help: 'what a fresh sandbox knows: a file, a folder or JSON',
    read: text,
  },
  autoSandboxes: { fallback: false, help: 'make a sandbox when it is first used', read: boolean },
  jwtSecret: {
    fallback: undefined,
    value: 'TEXT',
    help: 'key of HS256 tokens for Cryptlex, 32 bytes or more',
    read: secret,
  },
  jwks: {
    fallback: undefined,
    value: 'FILE',
    help: 'public keys (JWKS) of RS256 and ES256 tokens',
    read: text,
  },
  jwtVerify: {
    fallback: true,
    value: 'BOOLEAN',
    help: 'false: take JWTs without checking the signature',
    read: boolean,
  },
  proto: {
    fallback: undefined,
    value: 'FILE',
    help: "a .proto to answer by instead of Standin's own",
    read: text,
  },
  faults: {
    fallback: [],
    value: 'FAULTS',
    help: "armed from the start, such as 'cryptlex:500;times=2'; or off",
    read: readFaults,
  },
  magicFaults: {
    fallback: true,
    value: 'BOOLEAN',
    help: 'whether addresses such as ada+fault.500@example.test count',
    read: boolean,
  },
  webhookUrl: {
    fallback: 'inbox',
    value: 'URL',
    help: 'who is told of users; inbox is the own one, none is nobody',
    read: webhookUrl,
  },
  webhookSecret: {
    fallback: 'standin-webhook-secret',
    value: 'TEXT',
    help: 'what webhooks to that URL are signed with',
    read: text,
  },
  webhookRetries: {
    fallback: 'vendor',
    value: 'PLAN',
    help: 'vendor, standard-webhooks, fast, none, or such as 5s,5m,2h',
    read: (given) => readPlan(given).name,
  },
  webhookTimeout: {
    fallback: 10_000,
    value: 'MS',
    help: 'how long a receiver of webhooks may take',
    read: integer(1, 600_000),
  },
  webhookOrder: {
    fallback: false,
    help: 'send no webhook before the one before it is done with',
    read: boolean,
  },
  webhookScheme: {
    fallback: 'plain',
    value: 'NAME',
    help: 'how webhooks are signed: plain, standard or both',
    read: oneOf<Scheme>('plain', 'standard', 'both'),
  },
  egress: {
    fallback: undefined,
    value: 'WHERE',
    help: 'what webhooks may reach: loopback, private, any or hosts',
    read: (given) => {
      readEgress(given)
      return given
    },
  },
  maxBody: {
    fallback: 1024 * 1024,
    value: 'BYTES',
    help: 'largest body that is read',
    read: integer(1, 1024 ** 3),
  },
  bodyTimeout: {
    fallback: 10_000,
    value: 'MS',
    help: 'how long a body may take to arrive',
    read: integer(1, 3_600_000),
  },
  journalSize: {
    fallback: 1000,
    value: 'N',
    help: 'requests that a sandbox remembers; 0 remembers none',
    read: integer(0, 1_000_000),
  },
  journalBytes: {
    fallback: 16 * 1024 * 1024,
    value: 'BYTES',
    help: 'memory that those may take in a sandbox',
    read: integer(0, 4 * 1024 ** 3),
  },
  headerTimeout: {
    fallback: 10_000,
    value: 'MS',
    help: 'how long the head of a request may take to arrive',
    read: integer(1, 3_600_000),
  },
  maxConnections: {
    fallback: 1000,
    value: 'N',
    help: 'connections at one time; more are answered with 503',
    read: integer(1, 100_000),
  },
  allowedHosts: {
    fallback: undefined,
    value: 'NAMES',
    help: 'host names besides this machine: a.test,*.b.test',
    read: readNames,
  },
  corsOrigins: {
    fallback: undefined,
    value: 'ORIGINS',
    help: "pages that may call the vendors' APIs: https://a.test",
    read: readOrigins,
  },
  adminToken: {
    fallback: undefined,
    value: 'TEXT',
    help: 'what the admin API asks for; none: it is open to all',
    read: adminToken,
  },
  log: {
    fallback: undefined,
    value: 'FORMAT',
    help: 'a line per request: pretty, json or off (pretty in a terminal)',
    read: oneOf<LogFormat>('pretty', 'json', 'off'),
  },
  logLevel: {
    fallback: 'info',
    value: 'LEVEL',
    help: 'the least that is logged: debug, info, warn or error',
    read: oneOf(...LEVELS),
  },
  readyFile: {
    fallback: undefined,
    value: 'FILE',
    help: 'holds the URL while the server answers',
    read: text,
  },
  portFile: {
    fallback: undefined,
    value: 'FILE',
    help: 'holds the port while the server answers',
    read: text,
  },
}

const KEYS = Object.keys(OPTIONS) as (keyof Config)[]

/** A setting that cannot be used, in words for the person who set it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

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

/** What a subcommand takes besides its flags with values. */
export interface Besides {
  /** Flags that take no value. */
  readonly switches?: readonly string[]
  /** How many words at most. */
  readonly words?: number
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

/** The defaults, with what is set over them as it is. */
export function withDefaults(given: Partial<Config>): Config {
  const defaults = Object.fromEntries(KEYS.map((key) => [key, OPTIONS[key].fallback]))
  return { ...(defaults as unknown as Config), ...given } // every key has its fallback
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

interface Flags {
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
  readonly words: readonly string[]
}

function readFlags(
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
        `"${token.value}" is one word too many: a command comes first, options begin with --; see standin --help`,
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

function readVariables(
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

function readFile(
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

function integer(least: number, most: number) {
  return (given: string): number => {
    const value = Number(given)
    if (!/^\d+$/.test(given) || value < least || value > most) {
      throw new Error(`must be a whole number from ${least} to ${most}`)
    }
    return value
  }
}

function text(given: string): string {
  if (given.trim() === '') throw new Error('must not be empty')
  return given
}

function boolean(given: string): boolean {
  if (/^(true|1|yes|on)$/i.test(given)) return true
  if (/^(false|0|no|off)$/i.test(given)) return false
  throw new Error('must be true or false')
}

function oneOf<T extends string>(...values: readonly T[]) {
  return (given: string): T => {
    const found = values.find((value) => value === given)
    if (!found) throw new Error(`must be one of ${values.join(', ')}`)
    return found
  }
}

/** Milliseconds since 1970. Throws an Error that says what is allowed. */
export function readTime(given: string): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)$/.test(given)
    ? Date.parse(given)
    : NaN
  if (Number.isNaN(time)) {
    throw new Error('must be a time with its zone, such as 2026-01-15T09:30:00Z')
  }
  return time
}

/**
 * A JSON list of definitions, or short forms parted by commas, each for one API where its name and
 * a colon stand before it; `off`: none, in any way. They are looked at where they are armed.
 */
function readFaults(given: string): readonly Definition[] | undefined {
  if (/^(off|none)$/i.test(given.trim())) return undefined
  if (/^\s*[[{]/.test(given)) {
    let list: unknown
    try {
      list = [JSON.parse(given)].flat()
    } catch {
      throw new Error(`must be JSON (${whereBroken(given)}) or short forms parted by commas`)
    }
    return list as readonly Definition[] // looked at by their schema where they are armed
  }
  return given
    .split(',')
    .reduce<string[]>((parts, part) => {
      // A list within a fault goes on without a space.
      const isInList = /(?:^|[;:])(?:sequence|fields)=[^;]*$/.test(parts.at(-1) ?? '')
      if (isInList && /^\S/.test(part)) parts.push(`${parts.pop()},${part}`)
      else parts.push(part)
      return parts
    }, [])
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [api = '', ...rest] = part.split(':')
      return APIS.includes(api) && rest.length > 0
        ? { api, fault: rest.join(':') }
        : { fault: part }
    })
}

/** `documented,cryptlex=strict`. Throws an Error that says what is allowed. */
export function readProfiles(given: string): Profiles {
  const profile = oneOf<Profile>('documented', 'strict')
  const found: Record<string, Profile> & { all: Profile } = { all: 'documented' }
  for (const part of given.split(',')) {
    const [first = '', second] = part.trim().split('=')
    try {
      if (second === undefined) found.all = profile(first)
      else if (APIS.includes(first)) found[first] = profile(second)
      else throw new Error()
    } catch {
      throw new Error(
        `must be documented or strict, for all or for one of ${APIS.join(', ')}, such as documented,cryptlex=strict`,
      )
    }
  }
  return found
}

/** The inverse of readProfiles. */
export function formatProfiles({ all, ...others }: Profiles): string {
  return [all, ...Object.entries(others).map(([api, profile]) => `${api}=${profile}`)].join(',')
}

function webhookUrl(given: string): string {
  if (given === 'inbox' || given === 'none') return given
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given
  throw new Error('must be inbox, none, or an http or https URL')
}

function secret(given: string): string {
  if (Buffer.byteLength(given) < 32) throw new Error('must have at least 32 bytes')
  return given
}

function adminToken(given: string): string {
  if (given !== 'none' && !/^[\x21-\x7e]{8,}$/.test(given)) {
    throw new Error('must have at least 8 characters of ASCII without spaces, or be none')
  }
  return given
}

const SECRETS: readonly (keyof Config)[] = ['jwtSecret', 'webhookSecret', 'adminToken', 'faults']

/** A value as a message shows it; one that may hold a secret is not shown. */
function quoted(key: keyof Config, value: unknown): string {
  return SECRETS.includes(key)
    ? `${String(value).length} characters`
    : JSON.stringify(String(value))
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function variableOf(key: string): string {
  return `STANDIN_${kebab(key).replaceAll('-', '_').toUpperCase()}`
}

/** `; did you mean --port?` where one is close by: at most three edits, in at most half of it. */
export function nearest(name: string, known: readonly string[], dashes = '--'): string {
  const [best] = known
    .map((candidate) => ({ candidate, distance: distance(name, candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.min(3, name.length / 2)
    ? `; did you mean ${dashes}${best.candidate}?`
    : '; see standin --help'
}

/** Edits from one word to another (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row.at(-1)!
}
