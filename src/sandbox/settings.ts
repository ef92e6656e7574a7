import type { Fixtures, SandboxPort } from '../admin/ports.ts'
import type { Profiles } from '../config/profiles.ts'
import type { ApiPart } from '../core/context.ts'
import type { FaultOptions } from '../core/faults/faults.ts'
import type { HistoryBudget } from '../core/history-budget.ts'
import type { Log } from '../core/log.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'
import type { RequestRecorder } from '../core/request-log/request-log.ts'
import type { SecretNames } from '../core/request-log/secret-names.ts'
import type { RequestLimits } from '../core/request-log/ring-buffer.ts'
import type { StoreOptions } from '../core/store/store.ts'
import type { Vendor } from '../core/vendor.ts'
import type { WebhookSettings } from '../core/webhooks/transport.ts'

/** The parts that all sandboxes of a server share. */
export interface SharedParts {
  readonly vendors: readonly ApiPart<Vendor>[]
  /** Makes the admin API of a sandbox. */
  readonly admin: (sandbox: SandboxPort) => ApiPart
  readonly limits: PipelineContext['limits']
  /** Limits of the request log of each sandbox. */
  readonly requestLog: RequestLimits
  /** Names of headers, parameters and fields whose values are redacted. */
  readonly secretNames: SecretNames
  /** The memory that the histories of all sandboxes share. */
  readonly history: HistoryBudget
  readonly log: Log
  /** Called after each write to a sandbox's write-ahead log, with its time in milliseconds. */
  readonly onFlush?: StoreOptions['onFlush']
  readonly gate: Pick<PipelineContext, 'reportInvalidAnswer' | 'checksRoundTrip' | 'observe'>
  readonly faults: Pick<FaultOptions, 'vocabulary' | 'allowsMagicAddresses' | 'startup' | 'https'>
  readonly webhooks: WebhookSettings & {
    /** Receiver of the configured subscription: a URL, `inbox` (built-in) or `none`. */
    readonly url: string
    readonly secret: string
  }
}

/** The settings of one sandbox. */
export interface Settings {
  readonly name: string
  readonly seed: number
  /** The time at which the clock is held, in milliseconds since 1970; undefined: the clock runs. */
  readonly clock: number | undefined
  /** True if `clock` takes precedence over the stored state, as the option `--clock` does. */
  readonly clockWins?: boolean
  readonly profile: Profiles
  readonly fixtures: Fixtures
  /** Records the requests of the sandbox in place of its own request log. */
  readonly recorder?: RequestRecorder
}
