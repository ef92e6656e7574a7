import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import net from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createCaller } from '../helpers/caller.ts'
import {
  endpoints,
  expectItStillServes,
  expectRefusal,
  jsonEndpoints,
  parsed,
  raw,
  send,
  statusAt,
  usersOf,
  xmlEndpoint,
  type Endpoint,
  type Seen,
  type Sent,
} from '../helpers/raw-requests.ts'
import { createPlainSandbox, createSandbox, type TestSandbox } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'

const SECRET = 'hunter2-TopSecret'
const SECRETS = [SECRET, '0123456789abcdef0123456789abcdef', 'partner-secret', 'standin-token']
const DEEP = 100_000
const ZEROS = gzipSync(Buffer.alloc(100_000_000))
const BIG = Buffer.alloc(10_000_000, 'a')

/** A bad request, made from the endpoint's good body, and its expected refusal. */
interface Case {
  readonly what: string
  readonly sent: (endpoint: Endpoint) => Sent
  readonly status: number
  readonly reason: string
  /** The codes of the warnings, if the endpoint reads this request although others refuse it. */
  readonly warnings?: (endpoint: Endpoint) => readonly string[] | undefined
}

const bad = (
  what: string,
  made: (good: string) => string | Buffer,
  reason = 'body.malformed',
): Case => ({
  what,
  sent: (endpoint) => ({ body: made(withSecret(endpoint)) }),
  status: 400,
  reason,
})

/** A body that the XML endpoint reads, with these warnings. */
const readAsXml = (one: Case, ...warnings: readonly string[]): Case => ({
  ...one,
  warnings: ({ answers }) => (answers === 'xml' ? warnings : undefined),
})

/** Returns the good body with a password that no answer may contain. */
function withSecret(endpoint: Endpoint): string {
  const name = endpoint.api === 'formsonfire' ? 'Password' : 'password'
  if (endpoint.answers === 'xml')
    return endpoint.body.replace('<WebsiteRole>', `<Password>${SECRET}</Password><WebsiteRole>`)
  return JSON.stringify({ ...(JSON.parse(endpoint.body) as object), [name]: SECRET })
}

const inside = (good: string, members: string) => `${good.slice(0, -1)},${members}}`

const inJson: readonly Case[] = [
  bad('cut off', (good) => good.slice(0, -2)),
  bad('cut off in a string', (good) => good.slice(0, good.indexOf(SECRET) + SECRET.length)),
  bad('with a comma too many', (good) => inside(good, '').replace(',}', ',}')),
  bad('in single quotes', (good) => good.replaceAll('"', "'")),
  bad('with an unquoted secret', (good) => good.replace(`"${SECRET}"`, SECRET)),
  bad('with a comment', (good) => `/* hi */${good}`),
  bad('with NaN', (good) => inside(good, '"x":NaN')),
  bad('with a leading zero', (good) => inside(good, '"x":01')),
  bad('twice', (good) => good + good),
  bad('with text after it', (good) => `${good} ${SECRET}`),
  bad('with a raw control character', (good) => good.replace(SECRET, `${SECRET}\n`)),
  bad('with a wrong escape', (good) => good.replace(SECRET, `${SECRET}\\x41`)),
  bad('with a no-break space', (good) => good.replace('{', '{\u00a0')),
  bad('with a name given twice', (good) => inside(good, '"x":1,"x":2')),
  bad('with a name twice, once escaped', (good) => inside(good, '"x":1,"\\u0078":2')),
  bad('with a name twice, deeper', (good) => inside(good, '"o":[{"p":{"x":1,"x":1}}]')),
  bad('with __proto__', (good) => inside(good, '"__proto__":{"isAdmin":true}')),
  bad('with __proto__, escaped', (good) => inside(good, '"\\u005f_proto__":{"isAdmin":true}')),
  bad('with __proto__, deeper', (good) => inside(good, '"a":[{"__proto__":{"x":1}}]')),
  bad('100,000 arrays deep', () => '['.repeat(DEEP) + ']'.repeat(DEEP)),
  bad('100,000 objects deep', () => '{"a":'.repeat(DEEP) + '1' + '}'.repeat(DEEP)),
  bad('deep below a good field', (good) => inside(good, `"x":${'['.repeat(DEEP)}`)),
  bad('of closing brackets', () => ']'.repeat(DEEP)),
  bad('of a million quotes', () => '"'.repeat(1_000_000)),
  bad('of a million escapes', () => `{"a":"${'\\"'.repeat(500_000)}`),
  bad('of a million spaces and a letter', () => `${' '.repeat(1_000_000)}x`),
  bad('with two byte order marks', (good) => `\ufeff\ufeff${good}`),
  bad('null', () => 'null', 'body.invalid'),
  bad('a number', () => '1e999', 'body.invalid'),
  bad('a string', () => `"${SECRET}"`, 'body.invalid'),
  bad('true', () => 'true', 'body.invalid'),
  bad('an array', (good) => `[${good}]`, 'body.invalid'),
]

