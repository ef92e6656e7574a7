import type {
  DeliveriesAwaited,
  Delivery,
  DeliveryCheck,
  DeliveryFault,
  InboxEntry,
  NewlyMadeSubscription,
  NewSubscription,
  Pending,
  Settled,
  Subscription,
  SubscriptionChanges,
  WebhookTest,
} from '../admin/contract.gen.ts'
import { allPages, durationText, type Admin, type Duration } from './admin.ts'
import { ExpectationError, type ThrowOptions } from './errors.ts'
import type { AwaitOptions } from './requests.ts'
import type { Query } from './connection.ts'

/** Filter of deliveries; a delivery has to match all of it. */
export interface DeliveryFilter {
  /** Such as `reseller.user.created`. */
  readonly event?: string
  readonly userId?: string
  /** Id of the subscription. */
  readonly subscription?: string
  /** Id of the request that caused it, from the header `Standin-Request-Id`. */
  readonly requestId?: string
  readonly state?: Delivery['state']
}

export interface SettleOptions extends ThrowOptions {
  /** Time limit by the system clock; default 5s. */
  readonly timeout?: Duration
}

/** Delivery fault: its kind, or its kind with parameters. */
export type DeliveryFaultOptions = DeliveryFault | DeliveryFault['kind']

/** Webhooks of a sandbox: subscriptions, deliveries and inboxes. */
export class Webhooks {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /**
   * Waits until webhooks are delivered, or reach the filter's state; earlier deliveries count.
   *
   * @throws ExpectationError on timeout, with the pending deliveries and what they wait for
   */
  async await(filter: DeliveryFilter = {}, options: AwaitOptions = {}): Promise<DeliveriesAwaited> {
    const { count = 1, timeout = '5s', throws = true } = options
    const query: Query = { ...filter, count, timeout: durationText(timeout) }
    const awaited = await this.#admin.call('awaitDeliveries', { query })
    if (awaited.fulfilled || !throws) return awaited
    const { deliveries, pending } = awaited
    const expected = `${filter.state ?? 'delivered'} ${filter.event ?? 'webhook'}`
    const summary = `Waited ${durationText(timeout)} for ${count} ${expected}, got ${deliveries.length}`
    throw new ExpectationError(`${summary}${pendingLines(pending, awaited.pendingTotal)}`, awaited)
  }

  /** Lists deliveries, oldest first: all pending ones and the newest 1,000 completed ones. */
  async deliveries({
    limit,
    ...filter
  }: DeliveryFilter & { readonly limit?: number } = {}): Promise<Delivery[]> {
    return await allPages(async (after, most) => {
      const query = { ...filter, after, limit: most }
      const { deliveries, next } = await this.#admin.call('listDeliveries', { query })
      return { items: deliveries, next }
    }, limit)
  }

  /** Returns one delivery with all its attempts. */
  async delivery(id: string): Promise<Delivery> {
    return await this.#admin.call('getDelivery', { params: { delivery: id } })
  }

  /** Returns the request of a delivery's last attempt, and the check of its signature step by step. */
  async check(id: string): Promise<DeliveryCheck> {
    return await this.#admin.call('checkDelivery', { params: { delivery: id } })
  }

  /** Sends a delivery again with the same id and body, optionally with a delivery fault. */
  async redeliver(id: string, fault?: DeliveryFaultOptions): Promise<Delivery> {
    const body = fault === undefined ? {} : { fault: faultOf(fault) }
    return await this.#admin.call('redeliver', { params: { delivery: id }, body })
  }

  /** Sends a test webhook to a subscription, by its id or name; default: the first active one. */
  async test({
    fault,
    ...about
  }: Omit<WebhookTest, 'fault'> & {
    readonly fault?: DeliveryFaultOptions
  } = {}): Promise<Delivery> {
    const body = fault === undefined ? about : { ...about, fault: faultOf(fault) }
    return await this.#admin.call('testWebhook', { body })
  }

  /**
   * Waits until no delivery is pending.
   *
   * @throws ExpectationError on timeout, or if a pending delivery waits for a held clock
   */
  async settle({ timeout = '5s', throws = true }: SettleOptions = {}): Promise<Settled> {
    const body = { timeout: durationText(timeout) }
    const settled = await this.#admin.call('settle', { body })
    if (settled.settled || !throws) return settled
    const total = settled.pendingTotal
    const summary = total === 1 ? '1 webhook is' : `${total} webhooks are`
    const lines = pendingLines(settled.pending, total)
    throw new ExpectationError(`${summary} still pending${lines}`, settled)
  }

  /**
   * Subscribes an http or https URL, or the `path` of an inbox. A generated `token` is only in this
   * answer.
   */
  async subscribe(to: string | NewSubscription): Promise<NewlyMadeSubscription> {
    const body = typeof to === 'string' ? { url: to } : to
    return await this.#admin.call('createSubscription', { body })
  }

  /** Lists the subscriptions. */
  async subscriptions(): Promise<Subscription[]> {
    return (await this.#admin.call('listSubscriptions')).webhooks
  }

  /** Changes a subscription; `active: false` pauses it. */
  async change(id: string, changes: SubscriptionChanges): Promise<Subscription> {
    return await this.#admin.call('updateSubscription', { params: { webhook: id }, body: changes })
  }

  /** Removes a subscription. */
  async unsubscribe(id: string): Promise<Subscription> {
    return await this.#admin.call('deleteSubscription', { params: { webhook: id } })
  }

  /** Returns a built-in webhook receiver. It need not be created. */
  inbox(name = 'default'): Inbox {
    return new Inbox(this.#admin, name)
  }
}

/** Built-in webhook receiver. */
export class Inbox {
  /**
   * Path for `subscribe`, optionally with a query such as `?status=500`. Webhooks to it need no
   * network.
   */
  readonly path: string
  /** URL at which programs other than the server can send webhooks to the inbox. */
  readonly url: string
  readonly #admin: Admin
  readonly #name: string

  constructor(admin: Admin, name: string) {
    this.#admin = admin
    this.#name = name
    this.path = `${admin.prefix}/_standin/inbox/${encodeURIComponent(name)}`
    this.url = `${admin.connection.url}${this.path}`
  }

  /** Lists the received webhooks, oldest first, each with the result of its signature check. */
  async list(): Promise<InboxEntry[]> {
    const entries: InboxEntry[] = []
    for (let after = 0; ; after = entries.at(-1)!.number) {
      const query = { after, limit: 1000 }
      const { received } = await this.#admin.call('listInbox', { params: this.#params, query })
      entries.push(...received)
      if (received.length < query.limit) return entries
    }
  }

  /** Clears the inbox. */
  async clear(): Promise<void> {
    await this.#admin.call('clearInbox', { params: this.#params })
  }

  get #params() {
    return { inbox: this.#name }
  }
}

function faultOf(fault: DeliveryFaultOptions): DeliveryFault {
  return typeof fault === 'string' ? { kind: fault } : fault
}

function pendingLines(pending: readonly Pending[], total: number): string {
  const lines = pending.map(({ id, event, why, nextAt }) => {
    return `\n- ${event} ${id}: ${why}${nextAt === undefined ? '' : `, next at ${nextAt}`}`
  })
  const more = total - pending.length
  return lines.join('') + (more > 0 ? `\n- and ${more} more` : '')
}
