import type { FaultDefinition } from '../core/fault.ts'
import type { Level } from '../telemetry/log-entry.ts'
import type { Durability } from '../core/store/write-ahead-log.ts'
import type { Scheme } from '../core/webhooks/signature.ts'
import type { Profiles } from './profiles.ts'

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
  readonly faults: readonly FaultDefinition[] | undefined
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
  readonly requestLogSize: number
  /** Bytes. */
  readonly requestLogBytes: number
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
