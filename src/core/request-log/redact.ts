import { isRecord } from '../contract/schema.ts'
import { SECRET_NAMES, type SecretNames } from './secret-names.ts'
import { MIN_SECRET_LENGTH, SecretFinder } from './secret-finder.ts'

/** Replaces a secret. */
export const REDACTED = '[redacted]'

/** Longer texts are redacted where they stand, but not searched elsewhere. */
const MAX_SECRET_LENGTH = 4096
/** Characters from which on scrubbing a text is a step of its own. */
const LONG_TEXT = 1024
/** Number of secrets of the fixtures that are scrubbed. */
const MAX_SECRETS = 500

/** The secrets that are redacted in every text of a sandbox, and the names of all others. */
export class KnownSecrets {
  readonly names: SecretNames
  readonly finder: SecretFinder

  constructor(values: readonly string[] = [], names = SECRET_NAMES) {
    this.names = names
    this.finder = new SecretFinder(values.flatMap(spellings))
  }

  /** The secrets of a value, such as a sandbox's fixtures. */
  static in(value: unknown, names = SECRET_NAMES): KnownSecrets {
    return new KnownSecrets(secretsIn(value, names), names)
  }
}

const NOTHING_KNOWN = new KnownSecrets()

/** Collects the strings in a value whose names are secret names. */
export function secretsIn(value: unknown, names = SECRET_NAMES, name = ''): string[] {
  if (typeof value === 'string') return names.has(name) && isLong(value) ? [value] : []
  if (Array.isArray(value)) {
    return value.flatMap((item) => secretsIn(item, names)).slice(0, MAX_SECRETS)
  }
  if (!isRecord(value)) return []
  return Object.entries(value)
    .flatMap(([inner, member]) => secretsIn(member, names, inner))
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

/** A part of a text that is replaced. */
interface Range {
  readonly start: number
  readonly end: number
  /** True if the value has no quotes; the replacement in JSON needs them. */
  readonly bare?: boolean
}

/** Forms of secrets: what precedes one, and the secret. */
const FORMS: readonly RegExp[] = [
  /()\b(eyJ[\w-]{8,}(?:\.[\w-]*){0,2})/g,
  /(\b(?:Basic|Bearer)(?:\s|%20|\+)+)(?!\w+=\\*["'])([\w.~+/=-]{4,})/gi,
  /()(\b(?:whsec_|sk_|ghp_)[\w+/=-]{6,})/g,
  /(\/\/[^/?#\s:@"<]{0,200}:)([^/?#\s@"<]{1,200})(?=@)/g,
  // The same in a part of another URL, escaped once or more often.
  /((?:%(?:25)*2F){2}(?:(?!%(?:25)*(?:2F|3A|3F|40))[^\s"<&]){0,200}%(?:25)*3A)((?:(?!%(?:25)*(?:2F|3F|40|26))[^\s"<&]){1,200})(?=%(?:25)*40)/gi,
  /()(-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))/g,
]
/** How each form begins, in any case. One search for all of them spares most texts the others. */
const FORM_START = /eyJ|Basic|Bearer|whsec_|sk_|ghp_|\/\/|%(?:25)*2F|-----BEGIN /i

/**
 * Redacts the secrets in the texts of one request and its answer. First each text is redacted by
 * names and by the form of secrets. `scrub` then removes the secrets that were found wherever else
 * they occur, in any field or error message. All of it takes time proportional to the texts.
 */
export class Redactor {
  readonly #known: KnownSecrets
  readonly #learned = new Set<string>()
  /** Of what was learned so far. */
  #finder: SecretFinder | undefined

  /**
   * @param known of the sandbox
   * @param learned what another redactor learned from the same texts
   */
  constructor(known = NOTHING_KNOWN, learned: Iterable<string> = []) {
    this.#known = known
    for (const secret of learned) this.#learn(secret)
  }

  /** The secrets that were found. */
  get learned(): readonly string[] {
    return [...this.#learned]
  }

  /** The same in all their spellings. */
  get spellings(): readonly string[] {
    return this.learned.flatMap(spellings)
  }

  header(name: string, value: string): string {
    if (/^(?:proxy-)?authorization$/i.test(name)) return this.#credentials(value)
    if (!this.#known.names.has(name)) return this.body(value)
    this.#learn(value)
    for (const pair of value.split(/;\s*/)) this.#learn(pair.slice(pair.indexOf('=') + 1))
    return REDACTED
  }

  /** Redacts the query of a URL or a form-encoded body. */
  query(text: string): string {
    const pairs = text.split('&').map((pair) => {
      const mark = pair.indexOf('=')
      const name = pair.slice(0, Math.max(mark, 0))
      const value = pair.slice(mark + 1)
      if (value === '' || !this.#known.names.has(name)) return pair
      // It may be the name of another parameter's value.
      if (isPlainKey(name) && this.#known.names.has(value)) return pair
      this.#learn(decodedForm(value))
      this.#learn(value)
      return `${name}=${REDACTED}`
    })
    return this.body(pairs.join('&'))
  }

  /** Redacts a malformed request line. */
  line(text: string): string {
    // A password in a URL without a scheme, as after CONNECT.
    const plain = text.replace(/^(\S+ [^\s/:@]*:)[^\s/@]+@/, `$1${REDACTED}@`)
    return this.query(plain)
  }

  /** Redacts a text in any format, well-formed or not: it searches for secret names as text. */
  body(text: string): string {
    return drained(this.bodySteps(text))
  }

  /** Does the work of `body` in steps. */
  *bodySteps(text: string): Generator<undefined, string> {
    const ranges = yield* this.#find(text)
    let redacted = ''
    let from = 0
    for (const { start, end, bare } of ranges.toSorted((a, b) => a.start - b.start)) {
      if (start >= from) {
        redacted += `${text.slice(from, start)}${bare ? `"${REDACTED}"` : REDACTED}`
      }
      from = Math.max(from, end)
    }
    return redacted + text.slice(from)
  }

  /** Learns the secrets of a text, in steps. */
  *learnSteps(text: string): Generator<undefined, void> {
    yield* this.#find(text)
  }

  /** Removes all that has the form of a secret, and the secrets found so far, from any text. */
  scrub(text: string): string {
    let plain = text
    if (FORM_START.test(text)) {
      for (const form of FORMS) {
        plain = plain.replaceAll(form, (_, before: string) => `${before}${REDACTED}`)
      }
    }
    this.#finder ??= new SecretFinder(this.spellings)
    return withoutFound(plain, [this.#finder, this.#known.finder])
  }

  /** Scrubs all strings of a record, including the names of headers. */
  scrubAll<T>(record: T): T {
    return drained(this.scrubSteps(record))
  }

  /** Does the work of `scrubAll` in steps. */
  *scrubSteps<T>(record: T): Generator<undefined, T> {
    return (yield* this.#scrubbed(record, false)) as T // of the same shape: strings stay strings
  }

  *#scrubbed(value: unknown, hasSentNames: boolean): Generator<undefined, unknown> {
    if (typeof value === 'string') {
      if (value.length > LONG_TEXT) yield
      return this.scrub(value)
    }
    if (Array.isArray(value)) {
      const items: unknown[] = []
      for (const item of value) items.push(yield* this.#scrubbed(item, false))
      return items
    }
    if (!isRecord(value)) return value
    yield
    const members: [string, unknown][] = []
    for (const [name, member] of Object.entries(value)) {
      if (hasSentNames) members.push([this.scrub(name), yield* this.#scrubbed(member, false)])
      else if (OWN_MEMBERS.has(name)) members.push([name, member])
      else members.push([name, yield* this.#scrubbed(member, name === 'headers')])
    }
    return Object.fromEntries(members)
  }

  /** Finds the parts of a text that are secret, and learns them. */
  *#find(text: string): Generator<undefined, Range[]> {
    const ranges: Range[] = []
    for (const form of FORM_START.test(text) ? FORMS : []) {
      for (const { 0: whole, 1: before = '', 2: secret = '', index } of text.matchAll(form)) {
        ranges.push({ start: index + before.length, end: index + whole.length })
        // An ordinary word may follow `basic` in a sentence.
        if (!/^[a-z]{1,15}$/i.test(secret)) this.#learn(secret)
        yield
      }
      yield
    }
    const unclosed = new Set<string>()
    const { names } = this.#known
    NAME.lastIndex = 0
    for (let match = NAME.exec(text); match; match = NAME.exec(text)) {
      const { 0: whole, 1: name, index } = match
      if (name === undefined || !names.has(name)) continue
      const end = index + whole.length
      const value = valueAfter(text, index, end, unclosed) ?? valueApart(text, index, end, unclosed)
      let next = end
      if (value && value.start !== value.end) {
        const secret = text.slice(value.start, value.end)
        // A key whose value is the name of a secret is the name that another member has.
        const isLabel = isPlainKey(name) && names.has(secret)
        if (!isLabel && !/^(?:true|false|null|\[redacted\])$/.test(secret)) {
          if (/^[[{]/.test(secret))
            for (const [, inner] of secret.matchAll(/"([^"]+)"/g)) this.#learn(inner!)
          // The value of a plain "key" is often a name and no secret.
          else if (!isPlainKey(name)) this.#learn(secret)
          ranges.push(value)
        }
        if (!isLabel && value.start >= end) next = value.end
      }
      yield
      // Other texts may have been searched meanwhile.
      NAME.lastIndex = next
    }
    return ranges
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
    const plain = secret.trim()
    if (!isLong(plain) || plain.length > MAX_SECRET_LENGTH || this.#learned.has(plain)) return
    this.#learned.add(plain)
    this.#finder = undefined
  }
}

/** Runs all steps at once. */
function drained<T>(steps: Generator<unknown, T>): T {
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value
}

function isPlainKey(name: string): boolean {
  return /^keys?$/i.test(name)
}

function withoutFound(text: string, finders: readonly SecretFinder[]): string {
  const used = finders.filter(({ isEmpty }) => !isEmpty)
  if (used.length === 0) return text
  let rest = ''
  let from = 0
  for (let i = 0; i <= text.length - MIN_SECRET_LENGTH;) {
    let length = 0
    for (const finder of used) length = Math.max(length, finder.longestAt(text, i))
    if (length === 0) {
      i++
      continue
    }
    rest += `${text.slice(from, i)}${REDACTED}`
    from = i += length
  }
  return from === 0 ? text : rest + text.slice(from)
}

/** All spellings of a secret: in JSON, in XML, in a URL, in a form, in Base64. */
function spellings(secret: string): string[] {
  const plain = secret.trim()
  if (/^[\w.~-]*$/.test(plain)) {
    return [plain, Buffer.from(plain).toString('base64')].filter(isLong)
  }
  const decoded = [plain, unescaped(plain), fromXml(plain), decodedForm(plain)]
  const distinct = decoded.filter((text, i) => decoded.indexOf(text) === i)
  return distinct
    .flatMap((text) => {
      const inUrl = encoded(text)
      return [
        text,
        JSON.stringify(text).slice(1, -1),
        toXml(text),
        inUrl,
        inUrl.replaceAll('%20', '+'),
        encoded(inUrl),
        Buffer.from(text).toString('base64'),
      ]
    })
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

/** A percent sign, escaped itself in a URL that is part of another. */
const PERCENT = '%(?:25){0,3}'

/**
 * A possible name, with the escapes of JSON and of forms. The escapes of other characters are
 * matched without a name, so that their digits and letters do not count as a part of the next.
 */
const NAME = new RegExp(
  `\\\\+(?:[bfnrt](?=\\w)|["'/])|((?:[\\w$.-]|\\\\u[\\da-fA-F]{4}|${PERCENT}(?:3\\d|[46][1-9A-Fa-f]|[57][\\dAa]|5[Ff]|2[DdEe]))+)|${PERCENT}[\\da-fA-F]{2}`,
  'g',
)

/**
 * Finds the value of a name in JSON, XML, a form or multipart, including faulty ones: escaped
 * twice, without quotes, without an end. In doubt it takes too much.
 */
function valueAfter(
  text: string,
  start: number,
  end: number,
  unclosed: Set<string>,
): Range | undefined {
  const before = text.slice(Math.max(0, start - 80), start)
  if (/(?:<|&lt;)\s*(?:[\w-]{1,40}:)?$/.test(before)) {
    return elementAfter(text, start, end, unclosed)
  }
  if (/\bname\s*=\s*["']?$/i.test(before)) {
    // A part of a multipart body: its headers, an empty line, the value, the boundary.
    const blank = /\r?\n\r?\n/g.exec(text.slice(end, end + 504))
    if (blank && blank.index < 500) {
      const from = end + blank.index + blank[0].length
      const next = text.indexOf('\n--', from)
      return { start: from, end: next < 0 ? text.length : next }
    }
  }
  SEPARATOR.lastIndex = end
  const [whole = '', close = '', mark = '', open = ''] = SEPARATOR.exec(text) ?? []
  const at = end + whole.length
  if ((mark === '' || mark === ';') && (close === '' || open === '')) return undefined
  if (open !== '') return { start: at, end: quotedEnd(text, at, open) }
  const first = text.charAt(at)
  if (first === '{' || first === '[') return { start: at, end: blockEnd(text, at), bare: true }
  const stop = mark.startsWith('%')
    ? ESCAPED_ENDS[mark.split('25').length - 1]!
    : mark === '='
      ? FORM_END
      : BARE_END
  stop.lastIndex = at
  const bareEnd = stop.exec(text)?.index ?? text.length
  return { start: at, end: bareEnd, bare: mark === ':' }
}

const QUOTE = `\\\\*["']|&quot;|&#34;|&apos;|${PERCENT}2[27]`
/**
 * The rest of a bracketed name, its closing quote, the separator and the opening quote of the
 * value; each also escaped.
 */
const SEPARATOR = new RegExp(
  `(?:\\[[^\\]\\s]{0,40}\\]|\\]|${PERCENT}5[BbDd])*(${QUOTE})?(?:\\s|${PERCENT}20)*(:|=>|=|;|->|${PERCENT}3[AaDd]|)(?:\\s|${PERCENT}20|\\+)*(${QUOTE})?`,
  'y',
)
const FORM_END = /\\*["']|[&\s;<]|$/g
/** By the number of times that the separator was escaped besides once. */
const ESCAPED_ENDS = [0, 1, 2, 3].map(
  (more) => new RegExp(`[&\\s<"']|%(?:25){0,${more}}(?:2[267]|0[AaDd]|7[Dd])|$`, 'g'),
)
/** The end of the line or of the object, or the comma before the next name. */
const BARE_END = /[\r\n}\]]|,\s*\\*["']?[\w$-]+\\*["']?\s*:|$/g

/** Names of members, attributes and elements that hold a name, and of those with its value. */
const NAMING =
  /(?:^|["'<{,\s?&;])(?:name|key|field|id|label|param|parameter|attribute|header|property|field_?name|variable)(?:\\*["']|&quot;)?\s*[:=>]\s*(?:\\*["']|&quot;)?$/i
const VALUED =
  /(?:["'<{,\s?&;])(values?|val|contents?|data|text)(?=(?:\\*["']|&quot;)?\s*(?:[:=>]|&gt;))/gi
/** Characters between a name and its value. */
const MAX_APART = 400

/**
 * Finds the value that another member, attribute or element holds for a name:
 * `{"name":"password","value":"…"}`, `<Field name="password">…</Field>`.
 */
function valueApart(
  text: string,
  start: number,
  end: number,
  unclosed: Set<string>,
): Range | undefined {
  const before = text.slice(Math.max(0, start - 60), start)
  if (!NAMING.test(before)) return undefined
  const after = text.slice(end, end + MAX_APART)
  const valued = (label: RegExpExecArray, from: number) => {
    const at = from + label.index + label[0].length
    return valueAfter(text, at - label[1]!.length, at, unclosed)
  }
  VALUED.lastIndex = 0
  const next = VALUED.exec(after)
  const gap = after.slice(0, next?.index ?? after.length)
  if (next && !gap.includes('}') && gap.split('</').length <= 2) {
    const value = valued(next, end)
    if (value) return value
  }
  const from = Math.max(0, start - MAX_APART)
  const object = text.slice(from, start)
  const tag = object.lastIndexOf('<')
  if (tag >= 0 && tag > object.lastIndexOf('>')) return contentOf(text, from + tag + 1, end)
  VALUED.lastIndex = object.lastIndexOf('{') + 1
  let last: RegExpExecArray | undefined
  // From the brace on, which may be the character before the name.
  VALUED.lastIndex = Math.max(0, VALUED.lastIndex - 1)
  for (let one = VALUED.exec(object); one; one = VALUED.exec(object)) last = one
  return last && valued(last, from)
}

/** The content of the element whose tag has its name here, and an attribute that ends there. */
function contentOf(text: string, name: number, end: number): Range | undefined {
  const close = text.indexOf('>', end)
  if (close < 0 || text[close - 1] === '/') return undefined
  const [element = ''] = /^[\w:.-]{1,80}/.exec(text.slice(name, name + 80)) ?? []
  const closing = text.indexOf(`</${element}`, close)
  return { start: close + 1, end: closing < 0 ? text.length : closing }
}

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
): Range | undefined {
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
