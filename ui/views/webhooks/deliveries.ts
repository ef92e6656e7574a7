import type { Attempt, Delivery } from '../../../src/admin/contract.gen.ts'

/** Facts about a delivery that the list shows and the filter searches. */
export interface Facts {
  /** The address of the user, or else the event. */
  readonly person: string
  /** The event, unless it is the title. */
  readonly note: string
  /** Everything that the filter searches, in lower case. */
  readonly searched: string
}

/** Characters of a body that the filter searches. */
const SEARCHED_BODY = 1000

/** The address in the body of a webhook; a test has none. */
export function emailIn(body: string): string | undefined {
  try {
    const { data } = JSON.parse(body) as { readonly data?: { readonly email?: unknown } | null }
    return typeof data?.email === 'string' && data.email !== '' ? data.email : undefined
  } catch {
    return undefined
  }
}

/** The name of the event in the body of a webhook. */
export function eventIn(body: string): string | undefined {
  try {
    const { event } = JSON.parse(body) as { readonly event?: unknown }
    return typeof event === 'string' ? event : undefined
  } catch {
    return undefined
  }
}

/** Cache of the facts by delivery, because the list is read again every few seconds. */
const known = new WeakMap<Delivery, Facts>()

export function factsOf(delivery: Delivery): Facts {
  const found = known.get(delivery)
  if (found) return found
  const { id, event, url, userId, requestId, subscription, state, body } = delivery
  const email = emailIn(body)
  const parts = [id, event, url, userId, requestId, subscription, state, email]
  const facts = {
    person: email ?? event,
    note: email === undefined ? 'no user' : event,
    searched: [...parts, body.slice(0, SEARCHED_BODY)].join('\n').toLowerCase(),
  }
  known.set(delivery, facts)
  return facts
}

export const isAccepted = ({ status = 0 }: Attempt): boolean => status >= 200 && status < 300

/** The outcome of an attempt in words. */
export function outcomeOf({ status, error, message }: Attempt): string {
  return status === undefined ? (message ?? error ?? 'no answer') : `answered ${status}`
}

/** Tone of the tag of a delivery's state. */
export const TONES = { delivered: 'ok', failed: 'bad', dropped: 'warn', pending: '' } as const

/** Words for the states; a pending delivery is shown as due. */
export const STATES = {
  delivered: 'delivered',
  failed: 'failed',
  dropped: 'dropped',
  pending: 'due',
} as const
