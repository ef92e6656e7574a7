import { mintToken } from '../../../src/apis/cryptlex/token.ts'
import { CRYPTLEX, fixture, FORMSONFIRE, MYKAARMA, type Settings } from '../../helpers/sandbox.ts'

/** A request as it goes out, byte by byte. */
export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** What a request does wrong, and what the sender is told. */
export interface Mistake {
  readonly title: string
  readonly api: string
  /** The code of the hint that names the fix. */
  readonly code: string
  /** What comes of it without the fix. */
  readonly status: number
  readonly sent: Outgoing
  /** The same request with the hint followed; none where only the sender can know what is right. */
  readonly mend?: (sent: Outgoing, hint: string) => Outgoing
  readonly settings?: Settings
  /** What was sent before it. */
  readonly before?: Outgoing
}

/** The sandbox's time in all of them. */
export const NOW = Date.parse('2026-01-15T09:30:00Z')
const SECRET = 'standin-signing-secret-for-local-use-only'

const json = { 'Content-Type': 'application/json' }
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

const post = (path: string, headers: Outgoing['headers'], body: string): Outgoing => ({
  method: 'POST',
  path,
  headers,
  body,
})
export const GOOD = {
  mykaarma: post(
    MYKAARMA,
    { ...json, Authorization: basic('partner:partner-secret') },
    fixture('mykaarma.json'),
  ),
  cryptlex: post(
    CRYPTLEX,
    { ...json, Authorization: 'Bearer standin-token' },
    fixture('cryptlex.json'),
  ),
  formsonfire: post(FORMSONFIRE, json, fixture('formsonfire.json')),
  xml: post(FORMSONFIRE, { 'Content-Type': 'application/xml' }, fixture('formsonfire.xml')),
  clock: {
    method: 'PUT',
    path: '/_standin/clock',
    headers: json,
    body: '{"now":"2026-01-15T09:30:00Z"}',
  },
} as const
type Kind = keyof typeof GOOD

const APIS: Readonly<Record<Kind, string>> = {
  mykaarma: 'mykaarma',
  cryptlex: 'cryptlex',
  formsonfire: 'formsonfire',
  xml: 'formsonfire',
  clock: 'standin',
}

type Details = Pick<Mistake, 'mend' | 'settings' | 'before'>

function mistake(
  kind: Kind,
  [title, code, status]: readonly [title: string, code: string, status: number],
  change: Partial<Outgoing> | ((good: Outgoing) => Partial<Outgoing>),
  details: Details = {},
): Mistake {
  const good: Outgoing = GOOD[kind]
  const changed = typeof change === 'function' ? change(good) : change
  return { title, api: APIS[kind], code, status, sent: { ...good, ...changed }, ...details }
}

// Changes of a good request.
const header = (name: string, value: string | undefined) => (good: Outgoing) => {
  const { [name]: _, ...rest } = good.headers
  return { headers: value === undefined ? rest : { ...rest, [name]: value } }
}
const authorization = (value: string | undefined) => header('Authorization', value)
const type = (value: string | undefined) => header('Content-Type', value)
const text = (change: (body: string) => string | Buffer) => (good: Outgoing) => ({
  body: change(String(good.body)),
})
const members = (change: (body: Record<string, unknown>) => unknown) =>
  text((body) => JSON.stringify(change(JSON.parse(body) as Record<string, unknown>)))
const field = (name: string, value: unknown) => members((body) => ({ ...body, [name]: value }))
const path = (value: string) => () => ({ path: value })
const method = (value: string) => () => ({ method: value })
const rename = (from: string, to: string) =>
  members((body) =>
    Object.fromEntries(
      Object.entries(body).map(([name, value]) => [name === from ? to : name, value]),
    ),
  )

// Following a hint.
const apply =
  (change: (sent: Outgoing) => Partial<Outgoing>) =>
  (sent: Outgoing): Outgoing => ({ ...sent, ...change(sent) })
