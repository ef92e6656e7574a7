import type { Clock } from '../time/clock.ts'
import type { Log } from '../log.ts'
import type { Timer } from '../time/timers.ts'
import type { Transport, WebhookSettings } from './transport.ts'
import { triesOf, type Attempt, type Delivery, type Subscription } from './delivery.ts'
import { type DeliveryFault, type DeliveryFaultKind } from '../fault.ts'
import type { Outbox } from './outbox.ts'
import { isGone, isSuccess, nextAttempt } from './retry-plan.ts'
import type { AttemptOutcome } from './http-sender.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import type { Waiters } from './waiters.ts'

/** Attempts to one receiver at the same time. */
const MOST_AT_ONCE = 10
/** Attempts that are kept of one delivery; the oldest go. */
const MOST_ATTEMPTS = 100
/** Milliseconds: the window of `reorder`, where nothing is said. */
const WINDOW = 1000
/** Milliseconds that `delay` puts a delivery off, where nothing is said. */
const DELAY = 5000
/** Machine's milliseconds that attempts which are under way have when the server closes. */
const GRACE = 500

/** A delivery that is not yet done with. */
interface Live {
  readonly id: string
  why: string
  timer?: Timer | undefined
  /** Its time has come; it waits for its turn, or an attempt is under way. */
  ready: boolean
  /** What became of it is of no interest any more. */
  gone: boolean
  /** Of the attempt that is under way; made only where there is something to abort. */
  abort?: AbortController
}

/** Sends what is in the outbox, and again when it must be. */
export class Scheduler {
  readonly #settings: WebhookSettings
  readonly #outbox: Outbox
  readonly #courier: Transport
  readonly #clock: Clock
  readonly #waits: Waiters<Delivery>
  readonly #log: Log
  readonly #slots = new ConcurrencyLimit(MOST_AT_ONCE)
  readonly #live = new Map<string, Live>()
  /** By subscription, in the order in which they came to be; only where order is kept. */
  readonly #lanes = new Map<string, Live[]>()
  /** Those that wait for another one to overtake them. */
  readonly #held = new Set<Live>()
  readonly #running = new Set<Promise<void>>()
  #closed = false

  constructor(parts: {
    settings: WebhookSettings
    outbox: Outbox
    courier: Transport
    clock: Clock
    waits: Waiters<Delivery>
    log: Log
  }) {
    this.#settings = parts.settings
    this.#outbox = parts.outbox
    this.#courier = parts.courier
    this.#clock = parts.clock
    this.#waits = parts.waits
    this.#log = parts.log
  }

  /** Those that are not yet done with, and whether an attempt is due or under way. */
  get pending(): readonly { readonly id: string; readonly ready: boolean }[] {
    return [...this.#live.values()]
  }

  /**
   * Begins with a delivery that is in the outbox, at once or when it is due.
   *
   * @returns when its first attempt was made, if that is now
   */
  begin(id: string, why = 'event'): void | Promise<void> {
    const delivery = this.#outbox.get(id)
    if (this.#closed || delivery?.state !== 'pending' || this.#live.has(id)) return
    const live: Live = { id, why, ready: false, gone: false }
    this.#live.set(id, live)
    this.#waits.changed(delivery)
    if (this.#settings.ordered) this.#laneOf(delivery).push(live)
    const first = triesOf(delivery) === 0
    const fault = (kind: DeliveryFaultKind) =>
      first ? delivery.faults?.find((one) => one.kind === kind) : undefined
    if (fault('drop')) return this.#finish(live, delivery, 'dropped', 'the fault drop')
    if (delivery.waitsFor) return
    return this.#put(live, delivery, fault('delay'), fault('reorder'))
  }

  #put(
    live: Live,
    delivery: Delivery,
    delay: DeliveryFault | undefined,
    reorder: DeliveryFault | undefined,
  ): void | Promise<void> {
    const now = this.#clock.now()
    let at = delivery.nextAt ?? now
    if (delay) at = Math.max(at, delivery.createdAt + (delay.by ?? DELAY))
    if (reorder) {
      at = Math.max(at, delivery.createdAt + (reorder.by ?? WINDOW))
      this.#held.add(live)
    }
    if (at <= now) return this.#go(live)
    this.#change({ ...delivery, nextAt: at })
    this.#schedule(live, at)
  }

  /** Sends it again now, whatever became of it: with its id and body, and a plan that begins anew. */
  redeliver(id: string, faults: readonly DeliveryFault[]): void {
    const delivery = this.#outbox.get(id)
    if (!delivery) return
    const { faults: _, reason: __, waitsFor: ___, ...rest } = delivery
    this.#forget(id)
    this.#change({
      ...rest,
      state: 'pending',
      nextAt: this.#clock.now(),
      before: delivery.attempts.at(-1)?.number ?? 0,
      ...(faults.length > 0 ? { faults } : {}),
    })
    void this.begin(id, 'redelivery')
  }

