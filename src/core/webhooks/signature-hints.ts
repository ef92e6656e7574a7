import { timingSafeEqual } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { hmac, standardKey } from './hmac.ts'

interface Unequal {
  /** Signatures of which none fits, 32 bytes each. */
  readonly given: readonly Uint8Array[]
  readonly bytes: Uint8Array
  readonly secret: string
  readonly key: Uint8Array
  /** What is signed before the body. */
  readonly before: string
}

/** Bytes above which nobody looks for the reason: each guess costs a digest. */
const MOST = 256 * 1024

/** Says that no signature fits, and which common mistake explains it. */
export function whyUnequal(unequal: Unequal): string {
  const { bytes, given } = unequal
  const fact = `The signature is not the one of this body (${bytes.length} bytes) with this secret`
  if (bytes.length > MOST) return fact
  for (const [key, before, body, hint] of guesses(unequal)) {
    const expected = hmac(key, before, body)
    if (given.some((one) => timingSafeEqual(one, expected))) return `${fact}: ${hint}`
  }
  if (bytes.length > 0) return `${fact}: it is one of another secret, or of another body`
  return `${fact}: the body is empty, as when something else has read it before`
}

type Guess = readonly [key: Uint8Array, before: string, body: Uint8Array | string, hint: string]

/** One mistake each. */
function* guesses({ bytes, secret, key, before }: Unequal): Generator<Guess> {
  for (const [body, hint] of bodies(bytes)) yield [key, before, body, hint]
  for (const [other, hint] of keys(secret)) yield [other, before, bytes, hint]
  if (before !== '') {
    yield [key, '', bytes, 'it is one of the body alone, without the id and the timestamp']
    const text = new TextEncoder().encode(secret)
    yield [text, '', bytes, 'it is one of the body alone, with the text of the secret as the key']
  }
}

function* bodies(bytes: Uint8Array): Generator<readonly [Uint8Array | string, string]> {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const newline = 'the body had a newline at its end when it was signed, and has none now'
  yield [`${text}\n`, newline]
  yield [`${text}\r\n`, newline]
  yield [text.trimEnd(), 'the body has got white space at its end, such as a newline']
  yield [text.replaceAll('\r\n', '\n'), 'the line ends of the body have become CR LF']
  yield [text.replaceAll(/\r?\n/g, '\r\n'), 'the line ends of the body were CR LF']
  yield [text.replace(/^\uFEFF/, ''), 'the body has got a byte order mark']
  yield [Buffer.from(text, 'latin1'), 'the body was read as Latin-1 and written as UTF-8']
  const value = parsed(text)
  if (value !== undefined) {
    const hint =
      'it fits the same JSON in another spelling; the body was parsed and written again after it was signed: check the bytes as they arrive'
    for (const spelling of spellings(value)) yield [spelling, hint]
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      const unfolded = gunzipSync(bytes, { maxOutputLength: MOST })
      yield [unfolded, 'it is one of the body before its compression: undo Content-Encoding first']
    } catch {
      // not what it looked like
    }
  }
}

function* keys(secret: string): Generator<readonly [Uint8Array, string]> {
  const utf8 = (text: string) => new TextEncoder().encode(text)
  yield [utf8(secret.trim()), 'the secret has white space around it']
  yield [utf8(`${secret}\n`), 'the sender signs with a newline at the end of the secret']
  yield [utf8(secret.replace(/^(["'])(.*)\1$/, '$2')), 'the secret has quotes around it']
  yield [utf8(secret), 'the text of the secret is the key, undecoded']
  yield [utf8(secret.replace(/^whsec_/, '')), 'the text after whsec_ is the key, undecoded']
  const hex = Buffer.from(secret, 'hex')
  if (hex.length * 2 === secret.length) yield [hex, 'the secret is read as hexadecimal digits']
  const decoded = standardKey(secret.trim())
  if (decoded) yield [decoded, 'the key is what the secret decodes to as Base64']
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** How others write the same JSON. */
function* spellings(value: unknown): Generator<string> {
  const compact = JSON.stringify(value)
  yield compact
  for (const indent of [2, 4, '\t']) yield JSON.stringify(value, undefined, indent)
  const sorted = JSON.stringify(inOrder(value))
  yield sorted
  yield ascii(compact)
  // PHP
  yield compact.replaceAll('/', String.raw`\/`)
  yield ascii(compact).replaceAll('/', String.raw`\/`)
  // Go
  yield compact.replaceAll(/[<>&\u2028\u2029]/g, inHex)
  // Python
  for (const one of [spaced(value), spaced(inOrder(value))]) {
    yield one
    yield ascii(one)
  }
}

/** With the keys of each object in order. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, one]) => [key, inOrder(one)]))
}

/** With a space after each comma and colon. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}: ${spaced(one)}`).join(', ')}}`
}

function ascii(json: string): string {
  return json.replaceAll(/[\u007f-\uffff]/g, inHex)
}

function inHex(unit: string): string {
  return String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