const element = (good: string, inner: string) =>
  good.replace('<WebsiteRole>', `${inner}<WebsiteRole>`)
const SUBSET = `<!DOCTYPE User [ <!ENTITY a "${'b'.repeat(50)}">`
const LAUGHS = Array.from(
  { length: 9 },
  (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`,
).join('')

const inXml: readonly Case[] = [
  bad('with two roots', (good) => `${good}<User/>`),
  bad('with text after the root', (good) => `${good}${SECRET}`),
  bad('with text before the root', (good) => `x${good}`),
  bad('with text between elements', (good) => element(good, SECRET)),
  bad('with another root', () => `<${'Person'.repeat(10_000)}/>`),
  bad('with an attribute twice', (good) => good.replace('<User>', '<User a="1" a="2">')),
  bad('with a namespaced attribute twice', (good) =>
    good.replace('<User>', '<User xmlns:p="u" xmlns:q="u" p:a="1" q:a="2">'),
  ),
  bad('with a raw control character', (good) => element(good, '<Country>\u0001</Country>')),
  bad('with a control character by number', (good) => element(good, '<Country>&#1;</Country>')),
  bad('with a null by number', (good) => element(good, '<Country>&#0;</Country>')),
  bad('with XML 1.1 and its control characters', (good) =>
    element(`<?xml version="1.1"?>${good}`, '<Country>&#1;</Country>'),
  ),
  bad('with U+FFFE', (good) => element(good, '<Country>\ufffe</Country>')),
  bad('with an unbound prefix', (good) => element(good, '<p:Country/>')),
  bad('with a password for a prefix', (good) => element(good, `<${SECRET}:x/>`)),
  bad('with an unbound prefix on an attribute', (good) => element(good, '<Country i:nil="1"/>')),
  bad('with a DOCTYPE', (good) => `<!DOCTYPE User>${good}`),
  bad('with an internal entity', (good) => element(`${SUBSET}]>${good}`, '<Country>&a;</Country>')),
  bad('with a billion laughs', (good) =>
    element(`<!DOCTYPE User [<!ENTITY l0 "lol">${LAUGHS}]>${good}`, '<Country>&l9;</Country>'),
  ),
  bad('with an external entity', (good) =>
    element(
      `<!DOCTYPE User [<!ENTITY x SYSTEM "file:///etc/passwd">]>${good}`,
      '<Country>&x;</Country>',
    ),
  ),
  bad('with an external DTD', (good) => `<!DOCTYPE User SYSTEM "http://127.0.0.1:1/x">${good}`),
  bad('with an entity nobody declared', (good) => good.replace(SECRET, `&${SECRET};`)),
  bad('with a bare ampersand', (good) => good.replace(SECRET, `${SECRET} & co`)),
  bad('with a bare < in a password', (good) => good.replace(SECRET, `a<${SECRET}`)),
  bad('with a wrong end tag', (good) => good.replace('</Password>', `</${SECRET}>`)),
  bad('cut off', (good) => good.slice(0, -8)),
  bad('cut off in the secret', (good) => good.slice(0, good.indexOf(SECRET) + 10)),
  bad('with a late XML declaration', (good) => ` <?xml version="1.0"?>${good}`),
  bad('with -- in a comment', (good) => element(good, '<!-- a -- b -->')),
  bad('with ]]> in text', (good) => element(good, '<Country>]]></Country>')),
  bad('JSON', () => `{"Password":"${SECRET}"}`),
  ...['__proto__', '_', '$', 'toString', 'constructor', 'hasOwnProperty', 'cdata'].map((name) =>
    bad(`with <${name}>`, (good) => element(good, `<${name}><isAdmin>1</isAdmin></${name}>`)),
  ),
  bad('with <p:__proto__>', (good) => element(good, '<p:__proto__ xmlns:p="u">x</p:__proto__>')),
  bad('with <__proto__> below a list', (good) =>
    good.replace('<Folders>', '<Folders><__proto__/>'),
  ),
  bad('100,000 elements deep', () => '<a>'.repeat(DEEP) + '</a>'.repeat(DEEP)),
  bad('40 elements deep', (good) => element(good, '<a>'.repeat(40) + '</a>'.repeat(40))),
  bad('deep below a good field', (good) => element(good, '<Country>'.repeat(DEEP))),
  bad('with 100,000 elements', (good) => element(good, '<x/>'.repeat(DEEP))),
  readAsXml(
    bad('with an element twice', (good) => element(good, '<LastName>B</LastName>')),
    'xml.repeated.LastName',
  ),
  bad('with an element in a text', (good) => good.replace('>Ada<', '><b/>Ada<'), 'body.invalid'),
  bad('with text for a list', (good) => element(good, '<Metadata>a</Metadata>'), 'body.invalid'),
  readAsXml(
    bad('with a list twice', (good) => element(good, '<Groups><Id/></Groups>')),
    'xml.repeated.Groups',
  ),
]

const inAny: readonly Case[] = [
  bad('with a broken UTF-8 byte', (good) => spliced(good, [0xff])),
  bad('with an overlong UTF-8 form', (good) => spliced(good, [0xc0, 0xaf])),
  bad('with a surrogate in UTF-8', (good) => spliced(good, [0xed, 0xa0, 0x80])),
  bad('ended within a UTF-8 character', (good) => Buffer.concat([buffer(good), bytes([0xe2])])),
  readAsXml(bad('in UTF-16', (good) => Buffer.from(`\ufeff${good}`, 'utf16le'))),
  readAsXml(
    bad('in UTF-16 of the other byte order', (good) =>
      Buffer.from(`\ufeff${good}`, 'utf16le').swap16(),
    ),
  ),
  bad('in UTF-16, ended within a character', (good) =>
    Buffer.from(`\ufeff${good}`, 'utf16le').subarray(0, -1),
  ),
  bad('of a mark of UTF-16 before UTF-8', (good) =>
    Buffer.concat([bytes([0xff, 0xfe]), buffer(good)]),
  ),
  bad('of null bytes', () => Buffer.alloc(1000)),
  {
    what: 'of 10 MB with their length',
    sent: () => ({ body: BIG }),
    status: 413,
    reason: 'body.too-large',
  },
  {
    what: 'of 10 MB in chunks',
    sent: () => ({ body: BIG, chunked: true }),
    status: 413,
    reason: 'body.too-large',
  },
  {
    what: 'of 100 MB of zeros in gzip',
    sent: () => ({ body: ZEROS, headers: { 'Content-Encoding': 'gzip' } }),
    status: 413,
    reason: 'body.too-large',
  },
  {
    what: 'in gzip that is cut off',
    sent: (endpoint) => ({
      body: gzipSync(endpoint.body).subarray(0, -9),
      headers: { 'Content-Encoding': 'gzip' },
    }),
    status: 400,
    reason: 'body.malformed',
  },
  {
    what: 'in gzip with a wrong checksum',
    sent: (endpoint) => {
      const packed = gzipSync(endpoint.body)
      packed.writeUInt32LE(1, packed.length - 8)
      return { body: packed, headers: { 'Content-Encoding': 'gzip' } }
    },
    status: 400,
    reason: 'body.malformed',
  },
  ...['gzip', 'deflate', 'br'].map((coding) => ({
    what: `that says ${coding} and is plain`,
    sent: ({ body: good }: Endpoint) => ({ body: good, headers: { 'Content-Encoding': coding } }),
    status: 400,
    reason: 'body.malformed',
  })),
  {
    what: 'in gzip that says nothing of it',
    sent: (endpoint) => ({ body: gzipSync(endpoint.body) }),
    status: 400,
    reason: 'body.malformed',
  },
  ...['zstd', 'gzip, gzip', 'compress', '__proto__'].map((coding) => ({
    what: `with the content encoding ${coding}`,
    sent: ({ body: good }: Endpoint) => ({ body: good, headers: { 'Content-Encoding': coding } }),
    status: 415,
    reason: 'encoding.unsupported',
  })),
  ...['utf-16', 'x-nothing', '__proto__'].map((charset): Case => ({
    what: `with the charset ${charset}`,
    sent: ({ body: good, answers }: Endpoint) => ({
      body: good,
      headers: { 'Content-Type': `application/${answers}; charset=${charset}` },
    }),
    status: 415,
    reason: 'charset.unsupported',
    warnings: ({ answers }) =>
      answers === 'xml' && charset === 'utf-16' ? ['charset.contradictory'] : undefined,
  })),
  ...['image/png', 'multipart/form-data; boundary=x', 'application/json-seq', '/'].map((type) => ({
    what: `with the type ${type}`,
    sent: ({ body: good, answers }: Endpoint) => ({
      body: good,
      headers: { 'Content-Type': type, Accept: `application/${answers}` },
    }),
    status: 415,
    reason: 'media.unsupported',
  })),
]

function buffer(text: string): Buffer {
  return Buffer.from(text)
}
function bytes(codes: readonly number[]): Buffer {
  return Buffer.from(codes)
}
/** Returns the text with these bytes in the middle of the secret. */
function spliced(text: string, codes: readonly number[]): Buffer {
  const at = text.indexOf(SECRET) + 3
  return Buffer.concat([buffer(text.slice(0, at)), bytes(codes), buffer(text.slice(at))])
}

/**
 * Answers of each API to methods other than POST at the path of its endpoint, and to nearby paths.
 */
interface Methods {
  readonly allow: string
  /** The status and the reason of a request without a body. */
  readonly answered: Readonly<Record<string, readonly [status: number, reason?: string]>>
  /** The methods of one user, if its path is below the endpoint. */
  readonly allowBelow: string
  /** The warnings for slashes at the end, where they are read. */
  readonly endings: Readonly<
    Record<'documented' | 'strict', Readonly<Record<string, readonly string[]>>>
  >
}

const METHODS: Readonly<Record<Endpoint['api'], Methods>> = {
  mykaarma: {
    allow: 'POST',
    answered: {},
    allowBelow: 'PUT',
    endings: { documented: {}, strict: {} },
  },
  cryptlex: {
    allow: 'GET, HEAD, POST',
    answered: { GET: [200] },
    allowBelow: 'DELETE, PATCH',
    endings: { documented: { '/': ['route.unknown'] }, strict: {} },
  },
  formsonfire: {
    allow: 'GET, HEAD, POST, PUT, DELETE',
    allowBelow: '',
    answered: {
      GET: [400, 'user.unnamed'],
      PUT: [400, 'body.invalid'],
      DELETE: [400, 'body.invalid'],
    },
    endings: { documented: { '/': [], '//': [] }, strict: { '/': [], '//': [] } },
  },
}

/** The codes of an answer's warnings. */
function warningsOf({ headers }: Seen): readonly string[] {
  return [...String(headers['standin-warning'] ?? '').matchAll(/;code=([^,]+)/g)].map(
    ([, code]) => code!,
  )
}

describe('Bad input', () => {
  describe.each([
    ...jsonEndpoints.map((endpoint) => ({ endpoint, cases: [...inJson, ...inAny] })),
    { endpoint: xmlEndpoint, cases: [...inXml, ...inAny] },
  ])('at $endpoint.name', ({ endpoint, cases }) => {
    const refused = cases.filter(({ warnings }) => !warnings?.(endpoint))

    test.each(refused)('a body $what is refused', async ({ sent, status, reason }) => {
      const sandbox = await createSandbox()

      const seen = await send(sandbox, endpoint, sent(endpoint))

      expectRefusal(endpoint, seen, status, reason, SECRETS)
      await expectItStillServes(sandbox, endpoint)
      expect(sandbox.logged).toEqual([])
    })

    test.each([
      ['gzip', gzipSync],
      ['x-gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ])('a good body in %s is accepted', async (coding, pack) => {
      const sandbox = await createSandbox()
      const headers = { 'Content-Encoding': coding }

      const seen = await send(sandbox, endpoint, {
        body: pack(endpoint.body),
        headers,
        chunked: true,
      })

      expect(seen.status).toBe(endpoint.created)
      expect(usersOf(sandbox, endpoint)).toHaveLength(1)
    })

    test('a byte order mark before a good body is ignored', async () => {
      const sandbox = await createSandbox()

      const seen = await send(sandbox, endpoint, { body: `\ufeff${endpoint.body}` })

      expect(seen.status).toBe(endpoint.created)
    })

    test('a body that stalls is refused at the time limit, and the connection is closed', async () => {
      const sandbox = await createSandbox({ bodyTimeout: 60 })
      const part = withSecret(endpoint).slice(0, 40)

      const seen = parsed(await raw(sandbox, head(endpoint, 'Content-Length: 400') + part))

      expectRefusal(endpoint, seen, 408, 'body.too-slow', SECRETS)
      expect(seen.headers['connection']).toBe('close')
      await expectItStillServes(sandbox, endpoint)
    })

    test('a body that is too large and never ends is refused at the time limit', async () => {
      const sandbox = await createSandbox({ bodyTimeout: 60, maxBody: 100_000 })

      const seen = parsed(
        await raw(sandbox, `${head(endpoint, 'Content-Length: 99999999')}${'x'.repeat(200_000)}`),
      )

      expectRefusal(endpoint, seen, 413, 'body.too-large')
    })

    test('a chunked gzip body that stalls is refused at the time limit', async () => {
      const sandbox = await createSandbox({ bodyTimeout: 60 })
      const part = gzipSync(endpoint.body).subarray(0, 20)
      const start = head(endpoint, 'Transfer-Encoding: chunked\r\nContent-Encoding: gzip')
      const chunk = Buffer.concat([buffer('14\r\n'), part, buffer('\r\n')])

      const seen = parsed(await raw(sandbox, Buffer.concat([buffer(start), chunk])))

      expectRefusal(endpoint, seen, 408, 'body.too-slow')
    })

    test.each(['Content-Length: 400', 'Transfer-Encoding: chunked\r\nContent-Encoding: gzip'])(
      'a request that its caller aborts half way (%s) stores nothing and logs nothing',
      async (framing) => {
        const sandbox = await createSandbox()
        const started = requestsOf(sandbox)
        const transact = vi.spyOn(sandbox.sandbox.store, 'transact')
        const socket = net.connect(sandbox.port, '127.0.0.1')
        const part = framing.startsWith('T') ? '4\r\n\x1f\x8b\x08\x00\r\n' : '{"a'
        socket.write(Buffer.from(head(endpoint, framing) + part, 'latin1'))
        await eventually(() => expect(started).toHaveLength(1))
        socket.destroy()
        await eventually(() => expect(started[0]!.closed).toBe(true))

        expect(transact).not.toHaveBeenCalled()
        await expectItStillServes(sandbox, endpoint)
        expect(sandbox.logged).toEqual([])
      },
    )

    test.each(['100-continue', '200-ok', 'hunter2'])(
      'the header Expect: %s is no obstacle to a good request',
      async (expectation) => {
        const sandbox = await createSandbox()
        const length = Buffer.byteLength(endpoint.body)
        const framing = `Content-Length: ${length}\r\nConnection: close\r\nExpect: ${expectation}`

        const seen = parsed(await raw(sandbox, head(endpoint, framing) + endpoint.body))

        expect(seen.status).toBe(endpoint.created)
        expect(usersOf(sandbox, endpoint)).toHaveLength(1)
      },
    )

    test('a good request without a Host header is answered', async () => {
      const sandbox = await createSandbox()
      const framing = `Content-Length: ${Buffer.byteLength(endpoint.body)}\r\nConnection: close`
      const text = head(endpoint, framing).replace('Host: localhost\r\n', '') + endpoint.body

      expect(parsed(await raw(sandbox, text)).status).toBe(endpoint.created)
    })

    test('other methods are refused with the allowed ones', async () => {
      const sandbox = await createSandbox()
      const { allow, answered } = METHODS[endpoint.api]

      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
        const seen = await send(sandbox, endpoint, { method })

        const [status, reason] = answered[method] ?? [405, 'method.not-allowed']
        if (reason) expectRefusal(endpoint, seen, status, reason)
        else expect([method, seen.status, seen.text]).toEqual([method, status, '[]'])
        expect([method, seen.headers['allow']]).toEqual([
          method,
          method in answered ? undefined : allow,
        ])
      }
      await expectItStillServes(sandbox, endpoint)
    })

    test('HEAD is answered as GET is, without a body', async () => {
      const sandbox = await createSandbox()
      const { allow, answered } = METHODS[endpoint.api]

      const get = await send(sandbox, endpoint, { method: 'GET' })
      const seen = await send(sandbox, endpoint, { method: 'HEAD' })

      const [status, reason] = answered['GET'] ?? [405, 'method.not-allowed']
      expect([seen.status, seen.headers['standin-reason'], seen.text]).toEqual([status, reason, ''])
      expect(seen.headers['allow']).toBe('GET' in answered ? undefined : allow)
      expect(seen.headers['content-type']).toBe(get.headers['content-type'])
      await expectItStillServes(sandbox, endpoint)
    })

    test('paths below the endpoint are unknown, in every spelling', async () => {
      const sandbox = await createSandbox()
      const inUser = ['/..%2f..%2fLICENSE', '/%00', '/%zz', '/\\..\\', '/<script>', '/__proto__']
      const others = ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd']
      const { allowBelow } = METHODS[endpoint.api]

      for (const below of [...inUser, `/${'a'.repeat(8000)}`]) {
        const seen = await send(sandbox, endpoint, { path: under(below), body: endpoint.body })

        // The path of one user, where there is one.
        if (allowBelow) expectRefusal(endpoint, seen, 405, 'method.not-allowed')
        else expectRefusal(endpoint, seen, 404, 'route.unknown')
        expect(seen.headers['allow']).toBe(allowBelow)
      }
      for (const below of others) {
        const seen = await send(sandbox, endpoint, { path: under(below), body: endpoint.body })

        expectRefusal(endpoint, seen, 404, 'route.unknown')
      }
      await expectItStillServes(sandbox, endpoint)
    })

    test.each(['/', '//'])(
      'the path with %s at its end is read only where it may be',
      async (end) => {
        for (const profile of ['documented', 'strict'] as const) {
          const sandbox = await createSandbox({ profile: { all: profile } })

          const seen = await send(sandbox, endpoint, { path: under(end), body: endpoint.body })

          const warnings = METHODS[endpoint.api].endings[profile][end]
          if (warnings) {
            expect([seen.status, warningsOf(seen)]).toEqual([endpoint.created, warnings])
            expect(usersOf(sandbox, endpoint)).toHaveLength(1)
          } else {
            expectRefusal(endpoint, seen, 404, 'route.unknown')
            await expectItStillServes(sandbox, endpoint)
          }
        }
      },
    )

    function under(below: string): string {
      const [base = '', query = ''] = endpoint.path.split('?')
      return `${base}${below}${query && `?${query}`}`
    }

    test.each(['&', '&&&=', '&a', '&__proto__=1&constructor=2', '&%zz=%zz', '&a=%00', '&a[b]=1'])(
      'a query that ends in %s changes nothing',
      async (query) => {
        const sandbox = await createSandbox()
        const path = `${endpoint.path}${endpoint.path.includes('?') ? '' : '?'}${query}`

        const seen = await send(sandbox, endpoint, { path, body: endpoint.body })

        expect(seen.status).toBe(endpoint.created)
      },
    )

    test('20,000 query parameters exceed the limit on headers', async () => {
      const sandbox = await createSandbox()
      const path = `${endpoint.path}${endpoint.path.includes('?') ? '&' : '?'}${'a=1&'.repeat(20_000)}`

      const seen = await send(sandbox, endpoint, { path, body: endpoint.body })

      expect([seen.status, seen.headers['standin-reason']]).toEqual([431, 'headers.too-large'])
      expect(JSON.parse(seen.text)).toMatchObject({ status: 431, reason: 'headers.too-large' })
      await expectItStillServes(sandbox, endpoint)
    })

    test('7,000 empty query parameters are ignored', async () => {
      const sandbox = await createSandbox()
      const path = `${endpoint.path}${endpoint.path.includes('?') ? '&' : '?'}${'a&'.repeat(7000)}`

      expect((await send(sandbox, endpoint, { path, body: endpoint.body })).status).toBe(
        endpoint.created,
      )
    })
  })

  test.each([...inXml, ...inAny].filter(({ warnings }) => warnings?.(xmlEndpoint)))(
    'in XML, a body $what is read',
    async ({ sent, warnings }) => {
      const sandbox = await createSandbox()

      const seen = await send(sandbox, xmlEndpoint, sent(xmlEndpoint))

      expect([seen.status, warningsOf(seen)]).toEqual([xmlEndpoint.created, warnings!(xmlEndpoint)])
      for (const secret of SECRETS) {
        expect(seen.text + JSON.stringify(seen.headers)).not.toContain(secret)
      }
      // A repeated element changes nothing.
      const Groups = ['7c9e6679-7425-40de-944b-e07fc1f90ae7']
      expect(usersOf(sandbox, xmlEndpoint)).toMatchObject([
        { given: { FirstName: 'Ada', LastName: 'Byron', Groups } },
      ])
      expect(sandbox.logged).toEqual([])
    },
  )

  test.each(jsonEndpoints)(
    'at $name, names of Object.prototype are unknown fields',
    async (endpoint) => {
      const sandbox = await createSandbox()
      const names = ['constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__']
      const members = names.map((name) => `"${name}":{"isAdmin":true}`).join()

      const seen = await send(sandbox, endpoint, { body: inside(endpoint.body.trim(), members) })

      expect(seen.status).toBe(endpoint.created)
      for (const name of names) {
        expect(String(seen.headers['standin-warning'])).toContain(`unknown-field.${name}`)
      }
      expect(JSON.stringify(usersOf(sandbox, endpoint))).not.toContain('isAdmin')
      expect('isAdmin' in {}).toBe(false)
    },
  )

  test('a reseller id with an encoded null is accepted, and one that is not UTF-8 is refused', async () => {
    const sandbox = await createSandbox()
    const endpoint = endpoints.find(({ name }) => name === 'cryptlex')!
    const at = (id: string) => `/v3/resellers/${id}/users`

    for (const id of ['%zz', '%', '%ed%a0%80', '%ff']) {
      const seen = await send(sandbox, endpoint, { path: at(id), body: endpoint.body })
      expectRefusal(endpoint, seen, 400, 'path.malformed')
    }
    const seen = await send(sandbox, endpoint, { path: at('%00%0d%0a'), body: endpoint.body })
    expect(seen.status).toBe(201)
    expect(seen.headers['location']).toMatch(/^\/v3\/resellers\/%00%0D%0A\/users\//)
  })

  test('an answer to bad credentials can be read while a large body is being sent', async () => {
    const sandbox = await createSandbox()
    for (const endpoint of endpoints.slice(0, 2)) {
      const seen = await send(sandbox, endpoint, { body: BIG, headers: { Authorization: 'x' } })
      expect(seen.status).toBe(401)
    }
  })

  test.each([
    ['nonsense', 'hello\r\n\r\n', 400, 'http.malformed'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'http.malformed'],
    ['an unknown method', 'FOO /manage HTTP/1.1\r\n\r\n', 400, 'http.malformed'],
    ['a target without a slash', 'GET manage HTTP/1.1\r\n\r\n', 400, 'http.malformed'],
    ['HTTP/2 without a word', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'http.malformed'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n', 400, 'http.malformed'],
    ['a folded header', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 400, 'http.malformed'],
    ['a null in a header', 'GET / HTTP/1.1\r\nA: \0\r\n\r\n', 400, 'http.malformed'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
      'http.malformed',
    ],
    ['a negative length', 'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 400, 'http.malformed'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'http.malformed',
    ],
    [
      'headers of 20 kB',
      `GET / HTTP/1.1\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers.too-large',
    ],
    ['a target of 20 kB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`, 431, 'headers.too-large'],
    [
      '3,000 headers',
      `GET / HTTP/1.1\r\n${'Abcdef: ghijk\r\n'.repeat(3000)}\r\n`,
      431,
      'headers.too-large',
    ],
  ])('%s on a socket is answered in plain words', async (_, text, status, reason) => {
    const sandbox = await createSandbox()

    const seen = parsed(await raw(sandbox, Buffer.from(text, 'latin1')))

    expect([seen.status, seen.headers['standin-reason']]).toEqual([status, reason])
    expect(JSON.parse(seen.text)).toMatchObject({ status, reason })
    expect(Buffer.byteLength(seen.text)).toBe(Number(seen.headers['content-length']))
    await expectItStillServes(sandbox, endpoints[0]!)
  })

  test.each(endpoints)(
    'at $name, broken chunks are refused and create nothing',
    async (endpoint) => {
      const sandbox = await createSandbox()
      const text = `${head(endpoint, 'Transfer-Encoding: chunked')}5\r\nabcde\r\nZZ\r\n`

      const seen = parsed(await raw(sandbox, text))

      expect([seen.status, seen.headers['standin-reason']]).toEqual([400, 'http.malformed'])
      await expectItStillServes(sandbox, endpoint)
      expect(sandbox.logged).toEqual([])
    },
  )

  test('parallel bad and good requests do not disturb each other', async () => {
    const sandbox = await createSandbox()
    const answers = endpoints.flatMap((endpoint) =>
      [...inAny, ...(endpoint.answers === 'xml' ? inXml : inJson)].map(
        async ({ what, sent, status, warnings }, i) => {
          const isRead = warnings?.(endpoint) !== undefined
          // One that is read needs a user of its own.
          const own = { ...endpoint, body: endpoint.body.replaceAll('ada', `ada-${i}`) }
          const seen = await send(sandbox, endpoint, sent(isRead ? own : endpoint))
          expect([what, seen.status]).toEqual([
            what,
            isRead ? endpoint.created : statusAt(endpoint, status),
          ])
        },
      ),
    )
    const good = endpoints.map(async (endpoint) => {
      expect((await send(sandbox, endpoint, { body: endpoint.body })).status).toBe(endpoint.created)
    })

    await Promise.all([...answers, ...good])

    expect(sandbox.logged).toEqual([])
  })

  test('repeated bad requests do not grow the memory', async () => {
    const sandbox = await createPlainSandbox()
    const cases = endpoints.flatMap((endpoint) =>
      [...inAny, ...(endpoint.answers === 'xml' ? inXml : inJson)]
        // These are left out, because they take most of the time and a leak in them would show at
        // once.
        .filter(({ what }) => !what.includes('million') && !what.includes('10 MB'))
        .map((one) => ({ ...one, endpoint })),
    )
    let count = 0
    const round = async () => {
      for (const { endpoint, sent } of cases) {
        count++
        const given = sent(endpoint)
        const type = given.headers?.['Content-Type'] ?? endpoint.headers['Content-Type']
        const unique = type === undefined ? {} : { 'Content-Type': `${type}; p=${count}` }
        await send(sandbox, endpoint, { ...given, headers: { ...given.headers, ...unique } })
        const query = `${endpoint.path.includes('?') ? '&' : '?'}q${count}=1`
        await send(sandbox, endpoint, { path: `${endpoint.path}${query}`, body: `{"k${count}":[` })
        await send(sandbox, endpoint, {
          path: endpoint.path.replace('/user', `/u${count}`),
          headers: { Authorization: `Bearer ${count}` },
        })
      }
    }
    await round()
    const before = usage()
    for (let i = 0; i < 4; i++) await round()
    const after = usage()

    // About 2,500 requests: a leak of one kilobyte each would show.
    expect(after.heap - before.heap).toBeLessThan(2_500_000)
    expect(after.rss - before.rss).toBeLessThan(80_000_000)
    expect(after.buffers - before.buffers).toBeLessThan(5_000_000)
  })
})

