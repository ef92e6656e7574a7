import { setTimeout as wait } from 'node:timers/promises'
import type { Warning } from '../call.ts'
import type { Clock } from '../time/clock.ts'
import { isLoopback, readHost } from '../http/hosts.ts'
import { Problem } from '../problem.ts'
import {
  applyDeliveryFault,
  type Draft,
  type Sending,
  type FaultyRequest,
} from './delivery-faults.ts'
import { tokensOf, triesOf, type Delivery, type Subscription } from './delivery.ts'
import type { Egress } from './egress.ts'
import { outcomeOf, type Arrival, type Inboxes } from './inbox.ts'
import type { RetryPlan } from './retry-plan.ts'
import type { AttemptOutcome } from './http-sender.ts'
import type { Scheme } from './signature.ts'
import { inboxAt } from './subscriptions.ts'

/** By this header the server's own webhooks come in at its inboxes, whatever token is asked for. */
export const PASS_HEADER = 'Standin-Pass'

/** How a server delivers webhooks: the same for all of its sandboxes. */
export interface WebhookSettings {
  readonly plan: RetryPlan
  /** Milliseconds that an attempt may take. */
  readonly timeout: number
  /** Whether a delivery waits until those before it to the same receiver are done with. */
  readonly ordered: boolean
  readonly scheme: Scheme
  /** The header of the plain scheme. */
  readonly header: string
  readonly egress: Egress
  /** Where the server is reached from its own machine, once it listens. */
  readonly self: () => string | undefined
  /** What opens the server's own inboxes to what it sends itself. */
  readonly pass: string
}

/** What speaks against a URL that is taken all the same: a finding about the request that named it. */
export type UrlWarning = Pick<Warning, 'code' | 'text'>

/** Takes one attempt to its receiver: an inbox of the same sandbox, or one on the network. */
export class Transport {
  readonly #settings: WebhookSettings
  readonly #inboxes: Inboxes
  readonly #clock: Clock
  /** What stands before the sandbox's paths, such as `/~checkout`. */
  readonly #base: string

  constructor(settings: WebhookSettings, inboxes: Inboxes, clock: Clock, base: string) {
    this.#settings = settings
    this.#inboxes = inboxes
    this.#clock = clock
    this.#base = base
  }

