import { timingSafeEqual } from 'node:crypto'
import { fromBase64, hmac, isStandardSecret, standardKey } from './hmac.ts'
import { explainMismatch } from './signature-hints.ts'

/** Headers as a plain object with names in any case, or as `Headers`. */
export type HeadersLike =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** A raw body as frameworks hand it over: bytes in any form, or text. */
export type WebhookBody = string | ArrayBuffer | SharedArrayBuffer | ArrayBufferView

export type VerifyStep =
  'body' | 'header' | 'form' | 'decode' | 'length' | 'timestamp' | 'secret' | 'signature'

/** Result of a signature check, with its steps up to the first failed one. */
export interface SignatureResult {
  readonly verified: boolean
  readonly scheme: 'plain' | 'standard'
  readonly failedAt?: VerifyStep
  readonly steps: readonly {
    readonly step: VerifyStep
    readonly passed: boolean
    /** A sentence that says what is correct, or what failed and the probable cause. */
    readonly text: string
  }[]
}

export interface VerifyOptions {
  /** Milliseconds since 1970. Default: the machine's time. */
  readonly now?: number
  /** Largest permitted difference of a timestamp to `now`. Default: 300. */
  readonly toleranceSeconds?: number
  /** Header of the plain scheme. Default: `webhook-signature`. */
  readonly header?: string
  /** Scheme to check. Default: detected from the headers. */
  readonly scheme?: 'plain' | 'standard'
}

const DEFAULT_TOLERANCE = 300
/** Length of an HMAC-SHA256. */
const BYTES = 32

/**
 * Verifies the signature of a webhook. If it is invalid, the result names the failed step and the
 * probable cause. Two schemes are supported: `plain`, where one header holds the Base64 of
 * HMAC-SHA256 over the body, keyed with the secret's UTF-8 bytes; and `standard`, Standard Webhooks,
 * with headers named `webhook-…` or `svix-…`.
 *
 * @param body the raw bytes; a string stands for its UTF-8 bytes. A body that was parsed already does
 *   not verify, and the result says so
 * @param secret the token, or for Standard Webhooks Base64 with or without `whsec_`; any other
 *   token is converted by `standardSecret`
 */
export function verifyWebhook(
  body: WebhookBody,
  headers: HeadersLike,
  secret: string,
  options: VerifyOptions = {},
): SignatureResult {
  const header = (options.header ?? 'webhook-signature').toLowerCase()
  const get = headerReader(headers)
  const scheme = options.scheme ?? schemeOf(get, header)
  const steps = scheme === 'plain' ? plainSteps : standardSteps
  const done: SignatureResult['steps'][number][] = []
  try {
    const bytes = bytesOf(body)
    for (const [step, text] of steps({ bytes, get, secret, header, options })) {
      done.push({ step, passed: true, text })
    }
    return { verified: true, scheme, steps: done }
  } catch (error) {
    if (!(error instanceof CheckFailure)) throw error
    const { step, message: text } = error
    done.push({ step, passed: false, text })
    return { verified: false, scheme, failedAt: step, steps: done }
  }
}

/**
 * The bytes of a body. Callers without type checks also pass bodies that a framework has parsed.
 *
 * @throws CheckFailure body
 */
function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return new TextEncoder().encode(body)
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  }
  // By its tag, as a test environment may have an ArrayBuffer of its own.
  const tag = Object.prototype.toString.call(body).slice(8, -1)
  if (tag === 'ArrayBuffer' || tag === 'SharedArrayBuffer') {
    return new Uint8Array(body as ArrayBuffer) // or shared, as its tag says
  }
  const wanted = 'the signature covers the raw body, as a Buffer, an ArrayBuffer or text'
  if (body === undefined || body === null) {
    throw new CheckFailure('body', `There is no body (${tag}); ${wanted}`)
  }
  if (/^(Blob|File|Request|Response|ReadableStream|Promise|IncomingMessage)$/.test(tag)) {
    const message = `The body is a ${tag}, which has to be read first; ${wanted}`
    throw new CheckFailure('body', message)
  }
  throw new CheckFailure(
    'body',
    `The body was parsed already (${tag}); ${wanted}. Verify it before parsing, for example with express.raw({ type: 'application/json' })`,
  )
}

/** Failure of one step, which ends the check. */
class CheckFailure extends Error {
  readonly step: VerifyStep

  constructor(step: VerifyStep, message: string) {
    super(message)
    this.step = step
  }
}

