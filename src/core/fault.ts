import type { ValueCondition } from './match.ts'
import type { FaultStage } from './stages.ts'

// The kinds of faults. Code names each kind here and nowhere else; types, short forms, messages and
// tables follow. `specs/standin.yaml` repeats the names as enums, and a test compares the two.

/** Source of a refusal's wording: the vendor, or a system in front of it. */
export const WORDINGS = ['vendor', 'gateway', 'gateway-json', 'login-page'] as const

/** Faults of the connection. `connection-faults.ts` implements them. */
export const CONNECTIONS = [
  'reset',
  'reset-headers',
  'reset-body',
  'close',
  'cut',
  'wrong-length',
  'bad-chunk',
  'close-after',
] as const
export type Connection = (typeof CONNECTIONS)[number]

/** Faults of the answer's body. `body-faults.ts` implements them and says how to add one. */
export const BODY_FAULTS = [
  'truncated',
  'wrong-type',
  'wrong-charset',
  'empty',
  'extra-fields',
  'nulls',
  'unknown-enum',
  'reordered',
  'xml-prefixes',
  'xml-comments',
  'xml-cdata',
  'protobuf-unknown',
] as const
export type BodyFault = (typeof BODY_FAULTS)[number]

/** A fault of a webhook delivery. */
export interface DeliveryFault {
  readonly kind: DeliveryFaultKind
  /** Milliseconds: the delay, the window of `reorder` or the age of `stale-timestamp`. */
  readonly by?: number
  /** Number of attempts that are faulty, beginning with the first; default: all. */
  readonly attempts?: number
}

/** Faults of webhook deliveries. `webhooks/delivery-faults.ts` implements them. */
export const DELIVERY_FAULT_KINDS = [
  'drop',
  'delay',
  'duplicate',
  'duplicate-new-id',
  'reorder',
  'before-answer',
  'after-delete',
  'wrong-secret',
  'stale-timestamp',
  'reserialised',
  'unsigned',
  'header-case',
  'truncated',
  'gzip',
  'chunked',
  'large',
  'extra-fields',
  'unknown-event',
  'redirect',
  'slow',
] as const
export type DeliveryFaultKind = (typeof DELIVERY_FAULT_KINDS)[number]

/** Outcomes: faults by which the answer and the stored state disagree about the user. */
export const OUTCOMES = [
  'not-stored',
  'created-later',
  'lost-then-duplicate',
  'duplicate-accepted',
] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Faults of the TLS handshake, before any request. `server/tls-listener.ts` implements them. */
export const TLS_FAULTS = [
  'expired',
  'not-yet-valid',
  'wrong-host',
  'unknown-ca',
  'cut',
  'reset',
  'old-protocol',
] as const
export type TlsFault = (typeof TLS_FAULTS)[number]

/** An entry of a fault's `match`: the expected value, `/a regular expression/` or a condition. */
export type MatchValue = string | number | boolean | ValueCondition

/**
 * A fault as a tester defines it, by any of the ways to arm or request one. `NewFault` in
 * `specs/standin.yaml` documents each field; values of this type have passed its schema.
 */
export interface FaultDefinition {
  readonly fault?: string
  readonly note?: string

  readonly status?: number
  readonly reason?: string
  readonly fields?: readonly string[]
  /** In seconds. */
  readonly retryAfter?: number
  readonly words?: (typeof WORDINGS)[number]
  readonly location?: string
  readonly delay?: string
  readonly slow?: 'headers' | 'body'
  readonly bytes?: number
  readonly interval?: string
  readonly connection?: Connection
  readonly cutAfter?: number
  readonly body?: BodyFault
  readonly outcome?: Outcome
  readonly later?: string
  readonly webhook?: DeliveryFaultKind
  readonly webhookBy?: string
  readonly webhookAttempts?: number
  readonly tls?: TlsFault

  readonly api?: string
  readonly operation?: string
  readonly match?: {
    readonly headers?: Readonly<Record<string, MatchValue>>
    readonly credential?: MatchValue
    readonly params?: Readonly<Record<string, MatchValue>>
    readonly query?: Readonly<Record<string, MatchValue>>
    readonly fields?: Readonly<Record<string, MatchValue>>
  }
  readonly after?: FaultStage

  readonly times?: number
  readonly skip?: number
  readonly every?: number
  readonly probability?: number
  readonly sequence?: readonly string[]
  readonly repeat?: boolean
  readonly from?: string
  readonly until?: string
  readonly expiresIn?: string
}

/** A delay in milliseconds; the random kinds are drawn again for each firing. */
export type Delay =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly least: number; readonly most: number }
  | { readonly kind: 'log-normal'; readonly median: number; readonly p99: number }
  | { readonly kind: 'forever' }

/** The effect of a fault, read from its definition. */
export interface FaultEffect {
  readonly refusal?: {
    readonly status?: number
    readonly reason?: string
    readonly fields?: readonly string[]
    readonly retryAfter?: number
    readonly words: (typeof WORDINGS)[number]
    readonly location?: string
  }
  readonly delay?: Delay
  readonly slow?: {
    readonly part: 'headers' | 'body'
    readonly bytes: number
    /** Milliseconds between two pieces. */
    readonly interval: number
  }
  readonly connection?: Connection
  /** Bytes of the body that `cut` sends before it ends the connection. */
  readonly cutAfter: number
  readonly body?: BodyFault
  readonly outcome?: Outcome
  /** Milliseconds of the sandbox's clock until `created-later` creates the user. */
  readonly later: number
  readonly webhook?: DeliveryFault
  /**
   * Fault of the handshake. It fires before all stages and cannot be combined with another effect.
   */
  readonly tls?: TlsFault
  readonly after: FaultStage
}

/** One firing of a fault, for one request. */
export interface Firing {
  readonly fault: FiredFault
  readonly effect: FaultEffect
  /** Two random numbers of this firing, each at least 0 and below 1. */
  readonly draw: readonly [number, number]
}

/** The parts of an armed fault that are needed while it acts on a request. */
export interface FiredFault {
  readonly id: string
  readonly shortForm: string
}
