import { isRecord, type Schema } from '../../contract/schema.ts'
import { bare, lineAndColumn, quotable } from '../../words.ts'
import {
  hint,
  requestSchema,
  sentFields,
  expectedMediaType,
  type HintInput,
  type HintRule,
} from './hint-input.ts'

/** Bodies that are not XML where XML is expected, or XML of another shape. */
export const xmlRules: readonly HintRule[] = [malformed, elementOrder, lists]

function isXml({ call }: HintInput): boolean {
  return expectedMediaType(call) === 'application/xml' && (call.bodyText ?? '').trim() !== ''
}

/** The name of the first element, without its prefix; a pattern is enough for a hint. */
function rootOf(text: string): string | undefined {
  return /^[^<]*(?:<[?!][^>]*>[^<]*)*<(?:[\w.-]+:)?([\w.-]+)/.exec(text)?.[1]
}

/** The first prefix of an element or attribute that has no namespace declaration. */
function undeclaredPrefix(text: string): string | undefined {
  const declared = new Set(['xml', 'xmlns'])
  for (const [, prefix] of text.matchAll(/\sxmlns:([\w.-]+)\s*=/g)) declared.add(prefix!)
  const used = text.matchAll(/<\/?([\w.-]+):|\s([\w.-]+):[\w.-]+\s*=\s*["']/g)
  for (const [, ofElement, ofAttribute] of used) {
    const prefix = ofElement ?? ofAttribute! // one of the two groups matches
    if (!declared.has(prefix)) return prefix
  }
  return undefined
}

function malformed(input: HintInput) {
  const { call } = input
  if (!isXml(input) || call.problem?.reason !== 'body.malformed') return []
  const text = call.bodyText! // isXml tested it
  const expected = requestSchema(call).xml?.name ?? 'root'
  if (!text.trimStart().startsWith('<')) return []
  if (/^\s+<\?xml/.test(text)) {
    return [
      hint(
        'xml.declaration',
        'Remove the white space before <?xml, which must be the start of the document.',
      ),
    ]
  }
  if (/<!DOCTYPE/i.test(text)) {
    const fix = 'Remove the DOCTYPE, and write characters instead of its entities.'
    return [hint('xml.doctype', fix)]
  }
  const ampersand = text.search(/&(?!#\d+;|#x[\da-f]+;|(?:amp|lt|gt|quot|apos);)/i)
  if (ampersand >= 0) {
    return [hint('xml.ampersand', `Write &amp; instead of & at ${lineAndColumn(text, ampersand)}.`)]
  }
  const prefix = undeclaredPrefix(text)
  if (prefix !== undefined) {
    const shown = quotable(prefix) ?? 'prefix'
    const fix = `Write the elements without the prefix ${shown}, or declare its namespace with xmlns:${shown}="...".`
    return [hint('xml.namespace', fix)]
  }
  const root = rootOf(text)
  if (root !== undefined && root !== expected) return [rootHint(root, expected)]
  return []
}

function rootHint(name: string, expected: string) {
  if (bare(name) === bare(expected)) {
    const text = `Write <${expected}> instead of <${quotable(name)}>: element names are case-sensitive.`
    return hint('xml.case', text)
  }
  if (name.toLowerCase() === 'envelope') {
    return hint(
      'xml.soap',
      `Send <${expected}> without a SOAP Envelope: this is not a SOAP service.`,
    )
  }
  const shown = quotable(name) === undefined ? '' : `, not <${name}>`
  return hint('xml.root', `Make <${expected}> the root element${shown}.`)
}

/** Elements that are not in the order that the vendor's slice checks. */
function elementOrder(input: HintInput) {
  const late = input.call.warnings.filter(({ code }) => code.startsWith('xml.order.'))
  if (late.length === 0) return []
  const properties = requestSchema(input.call).properties ?? {}
  const names = Object.keys(sentFields(input) ?? {}).filter((name) =>
    Object.hasOwn(properties, name),
  )
  const effects = late.map(({ text }) => text).join('; ')
  const text = `Put the elements into alphabetical order, capitals first: ${names.sort().join(', ')}. ${effects}.`
  return [hint('xml.order', text)]
}

/** Lists without item elements, or with items of another name, which are read as empty. */
function lists(input: HintInput) {
  const { call } = input
  if (!isXml(input)) return []
  const sent = sentFields(input)
  if (!sent) return []
  return Object.entries(requestSchema(call).properties ?? {}).flatMap(([name, schema]) => {
    const item = itemOf(schema)
    if (item === undefined || !Object.hasOwn(sent, name)) return []
    const value = sent[name]
    const isUnread =
      Array.isArray(value) &&
      value.length === 0 &&
      new RegExp(`<(?:[\\w.-]+:)?${name}>\\s*<(?!/)`).test(call.bodyText ?? '')
    if (typeof value !== 'string' && !isRecord(value) && !isUnread) return []
    const text = `Write <${name}><${item}>...</${item}></${name}>: each item of ${name} is an element ${item}.`
    return [hint('xml.list', text)]
  })
}

function itemOf(schema: Schema): string | undefined {
  return schema.xml?.wrapped ? (schema.items?.xml?.name ?? 'item') : undefined
}
