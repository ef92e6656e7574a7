import type { ValueCondition } from './match.ts'
import type { FaultStage } from './stages.ts'

/** Who words a refusal: the vendor, or what stands in front of it. */
export const WORDINGS = ['vendor', 'gateway', 'gateway-json', 'login-page'] as const

/** What becomes of the connection. */
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

/** What becomes of the answer's body. */
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

/** How a delivery goes wrong on purpose. */
export interface DeliveryFault {
  readonly kind: DeliveryFaultKind
  /** Milliseconds: of `delay`, of the window of `reorder`, of how stale `stale-timestamp` is. */
  readonly by?: number
  /** Only so many attempts are spoilt; all of them where nothing is said. */
  readonly attempts?: number
}

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

/** What is told of a change and what is true of it fall apart. */
export const OUTCOMES = [
  'not-stored',
  'created-later',
  'lost-then-duplicate',
  'duplicate-accepted',
] as const
export type Outcome = (typeof OUTCOMES)[number]

/** What an entry of a fault's `match` asks of a value: the value itself, `/a pattern/`, or a condition. */
export type MatchValue = string | number | boolean | ValueCondition

/**
 * A fault as a tester writes it down, in whatever way it comes in. `specs/standin.yaml` says what
 * each field means; its schema has checked what is here.
 */
export interface FaultDefinition {
  readonly fault?: string
  readonly note?: string

  readonly status?: number
  readonly reason?: string
  readonly fields?: readonly string[]
  /** Seconds. */
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

/** Milliseconds, drawn anew for each firing. */
export type Delay =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly least: number; readonly most: number }
  | { readonly kind: 'log-normal'; readonly median: number; readonly p99: number }
  | { readonly kind: 'forever' }

/** What is to happen, read from a definition. */
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
  /** Bytes of the body after which `cut` ends the connection. */
  readonly cutAfter: number
  readonly body?: BodyFault
  readonly outcome?: Outcome
  /** Milliseconds of the sandbox's clock until `created-later` creates. */
  readonly later: number
  readonly webhook?: DeliveryFault
  readonly after: FaultStage
}

/** A fault that a request has met. */
export interface Firing {
  readonly fault: FiredFault
  readonly effect: FaultEffect
  /** Two numbers from 0 up to 1 that belong to this firing. */
  readonly draw: readonly [number, number]
}

/** An armed fault as the request that it fired for sees it. */
export interface FiredFault {
  readonly id: string
  /** Its short form. */
  readonly shortForm: string
}
