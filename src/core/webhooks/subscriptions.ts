import type { Clock } from '../time/clock.ts'
import type { Fake } from '../fake.ts'
import { Problem } from '../problem.ts'
import type { Collection, Row, State } from '../store/state.ts'
import { SUBSCRIPTIONS, type Subscription } from './delivery.ts'

/** Limits the number of deliveries that one event causes. */
export const MAX_SUBSCRIPTIONS = 100
/** Shown instead of a token. */
export const REDACTED = '[redacted]'

const INBOX = /^((?:\/~[a-z0-9-]+)?)\/_standin\/inbox\/([a-z0-9-]+)(?:\?(.*))?$/

/** Values of a new subscription. Without a token, a random one is generated. */
export interface NewSubscription
  extends
    Pick<Subscription, 'url' | 'events'>,
    Partial<Pick<Subscription, 'name' | 'token' | 'previousToken' | 'active' | 'scheme'>> {}

/** Parses the path of an inbox: the sandbox's path prefix, the name and the query. */
export function inboxAt(
  url: string,
): { readonly base: string; readonly name: string; readonly query: string } | undefined {
  const [, base, name, query = ''] = INBOX.exec(url) ?? []
  return base === undefined || name === undefined ? undefined : { base, name, query }
}

/**
 * Inserts a new subscription, as part of the running transaction.
 *
 * @param id unused id; generated if omitted
 * @throws Problem 400 webhook.url, 409 webhooks.too-many
 */
export function subscribe(
  state: State,
  given: NewSubscription,
  tools: { readonly clock: Clock; readonly fake: Fake },
  id?: string,
): Subscription {
  const rows = state.collection<Subscription>(SUBSCRIPTIONS)
  if (rows.size >= MAX_SUBSCRIPTIONS) {
    const message = `The sandbox already has ${MAX_SUBSCRIPTIONS} webhooks, the maximum; delete one first`
    throw new Problem(409, 'webhooks.too-many', message)
  }
  checkUrl(given.url)
  const now = tools.clock.now()
  const { name = given.url, active = true, token, ...rest } = given
  const subscription: Subscription = {
    id: id ?? newId(rows, tools.fake),
    ...rest,
    name,
    token: token ?? tools.fake.draw('webhooks.token').string.alphanumeric(32),
    active,
    status: 'Healthy',
    failures: 0,
    createdAt: now,
    updatedAt: now,
  }
  rows.insert(subscription)
  return subscription
}

/**
 * Changes a subscription, as part of the running transaction. Setting `active` to true resets its
 * health. A replaced token keeps signing beside the new one, if the scheme allows two signatures.
 *
 * @throws Problem 400 webhook.url
 */
export function updateSubscription(
  state: State,
  row: Subscription,
  changes: Partial<NewSubscription>,
  now: number,
): Subscription {
  if (changes.url !== undefined) checkUrl(changes.url)
  const tokenChanged = changes.token !== undefined && changes.token !== row.token
  const changed: Subscription = {
    ...row,
    ...(tokenChanged ? { previousToken: row.token } : {}),
    ...changes,
    ...(changes.active === true ? { status: 'Healthy', failures: 0 } : {}),
    updatedAt: now,
  }
  state.collection<Subscription>(SUBSCRIPTIONS).replace(changed)
  return changed
}

/** @throws Problem 400 webhook.url */
function checkUrl(url: string): void {
  if (inboxAt(url)) return
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : NO_URL
  if ((protocol === 'http:' || protocol === 'https:') && username + password === '') return
  const message =
    'url must be an http or https URL without credentials, or the path of an inbox such as /_standin/inbox/default'
  throw new Problem(400, 'webhook.url', message, {
    violations: [{ part: 'body', at: ['url'], rule: 'webhook-url' }],
  })
}

const NO_URL = { protocol: '', username: '', password: '' }

function newId(rows: Collection<Subscription>, fake: Fake): string {
  for (;;) {
    const id = fake.draw('webhooks.subscription').string.uuid()
    if (!rows.get(id)) return id
  }
}

/** Replaces the tokens of a row by a placeholder. */
export function redactTokens<T extends Row>(row: T): T {
  const tokens = ['token', 'previousToken'].filter((name) => name in row)
  return { ...row, ...Object.fromEntries(tokens.map((name) => [name, REDACTED])) }
}
