import type { Reply } from '../api.ts'
import type { Call } from '../call.ts'
import type { ApiContext } from '../context.ts'
import type { Faults } from '../faults/faults.ts'
import type { BodyLimits } from '../http/body.ts'
import type { RequestRecorder } from '../request-log/request-log.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'

/** Everything that the pipeline needs to answer requests for one API of one sandbox. */
export interface PipelineContext extends ApiContext {
  readonly webhooks: Webhooks
  readonly limits: BodyLimits
  /** Called with a description of each answer that breaks its contract. */
  readonly reportInvalidAnswer: (message: string) => void
  /** True if every answer is read back after writing; too slow outside of tests. */
  readonly checksRoundTrip: boolean
  /** Numbers the requests and records them. */
  readonly requestLog: RequestRecorder
  /** Absent at Standin's own API, and where faults are off. */
  readonly faults?: Faults
  /** Called after every answer, for logs and metrics. It must not throw. */
  readonly observe?: Observer | undefined
}

/** An answer that was sent, and the call that it answered. */
export interface AnsweredCall {
  readonly context: ApiContext
  readonly call: Call
  readonly reply: Reply
}

export type Observer = (answered: AnsweredCall) => void
