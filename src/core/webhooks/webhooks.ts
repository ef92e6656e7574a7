import type { Call } from '../call.ts'
import type { Event } from '../api.ts'
import type { Clock } from '../time/clock.ts'
import type { Fake } from '../fake.ts'
import type { Log } from '../log.ts'
import { Problem } from '../problem.ts'
import type { Store } from '../store/store.ts'
import {
  INBOX_PASS_HEADER,
  Transport,
  type CheckedAttempt,
  type UrlWarning,
  type WebhookSettings,
} from './transport.ts'
import { DELIVERIES, type Delivery, type DeliveryState, type Subscription } from './delivery.ts'
import type { AttemptOutcome } from './http-sender.ts'
import { type DeliveryFault } from '../fault.ts'
import type { HistoryBudget } from '../history-budget.ts'
import { Slices } from '../slices.ts'
import { Scheduler } from './scheduler.ts'
import { Inboxes, type InboxReply, type InboxRequest, type ReceivedWebhook } from './inbox.ts'
import { Outbox, type Cause } from './outbox.ts'
import { Tally, Waiters } from './waiters.ts'

/** Result of waiting until no delivery is pending. */
export interface SettleResult {
  readonly settled: boolean
  /** Number of deliveries that are still pending. */
  readonly total: number
  /** The first of them, at most as many as requested. */
  readonly pending: readonly Delivery[]
}

/** The webhooks of one sandbox: subscriptions, deliveries and inboxes. */
export class Webhooks {
  readonly #store: Store
  readonly #clock: Clock
  readonly #outbox: Outbox
  readonly #inboxes: Inboxes
  readonly #transport: Transport
  readonly #settings: WebhookSettings
  readonly #scheduler: Scheduler
  readonly #waiters = new Waiters<Delivery>()
  readonly #log: Log
  /** Signature scheme of a subscription that names none, and the time limit of an attempt in milliseconds. */
  readonly defaults: Pick<WebhookSettings, 'scheme' | 'timeout'>
  /** Number of calls of `reload`, and the promise of the last one. */
  #reloads = 0
  #reloading: Promise<void> = Promise.resolve()