/** `Send POST /manage/v2/user/partner: …` */
const toTarget = (sent: Outgoing, hint: string): Outgoing => {
  const [, to = '', where = ''] = /Send (\w+) (\/[^\s,:]*)/.exec(hint) ?? []
  const [, query = ''] = /(\?.*)$/.exec(sent.path) ?? []
  const target = `${where.replace('{resellerId}', 'reseller-001')}${query}`
  return { ...sent, method: to, path: target }
}
/** `Rename dealerUuid to dealerUUID: …` */
const asNamed = (sent: Outgoing, hint: string): Outgoing => {
  const [, from = '', to = ''] = /Rename (\S+)(?: in \S+)? to (\w+)/.exec(hint) ?? []
  return { ...sent, body: String(sent.body).replaceAll(new RegExp(`\\b${from}\\b`, 'g'), to) }
}
/** `Write … as X: …` or `Send … as X: …` */
const asValue = (name: string) => (sent: Outgoing, hint: string) => {
  const value = / as (\S+?):? /.exec(hint)?.[1]
  return { ...sent, ...field(name, value)(sent) }
}
const withType = (sent: Outgoing, hint: string): Outgoing => {
  const value = /Content-Type: ([\w/]+(?:; ?charset=[\w-]+)?)/.exec(hint)?.[1]
  return { ...sent, ...type(value)(sent) }
}
const to = (kind: Kind) => (): Outgoing => GOOD[kind]

async function token(claims: { exp?: number; nbf?: number; iat?: number; scope?: string }) {
  return mintToken(
    {
      scopes: [claims.scope ?? 'reseller:user:create'],
      issuedAt: NOW / 1000 + (claims.iat ?? -60),
      expires: NOW / 1000 + (claims.exp ?? 3600),
      ...(claims.nbf === undefined ? {} : { notBefore: NOW / 1000 + claims.nbf }),
    },
    SECRET,
  )
}

const expired = await token({ exp: -7200, iat: -9000 })
const early = await token({ nbf: 300, iat: 300 })
const ahead = await token({ iat: 600 })
const narrow = await token({ scope: 'user:read' })
const foreign = await mintToken(
  { scopes: ['reseller:user:create'], issuedAt: NOW / 1000, expires: NOW / 1000 + 3600 },
  'the secret of quite another sandbox',
)

