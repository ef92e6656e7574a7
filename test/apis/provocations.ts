import request, { type Test } from 'supertest'
import { onTestFinished, vi } from 'vitest'
import {
  createCryptlexUser,
  createFormsOnFireUser,
  createMykaarmaUser,
  CRYPTLEX,
  FORMSONFIRE,
  jsonFixture,
  MYKAARMA,
  type Settings,
  type TestSandbox,
} from '../helpers/sandbox.ts'
import { JSON_TYPE, written, XML_TYPE } from './contract-documents.ts'

/** A request that a contract's answer of one status is expected for. */
export interface Provocation {
  readonly api: string
  readonly status: number
  /** The operation; undefined for a request that matches none, whose answers the contract lists separately. */
  readonly operation?: string
  readonly settings?: Settings
  /** Makes a part of the server fail, or uses up a limit. */
  readonly before?: (sandbox: TestSandbox) => unknown
  /** The media type of the answer is passed too, for bodies in the same format. */
  readonly send: (sandbox: TestSandbox, type: string) => Test
  /** The media types of the answer; undefined: all of the API's; empty: the answer has no body. */
  readonly types?: readonly string[]
}

const TYPES: Readonly<Record<string, readonly string[]>> = {
  mykaarma: [JSON_TYPE],
  cryptlex: [JSON_TYPE],
  formsonfire: [XML_TYPE, JSON_TYPE],
}

export const KEY = '0123456789abcdef0123456789abcdef'
export const KEYS = { CompanyId: 1815, IntegrationKey: KEY }
const LIMITED_KEY = '0123456789abcdef0123456789abcd01'
export const BASIC = `Basic ${Buffer.from('partner:partner-secret').toString('base64')}`
const READER = `Basic ${Buffer.from('reader:reader-secret').toString('base64')}`
export const BEARER = 'Bearer standin-token'
const NO_USER = '11111111-2222-4333-8444-555555555555'

export const INTERNAL = 'nobody should read this'
const breakStore = ({ sandbox }: TestSandbox) => {
  sandbox.store.transact = () => {
    throw new Error(INTERNAL)
  }
}
const breakRouting = (api: string) => (server: TestSandbox) => {
  // The servers of a process share their contracts, so the mock is removed afterwards.
  const { contract } = server.sandbox.contexts.get(api)!
  const find = vi.spyOn(contract, 'find').mockImplementation(() => {
    throw new Error(INTERNAL)
  })
  onTestFinished(() => find.mockRestore())
}
/** Declares a hundred bytes and sends one. */
const unfinished = (sent: Test) => sent.set('Content-Length', '100').send('{')
const slow: Settings = { bodyTimeout: 50 }
const strict: Settings = { profile: { all: 'strict' } }

export const post = (path: string, authorization: string) => (sandbox: TestSandbox) =>
  request(sandbox.url).post(path).set('Authorization', authorization).set('Content-Type', JSON_TYPE)
export const partner = post(MYKAARMA, BASIC)
export const reseller = post(CRYPTLEX, BEARER)
export const company = (sandbox: TestSandbox) =>
  request(sandbox.url).post(FORMSONFIRE).query(KEYS).set('Content-Type', JSON_TYPE)

/** The id of the only row of a table. */
const onlyId = ({ sandbox }: TestSandbox, table: string) =>
  (sandbox.store.collection(table).all() as readonly { readonly id: string }[]).at(-1)!.id

/** One operation of a contract, with a request that succeeds. */
interface Call {
  readonly operation: string
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete'
  readonly path: string | ((sandbox: TestSandbox) => string)
  readonly success: number
  readonly body?: object
  readonly prepare?: (sandbox: TestSandbox) => unknown
}

type Row = Omit<Provocation, 'api' | 'operation'>

/** The rows of single operations, by operation. */
const rowsOf = (api: string, table: Readonly<Record<string, readonly Row[]>>): Provocation[] =>
  Object.entries(table).flatMap(([operation, own]) =>
    own.map((row) => ({ ...row, api, operation })),
  )

/** Breaks the store after the preparations. */
const brokenAfter = (prepare: Call['prepare']) => async (s: TestSandbox) => {
  await prepare?.(s)
  breakStore(s)
}

