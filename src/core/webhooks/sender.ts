import type { Problem } from '../problem.ts'
import type { Target } from './egress.ts'

/** How a delivery goes over the wire when it does not go in the ordinary way. */
export interface Wire {
  /** Transfer-Encoding: chunked in place of Content-Length. */
  readonly chunked?: boolean
  /** So many bytes of the body every so many milliseconds. */
  readonly slow?: { readonly bytes: number; readonly every: number }
  /** The whole body is announced; after this many bytes of it the connection is cut. */
  readonly truncateAt?: number
  /** The body is sent compressed, with Content-Encoding: gzip. */
  readonly gzip?: boolean
}

export interface SendRequest {
  /** Written in this order and case. Host, Content-Length and Connection are added where missing. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** POST where nothing is said. */
  readonly method?: string
  /** Milliseconds for the whole exchange; 10,000 where nothing is said. */
  readonly timeout?: number
  readonly wire?: Wire
  readonly signal?: AbortSignal
  /** PEM: trusted in place of what the machine trusts. */
  readonly ca?: string
}

export type SendError =
  | 'refused'
  | 'reset'
  | 'timeout'
  | 'tls'
  | 'dns'
  | 'egress'
  | 'aborted'
  | 'unreachable'
  | 'protocol'
  | 'request'

/** What came of an attempt. */
export type Outcome =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** By lower-case name; capped in number and length. */
      readonly headers: Readonly<Record<string, string>>
      /** The beginning of the body as text, control characters escaped. */
      readonly excerpt: string
      /** Milliseconds that it took. */
      readonly ms: number
    }
  | {
      readonly kind: 'failed'
      readonly error: SendError
      readonly message: string
      readonly ms: number
    }

/** Sends one request to an address that the gate let through. Never throws. */
export function send(_target: Target, _request: SendRequest): Promise<Outcome> {
  return Promise.resolve({ kind: 'failed', error: 'request', message: 'not yet', ms: 0 })
}

/** The outcome of an attempt that the gate refused: `dns` for a name without address, or `egress`. */
export function refusedOutcome(problem: Problem): Outcome {
  return { kind: 'failed', error: 'egress', message: problem.message, ms: 0 }
}
