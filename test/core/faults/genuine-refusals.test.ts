import { expect, test } from 'vitest'
import { withDefaults } from '../../../src/config/config.ts'
import { credentialCases } from '../../../src/apis/index.ts'
import type { CredentialCase } from '../../../src/core/vendor.ts'
import { fixturesOf } from '../../../src/sandbox/fixtures.ts'
import { doors, type Door } from '../../helpers/raw-requests.ts'
import { createSandbox, type Settings, type TestSandbox } from '../../helpers/sandbox.ts'
import { ask, bodyOf, cryptlex, formsonfire, mykaarma, xml, type Asked, type Heard } from './kit.ts'

/** The answer but for what says that it was made on purpose. */
function answered({ bytes }: Pick<Heard, 'bytes'>): readonly string[] {
  return bytes
    .toString()
    .split('\r\n')
    .filter((line) => !/^Standin-(Fault|Warning|Request-Id):/.test(line))
}

/** Two servers that do the same, so that what they make up is the same too. */
async function twins(settings: Settings = {}): Promise<readonly [TestSandbox, TestSandbox]> {
  const clock = Date.UTC(2026, 0, 15)
  return [await createSandbox({ clock, ...settings }), await createSandbox({ clock, ...settings })]
}

/** What one refuses, and what a fault makes of a good request at the other: byte for byte. */
async function mustBeTheSame(
  [genuine, faulty]: readonly [TestSandbox, TestSandbox],
  door: Door,
  refused: Asked,
  fault: string,
  goodDoor = door,
): Promise<void> {
  const real = await ask(genuine, door, refused)
  const asked = { name: 'somebody-else', headers: { 'Standin-Fault': fault } }
  const made = await ask(faulty, goodDoor, asked)
  expect(made.headers['standin-fault'], made.bytes.toString()).toMatch(/^header-/)
  expect(real.headers['standin-fault']).toBeUndefined()
  expect([fault, ...answered(made)]).toEqual([fault, ...answered(real)])
}

const cases = (await credentialCases(fixturesOf(withDefaults({})))).filter(
  ({ reason }) => reason !== undefined,
)

/** The door's good request with these credentials instead of its own. */
function withCredentials(door: Door, { authorization, body = {} }: CredentialCase): Asked {
  if (door.api !== 'formsonfire') {
    return authorization === undefined ? {} : { headers: { Authorization: authorization } }
  }
  const url = new URL(door.path, 'http://localhost')
  const query = new URLSearchParams(
    Object.entries(body).map(([name, value]): [string, string] => [name, `${value}`]),
  )
  const left =
    door.answers === 'xml'
      ? door.body.replaceAll(/<(CompanyId|IntegrationKey)>.*<.*>/g, '')
      : bodyOf(door, { fields: { CompanyId: undefined, IntegrationKey: undefined } })
  return { path: `${url.pathname}?${query}`, body: left }
}

test.each(doors)('credentials refused on purpose at $name look as refused', async (door) => {
  const pair = await twins()
  const own = cases.filter(({ api }) => api === door.api)
  expect(own.length).toBeGreaterThan(6)
  for (const one of own) {
    for (const stage of ['route', 'auth', 'validation']) {
      const fault = `${one.reason};after=${stage}`
      const { Authorization: _, ...headers } = door.headers
      const bare = one.authorization === undefined ? { ...door, headers } : door
      const refused = withCredentials(door, one)
      await mustBeTheSame(pair, bare, refused, fault, door)
    }
  }
})

const CREATED_BEFORE = { name: 'ada' }

test.each(doors)('a user that is there on purpose at $name looks as there', async (door) => {
  const pair = await twins()
  for (const server of pair) await ask(server, door, CREATED_BEFORE)
  const again =
    door.api === 'formsonfire' && door.answers === 'json'
      ? { name: 'ada', fields: { ExternalId: 'another' } }
      : door === xml
        ? { body: bodyOf(xml, { name: 'ada' }).replace(/<ExternalId>.*<\/ExternalId>/, '') }
        : CREATED_BEFORE
  await mustBeTheSame(pair, door, again, 'user.duplicate')
})