const pathOf = ({ path }: Call, s: TestSandbox) => (typeof path === 'string' ? path : path(s))

// --- myKaarma ----------------------------------------------------------------------------------

const onMykaarma = (call: Call, s: TestSandbox, authorization = BASIC, suffix = '') => {
  const path = `${pathOf(call, s)}${suffix}`
  return request(s.url)[call.method](path).set('Authorization', authorization)
}

const mykaarmaUser = (s: TestSandbox) => createMykaarmaUser(s).expect(200)

const MYKAARMA_CREATE: Call = {
  operation: 'createUserForPartner',
  method: 'post',
  path: MYKAARMA,
  success: 200,
  body: jsonFixture('mykaarma.json'),
}
const MYKAARMA_UPDATE: Call = {
  operation: 'updateUserForPartner',
  method: 'put',
  path: (s) => `${MYKAARMA}/${onlyId(s, 'mykaarma.users')}`,
  success: 200,
  body: { bio: 'x' },
  prepare: mykaarmaUser,
}
const MYKAARMA_LIST: Call = {
  operation: 'getUsersForDealer',
  method: 'get',
  path: '/manage/v2/user/dealer/dealer-uuid-001',
  success: 200,
  prepare: mykaarmaUser,
}

/** The statuses that every operation has, and those of a body where it has one. */
function usualOnMykaarma(call: Call): Provocation[] {
  const { operation, method, body, prepare } = call
  const api = { api: 'mykaarma', operation, ...(prepare && { before: prepare }) }
  const good = (s: TestSandbox) => onMykaarma(call, s).send(body)
  const withBody: Provocation[] = [
    {
      ...api,
      status: 408,
      settings: slow,
      send: (s) => unfinished(onMykaarma(call, s).type(JSON_TYPE)),
    },
    {
      ...api,
      status: 413,
      settings: { maxBody: 5000 },
      send: (s) => onMykaarma(call, s).send({ bio: 'x'.repeat(10_000) }),
    },
    { ...api, status: 415, send: (s) => onMykaarma(call, s).type('text/csv').send('a') },
  ]
  return [
    {
      ...api,
      status: call.success,
      types: method === 'get' ? [JSON_TYPE] : [JSON_TYPE, 'application/x-protobuf'],
      send: good,
    },
    { ...api, status: 401, send: (s) => onMykaarma(call, s, 'Basic').send(body) },
    { ...api, status: 404, send: (s) => onMykaarma(call, s, BASIC, '/x/y').send(body) },
    { ...api, status: 405, send: (s) => onMykaarma({ ...call, method: 'delete' }, s) },
    { ...api, status: 406, send: (s) => good(s).set('Accept', 'text/html') },
    ...(body ? withBody : []),
    { ...api, status: 500, before: brokenAfter(prepare), send: good },
  ]
}

const mykaarma: readonly Provocation[] = [
  ...[MYKAARMA_CREATE, MYKAARMA_UPDATE, MYKAARMA_LIST].flatMap(usualOnMykaarma),
  ...rowsOf('mykaarma', {
    createUserForPartner: [
      { status: 400, send: (s) => createMykaarmaUser(s, { emailAddress: 5 }) },
      { status: 403, send: post(MYKAARMA, READER) },
    ],
    updateUserForPartner: [
      {
        status: 400,
        before: mykaarmaUser,
        send: (s) => onMykaarma(MYKAARMA_UPDATE, s).send({ bio: 5 }),
      },
      {
        status: 400,
        send: (s) => onMykaarma({ ...MYKAARMA_UPDATE, path: `${MYKAARMA}/nobody` }, s).send({}),
      },
      {
        status: 403,
        before: mykaarmaUser,
        send: (s) => onMykaarma(MYKAARMA_UPDATE, s, READER).send({ bio: 'x' }),
      },
    ],
    getUsersForDealer: [
      {
        status: 400,
        send: (s) => onMykaarma(MYKAARMA_LIST, s).query({ includeInvalid: 'perhaps' }),
      },
      {
        status: 403,
        settings: strict,
        send: (s) => onMykaarma({ ...MYKAARMA_LIST, path: '/manage/v2/user/dealer/unknown' }, s),
      },
    ],
  }),
]

// --- Cryptlex ----------------------------------------------------------------------------------

