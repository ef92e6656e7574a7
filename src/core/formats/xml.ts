import { createRequire } from 'node:module'
import type * as Saxes from 'saxes'
import type * as Xml2js from 'xml2js'
import type { Format } from './format.ts'
import { Problem } from '../problem.ts'
import { cast, isRecord, type Schema } from '../contract/schema.ts'

const require = createRequire(import.meta.url)
let loaded:
  (Pick<typeof Xml2js, 'Builder' | 'Parser'> & Pick<typeof Saxes, 'SaxesParser'>) | undefined

/** Loaded with the first XML: together they take a tenth of the start, and many runs never see any. */
function libraries(): NonNullable<typeof loaded> {
  loaded ??= {
    ...(require('xml2js') as typeof Xml2js),
    ...(require('saxes') as typeof Saxes),
  }
  return loaded
}

const DEEPEST = 32
const MOST_ELEMENTS = 10_000

/**
 * Names that xml2js 0.6 keeps for itself or looks up on Object.prototype, which makes it hand out
 * inherited members or fail with a TypeError (its issue #719, mended but not released).
 */
const RESERVED = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  '_',
  '$',
  '$$',
  '#name',
  'cdata',
])

/**
 * XML by xml2js, behind a gate: alone it accepts documents that are not well-formed. A schema's
 * `xml` keywords say how things are called; text gets the schema's types.
 *
 * @param attributes for the root element of an answer, such as a namespace declaration
 */
export function xml(attributes: Readonly<Record<string, string>> = {}): Format {
  return {
    mediaType: 'application/xml',
    contentType: 'application/xml',
    read,
    write: (value, schema) => {
      const named = nameOf(schema)
      const builder = new (libraries().Builder)({
        rootName: named,
        xmldec: { version: '1.0', encoding: 'utf-8' },
        renderOpts: { pretty: false },
      })
      return builder.buildObject({ $: attributes, ...(elements(value, schema) as object) })
    },
    parse: (written, schema) => read(String(written), schema),
  }
}

function nameOf(schema: Schema): string {
  return schema.xml?.name ?? 'root'
}

/** Elements of the schema's root, namespaces left aside, lists unwrapped, text typed. */
function read(given: string, schema: Schema): unknown {
  // XML's own rule, which xml2js leaves out: a line ends in one way.
  const text = given.replaceAll(/\r\n?/g, '\n')
  gate(text)
  // What the parser found; it calls back before parseString returns.
  const found: { error?: unknown; document?: unknown } = {}
  const parser = new (libraries().Parser)({ explicitArray: false, tagNameProcessors: [localName] })
  parser.parseString(text, (error, document) => {
    if (error) found.error = error
    else found.document = document
  })
  if (found.error instanceof Problem) throw found.error
  if (found.error) throw malformed('it is not well-formed')
  const [root, content] = Object.entries(found.document as Record<string, unknown>)[0] ?? []
  const wanted = nameOf(schema)
  if (root !== wanted) throw malformed(`its root element must be <${wanted}>`)
  return cast(shaped(withoutAttributes(content), schema), schema)
}

function localName(name: string): string {
  const local = name.slice(name.indexOf(':') + 1)
  if (RESERVED.has(local)) throw malformed(`the element name ${local} is not allowed`)
  return local
}

/** Well-formedness, no DOCTYPE (so no entities), and limits on depth and number. */
function gate(text: string): void {
  const parser = new (libraries().SaxesParser)({
    xmlns: true,
    defaultXMLVersion: '1.0',
    forceXMLVersion: true,
  })
  let depth = 0
  let count = 0
  parser.on('error', (error) => {
    // After its second colon the message quotes the text, which may hold a password.
    const [line, column, what] = error.message.split(':')
    throw malformed(`${what?.trim().replace(/\.$/, '')}, at line ${line}, column ${column}`)
  })
  parser.on('doctype', () => {
    throw malformed('a DOCTYPE is not allowed')
  })
  parser.on('opentag', () => {
    if (++depth > DEEPEST) throw malformed(`it is nested deeper than ${DEEPEST} levels`)
    if (++count > MOST_ELEMENTS) throw malformed(`it has more than ${MOST_ELEMENTS} elements`)
  })
  parser.on('closetag', () => {
    depth--
  })
  parser.write(text).close()
}

/** Of all attributes only `nil` means something: that the element is null. */
function withoutAttributes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAttributes)
  if (!isRecord(value)) return value
  const { $: attributes, ...rest } = value
  const nil = Object.entries(attributes ?? {}).some(
    ([name, given]) => name.endsWith(':nil') && (given === 'true' || given === '1'),
  )
  if (nil) return null
  const names = Object.keys(rest)
  if (attributes && names.length === 0) return ''
  if (attributes && names.length === 1 && '_' in rest) return rest['_']
  for (const name of names) rest[name] = withoutAttributes(rest[name])
  return rest
}

/** `<Folders><Id>…</Id></Folders>` is a list named Folders; xml2js cannot know. */
function shaped(value: unknown, schema: Schema): unknown {
  if (value === null) return null
  if (schema.items) return list(value, schema, schema.items)
  if (!schema.properties) return value
  const content = isBlank(value) ? {} : value
  if (!isRecord(content)) return content
  if ('_' in content) throw malformed('text stands between its elements')
  for (const [name, inner] of Object.entries(content)) {
    const property = schema.properties[name]
    if (property) content[name] = shaped(inner, property)
  }
  return content
}

function list(value: unknown, schema: Schema, items: Schema): unknown {
  if (!schema.xml?.wrapped) {
    return isBlank(value) ? [] : [value].flat().map((item) => shaped(item, items))
  }
  if (isBlank(value)) return []
  // Text, or the list twice, which the validator refuses.
  if (!isRecord(value)) return value
  if ('_' in value) throw malformed('text stands between its elements')
  const held = value[items.xml?.name ?? 'item']
  return held === undefined ? [] : [held].flat().map((item) => shaped(item, items))
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === ''
}

/** A value in the shape that xml2js builds from. */
function elements(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const items = schema.items ?? {}
    const inner = value.map((item) => elements(item, items))
    return schema.xml?.wrapped ? { [items.xml?.name ?? 'item']: inner } : inner
  }
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== null && inner !== undefined)
        .map(([name, inner]) => [name, elements(inner, schema.properties?.[name] ?? {})]),
    )
  }
  return typeof value === 'string' ? printable(value) : value
}

/** Characters that XML 1.0 forbids even as references become U+FFFD; xml2js would throw. */
function printable(text: string): string {
  return text.replaceAll(
    /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu,
    '\uFFFD',
  )
}

function malformed(why: string): Problem {
  return new Problem(400, 'body.malformed', `The body cannot be read as XML: ${why}`)
}
