import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isRecord } from '../../src/core/contract/schema.ts'
import {
  withUniqueFields,
  changes,
  COMPONENTS,
  independently,
  readLoosely,
  userSchema,
  valuesOf,
} from '../helpers/bodies.ts'
import {
  expectRefusal,
  jsonEndpoints,
  send,
  usersOf,
  xmlEndpoint,
  type Seen,
} from '../helpers/raw-requests.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { createSandbox } from '../helpers/sandbox.ts'

const RUNS = { numRuns: repetitions(60, 1000) }

/** Any text that JSON can contain. */
const anyText = fc.string({ unit: 'binary', maxLength: 20 })

describe.each(jsonEndpoints)('A body at $name', (route) => {
  const { api } = route
  const schema = userSchema(api)
  const allows = independently(api, COMPONENTS[api])
  const expected = (body: unknown) =>
    allows(api === 'formsonfire' ? readLoosely(body, schema) : body)

  const verdict = ({ status, headers }: Seen) =>
    status === route.created ? 'accepted' : `${status} ${String(headers['standin-reason'])}`

  test('of any JSON gets the answer that the contract demands, and never a 5xx', async () => {
    const sandbox = await createSandbox()
    const anything = fc.oneof(fc.jsonValue(), fc.dictionary(names(), fc.jsonValue()))
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const before = usersOf(sandbox, route).length
        const body = isRecord(value) ? withUniqueFields(api, value) : value
        const seen = await send(sandbox, route, { body: JSON.stringify(body) })

        if (seen.headers['standin-reason'] === 'body.malformed') {
          // The reader refuses these although JSON allows them.
          expect(seen.text).toMatch(/given twice|__proto__|nested deeper/)
        } else if (expected(body)) expect(verdict(seen)).toBe('accepted')
        else expectRefusal(route, seen, 400, 'body.invalid')
        const created = seen.status === route.created ? 1 : 0
        expect(usersOf(sandbox, route)).toHaveLength(before + created)
      }),
      RUNS,
    )
    expect(sandbox.logged).toEqual([])
  })

  test('of any bytes gets an answer, and never a 5xx', async () => {
    const sandbox = await createSandbox()
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc
        .string({ unit: fc.constantFrom(...'{}[]",:\\u0019tfn \n-+.eE<>/&;') })
        .map((text) => Buffer.from(text)),
      fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => {
        const good = Buffer.from(route.body)
        good[at % good.length] = byte
        return good
      }),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const seen = await send(sandbox, route, { body })

        expect(seen.status).toBeLessThan(500)
        expect(JSON.parse(seen.text)).toBeTypeOf('object')
      }),
      RUNS,
    )
    expect(sandbox.logged).toEqual([])
  })

  test('that matches the documented schema is never refused', async () => {
    const sandbox = await createSandbox()
    await fc.assert(
      fc.asyncProperty(valuesOf(schema, anyText), async (value) => {
        const body = withUniqueFields(api, value)
        expect(allows(body)).toBe(true)

        const seen = await send(sandbox, route, { body: JSON.stringify(body) })

        expect(verdict(seen)).toBe('accepted')
      }),
      RUNS,
    )
  })

  test('with one change is refused exactly when Ajv alone refuses it', async () => {
    const sandbox = await createSandbox()
    const verdicts = new Set<boolean>()
    await fc.assert(
      fc.asyncProperty(valuesOf(schema, anyText), changes, async (value, change) => {
        const body = withUniqueFields(api, change(value as Record<string, unknown>))
        const valid = expected(body)
        verdicts.add(valid)

        const seen = await send(sandbox, route, { body: JSON.stringify(body) })

        expect(verdict(seen)).toBe(valid ? 'accepted' : '400 body.invalid')
        // Null is absent; every other conversion is named.
        if (valid && !allows(withoutNulls(body))) {
          expect(seen.headers['standin-warning']).toMatch(/;code=(?:type|name\.case)\./)
        }
      }),
      { numRuns: repetitions(120, 2000) },
    )
    // The comparison is worth something only when both happened.
    expect(verdicts).toEqual(new Set([true, false]))
  })

  function names() {
    const known = Object.keys(schema.properties ?? {})
    return fc.oneof(fc.constantFrom(...known), fc.string({ maxLength: 5 }), fc.constant('toString'))
  }
})

