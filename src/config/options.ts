import { readNames, readOrigins } from '../core/http/hosts.ts'
import { LEVELS } from '../telemetry/log-entry.ts'
import { readEgress } from '../core/webhooks/egress.ts'
import { readRetryPlan } from '../core/webhooks/retry-plan.ts'
import type { Scheme } from '../core/webhooks/signature.ts'
import { readFaults } from './faults.ts'
import { readProfiles } from './profiles.ts'
import type { Config, LogFormat } from './settings.ts'
import {
  adminToken,
  boolean,
  integer,
  listened,
  oneOf,
  readTime,
  secret,
  text,
  webhookUrl,
} from './values.ts'

interface Option<T> {
  readonly fallback: T
  /** How the value is named in the help; a switch has none. */
  readonly value?: string
  readonly help: string
  /** Throws an Error that says what is allowed. */
  readonly read: (text: string) => T
}

/** The one table of options: flags, environment variables, keys of the file, help and defaults. */
export const OPTIONS: { readonly [K in keyof Config]: Option<Config[K]> } = {
  port: {
    fallback: 4020,
    value: 'N',
    help: 'port to listen on; 0 takes a free one',
    read: integer(0, 65535),
  },
  host: { fallback: '127.0.0.1', value: 'ADDRESS', help: 'address to listen on', read: listened },
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
    read: (given) => readRetryPlan(given).name,
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
  requestLogSize: {
    fallback: 1000,
    value: 'N',
    help: 'requests that a sandbox remembers; 0 remembers none',
    read: integer(0, 1_000_000),
  },
  requestLogBytes: {
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

/** All options, in the order of the help. */
export const KEYS = Object.keys(OPTIONS) as (keyof Config)[]

/** The defaults, with what is set over them as it is. */
export function withDefaults(given: Partial<Config>): Config {
  const defaults = Object.fromEntries(KEYS.map((key) => [key, OPTIONS[key].fallback]))
  return { ...(defaults as unknown as Config), ...given } // every key has its fallback
}