interface CheckInput {
  readonly bytes: Uint8Array
  readonly get: (name: string) => string | undefined
  readonly secret: string
  /** Name in lower case. */
  readonly header: string
  readonly options: VerifyOptions
}

type PassedStep = readonly [step: VerifyStep, text: string]

/**
 * Yields each step that passes.
 *
 * @throws CheckFailure at the first step that fails
 */
function* plainSteps({ bytes, get, secret, header }: CheckInput): Generator<PassedStep> {
  const value = get(header)
  if (!value) throw new CheckFailure('header', missingHeader(header, get))
  yield ['header', `${header} is present`]
  requireBase64(value)
  yield ['form', 'The signature is written in Base64']
  const given = decode(value)
  yield ['decode', 'The signature decodes']
  requireLength(given)
  yield ['length', `The signature is ${BYTES} bytes long, as HMAC-SHA256 is`]
  if (secret === '') throw new CheckFailure('secret', 'The secret is empty')
  yield ['secret', 'The secret is usable: its UTF-8 bytes are the key']
  const key = new TextEncoder().encode(secret)
  if (!timingSafeEqual(given, hmac(key, bytes))) {
    throw new CheckFailure(
      'signature',
      explainMismatch({ given: [given], bytes, secret, key, before: '' }),
    )
  }
  yield ['signature', `The signature matches the body of ${bytes.length} bytes`]
}

function* standardSteps({ bytes, get, secret, options }: CheckInput): Generator<PassedStep> {
  const prefix = standardPrefix(get) ?? 'webhook'
  const [id = '', time = '', value = ''] = ['id', 'timestamp', 'signature'].map((name) => {
    const header = get(`${prefix}-${name}`)
    if (!header) throw new CheckFailure('header', missingHeader(`${prefix}-${name}`, get))
    return header
  })
  yield ['header', `${prefix}-id, ${prefix}-timestamp and ${prefix}-signature are present`]
  const entries = value.split(' ').map((entry) => entry.split(','))
  const signatures = entries.flatMap(([version, text]) => (version === 'v1' && text ? [text] : []))
  if (signatures.length === 0) {
    const message = `${prefix}-signature holds no v1 signature; expected a list separated by spaces, such as v1,… v1,…`
    throw new CheckFailure('form', message)
  }
  signatures.forEach(requireBase64)
  yield ['form', `The number of v1 signatures is ${signatures.length}; all are written in Base64`]
  const given = signatures.map(decode)
  yield ['decode', given.length === 1 ? 'The signature decodes' : 'The signatures decode']
  given.forEach(requireLength)
  yield [
    'length',
    `${given.length === 1 ? 'The signature is' : 'Each signature is'} ${BYTES} bytes long, as HMAC-SHA256 is`,
  ]
  yield ['timestamp', checkTimestamp(time, options)]
  const keys = standardKeys(secret)
  yield [
    'secret',
    `The secret is usable: ${keys.map(({ description }) => description).join(', or ')}`,
  ]
  const before = `${id}.${time}.`
  for (const { key, description } of keys) {
    const expected = hmac(key, before, bytes)
    // Compares every signature, so that the duration does not reveal which one matches.
    const index = given.map((one) => timingSafeEqual(one, expected)).indexOf(true)
    if (index < 0) continue
    const which = given.length === 1 ? 'The signature' : `Signature ${index + 1} of ${given.length}`
    const how = keys.length === 1 ? '' : `, with ${description}`
    const text = `${which} matches the id, the timestamp and the body of ${bytes.length} bytes${how}`
    yield ['signature', text]
    return
  }
  const [{ key }] = keys
  throw new CheckFailure('signature', explainMismatch({ given, bytes, secret, key, before }))
}

interface Key {
  readonly key: Uint8Array
  readonly description: string
}

/** Returns the possible keys of a secret: decoded from Base64, or its text (see `standardSecret`). */
function standardKeys(secret: string): readonly [Key, ...Key[]] {
  if (secret === '') throw new CheckFailure('secret', 'The secret is empty')
  const bytes = standardKey(secret)
  const utf8 = new TextEncoder().encode(secret)
  const text = { key: utf8, description: `its text is a key of ${utf8.length} bytes` }
  if (!bytes) return [text]
  const key = { key: bytes, description: `it is the Base64 of a key of ${bytes.length} bytes` }
  return isStandardSecret(secret) ? [key] : [key, text]
}

