import { isRecord } from '../contract/schema.ts'

/** Replaces a secret. */
export const REDACTED = '[redacted]'

/** Shorter secrets are not scrubbed: they are too likely to be an ordinary word elsewhere. */
const MIN_SECRET_LENGTH = 6
const MAX_SECRET_LENGTH = 4096
/** Number of secrets that are scrubbed. */
const MAX_SECRETS = 500

/**
 * Tests whether a field, parameter or header of this name holds a secret: `password`, `PASS_WORD`,
 * `IntegrationKey`, `pasword`, `x-api-key`, `pass\u0077ord`, …
 */
export function isSecretName(name: string): boolean {
  const plain = decodedName(name)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
  if (plain === 'idempotencykey') return false
  return /pas+w|passphrase|passcode|^pass$|pwd|token|session|secret|key|credential|authori[sz]ation|cookie|jwt|webhooksignature/.test(
    plain,
  )
}

function decodedName(name: string): string {
  return name
    .replaceAll(/\\u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replaceAll(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
}

/** Collects the strings in a value, such as a sandbox's fixtures, whose names are secret names. */
export function secretsIn(value: unknown, name = ''): string[] {
  if (typeof value === 'string') return isSecretName(name) && isLong(value) ? [value] : []
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(item)).slice(0, MAX_SECRETS)
  if (!isRecord(value)) return []
  return Object.entries(value)
    .flatMap(([inner, member]) => secretsIn(member, inner))
    .slice(0, MAX_SECRETS)
}

/** Members that hold only words of our own: they stay readable when a password is such a word. */
const OWN_MEMBERS = new Set([
  'id',
  'time',
  'api',
  'operation',
  'stage',
  'encoding',
  'step',
  'outcome',
  'kind',
  'evidence',
])

function isLong(text: string): boolean {
  return text.length >= MIN_SECRET_LENGTH && text !== REDACTED
}

/**
 * Redacts the secrets in the texts of one request and its answer. First each text is redacted by
 * names, authorization schemes and the form of tokens. `scrub` then removes the secrets that were
 * found wherever else they occur, in any field or error message.
 */
export class Redactor {
  readonly #secrets: Set<string>
  /** Longest first, since one secret may be part of another. */
  #sorted: readonly string[] | undefined

  /** @param known secrets of the sandbox, scrubbed wherever they occur */
  constructor(known: readonly string[] = []) {
    this.#secrets = new Set(known.flatMap(spellings))
  }

  header(name: string, value: string): string {
    if (/^(?:proxy-)?authorization$/i.test(name)) return this.#credentials(value)
    if (!isSecretName(name)) return value
    this.#learn(value)
    for (const pair of value.split(/;\s*/)) this.#learn(pair.slice(pair.indexOf('=') + 1))
    return REDACTED
  }

  /** Redacts the query of a URL or a form-encoded body. */
  query(text: string): string {
    return text
      .split('&')
      .map((pair) => {
        const mark = pair.indexOf('=')
        if (mark < 0 || !isSecretName(pair.slice(0, mark))) return pair
        const value = pair.slice(mark + 1)
        if (value === '') return pair
        this.#learn(decodedForm(value))
        this.#learn(value)
        return `${pair.slice(0, mark)}=${REDACTED}`
      })
      .join('&')
  }

  /** Redacts a malformed request line. */
  line(text: string): string {
    // A password in a URL without a scheme, as after CONNECT.
    const plain = text.replace(/^(\S+ [^\s/:@]*:)[^\s/@]+@/, `$1${REDACTED}@`)
    return this.query(this.body(plain))
  }

  /** Redacts a body in any format, well-formed or not: it searches for secret names as text. */
  body(text: string): string {
    const unclosed = new Set<string>()
    let redacted = ''
    let from = 0
    NAME.lastIndex = 0
    for (let match = NAME.exec(text); match; match = NAME.exec(text)) {
      const [name] = match
      if (!isSecretName(name)) continue
      const value = valueAfter(text, match.index, match.index + name.length, unclosed)
      if (!value || value.start === value.end) continue
      const secret = text.slice(value.start, value.end)
      if (/^(?:true|false|null|\[redacted\])$/.test(secret)) continue
      // The value of a plain "key" is often a name and no secret.
      if (/^[[{]/.test(secret))
        for (const [, inner] of secret.matchAll(/"([^"]+)"/g)) this.#learn(inner!)
      else if (!/^key$/i.test(name)) this.#learn(secret)
      redacted += `${text.slice(from, value.start)}${value.bare ? `"${REDACTED}"` : REDACTED}`
      from = value.end
      NAME.lastIndex = value.end
    }
    return redacted + text.slice(from)
  }

  /** Removes all that has the form of a secret, and the secrets found so far, from any text. */
  scrub(text: string): string {
    const plain = text
      .replaceAll(/\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g, REDACTED)
      .replaceAll(/\b(Basic|Bearer)((?:\s|%20|\+)+)[\w.~+/=-]{4,}/gi, `$1$2${REDACTED}`)
      .replaceAll(/\b(whsec_|sk_|ghp_)[\w+/=-]{6,}/g, REDACTED)
      .replaceAll(/(\/\/[^/?#\s:@"<]{0,200}:)[^/?#\s@"<]{1,200}@/g, `$1${REDACTED}@`)
      .replaceAll(
        /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
        REDACTED,
      )
    this.#sorted ??= [...this.#secrets].sort((a, b) => b.length - a.length)
    return this.#sorted.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), plain)
  }

  /** Scrubs all strings of a record, including the names of headers. */
  scrubAll<T>(record: T): T {
    const scrubbed = (value: unknown, hasSentNames = false): unknown => {
      if (typeof value === 'string') return this.scrub(value)
      if (Array.isArray(value)) return value.map((item) => scrubbed(item))
      if (!isRecord(value)) return value
      return Object.fromEntries(
        Object.entries(value).map(([name, member]) => {
          if (hasSentNames) return [this.scrub(name), scrubbed(member)]
          return [name, OWN_MEMBERS.has(name) ? member : scrubbed(member, name === 'headers')]
        }),
      )
    }
    return scrubbed(record) as T // of the same shape: strings stay strings
  }

  /** Redacts to `Bearer [redacted]`, or as a whole where the scheme is unknown. */
  #credentials(value: string): string {
    const [, schemes = '', rest = ''] =
      /^((?:(?:basic|bearer|digest|negotiate|token|apikey)\s+)*)(.*)$/is.exec(value) ?? []
    this.#learn(rest)
    this.#learn(rest.replaceAll(/^["']|["']$/g, ''))
    const decoded = Buffer.from(rest, 'base64').toString('utf8')
    if (decoded.includes(':')) this.#learn(decoded.slice(decoded.indexOf(':') + 1))
    return rest === '' ? value : `${schemes}${REDACTED}`
  }

  #learn(secret: string): void {
    if (this.#secrets.size >= MAX_SECRETS || secret.length > MAX_SECRET_LENGTH) return
    for (const spelling of spellings(secret)) this.#secrets.add(spelling)
    this.#sorted = undefined
  }
}

/** All spellings of a secret: in JSON, in XML, in a URL, in a form, in Base64. */
function spellings(secret: string): string[] {
  const plain = secret.trim()
  const decoded = [plain, unescaped(plain), fromXml(plain), decodedForm(plain)]
  return decoded
    .flatMap((text) => [
      text,
      JSON.stringify(text).slice(1, -1),
      toXml(text),
      encoded(text),
      encoded(text).replaceAll('%20', '+'),
      Buffer.from(text).toString('base64'),
    ])
    .filter((text, i, every) => isLong(text) && every.indexOf(text) === i)
}

function unescaped(text: string): string {
  try {
    return String(JSON.parse(`"${text.replaceAll(/\\*"/g, '\\"')}"`))
  } catch {
    return text
  }
}

const ENTITIES: readonly (readonly [string, string])[] = [
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
  ['&', '&amp;'],
]

function toXml(text: string): string {
  return text.replaceAll(/[<>&]/g, (one) => ENTITIES.find(([plain]) => plain === one)![1])
}

function fromXml(text: string): string {
  return ENTITIES.reduce(
    (rest, [plain, entity]) => rest.replaceAll(entity, plain),
    text.replaceAll(/<!\[CDATA\[|\]\]>/g, ''),
  )
}

function encoded(text: string): string {
  // Through a Buffer, since encodeURIComponent throws on an unpaired surrogate.
  return encodeURIComponent(Buffer.from(text).toString())
}

function decodedForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** A possible name, with the escapes of JSON and of forms. */
const NAME = /(?:[\w$.-]|\\u[\da-fA-F]{4}|%[\da-fA-F]{2})+/g

interface Value {
  readonly start: number
  readonly end: number
  /** True if the value has no quotes; the replacement in JSON needs them. */
  readonly bare?: boolean
}

/**
 * Finds the value of a name in JSON, XML, a form or multipart, including faulty ones: escaped
 * twice, without quotes, without an end. In doubt it takes too much.
 */
function valueAfter(
  text: string,
  start: number,
  end: number,
  unclosed: Set<string>,
): Value | undefined {
  const before = text.slice(Math.max(0, start - 80), start)
  if (/(?:<|&lt;)\s*(?:[\w-]+:)?$/.test(before)) return elementAfter(text, start, end, unclosed)
  if (/\bname\s*=\s*["']?$/i.test(before)) {
    // A part of a multipart body: its headers, an empty line, the value, the boundary.
    const blank = /\r?\n\r?\n/g
    blank.lastIndex = end
    const found = blank.exec(text)
    if (found && found.index - end < 500) {
      const next = text.indexOf('\n--', blank.lastIndex)
      return { start: blank.lastIndex, end: next < 0 ? text.length : next }
    }
  }
  SEPARATOR.lastIndex = end
  const [whole = '', close = '', mark = '', open = ''] = SEPARATOR.exec(text) ?? []
  const at = end + whole.length
  if (mark === '' && (close === '' || open === '')) return undefined
  if (open !== '') return { start: at, end: quotedEnd(text, at, open) }
  const first = text.charAt(at)
  if (first === '{' || first === '[') return { start: at, end: blockEnd(text, at), bare: true }
  const stop = mark === '=' ? FORM_END : BARE_END
  stop.lastIndex = at
  const bareEnd = stop.exec(text)?.index ?? text.length
  return { start: at, end: bareEnd, bare: mark === ':' }
}

/** The closing quote of the name, the separator, the opening quote of the value. */
const SEPARATOR = /(\\*["'])?\s*(:|=>|=|;|->|)\s*(\\*["'])?/y
const FORM_END = /[&\s;<"']|$/g
/** The end of the line or of the object, or the comma before the next name. */
const BARE_END = /[\r\n}\]]|,\s*\\*["']?[\w$-]+\\*["']?\s*:|$/g

/** Finds the end of a string that begins after this quote, which may be escaped: `"` or `\"`. */
function quotedEnd(text: string, from: number, quote: string): number {
  for (let i = text.indexOf(quote, from); i >= 0; i = text.indexOf(quote, i + 1)) {
    let slashes = 0
    while (text[i - 1 - slashes] === '\\' && i - slashes > from) slashes++
    // A quote with one more escape than the opening one belongs to the string.
    if (slashes % 2 === 0 || quote.length > 1) return i
  }
  return text.length
}

/** Finds the end of an object or array that begins here; skips strings in it. */
function blockEnd(text: string, from: number): number {
  let depth = 0
  for (let i = from; i < text.length; i++) {
    const character = text[i]
    if (character === '"') i = quotedEnd(text, i + 1, '"')
    else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return i + 1
  }
  return text.length
}

/** The content of an element up to its end tag; without one, up to the next tag. */
function elementAfter(
  text: string,
  start: number,
  end: number,
  unclosed: Set<string>,
): Value | undefined {
  const opened = /\/?(?:>|&gt;)/g
  opened.lastIndex = end
  const tag = opened.exec(text)
  if (!tag) return { start: end, end: text.length }
  if (tag[0].startsWith('/')) return undefined
  const from = opened.lastIndex
  const name = text.slice(start, end).toLowerCase()
  if (!unclosed.has(name)) {
    const escaped = name.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
    const closing = new RegExp(`(?:<|&lt;)\\s*/\\s*(?:[\\w-]+:)?${escaped}\\s*(?:>|&gt;)`, 'gi')
    closing.lastIndex = from
    const found = closing.exec(text)
    if (found) return { start: from, end: found.index }
    // No end tag follows, so later elements of this name need no search.
    unclosed.add(name)
  }
  const next = /<(?!!\[CDATA\[)|&lt;/g
  next.lastIndex = from
  return { start: from, end: next.exec(text)?.index ?? text.length }
}
