/** `both` keeps the plain header as it is and adds the standard's under their other names. */
export type Scheme = 'plain' | 'standard' | 'both'

/** Base64 of HMAC-SHA256 over the body, with the UTF-8 bytes of the token as the key. */
export function sign(_token: string, _body: Uint8Array): string {
  return ''
}

/** What Standard Webhooks signs. */
export interface StandardSigned {
  /** The same through every retry. */
  readonly id: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly body: Uint8Array
  /** Base64 with or without `whsec_`; with several, each signs: that is how one is rotated. */
  readonly secrets: readonly string[]
  /** The names' beginning; `webhook` where nothing is said. */
  readonly prefix?: string
}

/** The headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. */
export function signStandard(_signed: StandardSigned): readonly (readonly [string, string])[] {
  return []
}

/** Any token as a secret of the standard's: `whsec_` and Base64; one that is one already stays. */
export function standardSecret(token: string): string {
  return token
}

/** The headers of a delivery by its subscription's scheme. */
export function signatureHeaders(_delivery: {
  readonly scheme: Scheme
  /** The plain scheme's header, in the case in which it is written. */
  readonly header: string
  /** The newest first; the plain scheme signs with the first one. */
  readonly tokens: readonly string[]
  readonly id: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly body: Uint8Array
}): readonly (readonly [string, string])[] {
  return []
}

/** Headers as a plain object in any case, or as `Headers`. */
export type HeadersLike =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

export type VerifyStep =
  'header' | 'form' | 'decode' | 'length' | 'id' | 'timestamp' | 'secret' | 'signature'

/** What became of a check, step by step as far as it came. */
export interface Verdict {
  readonly verified: boolean
  readonly scheme: 'plain' | 'standard'
  readonly failedAt?: VerifyStep
  readonly steps: readonly {
    readonly step: VerifyStep
    readonly passed: boolean
    readonly text: string
  }[]
}

export interface VerifyOptions {
  /** Milliseconds since 1970; the machine's time where nothing is said. */
  readonly now?: number
  /** How far a timestamp may be off; 300 where nothing is said. */
  readonly toleranceSeconds?: number
  /** The plain scheme's header; `webhook-signature` where nothing is said. */
  readonly header?: string
}

/** Whether a webhook's signature is right, and if not, at which step it fails and why. */
export function verifyWebhook(
  _body: Uint8Array | string,
  _headers: HeadersLike,
  _secret: string,
  _options: VerifyOptions = {},
): Verdict {
  return { verified: false, scheme: 'plain', steps: [] }
}
