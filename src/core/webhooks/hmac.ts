import { createHmac } from 'node:crypto'

/** Computes the HMAC-SHA256 of the concatenated parts. */
export function hmac(key: Uint8Array, ...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const digest = createHmac('sha256', key)
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** Decodes Base64 in the standard alphabet, padded or not; returns undefined for other texts. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  const encoded = bytes.toString('base64')
  return text === encoded || text === encoded.replace(/=+$/, '') ? bytes : undefined
}

const PREFIX = 'whsec_'

/** Decodes the key of a Standard Webhooks secret; returns undefined for other texts. */
export function standardKey(secret: string): Uint8Array | undefined {
  const key = fromBase64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret)
  return key && key.length > 0 ? key : undefined
}

/** Matches secrets that are unambiguously of Standard Webhooks: `whsec_` and Base64. */
export function isStandardSecret(text: string): boolean {
  return text.startsWith(PREFIX) && standardKey(text) !== undefined
}

/** Writes a token as a Standard Webhooks secret (`whsec_` and Base64); leaves such a secret as is. */
export function standardSecret(token: string): string {
  return isStandardSecret(token) ? token : PREFIX + Buffer.from(token).toString('base64')
}
