import type { Credential, Tools } from '../core/api.ts'
import type { ApiPart } from '../core/context.ts'
import type { Clock, ClockSetting } from '../core/time/clock.ts'
import type { Faults } from '../core/faults/faults.ts'
import type { RequestLog } from '../core/request-log/request-log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Row } from '../core/store/state.ts'
import type { Document } from '../core/store/document.ts'
import type { Snapshots } from '../core/store/snapshots.ts'
import type { Store } from '../core/store/store.ts'
import type { Vendor } from '../core/vendor.ts'
import type { Egress } from '../core/webhooks/egress.ts'
import type { Webhooks } from '../core/webhooks/webhooks.ts'

/** What a tester may give a sandbox to know. */
export type Fixtures = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** A sandbox as its own admin API sees it. */
export interface SandboxPort {
  readonly settings: { readonly name: string; readonly seed: number }
  readonly vendors: readonly ApiPart<Vendor>[]
  readonly store: Store
  readonly clock: Clock
  readonly faults: Faults
  readonly requests: RequestLog
  /** What is shown nowhere. */
  readonly secrets: readonly string[]
  readonly webhooks: Webhooks
  readonly egress: Pick<Egress, 'refusesLiterally'>
  readonly tools: Pick<Tools, 'clock' | 'fake'>
  readonly profile: string
  /** How many users each API has. */
  readonly users: Record<string, number>
  readonly snapshots: Snapshots
  /** A credential that is accepted, for each API that has one. */
  readonly credentials: Readonly<Record<string, Credential>>
  user(api: string, id: string): Row | undefined
  /** What a vendor's own operations use here. */
  toolsOf(api: string): Tools
  reset(fixtures?: Fixtures): void
  replace(document: Document): void
  /** Waits until what was changed is kept, or takes it back and throws. */
  saved(): Promise<void>
  turnClock(setting: () => ClockSetting): Promise<void>
  seed(count: number, apis: readonly string[]): Promise<void>
}

/** A sandbox in the server that hosts it. */
export interface HostedSandbox {
  readonly sandbox: SandboxPort
  readonly kept: boolean
  /** Milliseconds since 1970, by the machine's clock. */
  readonly createdAt: number
  readonly ttl: number | undefined
  readonly lastUsed: number
}

/** What a new sandbox is asked to be; what is left out is as the server's own. */
export interface SandboxRequest {
  readonly name?: string
  readonly seed?: number
  /** Milliseconds since 1970. */
  readonly clock?: number
  readonly profile?: string
  readonly fixtures?: Fixtures
  /** Milliseconds without a request after which it goes. */
  readonly ttl?: number
  readonly kept?: boolean
}

/** The server as the admin API sees it. */
export interface ServerPort {
  readonly version: string
  readonly apis: readonly string[]
  /** Where those are. */
  readonly prefixes: readonly string[]
  /** Whether it only finishes what is in flight. */
  isStopping(): boolean
  /** What the server counts. */
  metrics(): Metrics
  list(): readonly HostedSandbox[]
  get(name: string): HostedSandbox
  create(wish: SandboxRequest): Promise<HostedSandbox>
  remove(name: string): Promise<HostedSandbox>
  fixturesWith(given: Fixtures): Fixtures
  keepFixtures(world: SandboxPort, fixtures: Fixtures): void
}
