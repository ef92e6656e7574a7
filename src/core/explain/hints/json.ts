import { MOST_KEPT } from '../../request-log/entry.ts'
import { isRecord } from '../../contract/schema.ts'
import { lineAndColumn } from '../../words.ts'
import { hint, schemaOf, wantedType, type HintInput, type HintRule } from './hint-input.ts'

/** What stands in a body that should be JSON and is not, or not the JSON that is wanted. */
export const jsonRules: readonly HintRule[] = [empty, otherFormat, broken, otherShape]

const JSON_TYPE = 'application/json'

function isRead({ call }: HintInput): boolean {
  return wantedType(call) === JSON_TYPE && call.bodyText !== undefined
}

function isMalformed({ call }: HintInput): boolean {
  return call.problem?.reason === 'body.malformed'
}

function empty(question: HintInput) {
  const { call } = question
  if (call.bodyText === undefined || call.bodyText.trim() !== '') return []
  const none =
    call.headers['content-length'] === '0' || call.headers['content-length'] === undefined
  if (!call.problem || !call.operation || call.problem.status >= 500) return []
  const how = none
    ? 'the request says that it has none (no Content-Length, or one of 0)'
    : 'it holds white space alone'
  const text = `Send the ${named(question)} as the body; ${how}. A body that was read once, such as a stream, is empty when a client sends it again.`
  return [hint('body.empty', text)]
}

function named({ call }: HintInput): string {
  return wantedType(call) === JSON_TYPE ? 'JSON object' : 'XML document'
}

