import type { Clock } from '../time/clock.ts'
import type { Fake } from '../fake.ts'
import { Problem } from '../problem.ts'
import type { Collection, Row, State } from '../store/state.ts'
import { SUBSCRIPTIONS, type Subscription } from './delivery.ts'

/** So that one create cannot cause any number of deliveries. */
export const MOST_SUBSCRIPTIONS = 100
/** What stands in the place of a token wherever one would be shown. */
export const REDACTED = '[redacted]'

const INBOX = /^((?:\/~[a-z0-9-]+)?)\/_standin\/inbox\/([a-z0-9-]+)(?:\?(.*))?$/

/** What one is made from; without a token one is made up. */
export interface NewSubscription
  extends
    Pick<Subscription, 'url' | 'events'>,
    Partial<Pick<Subscription, 'name' | 'token' | 'previousToken' | 'active' | 'scheme'>> {}

/** An inbox that a URL names: of the sandbox at `base`, and how it is to answer. */
export function inboxAt(
  url: string,
): { readonly base: string; readonly name: string; readonly query: string } | undefined {
  const [, base, name, query = ''] = INBOX.exec(url) ?? []
  return base === undefined || name === undefined ? undefined : { base, name, query }
}

/**
 * Keeps a new subscription, as part of the running transaction.
 *
 * @param id one that nobody has; made up where it is left out
 * @throws Problem 400 webhook.url, 409 webhooks.too-many
 */
export function subscribe(
  state: State,
  given: NewSubscription,
  tools: { readonly clock: Clock; readonly fake: Fake },
  id?: string,
): Subscription {
  const rows = state.collection<Subscription>(SUBSCRIPTIONS)
  if (rows.size >= MOST_SUBSCRIPTIONS) {
    const message = `There are ${MOST_SUBSCRIPTIONS} webhooks; DELETE some`
    throw new Problem(409, 'webhooks.too-many', message)
  }
  refuseUrl(given.url)
  const now = tools.clock.now()
  const { name = given.url, active = true, token, ...rest } = given
  const subscription: Subscription = {
    id: id ?? freeId(rows, tools.fake),
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
 * Changes a subscription, as part of the running transaction. One that is switched on begins anew;
 * a token that is replaced still signs beside the new one, where the scheme allows two.
 *
 * @throws Problem 400 webhook.url
 */
export function resubscribe(
  state: State,
  row: Subscription,
  changes: Partial<NewSubscription>,
  now: number,
): Subscription {
  if (changes.url !== undefined) refuseUrl(changes.url)
  const rotated = changes.token !== undefined && changes.token !== row.token
  const changed: Subscription = {
    ...row,
    ...(rotated ? { previousToken: row.token } : {}),
    ...changes,
    ...(changes.active === true ? { status: 'Healthy', failures: 0 } : {}),
    updatedAt: now,
  }
  state.collection<Subscription>(SUBSCRIPTIONS).replace(changed)
  return changed
}

/** @throws Problem 400 webhook.url */
function refuseUrl(url: string): void {
  if (inboxAt(url)) return
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : NOWHERE
  if ((protocol === 'http:' || protocol === 'https:') && username + password === '') return
  const message =
    'url must be an http or https URL without credentials, or an inbox such as /_standin/inbox/default'
  throw new Problem(400, 'webhook.url', message, {
    violations: [{ part: 'body', at: ['url'], rule: 'webhook-url' }],
  })
}

const NOWHERE = { protocol: '', username: '', password: '' }

function freeId(rows: Collection<Subscription>, fake: Fake): string {
  for (;;) {
    const id = fake.draw('webhooks.subscription').string.uuid()
    if (!rows.get(id)) return id
  }
}

/** A row without what it is signed with. */
export function withoutToken<T extends Row>(row: T): T {
  const tokens = ['token', 'previousToken'].filter((name) => name in row)
  return { ...row, ...Object.fromEntries(tokens.map((name) => [name, REDACTED])) }
}
