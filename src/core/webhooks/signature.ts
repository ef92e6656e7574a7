import { hmac, standardKey, standardSecret } from './hmac.ts'

/**
 * Signature scheme of a subscription. Both schemes use the header `webhook-signature`, which cannot
 * hold both signatures, because a plain receiver compares its whole value. So `both` leaves the
 * plain header unchanged and adds the standard's headers under their older names `svix-id`,
 * `svix-timestamp` and `svix-signature`, which the `svix` verifiers read first. For a verifier that
 * knows only the `webhook-…` names, the receiver renames these headers.
 */
export const SCHEMES = ['plain', 'standard', 'both'] as const
export type Scheme = (typeof SCHEMES)[number]

type Headers = readonly (readonly [name: string, value: string])[]

/** Signs in the plain scheme: Base64 of HMAC-SHA256 over the body, keyed with the token's UTF-8. */
export function sign(token: string, body: Uint8Array): string {
  return toBase64(hmac(Buffer.from(token), body))
}

/** Input of a Standard Webhooks signature. */
export interface StandardSigningInput {
  /** Delivery id, the same for every retry. */
  readonly id: string
  /** Seconds since 1970, of this attempt. */
  readonly timestamp: number
  readonly body: Uint8Array
  /** Base64 with or without `whsec_`. Several secrets sign side by side during a rotation. */
  readonly secrets: readonly string[]
  /** Prefix of the header names. Default: `webhook`. */
  readonly prefix?: 'webhook' | 'svix'
}

/**
 * Signs by https://www.standardwebhooks.com: returns the headers `webhook-id`, `webhook-timestamp`
 * and `webhook-signature`.
 *
 * @throws Error if a secret is not Base64
 */
export function signStandard(input: StandardSigningInput): Headers {
  const { id, timestamp, body, secrets, prefix = 'webhook' } = input
  const signatures = secrets.map((secret) => {
    const key = standardKey(secret)
    if (!key) throw new Error('A Standard Webhooks secret must be Base64, with or without whsec_')
    return `v1,${toBase64(hmac(key, `${id}.${timestamp}.`, body))}`
  })
  return [
    [`${prefix}-id`, id],
    [`${prefix}-timestamp`, String(timestamp)],
    [`${prefix}-signature`, signatures.join(' ')],
  ]
}

/** Input of a delivery's signature. */
export interface SigningInput {
  readonly scheme: Scheme
  /** Header of the plain scheme, in the case in which it is sent. */
  readonly header: string
  /**
   * Tokens, the newest first. The plain scheme signs with the first only; Standard Webhooks signs
   * with each, converted by `standardSecret`.
   */
  readonly tokens: readonly string[]
  readonly id: string
  /** Seconds since 1970, of this attempt. */
  readonly timestamp: number
  readonly body: Uint8Array
}

/** Returns the signature headers of a delivery. */
export function signatureHeaders(input: SigningInput): Headers {
  const { scheme, header, tokens, id, timestamp, body } = input
  const plain = [header, sign(tokens[0] ?? '', body)] as const
  if (scheme === 'plain') return [plain]
  const secrets = tokens.map(standardSecret)
  if (scheme === 'standard') return signStandard({ id, timestamp, body, secrets })
  return [plain, ...signStandard({ id, timestamp, body, secrets, prefix: 'svix' })]
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
