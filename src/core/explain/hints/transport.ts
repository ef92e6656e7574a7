import { hostOfOrigin, isPreflight } from '../../http/hosts.ts'
import { closest, listed } from '../../words.ts'
import { hint, statedType, wantedType, type HintInput, type HintRule } from './hint-input.ts'

/** What is wrong with the headers, or with the bytes of the body before anybody reads them. */
export const transportRules: readonly HintRule[] = [
  ownHeader,
  contentType,
  charset,
  encoding,
  notText,
  accept,
  size,
  expectation,
  preflight,
]

/** Headers that Standin reads, and no vendor. */
const OWN = ['Standin-Fault', 'Standin-Sandbox', 'Standin-Explain', 'Standin-Admin-Token']

function ownHeader({ call }: HintInput) {
  const known = OWN.map((name) => name.toLowerCase())
  return Object.keys(call.headers).flatMap((name) => {
    if (!/^(?:x-)?stand-?in-[a-z-]{1,30}$/.test(name) || known.includes(name)) return []
    const [meant] = closest(name, OWN)
    if (meant === undefined) return []
    const text = `Write the header ${name} as ${meant}: one of that name is not read.`
    return [hint('header.misspelt', text)]
  })
}

function contentType({ call }: HintInput) {
  if (call.problem?.reason !== 'media.unsupported') return []
  const stated = statedType(call)
  const wanted = call.operation?.requestTypes ?? ['application/json']
  const types = listed(wanted, 'or')
  const [type] = wanted
  if (stated === undefined || stated === '') {
    const text = `Add the header Content-Type: ${types}; the request has none, so its body is not read.`
    return [hint('content-type.missing', text)]
  }
  if (stated === 'application/x-www-form-urlencoded' || stated === 'multipart/form-data') {
    const isForm = call.bodyText === undefined || !/^\s*[<{[]/.test(call.bodyText)
    const text = isForm
      ? `Send the body as ${types} and say so in Content-Type: ${type}. A form is not read here; curl -d and many HTTP clients say it is one unless they are told otherwise.`
      : `Send Content-Type: ${type} with this body: the header says that it is a form, as curl -d does by itself.`
    return [hint('body.form-encoded', text)]
  }
  const text = `Send Content-Type: ${types} instead of ${shown(stated)}.`
  return [hint('content-type.wrong', text)]
}

function shown(type: string): string {
  return /^[\w.+/-]{1,60}$/.test(type) ? type : 'what the request has'
}

function charset({ call }: HintInput) {
  if (call.problem?.reason !== 'charset.unsupported') return []
  const type = statedType(call) ?? wantedType(call)
  const text = `Encode the body as UTF-8 and send Content-Type: ${type}; charset=utf-8; the charset that the header names is not read.`
  return [hint('charset.unsupported', text)]
}

function encoding({ call }: HintInput) {
  if (call.problem?.reason !== 'encoding.unsupported') return []
  const text =
    'Leave Content-Encoding out, or compress the body with gzip, deflate or br and name that.'
  return [hint('encoding.unsupported', text)]
}

/** The text is missing where the bytes were none; what they were is gone with them. */
function notText({ call }: HintInput) {
  const { problem, bodyText } = call
  if (problem?.reason !== 'body.malformed' || bodyText !== undefined) return []
  if (problem.message.includes('Content-Encoding')) {
    const named = 'Compress the body as its Content-Encoding says, or leave the header out.'
    return [hint('encoding.wrong', named)]
  }
  const said =
    'Send the body as UTF-8: it holds bytes that are none. A body in Latin-1 needs charset=iso-8859-1 in its Content-Type, a compressed one a Content-Encoding.'
  return [hint('body.not-utf-8', said)]
}

function accept({ call, api }: HintInput) {
  const refused = call.problem?.reason === 'accept.unsupported'
  if (!refused && !call.warnings.some(({ code }) => code === 'accept.ignored')) return []
  const offered = refused
    ? (call.operation?.answerTypes ?? [])
    : api.formats.map((f) => f.mediaType)
  const why = refused ? 'nothing that the Accept header names' : 'and this whatever Accept says'
  const text = `Send Accept: ${offered[0]} (or no Accept at all): the answer can be ${listed(offered, 'or')}, ${why}.`
  return [hint('accept.unsupported', text)]
}

function size({ call }: HintInput) {
  const { problem } = call
  if (problem?.reason === 'body.too-large') {
    const text = `Send less: ${problem.message}. Standin reads more with --max-body BYTES.`
    return [hint('body.too-large', text)]
  }
  if (problem?.reason === 'body.too-slow') {
    const text =
      'Send as many bytes as Content-Length says: Standin waited for the rest. A Content-Length that counts more than the body has looks like this.'
    return [hint('body.too-slow', text)]
  }
  return []
}

function preflight({ call }: HintInput) {
  const { origin = '' } = call.headers
  if (!call.problem || !isPreflight(call) || !hostOfOrigin(origin)) return []
  const page = new URL(origin).origin
  const text = `Start Standin with --cors-origins ${page}: a browser asked by this whether a page there may call, and got what the API says to OPTIONS.`
  return [hint('cors.preflight', text)]
}

function expectation({ call }: HintInput) {
  if (call.headers.expect?.toLowerCase() !== '100-continue') return []
  const text =
    'Nothing to mend here: the request asked for 100 Continue and got it. Where a server does not answer that, clients wait a second before they send the body; leave the header out then (curl -H "Expect:", or ExpectContinue = false).'
  return [hint('expect.continue', text)]
}
