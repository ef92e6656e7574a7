import { sentence } from '../../problem.ts'
import { hostOfOrigin, isPreflight } from '../../http/hosts.ts'
import { closest, listed } from '../../words.ts'
import {
  hint,
  contentTypeOf,
  expectedMediaType,
  type HintInput,
  type HintRule,
} from './hint-input.ts'

/** Mistakes in the headers, or in the bytes of the body before it is parsed. */
export const transportRules: readonly HintRule[] = [
  misspeltHeaders,
  contentType,
  charset,
  encoding,
  notText,
  accept,
  size,
  expectation,
  preflight,
]

/** Headers that only Standin reads. */
const STANDIN_HEADERS = [
  'Standin-Fault',
  'Standin-Sandbox',
  'Standin-Explain',
  'Standin-Admin-Token',
]

function misspeltHeaders({ call }: HintInput) {
  const known = STANDIN_HEADERS.map((name) => name.toLowerCase())
  return Object.keys(call.headers).flatMap((name) => {
    if (!/^(?:x-)?stand-?in-[a-z-]{1,30}$/.test(name) || known.includes(name)) return []
    const [meant] = closest(name, STANDIN_HEADERS)
    if (meant === undefined) return []
    const text = `Rename the header ${name} to ${meant}: Standin does not read ${name}.`
    return [hint('header.misspelt', text)]
  })
}

function contentType({ call }: HintInput) {
  if (call.problem?.reason !== 'media.unsupported') return []
  const sent = contentTypeOf(call)
  const expected = call.operation?.requestTypes ?? ['application/json']
  const types = listed(expected, 'or')
  const [type] = expected
  if (sent === undefined || sent === '') {
    const text = `Add the header Content-Type: ${types}; without it, the body is not read.`
    return [hint('content-type.missing', text)]
  }
  if (sent === 'application/x-www-form-urlencoded' || sent === 'multipart/form-data') {
    const isMultipart = sent === 'multipart/form-data'
    const refused = isMultipart
      ? 'Multipart forms are not read here; curl -F and FormData send them.'
      : 'Forms are not read here; curl -d and many HTTP clients send the type of a form by default.'
    const header =
      expected.length === 1
        ? `with the header Content-Type: ${type}`
        : `and its type in the header, such as Content-Type: ${type}`
    const isForm = call.bodyText === undefined || !/^\s*[<{[]/.test(call.bodyText)
    const text = isForm
      ? `Send the body as ${types}, ${header}. ${refused}`
      : `Send Content-Type: ${type} with this body: the header announces a form${isMultipart ? '' : ', which is the default of curl -d'}.`
    return [hint('body.form-encoded', text)]
  }
  const text = `Send Content-Type: ${types} instead of ${shown(sent)}.`
  return [hint('content-type.wrong', text)]
}

function shown(type: string): string {
  return /^[\w.+/-]{1,60}$/.test(type) ? type : 'the type that was sent'
}

function charset({ call }: HintInput) {
  if (call.problem?.reason !== 'charset.unsupported') return []
  const type = contentTypeOf(call) ?? expectedMediaType(call)
  const text = `Encode the body as UTF-8 and send Content-Type: ${type}; charset=utf-8; the charset in the header is not supported.`
  return [hint('charset.unsupported', text)]
}

function encoding({ call }: HintInput) {
  if (call.problem?.reason !== 'encoding.unsupported') return []
  const text =
    'Remove Content-Encoding, or compress the body with gzip, deflate or br and set Content-Encoding to that method.'
  return [hint('encoding.unsupported', text)]
}

/** Bodies that could not be decoded to text; their bytes are not kept. */
function notText({ call }: HintInput) {
  const { problem, bodyText } = call
  if (problem?.reason !== 'body.malformed' || bodyText !== undefined) return []
  if (problem.flaw?.kind === 'wrong-encoding') {
    const text = 'Compress the body as its Content-Encoding says, or remove the header.'
    return [hint('encoding.wrong', text)]
  }
  const text =
    'Send the body as UTF-8: it has bytes that are not UTF-8. A body in Latin-1 needs charset=iso-8859-1 in its Content-Type; a compressed one needs a Content-Encoding.'
  return [hint('body.not-utf-8', text)]
}

function accept({ call, api }: HintInput) {
  const isRefused = call.problem?.reason === 'accept.unsupported'
  if (!isRefused && !call.warnings.some(({ code }) => code === 'accept.ignored')) return []
  const offered = isRefused
    ? (call.operation?.answerTypes ?? [])
    : api.formats.map(({ mediaType }) => mediaType)
  const why = isRefused
    ? 'which the Accept header does not allow'
    : 'whatever the Accept header says'
  const text = `Send Accept: ${offered[0]} or no Accept header: the answer is ${listed(offered, 'or')}, ${why}.`
  return [hint('accept.unsupported', text)]
}

function size({ call }: HintInput) {
  const { problem } = call
  if (problem?.reason === 'body.too-large') {
    const text = `Send a smaller body, or raise the limit with --max-body BYTES. ${sentence(problem.message)}`
    return [hint('body.too-large', text)]
  }
  if (problem?.reason === 'body.too-slow') {
    const text =
      'Send as many bytes as Content-Length says: Standin waited for the rest until the time limit. A Content-Length larger than the body has this effect.'
    return [hint('body.too-slow', text)]
  }
  return []
}

function preflight({ call }: HintInput) {
  const { origin = '' } = call.headers
  if (!call.problem || !isPreflight(call) || !hostOfOrigin(origin)) return []
  const page = new URL(origin).origin
  const text = `Start Standin with --cors-origins ${page}: this request is a CORS preflight, and the API answered it because that origin is not allowed.`
  return [hint('cors.preflight', text)]
}

function expectation({ call }: HintInput) {
  if (call.headers.expect?.toLowerCase() !== '100-continue') return []
  const text =
    'Remove the header Expect for a server that does not support it (curl -H "Expect:", or ExpectContinue = false): with such a server, clients wait a second before they send the body. Standin answered 100 Continue.'
  return [hint('expect.continue', text)]
}
