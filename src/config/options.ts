import { API_NAMES, VENDOR_OPTIONS } from '../apis/index.ts'
import { readNames, readOrigins } from '../core/http/hosts.ts'
import { boolean, option, text, type ValuesOf } from '../core/option.ts'
import { readEgress } from '../core/webhooks/egress.ts'
import { readRetryPlan } from '../core/webhooks/retry-plan.ts'
import { SCHEMES } from '../core/webhooks/signature.ts'
import { LEVELS } from '../telemetry/log-entry.ts'
import { readFaults } from './faults.ts'
import { readProfiles } from './profiles.ts'
import {
  adminToken,
  address,
  integer,
  oneOf,
  readSecretNames,
  readTime,
  webhookUrl,
} from './values.ts'

/** The table of options: flags, environment variables, keys of the file, help and defaults. */
export const OPTIONS = {
  port: option({
    fallback: 4020,
    value: 'N',
    help: 'port to listen on; 0 takes a free one',
    read: integer(0, 65535),
  }),
  /** Listens with HTTPS too. */
  tls: option({
    fallback: false,
    help: "listen with HTTPS too, with a certificate of Standin's own CA",
    read: boolean,
  }),
  tlsPort: option({
    fallback: 4021,
    value: 'N',
    help: 'port of HTTPS; 0 takes a free one',
    read: integer(0, 65535),
  }),
  /** A file with a certificate, and those of its CAs after it. */
  tlsCert: option({
    fallback: undefined,
    value: 'FILE',
    help: "certificate for HTTPS in PEM, in place of Standin's own",
    read: text,
  }),
  tlsKey: option({
    fallback: undefined,
    value: 'FILE',
    help: 'private key of that certificate in PEM',
    read: text,
  }),
  host: option({
    fallback: '127.0.0.1',
    value: 'ADDRESS',
    help: 'address to listen on',
    read: address,
  }),
  data: option({
    fallback: './.standin',
    value: 'FOLDER',
    help: 'folder for the state',
    read: text,
  }),
  memory: option({
    fallback: false,
    help: 'keep the state in memory only',
    read: boolean,
  }),
  /** The condition that a change must meet before it is acknowledged; see `Durability`. */
  durability: option({
    fallback: 'fsync',
    value: 'LEVEL',
    help: 'how a change is saved before it is answered: fsync, write or none',
    read: oneOf('fsync', 'write', 'none'),
  }),
  recover: option({
    fallback: false,
    help: 'set an unreadable state aside and start from the last valid one',
    read: boolean,
  }),
  seed: option({
    fallback: 1,
    value: 'N',
    help: 'seed of all generated values',
    read: integer(0, 0xffffffff),
  }),
  /** Milliseconds since 1970 at which the clock is held; undefined: the clock runs. */
  clock: option({
    fallback: undefined,
    value: 'TIME',
    help: 'hold the clock at this time, such as 2026-01-15T09:30:00Z',
    read: readTime,
  }),
  profile: option({
    fallback: { all: 'documented' },
    value: 'NAME',
    help: `documented or strict; per API: documented,${API_NAMES[0]}=strict`,
    read: readProfiles,
  }),
  /** A file, a folder or JSON. */
  fixtures: option({
    fallback: undefined,
    value: 'FILE',
    help: 'credentials and data of a new sandbox: a file, a folder or JSON',
    read: text,
  }),
  autoSandboxes: option({
    fallback: false,
    help: 'create a sandbox on its first request',
    read: boolean,
  }),
  ...VENDOR_OPTIONS,
  /** Faults that are armed in every sandbox from the start; undefined: faults are disabled. */
  faults: option({
    fallback: [],
    value: 'FAULTS',
    help: `faults armed from the start ('${API_NAMES[0]}:500;times=2'); off allows no fault`,
    secret: true,
    read: readFaults,
  }),
  magicFaults: option({
    fallback: true,
    value: 'BOOLEAN',
    help: 'let addresses like ada+fault.500@example.test request a fault',
    read: boolean,
  }),
  /** `inbox`, `none` or a URL. */
  webhookUrl: option({
    fallback: 'inbox',
    value: 'URL',
    help: 'where webhooks are delivered: a URL, inbox (built-in) or none',
    read: webhookUrl,
  }),
  webhookSecret: option({
    fallback: 'standin-webhook-secret',
    value: 'TEXT',
    help: 'secret that signs webhooks to that URL',
    secret: true,
    read: text,
  }),
  /** As `readRetryPlan` reads it. */
  webhookRetries: option({
    fallback: 'vendor',
    value: 'PLAN',
    help: 'retry plan: vendor, standard-webhooks, fast, none or 5s,5m,2h',
    read: (given) => readRetryPlan(given).name,
  }),
  /** Milliseconds. */
  webhookTimeout: option({
    fallback: 10_000,
    value: 'MS',
    help: 'time limit for a webhook receiver to answer, in milliseconds',
    read: integer(1, 600_000),
  }),
  webhookOrder: option({
    fallback: false,
    help: 'finish each delivery of a subscription before sending its next one',
    read: boolean,
  }),
  webhookScheme: option({
    fallback: 'plain',
    value: 'NAME',
    help: 'signature scheme of webhooks: plain, standard or both',
    read: oneOf(...SCHEMES),
  }),
  /** As `readEgress` reads it; undefined: private networks while the host is a loopback address. */
  egress: option({
    fallback: undefined,
    value: 'WHERE',
    help: 'networks that webhooks may reach: loopback, private, any or host names',
    read: (given) => {
      readEgress(given)
      return given
    },
  }),
  /** Bytes. */
  maxBody: option({
    fallback: 1024 * 1024,
    value: 'BYTES',
    help: 'maximum size of a request body, in bytes',
    read: integer(1, 1024 ** 3),
  }),
  /** Milliseconds. */
  bodyTimeout: option({
    fallback: 10_000,
    value: 'MS',
    help: 'time limit for receiving a request body, in milliseconds',
    read: integer(1, 3_600_000),
  }),
  /** Requests. */
  requestLogSize: option({
    fallback: 1000,
    value: 'N',
    help: 'requests in the request log of a sandbox; 0 disables it',
    read: integer(0, 1_000_000),
  }),
  /** Bytes. */
  requestLogBytes: option({
    fallback: 16 * 1024 * 1024,
    value: 'BYTES',
    help: 'memory limit of the request log of a sandbox, in bytes',
    read: integer(0, 4 * 1024 ** 3),
  }),
  /** Names whose values are redacted, besides those of the list. */
  redact: option({
    fallback: undefined,
    value: 'NAMES',
    help: 'further names of headers and fields to redact: dealerCode,X-Trace',
    read: readSecretNames,
  }),
  /** Bytes. */
  historyBytes: option({
    fallback: 256 * 1024 * 1024,
    value: 'BYTES',
    help: 'memory limit of all request logs, inboxes and deliveries',
    read: integer(0, 64 * 1024 ** 3),
  }),
  /** Milliseconds. */
  headerTimeout: option({
    fallback: 10_000,
    value: 'MS',
    help: 'time limit for receiving request headers, in milliseconds',
    read: integer(1, 3_600_000),
  }),
  /** Open connections. */
  maxConnections: option({
    fallback: 1000,
    value: 'N',
    help: 'maximum number of open connections; further ones get a 503',
    read: integer(1, 100_000),
  }),
  /** Names that the Host header may have, besides those of this machine. */
  allowedHosts: option({
    fallback: undefined,
    value: 'NAMES',
    help: 'further host names of this server: a.test,*.b.test',
    read: readNames,
  }),
  /** Origins whose pages may call the vendors' APIs. */
  corsOrigins: option({
    fallback: undefined,
    value: 'ORIGINS',
    help: "origins whose pages may call the vendors' APIs: https://a.test",
    read: readOrigins,
  }),
  /** The token that the admin API requires; `none`: it is open to every caller. */
  adminToken: option({
    fallback: undefined,
    value: 'TEXT',
    help: 'token that the admin API requires; the word none opens it to everyone',
    secret: true,
    read: adminToken,
  }),
  /** The format of the log line of each request; undefined: no log. */
  log: option({
    fallback: undefined,
    value: 'FORMAT',
    help: 'log line per request: pretty, json or off (pretty in a terminal)',
    read: oneOf('pretty', 'json', 'off'),
  }),
  logLevel: option({
    fallback: 'info',
    value: 'LEVEL',
    help: 'minimum log level: debug, info, warn or error',
    read: oneOf(...LEVELS),
  }),
  /** A file that holds the URL while the server runs. */
  readyFile: option({
    fallback: undefined,
    value: 'FILE',
    help: 'file that holds the URL while the server runs',
    read: text,
  }),
  /** A file that holds the port while the server runs. */
  portFile: option({
    fallback: undefined,
    value: 'FILE',
    help: 'file that holds the port while the server runs',
    read: text,
  }),
}

/** The value of every option. */
export type Config = ValuesOf<typeof OPTIONS>

/** All options, in the order of the help. */
export const KEYS = Object.keys(OPTIONS) as (keyof Config)[]

/** The defaults, with the given values in place of some. */
export function withDefaults(given: Partial<Config>): Config {
  const defaults = Object.fromEntries(KEYS.map((key) => [key, OPTIONS[key].fallback]))
  return { ...(defaults as unknown as Config), ...given } // every key has its fallback
}
