import { MAX_KEPT_BODY } from '../../request-log/entry.ts'
import { isRecord } from '../../contract/schema.ts'
import { lineAndColumn } from '../../words.ts'
import {
  hint,
  requestSchema,
  expectedMediaType,
  type HintInput,
  type HintRule,
} from './hint-input.ts'

/** Bodies that are empty, not JSON where JSON is expected, or JSON of another shape. */
export const jsonRules: readonly HintRule[] = [emptyBody, otherFormat, syntaxErrors, otherShape]

const JSON_TYPE = 'application/json'

function isJson({ call }: HintInput): boolean {
  return expectedMediaType(call) === JSON_TYPE && call.bodyText !== undefined
}

function isMalformed({ call }: HintInput): boolean {
  return call.problem?.reason === 'body.malformed'
}

function emptyBody(input: HintInput) {
  const { call } = input
  if (call.bodyText === undefined || call.bodyText.trim() !== '') return []
  if (!call.problem || !call.operation || call.problem.status >= 500) return []
  if (!call.operation.bodyRequired) return []
  const length = call.headers['content-length'] ?? '0'
  const why =
    length === '0' ? 'the Content-Length is 0 or missing' : 'the body contains only white space'
  const kind = expectedMediaType(call) === JSON_TYPE ? 'JSON object' : 'XML document'
  const text = `Send the ${kind} as the body: ${why}. A stream that was already read is empty when a client sends it again.`
  return [hint('body.empty', text)]
}

