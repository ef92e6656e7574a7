import type { Call } from '../../core/call.ts'
import { json } from '../../core/formats/json.ts'
import { xml } from '../../core/formats/xml.ts'
import type { Format } from '../../core/formats/format.ts'
import { mediaTypeOf } from '../../core/http/content-type.ts'
import { Problem } from '../../core/problem.ts'
import { preferenceFor, preferredType } from '../../core/request/negotiation.ts'
import { cast, isRecord, type Schema } from '../../core/contract/schema.ts'

/**
 * Reads an empty body as an empty User, which then lacks credentials. Assumed: as the framework
 * does.
 */
function emptyIsUser(format: Format): Format {
  return {
    ...format,
    read: (text, schema) => (text.trim() === '' ? {} : format.read!(text, schema)),
  }
}

// Public: a real answer's root declares this namespace.
const XML = emptyIsUser(xml({ 'xmlns:i': 'http://www.w3.org/2001/XMLSchema-instance' }))
const JSON_FORMAT = emptyIsUser(json)

/** XML first: the page makes it the default. */
export const formats = [XML, JSON_FORMAT]

/** Matches paths in any case, and reads the framework's suffixes for the format. */
export function route(path: string, query: URLSearchParams): string {
  const [, stem = path, suffix] = /^(.*?)(?:\.(json|xml))?$/.exec(path.toLowerCase()) ?? []
  if (suffix && !query.has('format')) query.set('format', suffix)
  return stem
}

/**
 * The answer's format: `format` (public), else Accept, else the request's own format, else XML (the
 * page).
 */
export function answerType(call: Call): string {
  const name = call.query.get('format')?.toLowerCase()
  const byQuery = formats.find(({ mediaType }) => mediaType === `application/${name}`)
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
 * The media type of a body: XML where no Content-Type is given (the page). By default, curl, PHP
 * and Ruby send form-urlencoded and fetch sends text/plain; then the body's first character
 * decides.
 */
export function bodyType(call: Call, text: string): string {
  const type = statedType(call)
  if (type) return type
  const named = mediaTypeOf(call.headers['content-type'])
  if (!named) return XML.mediaType
  const start = text.trimStart().charAt(0)
  const read = start === '<' || start === '' ? XML : start === '{' ? JSON_FORMAT : undefined
  const message = 'The Content-Type must be application/json or application/xml'
  const problem = new Problem(400, 'media.unsupported', message)
  if (!read || (named !== 'application/x-www-form-urlencoded' && named !== 'text/plain')) {
    throw problem
  }
  call.refuseIfStrict(problem)
  return read.mediaType
}

/**
 * Applies the rules of the platform's readers: the case of names, types and the order of elements.
 */
export function prepare(call: Call): void {
  const schema = call.operation!.requestSchema(call.bodyType)
  if (!isRecord(call.body)) return
  if (call.bodyType === XML.mediaType) call.body = readInOrder(call, call.body)
  else call.body = readLoosely(call, call.body, schema)
}

/**
 * Checks the order of XML elements. Public: they must be in alphabetical order, and the platform's
 * reader silently skips a late one. `strict` drops it too, `documented` keeps it; both add a
 * warning. Unknown elements do not count.
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
 * Reads JSON members. Inferred: the platform accepts names in any case, and numbers written as
 * text.
 */
function readLoosely(
  call: Call,
  body: Record<string, unknown>,
  schema: Schema,
): Record<string, unknown> {
  const names = new Map(
    Object.keys(schema.properties ?? {}).map((name) => [name.toLowerCase(), name]),
  )
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(body)) {
    const proper = names.get(name.toLowerCase()) ?? name
    if (proper !== name) call.warn(`name.case.${proper}`, `${name} is read as ${proper}`)
    if (Object.hasOwn(read, proper)) {
      const flaw = { kind: 'duplicate-name' } as const
      throw new Problem(400, 'body.malformed', `${proper} is given twice`, { flaw })
    }
    const typed = cast(value, schema.properties?.[proper])
    if (typeof typed !== typeof value) {
      const expected = typeof typed
      call.warn(`type.${proper}`, `${proper} should be a ${expected}, not text`, { expected })
    }
    read[proper] = typed
  }
  return read
}