  /**
   * Makes an attempt. To an inbox of its own sandbox it is made at once: nothing is waited for, and
   * what was sent is put together only when somebody looks.
   */
  attempt(
    delivery: Delivery,
    subscription: Subscription,
    signal: () => AbortSignal,
  ): {
    readonly spoilt: Pick<FaultyRequest, 'faults'>
    readonly outcome: AttemptOutcome | Promise<AttemptOutcome>
  } {
    const draft = this.#draft(delivery, subscription)
    const inbox = this.#ownInbox(subscription.url)
    if (inbox && !delivery.faults) {
      const arrival = () => arrived(applyDeliveryFault(draft).sendings[0]!) // without a fault there is one
      const outcome = this.#drop(inbox, subscription, [arrival], draft.body.length, signal)
      return { spoilt: NOTHING, outcome }
    }
    const spoilt = applyDeliveryFault(draft, delivery.faults)
    if (spoilt.instead) return { spoilt, outcome: spoilt.instead }
    const onWire = spoilt.sendings.some(({ wire }) => wire)
    const self = this.#settings.self()
    if (inbox && !(onWire && self !== undefined)) {
      const arrivals = spoilt.sendings.map((sending) => () => arrived(sending))
      const size = spoilt.sendings[0]!.body.length // instead aside, there is one
      return { spoilt, outcome: this.#drop(inbox, subscription, arrivals, size, signal) }
    }
    const url = inbox ? `${self}${subscription.url}` : subscription.url
    return { spoilt, outcome: this.#sendAll(url, inbox !== undefined, spoilt.sendings, signal) }
  }

  /** Whose limit an attempt counts for; undefined where it needs none. */
  slotOf(url: string): string | undefined {
    if (this.#ownInbox(url)) return undefined
    return URL.canParse(url) ? new URL(url).origin : url
  }

  /** Why nothing that is sent there will arrive, as far as can be said without a look-up. */
  doubtAbout(url: string): UrlWarning | undefined {
    if (this.#ownInbox(url)) return undefined
    const inbox = inboxAt(this.#isHere(url) ? new URL(url).pathname : url)
    if (inbox && inbox.base !== this.#base) {
      const own = `${this.#base}/_standin/inbox/${inbox.name}`
      return { code: 'webhook.inbox', text: `This is no inbox of this sandbox; its own is ${own}` }
    }
    const refusal = this.#settings.egress.refusesLiterally(url)
    return refusal && { code: refusal.reason, text: `Nothing will arrive: ${refusal.message}` }
  }

  /** Whether it leads to this server, by whatever name of this machine. */
  #isHere(url: string): boolean {
    const self = this.#settings.self()
    if (self === undefined || !URL.canParse(url)) return false
    const { host, port } = new URL(url)
    return port === new URL(self).port && isLoopback(readHost(host)?.name ?? '')
  }

  /** What is signed with for an inbox: the tokens of the webhooks that point at it. */
  tokensFor(inbox: string, subscriptions: readonly Subscription[]): string[] {
    return subscriptions.filter(({ url }) => this.#ownInbox(url)?.name === inbox).flatMap(tokensOf)
  }

  #ownInbox(url: string): { readonly name: string; readonly query: string } | undefined {
    const self = this.#settings.self()
    const path = self !== undefined && url.startsWith(`${self}/`) ? url.slice(self.length) : url
    const inbox = inboxAt(path)
    return inbox?.base === this.#base ? inbox : undefined
  }

  #draft(delivery: Delivery, subscription: Subscription): Draft {
    const { scheme = this.#settings.scheme } = subscription
    return {
      id: delivery.id,
      attempt: triesOf(delivery) + 1,
      body: delivery.body,
      scheme,
      header: this.#settings.header,
      tokens: tokensOf(subscription),
      now: this.#clock.now(),
    }
  }

  #drop(
    { name, query }: { readonly name: string; readonly query: string },
    subscription: Subscription,
    arrivals: readonly (() => Arrival)[],
    size: number,
    signal: () => AbortSignal,
  ): AttemptOutcome | Promise<AttemptOutcome> {
    const about = {
      at: this.#clock.now(),
      size,
      tokens: tokensOf(subscription),
    }
    const [first] = arrivals.map((arrival) => this.#inboxes.take(name, query, arrival, about))
    const outcome = outcomeOf(first!) // there is at least one arrival
    if (first!.delay === 0) return outcome
    const { timeout } = this.#settings
    return wait(Math.min(first!.delay, timeout), undefined, { signal: signal(), ref: false }).then(
      () => (first!.delay < timeout ? outcome : tooLate(timeout)),
      () => tooLate(timeout),
    )
  }

  async #sendAll(
    url: string,
    own: boolean,
    sendings: readonly Sending[],
    signal: () => AbortSignal,
  ): Promise<AttemptOutcome> {
    // Loaded with the first webhook that leaves the server.
    const { sendHttp, refusedOutcome } = await import('./http-sender.ts')
    const { timeout, egress, pass } = this.#settings
    try {
      const gate = own ? new (await import('./egress.ts')).Egress({ kind: 'any' }) : egress
      const target = await gate.resolve(url)
      let first: AttemptOutcome | undefined
      const aborts = signal()
      for (const sending of sendings) {
        const headers = own ? [...sending.headers, [PASS_HEADER, pass] as const] : sending.headers
        const outcome = await sendHttp(target, { ...sending, headers, timeout, signal: aborts })
        first ??= outcome
      }
      return first!
    } catch (error) {
      if (error instanceof Problem) return refusedOutcome(error)
      throw error
    }
  }
}

const NOTHING = { faults: [] }

/** As it would have come over the wire. */
function arrived({ headers, body }: Sending): Arrival {
  const framing = [
    ['Host', 'localhost'],
    ['Content-Length', String(body.length)],
    ['Connection', 'close'],
  ] as const
  return { headers: [...framing, ...headers], body }
}

function tooLate(timeout: number): AttemptOutcome {
  const message = `No answer within ${timeout} ms`
  return { kind: 'failed', error: 'timeout', message, ms: timeout }
}