  /** What waited for the removal of this user goes now; their rows say so already. */
  released(ids: readonly string[]): void {
    for (const id of ids) {
      this.#forget(id)
      void this.begin(id)
    }
  }

  /** Settles when the attempts that are under way now have been made. */
  async quiet(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Lets go of all that is under way: the rows are others now. */
  drop(): void {
    for (const id of this.#live.keys()) this.#forget(id)
    this.#lanes.clear()
  }

  /** What is under way is waited for a moment, and made again by the next start if it must be. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { timer } of this.#live.values()) if (timer) this.#clock.cancel(timer)
    if (this.#running.size > 0) {
      let late: NodeJS.Timeout | undefined
      const patience = new Promise((resolve) => (late = setTimeout(resolve, GRACE)))
      await Promise.race([Promise.all(this.#running), patience])
      clearTimeout(late)
    }
    this.drop()
  }

  #change(delivery: Delivery): void {
    this.#outbox.change(delivery)
    this.#waits.changed(delivery)
  }

  #forget(id: string): void {
    const live = this.#live.get(id)
    if (!live) return
    live.gone = true
    if (live.timer) this.#clock.cancel(live.timer)
    live.abort?.abort()
    this.#live.delete(id)
    this.#held.delete(live)
    for (const lane of this.#lanes.values()) leave(lane, live)
  }

  #schedule(live: Live, at: number): void {
    live.ready = false
    live.timer = this.#clock.after(at, () => this.#go(live))
  }

  /** Its time has come: it is attempted when it is its turn. */
  #go(live: Live): void | Promise<void> {
    if (live.gone || this.#closed) return
    live.timer = undefined
    this.#held.delete(live)
    live.ready = true
    const delivery = this.#outbox.get(live.id)
    if (!delivery) return this.#forget(live.id)
    if (this.#settings.ordered && this.#laneOf(delivery)[0] !== live) return
    const subscription = this.#outbox.subscription(delivery.subscription)
    const slot = this.#courier.slotOf(subscription?.url ?? delivery.url)
    if (slot === undefined) {
      const made = this.#attempt(live)
      return made && this.#track(made)
    }
    return this.#track(this.#slots.use(slot, () => this.#attempt(live)))
  }

  #track(work: Promise<void>): Promise<void> {
    const tracked = work
      .catch((error: unknown) => this.#log.bug('a webhook could not be sent', error))
      .finally(() => {
        this.#running.delete(tracked)
        this.#waits.changed()
      })
    this.#running.add(tracked)
    return tracked
  }

  #attempt(live: Live): void | Promise<void> {
    const delivery = this.#outbox.get(live.id)
    if (live.gone || this.#closed || !delivery) return
    const subscription = this.#outbox.subscription(delivery.subscription)
    if (!subscription) return this.#finish(live, delivery, 'dropped', 'the webhook was removed')
    if (!subscription.active && live.why !== 'redelivery') {
      return this.#finish(live, delivery, 'dropped', reasonOf(subscription))
    }
    const at = this.#clock.now()
    const { spoilt, outcome } = this.#courier.attempt(delivery, subscription, () => {
      live.abort = new AbortController()
      return live.abort.signal
    })
    const after = (became: AttemptOutcome) =>
      this.#after(live, { at, faults: spoilt.faults, outcome: became })
    return outcome instanceof Promise ? outcome.then(after) : after(outcome)
  }

  #after(
    live: Live,
    made: {
      readonly at: number
      readonly faults: readonly DeliveryFaultKind[]
      readonly outcome: AttemptOutcome
    },
  ): void | Promise<void> {
    const before = this.#outbox.get(live.id)
    if (live.gone || !before) return
    const { outcome } = made
    const attempts = [...before.attempts, attemptOf(before, live.why, made)]
    const delivery = { ...before, attempts: attempts.slice(-MOST_ATTEMPTS) }
    const gone = isGone(outcome)
    this.#fare(delivery, isSuccess(outcome), gone)
    this.#letGo(delivery)
    if (isSuccess(outcome)) return this.#finish(live, delivery, 'delivered')
    if (gone) return this.#finish(live, delivery, 'failed', 'the receiver answered 410 Gone')
    const tries = triesOf(delivery)
    const next = nextAttempt(this.#settings.plan, tries, outcome, this.#clock.now())
    if (next === undefined) {
      return this.#finish(
        live,
        delivery,
        'failed',
        tries === 1 ? 'the attempt failed' : `${tries} attempts failed`,
      )
    }
    live.why = whyOf(outcome)
    this.#change({ ...delivery, nextAt: next })
    this.#schedule(live, next)
  }

