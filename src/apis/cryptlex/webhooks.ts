import type { Call } from '../../core/call.ts'
import type { Operation, Tools, WebhookStyle } from '../../core/api.ts'
import { Problem } from '../../core/problem.ts'
import type { State } from '../../core/store/state.ts'
import {
  DELIVERIES,
  SUBSCRIPTIONS,
  type Attempt,
  type Delivery,
  type Subscription,
} from '../../core/webhooks/delivery.ts'
import { updateSubscription, subscribe } from '../../core/webhooks/subscriptions.ts'
import type {
  NewlyMadeWebhook,
  NewWebhook,
  Webhook,
  WebhookChanges,
  WebhookEventLog,
} from './contract.gen.ts'
import { timestamp } from './time.ts'

/**
 * The first event is documented. The others are public, from the vendor's pages about updates and
 * deletions.
 */
export const EVENTS = {
  created: 'reseller.user.created',
  updated: 'reseller.user.updated',
  deleted: 'reseller.user.deleted',
} as const

export const webhookStyle: WebhookStyle = {
  header: 'Webhook-Signature',
  events: Object.values(EVENTS),
}

/** The page size where a request gives none. Assumed, as for the list of reseller users. */
const PAGE = 20

/** The vendor's operations on webhooks, by operationId. */
export const webhookOperations: Readonly<
  Record<
    | 'listWebhooks'
    | 'createWebhook'
    | 'getWebhook'
    | 'updateWebhook'
    | 'deleteWebhook'
    | 'listWebhookEventLogs',
    Operation
  >
> = {
  listWebhooks: (call, state) => ({
    status: 200,
    body: page(call, rowsOf(state).all().map(webhookFrom)),
  }),
  createWebhook: (call, state, tools) => {
    const { name, url, token, active, events } = call.body as NewWebhook // the contract has checked it
    const row = subscribe(
      state,
      {
        name,
        url,
        events,
        ...(token === undefined ? {} : { token }),
        ...(active === undefined ? {} : { active }),
      },
      tools,
    )
    warnAbout(url, call, tools)
    const { status, ...webhook } = webhookFrom(row)
    const body: NewlyMadeWebhook = { ...webhook, status, token: row.token }
    return { status: 201, body, created: row.id }
  },
  getWebhook: (call, state) => ({ status: 200, body: webhookFrom(rowFor(call, state)) }),
  updateWebhook: (call, state, tools) => {
    const row = rowFor(call, state)
    const changes = call.body as WebhookChanges // the contract has checked it
    const changed = updateSubscription(state, row, changes, tools.clock.now())
    if (changes.url !== undefined) warnAbout(changes.url, call, tools)
    return { status: 200, body: webhookFrom(changed) }
  },
  deleteWebhook: (call, state) => {
    rowsOf(state).remove(rowFor(call, state).id)
    return { status: 204, body: undefined }
  },
  listWebhookEventLogs: (call, state) => {
    const webhookId = call.query.get('webhookId')
    const event = call.query.get('event')
    const logs = state
      .collection<Delivery>(DELIVERIES)
      .all()
      .filter((row) => webhookId === null || row.subscription === webhookId)
      .filter((row) => event === null || row.event === event)
      .flatMap((row) => row.attempts.map((attempt) => logFrom(row, attempt)))
    return { status: 200, body: page(call, logs) }
  },
}

/**
 * Adds a warning for a URL that this server will not call. The vendor accepts any URL, so it is not
 * refused.
 */
function warnAbout(url: string, call: Call, tools: Tools): void {
  const warning = tools.webhookUrlWarning(url)
  if (warning) call.warn(warning.code, warning.text)
}

function rowsOf(state: State) {
  return state.collection<Subscription>(SUBSCRIPTIONS)
}

function rowFor(call: Call, state: State): Subscription {
  const row = rowsOf(state).get(call.params['id']!)
  if (!row) throw new Problem(404, 'webhook.unknown', 'The webhook does not exist.')
  return row
}

function page<T>(call: Call, rows: readonly T[]): T[] {
  const number = Number(call.query.get('page') ?? 1)
  const limit = Number(call.query.get('limit') ?? PAGE)
  return rows.slice((number - 1) * limit, number * limit)
}

function webhookFrom(row: Subscription): Webhook {
  return {
    id: row.id,
    createdAt: timestamp(row.createdAt, 0),
    updatedAt: timestamp(row.updatedAt, 0),
    name: row.name,
    url: row.url,
    active: row.active,
    events: [...row.events],
    status: row.status,
  }
}

function logFrom(delivery: Delivery, attempt: Attempt): WebhookEventLog {
  const sent = timestamp(attempt.at, 0)
  const received = timestamp(attempt.at + Math.round(attempt.ms), 0)
  return {
    id: `${delivery.id}-${attempt.number}`,
    createdAt: timestamp(delivery.createdAt, 0),
    updatedAt: received,
    webhookId: delivery.subscription,
    event: delivery.event,
    url: delivery.url,
    statusCode: attempt.status ?? null,
    requestSentAt: sent,
    responseReceivedAt: attempt.status === undefined ? null : received,
    retryReason: attempt.why === 'event' ? null : attempt.why,
    attempt: attempt.number,
  }
}
