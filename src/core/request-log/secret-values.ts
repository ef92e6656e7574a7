/** A part of a text that is replaced. */
export interface Range {
  readonly start: number
  readonly end: number
  /** True if the value has no quotes; the replacement in JSON needs them. */
  readonly bare?: boolean
}

/** A percent sign; it is itself escaped in a URL that is part of another URL. */
const PERCENT = '%(?:25){0,3}'

/**
 * A possible name, with the escapes of JSON and of forms. The escapes of other characters are
 * matched without a name, so that their digits and letters do not count as a part of the next name.
 */
export const POSSIBLE_NAME = new RegExp(
  `\\\\+(?:[bfnrt](?=\\w)|["'/])|((?:[\\w$.-]|\\\\u[\\da-fA-F]{4}|${PERCENT}(?:3\\d|[46][1-9A-Fa-f]|[57][\\dAa]|5[Ff]|2[DdEe]))+)|${PERCENT}[\\da-fA-F]{2}`,
  'g',
)

/**
 * Finds the value of a name in JSON, XML, a form or multipart, malformed ones included: escaped
 * twice, without quotes, without an end. In doubt, the range is too long rather than too short.
 */
export function valueAfter(
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
/** Ends of an escaped value, by the number of additional times that its separator is escaped. */
const ESCAPED_ENDS = [0, 1, 2, 3].map(
  (more) => new RegExp(`[&\\s<"']|%(?:25){0,${more}}(?:2[267]|0[AaDd]|7[Dd])|$`, 'g'),
)
/** The end of the line or of the object, or the comma before the next name. */
const BARE_END = /[\r\n}\]]|,\s*\\*["']?[\w$-]+\\*["']?\s*:|$/g

/**
 * `NAMING`: members and attributes that hold a name, such as `"key":`. `VALUED`: members,
 * attributes and elements that hold the value of such a name.
 */
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
export function valueApart(
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
  // Starts at the brace itself, since the pattern includes the character before the name.
  VALUED.lastIndex = Math.max(0, VALUED.lastIndex - 1)
  for (let one = VALUED.exec(object); one; one = VALUED.exec(object)) last = one
  return last && valued(last, from)
}

/** The content of the element whose name is at `name`, and whose tag continues after `end`. */
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