/** Returns the head of a request, without its body. */
function head(endpoint: Endpoint, framing: string): string {
  const lines = Object.entries(endpoint.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${endpoint.path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}${framing}\r\n\r\n`
}

/** Collects the requests that reach a server. */
function requestsOf({ port }: TestSandbox): readonly IncomingMessage[] {
  const seen: IncomingMessage[] = []
  const listener = (message: unknown) => {
    const { request } = message as { request: IncomingMessage } // as Node documents this channel
    if (request.socket.localPort === port) seen.push(request)
  }
  subscribe('http.server.request.start', listener)
  onTestFinished(() => void unsubscribe('http.server.request.start', listener))
  return seen
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function usage(): { heap: number; rss: number; buffers: number } {
  collectGarbage()
  collectGarbage()
  const { heapUsed, rss, arrayBuffers, external } = process.memoryUsage()
  return { heap: heapUsed, rss, buffers: arrayBuffers + external }
}

test('a request in absolute form is answered like any other', async () => {
  const sandbox = await createSandbox()
  const [endpoint] = endpoints
  const seen = await send(sandbox, endpoint!, {
    path: `http://localhost${endpoint!.path}`,
    body: endpoint!.body,
  })
  expect(seen.status).toBe(endpoint!.created)
})

test('CONNECT is refused with the reason in the body', async () => {
  const sandbox = await createSandbox()
  const text = await raw(sandbox, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')
  expect(text).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/)
  expect(text).toContain('Standin-Reason: method.not-allowed')
  expect(text).toContain('This server is not a proxy')
})

