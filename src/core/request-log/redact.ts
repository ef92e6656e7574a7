import { isRecord } from '../contract/schema.ts'
import { atOnce } from '../slices.ts'
import { SECRET_NAMES, type SecretNames } from './secret-names.ts'
import { MIN_SECRET_LENGTH, SecretFinder } from './secret-finder.ts'
import { decodedForm, isLong, REDACTED, spellings } from './secret-spellings.ts'
import { POSSIBLE_NAME, valueAfter, valueApart, type Range } from './secret-values.ts'

/**
 * Maximum length of a secret that is searched elsewhere; a longer one is redacted only where it was
 * recognized.
 */
const MAX_SECRET_LENGTH = 4096
/** Length in characters from which scrubbing a text is a separate step. */
const LONG_TEXT = 1024
/** Number of secrets of the fixtures that are scrubbed. */
const MAX_SECRETS = 500

/**
 * The secrets that are redacted in every text of a sandbox, and the names by which all others are
 * recognized.
 */
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

/**
 * Members with Standin's own words as values. They are not scrubbed, so that they stay readable if
 * a password equals one of these words.
 */
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
/**
 * The beginning of each form, in any letter case. Most texts contain none of them, so this one
 * search saves one for each form.
 */
const FORM_START = /eyJ|Basic|Bearer|whsec_|sk_|ghp_|\/\/|%(?:25)*2F|-----BEGIN /i

/**
 * Redacts the secrets in the texts of one request and its answer. First each text is redacted by
 * names and by the form of secrets. `scrub` then removes the secrets that were found wherever else
 * they occur, in any field or error message. All of it takes time proportional to the texts.
 */
export class Redactor {
  readonly #known: KnownSecrets
  readonly #learned = new Set<string>()
  /** Finds the secrets that were learned so far. */
  #finder: SecretFinder | undefined

  /**
   * @param known secrets of the sandbox
   * @param learned secrets that another redactor found in the same texts
   */
  constructor(known = NOTHING_KNOWN, learned: Iterable<string> = []) {
    this.#known = known
    for (const secret of learned) this.#learn(secret)
  }

  /** The secrets that were found. */
  get learned(): readonly string[] {
    return [...this.#learned]
  }

  /** The secrets that were found, in all their spellings. */
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
      // In `key=password&value=…`, the value of `key` is not a secret but the name of another
      // value.
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
    return atOnce(this.bodySteps(text))
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

  /**
   * Removes everything that has the form of a secret, and all secrets found so far, from a text.
   */
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
    return atOnce(this.scrubSteps(record))
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
      const shownName = hasSentNames ? this.scrub(name) : name
      if (!hasSentNames && OWN_MEMBERS.has(name)) members.push([name, member])
      // Most members: a generator of its own would take longer than the work.
      else if (typeof member === 'string' && member.length <= LONG_TEXT) {
        members.push([shownName, this.scrub(member)])
      } else {
        const isHeaders = !hasSentNames && name === 'headers'
        members.push([shownName, yield* this.#scrubbed(member, isHeaders)])
      }
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
    POSSIBLE_NAME.lastIndex = 0
    for (let match = POSSIBLE_NAME.exec(text); match; match = POSSIBLE_NAME.exec(text)) {
      const { 0: whole, 1: name, index } = match
      if (name === undefined || !names.has(name)) continue
      const end = index + whole.length
      const value = valueAfter(text, index, end, unclosed) ?? valueApart(text, index, end, unclosed)
      let next = end
      if (value && value.start !== value.end) {
        const secret = text.slice(value.start, value.end)
        // In `"key":"password"`, the value is not a secret but the name of another member's value.
        const isLabel = isPlainKey(name) && names.has(secret)
        if (!isLabel && !/^(?:true|false|null|\[redacted\])$/.test(secret)) {
          if (/^[[{]/.test(secret))
            for (const [, inner] of secret.matchAll(/"([^"]+)"/g)) this.#learn(inner!)
          // The value of a plain "key" is often a name and not a secret.
          else if (!isPlainKey(name)) this.#learn(secret)
          ranges.push(value)
        }
        if (!isLabel && value.start >= end) next = value.end
      }
      yield
      // Other texts may have been searched meanwhile.
      POSSIBLE_NAME.lastIndex = next
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

function isPlainKey(name: string): boolean {
  return /^keys?$/i.test(name)
}

function withoutFound(text: string, finders: readonly SecretFinder[]): string {
  if (text.length < MIN_SECRET_LENGTH) return text
  const used = finders.filter(({ isEmpty }) => !isEmpty)
  const found = used.map((finder) => finder.next(text, 0))
  let rest = ''
  let from = 0
  for (;;) {
    const start = Math.min(text.length, ...found)
    if (start === text.length) break
    const length = Math.max(...used.map((finder) => finder.longestAt(text, start)))
    rest += `${text.slice(from, start)}${REDACTED}`
    from = start + length
    for (const [i, finder] of used.entries()) {
      if (found[i]! < from) found[i] = finder.next(text, from)
    }
  }
  return from === 0 ? text : rest + text.slice(from)
}
