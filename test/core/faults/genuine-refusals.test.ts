import { expect, test } from 'vitest'
import { withDefaults } from '../../../src/config/config.ts'
import { credentialCases } from '../../../src/apis/index.ts'
import type { CredentialCase } from '../../../src/core/vendor.ts'
import { fixturesOf } from '../../../src/sandbox/fixtures.ts'
import { endpoints, type Endpoint } from '../../helpers/raw-requests.ts'
import { createSandbox, type Settings, type TestSandbox } from '../../helpers/sandbox.ts'
import {
  sendRaw,
  bodyOf,
  cryptlex,
  formsonfire,
  mykaarma,
  xml,
  type RequestOptions,
  type RawAnswer,
} from './kit.ts'

/** Returns the lines of an answer without the headers that reveal a fault. */
function answered({ bytes }: Pick<RawAnswer, 'bytes'>): readonly string[] {
  return bytes
    .toString()
    .split('\r\n')
    .filter((line) => !/^Standin-(Fault|Warning|Request-Id):/.test(line))
}

/** Starts two servers with the same seed and clock, so that their generated values are equal. */
async function twins(settings: Settings = {}): Promise<readonly [TestSandbox, TestSandbox]> {
  const clock = Date.UTC(2026, 0, 15)
  return [await createSandbox({ clock, ...settings }), await createSandbox({ clock, ...settings })]
}

/** Compares a genuine refusal with an injected one of a good request, byte for byte. */
async function mustBeTheSame(
  [genuine, faulty]: readonly [TestSandbox, TestSandbox],
  endpoint: Endpoint,
  refused: RequestOptions,
  fault: string,
  goodDoor = endpoint,
): Promise<void> {
  const real = await sendRaw(genuine, endpoint, refused)
  const asked = { name: 'somebody-else', headers: { 'Standin-Fault': fault } }
  const made = await sendRaw(faulty, goodDoor, asked)
  expect(made.headers['standin-fault'], made.bytes.toString()).toMatch(/^header-/)
  expect(real.headers['standin-fault']).toBeUndefined()
  expect([fault, ...answered(made)]).toEqual([fault, ...answered(real)])
}

const cases = (await credentialCases(fixturesOf(withDefaults({})))).filter(
  ({ reason }) => reason !== undefined,
)

/** Returns the endpoint's good request with these credentials. */
function withCredentials(
  endpoint: Endpoint,
  { authorization, body = {} }: CredentialCase,
): RequestOptions {
  if (endpoint.api !== 'formsonfire') {
    return authorization === undefined ? {} : { headers: { Authorization: authorization } }
  }
  const url = new URL(endpoint.path, 'http://localhost')
  const query = new URLSearchParams(
    Object.entries(body).map(([name, value]): [string, string] => [name, `${value}`]),
  )
  const left =
    endpoint.answers === 'xml'
      ? endpoint.body.replaceAll(/<(CompanyId|IntegrationKey)>.*<.*>/g, '')
      : bodyOf(endpoint, { fields: { CompanyId: undefined, IntegrationKey: undefined } })
  return { path: `${url.pathname}?${query}`, body: left }
}

test.each(endpoints)(
  'an injected refusal of credentials at $name equals the genuine one',
  async (endpoint) => {
    const pair = await twins()
    const own = cases.filter(({ api }) => api === endpoint.api)
    expect(own.length).toBeGreaterThan(6)
    for (const one of own) {
      for (const stage of ['route', 'auth', 'validation']) {
        const fault = `${one.reason};after=${stage}`
        const { Authorization: _, ...headers } = endpoint.headers
        const bare = one.authorization === undefined ? { ...endpoint, headers } : endpoint
        const refused = withCredentials(endpoint, one)
        await mustBeTheSame(pair, bare, refused, fault, endpoint)
      }
    }
  },
)

const CREATED_BEFORE = { name: 'ada' }

test.each(endpoints)('an injected duplicate at $name equals the genuine one', async (endpoint) => {
  const pair = await twins()
  for (const server of pair) await sendRaw(server, endpoint, CREATED_BEFORE)
  const again =
    endpoint.api === 'formsonfire' && endpoint.answers === 'json'
      ? { name: 'ada', fields: { ExternalId: 'another' } }
      : endpoint === xml
        ? { body: bodyOf(xml, { name: 'ada' }).replace(/<ExternalId>.*<\/ExternalId>/, '') }
        : CREATED_BEFORE
  await mustBeTheSame(pair, endpoint, again, 'user.duplicate')
})

const oneDealer = `Basic ${Buffer.from('one-dealer:one-dealer-secret').toString('base64')}`

