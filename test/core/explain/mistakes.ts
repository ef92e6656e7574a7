import { mintToken } from '../../../src/apis/cryptlex/mint-token.ts'
import { CRYPTLEX, fixture, FORMSONFIRE, MYKAARMA, type Settings } from '../../helpers/sandbox.ts'

/** A request to send unchanged. */
export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** A request with a mistake, and the hint for it. */
export interface Mistake {
  readonly title: string
  readonly api: string
  /** The code of the hint that names the fix. */
  readonly code: string
  /** The status of the answer. */
  readonly status: number
  readonly sent: Outgoing
  /** The request with the hint followed; absent if only the sender can know the right value. */
  readonly correct?: (sent: Outgoing, hint: string) => Outgoing
  readonly settings?: Settings
  /** A request that is sent first. */
  readonly before?: Outgoing
}

/** The sandbox's clock for all mistakes. */
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

type Details = Pick<Mistake, 'correct' | 'settings' | 'before'>

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
      correct: apply((sent) => authorization(`Bearer ${sent.headers['Authorization']}`)(sent)),
    },
  ),
  mistake(
    'cryptlex',
    ['Bearer twice', 'credentials.scheme-twice', 401],
    authorization('Bearer Bearer standin-token'),
    {
      correct: apply(authorization('Bearer standin-token')),
    },
  ),
  mistake(
    'cryptlex',
    ['A colon after Bearer', 'credentials.scheme-colon', 401],
    authorization('Bearer: standin-token'),
    {
      correct: apply(authorization('Bearer standin-token')),
    },
  ),
  mistake(
    'cryptlex',
    ['Quotes around the token', 'credentials.quotes', 401],
    authorization('Bearer "standin-token"'),
    {
      correct: apply(authorization('Bearer standin-token')),
    },
  ),
  mistake(
    'cryptlex',
    ['Basic instead of Bearer', 'credentials.wrong-scheme', 401],
    authorization(basic('partner:partner-secret')),
    {
      correct: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['White space in the token', 'credentials.spaces', 401],
    authorization('Bearer standin -token'),
    {
      correct: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['No token after Bearer', 'credentials.empty', 401],
    authorization('Bearer '),
    { correct: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['A placeholder instead of the token', 'credentials.placeholder', 401],
    authorization('Bearer {{token}}'),
    {
      correct: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['The token in X-Api-Key', 'credentials.wrong-header', 401],
    ({ headers }) => ({
      headers: { 'Content-Type': headers['Content-Type']!, 'X-Api-Key': 'standin-token' },
    }),
    {
      correct: apply((sent) => authorization(`Bearer ${sent.headers['X-Api-Key']}`)(sent)),
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
      correct: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['An expired token', 'token.expired', 401],
    authorization(`Bearer ${expired}`),
    {
      correct: to('cryptlex'),
    },
  ),
  mistake(
    'cryptlex',
    ['A token from a machine whose clock is ahead (nbf)', 'token.clock-skew', 401],
    authorization(`Bearer ${early}`),
    { correct: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['A token that was issued in the future (iat)', 'token.issued-ahead', 201],
    authorization(`Bearer ${ahead}`),
    { correct: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ["A token of another sandbox's secret", 'token.other-secret', 401],
    authorization(`Bearer ${foreign}`),
    { correct: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['An unknown token', 'token.unknown', 401],
    authorization('Bearer something-else'),
    { correct: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['A token without the scope', 'scope.missing', 403],
    authorization(`Bearer ${narrow}`),
    { correct: to('cryptlex') },
  ),
  mistake(
    'mykaarma',
    ['Bearer instead of Basic', 'credentials.wrong-scheme', 401],
    authorization('Bearer standin-token'),
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['No Authorization header', 'credentials.missing', 401],
    authorization(undefined),
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['User and password not in Base64', 'credentials.not-base64', 401],
    authorization('Basic partner:partner-secret'),
    {
      correct: apply((sent) => authorization(basic(sent.headers['Authorization']!.slice(6)))(sent)),
    },
  ),
  mistake(
    'mykaarma',
    ['Base64 twice', 'credentials.encoded-twice', 401],
    authorization(basic(Buffer.from('partner:partner-secret').toString('base64'))),
    {
      correct: apply((sent) =>
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
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['A line break in the password (echo without -n)', 'credentials.newline', 401],
    authorization(basic('partner:partner-secret\n')),
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['A URL-encoded password', 'credentials.url-encoded', 401],
    authorization(basic('colon:pass%3Awith%3Acolons')),
    {
      correct: apply((sent) =>
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
    ['The user name in another case', 'credentials.unknown-user', 401],
    authorization(basic('Partner:partner-secret')),
    {
      correct: (sent, hint) => ({
        ...sent,
        ...authorization(basic(`${/as (\w+):/.exec(hint)?.[1]}:partner-secret`))(sent),
      }),
    },
  ),
  mistake(
    'mykaarma',
    ['A subscriber without the scope', 'scope.missing', 403],
    authorization(basic('reader:reader-secret')),
    { correct: to('mykaarma') },
  ),
  mistake(
    'formsonfire',
    ['IntegrationKey as a header', 'key.in-header', 401],
    (good) => ({
      ...members(({ IntegrationKey: _, ...body }) => body)(good),
      headers: { ...json, IntegrationKey: '0123456789abcdef0123456789abcdef' },
    }),
    {
      correct: apply((sent) => field('IntegrationKey', sent.headers['IntegrationKey'])(sent)),
    },
  ),
  mistake(
    'formsonfire',
    ['No IntegrationKey', 'key.missing', 401],
    members(({ IntegrationKey: _, ...body }) => body),
    { correct: to('formsonfire') },
  ),
  mistake(
    'formsonfire',
    ['IntegrationKey in another case', 'key.case', 401],
    field('IntegrationKey', '0123456789ABCDEF0123456789ABCDEF'),
    { correct: to('formsonfire') },
  ),
  mistake(
    'formsonfire',
    ['IntegrationKey with dashes', 'key.punctuation', 401],
    field('IntegrationKey', '01234567-89ab-cdef-0123-456789abcdef'),
    { correct: to('formsonfire') },
  ),
  mistake(
    'formsonfire',
    ["Another company's IntegrationKey", 'key.of-another-company', 401],
    field('IntegrationKey', 'fedcba9876543210fedcba9876543210'),
    {
      correct: apply(field('CompanyId', 1843)),
    },
  ),
  mistake(
    'formsonfire',
    ["The company's name as CompanyId", 'company.not-a-number', 401],
    field('CompanyId', 'Analytical Engines'),
    { correct: apply(field('CompanyId', 1815)) },
  ),
]

const paths: readonly Mistake[] = [
  ...(
    [
      ['mykaarma', 'A missing base path', '/v2/user/partner', 'path.base-missing', 404],
      ['mykaarma', 'A missing version', '/manage/user/partner', 'path.version-missing', 404],
      [
        'mykaarma',
        'A duplicate base path',
        '/manage/manage/v2/user/partner',
        'path.base-twice',
        404,
      ],
      ['mykaarma', 'A doubled slash', '/manage//v2/user/partner', 'path.doubled-slash', 404],
      ['mykaarma', 'A trailing slash', '/manage/v2/user/partner/', 'path.trailing-slash', 404],
      ['mykaarma', 'Upper case in the path', '/manage/v2/User/Partner', 'path.case', 404],
      ['mykaarma', 'Another version', '/manage/v1/user/partner', 'path.version', 404],
      ['mykaarma', 'A misspelt segment', '/manage/v2/user/partners', 'path.segment', 404],
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
      ['cryptlex', 'A missing id', '/v3/resellers/users', 'path.parameter-missing', 404],
      ['cryptlex', 'An empty id', '/v3/resellers//users', 'path.parameter-missing', 404],
      ['cryptlex', 'A missing segment and id', '/v3/users', 'path.segment-missing', 404],
      [
        'cryptlex',
        'A whole URL as the path',
        '/https://api.cryptlex.com/v3/resellers/reseller-001/users',
        'path.host',
        404,
      ],
    ] as const
  ).map(([kind, title, where, code, status]) =>
    mistake(kind, [title, code, status], path(where), { correct: toTarget }),
  ),
  mistake(
    'cryptlex',
    ['A placeholder of the documentation in the path', 'path.placeholder', 201],
    path('/v3/resellers/%7BresellerId%7D/users'),
    {
      correct: apply(path(CRYPTLEX)),
    },
  ),
  mistake(
    'mykaarma',
    ['A path unlike that of any operation', 'path.unknown', 404],
    path('/health/live/now'),
  ),
  mistake(
    'mykaarma',
    ["A sandbox's name without ~", 'sandbox.no-tilde', 404],
    path('/default/manage/v2/user/partner'),
    { correct: toTarget },
  ),
  mistake(
    'mykaarma',
    ['An unknown sandbox', 'sandbox.unknown', 404],
    path('/~checkout-42/manage/v2/user/partner'),
    {
      correct: apply(path(MYKAARMA)),
    },
  ),
  mistake('mykaarma', ['PATCH to create a user', 'method.wrong', 405], method('PATCH'), {
    correct: toTarget,
  }),
  mistake(
    'mykaarma',
    ['DELETE of a user, which no page describes', 'delete.not-found', 405],
    () => ({
      method: 'DELETE',
      path: `${MYKAARMA}/4b0f6b9a`,
      body: '',
    }),
  ),
  mistake('mykaarma', ['An update of an unknown user', 'user.unknown', 400], () => ({
    method: 'PUT',
    path: `${MYKAARMA}/4b0f6b9a`,
    body: '{"bio":"x"}',
  })),
  mistake(
    'mykaarma',
    ['GET to create a user', 'method.get', 405],
    (good) => ({
      method: 'GET',
      body: '',
      headers: { Authorization: good.headers['Authorization']! },
    }),
    {
      correct: (sent, hint) => ({
        ...GOOD.mykaarma,
        path: toTarget(sent, hint).path,
        method: toTarget(sent, hint).method,
      }),
    },
  ),
  mistake('mykaarma', ['A body with GET', 'method.get-with-body', 405], method('GET'), {
    correct: toTarget,
  }),
]

const types: readonly Mistake[] = [
  mistake('mykaarma', ['No Content-Type', 'content-type.missing', 415], type(undefined), {
    correct: withType,
  }),
  mistake(
    'xml',
    ['JSON without a Content-Type, where XML is the default', 'content-type.missing', 400],
    (good) => ({ ...type(undefined)(good), body: GOOD.formsonfire.body }),
    { correct: withType },
  ),
  mistake(
    'mykaarma',
    ['text/plain, the default of fetch for a string', 'content-type.wrong', 415],
    type('text/plain;charset=UTF-8'),
    { correct: withType },
  ),
  mistake(
    'mykaarma',
    ['JSON with the Content-Type of a form, the default of curl -d', 'body.form-encoded', 415],
    type('application/x-www-form-urlencoded'),
    { correct: withType },
  ),
  mistake(
    'formsonfire',
    ['A multipart form', 'body.form-encoded', 400],
    () => ({
      headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      body: '--x\r\nContent-Disposition: form-data; name="CompanyId"\r\n\r\n1815\r\n--x--\r\n',
    }),
    { correct: to('formsonfire') },
  ),
  mistake(
    'formsonfire',
    ['XML sent as JSON', 'body.xml-as-json', 400],
    () => ({ body: GOOD.xml.body }),
    { correct: withType },
  ),
  mistake(
    'xml',
    ['JSON sent as XML', 'body.json-as-xml', 400],
    () => ({ body: GOOD.formsonfire.body }),
    { correct: withType },
  ),
  mistake(
    'mykaarma',
    ['UTF-16', 'charset.unsupported', 415],
    (good) => ({
      ...type('application/json; charset=utf-16')(good),
      body: Buffer.from(String(good.body), 'utf16le'),
    }),
    {
      correct: (sent, hint) => ({
        ...withType(sent, hint),
        body: (sent.body as Buffer).toString('utf16le'),
      }),
    },
  ),
  mistake(
    'mykaarma',
    ['Latin-1 without a charset', 'body.not-utf-8', 400],
    text((body) => Buffer.from(body.replace('Byron', 'Bÿron'), 'latin1')),
    {
      correct: apply((sent) => ({ body: (sent.body as Buffer).toString('latin1') })),
    },
  ),
  mistake(
    'mykaarma',
    ['An Accept header for an unsupported type', 'accept.unsupported', 406],
    header('Accept', 'text/html'),
    {
      correct: (sent, hint) => ({
        ...sent,
        ...header('Accept', /Accept: (\S+)/.exec(hint)?.[1])(sent),
      }),
    },
  ),
  mistake(
    'mykaarma',
    ['Expect: 100-continue', 'expect.continue', 200],
    header('Expect', '100-continue'),
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['A Content-Encoding that does not fit the body', 'encoding.wrong', 400],
    header('Content-Encoding', 'gzip'),
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['A misspelt header of Standin', 'header.misspelt', 200],
    header('Standin-Fualt', '500'),
  ),
  mistake(
    'cryptlex',
    ['A CORS preflight from an origin that is not allowed', 'cors.preflight', 405],
    {
      method: 'OPTIONS',
      headers: { Origin: 'http://app.test', 'Access-Control-Request-Method': 'POST' },
      body: '',
    },
  ),
]

const bodies: readonly Mistake[] = [
  mistake(
    'mykaarma',
    ['No body (Content-Length 0)', 'body.empty', 400],
    { body: '' },
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['White space as the body', 'body.empty', 400],
    { body: ' \n' },
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['Two byte order marks', 'body.byte-order-mark', 400],
    text((body) => `\uFEFF\uFEFF${body}`),
    {
      correct: apply(text((body) => body.replaceAll('\uFEFF', ''))),
    },
  ),
  mistake(
    'mykaarma',
    ['A comma before the closing brace', 'json.trailing-comma', 400],
    text((body) => body.replace(/\s*}\s*$/, ',\n}')),
    {
      correct: apply(text((body) => body.replace(/,\s*}/, '}'))),
    },
  ),
  mistake(
    'mykaarma',
    ['Single quotes', 'json.single-quotes', 400],
    text((body) => body.replaceAll('"', "'")),
    {
      correct: apply(text((body) => body.replaceAll("'", '"'))),
    },
  ),
  mistake(
    'mykaarma',
    ['Curly quotes', 'json.curly-quotes', 400],
    text((body) => body.replace('"Ada"', '“Ada”')),
    {
      correct: apply(text((body) => body.replaceAll(/[“”]/g, '"'))),
    },
  ),
  mistake(
    'mykaarma',
    ['A comment', 'json.comment', 400],
    text((body) => body.replace('{', '{ // a partner\n')),
    {
      correct: apply(text((body) => body.replace(/\/\/.*\n/, ''))),
    },
  ),
  mistake(
    'mykaarma',
    ['NaN', 'json.nan', 400],
    text((body) => body.replace('"Ada"', 'NaN')),
    {
      correct: apply(text((body) => body.replace('NaN', 'null'))),
    },
  ),
  mistake(
    'mykaarma',
    ["Python's True", 'json.python-literal', 400],
    text((body) => body.replace('true', 'True')),
    {
      correct: apply(text((body) => body.replace('True', 'true'))),
    },
  ),
  mistake(
    'mykaarma',
    ['Names without quotes', 'json.unquoted-name', 400],
    text((body) => body.replace('"firstName"', 'firstName')),
    {
      correct: apply(text((body) => body.replace('firstName', '"firstName"'))),
    },
  ),
  mistake(
    'mykaarma',
    ['A missing comma', 'json.missing-comma', 400],
    text((body) => body.replace('"Ada",', '"Ada"')),
    {
      correct: apply(text((body) => body.replace('"Ada"', '"Ada",'))),
    },
  ),
  mistake(
    'mykaarma',
    ['A placeholder in the JSON', 'json.placeholder', 400],
    text((body) => body.replace('true', '{{invite}}')),
    {
      correct: apply(text((body) => body.replace('{{invite}}', 'true'))),
    },
  ),
  mistake(
    'mykaarma',
    ['A duplicate name', 'json.name-twice', 400],
    text((body) => body.replace('{', '{"firstName": "Grace",')),
    { correct: to('mykaarma') },
  ),
  mistake(
    'formsonfire',
    ['A duplicate name in another case', 'json.name-twice', 400],
    text((body) => body.replace('{', '{"firstname": "Grace",')),
    { correct: to('formsonfire') },
  ),
  mistake(
    'mykaarma',
    ['A Content-Length in characters, not bytes', 'body.cut-off', 400],
    (good) => {
      const body = String(good.body).trim().replace('Byron', 'Bÿrøn')
      return { body, headers: { ...good.headers, 'Content-Length': String(body.length) } }
    },
    {
      correct: apply((sent) =>
        header('Content-Length', String(Buffer.byteLength(sent.body)))(sent),
      ),
    },
  ),
  mistake(
    'mykaarma',
    ['JSON in a JSON string', 'json.double-encoded', 400],
    text((body) => JSON.stringify(body)),
    {
      correct: apply(text((body) => JSON.parse(body) as string)),
    },
  ),
  mistake(
    'mykaarma',
    ['A list instead of one object', 'body.array', 400],
    text((body) => `[${body}]`),
    {
      correct: apply(text((body) => body.slice(1, -1))),
    },
  ),
  mistake(
    'cryptlex',
    ['The user inside another object', 'body.wrapped', 400],
    members((user) => ({ user })),
    {
      correct: apply(members(({ user }) => user)),
    },
  ),
  mistake('mykaarma', ['A URL-encoded body', 'body.url-encoded', 400], text(encodeURIComponent), {
    correct: apply(text(decodeURIComponent)),
  }),
  mistake(
    'xml',
    ['XML with &lt; for <', 'body.html-escaped', 400],
    text((body) => body.replaceAll('<', '&lt;').replaceAll('>', '&gt;')),
    {
      correct: apply(text((body) => body.replaceAll('&lt;', '<').replaceAll('&gt;', '>'))),
    },
  ),
  mistake(
    'xml',
    ['Elements out of order', 'xml.order', 200],
    text((body) =>
      body.replace(/(\s*<Email>.*<\/Email>)(\s*<ExternalId>.*<\/ExternalId>)/, '$2$1'),
    ),
    { correct: to('xml') },
  ),
  mistake(
    'xml',
    ['A wrong root element', 'xml.root', 400],
    text((body) => body.replaceAll('User>', 'NewUser>')),
    { correct: to('xml') },
  ),
  mistake(
    'xml',
    ['The root element in lower case', 'xml.case', 400],
    text((body) => body.replaceAll('User>', 'user>')),
    { correct: to('xml') },
  ),
  mistake(
    'xml',
    ['An element in lower case', 'field.case', 400],
    text((body) => body.replaceAll('FirstName>', 'firstname>')),
    { correct: asNamed },
  ),
  mistake(
    'xml',
    ['A prefix without its namespace', 'xml.namespace', 400],
    text((body) => body.replaceAll('User>', 'f:User>')),
    {
      correct: apply(text((body) => body.replaceAll('f:User>', 'User>'))),
    },
  ),
  mistake(
    'xml',
    ['A SOAP envelope', 'xml.soap', 400],
    text((body) => `<Envelope><Body>${body}</Body></Envelope>`),
    { correct: to('xml') },
  ),
  mistake(
    'xml',
    ['A bare ampersand', 'xml.ampersand', 400],
    text((body) => body.replace('Byron', 'Byron & King')),
    {
      correct: apply(text((body) => body.replace('&', '&amp;'))),
    },
  ),
  mistake(
    'xml',
    ['White space before <?xml', 'xml.declaration', 400],
    text((body) => `\n<?xml version="1.0"?>${body}`),
    {
      correct: apply(text((body) => body.trimStart())),
    },
  ),
  mistake(
    'xml',
    ['A DOCTYPE', 'xml.doctype', 400],
    text((body) => `<!DOCTYPE User>${body}`),
    {
      correct: apply(text((body) => body.replace('<!DOCTYPE User>', ''))),
    },
  ),
  mistake(
    'xml',
    ['A list without its items', 'xml.list', 400],
    text((body) => body.replaceAll(/<\/?Id>/g, '')),
    { correct: to('xml') },
  ),
]

const fields: readonly Mistake[] = [
  mistake(
    'mykaarma',
    ['dealerUuid for dealerUUID', 'field.case', 200],
    rename('dealerUUID', 'dealerUuid'),
    { correct: asNamed },
  ),
  mistake(
    'cryptlex',
    ['Password for password', 'field.case', 400],
    rename('password', 'Password'),
    { correct: asNamed },
  ),
  mistake(
    'mykaarma',
    ['snake_case', 'field.snake-case', 200],
    rename('emailAddress', 'email_address'),
    { correct: asNamed },
  ),
  mistake('mykaarma', ['kebab-case', 'field.kebab-case', 200], rename('firstName', 'first-name'), {
    correct: asNamed,
  }),
  mistake(
    'mykaarma',
    ['A misspelt field', 'field.spelling', 200],
    rename('emailAddress', 'emailAdress'),
    { correct: asNamed },
  ),
  mistake(
    'mykaarma',
    ["Another API's name for a field", 'field.other-word', 200],
    rename('emailAddress', 'email'),
    { correct: asNamed },
  ),
  mistake(
    'mykaarma',
    ['An unknown field', 'field.unknown', 200],
    field('favouriteColour', 'blue'),
    {
      correct: apply(members(({ favouriteColour: _, ...body }) => body)),
    },
  ),
  mistake(
    'cryptlex',
    ['A missing required field', 'field.missing', 400],
    members(({ role: _, ...body }) => body),
    {
      correct: (sent, hint) => ({
        ...sent,
        ...field(/Add (\w+)/.exec(hint)?.[1] ?? '', 'user')(sent),
      }),
    },
  ),
  mistake(
    'formsonfire',
    ['A number as a string', 'type.text-for-number', 200],
    field('CompanyId', '1815'),
    { correct: apply(field('CompanyId', 1815)) },
  ),
  mistake(
    'mykaarma',
    ['A number instead of a string', 'type.number-for-text', 400],
    field('phone', 2025550147),
    { correct: apply(field('phone', '2025550147')) },
  ),
  mistake(
    'mykaarma',
    ['A boolean as a string', 'type.text-for-boolean', 400],
    field('sendEmail', 'yes'),
    {
      correct: (sent, hint) => ({ ...sent, ...field('sendEmail', / as true /.test(hint))(sent) }),
    },
  ),
  mistake(
    'mykaarma',
    ['1 instead of true', 'type.number-for-boolean', 400],
    field('sendEmail', 1),
    {
      correct: (sent, hint) => ({ ...sent, ...field('sendEmail', / as true:/.test(hint))(sent) }),
    },
  ),
  mistake(
    'mykaarma',
    ['A list instead of one value', 'type.list-for-one', 400],
    field('emailAddress', ['ada@example.test']),
    {
      correct: apply(field('emailAddress', 'ada@example.test')),
    },
  ),
  mistake(
    'formsonfire',
    ['One value instead of a list', 'type.one-for-list', 400],
    field('Folders', '3f2504e0-4f89-41d3-9a0c-0305e82c3301'),
    { correct: to('formsonfire') },
  ),
  mistake('cryptlex', ['null for a required value', 'type.null', 400], field('firstName', null), {
    correct: to('cryptlex'),
  }),
  mistake('cryptlex', ['null as a string', 'value.null-as-text', 201], field('lastName', 'null'), {
    correct: apply(field('lastName', null)),
  }),
  mistake(
    'mykaarma',
    ['An enum value in another case', 'enum.case', 400],
    field('userInviteEmailTemplate', 'simple'),
    { correct: asValue('userInviteEmailTemplate') },
  ),
  mistake(
    'mykaarma',
    ['A value outside the enum', 'enum.value', 400],
    field('userInviteEmailTemplate', 'FANCY'),
    { correct: apply(field('userInviteEmailTemplate', 'SIMPLE')) },
  ),
  mistake(
    'cryptlex',
    ['A password that is too short', 'value.too-short', 400],
    field('password', 'short'),
    { correct: apply(field('password', 'long enough')) },
  ),
  mistake(
    'formsonfire',
    ['An id that is too long', 'value.too-long', 400],
    field('ExternalId', 'x'.repeat(51)),
    { correct: apply(field('ExternalId', 'x')) },
  ),
  mistake('cryptlex', ['An empty string', 'value.empty', 400], field('firstName', ''), {
    correct: to('cryptlex'),
  }),
  mistake(
    'cryptlex',
    ['An email address with a display name', 'email.display-name', 400],
    field('email', 'Ada Byron <ada@example.test>'),
    { correct: asValue('email') },
  ),
  mistake(
    'cryptlex',
    ['An email address with white space', 'email.spaces', 400],
    field('email', ' ada@example.test '),
    { correct: to('cryptlex') },
  ),
  mistake(
    'mykaarma',
    ['mailto: before an email address', 'email.mailto', 200],
    field('emailAddress', 'mailto:ada@example.test'),
    { correct: to('mykaarma') },
  ),
  mistake(
    'cryptlex',
    ['Two email addresses', 'email.several', 400],
    field('email', 'ada@example.test, grace@example.test'),
    { correct: to('cryptlex') },
  ),
  mistake(
    'cryptlex',
    ['A URL-encoded email address', 'email.url-encoded', 400],
    field('email', 'ada%40example.test'),
    { correct: to('cryptlex') },
  ),
  mistake('cryptlex', ['An email address without @', 'email.no-at', 400], field('email', 'ada'), {
    correct: to('cryptlex'),
  }),
  mistake(
    'formsonfire',
    ['A GUID in braces', 'guid.braces', 200],
    field('Folders', ['{3f2504e0-4f89-41d3-9a0c-0305e82c3301}']),
    { correct: to('formsonfire') },
  ),
  mistake(
    'mykaarma',
    ['A placeholder in a value', 'value.placeholder', 200],
    field('firstName', '{{firstName}}'),
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['HTML entities in a value', 'value.html-escaped', 200],
    field('lastName', 'O&#39;Brien'),
    { correct: apply(field('lastName', "O'Brien")) },
  ),
  mistake(
    'mykaarma',
    ['UTF-8 decoded as Latin-1', 'value.mojibake', 200],
    field('lastName', Buffer.from('Bÿron').toString('latin1')),
    { correct: to('mykaarma') },
  ),
  mistake(
    'mykaarma',
    ['White space around a value', 'value.spaces', 200],
    field('username', 'ada.byron '),
    { correct: to('mykaarma') },
  ),
  mistake(
    'clock',
    ['A date in another format', 'date.format', 400],
    { body: '{"now":"2026-01-15 09:30"}' },
    { correct: asValue('now') },
  ),
  mistake(
    'clock',
    ['A Unix timestamp as a date', 'date.format', 400],
    { body: '{"now":"1768469400"}' },
    { correct: asValue('now') },
  ),
  mistake(
    'mykaarma',
    ['A user that already exists', 'user.duplicate', 400],
    {},
    {
      before: GOOD.mykaarma,
      correct: apply((sent) => ({
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
    ['An email address of an existing user', 'user.duplicate', 409],
    {},
    { before: GOOD.cryptlex, correct: apply(field('email', 'another@example.test')) },
  ),
  mistake(
    'formsonfire',
    ['A user that already exists', 'user.duplicate', 400],
    {},
    {
      before: GOOD.formsonfire,
      correct: apply(
        members((body) => ({ ...body, Email: 'another@example.test', ExternalId: 'another' })),
      ),
    },
  ),
  mistake(
    'cryptlex',
    ['An unknown reseller', 'reseller.unknown', 201],
    path('/v3/resellers/reseller-999/users'),
    { correct: apply(path(CRYPTLEX)) },
  ),
  mistake(
    'mykaarma',
    ['An unknown dealer', 'dealer.unknown', 403],
    field('dealerUUID', 'dealer-999'),
    {
      settings: { profile: { all: 'strict' } },
      correct: (sent, hint) => ({
        ...sent,
        ...field('dealerUUID', /such as ([\w-]+)/.exec(hint)?.[1])(sent),
      }),
    },
  ),
  mistake(
    'formsonfire',
    ['An unknown folder', 'entry.unknown', 200],
    field('Folders', ['00000000-0000-4000-8000-000000000001']),
    { correct: to('formsonfire') },
  ),
]

// The ids that a sandbox gives to the users of the good requests.
const MYKAARMA_USER = `${MYKAARMA}/61ec436c-dd0a-4116-a488-28328922d8f6`
const CRYPTLEX_USER = `${CRYPTLEX}/0d9e639d-b6fc-4c14-8bd2-50cd463d64ef`
const FORMSONFIRE_ID = '852c1e6d-5b04-4bab-855e-bb0b7278621e'
const NO_ID = '00000000-0000-4000-8000-000000000000'
const DEALER = '/manage/v2/user/dealer/dealer-uuid-001'
const KEY = 'CompanyId=1815&IntegrationKey=0123456789abcdef0123456789abcdef'
const { Authorization: bearer } = GOOD.cryptlex.headers
const { Authorization: partner } = GOOD.mykaarma.headers

/** A call on an existing user; `headers` without a type have no body. */
const call = (
  verb: string,
  target: string,
  body = '',
  headers: Outgoing['headers'] = body === '' ? {} : json,
): Outgoing => ({ method: verb, path: target, headers, body })
const asCaller = (value: string | undefined, sent: Outgoing): Outgoing => ({
  ...sent,
  ...authorization(value)(sent),
})
const cryptlexCall = (...sent: Parameters<typeof call>) => asCaller(bearer, call(...sent))
const mykaarmaCall = (...sent: Parameters<typeof call>) => asCaller(partner, call(...sent))
const update = (changes: object) =>
  JSON.stringify({
    CompanyId: 1815,
    IntegrationKey: '0123456789abcdef0123456789abcdef',
    LastName: 'Byron',
    ...changes,
  })
const CHANGE = '{"lastName":"Lovelace"}'

/** Rows: API, title, code, status, the wrong request, the right one. */
const onUsers = (
  [
    [
      'formsonfire',
      'A read of an unknown Id',
      'user.unknown',
      400,
      call('GET', `${FORMSONFIRE}?Id=${NO_ID}&${KEY}`),
      call('GET', `${FORMSONFIRE}?Id=${FORMSONFIRE_ID}&${KEY}`),
    ],
    [
      'formsonfire',
      'A read with the Id in the path',
      'id.in-path',
      405,
      call('GET', `${FORMSONFIRE}/${FORMSONFIRE_ID}?${KEY}`),
      call('GET', `${FORMSONFIRE}?Id=${FORMSONFIRE_ID}&${KEY}`),
    ],
    [
      'formsonfire',
      'A read without the key',
      'key.missing',
      401,
      call('GET', `${FORMSONFIRE}?Id=${FORMSONFIRE_ID}&CompanyId=1815`),
      call('GET', `${FORMSONFIRE}?Id=${FORMSONFIRE_ID}&${KEY}`),
    ],
    [
      'formsonfire',
      'A read that names no user',
      'user.unnamed',
      400,
      call('GET', `${FORMSONFIRE}?${KEY}`),
      call('GET', `${FORMSONFIRE}?Id=${FORMSONFIRE_ID}&${KEY}`),
    ],
    [
      'formsonfire',
      'A search without a filter',
      'search.empty',
      400,
      call('GET', `${FORMSONFIRE}/search?${KEY}`),
      call('GET', `${FORMSONFIRE}/search?Name=ada&${KEY}`),
    ],
    [
      'formsonfire',
      'A search with an unknown filter',
      'query.unknown',
      200,
      call('GET', `${FORMSONFIRE}/search?Name=ada&Company=x&${KEY}`),
      call('GET', `${FORMSONFIRE}/search?Name=ada&${KEY}`),
    ],
    [
      'formsonfire',
      'A search by POST',
      'method.wrong',
      405,
      call('POST', `${FORMSONFIRE}/search?Name=ada&${KEY}`, '{}'),
      call('GET', `${FORMSONFIRE}/search?Name=ada&${KEY}`),
    ],
    [
      'formsonfire',
      'An update of an unknown Id',
      'user.unknown',
      400,
      call('PUT', FORMSONFIRE, update({ Id: NO_ID })),
      call('PUT', FORMSONFIRE, update({ Id: FORMSONFIRE_ID })),
    ],
    [
      'formsonfire',
      'An update without Id',
      'field.missing',
      400,
      call('PUT', FORMSONFIRE, update({})),
      call('PUT', FORMSONFIRE, update({ Id: FORMSONFIRE_ID })),
    ],
    [
      'formsonfire',
      'An update with the Id in the path',
      'id.in-path',
      405,
      call('PUT', `${FORMSONFIRE}/${FORMSONFIRE_ID}`, update({})),
      call('PUT', FORMSONFIRE, update({ Id: FORMSONFIRE_ID })),
    ],
    [
      'formsonfire',
      'An update by PATCH',
      'method.wrong',
      405,
      call('PATCH', FORMSONFIRE, update({ Id: FORMSONFIRE_ID })),
      call('PUT', FORMSONFIRE, update({ Id: FORMSONFIRE_ID })),
    ],
    [
      'formsonfire',
      'An update in JSON without a Content-Type',
      'content-type.missing',
      400,
      call('PUT', FORMSONFIRE, update({ Id: FORMSONFIRE_ID }), {}),
      call('PUT', FORMSONFIRE, update({ Id: FORMSONFIRE_ID })),
    ],
    [
      'formsonfire',
      'A deletion of an unknown Id',
      'user.unknown',
      400,
      call('DELETE', `${FORMSONFIRE}?Id=${NO_ID}&${KEY}`),
      call('DELETE', `${FORMSONFIRE}?Id=${FORMSONFIRE_ID}&${KEY}`),
    ],
    [
      'formsonfire',
      'A deletion without the key',
      'key.missing',
      401,
      call('DELETE', FORMSONFIRE, `{"CompanyId":1815,"Id":"${FORMSONFIRE_ID}"}`),
      call('DELETE', `${FORMSONFIRE}?Id=${FORMSONFIRE_ID}&${KEY}`),
    ],
    [
      'mykaarma',
      'An update of an unknown user',
      'user.unknown',
      400,
      mykaarmaCall('PUT', `${MYKAARMA}/${NO_ID}`, CHANGE),
      mykaarmaCall('PUT', MYKAARMA_USER, CHANGE),
    ],
    [
      'mykaarma',
      'An update without the id',
      'path.parameter-missing',
      405,
      mykaarmaCall('PUT', MYKAARMA, CHANGE),
      mykaarmaCall('PUT', MYKAARMA_USER, CHANGE),
    ],
    [
      'mykaarma',
      'An update by PATCH',
      'method.wrong',
      405,
      mykaarmaCall('PATCH', MYKAARMA_USER, CHANGE),
      mykaarmaCall('PUT', MYKAARMA_USER, CHANGE),
    ],
    [
      'mykaarma',
      'An update with upper case in the path',
      'path.case',
      404,
      mykaarmaCall('PUT', MYKAARMA_USER.replace('user', 'User'), CHANGE),
      mykaarmaCall('PUT', MYKAARMA_USER, CHANGE),
    ],
    [
      'mykaarma',
      'An update as text',
      'content-type.wrong',
      415,
      mykaarmaCall('PUT', MYKAARMA_USER, CHANGE, { 'Content-Type': 'text/plain' }),
      mykaarmaCall('PUT', MYKAARMA_USER, CHANGE),
    ],
    [
      'mykaarma',
      'An update without the scope',
      'scope.missing',
      403,
      asCaller(basic('reader:reader-secret'), call('PUT', MYKAARMA_USER, CHANGE)),
      mykaarmaCall('PUT', MYKAARMA_USER, CHANGE),
    ],
    [
      'mykaarma',
      'A read of one user',
      'user.no-get',
      405,
      mykaarmaCall('GET', MYKAARMA_USER),
      mykaarmaCall('GET', DEALER),
    ],
    [
      'mykaarma',
      'A list without credentials',
      'credentials.missing',
      401,
      call('GET', DEALER),
      mykaarmaCall('GET', DEALER),
    ],
    [
      'mykaarma',
      'A list with a filter that the call does not have',
      'query.unknown',
      200,
      mykaarmaCall('GET', `${DEALER}?email=ada@example.test`),
      mykaarmaCall('GET', DEALER),
    ],
    [
      'mykaarma',
      'A list without the dealer',
      'path.parameter-missing',
      404,
      mykaarmaCall('GET', '/manage/v2/user/dealer'),
      mykaarmaCall('GET', DEALER),
    ],
    [
      'cryptlex',
      'A list without a token',
      'credentials.missing',
      401,
      call('GET', CRYPTLEX),
      cryptlexCall('GET', CRYPTLEX),
    ],
    [
      'cryptlex',
      'A list without the scope',
      'scope.missing',
      403,
      asCaller(`Bearer ${narrow}`, call('GET', CRYPTLEX)),
      cryptlexCall('GET', CRYPTLEX),
    ],
    [
      'cryptlex',
      'A list with a misspelt filter',
      'query.unknown',
      200,
      cryptlexCall('GET', `${CRYPTLEX}?emial=ada@example.test`),
      cryptlexCall('GET', `${CRYPTLEX}?email=ada@example.test`),
    ],
    [
      'cryptlex',
      'An update of an unknown user',
      'user.unknown',
      404,
      cryptlexCall('PATCH', `${CRYPTLEX}/${NO_ID}`, CHANGE),
      cryptlexCall('PATCH', CRYPTLEX_USER, CHANGE),
    ],
    [
      'cryptlex',
      'An update without the id',
      'path.parameter-missing',
      405,
      cryptlexCall('PATCH', CRYPTLEX, CHANGE),
      cryptlexCall('PATCH', CRYPTLEX_USER, CHANGE),
    ],
    [
      'cryptlex',
      'An update by PUT',
      'method.wrong',
      405,
      cryptlexCall('PUT', CRYPTLEX_USER, CHANGE),
      cryptlexCall('PATCH', CRYPTLEX_USER, CHANGE),
    ],
    [
      'cryptlex',
      'An update as text',
      'content-type.wrong',
      415,
      cryptlexCall('PATCH', CRYPTLEX_USER, CHANGE, { 'Content-Type': 'text/plain' }),
      cryptlexCall('PATCH', CRYPTLEX_USER, CHANGE),
    ],
    [
      'cryptlex',
      'A deletion by the email address',
      'user.unknown',
      404,
      cryptlexCall('DELETE', `${CRYPTLEX}/ada@example.test`),
      cryptlexCall('DELETE', CRYPTLEX_USER),
    ],
    [
      'cryptlex',
      'A deletion without the scope',
      'scope.missing',
      403,
      asCaller(`Bearer ${narrow}`, call('DELETE', CRYPTLEX_USER)),
      cryptlexCall('DELETE', CRYPTLEX_USER),
    ],
  ] as const
).map(([api, title, code, status, sent, right]) =>
  mistake(api, [title, code, status], sent, { before: GOOD[api], correct: () => right }),
)

/** All mistakes by subject, as the document lists them. */
export const MISTAKES: readonly (readonly [subject: string, mistakes: readonly Mistake[]])[] = [
  ['Credentials', credentials],
  ['Method, path and sandbox', paths],
  ['Headers and bytes', types],
  ['The body as a whole', bodies],
  ['Fields and values', fields],
  ['Reading, changing and deleting users', onUsers],
]
