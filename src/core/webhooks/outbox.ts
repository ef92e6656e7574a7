import type { Event } from '../api.ts'
import type { Fake } from '../fake.ts'
import type { Log } from '../log.ts'
import type { Collection } from '../store/state.ts'
import type { Store } from '../store/store.ts'
import { HistoryBudget, type Charge, type History } from '../history-budget.ts'
import { messageOf } from '../errors.ts'
import {
  DELIVERIES,
  SUBSCRIPTIONS,
  attemptOf,
  type Delivery,
  type DeliveryState,
  type Subscription,
} from './delivery.ts'
import type { AttemptOutcome } from './http-sender.ts'
import { type DeliveryFault } from '../fault.ts'

/** Finished deliveries that are kept; the oldest are removed first. */
export const MAX_FINISHED = 1000
/** Delay in milliseconds before changed deliveries are stored, if no new delivery stores them earlier. */
const FLUSH_DELAY = 100

/** Origin of a delivery: the request, its delivery faults and the time. */
export interface Cause {
  readonly requestId?: string
  readonly faults?: readonly DeliveryFault[]
  readonly now: number
}

type Health = Pick<Subscription, 'status' | 'failures' | 'active'>
type HealthChanges = readonly (readonly [id: string, health: Health])[]

/**
 * The deliveries of a sandbox. A delivery is inserted in the transaction of the change that caused
 * it. Later changes to it are visible here at once, and are stored with the next create or shortly
 * afterwards: storing each one separately would keep the disk busy when a create arrives.
 */
export class Outbox implements History {
  readonly #store: Store
  readonly #fake: Fake
  readonly #log: Log
  /** Deliveries and subscriptions whose latest change is not stored yet. */
  readonly #changed = new Map<string, Delivery>()
  readonly #health = new Map<string, Health>()
  /** Finished deliveries, the oldest first, with their share of the budget. */
  readonly #finished = new Map<string, Charge>()
  /** Finished deliveries that the budget has dropped; removed with the next write. */
  readonly #dropped = new Set<string>()
  readonly #budget: HistoryBudget
  /** Deliveries that were recorded with their outcome and not handed to their receiver yet. */
  readonly #unsent = new WeakSet<Delivery>()
  #timer: NodeJS.Timeout | undefined
  /**
   * The last write failed. Only a new delivery and the closing try again, since a read must not fail because of a
   * failed write.
   */
  #writeFailed = false

  constructor(store: Store, fake: Fake, log: Log, budget = new HistoryBudget()) {
    this.#budget = budget
    this.#store = store
    this.#fake = fake
    this.#log = log
  }

