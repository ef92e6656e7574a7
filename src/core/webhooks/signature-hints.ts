import { timingSafeEqual } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { hmac, standardKey } from './hmac.ts'

interface Mismatch {
  /** Received signatures, 32 bytes each. */
  readonly given: readonly Uint8Array[]
  readonly bytes: Uint8Array
  readonly secret: string
  readonly key: Uint8Array
  /** Text that is signed before the body. */
  readonly before: string
}

/** Largest body for which causes are tried: each one costs a digest. */
const MAX_BODY = 256 * 1024

/** Reports that no signature matches, and the common mistake that explains it. */
export function explainMismatch(mismatch: Mismatch): string {
  const { bytes, given } = mismatch
  const fact = `The signature does not match this body (${bytes.length} bytes) with this secret`
  if (bytes.length > MAX_BODY) return fact
  for (const [key, before, body, hint] of candidates(mismatch)) {
    const expected = hmac(key, before, body)
    if (given.some((one) => timingSafeEqual(one, expected))) return `${fact}: ${hint}`
  }
  if (bytes.length > 0) return `${fact}: the secret or the body differs from what was signed`
  return `${fact}: the body is empty; other code may have read it before`
}

type Candidate = readonly [key: Uint8Array, before: string, body: Uint8Array | string, hint: string]

/** Yields the signed content that results from each common mistake. */
function* candidates({ bytes, secret, key, before }: Mismatch): Generator<Candidate> {
  for (const [body, hint] of bodies(bytes)) yield [key, before, body, hint]
  for (const [other, hint] of keys(secret)) yield [other, before, bytes, hint]
  if (before !== '') {
    yield [key, '', bytes, 'it covers the body alone, without the id and the timestamp']
    const text = new TextEncoder().encode(secret)
    yield [text, '', bytes, 'it covers the body alone, with the text of the secret as the key']
  }
}

function* bodies(bytes: Uint8Array): Generator<readonly [Uint8Array | string, string]> {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const newline = 'a newline at the end of the body was removed after signing'
  yield [`${text}\n`, newline]
  yield [`${text}\r\n`, newline]
  yield [
    text.trimEnd(),
    'white space, such as a newline, was added at the end of the body after signing',
  ]
  yield [
    text.replaceAll('\r\n', '\n'),
    'the line ends of the body were changed from LF to CR LF after signing',
  ]
  yield [
    text.replaceAll(/\r?\n/g, '\r\n'),
    'the line ends of the body were changed from CR LF to LF after signing',
  ]
  yield [text.replace(/^\uFEFF/, ''), 'a byte order mark was added to the body after signing']
  yield [Buffer.from(text, 'latin1'), 'the body was decoded as Latin-1 and encoded as UTF-8']
  const value = parseJson(text)
  if (value !== undefined) {
    const hint =
      'it matches the same JSON with other formatting, so the body was parsed and serialized again after signing; verify the raw bytes'
    for (const variant of serializations(value)) yield [variant, hint]
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      const decompressed = gunzipSync(bytes, { maxOutputLength: MAX_BODY })
      yield [decompressed, 'it covers the uncompressed body; decode Content-Encoding first']
    } catch {
      // The body only looks like gzip.
    }
  }
}

function* keys(secret: string): Generator<readonly [Uint8Array, string]> {
  const utf8 = (text: string) => new TextEncoder().encode(text)
  yield [utf8(secret.trim()), 'the secret has white space around it']
  yield [utf8(`${secret}\n`), 'the sender signs with a newline at the end of the secret']
  yield [utf8(secret.replace(/^(["'])(.*)\1$/, '$2')), 'the secret has quotes around it']
  yield [utf8(secret), 'the sender uses the text of the secret as the key, without decoding it']
  yield [
    utf8(secret.replace(/^whsec_/, '')),
    'the sender uses the text after whsec_ as the key, without decoding it',
  ]
  const hex = Buffer.from(secret, 'hex')
  if (hex.length * 2 === secret.length)
    yield [hex, 'the sender decodes the secret from hexadecimal digits']
  const decoded = standardKey(secret.trim())
  if (decoded) yield [decoded, 'the sender decodes the secret from Base64']
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Yields the same JSON as other serializers write it. */
function* serializations(value: unknown): Generator<string> {
  const compact = JSON.stringify(value)
  yield compact
  for (const indent of [2, 4, '\t']) yield JSON.stringify(value, undefined, indent)
  const sorted = JSON.stringify(sortKeys(value))
  yield sorted
  yield escapeNonAscii(compact)
  // PHP
  yield compact.replaceAll('/', String.raw`\/`)
  yield escapeNonAscii(compact).replaceAll('/', String.raw`\/`)
  // Go
  yield compact.replaceAll(/[<>&\u2028\u2029]/g, unicodeEscape)
  // Python
  for (const text of [serializeSpaced(value), serializeSpaced(sortKeys(value))]) {
    yield text
    yield escapeNonAscii(text)
  }
}

/** Sorts the keys of every object. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, one]) => [key, sortKeys(one)]))
}

/** Serializes with a space after each comma and colon. */
function serializeSpaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(serializeSpaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}: ${serializeSpaced(one)}`).join(', ')}}`
}

function escapeNonAscii(json: string): string {
  return json.replaceAll(/[\u007f-\uffff]/g, unicodeEscape)
}

function unicodeEscape(unit: string): string {
  return String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
