import type { Clock } from '../time/clock.ts'
import type { Log } from '../log.ts'
import type { Timer } from '../time/timers.ts'
import type { Transport, WebhookSettings } from './transport.ts'
import { attemptOf, attemptsInPlan, type Delivery, type Subscription } from './delivery.ts'
import { type DeliveryFault, type DeliveryFaultKind } from '../fault.ts'
import type { Outbox } from './outbox.ts'
import { isGone, isSuccess, nextAttemptAt } from './retry-plan.ts'
import type { AttemptOutcome } from './http-sender.ts'
import { Slices } from '../slices.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import type { Waiters } from './waiters.ts'

/** Attempts that run at the same time for one receiver. */
const MAX_CONCURRENT = 10
/** Attempts that are kept for each delivery; the oldest are removed first. */
const MAX_ATTEMPTS = 100
/** Default time window of `reorder`, in milliseconds. */
const REORDER_WINDOW = 1000
/** Default delay of `delay`, in milliseconds. */
const DELAY = 5000
/** Real time in milliseconds that running attempts have to finish when the server closes. */
const CLOSE_TIMEOUT = 500

/** A pending delivery. */
interface Pending {
  readonly id: string
  /** The reason for the next attempt. */
  why: string
  timer?: Timer | undefined
  /** The next attempt is due: it waits for its turn, or is running. */
  ready: boolean
  /** The outcome of a running attempt is ignored. */
  discarded: boolean
  /** Aborts the running attempt; set only if there is something to abort. */
  abort?: AbortController
}

/** Makes the attempts of pending deliveries when they are due. */
export class Scheduler {
  readonly #settings: WebhookSettings
  readonly #outbox: Outbox
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #waiters: Waiters<Delivery>
  readonly #log: Log
  readonly #limit = new ConcurrencyLimit(MAX_CONCURRENT)
  #pending = new Map<string, Pending>()
  /** Pending deliveries by subscription, in the order of their creation; used by `ordered` only. */
  readonly #queues = new Map<string, Pending[]>()
  /** Deliveries with the fault `reorder` that wait for a later delivery to overtake them. */
  readonly #reordered = new Set<Pending>()
  readonly #running = new Set<Promise<void>>()
  #closed = false

  constructor(parts: {
    settings: WebhookSettings
    outbox: Outbox
    transport: Transport
    clock: Clock
    waiters: Waiters<Delivery>
    log: Log
  }) {
    this.#settings = parts.settings
    this.#outbox = parts.outbox
    this.#transport = parts.transport
    this.#clock = parts.clock
    this.#waiters = parts.waiters
    this.#log = parts.log
  }

  /** Pending deliveries; `ready` if an attempt is due or running. */
  pending(): Iterable<{ readonly id: string; readonly ready: boolean }> {
    return this.#pending.values()
  }

  /** Number of pending deliveries. */
  get size(): number {
    return this.#pending.size
  }

  /**
   * Starts a delivery of the outbox, now or when it is due.
   *
   * @returns a promise for the first attempt, if it is made now
   */
  start(id: string, why = 'event'): void | Promise<void> {
    const delivery = this.#outbox.get(id)
    if (this.#closed || delivery?.state !== 'pending' || this.#pending.has(id)) return
    const pending: Pending = { id, why, ready: false, discarded: false }
    this.#pending.set(id, pending)
    this.#waiters.changed(delivery)
    if (this.#settings.ordered) this.#queueOf(delivery).push(pending)
    const isFirst = attemptsInPlan(delivery) === 0
    const fault = (kind: DeliveryFaultKind) =>
      isFirst ? delivery.faults?.find((one) => one.kind === kind) : undefined
    if (fault('drop')) return this.#finish(pending, delivery, 'dropped', 'the fault drop')
    if (delivery.waitsFor) return
    return this.#scheduleFirst(pending, delivery, fault('delay'), fault('reorder'))
  }

  #scheduleFirst(
    pending: Pending,
    delivery: Delivery,
    delay: DeliveryFault | undefined,
    reorder: DeliveryFault | undefined,
  ): void | Promise<void> {
    const now = this.#clock.now()
    let at = delivery.nextAt ?? now
    if (delay) at = Math.max(at, delivery.createdAt + (delay.by ?? DELAY))
    if (reorder) {
      at = Math.max(at, delivery.createdAt + (reorder.by ?? REORDER_WINDOW))
      this.#reordered.add(pending)
    }
    if (at <= now) return this.#run(pending)
    // When the server starts, the time of most deliveries is already stored.
    if (at !== delivery.nextAt) this.#update({ ...delivery, nextAt: at })
    this.#schedule(pending, at)
  }

  /**
   * Makes the attempt of a delivery whose outcome is certain and was recorded with the delivery.
   */
  handOver(delivery: Delivery): void {
    const subscription = this.#outbox.subscription(delivery.subscription)
    if (!subscription?.active) {
      // It was removed or paused while the delivery was being stored.
      const reason = subscription ? inactiveReason(subscription) : 'the webhook was removed'
      return this.#update({ ...delivery, state: 'dropped', reason, attempts: [] })
    }
    const unsent = { ...delivery, attempts: [] }
    this.#transport.attempt(unsent, { ...subscription, url: delivery.url }, noSignal)
    this.#outbox.finished(delivery)
    this.#waiters.changed(delivery)
    if (this.#reordered.size > 0) this.#releaseReordered(delivery)
  }

  /**
   * Sends a delivery again now, in any state, with its id and body. The retry plan starts again.
   */
  redeliver(id: string, faults: readonly DeliveryFault[]): void {
    const delivery = this.#outbox.get(id)
    if (!delivery) return
    const { faults: _, reason: __, waitsFor: ___, ...rest } = delivery
    this.#discard(id)
    this.#update({
      ...rest,
      state: 'pending',
      nextAt: this.#clock.now(),
      before: delivery.attempts.at(-1)?.number ?? 0,
      ...(faults.length > 0 ? { faults } : {}),
    })
    void this.start(id, 'redelivery')
  }

