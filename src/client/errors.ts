import type { Awaited, DeliveriesAwaited, Settled, Verified } from '../admin/contract.gen.ts'

/** A refusal by the server, or a failure to reach it. */
export class StandinError extends Error {
  override readonly name = 'StandinError'
  /** Status of the answer; 0 if there was none. */
  readonly status: number
  /** Stable identifier for tests to compare, such as `sandbox.unknown`. */
  readonly reason: string
  /** Description of the error, and what to do about it. */
  readonly detail: string

  constructor(status: number, reason: string, detail: string, cause?: unknown) {
    super(
      status === 0 ? detail : `${detail} (${status} ${reason})`,
      cause === undefined ? {} : { cause },
    )
    this.status = status
    this.reason = reason
    this.detail = detail
  }
}

/** A failed expectation; test runners show it as a failed assertion. */
export class ExpectationError extends Error {
  override readonly name = 'AssertionError'
  readonly code = 'ERR_ASSERTION'
  /** Answer of the server. */
  readonly result: Verified | Awaited | DeliveriesAwaited | Settled

  constructor(message: string, result: ExpectationError['result']) {
    super(message)
    this.result = result
  }
}

/** Option of calls that check an expectation. */
export interface ThrowOptions {
  /** False: a failure is returned instead of thrown; default true. */
  readonly throws?: boolean
}