test('a caller who disconnects during the refusal of CONNECT does not stop the server', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  for (let i = 0; i < 100; i++) {
    await new Promise<void>((resolve) => {
      const socket = net.connect(server.port, '127.0.0.1', () => {
        socket.write('CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n')
        setImmediate(() => socket.resetAndDestroy())
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve())
    })
  }
  expect((await caller.get('/_standin/health')).status).toBe(200)
})

test('a server in memory closes without log lines about files', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.create('mykaarma', { emailAddress: 7 })
  await server.close()
  expect(server.logged).toEqual([])
})

test('a server in memory that has refused a request closes without log lines', async () => {
  const sandbox = await createSandbox()
  await send(sandbox, endpoints[0]!, { body: '{' })
  await sandbox.close()
  expect(sandbox.logged).toEqual([])
})

test('80,000 unknown fields do not enlarge the answer', async () => {
  const sandbox = await createSandbox({ profile: { all: 'strict' }, maxBody: 2_000_000 })
  const body = JSON.stringify({
    ...(JSON.parse(endpoints[0]!.body) as object),
    ...Object.fromEntries(Array.from({ length: 80_000 }, (_, i) => [`x${i}`, i])),
  })
  const seen = await send(sandbox, endpoints[0]!, { body })
  expect(seen.status).toBe(200)
  expect(seen.text.length).toBeLessThan(10_000)
})
