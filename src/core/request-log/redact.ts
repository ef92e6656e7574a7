import { isRecord } from '../contract/schema.ts'

/** What stands where a secret was. */
export const REDACTED = '[redacted]'

/** Shorter ones are too likely to be a word that means no harm elsewhere. */
const LEAST_SCRUBBED = 6
const MOST_SCRUBBED = 500
const LONGEST_SCRUBBED = 4096

/**
 * Whether a field, parameter or header of this name holds a secret: `password`, `PASS_WORD`,
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

/** The texts in a value, such as a sandbox's fixtures, that stand under the name of a secret. */
export function secretsIn(value: unknown, name = ''): string[] {
  if (typeof value === 'string') return isSecretName(name) && isLong(value) ? [value] : []
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(item)).slice(0, MOST_SCRUBBED)
  if (!isRecord(value)) return []
  return Object.entries(value)
    .flatMap(([inner, held]) => secretsIn(held, inner))
    .slice(0, MOST_SCRUBBED)
}

/** Members that hold nothing of the caller's: a password that is such a word may stay in them. */
const OURS = new Set([
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
  return text.length >= LEAST_SCRUBBED && text !== REDACTED
}

/**
 * Takes the secrets out of the texts of one request and its answer. First each text is redacted by
 * what it says about itself: names, schemes, the look of a token. What was found so is then
 * scrubbed wherever else it stands, in whatever field or error message, by `scrub`.
 */
export class Redactor {
  readonly #found: Set<string>
  /** The longest first: one may be a part of another. */
  #sorted: readonly string[] | undefined

  /** @param known secrets of the sandbox, which are scrubbed wherever they stand */
  constructor(known: readonly string[] = []) {
    this.#found = new Set(known.flatMap(spellings))
  }

  header(name: string, value: string): string {
    if (/^(?:proxy-)?authorization$/i.test(name)) return this.#credentials(value)
    if (!isSecretName(name)) return value
    this.#learn(value)
    for (const pair of value.split(/;\s*/)) this.#learn(pair.slice(pair.indexOf('=') + 1))
    return REDACTED
  }

  /** The query of a URL, or a body that is form-encoded. */
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

  /** What came in place of the first line of a request. */
  line(text: string): string {
    // The password of a URL that has no scheme in front, as behind CONNECT.
    const plain = text.replace(/^(\S+ [^\s/:@]*:)[^\s/@]+@/, `$1${REDACTED}@`)
    return this.query(this.body(plain))
  }

  /** A body in any format, well-formed or not: names of secrets are looked for as text. */
  body(text: string): string {
    const closed = new Set<string>()
    let written = ''
    let from = 0
    NAME.lastIndex = 0
    for (let match = NAME.exec(text); match; match = NAME.exec(text)) {
      const [name] = match
      if (!isSecretName(name)) continue
      const value = valueAfter(text, match.index, match.index + name.length, closed)
      if (!value || value.start === value.end) continue
      const secret = text.slice(value.start, value.end)
      if (/^(?:true|false|null|\[redacted\])$/.test(secret)) continue
      // A thing that is called just "key" is as often the name of another.
      if (/^[[{]/.test(secret))
        for (const [, inner] of secret.matchAll(/"([^"]+)"/g)) this.#learn(inner!)
      else if (!/^key$/i.test(name)) this.#learn(secret)
      written += `${text.slice(from, value.start)}${value.bare ? `"${REDACTED}"` : REDACTED}`
      from = value.end
      NAME.lastIndex = value.end
    }
    return written + text.slice(from)
  }

  /** What looks like a secret, or was found to be one, is taken out of any text. */
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
    this.#sorted ??= [...this.#found].sort((a, b) => b.length - a.length)
    return this.#sorted.reduce((done, secret) => done.replaceAll(secret, REDACTED), plain)
  }

  /** What we say of a request, with the caller's texts in it scrubbed; headers with their names. */
  scrubAll<T>(said: T): T {
    const scrubbed = (value: unknown, isCallers = false): unknown => {
      if (typeof value === 'string') return this.scrub(value)
      if (Array.isArray(value)) return value.map((item) => scrubbed(item))
      if (!isRecord(value)) return value
      return Object.fromEntries(
        Object.entries(value).map(([name, held]) => {
          if (isCallers) return [this.scrub(name), scrubbed(held)]
          return [name, OURS.has(name) ? held : scrubbed(held, name === 'headers')]
        }),
      )
    }
    return scrubbed(said) as T // of the same shape: texts stay texts
  }

  /** `Bearer [redacted]`; without a scheme that is known, nothing of it is shown. */
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
    if (this.#found.size >= MOST_SCRUBBED || secret.length > LONGEST_SCRUBBED) return
    for (const spelling of spellings(secret)) this.#found.add(spelling)
    this.#sorted = undefined
  }
}

/** A secret as it stands in JSON, in XML, in a URL and in a form. */
function spellings(secret: string): string[] {
  const plain = secret.trim()
  const all = [plain, unescaped(plain), fromXml(plain), decodedForm(plain)]
  return all
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
    (done, [plain, entity]) => done.replaceAll(entity, plain),
    text.replaceAll(/<!\[CDATA\[|\]\]>/g, ''),
  )
}

function encoded(text: string): string {
  // Half a surrogate pair cannot be encoded.
  return encodeURIComponent(Buffer.from(text).toString())
}

function decodedForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** What may be a name, with the escapes by which JSON and forms can spell one. */
const NAME = /(?:[\w$.-]|\\u[\da-fA-F]{4}|%[\da-fA-F]{2})+/g

interface Value {
  readonly start: number
  readonly end: number
  /** Whether it stood without the quotes that JSON needs. */
  readonly bare?: boolean
}

/**
 * Where the value of a name stands, in JSON, XML, a form, multipart, or something that was to be
 * one of those: escaped once more, without quotes, without an end. In doubt it takes too much.
 */
function valueAfter(
  text: string,
  start: number,
  end: number,
  closed: Set<string>,
): Value | undefined {
  const before = text.slice(Math.max(0, start - 80), start)
  if (/(?:<|&lt;)\s*(?:[\w-]+:)?$/.test(before)) return elementAfter(text, start, end, closed)
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

/** The quote that ends the name, what is between name and value, the quote that begins the value. */
const SEPARATOR = /(\\*["'])?\s*(:|=>|=|;|->|)\s*(\\*["'])?/y
const FORM_END = /[&\s;<"']|$/g
/** The end of a line or of an object, or the comma before the next name. */
const BARE_END = /[\r\n}\]]|,\s*\\*["']?[\w$-]+\\*["']?\s*:|$/g

/** Where a text ends that begins after this quote, which may be escaped: `"` or `\"`. */
function quotedEnd(text: string, from: number, quote: string): number {
  for (let i = text.indexOf(quote, from); i >= 0; i = text.indexOf(quote, i + 1)) {
    let slashes = 0
    while (text[i - 1 - slashes] === '\\' && i - slashes > from) slashes++
    // One that is escaped once more than the first belongs to the text.
    if (slashes % 2 === 0 || quote.length > 1) return i
  }
  return text.length
}

/** Where an object or a list ends that begins here; texts in it are passed over. */
function blockEnd(text: string, from: number): number {
  let depth = 0
  for (let i = from; i < text.length; i++) {
    const one = text[i]
    if (one === '"') i = quotedEnd(text, i + 1, '"')
    else if (one === '{' || one === '[') depth++
    else if ((one === '}' || one === ']') && --depth === 0) return i + 1
  }
  return text.length
}

/** What an element holds, up to its own end; where that is missing, up to the next tag. */
function elementAfter(
  text: string,
  start: number,
  end: number,
  closed: Set<string>,
): Value | undefined {
  const opened = /\/?(?:>|&gt;)/g
  opened.lastIndex = end
  const tag = opened.exec(text)
  if (!tag) return { start: end, end: text.length }
  if (tag[0].startsWith('/')) return undefined
  const from = opened.lastIndex
  const name = text.slice(start, end).toLowerCase()
  if (!closed.has(name)) {
    const escaped = name.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
    const closing = new RegExp(`(?:<|&lt;)\\s*/\\s*(?:[\\w-]+:)?${escaped}\\s*(?:>|&gt;)`, 'gi')
    closing.lastIndex = from
    const found = closing.exec(text)
    if (found) return { start: from, end: found.index }
    // It is missing from here on, so nobody need look again.
    closed.add(name)
  }
  const next = /<(?!!\[CDATA\[)|&lt;/g
  next.lastIndex = from
  return { start: from, end: next.exec(text)?.index ?? text.length }
}
