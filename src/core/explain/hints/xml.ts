import { isRecord, type Schema } from '../../contract/schema.ts'
import { bare, placeIn, quotable } from '../../words.ts'
import {
  hint,
  schemaOf,
  sentMembers,
  wantedType,
  type HintInput,
  type HintRule,
} from './hint-input.ts'

/** What stands in a body that should be XML and is not, or not the XML that is wanted. */
export const xmlRules: readonly HintRule[] = [malformed, order, lists]

function isXml({ call }: HintInput): boolean {
  return wantedType(call) === 'application/xml' && (call.bodyText ?? '').trim() !== ''
}

/** The first element of a document, as it is spelt; a pattern is enough for a hint. */
function rootOf(text: string): { name: string; prefix: string } | undefined {
  const [, prefix = '', name] =
    /^[^<]*(?:<[?!][^>]*>[^<]*)*<(?:([\w.-]+):)?([\w.-]+)/.exec(text) ?? []
  return name === undefined ? undefined : { name, prefix }
}

function malformed(question: HintInput) {
  const { call } = question
  if (!isXml(question) || call.problem?.reason !== 'body.malformed') return []
  const text = call.bodyText! // isXml looked
  const wanted = schemaOf(call).xml?.name ?? 'root'
  if (!text.trimStart().startsWith('<')) return []
  if (/^\s+<\?xml/.test(text)) {
    return [
      hint(
        'xml.declaration',
        'Leave out what stands before <?xml: it is the first thing in a document.',
      ),
    ]
  }
  if (/<!DOCTYPE/i.test(text)) {
    const why = 'Leave out the DOCTYPE, and write the characters where it has entities.'
    return [hint('xml.doctype', why)]
  }
  const ampersand = text.search(/&(?!#\d+;|#x[\da-f]+;|(?:amp|lt|gt|quot|apos);)/i)
  if (ampersand >= 0) {
    return [hint('xml.ampersand', `Write &amp; instead of & at ${placeIn(text, ampersand)}.`)]
  }
  const root = rootOf(text)
  if (root?.prefix && !text.includes(`xmlns:${root.prefix}=`)) {
    const shown = quotable(root.prefix) ?? 'it'
    const fix = `Write <${wanted}> without a prefix, or declare the namespace of ${shown} with xmlns:${shown}="...".`
    return [hint('xml.namespace', fix)]
  }
  if (/unbound namespace/i.test(call.problem.message)) {
    const fix =
      'Declare the namespace of every prefix with xmlns:prefix="...", or leave the prefixes out.'
    return [hint('xml.namespace', fix)]
  }
  if (root && root.name !== wanted) return [rootHint(root.name, wanted)]
  return []
}

function rootHint(name: string, wanted: string) {
  if (bare(name) === bare(wanted)) {
    const text = `Write <${wanted}> instead of <${quotable(name)}>: the names of elements have capitals.`
    return hint('xml.case', text)
  }
  if (name.toLowerCase() === 'envelope') {
    return hint(
      'xml.soap',
      `Send the <${wanted}> alone: this is no SOAP service, so no Envelope is around it.`,
    )
  }
  const shown = quotable(name) === undefined ? '' : `, not <${name}>`
  return hint('xml.root', `Make <${wanted}> the root element${shown}.`)
}

/** Elements that come too late; the slice that minds the order has noted them. */
function order(question: HintInput) {
  const late = question.call.warnings.filter(({ code }) => code.startsWith('xml.order.'))
  if (late.length === 0) return []
  const known = schemaOf(question.call).properties ?? {}
  const names = Object.keys(sentMembers(question) ?? {}).filter((name) =>
    Object.hasOwn(known, name),
  )
  const fates = late.map(({ text }) => text).join('; ')
  const text = `Put the elements into alphabetical order, capitals first: ${names.sort().join(', ')}. ${fates}.`
  return [hint('xml.order', text)]
}

/** `<Folders>id</Folders>`, and items under another name, which are read as an empty list. */
function lists(question: HintInput) {
  const { call } = question
  if (!isXml(question)) return []
  const sent = sentMembers(question)
  if (!sent) return []
  return Object.entries(schemaOf(call).properties ?? {}).flatMap(([name, schema]) => {
    const item = itemOf(schema)
    if (item === undefined || !Object.hasOwn(sent, name)) return []
    const value = sent[name]
    const isLost =
      Array.isArray(value) &&
      value.length === 0 &&
      new RegExp(`<(?:[\\w.-]+:)?${name}>\\s*<(?!/)`).test(call.bodyText ?? '')
    if (typeof value !== 'string' && !isRecord(value) && !isLost) return []
    const text = `Write <${name}><${item}>...</${item}></${name}>: each entry of ${name} is an element ${item} of its own.`
    return [hint('xml.list', text)]
  })
}

function itemOf(schema: Schema): string | undefined {
  return schema.xml?.wrapped ? (schema.items?.xml?.name ?? 'item') : undefined
}
