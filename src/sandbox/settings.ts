import type { Fixtures } from '../admin/ports.ts'
import type { Profiles } from '../config/profiles.ts'
import type { ApiPart } from '../core/context.ts'
import type { FaultOptions } from '../core/faults/faults.ts'
import type { Log } from '../core/log.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'
import type { RequestLog } from '../core/request-log/request-log.ts'
import type { RequestLimits } from '../core/request-log/ring-buffer.ts'
import type { StoreOptions } from '../core/store/store.ts'
import type { Vendor } from '../core/vendor.ts'
import type { WebhookSettings } from '../core/webhooks/transport.ts'

/** What sandboxes of one server have in common, but for their own API. */
export interface Shared {
  readonly vendors: readonly ApiPart<Vendor>[]
  readonly limits: PipelineContext['limits']
  /** What each sandbox remembers of its requests. */
  readonly requestLog: RequestLimits
  readonly log: Log
  /** Told of each write to a sandbox's journal, in milliseconds. */
  readonly onFlush?: StoreOptions['onFlush']
  readonly gate: Pick<PipelineContext, 'reportInvalidAnswer' | 'checksRoundTrip' | 'observe'>
  readonly faults: Pick<FaultOptions, 'terms' | 'magic' | 'startup'>
  readonly webhooks: WebhookSettings & {
    /** Who is told besides; `inbox` is the sandbox's own, `none` is nobody. */
    readonly url: string
    readonly secret: string
  }
}

/** What makes one sandbox different from another. */
export interface Settings {
  readonly name: string
  readonly seed: number
  /** Where the clock is held, in milliseconds since 1970; undefined: it runs. */
  readonly clock: number | undefined
  /** Whether that was asked for at this start, and so goes before what the state holds. */
  readonly clockWins?: boolean
  readonly profile: Profiles
  readonly fixtures: Fixtures
  /** Where its requests are written down, where that is not its own book. */
  readonly requests?: RequestLog
}