  /**
   * Starts deliveries that waited for the removal of their user, once `releaseAfterDelete` has
   * released them.
   */
  startReleased(ids: readonly string[]): void {
    for (const id of ids) {
      this.#discard(id)
      void this.start(id)
    }
  }

  /** Resolves when the attempts that are running now are done. */
  async attemptsDone(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Discards all pending deliveries, because the rows were replaced. */
  discardAll(): void {
    const discarded = this.#pending
    this.#pending = new Map()
    this.#queues.clear()
    this.#reordered.clear()
    for (const pending of discarded.values()) {
      pending.discarded = true
      pending.abort?.abort()
    }
    // There may be thousands of timers, so they are cancelled in time slices; until then, a
    // discarded delivery is not attempted.
    new Slices().run(this.#cancelTimers(discarded.values())).catch((error: unknown) => {
      this.#log.bug('the timers of discarded webhooks could not be cancelled', error)
    })
  }

  *#cancelTimers(discarded: Iterable<Pending>): Generator<undefined, void> {
    for (const { timer } of discarded) {
      if (timer) this.#clock.cancel(timer)
      yield
    }
  }

  /** Gives running attempts a moment to finish. The next start repeats unfinished ones. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { timer } of this.#pending.values()) if (timer) this.#clock.cancel(timer)
    if (this.#running.size > 0) {
      let timer: NodeJS.Timeout | undefined
      const timeout = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_TIMEOUT)))
      await Promise.race([Promise.all(this.#running), timeout])
      clearTimeout(timer)
    }
    this.discardAll()
  }

  #update(delivery: Delivery): void {
    this.#outbox.update(delivery)
    this.#waiters.changed(delivery)
  }

  #discard(id: string): void {
    const pending = this.#pending.get(id)
    if (!pending) return
    pending.discarded = true
    if (pending.timer) this.#clock.cancel(pending.timer)
    pending.abort?.abort()
    this.#pending.delete(id)
    this.#reordered.delete(pending)
    for (const queue of this.#queues.values()) removeFrom(queue, pending)
  }

  #schedule(pending: Pending, at: number): void {
    pending.ready = false
    pending.timer = this.#clock.schedule(at, () => this.#run(pending))
  }

  /** Makes the due attempt, or leaves it to its queue or to the concurrency limit. */
  #run(pending: Pending): void | Promise<void> {
    if (pending.discarded || this.#closed) return
    pending.timer = undefined
    this.#reordered.delete(pending)
    pending.ready = true
    const delivery = this.#outbox.get(pending.id)
    if (!delivery) return this.#discard(pending.id)
    if (this.#settings.ordered && this.#queueOf(delivery)[0] !== pending) return
    const subscription = this.#outbox.subscription(delivery.subscription)
    const key = this.#transport.limitKey(subscription?.url ?? delivery.url)
    if (key === undefined) {
      const attempt = this.#attempt(pending)
      return attempt && this.#track(attempt)
    }
    return this.#track(this.#limit.run(key, () => this.#attempt(pending)))
  }

  #track(work: Promise<void>): Promise<void> {
    const tracked = work
      .catch((error: unknown) => this.#log.bug('a webhook could not be sent', error))
      .finally(() => {
        this.#running.delete(tracked)
        this.#waiters.changed()
      })
    this.#running.add(tracked)
    return tracked
  }

  #attempt(pending: Pending): void | Promise<void> {
    const delivery = this.#outbox.get(pending.id)
    if (pending.discarded || this.#closed || !delivery) return
    const subscription = this.#outbox.subscription(delivery.subscription)
    if (!subscription) return this.#finish(pending, delivery, 'dropped', 'the webhook was removed')
    if (!subscription.active && pending.why !== 'redelivery') {
      return this.#finish(pending, delivery, 'dropped', inactiveReason(subscription))
    }
    const at = this.#clock.now()
    const { faults, outcome } = this.#transport.attempt(delivery, subscription, () => {
      pending.abort = new AbortController()
      return pending.abort.signal
    })
    const record = (result: AttemptOutcome) =>
      this.#recordAttempt(pending, { at, faults, outcome: result })
    return outcome instanceof Promise ? outcome.then(record) : record(outcome)
  }

  /** Records an attempt, then finishes the delivery or schedules the next attempt. */
  #recordAttempt(
    pending: Pending,
    attempt: {
      readonly at: number
      readonly faults: readonly DeliveryFaultKind[]
      readonly outcome: AttemptOutcome
    },
  ): void | Promise<void> {
    const before = this.#outbox.get(pending.id)
    if (pending.discarded || !before) return
    const { outcome } = attempt
    const attempts = [...before.attempts, attemptOf(before, pending.why, attempt)]
    const delivery = { ...before, attempts: attempts.slice(-MAX_ATTEMPTS) }
    const gone = isGone(outcome)
    this.#updateHealth(delivery, isSuccess(outcome), gone)
    this.#releaseReordered(delivery)
    if (isSuccess(outcome)) return this.#finish(pending, delivery, 'delivered')
    if (gone) return this.#finish(pending, delivery, 'failed', 'the receiver answered 410 Gone')
    const made = attemptsInPlan(delivery)
    const next = nextAttemptAt(this.#settings.plan, made, outcome, this.#clock.now())
    if (next === undefined) {
      const reason = made === 1 ? 'the attempt failed' : `${made} attempts failed`
      return this.#finish(pending, delivery, 'failed', reason)
    }
    pending.why = retryReason(outcome)
    this.#update({ ...delivery, nextAt: next })
    this.#schedule(pending, next)
  }

  /**
   * Updates a subscription after an attempt: a success makes it healthy; 410 or too many failures
   * in a row suspend it.
   */
  #updateHealth({ subscription: id }: Delivery, succeeded: boolean, gone: boolean): void {
    const subscription = this.#outbox.subscription(id)
    if (!subscription || (succeeded && subscription.status === 'Healthy')) return
    const failures = succeeded ? 0 : subscription.failures + 1
    const { suspendAfter = Infinity } = this.#settings.plan
    const suspended = gone || failures >= suspendAfter
    this.#outbox.updateHealth(id, {
      failures,
      status: succeeded ? 'Healthy' : suspended ? 'Suspended' : 'Unhealthy',
      active: subscription.active && !suspended,
    })
    if (suspended) this.#dropWaiting(id)
  }

  /** Drops the deliveries of a suspended subscription that wait for a later attempt. */
  #dropWaiting(subscription: string): void {
    for (const pending of this.#pending.values()) {
      const delivery = pending.ready ? undefined : this.#outbox.get(pending.id)
      if (delivery?.subscription !== subscription) continue
      if (pending.timer) this.#clock.cancel(pending.timer)
      void this.#finish(pending, delivery, 'dropped', 'the webhook is suspended')
    }
  }

  /** Sends the deliveries with the fault `reorder` that this delivery has overtaken. */
  #releaseReordered({ id, subscription }: Delivery): void {
    for (const pending of this.#reordered) {
      if (pending.id === id) continue
      if (this.#outbox.get(pending.id)?.subscription !== subscription) continue
      if (pending.timer) this.#clock.cancel(pending.timer)
      void this.#run(pending)
    }
  }

  #finish(
    pending: Pending,
    { nextAt: _, waitsFor: __, ...delivery }: Delivery,
    state: Exclude<Delivery['state'], 'pending'>,
    reason?: string,
  ): void | Promise<void> {
    this.#pending.delete(pending.id)
    this.#reordered.delete(pending)
    this.#update({ ...delivery, state, ...(reason === undefined ? {} : { reason }) })
    if (!this.#settings.ordered) return
    const queue = this.#queueOf(delivery)
    removeFrom(queue, pending)
    const next = queue[0]
    if (!next) this.#queues.delete(delivery.subscription)
    // Run later: a queue may hold thousands of deliveries, whose calls would otherwise be nested.
    else if (next.ready) return this.#track(this.#runLater(next))
  }

  async #runLater(pending: Pending): Promise<void> {
    await Promise.resolve()
    await this.#run(pending)
  }

  #queueOf({ subscription }: Pick<Delivery, 'subscription'>): Pending[] {
    const queue = this.#queues.get(subscription) ?? []
    this.#queues.set(subscription, queue)
    return queue
  }
}

function removeFrom(queue: Pending[], pending: Pending): void {
  const index = queue.indexOf(pending)
  if (index >= 0) queue.splice(index, 1)
}

function inactiveReason({ status }: Subscription): string {
  return status === 'Suspended' ? 'the webhook is suspended' : 'the webhook is not active'
}

/** Returns the `why` of the attempt that follows this outcome. */
function retryReason(outcome: AttemptOutcome): string {
  return outcome.kind === 'answered' ? `answered ${outcome.status}` : outcome.error
}

function noSignal(): AbortSignal {
  return new AbortController().signal
}