/** Bodies in another format than the Content-Type says, and bodies that were escaped. */
function otherFormat(input: HintInput) {
  const { call } = input
  if (call.bodyText === undefined) return []
  if (!isMalformed(input) && call.problem?.reason !== 'body.invalid') return []
  const start = call.bodyText.trimStart()
  const type = expectedMediaType(call)
  const isXml = type !== JSON_TYPE
  if (!isXml && start.startsWith('<')) {
    const offersXml = call.operation?.requestTypes.includes('application/xml') ?? false
    const fix = offersXml
      ? 'Send Content-Type: application/xml with this body: the body is XML, and the header says JSON.'
      : 'Send the body as JSON: this operation does not read XML.'
    return [hint('body.xml-as-json', fix)]
  }
  if (isXml && /^[{[]/.test(start)) {
    const sent = call.headers['content-type']
    const why = sent ? 'the header says XML' : 'without the header it is read as XML'
    const fix = `Send Content-Type: application/json with this body: the body is JSON, and ${why}.`
    return [hint(sent ? 'body.json-as-xml' : 'content-type.missing', fix)]
  }
  return escaped(start, type)
}

function escaped(start: string, type: string) {
  if (/^(%7B|%3C|%5B)/i.test(start)) {
    return [hint('body.url-encoded', 'Send the body without URL-encoding: it begins with %.')]
  }
  if (/^(&lt;|&#60;|[{[]\s*&(quot|#34);)/.test(start)) {
    const fix = 'Send the body with < > and ", not with &lt; &gt; and &quot;.'
    return [hint('body.html-escaped', fix)]
  }
  if (/^[A-Za-z_][\w.-]*=[^&\s]*(&[A-Za-z_][\w.-]*=[^&\s]*)*\s*$/.test(start)) {
    const fix = `Send the body as ${type}: it is in the format of a form (name=value&name=value).`
    return [hint('body.form-encoded', fix)]
  }
  return []
}

/** Syntax of other languages, outside of strings. */
const FOREIGN_SYNTAX: readonly (readonly [code: string, pattern: RegExp, fix: string])[] = [
  ['json.curly-quotes', /[“”„‘’]/, 'Write straight double quotes (") instead of curly ones'],
  ['json.single-quotes', /'/, 'Write double quotes (") instead of single ones'],
  [
    'json.placeholder',
    /\{\{|\}\}\s*[,}\w]|\$\{/,
    'Replace the placeholders ({{...}} or ${...}) with values',
  ],
  ['json.comment', /\/\/|\/\*|^[ \t]*#/m, 'Remove the comments, which JSON does not have'],
  ['json.trailing-comma', /,\s*[}\]]/, 'Remove the comma before the closing bracket'],
  [
    'json.nan',
    /(?<![\w"])-?(NaN|Infinity|undefined)\b/,
    'Write a number or null: JSON has no NaN, Infinity or undefined',
  ],
  [
    'json.python-literal',
    /(?<![\w"])(True|False|None)\b/,
    'Write true, false or null: True, False and None are Python (json.dumps writes the JSON form)',
  ],
  [
    'json.unquoted-name',
    /[{,]\s*[A-Za-z_$][\w$]*\s*:/,
    'Put double quotes around the names of members',
  ],
  ['json.missing-comma', /["}\]\w]\s{1,200}"/, 'Put a comma between the members'],
]

function syntaxErrors(input: HintInput) {
  const { call } = input
  if (!isJson(input) || !isMalformed(input) || call.bodyText!.trim() === '') return []
  const text = call.bodyText! // isJson tested it
  if (/^(\uFEFF|\u00EF\u00BB\u00BF)/.test(text)) {
    const fix =
      'Remove the byte order mark at the start of the body (in .NET: new UTF8Encoding(false)).'
    return [hint('body.byte-order-mark', fix)]
  }
  if (!/^\s*[{["]/.test(text)) return []
  // The content of strings in single or curly quotes must not match.
  const bare = masked(text.replaceAll(/[“”„]/g, '\u0001'))
  const straight = masked(/'\s*:/.test(bare) ? text.replaceAll("'", '"') : text)
  const found = FOREIGN_SYNTAX.flatMap(([code, pattern, fix]) => {
    const quotes = code === 'json.curly-quotes' || code === 'json.single-quotes'
    const at = pattern.exec(quotes ? masked(text) : straight)?.index
    return at === undefined ? [] : [hint(code, `${fix} (${lineAndColumn(text, at)}).`)]
  })
  if (found.length > 0) return found.slice(0, 3)
  const isCut = Buffer.byteLength(text) >= MAX_KEPT_BODY - 4
  const flaw = call.problem?.flaw
  if (flaw?.kind === 'ends-early' && !isCut) {
    const fix =
      'Send the whole body: its end is missing. Content-Length counts bytes, not characters: each character outside ASCII takes two or more bytes.'
    return [hint('body.cut-off', fix)]
  }
  if (flaw?.kind === 'duplicate-name') {
    const where =
      flaw.place === undefined ? 'in different case' : `the second time at ${flaw.place}`
    return [hint('json.name-twice', `Send each member once: a name occurs twice, ${where}.`)]
  }
  return []
}

/** The text with the content of its strings replaced, so that every offset stays the same. */
function masked(text: string): string {
  return text.replaceAll(
    /"(?:[^"\\\n]|\\.)*"/g,
    (string) => `"${'\u0002'.repeat(string.length - 2)}"`,
  )
}

/** Well-formed JSON that is not the object of the operation. */
function otherShape(input: HintInput) {
  const { call } = input
  if (!isJson(input) || call.problem?.reason !== 'body.invalid') return []
  let body: unknown
  try {
    body = JSON.parse(call.bodyText!) as unknown // isJson tested it
  } catch {
    return []
  }
  if (typeof body === 'string') {
    const isObject = /^\s*[{[]/.test(body)
    const text = isObject
      ? 'Send the object itself: the body is a JSON string that contains JSON, so it was encoded twice (JSON.stringify of a string, or json=json.dumps(...)).'
      : 'Send a JSON object as the body, not a string.'
    return [hint('json.double-encoded', text)]
  }
  if (Array.isArray(body)) {
    const how = body.length === 1 ? 'without the [ ] around it' : 'one request for each'
    return [hint('body.array', `Send one object, ${how}: the body is a list.`)]
  }
  if (body === null || typeof body !== 'object') {
    return [
      hint(
        'body.no-object',
        `Send a JSON object as the body, not ${body === null ? 'null' : `a ${typeof body}`}.`,
      ),
    ]
  }
  return wrapped(body, call)
}

/** The object of the operation inside another one, such as `{"user": {…}}`. */
function wrapped(body: object, call: HintInput['call']) {
  const { properties } = requestSchema(call)
  if (!properties) return []
  const fields = Object.keys(properties).map((name) => name.toLowerCase())
  for (const [name, inner] of Object.entries(body)) {
    if (!isRecord(inner) || fields.includes(name.toLowerCase())) continue
    const first = Object.keys(inner).find((field) => fields.includes(field.toLowerCase()))
    if (first !== undefined) {
      const shown = /^\w{1,30}$/.test(name) ? ` ${name}` : ''
      const text = `Send the fields of${shown || ' the inner object'} at the top level of the body, such as ${first}, not inside another object.`
      return [hint('body.wrapped', text)]
    }
  }
  return []
}