const FOR_WEBHOOKS = 'Bearer standin-token-webhooks'
const WEAK = 'Bearer standin-token-read-only'
const WEBHOOKS = '/v3/webhooks'
const WEBHOOK = {
  name: 'Provisioning',
  url: '/_standin/inbox/mine',
  token: 'sandbox-webhook-token',
  active: true,
  events: ['reseller.user.created'],
}
const isAboutWebhooks = ({ operation }: Call) => operation.includes('Webhook')

const onCryptlex = (
  call: Call,
  s: TestSandbox,
  authorization = isAboutWebhooks(call) ? FOR_WEBHOOKS : BEARER,
) => {
  const sent = request(s.url)[call.method](pathOf(call, s)).set('Authorization', authorization)
  return call.body ? sent.send(call.body) : sent
}

const cryptlexUser = (s: TestSandbox) => createCryptlexUser(s).expect(201)
const userPath = (s: TestSandbox) => `${CRYPTLEX}/${onlyId(s, 'cryptlex.users')}`
const webhook = (s: TestSandbox) =>
  request(s.url).post(WEBHOOKS).set('Authorization', FOR_WEBHOOKS).send(WEBHOOK).expect(201)
const webhookPath = (s: TestSandbox) => `${WEBHOOKS}/${onlyId(s, 'webhooks.subscriptions')}`

const CRYPTLEX_CALLS: readonly Call[] = [
  {
    operation: 'createResellerUser',
    method: 'post',
    path: CRYPTLEX,
    success: 201,
    body: {
      email: 'ada@example.test',
      firstName: 'Ada',
      role: 'user',
      allowCustomerPortalAccess: true,
      password: 'analytical-engine-1',
    },
  },
  {
    operation: 'listResellerUsers',
    method: 'get',
    path: CRYPTLEX,
    success: 200,
    prepare: cryptlexUser,
  },
  {
    operation: 'updateResellerUser',
    method: 'patch',
    path: userPath,
    success: 200,
    body: { company: 'Difference Engines' },
    prepare: cryptlexUser,
  },
  {
    operation: 'deleteResellerUser',
    method: 'delete',
    path: userPath,
    success: 204,
    prepare: cryptlexUser,
  },
  { operation: 'listWebhooks', method: 'get', path: WEBHOOKS, success: 200, prepare: webhook },
  { operation: 'createWebhook', method: 'post', path: WEBHOOKS, success: 201, body: WEBHOOK },
  { operation: 'getWebhook', method: 'get', path: webhookPath, success: 200, prepare: webhook },
  {
    operation: 'updateWebhook',
    method: 'patch',
    path: webhookPath,
    success: 200,
    body: { active: false },
    prepare: webhook,
  },
  {
    operation: 'deleteWebhook',
    method: 'delete',
    path: webhookPath,
    success: 204,
    prepare: webhook,
  },
  {
    operation: 'listWebhookEventLogs',
    method: 'get',
    path: '/v3/webhook-event-logs',
    success: 200,
    prepare: async (s) => {
      await webhook(s)
      await cryptlexUser(s)
      await request(s.url).post('/_standin/settle').expect(200)
    },
  },
]

/** The statuses that every operation has, and those of a body where it has one. */
function usualOnCryptlex(call: Call): Provocation[] {
  const { operation, success, prepare } = call
  const api = { api: 'cryptlex', operation, ...(prepare && { before: prepare }) }
  const good = (s: TestSandbox) => onCryptlex(call, s)
  const { body, ...withoutBody } = call
  const bare = (s: TestSandbox) => onCryptlex(withoutBody, s)
  const withBody: Provocation[] = [
    { ...api, status: 408, settings: slow, send: (s) => unfinished(bare(s).type(JSON_TYPE)) },
    {
      ...api,
      status: 413,
      settings: { maxBody: 5000 },
      send: (s) => bare(s).send({ company: 'x'.repeat(10_000) }),
    },
    { ...api, status: 415, send: (s) => bare(s).type('text/csv').send('a') },
  ]
  return [
    { ...api, status: success, send: good, ...(success === 204 ? { types: [''] } : {}) },
    { ...api, status: 401, send: (s) => onCryptlex(call, s, 'Bearer x') },
    {
      ...api,
      status: 403,
      // The list needs the scope to read users, which the token for webhooks lacks.
      send: (s) => onCryptlex(call, s, operation === 'listResellerUsers' ? FOR_WEBHOOKS : WEAK),
    },
    { ...api, status: 405, send: (s) => onCryptlex({ ...call, method: 'put' }, s) },
    ...(body ? withBody : []),
    {
      ...api,
      status: 429,
      settings: { ...strict, clock: 0 },
      before: async (s) => {
        await prepare?.(s)
        await useUp(s)
      },
      send: good,
    },
    { ...api, status: 500, before: brokenAfter(prepare), send: good },
  ]
}

