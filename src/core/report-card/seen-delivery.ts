import type { Attempt, Delivery } from '../webhooks/delivery.ts'
import { inboxAt } from '../webhooks/subscriptions.ts'
import type { Scheme } from '../webhooks/signature.ts'
import type { DeliveryFaultKind } from '../fault.ts'

/** One delivery to a receiver of the integrator, as the checks see it. */
export interface SeenDelivery {
  readonly id: string
  readonly delivery: Delivery
  readonly attempts: readonly Attempt[]
  /** Name of the API whose event it is; undefined for an event that belongs to no vendor. */
  readonly api: string | undefined
  readonly scheme: Scheme
}

/** True for a delivery to a built-in inbox, which shows nothing about a receiver. */
export function isToInbox({ url }: Delivery): boolean {
  const { pathname, search } = URL.canParse(url) ? new URL(url) : { pathname: url, search: '' }
  return inboxAt(pathname + search) !== undefined
}

/**
 * True if the receiver answered the attempt, and the attempt had this fault, or none if `fault` is
 * omitted.
 */
export function isAnswered({ status, faults = [] }: Attempt, fault?: DeliveryFaultKind): boolean {
  if (status === undefined) return false
  return fault === undefined ? faults.length === 0 : faults.includes(fault)
}

export function isAccepted({ status = 0 }: Attempt): boolean {
  return status >= 200 && status < 300
}

export function isRefused({ status = 0 }: Attempt): boolean {
  return status >= 400 && status < 500
}