  /**
   * @param parts.base path prefix of the sandbox, such as `/~checkout`
   * @param parts.history the memory that all sandboxes share
   */
  constructor(parts: {
    readonly settings: WebhookSettings
    readonly store: Store
    readonly clock: Clock
    readonly fake: Fake
    readonly log: Log
    readonly base: string
    readonly history?: HistoryBudget
  }) {
    const { settings, store, clock, fake, log, base, history } = parts
    this.#settings = settings
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.defaults = settings
    this.#outbox = new Outbox(store, fake, log, history)
    this.#inboxes = new Inboxes(settings.header, history)
    this.#transport = new Transport(settings, this.#inboxes, clock, base)
    this.#scheduler = new Scheduler({
      settings,
      outbox: this.#outbox,
      transport: this.#transport,
      clock,
      waiters: this.#waiters,
      log,
    })
  }

  /**
   * Records one delivery for each event and each subscription to it, as part of the running
   * transaction: a stored user never lacks its deliveries.
   *
   * @returns the ids of the deliveries; undefined if there is none
   */
  record(
    events: readonly Event[],
    call?: Pick<Call, 'id' | 'deliveryFaults'>,
  ): readonly string[] | undefined {
    const active = this.#outbox.subscriptions.all().filter((subscription) => subscription.active)
    if (active.length === 0) return undefined
    const cause = causeOf(call, this.#clock.now())
    const ids = events.flatMap((event) => {
      const subscriptions = active.filter(({ events: names }) => includesEvent(names, event.name))
      return this.#outbox
        .record(event, subscriptions, cause, this.#certainOutcome)
        .map(({ id }) => id)
    })
    return ids.length > 0 ? ids : undefined
  }

  /** Records a delivery for one subscription, as part of the running transaction. */
  recordFor(
    subscription: Subscription,
    event: Event,
    call: Pick<Call, 'id' | 'deliveryFaults'>,
  ): string {
    const cause = causeOf(call, this.#clock.now())
    const [delivery] = this.#outbox.record(event, [subscription], cause, this.#certainOutcome)
    return delivery!.id // one for each subscription
  }

  /** Sends the deliveries with the fault `before-answer`, before their request is answered. */
  async deliverBeforeAnswer(ids: readonly string[]): Promise<void> {
    const early = ids.filter((id) =>
      this.#outbox.get(id)?.faults?.some(({ kind }) => kind === 'before-answer'),
    )
    await Promise.all(early.map(async (id) => await this.#scheduler.start(id)))
  }

  /** Starts recorded deliveries, once they are stored and their request is answered. */
  deliver(ids: readonly string[]): void {
    for (const id of ids) {
      const delivery = this.#outbox.get(id)
      if (delivery && this.#outbox.takeUnsent(delivery)) this.#scheduler.handOver(delivery)
      else void this.#scheduler.start(id)
    }
  }

  /** The outcome of a delivery to a healthy subscription, if nothing can change it. */
  readonly #certainOutcome = (subscription: Subscription): AttemptOutcome | undefined =>
    subscription.status === 'Healthy' && subscription.active && !this.#settings.ordered
      ? this.#transport.certainOutcome(subscription)
      : undefined

  /** Stores the outcomes of deliveries, so that the next reader of the state sees them. */
  flush(): void {
    this.#outbox.flush()
  }

  /** All deliveries that are kept, the oldest first. */
  get deliveries(): Iterable<Delivery> {
    return this.#outbox.each()
  }

  /** Number of deliveries in a state. */
  countDeliveries(state: DeliveryState): number {
    return this.#outbox.count(state)
  }

  delivery(id: string): Delivery | undefined {
    return this.#outbox.get(id)
  }

  get subscriptions(): readonly Subscription[] {
    return this.#outbox.subscriptions.all()
  }

  /** Returns a warning if no delivery will reach this URL, as far as its text shows. */
  urlWarning(url: string): UrlWarning | undefined {
    return this.#transport.urlWarning(url)
  }

  /**
   * Checks the signature of a delivery's last attempt.
   *
   * @throws Problem 404 webhook.unknown
   */
  check(delivery: Delivery): CheckedAttempt {
    const subscription = this.#outbox.subscriptions.get(delivery.subscription)
    if (subscription) return this.#transport.check(delivery, subscription)
    const message = `The webhook ${delivery.subscription} was removed, and its token with it: the signature cannot be checked`
    throw new Problem(404, 'webhook.unknown', message)
  }

  redeliver(id: string, faults: readonly DeliveryFault[]): void {
    this.#scheduler.redeliver(id, faults)
  }

  /**
   * Releases the deliveries that wait for the removal of this user, as part of the running
   * transaction.
   *
   * @returns their ids, for `deliverReleased` once the event of the removal itself is delivered
   */
  releaseAfterDelete(userId: string): readonly string[] {
    const rows = this.#store.collection<Delivery>(DELIVERIES)
    const waiting = rows.all().filter((row) => row.waitsFor === 'removal' && row.userId === userId)
    for (const { waitsFor: _, ...row } of waiting)
      rows.replace({ ...row, nextAt: this.#clock.now() })
    return waiting.map(({ id }) => id)
  }

  deliverReleased(ids: readonly string[]): void {
    this.#scheduler.startReleased(ids)
  }

  /**
   * Waits until at least `count` deliveries match.
   *
   * @returns the matching deliveries; undefined when the time is up
   */
  async waitFor(
    matches: (delivery: Delivery) => boolean,
    count: number,
    timeout: number,
  ): Promise<readonly Delivery[] | undefined> {
    const tally = new Tally(matches)
    const all = () => this.#outbox.each()
    return await this.#waiters.waitFor((changes) => {
      tally.update(changes, all)
      if (tally.size < count) return undefined
      const found = [...all()].filter(matches)
      if (found.length >= count) return found
      // Some of the counted deliveries have been removed.
      tally.update(undefined, () => found)
      return undefined
    }, timeout)
  }

  /**
   * Waits until no delivery is pending. Ignores deliveries that are not due before the timeout, and
   * those that never become due because the clock is held.
   *
   * @param timeout in milliseconds
   * @param limit maximum number of pending deliveries in the result
   */
  async settle(timeout: number, limit: number): Promise<SettleResult> {
    const until = performance.now() + timeout
    await this.#reloading
    const left = () => Math.max(0, until - performance.now())
    await this.#waiters.waitFor(() => {
      const latest = this.#clock.now() + (this.#clock.isHeld ? 0 : left())
      const isDue = ({ id, ready }: { id: string; ready: boolean }) =>
        ready || (this.#outbox.get(id)?.nextAt ?? Infinity) <= latest
      for (const pending of this.#scheduler.pending()) if (isDue(pending)) return undefined
      return true
    }, left())
    const { size } = this.#scheduler
    const pending: Delivery[] = []
    for (const { id } of this.#scheduler.pending()) {
      if (pending.length === limit) break
      const delivery = this.#outbox.get(id)
      if (delivery) pending.push(delivery)
    }
    return { settled: size === 0, total: size, pending }
  }

  /** Calls a function whenever deliveries have changed; returns a function that ends the calls. */
  follow(onChange: () => void): () => void {
    return this.#waiters.follow(onChange)
  }

  /** Resolves when the attempts that are running now are done. */
  attemptsDone(): Promise<void> {
    return this.#scheduler.attemptsDone()
  }

  /** Stores a request that arrived at an inbox over the network, and returns its reply. */
  receive(inbox: string, query: string, request: InboxRequest): InboxReply {
    const { body } = request
    const headers = request.headers.filter(
      ([name]) => name.toLowerCase() !== INBOX_PASS_HEADER.toLowerCase(),
    )
    const tokens = this.#transport.tokensOfInbox(inbox, this.subscriptions)
    const at = this.#clock.now()
    return this.#inboxes.receive(inbox, query, { headers, body }, { at, size: body.length, tokens })
  }

  listInbox(
    inbox: string,
    page: { readonly after?: number; readonly limit: number },
  ): { readonly total: number; readonly entries: readonly ReceivedWebhook[] } {
    return { total: this.#inboxes.total(inbox), entries: this.#inboxes.list(inbox, page) }
  }

  clearInbox(inbox: string): void {
    this.#inboxes.clear(inbox)
  }

  /**
   * Resumes the pending deliveries of the store, in slices: at the start, and after all rows were
   * replaced. A later call ends an earlier one.
   *
   * @param options.fresh also clears the inboxes
   */
  reload({ fresh = false } = {}): Promise<void> {
    this.#scheduler.discardAll()
    this.#outbox.discardChanges()
    if (fresh) this.#inboxes.clearAll()
    this.#reloading = this.#resume(++this.#reloads).catch((error: unknown) => {
      this.#log.bug('pending webhooks could not be resumed', error)
    })
    return this.#reloading
  }

  async #resume(version: number): Promise<void> {
    const slices = new Slices()
    for (const { id, state, attempts } of this.#outbox.each()) {
      if (slices.isOver) {
        await slices.next()
        if (version !== this.#reloads) return
      }
      if (state === 'pending') {
        void this.#scheduler.start(id, attempts.length > 0 ? 'restart' : 'event')
      }
    }
    this.#waiters.allChanged()
  }

  /** Ends all waits, so that their requests do not keep the server from closing. */
  stopWaiting(): void {
    this.#waiters.stopWaiting()
  }

  async close(): Promise<void> {
    this.#reloads++
    await this.#scheduler.close()
    this.#outbox.close()
    this.#inboxes.clearAll()
  }
}

function causeOf(call: Pick<Call, 'id' | 'deliveryFaults'> | undefined, now: number): Cause {
  return {
    now,
    ...(call?.id ? { requestId: call.id } : {}),
    ...(call?.deliveryFaults ? { faults: call.deliveryFaults } : {}),
  }
}

function includesEvent(names: readonly string[], event: string): boolean {
  return names.includes(event) || names.includes('*')
}
