import type { Call } from '../../core/call.ts'
import { json } from '../../core/formats/json.ts'
import { xml } from '../../core/formats/xml.ts'
import type { Format } from '../../core/formats/format.ts'
import { mediaTypeOf } from '../../core/http/content-type.ts'
import { Problem } from '../../core/problem.ts'
import { cast, isRecord, type Schema } from '../../core/contract/schema.ts'

/** An empty body is an empty User, which then lacks credentials. Assumed: as the framework does. */
function emptyIsUser(format: Format): Format {
  return {
    ...format,
    read: (text, schema) => (text.trim() === '' ? {} : format.read!(text, schema)),
  }
}

// Public: a real answer's root declares this namespace.
const XML = emptyIsUser(xml({ 'xmlns:i': 'http://www.w3.org/2001/XMLSchema-instance' }))
const JSON_FORMAT = emptyIsUser(json)

/** XML first: the page says that it is assumed when nothing else is said. */
export const formats = [XML, JSON_FORMAT]

/** Path match in any case, with the framework's suffixes for the format. */
export function route(path: string, query: URLSearchParams): string {
  const [, stem = path, suffix] = /^(.*?)(?:\.(json|xml))?$/.exec(path.toLowerCase()) ?? []
  if (suffix && !query.has('format')) query.set('format', suffix)
  return stem
}

/** `format` (public), then Accept, then the request's own, then XML (the page). */
export function answerType(call: Call): string {
  const wanted = call.query.get('format')?.toLowerCase()
  const asked = formats.find(({ mediaType }) => mediaType === `application/${wanted}`)
  const own = stated(call)
  const accepted = (call.headers.accept ?? '')
    .split(',')
    .map((range) => mediaTypeOf(range).replace('text/xml', XML.mediaType))
  const byAccept = own && accepted.includes(own) ? own : undefined
  const first = [JSON_FORMAT, XML].find(({ mediaType }) => accepted.includes(mediaType))
  return asked?.mediaType ?? byAccept ?? first?.mediaType ?? own ?? XML.mediaType
}

/** What the Content-Type says, where it says JSON or XML. */
function stated(call: Call): string | undefined {
  const type = mediaTypeOf(call.headers['content-type'])
  if (type === 'application/json' || type === 'text/json') return JSON_FORMAT.mediaType
  if (type === 'application/xml' || type === 'text/xml') return XML.mediaType
  return undefined
}

/**
 * The page: XML when no type is given. curl, PHP and Ruby send form-urlencoded and fetch sends
 * text/plain when they are told nothing, so there the body's first character decides.
 */
export function bodyType(call: Call, text: string): string {
  const type = stated(call)
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

/** Where the platform's readers do more than the format says: in names, types and order. */
export function prepare(call: Call): void {
  const schema = call.operation!.requestSchema(call.bodyType)
  if (!isRecord(call.body)) return
  if (call.bodyType === XML.mediaType) call.body = inOrder(call, call.body)
  else call.body = loosely(call, call.body, schema)
}

/**
 * Public: XML elements stand in alphabetical order, and the platform's reader skips one that comes
 * late without a word. `strict` drops it too; `documented` keeps it. Both say so. Elements that
 * it does not know are passed over and make no other late.
 */
function inOrder(call: Call, body: Record<string, unknown>): Record<string, unknown> {
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

/** Inferred: the platform's JSON reader takes names in any case, and numbers written as text. */
function loosely(
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
