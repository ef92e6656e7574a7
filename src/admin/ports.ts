import type { IncomingHttpHeaders } from 'node:http'
import type { Credential, Tools } from '../core/api.ts'
import type { ApiPart } from '../core/context.ts'
import type { Faults } from '../core/faults/faults.ts'
import type { KnownSecrets } from '../core/request-log/redact.ts'
import type { HistoryBudget } from '../core/history-budget.ts'
import type { Log } from '../core/log.ts'
import type { RequestLog } from '../core/request-log/request-log.ts'
import type { Document } from '../core/store/document.ts'
import type { Snapshots } from '../core/store/snapshots.ts'
import type { Row } from '../core/store/state.ts'
import type { Store } from '../core/store/store.ts'
import type { Clock, ClockSetting } from '../core/time/clock.ts'
import type { Vendor } from '../core/vendor.ts'
import type { Egress } from '../core/webhooks/egress.ts'
import type { Webhooks } from '../core/webhooks/webhooks.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** Fixtures by API. */
export type Fixtures = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** One sandbox, as the admin API uses it. */
export interface SandboxPort {
  readonly settings: { readonly name: string; readonly seed: number }
  readonly vendors: readonly ApiPart<Vendor>[]
  readonly store: Store
  readonly clock: Clock
  readonly faults: Faults
  readonly requests: RequestLog
  readonly log: Log
  /** Values that are redacted from everything that is shown. */
  readonly secrets: KnownSecrets
  readonly webhooks: Webhooks
  readonly egress: Pick<Egress, 'refusalWithoutLookup'>
  readonly tools: Pick<Tools, 'clock' | 'fake'>
  readonly profile: string
  /** Number of users by API. */
  readonly users: Record<string, number>
  readonly snapshots: Snapshots
  /** A valid credential for each API that has one. */
  readonly credentials: Readonly<Record<string, Credential>>
  user(api: string, id: string): Row | undefined
  /** The tools that the API's own operations get. */
  toolsOf(api: string): Tools
  /** Restores the fixtures, or replaces them by the given ones. */
  reset(fixtures?: Fixtures): void
  /**
   * Prepares a state in slices, then replaces the whole state by it in one step.
   *
   * @throws ClientGone if the client disconnects during the preparation
   */
  replace(document: Document, signal?: AbortSignal): Promise<void>
  /** Resolves once all changes are durable; reverts them and throws if the write fails. */
  saved(): Promise<void>
  turnClock(setting: () => ClockSetting): Promise<void>
  seed(count: number, apis: readonly string[]): Promise<void>
}

/** A sandbox with what the server records about it. */
export interface HostedSandbox {
  readonly sandbox: SandboxPort
  /** True if its state outlives the server. */
  readonly kept: boolean
  /** Milliseconds since 1970, by the machine's clock. */
  readonly createdAt: number
  readonly ttl: number | undefined
  readonly lastUsed: number
}

/** Settings of a new sandbox; omitted ones default to the server's. */
export interface SandboxRequest {
  readonly name?: string
  readonly seed?: number
  /** Milliseconds since 1970. */
  readonly clock?: number
  readonly profile?: string
  readonly fixtures?: Fixtures
  /** Milliseconds without a request after which the sandbox is removed. */
  readonly ttl?: number
  readonly kept?: boolean
}

/**
 * Sessions of browsers, as the admin API uses them. Each method returns the header `Set-Cookie`.
 */
export interface SessionPort {
  readonly needsToken: boolean
  /** Returns undefined if the server needs no token; throws a Problem for a wrong token. */
  openSession(headers: IncomingHttpHeaders, token: string): string | undefined
  extendSession(headers: IncomingHttpHeaders, path: string): string | undefined
  closeSession(headers: IncomingHttpHeaders): string
}

/** A parsed OpenAPI document, with its references as they are in the file. */
export type OpenapiDocument = Readonly<Record<string, unknown>>

/** The server, as the admin API uses it. */
export interface ServerPort {
  readonly version: string
  readonly apis: readonly string[]
  /** The folder of the state; absent for a server that keeps it in memory. */
  readonly folder?: string | undefined
  /**
   * The HTTPS listener; undefined until it listens. `ca` is its CA in PEM; undefined if the
   * certificate was given by an option.
   */
  https(): { readonly port: number; readonly ca: string | undefined } | undefined
  /** Path prefixes of the APIs, in the order of `apis`. */
  readonly prefixes: readonly string[]
  /** Paths of the admin API as its contract has them, such as `/users/{api}/{id}`. */
  readonly ownPaths: readonly string[]
  readonly sessions: SessionPort
  /** The contract of an API by its name; undefined for other names. */
  document(name: string): OpenapiDocument | undefined
  /** Returns true while the server finishes requests in flight and accepts no others. */
  isStopping(): boolean
  metrics(): Metrics
  /** The memory that the histories of all sandboxes share. */
  readonly history: Pick<HistoryBudget, 'bytes' | 'limit' | 'dropped'>
  list(): readonly HostedSandbox[]
  /** Maximum number of sandboxes. */
  readonly maxSandboxes: number
  get(name: string): HostedSandbox
  create(request: SandboxRequest): Promise<HostedSandbox>
  remove(name: string): Promise<HostedSandbox>
  /** Completes the given fixtures with the defaults. */
  fixturesWith(given: Fixtures): Fixtures
  /** Stores the fixtures of a kept sandbox for the next start. */
  keepFixtures(sandbox: SandboxPort, fixtures: Fixtures): Promise<void>
}