function schemeOf(get: CheckInput['get'], header: string): 'plain' | 'standard' {
  const value = get(header)
  if (value === undefined) return standardPrefix(get) ? 'standard' : 'plain'
  if (header !== 'webhook-signature') return 'plain'
  const listed = /(?:^| )v\d+[a-z]?,/.test(value)
  return listed || (get('webhook-id') && get('webhook-timestamp')) ? 'standard' : 'plain'
}

/** Returns the prefix of the standard's headers in this request. */
function standardPrefix(get: CheckInput['get']): string | undefined {
  const present = (prefix: string) =>
    ['id', 'timestamp', 'signature'].filter((name) => get(`${prefix}-${name}`))
  // A single webhook-… header may belong to a plain signature.
  if (present('svix').length > 0 && present('webhook').length < 3) return 'svix'
  return present('webhook').length > 0 ? 'webhook' : undefined
}

function headerReader(headers: HeadersLike): CheckInput['get'] {
  if (isHeaders(headers)) return (name) => headers.get(name) ?? undefined
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) found.set(name.toLowerCase(), [value].flat().join(', '))
  }
  return (name) => found.get(name)
}

function isHeaders(headers: HeadersLike): headers is { get(name: string): string | null } {
  return typeof headers['get'] === 'function'
}

/** Reports a missing header, and a similar name that a proxy or framework may have given it. */
function missingHeader(name: string, get: CheckInput['get']): string {
  const others = [`x-${name}`, name.replaceAll('-', '_'), `http_${name.replaceAll('-', '_')}`]
  const found = others.find((other) => get(other))
  const hint = found ? `; the request has ${found} instead` : ''
  return `The header ${name} is missing${hint}`
}

/** @throws CheckFailure form */
function requireBase64(value: string): void {
  const fail = (why: string) => {
    throw new CheckFailure('form', `The signature is not written in Base64: ${why}`)
  }
  if (/^[\da-f]+$/i.test(value) && value.length === BYTES * 2) {
    fail('it is 64 hexadecimal digits; send the same bytes in Base64')
  }
  if (value !== value.trim()) fail('it has white space around it')
  if (/^["'].*["']$/.test(value)) fail('it has quotes around it')
  if (/^sha256=/i.test(value)) fail('it begins with sha256=')
  if (value.includes(',')) fail('it is a list, as if the header was sent twice')
  if (/^[\w-]+={0,2}$/.test(value) && /[-_]/.test(value)) {
    fail('it has - or _ as in base64url; use + and /')
  }
  const odd = /[^A-Za-z\d+/=]/.exec(value)
  if (odd) fail(`it has ${JSON.stringify(odd[0])} at ${odd.index}`)
}

/** @throws CheckFailure decode */
function decode(value: string): Uint8Array {
  const bytes = fromBase64(value)
  if (bytes && value.length % 4 === 0) return bytes
  const why = bytes ? 'the = at its end are missing' : 'it is truncated, or has = inside'
  throw new CheckFailure('decode', `The signature does not decode as Base64: ${why}`)
}

/** Other hash functions by the length of their digest. */
const OTHER_HASHES: Readonly<Record<number, string>> = {
  16: 'MD5',
  20: 'SHA-1',
  28: 'SHA-224',
  48: 'SHA-384',
  64: 'SHA-512',
}

/** @throws CheckFailure length */
function requireLength({ length }: Uint8Array): void {
  if (length === BYTES) return
  const hint = OTHER_HASHES[length] ? `, as ${OTHER_HASHES[length]} is` : ''
  throw new CheckFailure(
    'length',
    `The signature is ${length} bytes${hint}; HMAC-SHA256 is ${BYTES}`,
  )
}

/**
 * Describes the age of a timestamp.
 *
 * @throws CheckFailure timestamp if it is malformed or outside the tolerance
 */
function checkTimestamp(text: string, options: VerifyOptions): string {
  const { now = Date.now(), toleranceSeconds = DEFAULT_TOLERANCE } = options
  if (!/^\d{1,11}$/.test(text)) {
    const hint = /^\d{13}$/.test(text) ? '; this value is in milliseconds' : ''
    throw new CheckFailure('timestamp', `The timestamp must be seconds since 1970${hint}`)
  }
  const age = Math.floor(now / 1000) - Number(text)
  const described = age < 0 ? `${-age} s ahead of the clock` : `${age} s old`
  if (Math.abs(age) <= toleranceSeconds) return `The timestamp is ${described}`
  throw new CheckFailure(
    'timestamp',
    `The timestamp is ${described}; at most ${toleranceSeconds} s are allowed`,
  )
}