test.each<[Endpoint, string, RequestOptions]>([
  [mykaarma, 'dealer.unknown', { fields: { dealerUUID: 'nope' } }],
  [
    mykaarma,
    'dealer.not-granted',
    { fields: { dealerUUID: 'dealer-uuid-002' }, headers: { Authorization: oneDealer } },
  ],
  [mykaarma, 'department.unknown', { fields: { departmentUUID: 'nope' } }],
  [
    mykaarma,
    'department.not-granted',
    {
      fields: { dealerUUID: undefined, departmentUUID: 'department-uuid-003' },
      headers: { Authorization: oneDealer },
    },
  ],
  [mykaarma, 'department.other-dealer', { fields: { departmentUUID: 'department-uuid-003' } }],
  [mykaarma, 'role.unknown', { fields: { roleUUID: 'nope' } }],
  [mykaarma, '400;fields=lastName', { fields: { lastName: undefined } }],
  [
    mykaarma,
    'body.invalid;fields=firstName,emailAddress',
    { fields: { firstName: undefined, emailAddress: undefined } },
  ],
  [mykaarma, '400;fields=userInvite:type', { fields: { userInvite: 'yes' } }],
  [mykaarma, '400;fields=password:minLength', { fields: { password: 'short' } }],
  [cryptlex, 'reseller.unknown', { path: '/v3/resellers/nope/users' }],
  [cryptlex, 'organization.unknown', { fields: { organizationId: 'nope' } }],
  [cryptlex, 'role.unknown', { fields: { role: 'nope' } }],
  [cryptlex, 'role.forbidden', { fields: { role: 'admin' } }],
  [
    cryptlex,
    'role.needs-organization',
    { fields: { role: 'organization-admin', organizationId: null } },
  ],
  [cryptlex, '400', { fields: { firstName: undefined } }],
  [cryptlex, '400;fields=email', { fields: { email: undefined } }],
  [cryptlex, '400;fields=firstName:maxLength', { fields: { firstName: 'x'.repeat(257) } }],
  [
    cryptlex,
    '400;fields=allowCustomerPortalAccess:type',
    { fields: { allowCustomerPortalAccess: 1 } },
  ],
  [formsonfire, '400;fields=Email', { fields: { Email: undefined } }],
  [formsonfire, '400;fields=Email:format', { fields: { Email: 'nobody' } }],
  [xml, '400', { body: xml.body.replace(/<Email>.*<\/Email>/, '') }],
])('an injected $1 equals the genuine refusal', async (endpoint, fault, refused) => {
  const pair = await twins({ profile: { all: 'strict' } })
  await mustBeTheSame(pair, endpoint, refused, fault)
})

test('an injected rate or user limit equals the genuine one', async () => {
  const pair = await twins({ profile: { all: 'strict' } })
  for (const server of pair) {
    await sendRaw(server, cryptlex, { name: 'a', fields: { organizationId: 'organization-002' } })
  }
  const more = { name: 'b', fields: { organizationId: 'organization-002' } }
  await mustBeTheSame(pair, cryptlex, more, 'users.limit-reached')
  const [one, other] = await twins({ profile: { all: 'strict' } })
  for (let i = 0; i < 50; i++) await sendRaw(one, cryptlex, { method: 'GET' })
  for (const fault of ['429', 'rate.exceeded', '429;retry-after=5']) {
    await mustBeTheSame([one, other], cryptlex, {}, fault)
  }
})

/** The common refusals: the reason, and a request that is refused for it, where the API does. */
const common: readonly [
  reason: string,
  refused: (endpoint: Endpoint) => RequestOptions | undefined,
][] = [
  ['body.malformed', (endpoint) => ({ body: endpoint.body.slice(0, -3) })],
  ['body.too-large', (endpoint) => ({ body: endpoint.body + ' '.repeat(5000) })],
  ['body.too-slow', () => ({ headers: { 'Content-Length': '4000' } })],
  [
    'media.unsupported',
    (endpoint) =>
      endpoint.api === 'formsonfire' ? undefined : { headers: { 'Content-Type': 'text/csv' } },
  ],
  [
    'accept.unsupported',
    (endpoint) => (endpoint === mykaarma ? { headers: { Accept: 'text/csv' } } : undefined),
  ],
  ['method.not-allowed', () => ({ method: 'OPTIONS' })],
  // One segment more is the path of one user, which has other methods.
  ['route.unknown', (endpoint) => ({ path: `${endpoint.path.split('?')[0]!}/more/and-more` })],
]

/** Removes the message that describes the request, and the length that depends on it. */
function withoutWords(answer: Pick<RawAnswer, 'bytes'>, { api }: Endpoint): readonly string[] {
  const message = api === 'cryptlex' ? 'message' : api === 'mykaarma' ? 'errorMessage' : 'Message'
  return answered(answer)
    .join('\n')
    .replace(new RegExp(`"${message}":"[^"]*"|<${message}>[^<]*</${message}>`), '(words)')
    .replace(/Content-Length: \d+/, '')
    .split('\n')
    .sort()
}

test.each(endpoints)(
  'an injected common refusal at $name differs from the genuine one in its message only',
  async (endpoint) => {
    const pair = await twins({ maxBody: 4096, bodyTimeout: 60 })
    for (const [reason, refused] of common) {
      const asked = refused(endpoint)
      if (!asked) continue
      const real = await sendRaw(pair[0], endpoint, asked)
      expect(real.headers['standin-reason']).toBe(reason)
      const made = await sendRaw(pair[1], endpoint, { headers: { 'Standin-Fault': reason } })
      expect(withoutWords(made, endpoint)).toEqual(withoutWords(real, endpoint))
    }
  },
)

test('an injected refusal is in JSON as a real one is, also where the caller accepts only protobuf', async () => {
  const pair = await twins()
  const Accept = 'application/x-protobuf'
  const refused = { headers: { Accept, Authorization: 'Basic x' } }
  const real = await sendRaw(pair[0], mykaarma, refused)
  expect(real.headers['content-type']).toMatch('application/json')
  for (const fault of ['credentials.malformed', '401', '500', '409', '418', 'user.duplicate']) {
    const made = await sendRaw(pair[1], mykaarma, { headers: { Accept, 'Standin-Fault': fault } })
    expect(made.headers['content-type']).toBe(real.headers['content-type'])
  }
})