/** Sends as many requests as the rate limit allows. */
const useUp = (s: TestSandbox) =>
  Promise.all(Array.from({ length: 50 }, () => request(s.url).get('/v3/nowhere')))

/** Sends the request of an operation with some parts changed. */
const asIn = (operation: string, change: Partial<Call>) => (s: TestSandbox) =>
  onCryptlex({ ...CRYPTLEX_CALLS.find((call) => call.operation === operation)!, ...change }, s)

const NO_WEBHOOK = { path: `${WEBHOOKS}/nope` }
const NO_CRYPTLEX_USER = { path: `${CRYPTLEX}/nobody` }

const cryptlex: readonly Provocation[] = [
  ...CRYPTLEX_CALLS.flatMap(usualOnCryptlex),
  ...rowsOf('cryptlex', {
    createResellerUser: [
      { status: 400, send: (s) => createCryptlexUser(s, { email: 'ada' }) },
      {
        status: 404,
        settings: strict,
        send: (s) => createCryptlexUser(s, { organizationId: 'nowhere' }),
      },
      { status: 409, before: cryptlexUser, send: (s) => createCryptlexUser(s) },
    ],
    listResellerUsers: [
      { status: 400, send: asIn('listResellerUsers', { path: `${CRYPTLEX}?limit=101` }) },
      {
        status: 404,
        settings: strict,
        send: asIn('listResellerUsers', { path: '/v3/resellers/nobody/users' }),
      },
    ],
    updateResellerUser: [
      {
        status: 400,
        before: cryptlexUser,
        send: asIn('updateResellerUser', { body: { role: 7 } }),
      },
      { status: 404, send: asIn('updateResellerUser', NO_CRYPTLEX_USER) },
    ],
    deleteResellerUser: [{ status: 404, send: asIn('deleteResellerUser', NO_CRYPTLEX_USER) }],
    listWebhooks: [{ status: 400, send: asIn('listWebhooks', { path: `${WEBHOOKS}?limit=101` }) }],
    createWebhook: [
      {
        status: 400,
        send: asIn('createWebhook', { body: { ...WEBHOOK, url: 'ftp://example.test/' } }),
      },
      {
        status: 409,
        settings: { webhookUrl: 'none' },
        before: async (s) => {
          for (let i = 0; i < 100; i++) await webhook(s)
        },
        send: asIn('createWebhook', {}),
      },
    ],
    getWebhook: [{ status: 404, send: asIn('getWebhook', NO_WEBHOOK) }],
    updateWebhook: [
      { status: 400, before: webhook, send: asIn('updateWebhook', { body: { active: 'yes' } }) },
      { status: 404, send: asIn('updateWebhook', NO_WEBHOOK) },
    ],
    deleteWebhook: [{ status: 404, send: asIn('deleteWebhook', NO_WEBHOOK) }],
    listWebhookEventLogs: [
      {
        status: 400,
        send: asIn('listWebhookEventLogs', { path: '/v3/webhook-event-logs?limit=101' }),
      },
    ],
  }),
]

// --- Forms On Fire -----------------------------------------------------------------------------

const formsOnFireUser = (s: TestSandbox) => createFormsOnFireUser(s).expect(200)
const formsOnFireId = (s: TestSandbox) => onlyId(s, 'formsonfire.users')

interface FormsOnFireCall extends Call {
  /** The fields that are sent, beside the credentials: in the query of a GET, or else in the body. */
  readonly fields: (sandbox: TestSandbox) => Record<string, unknown>
}

