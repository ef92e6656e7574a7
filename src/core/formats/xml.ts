import { createRequire } from 'node:module'
import type * as Saxes from 'saxes'
import type * as Xml2js from 'xml2js'
import type { WarningSink, Format } from './format.ts'
import { contradicts, declaredEncoding } from '../http/body.ts'
import { invalid, pathOf, Problem } from '../problem.ts'
import { cast, isRecord, typesOf, type Schema } from '../contract/schema.ts'

const require = createRequire(import.meta.url)
let loaded:
  (Pick<typeof Xml2js, 'Builder' | 'Parser'> & Pick<typeof Saxes, 'SaxesParser'>) | undefined

/**
 * Loads the XML libraries at their first use: they take a tenth of the start, and many runs need
 * none.
 */
function libraries(): NonNullable<typeof loaded> {
  loaded ??= {
    ...(require('xml2js') as typeof Xml2js),
    ...(require('saxes') as typeof Saxes),
  }
  return loaded
}

const MAX_DEPTH = 32
const MAX_ELEMENTS = 10_000

/**
 * Names that xml2js 0.6 reserves or looks up on Object.prototype, which makes it return inherited
 * members or throw a TypeError (its issue #719, fixed but not released).
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
 * Creates the XML format. xml2js reads and writes; saxes checks documents first, since xml2js
 * accepts some that are not well-formed. The `xml` keywords of a schema name the elements, and its
 * types decide how text is read.
 *
 * @param attributes of the root element of an answer, such as a namespace declaration
 */
export function xml(attributes: Readonly<Record<string, string>> = {}): Format {
  return {
    mediaType: 'application/xml',
    contentType: 'application/xml',
    read,
    write: (value, schema) => {
      const builder = new (libraries().Builder)({
        rootName: rootNameOf(schema),
        xmldec: { version: '1.0', encoding: 'utf-8' },
        renderOpts: { pretty: false },
      })
      return builder.buildObject({ $: attributes, ...(toElements(value, schema) as object) })
    },
    parse: (written, schema) => read(String(written), schema),
  }
}

function rootNameOf(schema: Schema): string {
  return schema.xml?.name ?? 'root'
}

type Path = readonly (string | number)[]

const NO_SINK: WarningSink = { warn: () => {}, refuseIfStrict: () => {} }

/** Parses a document: ignores namespaces, unwraps lists and types text by the schema. */
function read(given: string, schema: Schema, sink: WarningSink = NO_SINK): unknown {
  // XML normalizes line ends; xml2js does not.
  const text = given.replaceAll(/\r\n?/g, '\n')
  checkWellFormed(text)
  checkDeclaration(text, sink)
  // Set by the callback, which runs before parseString returns.
  const result: { error?: unknown; document?: unknown } = {}
  const parser = new (libraries().Parser)({ explicitArray: false, tagNameProcessors: [localName] })
  parser.parseString(text, (error, document) => {
    if (error) result.error = error
    else result.document = document
  })
  if (result.error instanceof Problem) throw result.error
  if (result.error) throw malformed('it is not well-formed')
  const [root, content] = Object.entries(result.document as Record<string, unknown>)[0] ?? []
  const expected = rootNameOf(schema)
  if (root !== expected) throw malformed(`its root element must be <${expected}>`)
  return cast(applySchema(withoutAttributes(content, expected, sink), schema, [], sink), schema)
}

function localName(name: string): string {
  const local = name.slice(name.indexOf(':') + 1)
  if (RESERVED.has(local)) throw malformed(`the element name ${local} is not allowed`)
  return local
}

/**
 * Refuses documents that are not well-formed, have a DOCTYPE (so entities), or exceed the limits.
 */
function checkWellFormed(text: string): void {
  const parser = new (libraries().SaxesParser)({
    xmlns: true,
    defaultXMLVersion: '1.0',
    forceXMLVersion: true,
    position: false,
  })
  let depth = 0
  let count = 0
  parser.on('error', (error) => {
    // After a colon the message quotes the text, which may hold a password.
    const [reason] = error.message.split(':', 1)
    throw malformed(
      `${reason!.replace(/\.$/, '')}, at line ${parser.line}, column ${parser.column}`,
    ) // a split has at least one piece
  })
  parser.on('doctype', () => {
    throw malformed('a DOCTYPE is not allowed')
  })
  parser.on('opentag', () => {
    if (++depth > MAX_DEPTH) throw malformed(`it is nested deeper than ${MAX_DEPTH} levels`)
    if (++count > MAX_ELEMENTS) throw malformed(`it has more than ${MAX_ELEMENTS} elements`)
  })
  parser.on('closetag', () => {
    depth--
  })
  parser.write(text).close()
}

/** Assumed: a declaration that contradicts the bytes is refused, as .NET's readers do. */
function checkDeclaration(text: string, sink: WarningSink): void {
  const { bodyEncoding } = sink
  const declared = declaredEncoding(text)
  if (declared === undefined || bodyEncoding === undefined) return
  if (!contradicts(declared, bodyEncoding)) return
  const message = `The XML declaration states ${declared}, but the body is in ${bodyEncoding}`
  sink.refuseIfStrict(new Problem(400, 'charset.contradictory', message))
}

