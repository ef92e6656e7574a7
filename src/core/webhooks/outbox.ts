import type { Event } from '../api.ts'
import type { Fake } from '../fake.ts'
import type { Log } from '../log.ts'
import type { Collection } from '../store/state.ts'
import type { Store } from '../store/store.ts'
import { messageOf } from '../errors.ts'
import { DELIVERIES, SUBSCRIPTIONS, type Delivery, type Subscription } from './delivery.ts'
import { type DeliveryFault } from '../fault.ts'

/** Deliveries that are kept after they are done with. */
export const MOST_FINISHED = 1000
/** Milliseconds after which what became of a delivery is written, if no create does it before. */
const IDLE = 100

/** What a delivery is made for. */
export interface Cause {
  readonly requestId?: string
  readonly faults?: readonly DeliveryFault[]
  readonly now: number
}

/**
 * The deliveries of a sandbox. They come to be in the transaction of what they tell of. What becomes
 * of them later is known here at once and written with the next create or shortly after: were it
 * written by itself, the disk would be busy with it when a create comes.
 */
export class Outbox {
  readonly #store: Store
  readonly #fake: Fake
  readonly #log: Log
  readonly #changed = new Map<string, Delivery>()
  readonly #health = new Map<string, Partial<Subscription>>()
  /** Done with, the oldest first. */
  readonly #finished = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  /** The disk refused: only a create tries again, for whoever reads would be refused as well. */
  #stuck = false

  constructor(store: Store, fake: Fake, log: Log) {
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

  /** As part of the running transaction: one delivery for each who wants to be told. */
  record(event: Event, to: readonly Subscription[], cause: Cause): Delivery[] {
    // Right after this transaction, so that both are one write to the disk.
    if (this.#changed.size > 0) queueMicrotask(() => this.#flush())
    const { name, data, triggeredAt } = event
    const body = JSON.stringify({ event: name, data, triggeredAt })
    const userId = data['id']
    return to.map((subscription) => {
      const delivery: Delivery = {
        id: this.#freeId(),
        event: name,
        subscription: subscription.id,
        url: subscription.url,
        body,
        ...(typeof userId === 'string' ? { userId } : {}),
        ...(cause.requestId ? { requestId: cause.requestId } : {}),
        createdAt: cause.now,
        state: 'pending',
        ...(cause.faults?.some(({ kind }) => kind === 'after-delete')
          ? { waitsFor: 'removal' as const }
          : { nextAt: cause.now }),
        attempts: [],
        ...(cause.faults && cause.faults.length > 0 ? { faults: cause.faults } : {}),
      }
      this.#rows.insert(delivery)
      return delivery
    })
  }

  /** One as it is now. */
  get(id: string): Delivery | undefined {
    const row = this.#rows.get(id)
    return row && (this.#changed.get(id) ?? row)
  }

  /** All of them as they are now, in the order in which they came to be. */
  all(): Delivery[] {
    return this.#rows.all().map((row) => this.#changed.get(row.id) ?? row)
  }

  /** Puts it in the place of what it was. */
  change(delivery: Delivery): void {
    this.#changed.set(delivery.id, delivery)
    this.#soon()
  }

  /** A subscription as its last attempts left it. */
  subscription(id: string): Subscription | undefined {
    const row = this.subscriptions.get(id)
    const health = this.#health.get(id)
    return row && health ? { ...row, ...health } : row
  }

  /** How a subscription fares from now on. */
  fares(id: string, health: Pick<Subscription, 'status' | 'failures' | 'active'>): void {
    this.#health.set(id, health)
    this.#soon()
  }

  /** Forgets what was not yet written: the rows are others now. */
  forget(): void {
    this.#changed.clear()
    this.#health.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#stuck = false
    this.#recount()
  }

  #recount(): void {
    this.#finished.clear()
    for (const { id, state } of this.#rows.all()) if (state !== 'pending') this.#finished.add(id)
  }

  /** Writes what became of deliveries; never within a transaction. */
  flush(): void {
    if (!this.#stuck) this.#flush()
  }

  /** Writes what it can, the last time. */
  close(): void {
    this.#flush()
    clearTimeout(this.#timer)
  }

  #flush(): void {
    if (this.#changed.size === 0 && this.#health.size === 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const changed = [...this.#changed.values()]
    const health = [...this.#health]
    try {
      this.#store.transact(() => this.#write(changed, health))
    } catch (error) {
      this.#log.warn(`what became of webhooks could not be written: ${messageOf(error)}`)
      this.#stuck = true
      return
    }
    this.#changed.clear()
    this.#health.clear()
    if (this.#store.hasUnsavedChanges) void this.#sure(changed, health)
  }

  async #sure(
    changed: readonly Delivery[],
    health: readonly (readonly [string, Partial<Subscription>])[],
  ): Promise<void> {
    try {
      await this.#store.saved()
      this.#stuck = false
    } catch {
      this.#stuck = true
      // Taken back: what is not known better by now is so still.
      this.#recount()
      for (const delivery of changed) {
        if (!this.#changed.has(delivery.id)) this.#changed.set(delivery.id, delivery)
      }
      for (const [id, state] of health) if (!this.#health.has(id)) this.#health.set(id, state)
    }
  }

  #write(
    changed: readonly Delivery[],
    health: readonly (readonly [string, Partial<Subscription>])[],
  ): void {
    const rows = this.#rows
    for (const delivery of changed) {
      // A create that was taken back takes its delivery along.
      if (!rows.get(delivery.id)) continue
      rows.replace(delivery)
      this.#finished.delete(delivery.id)
      if (delivery.state !== 'pending') this.#finished.add(delivery.id)
    }
    for (const id of this.#finished) {
      if (this.#finished.size <= MOST_FINISHED) break
      this.#finished.delete(id)
      rows.remove(id)
    }
    for (const [id, state] of health) {
      const row = this.subscriptions.get(id)
      if (row) this.subscriptions.replace({ ...row, ...state })
    }
  }

  #soon(): void {
    if (this.#timer || this.#stuck) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.flush()
    }, IDLE)
    this.#timer.unref()
  }

  #freeId(): string {
    for (;;) {
      const id = `whd_${this.#fake.draw('webhooks.delivery').string.uuid().replaceAll('-', '')}`
      if (!this.#rows.get(id)) return id
    }
  }
}
