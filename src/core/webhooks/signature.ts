import { hmac, standardKey, standardSecret } from './hmac.ts'

export { standardSecret } from './hmac.ts'
export * from './signature-check.ts'

/**
 * How a subscription's deliveries are signed. Both schemes would sign in `webhook-signature`, and
 * a header that two share is good for neither: a plain receiver compares the whole of it. So
 * `both` leaves the plain header exactly as it is and adds the standard's headers under the names
 * `svix-id`, `svix-timestamp` and `svix-signature`: the older spelling of the same three, which
 * the `svix` verifiers look for first. One for `webhook-…` names alone is handed them by those.
 */
export const SCHEMES = ['plain', 'standard', 'both'] as const
export type Scheme = (typeof SCHEMES)[number]

type Headers = readonly (readonly [name: string, value: string])[]

/** Base64 of HMAC-SHA256 over the body, with the UTF-8 bytes of the token as the key. */
export function sign(token: string, body: Uint8Array): string {
  return toBase64(hmac(Buffer.from(token), body))
}

/** What Standard Webhooks signs. */
export interface StandardSigned {
  /** The same through every retry. */
  readonly id: string
  /** Seconds since 1970, of this attempt. */
  readonly timestamp: number
  readonly body: Uint8Array
  /** Base64 with or without `whsec_`; with several, each signs: that is how one is rotated. */
  readonly secrets: readonly string[]
  /** What the names begin with; `webhook` where nothing is said. */
  readonly prefix?: 'webhook' | 'svix'
}

/**
 * The headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, as
 * https://www.standardwebhooks.com has them. Throws an Error when a secret is no Base64.
 */
export function signStandard(signed: StandardSigned): Headers {
  const { id, timestamp, body, secrets, prefix = 'webhook' } = signed
  const signatures = secrets.map((secret) => {
    const key = standardKey(secret)
    if (!key) throw new Error('A secret of Standard Webhooks is Base64, with or without whsec_')
    return `v1,${toBase64(hmac(key, `${id}.${timestamp}.`, body))}`
  })
  return [
    [`${prefix}-id`, id],
    [`${prefix}-timestamp`, String(timestamp)],
    [`${prefix}-signature`, signatures.join(' ')],
  ]
}

/** A delivery, as far as it is signed. */
export interface Signed {
  readonly scheme: Scheme
  /** The plain scheme's header, in the case in which it is written. */
  readonly header: string
  /**
   * The newest first. The plain scheme has room for one signature, and signs with the first;
   * Standard Webhooks signs with each, as `standardSecret` writes it.
   */
  readonly tokens: readonly string[]
  readonly id: string
  /** Seconds since 1970, of this attempt. */
  readonly timestamp: number
  readonly body: Uint8Array
}

/** The headers that sign a delivery by its subscription's scheme. */
export function signatureHeaders(signed: Signed): Headers {
  const { scheme, header, tokens, id, timestamp, body } = signed
  const plain = [header, sign(tokens[0] ?? '', body)] as const
  if (scheme === 'plain') return [plain]
  const secrets = tokens.map(standardSecret)
  if (scheme === 'standard') return signStandard({ id, timestamp, body, secrets })
  return [plain, ...signStandard({ id, timestamp, body, secrets, prefix: 'svix' })]
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