/** Drops attributes, with a warning unless they have a prefix; `nil` makes its element null. */
function withoutAttributes(value: unknown, element: string, sink: WarningSink): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutAttributes(item, element, sink))
  if (!isRecord(value)) return value
  const { $: attributes, ...rest } = value
  const given = Object.entries(attributes ?? {})
  for (const [name] of given) {
    if (name === 'xmlns' || name.includes(':')) continue
    sink.warn(`unknown-attribute.${element}.${name}`, `${name} of <${element}> is not read`)
  }
  const nil = given.some(
    ([name, text]) => name.endsWith(':nil') && (text === 'true' || text === '1'),
  )
  if (nil) return null
  const names = Object.keys(rest)
  if (attributes && names.length === 0) return ''
  if (attributes && names.length === 1 && '_' in rest) return rest['_']
  for (const name of names) rest[name] = withoutAttributes(rest[name], name, sink)
  return rest
}

/** Turns elements into lists where the schema has one: `<Folders><Id>…</Id></Folders>`. */
function applySchema(value: unknown, schema: Schema, at: Path, sink: WarningSink): unknown {
  if (value === null) return null
  if (schema.items) return list(value, schema, schema.items, at, sink)
  if (!schema.properties) {
    if (typeof value === 'string') checkText(value, schema, at, sink)
    return value
  }
  const content = isBlank(value) ? {} : value
  if (!isRecord(content)) return content
  if ('_' in content) throw malformed('there is text between its elements')
  for (const [name, inner] of Object.entries(content)) {
    const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    if (!property) continue
    const path = [...at, name]
    content[name] = applySchema(single(inner, property, path, sink), property, path, sink)
  }
  return content
}

/**
 * Returns the first of repeated elements; the schema has no list here. Inferred: .NET's reader
 * skips the rest.
 */
function single(value: unknown, schema: Schema, at: Path, sink: WarningSink): unknown {
  if (!Array.isArray(value) || (schema.items && !schema.xml?.wrapped)) return value
  const path = textOf(at)
  sink.warn(`xml.repeated.${path}`, `<${at.at(-1)}> is repeated: only the first is read`)
  return value[0] as unknown
}

function list(value: unknown, schema: Schema, items: Schema, at: Path, sink: WarningSink): unknown {
  const itemsOf = (elements: unknown) =>
    [elements].flat().map((item, i) => applySchema(item, items, [...at, i], sink))
  if (!schema.xml?.wrapped) return isBlank(value) ? [] : itemsOf(value)
  if (isBlank(value)) return []
  // Text: the validator refuses it.
  if (!isRecord(value)) return value
  if ('_' in value) throw malformed('there is text between its elements')
  const expected = items.xml?.name ?? 'item'
  const path = textOf(at)
  for (const name of Object.keys(value)) {
    if (name === expected) continue
    const text = `<${name}> in ${path} is not read: its elements are <${expected}>`
    sink.warn(`unknown-field.${path}.${name}`, text)
  }
  const elements = value[expected]
  return elements === undefined ? [] : itemsOf(elements)
}

/**
 * Checks the form of a value by XML Schema, which .NET's readers follow: `True` is no xs:boolean,
 * and a number beyond its range no xs:int. Values that `cast` cannot read are left to the check of
 * the contract.
 */
function checkText(text: string, schema: Schema, at: Path, sink: WarningSink): void {
  const types = typesOf(schema)
  const plain = text.trim()
  const refuse = (limit: string) =>
    sink.refuseIfStrict(invalid([{ part: 'body', at, rule: 'type', limit }]))
  if (types.includes('boolean') && /^(true|false)$/i.test(plain) && !/^(true|false)$/.test(plain)) {
    refuse('xs:boolean (true, false, 1 or 0)')
  }
  if (types.includes('integer') && schema['x-bits'] === 32 && isBeyondInt32(Number(plain))) {
    refuse('xs:int (of 32 bits)')
  }
}

export function isBeyondInt32(value: number): boolean {
  return value > 2_147_483_647 || value < -2_147_483_648
}

function textOf(at: Path): string {
  return pathOf({ part: 'body', at, rule: '' })
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === ''
}

/** Converts a value into the structure that xml2js builds XML from. */
function toElements(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const items = schema.items ?? {}
    const inner = value.map((item) => toElements(item, items))
    return schema.xml?.wrapped ? { [items.xml?.name ?? 'item']: inner } : inner
  }
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== null && inner !== undefined)
        .map(([name, inner]) => [name, toElements(inner, schema.properties?.[name] ?? {})]),
    )
  }
  return typeof value === 'string' ? printable(value) : value
}

/** Replaces characters that XML 1.0 forbids, for which xml2js would throw, by U+FFFD. */
function printable(text: string): string {
  return text.replaceAll(
    /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu,
    '\uFFFD',
  )
}

function malformed(detail: string): Problem {
  return new Problem(400, 'body.malformed', `The body cannot be read as XML: ${detail}`)
}
