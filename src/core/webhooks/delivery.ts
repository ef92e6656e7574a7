import type { DeliveryFault, DeliveryFaultKind } from '../fault.ts'
import type { Row, Table } from '../store/state.ts'
import type { AttemptOutcome, SendError } from './http-sender.ts'
import type { Scheme } from './signature.ts'

/** Tables of the store for webhooks, named like those of an API. */
export const TABLES: Readonly<Record<'subscriptions' | 'deliveries', Table>> = {
  subscriptions: { unique: [] },
  deliveries: { unique: [], counted: ['state'] },
}
export const SUBSCRIPTIONS = 'webhooks.subscriptions'
export const DELIVERIES = 'webhooks.deliveries'

export type Health = 'Healthy' | 'Unhealthy' | 'Suspended'

/** A webhook URL with its events and its token. */
export interface Subscription extends Row {
  readonly name: string
  /** An http or https URL, or the path of an inbox of the same sandbox. */
  readonly url: string
  /** Signs the deliveries; stored in plain text because signing needs it, and never shown. */
  readonly token: string
  /** Token before the last change; still signs in the standard scheme. */
  readonly previousToken?: string
  readonly active: boolean
  readonly events: readonly string[]
  readonly status: Health
  /** Failed attempts in a row. */
  readonly failures: number
  /** Signature scheme, if it is not the server's default. */
  readonly scheme?: Scheme
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** Returns the tokens that sign the deliveries of a subscription, the newest first. */
export function tokensOf({ token, previousToken }: Subscription): string[] {
  return previousToken ? [token, previousToken] : [token]
}

/** One try to send a delivery. */
export interface Attempt {
  readonly number: number
  /** Start, in milliseconds since 1970 by the sandbox's clock. */
  readonly at: number
  /** Reason: `event`, `redelivery`, `restart`, or the outcome of the previous attempt. */
  readonly why: string
  /** Delivery faults that were applied. */
  readonly faults?: readonly DeliveryFaultKind[]
  /** Duration in milliseconds of real time; 0 if nothing left the server. */
  readonly ms: number
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Beginning of the receiver's answer. */
  readonly excerpt?: string
  readonly error?: SendError
  readonly message?: string
}

/** `dropped`: the fault `drop` fired, or the subscription is inactive or removed. */
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export const DELIVERY_STATES = ['pending', 'delivered', 'failed', 'dropped'] as const

/** One event for one subscription. */
export interface Delivery extends Row {
  readonly event: string
  readonly subscription: string
  readonly url: string
  /** Exact text of the body, the same for every attempt. */
  readonly body: string
  /** Id of the user that the event is about. */
  readonly userId?: string
  /** Id of the request that caused the event. */
  readonly requestId?: string
  /** Milliseconds since 1970, like all times here. */
  readonly createdAt: number
  readonly state: DeliveryState
  /** Time of the next attempt. */
  readonly nextAt?: number
  /** Condition of the first attempt: the removal of the user (fault `after-delete`). */
  readonly waitsFor?: 'removal'
  /** The reason why no further attempt is made. */
  readonly reason?: string
  readonly attempts: readonly Attempt[]
  /** Number of the last attempt before a redelivery, which starts the retry plan again. */
  readonly before?: number
  readonly faults?: readonly DeliveryFault[]
}

/** Counts the attempts since the retry plan started. */
export function attemptsInPlan({ attempts, before = 0 }: Delivery): number {
  return (attempts.at(-1)?.number ?? 0) - before
}

/** The record of the next attempt of a delivery. */
export function attemptOf(
  { attempts }: Pick<Delivery, 'attempts'>,
  why: string,
  made: {
    readonly at: number
    readonly faults: readonly DeliveryFaultKind[]
    readonly outcome: AttemptOutcome
  },
): Attempt {
  const { at, faults, outcome } = made
  const { kind: _, ...result } = outcome
  const number = (attempts.at(-1)?.number ?? 0) + 1
  return { number, at, why, ...(faults.length > 0 ? { faults } : {}), ...result }
}
