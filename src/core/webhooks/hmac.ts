import { createHmac } from 'node:crypto'

/** HMAC-SHA256 of these parts, one after the other. */
export function hmac(key: Uint8Array, ...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const digest = createHmac('sha256', key)
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** The bytes of Base64 in its usual alphabet, padded or not; undefined when it is none. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  const written = bytes.toString('base64')
  return text === written || text === written.replace(/=+$/, '') ? bytes : undefined
}

const PREFIX = 'whsec_'

/** The key in a secret of Standard Webhooks; undefined when it is none. */
export function standardKey(secret: string): Uint8Array | undefined {
  const key = fromBase64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret)
  return key && key.length > 0 ? key : undefined
}

/** Whether a text can only be a secret of Standard Webhooks: `whsec_` and Base64. */
export function isStandardSecret(text: string): boolean {
  return text.startsWith(PREFIX) && standardKey(text) !== undefined
}

/** Any token as a secret of Standard Webhooks: `whsec_` and Base64; one that is one already stays. */
export function standardSecret(token: string): string {
  return isStandardSecret(token) ? token : PREFIX + Buffer.from(token).toString('base64')
}
