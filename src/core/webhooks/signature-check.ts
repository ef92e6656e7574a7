import { timingSafeEqual } from 'node:crypto'
import { fromBase64, hmac, isStandardSecret, standardKey } from './hmac.ts'
import { whyUnequal } from './signature-hints.ts'

/** Headers as a plain object in any case, or as `Headers`. */
export type HeadersLike =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

export type VerifyStep =
  'header' | 'form' | 'decode' | 'length' | 'timestamp' | 'secret' | 'signature'

/** What became of a check, step by step as far as it came. */
export interface Verdict {
  readonly verified: boolean
  readonly scheme: 'plain' | 'standard'
  readonly failedAt?: VerifyStep
  readonly steps: readonly {
    readonly step: VerifyStep
    readonly passed: boolean
    /** A sentence: what was found, or what is wrong and what may be behind it. */
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
  /** Which scheme to check by; where nothing is said, the headers tell. */
  readonly scheme?: 'plain' | 'standard'
}

const TOLERANCE = 300
const BYTES = 32

/**
 * Whether a webhook's signature is right, and if not, at which step it fails and what may be the
 * reason. Two schemes are known: `plain`, where one header is the Base64 of HMAC-SHA256 over the
 * body with the secret's UTF-8 bytes as the key; and `standard`, Standard Webhooks, under the
 * names `webhook-…` or `svix-…`.
 *
 * @param body the bytes as they arrived; text stands for its UTF-8 bytes
 * @param secret the token, or for Standard Webhooks Base64 with or without `whsec_`; any other
 *   token counts for what `standardSecret` makes of it
 */
export function verifyWebhook(
  body: Uint8Array | string,
  headers: HeadersLike,
  secret: string,
  options: VerifyOptions = {},
): Verdict {
  const header = (options.header ?? 'webhook-signature').toLowerCase()
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const get = reader(headers)
  const scheme = options.scheme ?? schemeOf(get, header)
  const steps = scheme === 'plain' ? plainSteps : standardSteps
  const taken: Verdict['steps'][number][] = []
  try {
    for (const [step, text] of steps({ bytes, get, secret, header, options })) {
      taken.push({ step, passed: true, text })
    }
    return { verified: true, scheme, steps: taken }
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure
    const { step, message: text } = failure
    taken.push({ step, passed: false, text })
    return { verified: false, scheme, failedAt: step, steps: taken }
  }
}

/** The step at which a check ends. */
class Failure extends Error {
  readonly step: VerifyStep