const credentials: readonly Mistake[] = [
  mistake(
    'cryptlex',
    ['A token without Bearer', 'credentials.no-scheme', 401],
    authorization('standin-token'),
    {
      mend: apply((sent) => authorization(`Bearer ${sent.headers['Authorization']}`)(sent)),
    },
  ),
  mistake(
    'cryptlex',
    ['Bearer twice', 'credentials.scheme-twice', 401],
    authorization('Bearer Bearer standin-token'),
    {
      mend: apply(authorization('Bearer standin-token')),
    },
  ),
  mistake(
    'cryptlex',
    ['A colon after Bearer', 'credentials.scheme-colon', 401],
    authorization('Bearer: standin-token'),
    {
      mend: apply(authorization('Bearer standin-token')),
    },
  ),
  mistake(
    'cryptlex',
    ['Quotes around the token', 'credentials.quotes', 401],
    authorization('Bearer "standin-token"'),
    {
      mend: apply(authorization('Bearer standin-token')),
    },
  ),
  mistake(
    'cryptlex',
    ['Basic where Bearer is wanted', 'credentials.wrong-scheme', 401],
    authorization(basic('partner:partner-secret')),
    {
      mend: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['White space in the token', 'credentials.spaces', 401],
    authorization('Bearer standin -token'),
    {
      mend: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['No token after Bearer', 'credentials.empty', 401],
    authorization('Bearer '),
    { mend: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['A variable that was not replaced', 'credentials.placeholder', 401],
    authorization('Bearer {{token}}'),
    {
      mend: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['The token in X-Api-Key', 'credentials.wrong-header', 401],
    ({ headers }) => ({
      headers: { 'Content-Type': headers['Content-Type']!, 'X-Api-Key': 'standin-token' },
    }),
    {
      mend: apply((sent) => authorization(`Bearer ${sent.headers['X-Api-Key']}`)(sent)),
    },
  ),
  mistake(
    'cryptlex',
    ['The token in the query', 'credentials.in-query', 401],
    (good) => ({
      ...authorization(undefined)(good),
      path: `${CRYPTLEX}?access_token=standin-token`,
    }),
    {
      mend: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['An expired token', 'token.expired', 401],
    authorization(`Bearer ${expired}`),
    {
      mend: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['A token from a machine whose clock is ahead (nbf)', 'token.clock-skew', 401],
    authorization(`Bearer ${early}`),
    { mend: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['A token that was issued in the future (iat)', 'token.issued-ahead', 201],
    authorization(`Bearer ${ahead}`),
    { mend: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ["A token of another sandbox's secret", 'token.other-secret', 401],
    authorization(`Bearer ${foreign}`),
    { mend: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['A token that nobody knows', 'token.unknown', 401],
    authorization('Bearer something-else'),
    { mend: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['A token without the scope', 'scope.missing', 403],
    authorization(`Bearer ${narrow}`),
    { mend: to('cryptlex') },
  ),
  mistake(
    'mykaarma',
    ['Bearer where Basic is wanted', 'credentials.wrong-scheme', 401],
    authorization('Bearer standin-token'),
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['No Authorization header', 'credentials.missing', 401],
    authorization(undefined),
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['User and password not in Base64', 'credentials.not-base64', 401],
    authorization('Basic partner:partner-secret'),
    {
      mend: apply((sent) => authorization(basic(sent.headers['Authorization']!.slice(6)))(sent)),
    },
  ),
  mistake(
    'mykaarma',
    ['Base64 twice', 'credentials.encoded-twice', 401],
    authorization(basic(Buffer.from('partner:partner-secret').toString('base64'))),
    {
      mend: apply((sent) =>
        authorization(
          `Basic ${Buffer.from(sent.headers['Authorization']!.slice(6), 'base64').toString()}`,
        )(sent),
      ),
    },
  ),
  mistake(
    'mykaarma',
    ['The password without the user', 'credentials.no-colon', 401],
    authorization(basic('partner-secret')),
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['A line break in the password (echo without -n)', 'credentials.newline', 401],
    authorization(basic('partner:partner-secret\n')),
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['A URL-encoded password', 'credentials.url-encoded', 401],
    authorization(basic('colon:pass%3Awith%3Acolons')),
    {
      mend: apply((sent) =>
        authorization(
          basic(
            decodeURIComponent(
              Buffer.from(sent.headers['Authorization']!.slice(6), 'base64').toString(),
            ),
          ),
        )(sent),
      ),
    },
  ),
  mistake(
    'mykaarma',
    ['The user name in other capitals', 'credentials.unknown-user', 401],
    authorization(basic('Partner:partner-secret')),
    {
      mend: (sent, hint) => ({
        ...sent,
        ...authorization(basic(`${/as (\w+):/.exec(hint)?.[1]}:partner-secret`))(sent),
      }),
    },
  ),
  mistake(
    'mykaarma',
    ['A subscriber without the scope', 'scope.missing', 403],
    authorization(basic('reader:reader-secret')),
    { mend: to('mykaarma') },
  ),
  mistake(
    'formsonfire',
    ['IntegrationKey as a header', 'key.in-header', 401],
    (good) => ({
      ...members(({ IntegrationKey: _, ...body }) => body)(good),
      headers: { ...json, IntegrationKey: '0123456789abcdef0123456789abcdef' },
    }),
    {
      mend: apply((sent) => field('IntegrationKey', sent.headers['IntegrationKey'])(sent)),
    },
  ),
  mistake(
    'formsonfire',
    ['No IntegrationKey', 'key.missing', 401],
    members(({ IntegrationKey: _, ...body }) => body),
    { mend: to('formsonfire') },
  ),
  mistake(
    'formsonfire',
    ['IntegrationKey in capitals', 'key.case', 401],
    field('IntegrationKey', '0123456789ABCDEF0123456789ABCDEF'),
    { mend: to('formsonfire') },
  ),
  mistake(
    'formsonfire',
    ['IntegrationKey with dashes', 'key.punctuation', 401],
    field('IntegrationKey', '01234567-89ab-cdef-0123-456789abcdef'),
    { mend: to('formsonfire') },
  ),
  mistake(
    'formsonfire',
    ["Another company's IntegrationKey", 'key.of-another-company', 401],
    field('IntegrationKey', 'fedcba9876543210fedcba9876543210'),
    {
      mend: apply(field('CompanyId', 1843)),
    },
  ),
  mistake(
    'formsonfire',
    ["The company's name as CompanyId", 'company.not-a-number', 401],
    field('CompanyId', 'Analytical Engines'),
    { mend: apply(field('CompanyId', 1815)) },
  ),
]

const paths: readonly Mistake[] = [
  ...(
    [
      ['mykaarma', 'The base path left out', '/v2/user/partner', 'path.base-missing', 404],
      ['mykaarma', 'The version left out', '/manage/user/partner', 'path.version-missing', 404],
      ['mykaarma', 'The base path twice', '/manage/manage/v2/user/partner', 'path.base-twice', 404],
      ['mykaarma', 'A doubled slash', '/manage//v2/user/partner', 'path.doubled-slash', 404],
      ['mykaarma', 'A slash at the end', '/manage/v2/user/partner/', 'path.trailing-slash', 404],
      ['mykaarma', 'Capitals in the path', '/manage/v2/User/Partner', 'path.case', 404],
      ['mykaarma', 'Another version', '/manage/v1/user/partner', 'path.version', 404],
      ['mykaarma', 'A path of another operation', '/manage/v2/user/partners', 'path.segment', 404],
      [
        'mykaarma',
        'A space at the end of the path',
        '/manage/v2/user/partner%20',
        'path.encoded',
        404,
      ],
      ['mykaarma', 'Encoded slashes', '/manage/v2%2Fuser%2Fpartner', 'path.encoded', 404],
      ['formsonfire', 'A wrong version and a misspelt name', '/api/v1/suser', 'path.version', 405],
      ['formsonfire', 'The plural', '/api/v2/users', 'path.segment', 405],
      [
        'cryptlex',
        'Another prefix before the version',
        '/api/v3/resellers/reseller-001/users',
        'path.segment-surplus',
        405,
      ],
      ['cryptlex', 'The id left out', '/v3/resellers/users', 'path.parameter-missing', 404],
      ['cryptlex', 'An empty id', '/v3/resellers//users', 'path.parameter-missing', 404],
      ['cryptlex', 'The reseller left out', '/v3/users', 'path.segment-missing', 404],
      [
        'cryptlex',
        'A whole URL as the path',
        '/https://api.cryptlex.com/v3/resellers/reseller-001/users',
        'path.host',
        404,
      ],
    ] as const
  ).map(([kind, title, where, code, status]) =>
    mistake(kind, [title, code, status], path(where), { mend: toTarget }),
  ),
  mistake(
    'cryptlex',
    ['A placeholder of the documentation in the path', 'path.placeholder', 201],
    path('/v3/resellers/%7BresellerId%7D/users'),
    {
      mend: apply(path(CRYPTLEX)),
    },
  ),
  mistake(
    'mykaarma',
    ['A path that nothing is near', 'path.unknown', 404],
    path('/health/live/now'),
  ),
  mistake(
    'mykaarma',
    ["A sandbox's name without ~", 'sandbox.no-tilde', 404],
    path('/default/manage/v2/user/partner'),
    { mend: toTarget },
  ),
  mistake(
    'mykaarma',
    ['A sandbox that is not there', 'sandbox.unknown', 404],
    path('/~checkout-42/manage/v2/user/partner'),
    {
      mend: apply(path(MYKAARMA)),
    },
  ),
  mistake('mykaarma', ['PUT for a create', 'method.wrong', 405], method('PUT'), { mend: toTarget }),
  mistake(
    'cryptlex',
    ['GET for a create', 'method.get', 405],
    (good) => ({
      method: 'GET',
      body: '',
      headers: { Authorization: good.headers['Authorization']! },
    }),
    {
      mend: (sent, hint) => ({
        ...GOOD.cryptlex,
        path: toTarget(sent, hint).path,
        method: toTarget(sent, hint).method,
      }),
    },
  ),
  mistake('cryptlex', ['A body with GET', 'method.get-with-body', 405], method('GET'), {
    mend: toTarget,
  }),
]

const types: readonly Mistake[] = [
  mistake('mykaarma', ['No Content-Type', 'content-type.missing', 415], type(undefined), {
    mend: withType,
  }),
  mistake(
    'xml',
    ['JSON without a Content-Type, where XML is assumed', 'content-type.missing', 400],
    (good) => ({ ...type(undefined)(good), body: GOOD.formsonfire.body }),
    { mend: withType },
  ),
  mistake(
    'mykaarma',
    ['text/plain, as fetch sends a text', 'content-type.wrong', 415],
    type('text/plain;charset=UTF-8'),
    { mend: withType },
  ),
  mistake(
    'mykaarma',
    ['JSON under the type of a form, as curl -d sends it', 'body.form-encoded', 415],
    type('application/x-www-form-urlencoded'),
    { mend: withType },
  ),
  mistake(
    'formsonfire',
    ['A form', 'body.form-encoded', 400],
    () => ({
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'CompanyId=1815&Email=ada%40example.test',
    }),
    { mend: to('formsonfire') },
  ),
  mistake(
    'formsonfire',
    ['XML sent as JSON', 'body.xml-as-json', 400],
    () => ({ body: GOOD.xml.body }),
    { mend: withType },
  ),
  mistake(
    'xml',
    ['JSON sent as XML', 'body.json-as-xml', 400],
    () => ({ body: GOOD.formsonfire.body }),
    { mend: withType },
  ),
  mistake(
    'mykaarma',
    ['UTF-16', 'charset.unsupported', 415],
    (good) => ({
      ...type('application/json; charset=utf-16')(good),
      body: Buffer.from(String(good.body), 'utf16le'),
    }),
    {
      mend: (sent, hint) => ({
        ...withType(sent, hint),
        body: (sent.body as Buffer).toString('utf16le'),
      }),
    },
  ),
  mistake(
    'mykaarma',
    ['Latin-1 that says nothing of it', 'body.not-utf-8', 400],
    text((body) => Buffer.from(body.replace('Byron', 'Bÿron'), 'latin1')),
    {
      mend: apply((sent) => ({ body: (sent.body as Buffer).toString('latin1') })),
    },
  ),
  mistake(
    'mykaarma',
    ['Accept of a type that is not offered', 'accept.unsupported', 406],
    header('Accept', 'text/html'),
    {
      mend: (sent, hint) => ({
        ...sent,
        ...header('Accept', /Accept: (\S+)/.exec(hint)?.[1])(sent),
      }),
    },
  ),
  mistake(
    'mykaarma',
    ['Expect: 100-continue', 'expect.continue', 200],
    header('Expect', '100-continue'),
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['A Content-Encoding that the body does not have', 'encoding.wrong', 400],
    header('Content-Encoding', 'gzip'),
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['A misspelt header of Standin itself', 'header.misspelt', 200],
    header('Standin-Fualt', '500'),
  ),
  mistake('cryptlex', ['A preflight of a page that is not listed', 'cors.preflight', 405], {
    method: 'OPTIONS',
    headers: { Origin: 'http://app.test', 'Access-Control-Request-Method': 'POST' },
    body: '',
  }),
]

const bodies: readonly Mistake[] = [
  mistake(
    'mykaarma',
    ['No body (Content-Length 0)', 'body.empty', 400],
    { body: '' },
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['White space as the body', 'body.empty', 400],
    { body: ' \n' },
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['Two byte order marks', 'body.byte-order-mark', 400],
    text((body) => `\uFEFF\uFEFF${body}`),
    {
      mend: apply(text((body) => body.replaceAll('\uFEFF', ''))),
    },
  ),
  mistake(
    'mykaarma',
    ['A comma before the closing brace', 'json.trailing-comma', 400],
    text((body) => body.replace(/\s*}\s*$/, ',\n}')),
    {
      mend: apply(text((body) => body.replace(/,\s*}/, '}'))),
    },
  ),
  mistake(
    'mykaarma',
    ['Single quotes', 'json.single-quotes', 400],
    text((body) => body.replaceAll('"', "'")),
    {
      mend: apply(text((body) => body.replaceAll("'", '"'))),
    },
  ),
  mistake(
    'mykaarma',
    ['Curly quotes', 'json.curly-quotes', 400],
    text((body) => body.replace('"Ada"', '“Ada”')),
    {
      mend: apply(text((body) => body.replaceAll(/[“”]/g, '"'))),
    },
  ),
  mistake(
    'mykaarma',
    ['A comment', 'json.comment', 400],
    text((body) => body.replace('{', '{ // a partner\n')),
    {
      mend: apply(text((body) => body.replace(/\/\/.*\n/, ''))),
    },
  ),
  mistake(
    'mykaarma',
    ['NaN', 'json.nan', 400],
    text((body) => body.replace('"Ada"', 'NaN')),
    {
      mend: apply(text((body) => body.replace('NaN', 'null'))),
    },
  ),
  mistake(
    'mykaarma',
    ["Python's True", 'json.python-literal', 400],
    text((body) => body.replace('true', 'True')),
    {
      mend: apply(text((body) => body.replace('True', 'true'))),
    },
  ),
  mistake(
    'mykaarma',
    ['Names without quotes', 'json.unquoted-name', 400],
    text((body) => body.replace('"firstName"', 'firstName')),
    {
      mend: apply(text((body) => body.replace('firstName', '"firstName"'))),
    },
  ),
  mistake(
    'mykaarma',
    ['A comma left out', 'json.missing-comma', 400],
    text((body) => body.replace('"Ada",', '"Ada"')),
    {
      mend: apply(text((body) => body.replace('"Ada"', '"Ada",'))),
    },
  ),
  mistake(
    'mykaarma',
    ['A template that was not filled in', 'json.placeholder', 400],
    text((body) => body.replace('true', '{{invite}}')),
    {
      mend: apply(text((body) => body.replace('{{invite}}', 'true'))),
    },
  ),
  mistake(
    'mykaarma',
    ['A member twice', 'json.name-twice', 400],
    text((body) => body.replace('{', '{"firstName": "Grace",')),
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['A Content-Length in characters, not bytes', 'body.cut-off', 400],
    (good) => {
      const body = String(good.body).trim().replace('Byron', 'Bÿrøn')
      return { body, headers: { ...good.headers, 'Content-Length': String(body.length) } }
    },
    {
      mend: apply((sent) => header('Content-Length', String(Buffer.byteLength(sent.body)))(sent)),
    },
  ),
  mistake(
    'mykaarma',
    ['JSON in a JSON string', 'json.double-encoded', 400],
    text((body) => JSON.stringify(body)),
    {
      mend: apply(text((body) => JSON.parse(body) as string)),
    },
  ),
  mistake(
    'mykaarma',
    ['A list where one object is wanted', 'body.array', 400],
    text((body) => `[${body}]`),
    {
      mend: apply(text((body) => body.slice(1, -1))),
    },
  ),
  mistake(
    'cryptlex',
    ['The user in an object around it', 'body.wrapped', 400],
    members((user) => ({ user })),
    {
      mend: apply(members(({ user }) => user)),
    },
  ),
  mistake('mykaarma', ['A URL-encoded body', 'body.url-encoded', 400], text(encodeURIComponent), {
    mend: apply(text(decodeURIComponent)),
  }),
  mistake(
    'xml',
    ['XML with &lt; for <', 'body.html-escaped', 400],
    text((body) => body.replaceAll('<', '&lt;').replaceAll('>', '&gt;')),
    {
      mend: apply(text((body) => body.replaceAll('&lt;', '<').replaceAll('&gt;', '>'))),
    },
  ),
  mistake(
    'xml',
    ['Elements out of order', 'xml.order', 200],
    text((body) =>
      body.replace(/(\s*<Email>.*<\/Email>)(\s*<ExternalId>.*<\/ExternalId>)/, '$2$1'),
    ),
    { mend: to('xml') },
  ),
  mistake(
    'xml',
    ['Another root element', 'xml.root', 400],
    text((body) => body.replaceAll('User>', 'NewUser>')),
    { mend: to('xml') },
  ),
  mistake(
    'xml',
    ['The root element in lower case', 'xml.case', 400],
    text((body) => body.replaceAll('User>', 'user>')),
    { mend: to('xml') },
  ),
  mistake(
    'xml',
    ['An element in lower case', 'field.case', 400],
    text((body) => body.replaceAll('FirstName>', 'firstname>')),
    { mend: asNamed },
  ),
  mistake(
    'xml',
    ['A prefix without its namespace', 'xml.namespace', 400],
    text((body) => body.replaceAll('User>', 'f:User>')),
    {
      mend: apply(text((body) => body.replaceAll('f:User>', 'User>'))),
    },
  ),
  mistake(
    'xml',
    ['A SOAP envelope', 'xml.soap', 400],
    text((body) => `<Envelope><Body>${body}</Body></Envelope>`),
    { mend: to('xml') },
  ),
  mistake(
    'xml',
    ['A bare ampersand', 'xml.ampersand', 400],
    text((body) => body.replace('Byron', 'Byron & King')),
    {
      mend: apply(text((body) => body.replace('&', '&amp;'))),
    },
  ),
  mistake(
    'xml',
    ['White space before <?xml', 'xml.declaration', 400],
    text((body) => `\n<?xml version="1.0"?>${body}`),
    {
      mend: apply(text((body) => body.trimStart())),
    },
  ),
  mistake(
    'xml',
    ['A DOCTYPE', 'xml.doctype', 400],
    text((body) => `<!DOCTYPE User>${body}`),
    {
      mend: apply(text((body) => body.replace('<!DOCTYPE User>', ''))),
    },
  ),
  mistake(
    'xml',
    ['A list without its items', 'xml.list', 400],
    text((body) => body.replaceAll(/<\/?Id>/g, '')),
    { mend: to('xml') },
  ),
]

const fields: readonly Mistake[] = [
  mistake(
    'mykaarma',
    ['dealerUuid for dealerUUID', 'field.case', 200],
    rename('dealerUUID', 'dealerUuid'),
    { mend: asNamed },
  ),
  mistake(
    'cryptlex',
    ['Password for password', 'field.case', 400],
    rename('password', 'Password'),
    { mend: asNamed },
  ),
  mistake(
    'mykaarma',
    ['snake_case', 'field.snake-case', 200],
    rename('emailAddress', 'email_address'),
    { mend: asNamed },
  ),
  mistake('mykaarma', ['kebab-case', 'field.kebab-case', 200], rename('firstName', 'first-name'), {
    mend: asNamed,
  }),
  mistake(
    'mykaarma',
    ['A misspelt field', 'field.spelling', 200],
    rename('emailAddress', 'emailAdress'),
    { mend: asNamed },
  ),
  mistake(
    'mykaarma',
    ["Another API's word", 'field.other-word', 200],
    rename('emailAddress', 'email'),
    { mend: asNamed },
  ),
  mistake(
    'mykaarma',
    ['A field that nobody knows', 'field.unknown', 200],
    field('favouriteColour', 'blue'),
    {
      mend: apply(members(({ favouriteColour: _, ...body }) => body)),
    },
  ),
  mistake(
    'cryptlex',
    ['A required field left out', 'field.missing', 400],
    members(({ role: _, ...body }) => body),
    {
      mend: (sent, hint) => ({
        ...sent,
        ...field(/Add (\w+)/.exec(hint)?.[1] ?? '', 'user')(sent),
      }),
    },
  ),
  mistake(
    'formsonfire',
    ['A number as text', 'type.text-for-number', 200],
    field('CompanyId', '1815'),
    { mend: apply(field('CompanyId', 1815)) },
  ),
  mistake(
    'mykaarma',
    ['A number for text', 'type.number-for-text', 400],
    field('phone', 2025550147),
    { mend: apply(field('phone', '2025550147')) },
  ),
  mistake(
    'mykaarma',
    ['A boolean as text', 'type.text-for-boolean', 400],
    field('sendEmail', 'yes'),
    {
      mend: (sent, hint) => ({ ...sent, ...field('sendEmail', / as true /.test(hint))(sent) }),
    },
  ),
  mistake('mykaarma', ['1 for true', 'type.number-for-boolean', 400], field('sendEmail', 1), {
    mend: (sent, hint) => ({ ...sent, ...field('sendEmail', / as true:/.test(hint))(sent) }),
  }),
  mistake(
    'mykaarma',
    ['A list for one value', 'type.list-for-one', 400],
    field('emailAddress', ['ada@example.test']),
    {
      mend: apply(field('emailAddress', 'ada@example.test')),
    },
  ),
  mistake(
    'formsonfire',
    ['One value for a list', 'type.one-for-list', 400],
    field('Folders', '3f2504e0-4f89-41d3-9a0c-0305e82c3301'),
    { mend: to('formsonfire') },
  ),
  mistake(
    'cryptlex',
    ['null where a value is wanted', 'type.null', 400],
    field('firstName', null),
    { mend: to('cryptlex') },
  ),
  mistake('cryptlex', ['null as text', 'value.null-as-text', 201], field('lastName', 'null'), {
    mend: apply(field('lastName', null)),
  }),
  mistake(
    'mykaarma',
    ['A listed value in other capitals', 'enum.case', 400],
    field('userInviteEmailTemplate', 'simple'),
    { mend: asValue('userInviteEmailTemplate') },
  ),
  mistake(
    'mykaarma',
    ['A value that is not listed', 'enum.value', 400],
    field('userInviteEmailTemplate', 'FANCY'),
    { mend: apply(field('userInviteEmailTemplate', 'SIMPLE')) },
  ),
  mistake(
    'cryptlex',
    ['A password that is too short', 'value.too-short', 400],
    field('password', 'short'),
    { mend: apply(field('password', 'long enough')) },
  ),
  mistake(
    'formsonfire',
    ['An id that is too long', 'value.too-long', 400],
    field('ExternalId', 'x'.repeat(51)),
    { mend: apply(field('ExternalId', 'x')) },
  ),
  mistake('cryptlex', ['An empty text', 'value.empty', 400], field('firstName', ''), {
    mend: to('cryptlex'),
  }),
  mistake(
    'cryptlex',
    ['An address with a name before it', 'email.display-name', 400],
    field('email', 'Ada Byron <ada@example.test>'),
    { mend: asValue('email') },
  ),
  mistake(
    'cryptlex',
    ['An address with white space', 'email.spaces', 400],
    field('email', ' ada@example.test '),
    { mend: to('cryptlex') },
  ),
  mistake(
    'mykaarma',
    ['mailto: before an address', 'email.mailto', 200],
    field('emailAddress', 'mailto:ada@example.test'),
    { mend: to('mykaarma') },
  ),
  mistake(
    'cryptlex',
    ['Two addresses', 'email.several', 400],
    field('email', 'ada@example.test, grace@example.test'),
    { mend: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['A URL-encoded address', 'email.url-encoded', 400],
    field('email', 'ada%40example.test'),
    { mend: to('cryptlex') },
  ),
  mistake('cryptlex', ['An address without @', 'email.no-at', 400], field('email', 'ada'), {
    mend: to('cryptlex'),
  }),
  mistake(
    'formsonfire',
    ['A GUID in braces', 'guid.braces', 200],
    field('Folders', ['{3f2504e0-4f89-41d3-9a0c-0305e82c3301}']),
    { mend: to('formsonfire') },
  ),
  mistake(
    'mykaarma',
    ['A variable that was not replaced, in a value', 'value.placeholder', 200],
    field('firstName', '{{firstName}}'),
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['HTML entities in a value', 'value.html-escaped', 200],
    field('lastName', 'O&#39;Brien'),
    { mend: apply(field('lastName', "O'Brien")) },
  ),
  mistake(
    'mykaarma',
    ['UTF-8 that was taken for Latin-1', 'value.mojibake', 200],
    field('lastName', Buffer.from('Bÿron').toString('latin1')),
    { mend: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['White space around a value', 'value.spaces', 200],
    field('username', 'ada.byron '),
    { mend: to('mykaarma') },
  ),
  mistake(
    'clock',
    ['A date in another form', 'date.format', 400],
    { body: '{"now":"2026-01-15 09:30"}' },
    { mend: asValue('now') },
  ),
  mistake(
    'clock',
    ['Seconds since 1970 for a date', 'date.format', 400],
    { body: '{"now":"1768469400"}' },
    { mend: asValue('now') },
  ),
  mistake(
    'mykaarma',
    ['A user that is there already', 'user.duplicate', 400],
    {},
    {
      before: GOOD.mykaarma,
      mend: apply((sent) => ({
        ...field('username', 'another')(sent),
        ...members((body) => ({
          ...body,
          username: 'another',
          emailAddress: 'another@example.test',
        }))(sent),
      })),
    },
  ),
  mistake(
    'cryptlex',
    ['An address that a user has already', 'user.duplicate', 409],
    {},
    { before: GOOD.cryptlex, mend: apply(field('email', 'another@example.test')) },
  ),
  mistake(
    'formsonfire',
    ['A user that is there already', 'user.duplicate', 400],
    {},
    {
      before: GOOD.formsonfire,
      mend: apply(
        members((body) => ({ ...body, Email: 'another@example.test', ExternalId: 'another' })),
      ),
    },
  ),
  mistake(
    'cryptlex',
    ['A reseller that the sandbox does not know', 'reseller.unknown', 201],
    path('/v3/resellers/reseller-999/users'),
    { mend: apply(path(CRYPTLEX)) },
  ),
  mistake(
    'mykaarma',
    ['A dealer that the sandbox does not know', 'dealer.unknown', 403],
    field('dealerUUID', 'dealer-999'),
    {
      settings: { profile: { all: 'strict' } },
      mend: (sent, hint) => ({
        ...sent,
        ...field('dealerUUID', /such as ([\w-]+)/.exec(hint)?.[1])(sent),
      }),
    },
  ),
  mistake(
    'formsonfire',
    ['A folder that the sandbox does not know', 'entry.unknown', 200],
    field('Folders', ['00000000-0000-4000-8000-000000000001']),
    { mend: to('formsonfire') },
  ),
]

/** By what they are about, as the document lists them. */
export const MISTAKES: readonly (readonly [subject: string, mistakes: readonly Mistake[]])[] = [
  ['Credentials', credentials],
  ['Method, path and sandbox', paths],
  ['Headers and bytes', types],
  ['The body as a whole', bodies],
  ['Fields and values', fields],
]