describe('A user in XML', () => {
  const schema = userSchema('formsonfire')
  const { Id: _, Status: __, Metadata, ...texts } = schema.properties!
  // CompanyId and IntegrationKey are credentials and are sent in the query.
  const { CompanyId: ___, IntegrationKey: ____, ...properties } = texts
  const written = { ...schema, properties: { ...properties, Metadata: Metadata! } }

  /** Any text that XML 1.0 can contain, carriage returns included. */
  const xmlText = fc
    .string({ unit: 'binary', maxLength: 12 })
    .map((text) =>
      text.replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '?'),
    )

  const space = fc.constantFrom('', ' ', '\n  ', '\r\n\t', '<!-- <Email>no</Email> -->', '<?pi x?>')

  test('equals the same user in JSON, in every notation that XML allows', async () => {
    await fc.assert(
      fc.asyncProperty(
        valuesOf(written, xmlText),
        fc.infiniteStream(fc.nat(99)),
        space,
        fc.constantFrom('', 'p', 'ns-1'),
        fc.boolean(),
        async (value, choices, gap, prefix, shuffled) => {
          const body = withoutNulls(withUniqueFields('formsonfire', value))
          const names = Object.keys(body).toSorted()
          if (shuffled) names.sort((a, b) => a.length - b.length || a.localeCompare(b))
          const next = () => choices.next().value as number
          const xml = document(body, names, prefix, gap, next)
          const asXml = await createdRow(xml, xmlEndpoint)
          const asJson = await createdRow(JSON.stringify(body), jsonEndpoints[2]!)

          expect(asXml).toEqual(asJson)
        },
      ),
      { numRuns: repetitions(40, 600) },
    )
  })

  async function createdRow(body: string, route: typeof xmlEndpoint): Promise<object> {
    const sandbox = await shared()
    const seen = await send(sandbox, route, { body })
    expect([seen.status, seen.text]).toEqual([200, expect.stringContaining('Invited')])
    const [row, ...others] = usersOf(sandbox, route)
    expect(others).toEqual([])
    const { id, createdAt: _created, ...rest } = row as { id: string; createdAt: string }
    sandbox.sandbox.store.transact(() => {
      sandbox.sandbox.store.collection('formsonfire.users').remove(id)
      return undefined
    })
    return rest
  }

  let sharedSandbox: ReturnType<typeof createSandbox> | undefined
  const shared = () => (sharedSandbox ??= createSandbox())

  test('of any text gets an answer, and never a 5xx', async () => {
    const sandbox = await createSandbox()
    const piece = fc.constantFrom(
      '<User>',
      '</User>',
      '<Email>',
      '</Email>',
      '<',
      '>',
      '&',
      '&amp;',
      ';',
      '<![CDATA[',
      ']]>',

      '<!--',
      '-->',
      '<?xml version="1.0"?>',
      '<!DOCTYPE',
      '"',
      "'",
      '=',
      'xmlns:a="b"',
      'a:',
      ' ',

      '<Folders>',
      '<Id/>',
      '</Folders>',
      'é',
      '\ufeff',
      '\u0000',
      '<_/>',
      '&#x10FFFF;',
      '&#xD800;',
    )
    const bodies = fc.oneof(
      fc.array(piece, { maxLength: 15 }).map((pieces) => pieces.join('')),
      fc.array(piece, { maxLength: 8 }).map((pieces) => `<User>${pieces.join('')}</User>`),
      fc.tuple(fc.nat(), piece).map(([at, text]) => {
        const place = at % xmlEndpoint.body.length
        return xmlEndpoint.body.slice(0, place) + text + xmlEndpoint.body.slice(place)
      }),
    )
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const seen = await send(sandbox, xmlEndpoint, { body })

        expect(seen.status).toBeLessThan(500)
        expect(seen.text).toMatch(/^<\?xml .*<\/\w+>$/)
        if (seen.status !== 200) expect(seen.headers['standin-reason']).toMatch(/^\w/)
      }),
      { numRuns: repetitions(120, 2000) },
    )
    expect(sandbox.logged).toEqual([])
  })
})

function withoutNulls(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(body)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [
        name,
        Array.isArray(value)
          ? value.map((item: unknown) => (isRecord(item) ? withoutNulls(item) : item))
          : value,
      ]),
  )
}

/** Writes the user as an XML document; `next` decides between equivalent notations. */
function document(
  body: Record<string, unknown>,
  names: readonly string[],
  prefix: string,
  gap: string,
  next: () => number,
): string {
  const tag = (name: string) => (prefix ? `${prefix}:${name}` : name)
  const element = (name: string, inner: string) =>
    inner === '' && next() % 2 ? `<${tag(name)} />` : `<${tag(name)}>${inner}</${tag(name)}>`
  const content = (value: unknown): string => {
    if (Array.isArray(value)) {
      return value
        .map((item: unknown) => gap + element(isRecord(item) ? 'KeyValue' : 'Id', content(item)))
        .join('')
    }
    if (isRecord(value)) {
      return Object.entries(value)
        .map(([name, inner]) => gap + element(name, content(inner)) + gap)
        .join('')
    }
    if (typeof value === 'boolean') return String(next() % 2 ? value : Number(value))
    return [...String(value)].map((point) => character(point, next())).join('')
  }
  const namespace = prefix ? ` xmlns:${prefix}="urn:a&amp;b"` : next() % 2 ? ' xmlns="urn:x"' : ''
  const declaration = next() % 2 ? '<?xml version="1.0" encoding="utf-8"?>' : ''
  const members = names.map((name) => gap + element(name, content(body[name]))).join('')
  const attribute = next() % 2 ? ` a='"'` : ''
  return `${declaration}<${tag('User')}${namespace}${attribute}>${members}${gap}</${tag('User')}>\n`
}

const NAMED: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
}

function character(point: string, choice: number): string {
  const code = point.codePointAt(0)!
  // An unescaped carriage return would be read as a line feed.
  if (point === '\r') return choice % 2 ? '&#13;' : '&#xD;'
  if (choice < 10) return `&#${code};`
  if (choice < 20) return `&#x${code.toString(16)};`
  if (choice < 30) return `<![CDATA[${point}]]>`
  if (choice < 35) return `${NAMED[point] ?? point}<!-- & < -->`
  return NAMED[point] ?? point
}
