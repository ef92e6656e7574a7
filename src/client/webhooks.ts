import type {
  DeliveriesAwaited,
  Delivery,
  DeliveryFault,
  InboxEntry,
  NewSubscription,
  Pending,
  Settled,
  Subscription,
  WebhookTest,
} from '../admin/contract.gen.ts'
import { all, durationText, type Admin, type Duration } from './admin.ts'
import { ExpectationError, type Throwing } from './errors.ts'
import type { AwaitOptions } from './requests.ts'
import type { Query } from './wire.ts'

/** Which deliveries; all of it has to be so. */
export interface DeliveryFilter {
  /** Such as `reseller.user.created`. */
  readonly event?: string
  readonly userId?: string
  /** The id of the webhook that it goes to. */
  readonly subscription?: string
  /** Of the request that caused it, as `Standin-Request-Id` has it. */
  readonly requestId?: string
  readonly state?: Delivery['state']
}

export interface SettleOptions extends Throwing {
  /** By the machine's time; 5s where nothing is said. */
  readonly timeout?: Duration
}

/** How a delivery goes wrong on purpose: its kind alone, or with how. */
export type DeliveryFaultOptions = DeliveryFault | DeliveryFault['kind']

/** Who is told of what, and what came of it. */
export class Webhooks {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /**
   * Waits until as many were delivered, or came into the state that the filter names; those before
   * count too.
   *
   * @throws ExpectationError when the time is up, with what is pending and why
   */
  async await(filter: DeliveryFilter = {}, options: AwaitOptions = {}): Promise<DeliveriesAwaited> {
    const { count = 1, timeout = '5s', throws = true } = options
    const query: Query = { ...filter, count, timeout: durationText(timeout) }
    const awaited = await this.#admin.ask('awaitDeliveries', { query })
    if (awaited.fulfilled || !throws) return awaited
    const { deliveries, pending } = awaited
    const wanted = `${filter.state ?? 'delivered'} ${filter.event ?? 'webhook'}`
    const came = `Waited ${durationText(timeout)} for ${count} ${wanted}, ${deliveries.length} came`
    throw new ExpectationError(`${came}${pendingLines(pending)}`, awaited)
  }

  /** What was sent, the oldest first: all that is pending, and the newest 1,000 that are done with. */
  async deliveries({
    limit,
    ...filter
  }: DeliveryFilter & { readonly limit?: number } = {}): Promise<Delivery[]> {
    return await all(async (after, most) => {
      const query = { ...filter, after, limit: most }
      const { deliveries, next } = await this.#admin.ask('listDeliveries', { query })
      return { items: deliveries, next }
    }, limit)
  }

  /** One with all attempts. */
  async delivery(id: string): Promise<Delivery> {
    return await this.#admin.ask('getDelivery', { params: { delivery: id } })
  }

  /** Sends it again, with the same id and body. */
  async redeliver(id: string, fault?: DeliveryFaultOptions): Promise<Delivery> {
    const body = fault === undefined ? {} : { fault: faultOf(fault) }
    return await this.#admin.ask('redeliver', { params: { delivery: id }, body })
  }

  /** Sends a webhook about nothing. */
  async test({
    fault,
    ...about
  }: Omit<WebhookTest, 'fault'> & {
    readonly fault?: DeliveryFaultOptions
  } = {}): Promise<Delivery> {
    const body = fault === undefined ? about : { ...about, fault: faultOf(fault) }
    return await this.#admin.ask('testWebhook', { body })
  }

  /**
   * Waits until none is pending.
   *
   * @throws ExpectationError when the time is up, or what is pending waits for a clock that stands
   */
  async settle({ timeout = '5s', throws = true }: SettleOptions = {}): Promise<Settled> {
    const body = { timeout: durationText(timeout) }
    const settled = await this.#admin.ask('settle', { body })
    if (settled.settled || !throws) return settled
    const what =
      settled.pending.length === 1 ? '1 webhook is' : `${settled.pending.length} webhooks are`
    throw new ExpectationError(`${what} still to be sent${pendingLines(settled.pending)}`, settled)
  }

  /** Has somebody told: http, https, or the `path` of an inbox. */
  async subscribe(to: string | NewSubscription): Promise<Subscription> {
    const body = typeof to === 'string' ? { url: to } : to
    return await this.#admin.ask('createSubscription', { body })
  }

  /** Who is told of what. */
  async subscriptions(): Promise<Subscription[]> {
    return (await this.#admin.ask('listSubscriptions')).webhooks
  }

  /** Has somebody told no more. */
  async unsubscribe(id: string): Promise<Subscription> {
    return await this.#admin.ask('deleteSubscription', { params: { webhook: id } })
  }

  /** A receiver inside the server; it is there as soon as something comes. */
  inbox(name = 'default'): Inbox {
    return new Inbox(this.#admin, name)
  }
}

/** A receiver of webhooks inside the server. */
export class Inbox {
  /** For `subscribe`, which takes a query such as `?status=500` behind it; needs no network. */
  readonly path: string
  /** For anybody else who sends webhooks. */
  readonly url: string
  readonly #admin: Admin
  readonly #name: string

  constructor(admin: Admin, name: string) {
    this.#admin = admin
    this.#name = name
    this.path = `${admin.prefix}/_standin/inbox/${encodeURIComponent(name)}`
    this.url = `${admin.wire.url}${this.path}`
  }

  /** What came, the oldest first, with whether its signature is right. */
  async list(): Promise<InboxEntry[]> {
    const found: InboxEntry[] = []
    for (let after = 0; ; after = found.at(-1)!.number) {
      const query = { after, limit: 1000 }
      const { received } = await this.#admin.ask('listInbox', { params: this.#params, query })
      found.push(...received)
      if (received.length < query.limit) return found
    }
  }

  /** Forgets what came. */
  async clear(): Promise<void> {
    await this.#admin.ask('clearInbox', { params: this.#params })
  }

  get #params() {
    return { inbox: this.#name }
  }
}

function faultOf(fault: DeliveryFaultOptions): DeliveryFault {
  return typeof fault === 'string' ? { kind: fault } : fault
}

function pendingLines(pending: readonly Pending[]): string {
  return pending
    .map(({ id, event, why, nextAt }) => {
      return `\n- ${event} ${id}: ${why}${nextAt === undefined ? '' : `, next at ${nextAt}`}`
    })
    .join('')
}