  get #rows(): Collection<Delivery> {
    return this.#store.collection<Delivery>(DELIVERIES)
  }

  get subscriptions(): Collection<Subscription> {
    return this.#store.collection<Subscription>(SUBSCRIPTIONS)
  }

  /**
   * Inserts one delivery for each subscription, as part of the running transaction.
   *
   * @param certain returns the outcome of an attempt, if that is known before it is made; such a
   *   delivery is recorded as delivered, which saves a second write to the disk
   */
  record(
    event: Event,
    subscriptions: readonly Subscription[],
    cause: Cause,
    certain: (subscription: Subscription) => AttemptOutcome | undefined = () => undefined,
  ): Delivery[] {
    // Directly after this transaction, so that both become one write to the disk.
    if (this.#changed.size > 0) queueMicrotask(() => this.#flush())
    const { name, data, triggeredAt } = event
    const body = JSON.stringify({ event: name, data, triggeredAt })
    const userId = data['id']
    return subscriptions.map((subscription) => {
      const outcome = cause.faults?.length ? undefined : certain(this.#current(subscription))
      const delivery: Delivery = {
        id: this.#newId(),
        event: name,
        subscription: subscription.id,
        url: subscription.url,
        body,
        ...(typeof userId === 'string' ? { userId } : {}),
        ...(cause.requestId ? { requestId: cause.requestId } : {}),
        createdAt: cause.now,
        ...(outcome
          ? deliveredBy(outcome, cause.now)
          : {
              state: 'pending',
              ...(cause.faults?.some(({ kind }) => kind === 'after-delete')
                ? { waitsFor: 'removal' as const }
                : { nextAt: cause.now }),
              attempts: [],
            }),
        ...(cause.faults && cause.faults.length > 0 ? { faults: cause.faults } : {}),
      }
      this.#rows.insert(delivery)
      if (outcome) this.#unsent.add(delivery)
      return delivery
    })
  }

  /** Returns a delivery in its current state. */
  get(id: string): Delivery | undefined {
    const row = this.#rows.get(id)
    return row && (this.#changed.get(id) ?? row)
  }

  /** Returns all deliveries in their current state, in the order of their creation. */
  all(): Delivery[] {
    return this.#rows.all().map((row) => this.#changed.get(row.id) ?? row)
  }

  /** Iterates over all deliveries in their current state, in the order of their creation. */
  *each(): Generator<Delivery, void> {
    for (const [, row] of this.#rows.after(0)) yield this.#changed.get(row.id) ?? row
  }

  /** Counts the deliveries in a state; the cost does not depend on their number. */
  count(state: DeliveryState): number {
    let count = this.#rows.count('state', state)
    for (const { id, state: current } of this.#changed.values()) {
      const stored = this.#rows.get(id)?.state
      if (stored === undefined || stored === current) continue
      if (stored === state) count--
      if (current === state) count++
    }
    return count
  }

  /** Replaces a delivery; stored later. */
  update(delivery: Delivery): void {
    this.#changed.set(delivery.id, delivery)
    this.#scheduleFlush()
  }

  /** Returns a subscription with its current health. */
  subscription(id: string): Subscription | undefined {
    const row = this.subscriptions.get(id)
    return row && this.#current(row)
  }

  #current(row: Subscription): Subscription {
    const health = this.#health.get(row.id)
    return health ? { ...row, ...health } : row
  }

  /** Returns true once for a delivery that was recorded with its outcome. */
  takeUnsent(delivery: Delivery): boolean {
    return this.#unsent.delete(delivery)
  }

  /** Keeps a delivery that was recorded as delivered among the finished ones. */
  finished(delivery: Delivery): void {
    this.#addFinished(delivery)
    if (this.#finished.size > MAX_FINISHED) this.dropOldest()
    this.#budget.enforce()
  }

  /** Replaces the health of a subscription; stored later. */
  updateHealth(id: string, health: Health): void {
    this.#health.set(id, health)
    this.#scheduleFlush()
  }

  /** Discards changes that are not stored yet, because all rows were replaced. */
  discardChanges(): void {
    this.#changed.clear()
    this.#health.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writeFailed = false
    this.#collectFinished()
  }

  #collectFinished(): void {
    this.#releaseFinished()
    for (const [, row] of this.#rows.after(0)) if (row.state !== 'pending') this.#addFinished(row)
    this.#budget.enforce()
  }

  #addFinished(delivery: Delivery): void {
    this.#finished.set(delivery.id, this.#budget.add(this, sizeOf(delivery)))
  }

  #removeFinished(id: string): void {
    this.#budget.remove(this.#finished.get(id))
    this.#finished.delete(id)
  }

  #releaseFinished(): void {
    for (const id of this.#finished.keys()) this.#removeFinished(id)
    this.#dropped.clear()
  }

  /** Drops the delivery that finished first. Its row is removed with the next write. */
  dropOldest(): void {
    for (const id of this.#finished.keys()) {
      this.#removeFinished(id)
      this.#dropped.add(id)
      this.#scheduleFlush()
      return
    }
  }

  /** Stores all changes; must not be called within a transaction. */
  flush(): void {
    if (!this.#writeFailed) this.#flush()
  }

  /** Stores all changes a last time, even after a failed write. */
  close(): void {
    this.#flush()
    this.#releaseFinished()
    clearTimeout(this.#timer)
  }

  #flush(): void {
    if (this.#changed.size + this.#health.size + this.#dropped.size === 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const changed = [...this.#changed.values()]
    const health = [...this.#health]
    try {
      this.#store.transact(() => this.#write(changed, health))
    } catch (error) {
      this.#log.warn(`the outcomes of webhook deliveries could not be stored: ${messageOf(error)}`)
      this.#writeFailed = true
      return
    }
    this.#changed.clear()
    this.#health.clear()
    if (this.#store.hasUnsavedChanges) void this.#confirmWrite(changed, health)
  }

  /** Waits for the write. If it fails, restores the changes that no newer change has replaced. */
  async #confirmWrite(changed: readonly Delivery[], health: HealthChanges): Promise<void> {
    try {
      await this.#store.saved()
      this.#writeFailed = false
    } catch {
      this.#writeFailed = true
      this.#collectFinished()
      for (const delivery of changed) {
        if (!this.#changed.has(delivery.id)) this.#changed.set(delivery.id, delivery)
      }
      for (const [id, state] of health) if (!this.#health.has(id)) this.#health.set(id, state)
    }
  }

  #write(changed: readonly Delivery[], health: HealthChanges): void {
    const rows = this.#rows
    for (const delivery of changed) {
      // The delivery is gone if the change that caused it was rolled back.
      if (!rows.get(delivery.id)) continue
      rows.replace(delivery)
      this.#removeFinished(delivery.id)
      if (delivery.state !== 'pending') this.#addFinished(delivery)
    }
    this.#budget.enforce()
    for (const id of this.#finished.keys()) {
      if (this.#finished.size <= MAX_FINISHED) break
      this.#removeFinished(id)
      rows.remove(id)
    }
    for (const id of this.#dropped) {
      // It is pending again after a redelivery.
      if (rows.get(id)?.state !== 'pending') rows.remove(id)
    }
    this.#dropped.clear()
    for (const [id, state] of health) {
      const row = this.subscriptions.get(id)
      if (row) this.subscriptions.replace({ ...row, ...state })
    }
  }

  #scheduleFlush(): void {
    if (this.#timer || this.#writeFailed) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.flush()
    }, FLUSH_DELAY)
    this.#timer.unref()
  }

  #newId(): string {
    for (;;) {
      const id = `whd_${this.#fake.draw('webhooks.delivery').string.uuid().replaceAll('-', '')}`
      if (!this.#rows.get(id)) return id
    }
  }
}

function deliveredBy(outcome: AttemptOutcome, at: number): Pick<Delivery, 'state' | 'attempts'> {
  const attempt = attemptOf({ attempts: [] }, 'event', { at, faults: [], outcome })
  return { state: 'delivered', attempts: [attempt] }
}

/** Approximate memory of a delivery besides its texts, and of an attempt, in bytes. */
const DELIVERY_OVERHEAD = 1000
const ATTEMPT_OVERHEAD = 500

/** Approximate memory of a delivery, in bytes. */
function sizeOf({ body, url, attempts }: Delivery): number {
  let size = DELIVERY_OVERHEAD + body.length + url.length
  for (const { excerpt = '' } of attempts) size += ATTEMPT_OVERHEAD + excerpt.length
  return size
}
