import type { Call } from '../call.ts'
import type { Event } from '../api.ts'
import type { Clock } from '../time/clock.ts'
import { PASS_HEADER } from './transport.ts'
import type { Fake } from '../fake.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'
import { Transport, type UrlWarning, type WebhookSettings } from './transport.ts'
import { DELIVERIES, type Delivery, type Subscription } from './delivery.ts'
import { type DeliveryFault } from '../fault.ts'
import { Scheduler } from './scheduler.ts'
import { Inboxes, type Arrival, type Received, type InboxReply } from './inbox.ts'
import { Outbox } from './outbox.ts'
import { Tally, Waiters } from './waiters.ts'

/** What a wait for a settled sandbox came to. */
export interface Settled {
  readonly settled: boolean
  /** What is not yet done with. */
  readonly pending: readonly Delivery[]
}

/** All webhooks of one sandbox: who is told, what is on its way, what came of it. */
export class Webhooks {
  readonly #store: Store
  readonly #clock: Clock
  readonly #outbox: Outbox
  readonly #inboxes: Inboxes
  readonly #courier: Transport
  readonly #engine: Scheduler
  readonly #waits = new Waiters<Delivery>()

  /** @param parts.base what stands before the sandbox's paths, such as `/~checkout` */
  constructor(parts: {
    readonly settings: WebhookSettings
    readonly store: Store
    readonly clock: Clock
    readonly fake: Fake
    readonly log: Log
    readonly base: string
  }) {
    const { settings, store, clock, fake, log, base } = parts
    this.#store = store
    this.#clock = clock
    this.#outbox = new Outbox(store, fake, log)
    this.#inboxes = new Inboxes(settings.header)
    this.#courier = new Transport(settings, this.#inboxes, clock, base)
    this.#engine = new Scheduler({
      settings,
      outbox: this.#outbox,
      courier: this.#courier,
      clock,
      waits: this.#waits,
      log,
    })
  }

  /**
   * Puts these into the outbox, as part of the running transaction: whoever keeps the user keeps
   * what is to be told of it.
   *
   * @returns the deliveries' ids; undefined when nobody wants to be told
   */
  record(
    events: readonly Event[],
    call?: Pick<Call, 'id' | 'deliveryFaults'>,
  ): readonly string[] | undefined {
    const subscriptions = this.#outbox.subscriptions.all().filter(({ active }) => active)
    if (subscriptions.length === 0) return undefined
    const cause = causeOf(call, this.#clock.now())
    const ids = events.flatMap((event) => {
      const to = subscriptions.filter(({ events: wanted }) => wants(wanted, event.name))
      return this.#outbox.record(event, to, cause).map(({ id }) => id)
    })
    return ids.length > 0 ? ids : undefined
  }

  /** Sends those that are to arrive before the answer of the request that caused them. */
  async beforeAnswer(ids: readonly string[]): Promise<void> {
    const early = ids.filter((id) =>
      this.#outbox.get(id)?.faults?.some(({ kind }) => kind === 'before-answer'),
    )
    await Promise.all(early.map(async (id) => await this.#engine.begin(id)))
  }

  /** Sends what was recorded, now that it is kept and its request is answered. */
  deliver(ids: readonly string[]): void {
    for (const id of ids) void this.#engine.begin(id)
  }

  /** Writes what became of deliveries, so that who reads the state next sees it. */
  flush(): void {
    this.#outbox.flush()
  }

  /** All deliveries that are kept, the oldest first. */
  get deliveries(): readonly Delivery[] {
    return this.#outbox.all()
  }

  delivery(id: string): Delivery | undefined {
    return this.#outbox.get(id)
  }

  get subscriptions(): readonly Subscription[] {
    return this.#outbox.subscriptions.all()
  }

  /** Why nothing that is sent there will arrive, as far as can be said without a look-up. */
  urlWarning(url: string): UrlWarning | undefined {
    return this.#courier.doubtAbout(url)
  }

  redeliver(id: string, faults: readonly DeliveryFault[]): void {
    this.#engine.redeliver(id, faults)
  }

  /** Puts one event for one subscription into the outbox, as part of the running transaction. */
  recordFor(
    subscription: Subscription,
    event: Event,
    call: Pick<Call, 'id' | 'deliveryFaults'>,
  ): string {
    const cause = causeOf(call, this.#clock.now())
    const [delivery] = this.#outbox.record(event, [subscription], cause)
    return delivery!.id // one for each subscription
  }

  /**
   * As part of the running transaction: what was to arrive after this user's removal may go. It
   * goes when `freed` is called with what this returns, behind what tells of the removal itself.
   */
  free(userId: string): readonly string[] {
    const rows = this.#store.collection<Delivery>(DELIVERIES)
    const waiting = rows.all().filter((row) => row.waitsFor === 'removal' && row.userId === userId)
    for (const { waitsFor: _, ...row } of waiting)
      rows.replace({ ...row, nextAt: this.#clock.now() })
    return waiting.map(({ id }) => id)
  }

  freed(ids: readonly string[]): void {
    this.#engine.released(ids)
  }

  /** Waits until so many deliveries are as they are wanted, or the time is up. */
  async until(
    wanted: (delivery: Delivery) => boolean,
    count: number,
    timeout: number,
  ): Promise<readonly Delivery[] | undefined> {
    const tally = new Tally(wanted)
    const all = () => this.#outbox.all()
    return await this.#waits.until((news) => {
      tally.update(news, all)
      if (tally.size < count) return undefined
      const found = all().filter(wanted)
      if (found.length >= count) return found
      // Some are not kept any more.
      tally.update(undefined, () => found)
      return undefined
    }, timeout)
  }

  /**
   * Waits until nothing is pending. What is due only after that time, or never while the clock is
   * held, is not waited for.
   */
  async settle(timeout: number): Promise<Settled> {
    const until = performance.now() + timeout
    const left = () => Math.max(0, until - performance.now())
    await this.#waits.until(() => {
      const soon = this.#clock.now() + (this.#clock.isHeld ? 0 : left())
      const isWorthIt = ({ id, ready }: { id: string; ready: boolean }) =>
        ready || (this.#outbox.get(id)?.nextAt ?? Infinity) <= soon
      return this.#engine.pending.some(isWorthIt) ? undefined : true
    }, timeout)
    const pending = this.#engine.pending.flatMap(({ id }) => this.#outbox.get(id) ?? [])
    return { settled: pending.length === 0, pending }
  }

  /** Settles when the attempts that are under way now have been made. */
  quiet(): Promise<void> {
    return this.#engine.quiet()
  }

  /** Takes what came to an inbox by the network, and says how to answer. */
  receive(inbox: string, query: string, { headers: all, body }: Arrival): InboxReply {
    const headers = all.filter(([name]) => name.toLowerCase() !== PASS_HEADER.toLowerCase())
    const arrival = { headers, body }
    const tokens = this.#courier.tokensFor(inbox, this.subscriptions)
    const at = this.#clock.now()
    return this.#inboxes.take(inbox, query, arrival, { at, size: body.length, tokens })
  }

  received(
    inbox: string,
    page: { readonly after?: number; readonly limit: number },
  ): { readonly total: number; readonly entries: readonly Received[] } {
    return { total: this.#inboxes.total(inbox), entries: this.#inboxes.list(inbox, page) }
  }

  clearInbox(inbox: string): void {
    this.#inboxes.clear(inbox)
  }

  /** Goes on from what the store holds: at the start, and when everything in it was replaced. */
  reload({ fresh = false } = {}): void {
    this.#engine.drop()
    this.#outbox.forget()
    if (fresh) this.#inboxes.clearAll()
    for (const { id, state, attempts } of this.#outbox.all()) {
      if (state === 'pending')
        void this.#engine.begin(id, attempts.length > 0 ? 'restart' : 'event')
    }
    this.#waits.replaced()
  }

  /** Lets go whoever waits: no server could stop before. */
  stopWaiting(): void {
    this.#waits.stopWaiting()
  }

  async close(): Promise<void> {
    await this.#engine.close()
    this.#outbox.close()
  }
}

function causeOf(call: Pick<Call, 'id' | 'deliveryFaults'> | undefined, now: number) {
  return {
    now,
    ...(call?.id ? { requestId: call.id } : {}),
    ...(call?.deliveryFaults ? { faults: call.deliveryFaults } : {}),
  }
}

function wants(events: readonly string[], event: string): boolean {
  return events.includes(event) || events.includes('*')
}
