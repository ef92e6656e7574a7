import { setTimeout as wait } from 'node:timers/promises'
import type { Warning } from '../call.ts'
import type { Clock } from '../time/clock.ts'
import type { DeliveryFaultKind } from '../fault.ts'
import { isLoopback, readHost } from '../http/hosts.ts'
import { DEFAULT_SANDBOX, sandboxOfHost } from '../http/sandbox-path.ts'
import { Problem } from '../problem.ts'
import { applyDeliveryFaults, type Draft, type OutgoingRequest } from './delivery-faults.ts'
import { attemptsInPlan, tokensOf, type Delivery, type Subscription } from './delivery.ts'
import type { Egress } from './egress.ts'
import { OK, replyOutcome, checkSignature, type Inboxes, type InboxRequest } from './inbox.ts'
import type { RetryPlan } from './retry-plan.ts'
import type { AttemptOutcome } from './http-sender.ts'
import type { Scheme } from './signature.ts'
import type { SignatureResult } from './signature-check.ts'
import { inboxAt } from './subscriptions.ts'

/** Header that admits the server's own webhooks to its inboxes without an admin token. */
export const INBOX_PASS_HEADER = 'Standin-Pass'

/** Delivery settings of a server, shared by its sandboxes. */
export interface WebhookSettings {
  readonly plan: RetryPlan
  /** Time limit of an attempt in milliseconds. */
  readonly timeout: number
  /** Delays a delivery until all earlier ones of the same subscription are finished. */
  readonly ordered: boolean
  readonly scheme: Scheme
  /** Header of the plain scheme. */
  readonly header: string
  readonly egress: Egress
  /** Returns the server's URL on its own machine, once it listens. */
  readonly self: () => string | undefined
  /** Value of the pass header. */
  readonly pass: string
}

/** Warning about a webhook URL that is accepted although no delivery will reach it. */
export type UrlWarning = Pick<Warning, 'code' | 'text'>

/** The request of an attempt with the result of its check. */
export interface CheckedAttempt {
  /** Number of the attempt; undefined while none was made. */
  readonly attempt?: number
  readonly request: InboxRequest
  readonly signature?: SignatureResult | undefined
}

/** Delivers one attempt to its receiver: an inbox of the same sandbox, or a URL on the network. */
export class Transport {
  readonly #settings: WebhookSettings
  readonly #inboxes: Inboxes
  readonly #clock: Clock
  /** Path prefix of the sandbox, such as `/~checkout`. */
  readonly #base: string

  constructor(settings: WebhookSettings, inboxes: Inboxes, clock: Clock, base: string) {
    this.#settings = settings
    this.#inboxes = inboxes
    this.#clock = clock
    this.#base = base
  }