  /** A success heals a webhook; too many failures in a row, or a 410, switch it off. */
  #fare({ subscription: id }: Delivery, good: boolean, gone: boolean): void {
    const subscription = this.#outbox.subscription(id)
    if (!subscription || (good && subscription.status === 'Healthy')) return
    const failures = good ? 0 : subscription.failures + 1
    const { suspendAfter = Infinity } = this.#settings.plan
    const off = gone || failures >= suspendAfter
    this.#outbox.fares(id, {
      failures,
      status: good ? 'Healthy' : off ? 'Suspended' : 'Unhealthy',
      active: subscription.active && !off,
    })
    if (off) this.#dropAllOf(id)
  }

  /** What waits for a later attempt to a webhook that is off will not be sent. */
  #dropAllOf(id: string): void {
    for (const live of this.#live.values()) {
      const delivery = live.ready ? undefined : this.#outbox.get(live.id)
      if (delivery?.subscription !== id) continue
      if (live.timer) this.#clock.cancel(live.timer)
      void this.#finish(live, delivery, 'dropped', 'the webhook is suspended')
    }
  }

  /** Those that were to be overtaken by this one have been. */
  #letGo({ id, subscription }: Delivery): void {
    for (const live of this.#held) {
      if (live.id === id) continue
      if (this.#outbox.get(live.id)?.subscription !== subscription) continue
      if (live.timer) this.#clock.cancel(live.timer)
      void this.#go(live)
    }
  }

  #finish(
    live: Live,
    { nextAt: _, waitsFor: __, ...delivery }: Delivery,
    state: Exclude<Delivery['state'], 'pending'>,
    reason?: string,
  ): void | Promise<void> {
    this.#live.delete(live.id)
    this.#held.delete(live)
    this.#change({ ...delivery, state, ...(reason === undefined ? {} : { reason }) })
    if (!this.#settings.ordered) return
    const lane = this.#laneOf(delivery)
    leave(lane, live)
    const next = lane[0]
    if (!next) this.#lanes.delete(delivery.subscription)
    // In a turn of its own: thousands may stand in line, and each would be called by the one before.
    else if (next.ready) return this.#track(this.#goSoon(next))
  }

  async #goSoon(live: Live): Promise<void> {
    await Promise.resolve()
    await this.#go(live)
  }

  #laneOf({ subscription }: Pick<Delivery, 'subscription'>): Live[] {
    const lane = this.#lanes.get(subscription) ?? []
    this.#lanes.set(subscription, lane)
    return lane
  }
}

function leave(lane: Live[], live: Live): void {
  const place = lane.indexOf(live)
  if (place >= 0) lane.splice(place, 1)
}

function reasonOf({ status }: Subscription): string {
  return status === 'Suspended' ? 'the webhook is suspended' : 'the webhook is not active'
}

/** Why the next attempt is made. */
function whyOf(outcome: AttemptOutcome): string {
  return outcome.kind === 'answered' ? `answered ${outcome.status}` : outcome.error
}

function attemptOf(
  { attempts }: Delivery,
  why: string,
  {
    at,
    faults,
    outcome,
  }: { at: number; faults: readonly DeliveryFaultKind[]; outcome: AttemptOutcome },
): Attempt {
  const { kind: _, ...became } = outcome
  const number = (attempts.at(-1)?.number ?? 0) + 1
  return { number, at, why, ...(faults.length > 0 ? { faults } : {}), ...became }
}
