import type { Awaited, DeliveriesAwaited, Settled, Verified } from '../admin/contract.gen.ts'

/** What a Standin refused, or why none answered. */
export class StandinError extends Error {
  override readonly name = 'StandinError'
  /** Of the answer; 0 where there was none. */
  readonly status: number
  /** Stable, for a test to compare: `sandbox.unknown`. */
  readonly reason: string
  /** A sentence: what is wrong, and what to do. */
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

/** What was asked came out otherwise: test runners show it as a failed assertion. */
export class ExpectationError extends Error {
  override readonly name = 'AssertionError'
  readonly code = 'ERR_ASSERTION'
  /** What the server said. */
  readonly result: Verified | Awaited | DeliveriesAwaited | Settled

  constructor(message: string, result: ExpectationError['result']) {
    super(message)
    this.result = result
  }
}

/** Whether what comes out otherwise is thrown. */
export interface Throwing {
  /** False: it is handed back, for the caller to look at; true where nothing is said. */
  readonly throws?: boolean
}