  /**
   * Makes an attempt. An attempt to an inbox of the same sandbox is synchronous, and its request is
   * built only when the inbox is read.
   */
  attempt(
    delivery: Delivery,
    subscription: Subscription,
    signal: () => AbortSignal,
  ): {
    readonly faults: readonly DeliveryFaultKind[]
    readonly outcome: AttemptOutcome | Promise<AttemptOutcome>
  } {
    const draft = this.#draft(delivery, subscription)
    const inbox = this.#ownInbox(subscription.url)
    if (inbox && !delivery.faults) {
      const build = () => received(applyDeliveryFaults(draft).requests[0]!) // one without faults
      const size = draft.body.length
      const outcome = this.#deliverToInbox(inbox, subscription, [build], size, signal)
      return { faults: [], outcome }
    }
    const { faults, outcome, requests } = applyDeliveryFaults(draft, delivery.faults)
    if (outcome) return { faults, outcome }
    const self = this.#settings.self()
    const needsConnection = requests.some(({ wire }) => wire)
    if (inbox && !(needsConnection && self !== undefined)) {
      const builds = requests.map((request) => () => received(request))
      const size = requests[0]!.body.length // there is one unless there is an outcome
      return {
        faults,
        outcome: this.#deliverToInbox(inbox, subscription, builds, size, signal),
      }
    }
    const url = inbox
      ? `${self}${this.#base}/_standin/inbox/${inbox.name}${inbox.query && `?${inbox.query}`}`
      : subscription.url
    return { faults, outcome: this.#sendOverNetwork(url, inbox !== undefined, requests, signal) }
  }

  /**
   * The outcome of an attempt that cannot fail and takes no time: an attempt to an inbox of the
   * same sandbox whose URL does not ask for another answer. It is known before the attempt is made.
   */
  certainOutcome({ url }: Subscription): AttemptOutcome | undefined {
    return this.#ownInbox(url)?.query === '' ? replyOutcome(OK) : undefined
  }

  /**
   * Builds the request of the last attempt again, or the first request while no attempt was made,
   * and checks its signature as the receiver does. The request is empty if the delivery sends none.
   */
  check(delivery: Delivery, subscription: Subscription): CheckedAttempt {
    const last = delivery.attempts.at(-1)
    const now = last?.at ?? delivery.nextAt ?? this.#clock.now()
    const attempt = Math.max(1, attemptsInPlan(delivery))
    const draft = { ...this.#draft(delivery, subscription), attempt, now }
    const isSent = last !== undefined || delivery.state === 'pending'
    const [first] = isSent ? applyDeliveryFaults(draft, delivery.faults).requests : []
    const number = last ? { attempt: last.number } : {}
    if (!first) return { ...number, request: { headers: [], body: new Uint8Array() } }
    const body = first.body.subarray(0, first.wire?.truncateAt)
    const request = { headers: first.headers, body }
    const tokens = tokensOf(subscription)
    const signature = checkSignature(request, { tokens, now, header: this.#settings.header })
    return { ...number, request, signature }
  }

  /** Returns the key of the concurrency limit: the origin; undefined for an inbox, which has none. */
  limitKey(url: string): string | undefined {
    if (this.#ownInbox(url)) return undefined
    return URL.canParse(url) ? new URL(url).origin : url
  }

  /** Returns a warning if no delivery will reach this URL, as far as its text shows. */
  urlWarning(url: string): UrlWarning | undefined {
    if (this.#ownInbox(url)) return undefined
    const inbox = inboxAt(this.#pathOf(url))
    if (inbox) {
      const own = `${this.#base}/_standin/inbox/${inbox.name}`
      return {
        code: 'webhook.inbox',
        text: `The URL is not an inbox of this sandbox; use ${own}`,
      }
    }
    const refusal = this.#settings.egress.refusalWithoutLookup(url)
    return refusal && { code: refusal.reason, text: `No delivery will arrive: ${refusal.message}` }
  }

  /** Returns the tokens of the subscriptions that deliver to an inbox. */
  tokensOfInbox(inbox: string, subscriptions: readonly Subscription[]): string[] {
    return subscriptions.filter(({ url }) => this.#ownInbox(url)?.name === inbox).flatMap(tokensOf)
  }

  #ownInbox(url: string): { readonly name: string; readonly query: string } | undefined {
    const inbox = inboxAt(this.#pathOf(url))
    return inbox?.base === this.#base ? inbox : undefined
  }

  /**
   * Returns the path of a URL of this server, under any loopback host name, with the sandbox that
   * the host names; other URLs as they are.
   */
  #pathOf(url: string): string {
    if (url.startsWith('/')) return withoutDefault(url)
    const self = this.#settings.self()
    if (self === undefined || !URL.canParse(url)) return url
    const { protocol, host, port, pathname, search } = new URL(url)
    const { name = '' } = readHost(host) ?? {}
    if (protocol !== 'http:' || port !== new URL(self).port || !isLoopback(name)) return url
    const label = pathname.startsWith('/~') ? undefined : sandboxOfHost(name)
    return withoutDefault(`${label === undefined ? '' : `/~${label}`}${pathname}${search}`)
  }

  #draft(delivery: Delivery, subscription: Subscription): Draft {
    const { scheme = this.#settings.scheme } = subscription
    return {
      id: delivery.id,
      attempt: attemptsInPlan(delivery) + 1,
      body: delivery.body,
      scheme,
      header: this.#settings.header,
      tokens: tokensOf(subscription),
      now: this.#clock.now(),
    }
  }

  #deliverToInbox(
    { name, query }: { readonly name: string; readonly query: string },
    subscription: Subscription,
    builds: readonly (() => InboxRequest)[],
    size: number,
    signal: () => AbortSignal,
  ): AttemptOutcome | Promise<AttemptOutcome> {
    const details = { at: this.#clock.now(), size, tokens: tokensOf(subscription) }
    const [first] = builds.map((build) => this.#inboxes.receive(name, query, build, details))
    const outcome = replyOutcome(first!) // there is at least one request
    if (first!.delay === 0) return outcome
    const { timeout } = this.#settings
    return wait(Math.min(first!.delay, timeout), undefined, { signal: signal(), ref: false }).then(
      () => (first!.delay < timeout ? outcome : timedOut(timeout)),
      () => timedOut(timeout),
    )
  }

  async #sendOverNetwork(
    url: string,
    isOwnInbox: boolean,
    requests: readonly OutgoingRequest[],
    signal: () => AbortSignal,
  ): Promise<AttemptOutcome> {
    // Loaded with the first webhook that leaves the server.
    const { sendHttp, outcomeOfRefusal } = await import('./http-sender.ts')
    const { timeout, egress, pass } = this.#settings
    try {
      const gate = isOwnInbox ? new (await import('./egress.ts')).Egress({ kind: 'any' }) : egress
      const target = await gate.resolve(url)
      let first: AttemptOutcome | undefined
      const abort = signal()
      for (const request of requests) {
        const headers = isOwnInbox
          ? [...request.headers, [INBOX_PASS_HEADER, pass] as const]
          : request.headers
        const outcome = await sendHttp(target, { ...request, headers, timeout, signal: abort })
        first ??= outcome
      }
      return first! // there is at least one request
    } catch (error) {
      if (error instanceof Problem) return outcomeOfRefusal(error)
      throw error
    }
  }
}

function withoutDefault(path: string): string {
  const prefix = `/~${DEFAULT_SANDBOX}/`
  return path.startsWith(prefix) ? path.slice(prefix.length - 1) : path
}

/** Adds the headers that the request would have over a connection. */
function received({ headers, body }: OutgoingRequest): InboxRequest {
  const framing = [
    ['Host', 'localhost'],
    ['Content-Length', String(body.length)],
    ['Connection', 'close'],
  ] as const
  return { headers: [...framing, ...headers], body }
}

function timedOut(timeout: number): AttemptOutcome {
  const message = `The receiver did not answer within ${timeout} ms`
  return { kind: 'failed', error: 'timeout', message, ms: timeout }
}
