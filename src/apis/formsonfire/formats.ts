import type { Call } from '../../core/call.ts'
import { form } from '../../core/formats/form.ts'
import { json } from '../../core/formats/json.ts'
import { isBeyondInt32, xml } from '../../core/formats/xml.ts'
import type { Format } from '../../core/formats/format.ts'
import { mediaTypeOf } from '../../core/http/content-type.ts'
import { preferenceFor, preferredType } from '../../core/request/negotiation.ts'
import { invalid, Problem } from '../../core/problem.ts'
import { cast, isRecord, typesOf, type Schema } from '../../core/contract/schema.ts'

/**
 * Reads an empty body as an empty User, which then lacks credentials. Assumed: as the framework
 * does.
 */
function emptyIsUser(format: Format): Format {
  return {
    ...format,
    read: (text, schema, doubts) => (text.trim() === '' ? {} : format.read!(text, schema, doubts)),
  }
}

// Public: a real answer's root declares this namespace.
const XML = emptyIsUser(xml({ 'xmlns:i': 'http://www.w3.org/2001/XMLSchema-instance' }))
const JSON_FORMAT = emptyIsUser(json)
// Inferred: the framework binds the fields of a form as it binds a query.
const FORM = emptyIsUser(form)

/** XML first: the page makes it the default. */
export const formats = [XML, JSON_FORMAT, FORM]

/**
 * Normalises a path as the framework does: lower case, without empty segments. Moves a suffix
 * `.json` or `.xml` to the query parameter `format`.
 */
export function route(path: string, query: URLSearchParams): string {
  const plain = `/${path.toLowerCase().split('/').filter(Boolean).join('/')}`
  const [, stem = plain, suffix] = /^(.*?)(?:\.(json|xml))?$/.exec(plain) ?? []
  if (suffix && !inQuery(query, 'format')) query.append('format', suffix)
  return stem
}

/**
 * Returns the first value of a query parameter that is not empty. The framework ignores the case of
 * names.
 */
export function inQuery(query: URLSearchParams, name: string): string | undefined {
  for (const [key, value] of query) {
    if (key.toLowerCase() === name.toLowerCase() && value !== '') return value
  }
  return undefined
}

/**
 * Replaces the names of query parameters by those of the contract. Inferred: the framework ignores
 * the case of the names and of true and false, reads 1 and 0 as true and false, and ignores an
 * empty value.
 */
export function readQuery(call: Call): void {
  const parameters = new Map(call.operation!.query.map((one) => [one.name.toLowerCase(), one]))
  const sent = [...call.query]
  for (const [name, value] of sent) {
    const known = parameters.get(name.toLowerCase())
    if (!known) continue
    call.query.delete(name, value)
    if (value !== '') call.query.append(known.name, String(cast(value, known.schema)))
  }
}

/**
 * The answer's format: `format` (public), else Accept, else the request's own format, else XML (the
 * page).
 */
export function answerType(call: Call): string {
  const name = inQuery(call.query, 'format')?.toLowerCase()
  const byQuery = [XML, JSON_FORMAT].find(({ mediaType }) => mediaType === `application/${name}`)
  const own = statedType(call)
  const accept = call.headers.accept?.replaceAll(/\btext\/xml\b/gi, XML.mediaType)
  const preferred = own === XML.mediaType ? [XML, JSON_FORMAT] : [JSON_FORMAT, XML]
  const named = preferred
    .map(({ mediaType }) => mediaType)
    .filter((type) => preferenceFor(accept, type).isNamed)
  const fallback = own ?? XML.mediaType
  const byAccept =
    preferredType(accept, named) ??
    preferredType(accept, [fallback, ...formats.map(({ mediaType }) => mediaType)])
  return byQuery?.mediaType ?? byAccept ?? fallback
}

/** The media type of a Content-Type that names JSON or XML. */
function statedType(call: Call): string | undefined {
  const type = mediaTypeOf(call.headers['content-type'])
  if (type === 'application/json' || type === 'text/json') return JSON_FORMAT.mediaType
  if (type === 'application/xml' || type === 'text/xml') return XML.mediaType
  return undefined
}

/**
 * The media type of a body: XML where no Content-Type is given (the page). For form-urlencoded (the
 * default of curl, PHP and Ruby) and text/plain (the default of fetch), the first character of the
 * body decides between XML, JSON and the fields of a form.
 */