const oneDealer = `Basic ${Buffer.from('one-dealer:one-dealer-secret').toString('base64')}`

test.each<[Door, string, Asked]>([
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
])('$1 on purpose looks as it does', async (door, fault, refused) => {
  const pair = await twins({ profile: { all: 'strict' } })
  await mustBeTheSame(pair, door, refused, fault)
})

test('a limit that is reached on purpose looks as reached', async () => {
  const pair = await twins({ profile: { all: 'strict' } })
  for (const server of pair) {
    await ask(server, cryptlex, { name: 'a', fields: { organizationId: 'organization-002' } })
  }
  const more = { name: 'b', fields: { organizationId: 'organization-002' } }
  await mustBeTheSame(pair, cryptlex, more, 'users.limit-reached')
  const [one, other] = await twins({ profile: { all: 'strict' } })
  for (let i = 0; i < 50; i++) await ask(one, cryptlex, { method: 'GET' })
  for (const fault of ['429', 'rate.exceeded', '429;retry-after=5']) {
    await mustBeTheSame([one, other], cryptlex, {}, fault)
  }
})

/** What every API refuses, as far as it does: the reason, and a request that is refused with it. */
const common: readonly [reason: string, refused: (door: Door) => Asked | undefined][] = [
  ['body.malformed', (door) => ({ body: door.body.slice(0, -3) })],
  ['body.too-large', (door) => ({ body: door.body + ' '.repeat(5000) })],
  ['body.too-slow', () => ({ headers: { 'Content-Length': '4000' } })],
  [
    'media.unsupported',
    (door) =>
      door.api === 'formsonfire' ? undefined : { headers: { 'Content-Type': 'text/csv' } },
  ],
  [
    'accept.unsupported',
    (door) => (door === mykaarma ? { headers: { Accept: 'text/csv' } } : undefined),
  ],
  ['method.not-allowed', () => ({ method: 'PUT' })],
  ['route.unknown', (door) => ({ path: `${door.path.split('?')[0]!}/more` })],
]

/** But for the words that tell what in the request was at fault, and the lengths that follow. */
function withoutWords(heard: Pick<Heard, 'bytes'>, { api }: Door): readonly string[] {
  const message = api === 'cryptlex' ? 'message' : api === 'mykaarma' ? 'errorMessage' : 'Message'
  return answered(heard)
    .join('\n')
    .replace(new RegExp(`"${message}":"[^"]*"|<${message}>[^<]*</${message}>`), '(words)')
    .replace(/Content-Length: \d+/, '')
    .split('\n')
    .sort()
}

test.each(doors)('what $name refuses as everybody does is the same but for words', async (door) => {
  const pair = await twins({ maxBody: 4096, bodyTimeout: 60 })
  for (const [reason, refused] of common) {
    const asked = refused(door)
    if (!asked) continue
    const real = await ask(pair[0], door, asked)
    expect(real.headers['standin-reason']).toBe(reason)
    const made = await ask(pair[1], door, { headers: { 'Standin-Fault': reason } })
    expect(withoutWords(made, door)).toEqual(withoutWords(real, door))
  }
})

test('protobuf is refused on purpose as it is where a caller takes nothing else', async () => {
  const pair = await twins()
  const Accept = 'application/x-protobuf'
  const refused = { headers: { Accept, Authorization: 'Basic x' } }
  const real = await ask(pair[0], mykaarma, refused)
  for (const fault of ['credentials.malformed', '401', '500', '409', '418', 'user.duplicate']) {
    const made = await ask(pair[1], mykaarma, { headers: { Accept, 'Standin-Fault': fault } })
    expect(made.headers['content-type']).toBe(real.headers['content-type'])
  }
})
