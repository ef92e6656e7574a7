import type { Api } from '../helpers/caller.ts'

export interface Sent {
  readonly method: string
  /** Below the path of the API, with the query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Sends a request around Prism and returns the JSON of the answer. */
export type Direct = (sent: Sent) => Promise<Readonly<Record<string, unknown>>>

/** One operation: a good request, and requests that are refused. */
export interface Operation {
  readonly api: Api
  readonly operation: string
  /** Returns a good request; what it needs, such as a user to delete, is created around Prism. */
  readonly good: (direct: Direct) => Promise<Sent>
  /** Changes that make a good request one that is refused. */
  readonly bad: Readonly<Record<string, (good: Sent) => Sent>>
}

let count = 0
const unique = () => `user-${++count}`

const withHeaders =
  (headers: Readonly<Record<string, string>>) =>
  (good: Sent): Sent => ({ ...good, headers: { ...good.headers, ...headers } })
const withBody =
  (body: unknown) =>
  (good: Sent): Sent => ({ ...good, body })
const withFields =
  (fields: object) =>
  (good: Sent): Sent => ({ ...good, body: { ...(good.body as object), ...fields } })
const withPath =
  (change: (path: string) => string) =>
  (good: Sent): Sent => ({ ...good, path: change(good.path) })

// No malformed JSON: Prism refuses it itself, and Standin never sees it.
const unreadable = {
  'body of another type': withHeaders({ 'Content-Type': 'text/csv' }),
  'empty array': withBody('[]'),
}

// --- myKaarma ------------------------------------------------------------------------------------

const basic = (name: string) => ({
  Authorization: `Basic ${Buffer.from(`${name}:${name}-secret`).toString('base64')}`,
})
const mykaarmaUser = (): Sent => ({
  method: 'POST',
  path: '/v2/user/partner',
  headers: basic('partner'),
  body: {
    dealerUUID: 'dealer-uuid-001',
    firstName: 'Ada',
    emailAddress: `${unique()}@example.test`,
    username: unique(),
    userInvite: true,
    sendEmail: true,
  },
})
const mykaarmaBad = {
  'no credentials': withHeaders({ Authorization: '' }),
  'wrong credentials': withHeaders(basic('nobody')),
  'nothing acceptable': withHeaders({ Accept: 'text/html' }),
}
const mykaarma: readonly Operation[] = [
  {
    api: 'mykaarma',
    operation: 'createUserForPartner',
    good: () => Promise.resolve(mykaarmaUser()),
    bad: {
      ...mykaarmaBad,
      ...unreadable,
      'scope missing': withHeaders(basic('reader')),
      'two wrong fields': withFields({ firstName: 1, userInviteEmailTemplate: 'x' }),
      'taken user name': withFields({ username: 'taken' }),
      'only assumed rules broken': withFields({ password: 'short', roleUUID: 'nowhere' }),
    },
  },
  {
    api: 'mykaarma',
    operation: 'updateUserForPartner',
    good: async (direct) => {
      const { userUuid } = await direct(mykaarmaUser())
      return {
        method: 'PUT',
        path: `/v2/user/partner/${String(userUuid)}`,
        headers: basic('partner'),
        body: { lastName: 'Byron' },
      }
    },
    bad: {
      ...mykaarmaBad,
      ...unreadable,
      'scope missing': withHeaders(basic('reader')),
      'wrong field': withFields({ lastName: 1 }),
      'unknown user': withPath(() => '/v2/user/partner/nobody'),
    },
  },
  {
    api: 'mykaarma',
    operation: 'getUsersForDealer',
    good: async (direct) => {
      await direct(mykaarmaUser())
      const path = '/v2/user/dealer/dealer-uuid-001?includeInvalid=true'
      return { method: 'GET', path, headers: basic('partner') }
    },
    bad: {
      ...mykaarmaBad,
      'another dealer': withPath((path) => path.replace('001', '999')),
      'wrong parameter': withPath((path) => path.replace('true', 'perhaps')),
    },
  },
]

// --- Cryptlex ------------------------------------------------------------------------------------

const bearer = (token = 'standin-token') => ({ Authorization: `Bearer ${token}` })
const USERS = '/resellers/reseller-001/users'
const cryptlexUser = (): Sent => ({
  method: 'POST',
  path: USERS,
  headers: bearer(),
  body: {
    firstName: 'Ada',
    email: `${unique()}@example.test`,
    role: 'user',
    organizationId: 'organization-001',
    allowCustomerPortalAccess: true,
    password: 'analytical-engine-1',
  },
})
const hooks = bearer('standin-token-webhooks')
const newHook = (): Sent => ({
  method: 'POST',
  path: '/webhooks',
  headers: hooks,
  // Nothing listens there: what is delivered is answered with errors, which the event log shows.
  body: { name: unique(), url: 'http://127.0.0.1:9/', events: ['reseller.user.created'] },
})
const cryptlexBad = {
  'no credentials': withHeaders({ Authorization: '' }),
  'wrong token': withHeaders(bearer('wrong')),
  'expired token': withHeaders(bearer('standin-token-expired')),
  'scope missing': (good: Sent): Sent =>
    withHeaders(bearer(good.path.startsWith('/web') ? 'standin-token' : 'standin-token-webhooks'))(
      good,
    ),
}
const elsewhere = {
  'unknown id': withPath((path) => path.replace(/[^/]+$/, 'nobody')),
}
const pages = {
  'page 0': withPath((path) => `${path}?page=0`),
  'limit of letters': withPath((path) => `${path}?limit=many`),
}
const withId = (method: string, created: () => Sent, body?: unknown) => async (direct: Direct) => {
  const { path, headers } = created()
  const { id } = await direct(created())
  return { method, path: `${path}/${String(id)}`, headers: headers!, body }
}
const cryptlex: readonly Operation[] = [
  {
    api: 'cryptlex',
    operation: 'createResellerUser',
    good: () => Promise.resolve(cryptlexUser()),
    bad: {
      ...cryptlexBad,
      ...unreadable,
      'wrong fields': withFields({ email: 'x', firstName: 1 }),
      'taken address': withFields({ email: 'taken@example.test' }),
      'made-up role and organization': withFields({ role: 'x', organizationId: 'x' }),
    },
  },
  {
    api: 'cryptlex',
    operation: 'listResellerUsers',
    good: async (direct) => {
      await direct(cryptlexUser())
      return { method: 'GET', path: USERS, headers: bearer() }
    },
    bad: {
      ...cryptlexBad,
      ...pages,
      'unknown sort': withPath((path) => `${path}?sort=colour`),
      'unknown reseller': withPath(() => '/resellers/nobody/users'),
      'a product': withPath((path) => `${path}?productId=1`),
    },
  },
  {
    api: 'cryptlex',
    operation: 'updateResellerUser',
    good: withId('PATCH', cryptlexUser, { lastName: 'Byron', company: null }),
    bad: {
      ...cryptlexBad,
      ...unreadable,
      ...elsewhere,
      'wrong field': withFields({ email: 'x' }),
      'taken address': withFields({ email: 'taken@example.test' }),
    },
  },
  {
    api: 'cryptlex',
    operation: 'deleteResellerUser',
    good: withId('DELETE', cryptlexUser),
    bad: { ...cryptlexBad, ...elsewhere },
  },
  {
    api: 'cryptlex',
    operation: 'listWebhooks',
    good: () => Promise.resolve({ method: 'GET', path: '/webhooks', headers: hooks }),
    bad: { ...cryptlexBad, ...pages },
  },
  {
    api: 'cryptlex',
    operation: 'createWebhook',
    good: () => Promise.resolve(newHook()),
    bad: {
      ...cryptlexBad,
      ...unreadable,
      'wrong fields': withFields({ url: 'x', events: ['x'] }),
      'no events': withFields({ events: [] }),
    },
  },
  {
    api: 'cryptlex',
    operation: 'getWebhook',
    good: withId('GET', newHook),
    bad: { ...cryptlexBad, ...elsewhere },
  },
  {
    api: 'cryptlex',
    operation: 'updateWebhook',
    good: withId('PATCH', newHook, { active: false }),
    bad: {
      ...cryptlexBad,
      ...unreadable,
      ...elsewhere,
      'wrong field': withFields({ active: 'perhaps' }),
    },
  },
  {
    api: 'cryptlex',
    operation: 'deleteWebhook',
    good: withId('DELETE', newHook),
    bad: { ...cryptlexBad, ...elsewhere },
  },
  {
    api: 'cryptlex',
    operation: 'listWebhookEventLogs',
    good: async (direct) => {
      await direct(newHook())
      await direct(cryptlexUser())
      return { method: 'GET', path: '/webhook-event-logs', headers: hooks }
    },
    bad: { ...cryptlexBad, ...pages },
  },
]

// --- Forms On Fire -------------------------------------------------------------------------------

const KEY = '0123456789abcdef0123456789abcdef'
const JSON_PATH = `/v2/user?format=json&CompanyId=1815&IntegrationKey=${KEY}`
const formsUser = (): Sent => ({
  method: 'POST',
  path: JSON_PATH,
  body: {
    Email: `${unique()}@example.test`,
    ExternalId: unique(),
    FirstName: 'Ada',
    Folders: ['3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
    LastName: 'Byron',
    Metadata: [{ Key: 'engine', Value: 'analytical' }],
  },
})
async function formsId(direct: Direct): Promise<string> {
  const { User } = await direct(formsUser())
  return (User as { readonly Id: string }).Id // every answer to a create has it
}
const formsBad = {
  'no key': withPath((path) => path.replace(`&IntegrationKey=${KEY}`, '')),
  'wrong key': withPath((path) => path.replace(KEY, 'f'.repeat(32))),
  'limited key': withPath((path) => path.replace(KEY, `${KEY.slice(0, -2)}01`)),
}
const formsonfire: readonly Operation[] = [
  {
    api: 'formsonfire',
    operation: 'createUser',
    good: () => Promise.resolve(formsUser()),
    bad: {
      ...formsBad,
      ...unreadable,
      'Email missing': withFields({ Email: null }),
      'taken Email': withFields({ Email: 'taken@example.test' }),
      'wrong types': withFields({ Folders: 'x', Metadata: 1 }),
      'only assumed rules broken': withFields({ WebsiteRole: 'x', Folders: ['x'] }),
    },
  },
  {
    api: 'formsonfire',
    operation: 'getUser',
    good: async (direct) => ({ method: 'GET', path: `${JSON_PATH}&Id=${await formsId(direct)}` }),
    bad: {
      ...formsBad,
      'unknown user': withPath((path) => path.replace(/Id=\w+$/, `Id=${'0'.repeat(32)}`)),
      'no id': withPath((path) => path.replace(/&Id=.*/, '')),
    },
  },
  {
    api: 'formsonfire',
    operation: 'updateUser',
    good: async (direct) => ({
      method: 'PUT',
      path: JSON_PATH,
      body: { Id: await formsId(direct), LastName: 'Lovelace' },
    }),
    bad: {
      ...formsBad,
      ...unreadable,
      'unknown user': withFields({ Id: '0'.repeat(32) }),
      'Email taken': withFields({ Email: 'taken@example.test' }),
    },
  },
  {
    api: 'formsonfire',
    operation: 'deleteUser',
    good: async (direct) => ({
      method: 'DELETE',
      path: JSON_PATH,
      body: { Id: await formsId(direct) },
    }),
    bad: { ...formsBad, ...unreadable, 'unknown user': withFields({ Id: '0'.repeat(32) }) },
  },
  {
    api: 'formsonfire',
    operation: 'searchUsers',
    good: async (direct) => {
      await direct(formsUser())
      return { method: 'GET', path: `${JSON_PATH.replace('?', '/search?')}&Email=example` }
    },
    bad: {
      ...formsBad,
      'nothing to search': withPath((path) => path.replace('&Email=example', '')),
      'wrong page': withPath((path) => `${path}&PageNo=x`),
    },
  },
]

/** Users whose addresses are taken. */
export const TAKEN: readonly (readonly [Api, Sent])[] = [
  ['mykaarma', withFields({ username: 'taken' })(mykaarmaUser())],
  ['cryptlex', withFields({ email: 'taken@example.test' })(cryptlexUser())],
  ['formsonfire', withFields({ Email: 'taken@example.test' })(formsUser())],
]

export const OPERATIONS: readonly Operation[] = [...mykaarma, ...cryptlex, ...formsonfire]
