import type { ApiPart } from '../context.ts'
import type { Clock } from '../time/clock.ts'
import type { Entry } from '../request-log/entry.ts'
import type { SecretNames } from '../request-log/secret-names.ts'
import type { Delivery, Subscription } from '../webhooks/delivery.ts'
import type { Scheme } from '../webhooks/signature.ts'
import { Exchange } from './exchange.ts'
import { isToInbox, type SeenDelivery } from './seen-delivery.ts'

/** All that a sandbox has recorded, as its report card needs it. */
export interface Records {
  readonly vendors: readonly ApiPart[]
  /** Grades one API only; undefined: all. */
  readonly api?: string | undefined
  readonly entries: readonly Entry[]
  readonly deliveries: readonly Delivery[]
  readonly subscriptions: readonly Subscription[]
  /** Signature scheme of a subscription that names none, and the time limit of an attempt. */
  readonly webhooks: { readonly scheme: Scheme; readonly timeout: number }
  readonly clock: Pick<Clock, 'now' | 'isHeld'>
  /** Number of calls of the admin API so far that changed something. */
  readonly section: number
  readonly secretNames: SecretNames
  /** Secrets of the credentials that the fixtures have for each API. */
  readonly secrets: ReadonlyMap<string, readonly string[]>
}

/** Milliseconds by which two readings of the clocks may differ on a busy machine. */
const DRIFT = 50
/** Milliseconds by which a timer may be early. */
const TOLERANCE = 20
/** Milliseconds without a request after which a client counts as finished. */
const QUIET = 500

/** Recorded requests and deliveries, sorted and grouped for the checks. */
export class Facts {
  readonly records: Records
  /** By arrival, with all requests that reached one of the APIs. */
  readonly exchanges: readonly Exchange[]
  /** The requests with the same client, target and user in one section, each list by arrival. */
  readonly series: readonly (readonly Exchange[])[]
  /**
   * Each series divided into tries of one request: a try follows the previous one after a transient
   * failure.
   */
  readonly tries: readonly (readonly Exchange[])[]
  /** The requests about one user of an API in one section, each list by arrival. */
  readonly users: readonly (readonly Exchange[])[]
  readonly deliveries: readonly SeenDelivery[]
  /** Ids of the users that a request removed. */
  readonly removed: ReadonlySet<string>
  /** Milliseconds of real time. */
  readonly now: number
  /** Difference between the sandbox's clock and real time. */
  readonly #ahead: number

  private constructor(
    records: Records,
    parts: Pick<Facts, 'exchanges' | 'series' | 'tries' | 'users' | 'deliveries' | 'removed'>,
  ) {
    this.records = records
    this.exchanges = parts.exchanges
    this.series = parts.series
    this.tries = parts.tries
    this.users = parts.users
    this.deliveries = parts.deliveries
    this.removed = parts.removed
    this.now = performance.now()
    this.#ahead = records.clock.now() - this.now
  }

  /** Gathers the facts, in steps. */
  static *from(records: Records): Generator<undefined, Facts> {
    const { vendors, api, entries, subscriptions } = records
    const exchanges: Exchange[] = []
    for (const entry of entries) {
      const { context, reachedApi, stage } = entry
      const isGraded =
        context.api.isOwnApi !== true && (api ?? context.api.name) === context.api.name
      // Requests that were refused on arrival, before they reached the API, are not graded.
      if (isGraded && reachedApi && stage !== 'arrival') exchanges.push(new Exchange(entry))
      yield
    }
    exchanges.sort((a, b) => a.start - b.start)
    const bySeries = new Map<string, Exchange[]>()
    const byUser = new Map<string, Exchange[]>()
    const removed = new Set<string>()
    for (const one of exchanges) {
      const { entry, call, user, client } = one
      const key = `${entry.section} ${one.api} ${entry.method} ${call.url} ${user ?? ''} ${client}`
      // Without a user, the records cannot show if two writes are the same request.
      if (one.isRead || user !== undefined || entry.operation?.path.includes('{')) {
        addTo(bySeries, key, one)
      }
      if (entry.changed?.kind === 'deleted') removed.add(entry.changed.id)
      if (user !== undefined) addTo(byUser, `${entry.section} ${one.api} ${user}`, one)
      yield
    }
    const series = [...bySeries.values()]
    const tries: Exchange[][] = []
    for (const list of series) {
      let current: Exchange[] = []
      for (const one of list) {
        const previous = current.at(-1)
        // A request that arrives before the answer to the previous one is not a retry of it.
        const follows = previous?.isTransient === true && one.start >= previous.end
        if (follows) current.push(one)
        else tries.push((current = [one]))
        yield
      }
    }
    const schemes = new Map(subscriptions.map(({ id, scheme }) => [id, scheme]))
    const deliveries: SeenDelivery[] = []
    for (const delivery of records.deliveries) {
      const owner = vendors.find((one) => one.api.webhooks?.events.includes(delivery.event))
      const name = owner?.api.name
      if (!isToInbox(delivery) && (api === undefined || api === name)) {
        const scheme = schemes.get(delivery.subscription) ?? records.webhooks.scheme
        const { id, attempts } = delivery
        deliveries.push({ id, delivery, attempts, api: name, scheme })
      }
      yield
    }
    return new Facts(records, {
      exchanges,
      series,
      tries,
      users: [...byUser.values()],
      deliveries,
      removed,
    })
  }

  /**
   * True if the sandbox's clock ran between the answers to two requests, so that real time is the
   * client's time, as far as the server can tell. A test that holds or turns the clock may turn the
   * client's too.
   */
  clockRan(first: Exchange, second: Exchange): boolean {
    if (this.records.clock.isHeld) return false
    const ahead = (one: Exchange) => one.entry.answeredAt - one.end
    return (
      Math.abs(ahead(first) - ahead(second)) < DRIFT &&
      Math.abs(ahead(second) - this.#ahead) < DRIFT
    )
  }

  /**
   * True if the client waited for this time between an answer and its next request; undefined if
   * the records do not show it.
   */
  waited(first: Exchange, second: Exchange, wait: number): boolean | undefined {
    if (second.start - first.end >= wait - TOLERANCE) return true
    if (this.clockRan(first, second)) return false
    return second.entry.answeredAt - first.entry.answeredAt >= wait ? true : undefined
  }

  /** True if the client is not expected to send anything after this request. */
  isOver({ entry, end }: Exchange, gap = 0): boolean {
    return entry.section < this.records.section || this.now - end > Math.max(QUIET, 4 * gap)
  }
}

function addTo(groups: Map<string, Exchange[]>, key: string, one: Exchange): void {
  const list = groups.get(key)
  if (list) list.push(one)
  else groups.set(key, [one])
}