  constructor(step: VerifyStep, message: string) {
    super(message)
    this.step = step
  }
}

interface Checked {
  readonly bytes: Uint8Array
  readonly get: (name: string) => string | undefined
  readonly secret: string
  /** In lower case. */
  readonly header: string
  readonly options: VerifyOptions
}

type Passed = readonly [step: VerifyStep, text: string]

/** Yields each step that passes, and throws the Failure at which it ends. */
function* plainSteps({ bytes, get, secret, header }: Checked): Generator<Passed> {
  const value = get(header)
  if (!value) throw new Failure('header', missing(header, get))
  yield ['header', `${header} is there`]
  formed(value)
  yield ['form', 'It is written as Base64']
  const given = decoded(value)
  yield ['decode', 'It decodes']
  lengthy(given)
  yield ['length', `It is ${BYTES} bytes, as HMAC-SHA256 is`]
  if (secret === '') throw new Failure('secret', 'The secret is empty')
  yield ['secret', 'The secret is usable: its UTF-8 bytes are the key']
  const key = new TextEncoder().encode(secret)
  if (!timingSafeEqual(given, hmac(key, bytes))) {
    throw new Failure('signature', whyUnequal({ given: [given], bytes, secret, key, before: '' }))
  }
  yield ['signature', `It is right for the body of ${bytes.length} bytes`]
}

function* standardSteps({ bytes, get, secret, options }: Checked): Generator<Passed> {
  const prefix = standardPrefix(get) ?? 'webhook'
  const [id = '', time = '', value = ''] = ['id', 'timestamp', 'signature'].map((name) => {
    const found = get(`${prefix}-${name}`)
    if (!found) throw new Failure('header', missing(`${prefix}-${name}`, get))
    return found
  })
  yield ['header', `${prefix}-id, ${prefix}-timestamp and ${prefix}-signature are there`]
  const listed = value.split(' ').map((one) => one.split(','))
  const signatures = listed.flatMap(([version, one]) => (version === 'v1' && one ? [one] : []))
  if (signatures.length === 0) {
    const message = `No v1 signature is in ${prefix}-signature, which is a list such as v1,… v1,… with spaces between`
    throw new Failure('form', message)
  }
  signatures.forEach(formed)
  yield ['form', `It lists ${signatures.length} of version v1, written as Base64`]
  const given = signatures.map(decoded)
  yield ['decode', given.length === 1 ? 'It decodes' : 'They decode']
  given.forEach(lengthy)
  yield ['length', `${given.length === 1 ? 'It is' : 'Each is'} ${BYTES} bytes, as HMAC-SHA256 is`]
  yield ['timestamp', fresh(time, options)]
  const keys = standardKeys(secret)
  yield ['secret', `The secret is usable: ${keys.map(({ what }) => what).join(', or ')}`]
  const before = `${id}.${time}.`
  for (const { key, what } of keys) {
    const expected = hmac(key, before, bytes)
    // Each is compared, so that the time does not tell which one fits.
    const fitting = given.map((one) => timingSafeEqual(one, expected)).indexOf(true)
    if (fitting < 0) continue
    const which = given.length === 1 ? 'It' : `Number ${fitting + 1} of ${given.length}`
    const how = keys.length === 1 ? '' : `, with ${what}`
    const text = `${which} is right for the id, the timestamp and the body of ${bytes.length} bytes${how}`
    yield ['signature', text]
    return
  }
  const [{ key }] = keys
  throw new Failure('signature', whyUnequal({ given, bytes, secret, key, before }))
}

interface Key {
  readonly key: Uint8Array
  readonly what: string
}

/** What a secret may mean: Base64 of a key or, as `standardSecret` has it, any other text. */
function standardKeys(secret: string): readonly [Key, ...Key[]] {
  if (secret === '') throw new Failure('secret', 'The secret is empty')
  const bytes = standardKey(secret)
  const utf8 = new TextEncoder().encode(secret)
  const text = { key: utf8, what: `its text as a key of ${utf8.length} bytes` }
  if (!bytes) return [text]
  const key = { key: bytes, what: `Base64 of a key of ${bytes.length} bytes` }
  return isStandardSecret(secret) ? [key] : [key, text]
}

function schemeOf(get: Checked['get'], header: string): 'plain' | 'standard' {
  const value = get(header)
  if (value === undefined) return standardPrefix(get) ? 'standard' : 'plain'
  if (header !== 'webhook-signature') return 'plain'
  const listed = /(?:^| )v\d+[a-z]?,/.test(value)
  return listed || (get('webhook-id') && get('webhook-timestamp')) ? 'standard' : 'plain'
}

/** What the standard's headers begin with here. */
function standardPrefix(get: Checked['get']): string | undefined {
  const named = (prefix: string) =>
    ['id', 'timestamp', 'signature'].filter((name) => get(`${prefix}-${name}`))
  // A plain signature has one of the three names.
  if (named('svix').length > 0 && named('webhook').length < 3) return 'svix'
  return named('webhook').length > 0 ? 'webhook' : undefined
}

function reader(headers: HeadersLike): Checked['get'] {
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

/** Where a proxy or framework may have put what is missing. */
function missing(name: string, get: Checked['get']): string {
  const others = [`x-${name}`, name.replaceAll('-', '_'), `http_${name.replaceAll('-', '_')}`]
  const found = others.find((other) => get(other))
  const hint = found ? `; there is ${found}, which is another name` : ''
  return `There is no header ${name}${hint}`
}

function formed(value: string): void {
  const fail = (why: string) => {
    throw new Failure('form', `The signature is not written as Base64: ${why}`)
  }
  if (/^[\da-f]+$/i.test(value) && value.length === BYTES * 2) {
    fail('it is 64 hexadecimal digits; the same bytes are to be sent as Base64')
  }
  if (value !== value.trim()) fail('there is white space around it')
  if (/^["'].*["']$/.test(value)) fail('there are quotes around it')
  if (/^sha256=/i.test(value)) fail('it begins with sha256=')
  if (value.includes(',')) fail('it is a list, as when a header comes twice')
  if (/^[\w-]+={0,2}$/.test(value) && /[-_]/.test(value)) {
    fail('it has - or _ as base64url has; + and / are meant')
  }
  const odd = /[^A-Za-z\d+/=]/.exec(value)
  if (odd) fail(`it has ${JSON.stringify(odd[0])} at ${odd.index}`)
}

function decoded(value: string): Uint8Array {
  const bytes = fromBase64(value)
  if (bytes && value.length % 4 === 0) return bytes
  const why = bytes ? 'its = at the end are missing' : 'it is cut off, or has = inside'
  throw new Failure('decode', `The signature does not decode as Base64: ${why}`)
}

const OTHERS: Readonly<Record<number, string>> = {
  16: 'MD5',
  20: 'SHA-1',
  28: 'SHA-224',
  48: 'SHA-384',
  64: 'SHA-512',
}

function lengthy({ length }: Uint8Array): void {
  if (length === BYTES) return
  const hint = OTHERS[length] ? `, as ${OTHERS[length]} is` : ''
  throw new Failure('length', `The signature is ${length} bytes${hint}; HMAC-SHA256 is ${BYTES}`)
}

/** How fresh it is; throws when that is not enough. */
function fresh(text: string, options: VerifyOptions): string {
  const { now = Date.now(), toleranceSeconds = TOLERANCE } = options
  if (!/^\d{1,11}$/.test(text)) {
    const hint = /^\d{13}$/.test(text) ? '; these are milliseconds' : ''
    throw new Failure('timestamp', `The timestamp must be seconds since 1970${hint}`)
  }
  const age = Math.floor(now / 1000) - Number(text)
  const said = age < 0 ? `${-age} s ahead of the clock` : `${age} s old`
  if (Math.abs(age) <= toleranceSeconds) return `The timestamp is ${said}`
  throw new Failure('timestamp', `The timestamp is ${said}; ${toleranceSeconds} s are allowed`)
}