/** XML where JSON is announced, and the other way round; forms, and what was escaped once more. */
function otherFormat(question: HintInput) {
  const { call } = question
  if (call.bodyText === undefined) return []
  if (!isMalformed(question) && call.problem?.reason !== 'body.invalid') return []
  const start = call.bodyText.trimStart()
  const type = wantedType(call)
  const isXml = type !== JSON_TYPE
  if (!isXml && start.startsWith('<')) {
    const offersXml = call.operation?.requestTypes.includes('application/xml') ?? false
    const fix = offersXml
      ? 'Send Content-Type: application/xml with this body: it is XML, and the header says JSON.'
      : 'Send the body as JSON: it is XML, which this operation does not read.'
    return [hint('body.xml-as-json', fix)]
  }
  if (isXml && /^[{[]/.test(start)) {
    const said = call.headers['content-type']
    const why = said ? 'the header says XML' : 'without a Content-Type it is read as XML'
    const fix = `Send Content-Type: application/json with this body: it is JSON, and ${why}.`
    return [hint(said ? 'body.json-as-xml' : 'content-type.missing', fix)]
  }
  return escaped(start, type)
}

function escaped(start: string, type: string) {
  if (/^(%7B|%3C|%5B)/i.test(start)) {
    return [hint('body.url-encoded', 'Send the body as it is, not URL-encoded: it begins with %.')]
  }
  if (/^(&lt;|&#60;|[{[]\s*&(quot|#34);)/.test(start)) {
    const fix = 'Send the body with its own < > and ", not with &lt; &gt; and &quot; for them.'
    return [hint('body.html-escaped', fix)]
  }
  if (/^[A-Za-z_][\w.-]*=[^&\s]*(&[A-Za-z_][\w.-]*=[^&\s]*)*\s*$/.test(start)) {
    const fix = `Send the body as ${type}: it is a form (name=value&name=value).`
    return [hint('body.form-encoded', fix)]
  }
  return []
}

/** Words and signs of other languages, in the text outside its strings. */
const STRANGE: readonly (readonly [code: string, pattern: RegExp, fix: string])[] = [
  ['json.curly-quotes', /[“”„‘’]/, 'Write straight double quotes (") instead of curly ones'],
  ['json.single-quotes', /'/, 'Write double quotes (") instead of single ones'],
  [
    'json.placeholder',
    /\{\{|\}\}\s*[,}\w]|\$\{/,
    'Put values in the place of the placeholders ({{...}} or ${...})',
  ],
  ['json.comment', /\/\/|\/\*|^[ \t]*#/m, 'Leave out the comments, which JSON does not have'],
  ['json.trailing-comma', /,\s*[}\]]/, 'Leave out the comma before the closing bracket'],
  [
    'json.nan',
    /(?<![\w"])-?(NaN|Infinity|undefined)\b/,
    'Write a number or null: JSON has no NaN, Infinity or undefined',
  ],
  [
    'json.python-literal',
    /(?<![\w"])(True|False|None)\b/,
    'Write true, false or null: True, False and None are Python (json.dumps writes them right)',
  ],
  [
    'json.unquoted-name',
    /[{,]\s*[A-Za-z_$][\w$]*\s*:/,
    'Put double quotes around the names of members',
  ],
  ['json.missing-comma', /["}\]\w]\s{1,200}"/, 'Put a comma between the members'],
]

function broken(question: HintInput) {
  const { call } = question
  if (!isRead(question) || !isMalformed(question) || call.bodyText!.trim() === '') return []
  const text = call.bodyText! // isRead looked
  if (/^(\uFEFF|\u00EF\u00BB\u00BF)/.test(text)) {
    const twice =
      'Leave out the byte order mark at the start of the body (in .NET: new UTF8Encoding(false)); one too many is there.'
    return [hint('body.byte-order-mark', twice)]
  }
  if (!/^\s*[{["]/.test(text)) return []
  // Where strings stand in single or curly quotes, what is in them must not count.
  const bare = masked(text.replaceAll(/[“”„]/g, '\u0001'))
  const straight = masked(/'\s*:/.test(bare) ? text.replaceAll("'", '"') : text)
  const found = STRANGE.flatMap(([code, pattern, fix]) => {
    const quotes = code === 'json.curly-quotes' || code === 'json.single-quotes'
    const at = pattern.exec(quotes ? masked(text) : straight)?.index
    return at === undefined ? [] : [hint(code, `${fix} (${lineAndColumn(text, at)}).`)]
  })
  if (found.length > 0) return found.slice(0, 3)
  const isCut = Buffer.byteLength(text) >= MOST_KEPT - 4
  if (call.problem!.message.endsWith('it ends too early') && !isCut) {
    const early =
      'Send the whole body: its end is missing. Content-Length counts bytes, not characters: each letter outside ASCII takes two or more.'
    return [hint('body.cut-off', early)]
  }
  if (call.problem!.message.includes('given twice')) {
    return [
      hint('json.name-twice', `Send each member once: ${call.problem!.message.split(': ')[1]}.`),
    ]
  }
  return []
}

/** The text with what its strings hold blanked out, place by place. */
function masked(text: string): string {
  return text.replaceAll(
    /"(?:[^"\\\n]|\\.)*"/g,
    (string) => `"${'\u0002'.repeat(string.length - 2)}"`,
  )
}

/** Good JSON that is not the object of the operation. */
function otherShape(question: HintInput) {
  const { call } = question
  if (!isRead(question) || call.problem?.reason !== 'body.invalid') return []
  let body: unknown
  try {
    body = JSON.parse(call.bodyText!) as unknown // isRead looked
  } catch {
    return []
  }
  if (typeof body === 'string') {
    const isObject = /^\s*[{[]/.test(body)
    const text = isObject
      ? 'Send the object itself: the body is a JSON string that holds JSON, so something encoded it twice (JSON.stringify of a text, or json=json.dumps(...)).'
      : 'Send a JSON object as the body; it is a string.'
    return [hint('json.double-encoded', text)]
  }
  if (Array.isArray(body)) {
    const users = body.length === 1 ? 'without the [ ] around it' : 'one request for each'
    return [hint('body.array', `Send one object, ${users}: the body is a list.`)]
  }
  if (body === null || typeof body !== 'object') {
    return [
      hint(
        'body.no-object',
        `Send a JSON object as the body; it is ${JSON.stringify(typeof body === 'object' ? null : typeof body)}.`,
      ),
    ]
  }
  return wrapped(body, call)
}

/** `{"user": {…}}`, and SOAP's and GraphQL's ways of the same. */
function wrapped(body: object, call: HintInput['call']) {
  const { properties } = schemaOf(call)
  if (!properties) return []
  const known = Object.keys(properties).map((name) => name.toLowerCase())
  for (const [name, inner] of Object.entries(body)) {
    if (!isRecord(inner) || known.includes(name.toLowerCase())) continue
    const fitting = Object.keys(inner).filter((field) => known.includes(field.toLowerCase()))
    if (fitting.length > 0) {
      const shown = /^\w{1,30}$/.test(name) ? ` ${name}` : ''
      const text = `Send the members of${shown || ' the inner object'} as the body itself, not in an object around them: ${fitting[0]} belongs at the top.`
      return [hint('body.wrapped', text)]
    }
  }
  return []
}
