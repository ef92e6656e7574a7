import type { DeliveryFault, DeliveryFaultKind } from '../fault.ts'
import type { Row, Table } from '../store/state.ts'
import type { SendError } from './http-sender.ts'
import type { Scheme } from './signature.ts'

/** What the store keeps for webhooks, as if it were one more API's. */
export const TABLES: Readonly<Record<'subscriptions' | 'deliveries', Table>> = {
  subscriptions: { unique: [] },
  deliveries: { unique: [] },
}
export const SUBSCRIPTIONS = 'webhooks.subscriptions'
export const DELIVERIES = 'webhooks.deliveries'

export type Health = 'Healthy' | 'Unhealthy' | 'Suspended'

/** Who wants to be told of what. */
export interface Subscription extends Row {
  readonly name: string
  /** http(s), or the path of an inbox of the same sandbox. */
  readonly url: string
  /** What deliveries are signed with; it is kept because it must be, and shown nowhere. */
  readonly token: string
  /** The one before, while it is rotated. */
  readonly previousToken?: string
  readonly active: boolean
  readonly events: readonly string[]
  readonly status: Health
  /** Failed attempts in a row. */
  readonly failures: number
  /** Where it is not the server's own. */
  readonly scheme?: Scheme
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** What a webhook's deliveries are signed with, the newest first. */
export function tokensOf({ token, previousToken }: Subscription): string[] {
  return previousToken ? [token, previousToken] : [token]
}

/** One try at a delivery. */
export interface Attempt {
  readonly number: number
  /** When it began, by the sandbox's clock. */
  readonly at: number
  /** Why it was made: `event`, `redelivery`, or what became of the one before. */
  readonly why: string
  /** Faults that it was spoilt by. */
  readonly faults?: readonly DeliveryFaultKind[]
  /** Machine's milliseconds that it took; 0 where nothing left the server. */
  readonly ms: number
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The beginning of the receiver's answer. */
  readonly excerpt?: string
  readonly error?: SendError
  readonly message?: string
}

/** `dropped` was never to arrive, or its subscription sends nothing any more. */
export type DeliveryState = 'pending' | 'delivered' | 'failed' | 'dropped'

/** A webhook in the outbox. */
export interface Delivery extends Row {
  readonly event: string
  readonly subscription: string
  readonly url: string
  /** The exact text that is sent, the same on every attempt. */
  readonly body: string
  /** Of the user that it tells of. */
  readonly userId?: string
  /** Of the request that caused it. */
  readonly requestId?: string
  /** Milliseconds since 1970, as the rest. */
  readonly createdAt: number
  readonly state: DeliveryState
  /** When it is tried next. */
  readonly nextAt?: number
  /** What it waits for besides: that its user is removed. */
  readonly waitsFor?: 'removal'
  /** Why it will not be tried again. */
  readonly reason?: string
  readonly attempts: readonly Attempt[]
  /** The number of the last attempt before a redelivery: a retry plan begins anew with that. */
  readonly before?: number
  readonly faults?: readonly DeliveryFault[]
}

/** How many attempts were made since the plan began. */
export function triesOf({ attempts, before = 0 }: Delivery): number {
  return (attempts.at(-1)?.number ?? 0) - before
}
