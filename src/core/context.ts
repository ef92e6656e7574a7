import type { Api, Call, Profile, Reply, Tools } from './api.ts'
import type { BodyLimits } from './http/body.ts'
import type { Contract } from './contract/contract.ts'
import type { Faults } from './faults/faults.ts'
import type { Log } from './log.ts'
import type { RequestLog } from './request-log/request-log.ts'
import type { Store } from './store/store.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

/** What one API of one sandbox needs to answer. */
export interface ApiContext {
  readonly api: Api
  readonly contract: Contract
  /** Every API of the sandbox, its own included: who came here may have meant another. */
  readonly all: readonly { readonly api: Api; readonly contract: Contract }[]
  readonly profile: Profile
  readonly tools: Tools
  readonly store: Store
  readonly webhooks: Webhooks
  readonly limits: BodyLimits
  readonly log: Log
  /** Called with every answer that the contract does not allow. */
  readonly reportInvalidAnswer: (message: string) => void
  /** Whether what is written is read back too: thorough, and too slow for every day. */
  readonly checksRoundTrip: boolean
  /** Where requests get their numbers, and are written down. */
  readonly requestLog: RequestLog
  /** What may go wrong on purpose; none at Standin's own API. */
  readonly faults?: Faults
  /** The sandbox's name. */
  readonly sandbox: string
  /** Told of every answer, after it was sent: for logs and counters. It must not throw. */
  readonly observe?: Observer | undefined
}

/** An answer that was sent, and what it was for. */
export interface AnsweredCall {
  readonly context: ApiContext
  readonly call: Call
  readonly reply: Reply
}

export type Observer = (answered: AnsweredCall) => void