/** Sends the fields in the format of the answer. */
const onFormsOnFire = (
  call: FormsOnFireCall,
  s: TestSandbox,
  type: string,
  change: object = {},
): Test => {
  const fields = { ...call.fields(s), ...KEYS, ...change }
  const sent = request(s.url)[call.method](pathOf(call, s))
  if (call.method === 'get') return sent.query(fields)
  // XML elements stand alphabetically.
  const sorted = Object.fromEntries(Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return sent.type(type).send(written(sorted, type))
}

const FORMSONFIRE_CALLS: readonly FormsOnFireCall[] = [
  {
    operation: 'createUser',
    method: 'post',
    path: FORMSONFIRE,
    success: 200,
    fields: () => ({ Email: 'ada@example.test', FirstName: 'Ada', LastName: 'Byron' }),
  },
  {
    operation: 'getUser',
    method: 'get',
    path: FORMSONFIRE,
    success: 200,
    prepare: formsOnFireUser,
    fields: (s) => ({ Id: formsOnFireId(s) }),
  },
  {
    operation: 'updateUser',
    method: 'put',
    path: FORMSONFIRE,
    success: 200,
    prepare: formsOnFireUser,
    fields: (s) => ({ Id: formsOnFireId(s), LastName: 'Murray' }),
  },
  {
    operation: 'deleteUser',
    method: 'delete',
    path: FORMSONFIRE,
    success: 200,
    prepare: formsOnFireUser,
    fields: (s) => ({ Id: formsOnFireId(s) }),
  },
  {
    operation: 'searchUsers',
    method: 'get',
    path: `${FORMSONFIRE}/search`,
    success: 200,
    prepare: formsOnFireUser,
    fields: () => ({ Name: 'Grace' }),
  },
]

function rowsOnFormsOnFire(call: FormsOnFireCall): Provocation[] {
  const { operation, success, prepare, method } = call
  const api = { api: 'formsonfire', operation, ...(prepare && { before: prepare }) }
  const send = (change?: object) => (s: TestSandbox, type: string) =>
    onFormsOnFire(call, s, type, change)
  const bad = {
    createUser: { Email: '' },
    searchUsers: { PageSize: 0 },
  }[operation] ?? { Id: NO_USER }
  const withBody: Provocation[] = [
    {
      ...api,
      status: 408,
      settings: slow,
      send: (s, type) => unfinished(request(s.url)[method](FORMSONFIRE).query(KEYS).type(type)),
    },
    // The vendor uses few statuses: what others answer with 413 and 415 is a 400.
    {
      ...api,
      status: 400,
      settings: { maxBody: 5000 },
      send: send({ Country: 'x'.repeat(10_000) }),
    },
    {
      ...api,
      status: 400,
      send: (s) => request(s.url)[method](FORMSONFIRE).query(KEYS).type('text/csv').send('a'),
    },
  ]
  return [
    { ...api, status: success, send: send() },
    { ...api, status: 400, send: send(bad) },
    { ...api, status: 401, send: send({ CompanyId: 0 }) },
    { ...api, status: 403, send: send({ IntegrationKey: LIMITED_KEY }) },
    { ...api, status: 405, send: (s) => request(s.url).patch(pathOf(call, s)) },
    ...(method === 'get' ? [] : withBody),
    { ...api, status: 500, before: brokenAfter(prepare), send: send() },
  ]
}

const formsonfire: readonly Provocation[] = FORMSONFIRE_CALLS.flatMap(rowsOnFormsOnFire)

// --- requests that match no operation ------------------------------------------------------------

const unrouted: readonly Provocation[] = [
  { api: 'mykaarma', status: 400, send: (s) => request(s.url).put(`${MYKAARMA}/%`) },
  { api: 'mykaarma', status: 404, send: (s) => request(s.url).post('/manage/v9') },
  { api: 'mykaarma', status: 405, send: (s) => request(s.url).get(MYKAARMA) },
  { api: 'cryptlex', status: 400, send: post('/v3/resellers/%/users', BEARER) },
  { api: 'cryptlex', status: 404, send: (s) => request(s.url).get('/v3/nowhere') },
  { api: 'cryptlex', status: 405, send: (s) => request(s.url).put(CRYPTLEX) },
  {
    api: 'cryptlex',
    status: 429,
    settings: { ...strict, clock: 0 },
    before: useUp,
    send: (s) => request(s.url).get('/v3/nowhere'),
  },
  { api: 'formsonfire', status: 405, send: (s) => request(s.url).patch(FORMSONFIRE) },
  {
    api: 'formsonfire',
    status: 405,
    send: (s) => request(s.url).post('/api/v1/suser').send('<SUser/>'),
  },
  ...[
    { api: 'mykaarma', send: createMykaarmaUser },
    { api: 'cryptlex', send: createCryptlexUser },
    { api: 'formsonfire', send: createFormsOnFireUser },
  ].map(({ api, send }) => ({
    api,
    status: 500,
    before: breakRouting(api),
    send: (s: TestSandbox) => send(s),
  })),
]

const provocations: readonly Provocation[] = [...mykaarma, ...cryptlex, ...formsonfire, ...unrouted]

/** Each request with each media type of its answer. */
export const rows = provocations.flatMap((row) =>
  (row.types ?? TYPES[row.api]!).map((type) => ({
    ...row,
    type,
    about: `${row.operation ?? 'unrouted'} ${row.status}`,
  })),
)

// --- the requests with a body, and the answers with every field
// ------------------------------------

/** An operation with a body. */
export interface CallWithBody {
  readonly api: string
  readonly operation: string
  readonly prepare?: Call['prepare']
  /** False where the contract does not require the body. */
  readonly needsBody: boolean
  /** Sends the good body with some fields changed. */
  readonly send: (sandbox: TestSandbox, change: object) => Test
  /** Sends no body. */
  readonly bare: (sandbox: TestSandbox) => Test
}

const onAny = (api: string, call: Call, s: TestSandbox, body?: object): Test => {
  const authorization = isAboutWebhooks(call) ? FOR_WEBHOOKS : BEARER
  const sent = request(s.url)[call.method](pathOf(call, s))
  if (api === 'formsonfire') return body ? sent.send(body) : sent.query(KEYS)
  return sent.set('Authorization', api === 'mykaarma' ? BASIC : authorization).send(body)
}

export const callsWithBody: readonly CallWithBody[] = [
  ...[MYKAARMA_CREATE, MYKAARMA_UPDATE].map((call) => ({ api: 'mykaarma', call })),
  ...CRYPTLEX_CALLS.filter(({ body }) => body).map((call) => ({ api: 'cryptlex', call })),
  ...FORMSONFIRE_CALLS.filter(({ method }) => method !== 'get').map((call) => ({
    api: 'formsonfire',
    call,
  })),
].map(({ api, call }: { api: string; call: Call | FormsOnFireCall }) => ({
  api,
  operation: call.operation,
  ...(call.prepare && { prepare: call.prepare }),
  needsBody: call.operation !== 'deleteUser',
  send: (s, change) =>
    onAny(api, call, s, {
      ...('fields' in call ? { ...call.fields(s), ...KEYS } : call.body),
      ...change,
    }),
  bare: (s) => onAny(api, call, s),
}))

const RICH_USER = {
  ColorCode: '#663399',
  Country: 'GB',
  Metadata: [{ Key: 'engine', Value: 'analytical' }],
  TimeZone: 'Europe/London',
  Type: 'Standard',
}

/** Requests whose answers have, together, every field that an answer can have. */
export const richRows: readonly (typeof rows)[number][] = [
  ...rows
    .filter(
      ({ operation, status, type }) =>
        (status < 300 || status === 400 || operation === undefined) &&
        [JSON_TYPE, XML_TYPE].includes(type),
    )
    .filter(({ status }) => status !== 429 && status !== 500)
    .map((row) =>
      row.operation === 'getUser' || row.operation === 'searchUsers'
        ? { ...row, before: (s: TestSandbox) => createFormsOnFireUser(s, RICH_USER).expect(200) }
        : row,
    ),
  {
    api: 'mykaarma',
    operation: 'createUserForPartner',
    status: 200,
    type: JSON_TYPE,
    about: 'createUserForPartner 200',
    settings: strict,
    send: (s) => createMykaarmaUser(s, { userInvite: true, sendEmail: false, sendText: false }),
  },
  {
    api: 'cryptlex',
    operation: 'createResellerUser',
    status: 201,
    type: JSON_TYPE,
    about: 'createResellerUser 201',
    send: (s) => createCryptlexUser(s, { organizationId: 'organization-001' }),
  },
]