export function bodyType(call: Call, text: string): string {
  const type = statedType(call)
  if (type) return type
  const named = mediaTypeOf(call.headers['content-type'])
  if (!named) return XML.mediaType
  const start = text.trimStart().charAt(0)
  if (named === FORM.mediaType && !'<{['.includes(start || '=')) return FORM.mediaType
  const read = start === '<' || start === '' ? XML : start === '{' ? JSON_FORMAT : undefined
  const message = 'The Content-Type must be application/json or application/xml'
  const problem = new Problem(400, 'media.unsupported', message)
  if (!read || (named !== FORM.mediaType && named !== 'text/plain')) throw problem
  call.refuseIfStrict(problem)
  return read.mediaType
}

/**
 * Reads the body as the platform's parsers do, with their rules about the case of names, types, the
 * order of elements, and null.
 */
export function prepare(call: Call): void {
  const schema = call.operation!.requestSchema(call.bodyType)
  if (!isRecord(call.body)) return
  const read =
    call.bodyType === XML.mediaType
      ? readInOrder(call, call.body)
      : readLoosely(call, call.body, schema, '')
  call.body = withoutNulls(read)
}

/**
 * Removes null values. Inferred: null and a nil element set no value, so a required field that is
 * null is missing.
 */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      inner === null ? [] : [[name, withoutNulls(inner)]],
    ),
  )
}

/**
 * Checks the order of XML elements. Public: they must be in alphabetical order, and the platform's
 * parser silently skips an element that comes too late. `strict` drops it too, `documented` keeps
 * it; both add a warning. Unknown elements do not count.
 */
function readInOrder(call: Call, body: Record<string, unknown>): Record<string, unknown> {
  const schema = call.operation!.requestSchema(call.bodyType)
  const kept: Record<string, unknown> = {}
  let highest = ''
  for (const [name, value] of Object.entries(body)) {
    const known = schema.properties !== undefined && Object.hasOwn(schema.properties, name)
    const late = known && name < highest
    if (late) {
      const fate = call.strict ? 'is dropped' : 'would be dropped by the platform'
      call.warn(`xml.order.${name}`, `<${name}> after <${highest}> is out of order and ${fate}`)
    }
    if (!late || !call.strict) kept[name] = value
    if (known && !late) highest = name
  }
  return kept
}

/**
 * Reads the members of JSON or of a form. Inferred: the platform accepts names in any case, numbers
 * written as text, and text written as numbers.
 */
function readLoosely(call: Call, value: unknown, schema: Schema | undefined, at: string): unknown {
  if (Array.isArray(value)) {
    return value.map((item, i) => readLoosely(call, item, schema?.items, `${at}[${i}]`))
  }
  if (!isRecord(value)) return readScalar(call, value, schema, at)
  const properties = schema?.properties ?? {}
  const names = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]))
  const read = new Map<string, unknown>()
  for (const [name, member] of Object.entries(value)) {
    const proper = names.get(name.toLowerCase()) ?? name
    const path = at === '' ? proper : `${at}.${proper}`
    if (proper !== name) call.warn(`name.case.${path}`, `${name} is read as ${path}`)
    if (read.has(proper)) {
      const flaw = { kind: 'duplicate-name' } as const
      throw new Problem(400, 'body.malformed', `${path} is given twice`, { flaw })
    }
    const property = Object.hasOwn(properties, proper) ? properties[proper] : undefined
    read.set(proper, readLoosely(call, member, property, path))
  }
  return Object.fromEntries(read)
}

/** Converts a value to the type of its field, with a warning unless the format has no types. */
function readScalar(call: Call, value: unknown, schema: Schema | undefined, at: string): unknown {
  const types = typesOf(schema)
  const isForm = call.bodyType === FORM.mediaType
  // An empty field of a form is no number, so it counts as absent.
  if (isForm && value === '' && !types.includes('string') && schema) return null
  const typed = converted(value, types, schema)
  if (typeof typed !== typeof value && !isForm) {
    const expected = typeof typed
    const [wanted, given] = [expected, typeof value].map((type) =>
      type === 'string' ? 'text' : `a ${type}`,
    )
    call.warn(`type.${at}`, `${at} should be ${wanted}, not ${given}`, { expected })
  }
  if (typeof typed === 'number' && schema?.['x-bits'] === 32 && isBeyondInt32(typed)) {
    const limit = 'integer of 32 bits'
    call.refuseIfStrict(invalid([{ part: 'body', at: [at], rule: 'type', limit }]))
  }
  return typed
}

function converted(value: unknown, types: readonly string[], schema: Schema | undefined): unknown {
  const isScalar = typeof value === 'number' || typeof value === 'boolean'
  if (isScalar && types.includes('string') && !types.includes(typeof value)) return String(value)
  if (types.includes('boolean') && (value === 0 || value === 1)) return value === 1
  return cast(value, schema)
}
