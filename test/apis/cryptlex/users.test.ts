import { fileURLToPath } from 'node:url'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import {
  createCryptlexUser,
  createSandbox,
  CRYPTLEX,
  jsonFixture,
  type TestSandbox,
} from '../../helpers/sandbox.ts'
import { Contract } from '../../../src/core/contract/contract.ts'
import { complaints, exampleOf, said, type Said } from '../contract-documents.ts'

interface User {
  readonly id: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly organization: Record<string, unknown> | null
}
const SEVEN_DIGITS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/
const strict = { profile: { all: 'strict' } } as const

const createFor = (sandbox: TestSandbox, reseller: string, body: object = {}) =>
  request(sandbox.url)
    .post(`/v3/resellers/${reseller}/users`)
    .auth('standin-token', { type: 'bearer' })
    .send({ ...jsonFixture('cryptlex.json'), ...body })

/** Names of an object and of the objects in it, in the order in which they stand. */
function names(value: unknown, before = ''): string[] {
  return Object.entries(value as object).flatMap(([name, inner]) => [
    before + name,
    ...(typeof inner === 'object' && inner !== null ? names(inner, `${before}${name}.`) : []),
  ])
}

describe('a created user', () => {
  test("has the keys of the page's sample, in its order, and no other", async () => {
    const sandbox = await createSandbox()
    const { text } = await createCryptlexUser(sandbox).expect(201)
    const page = names(exampleOf('cryptlex', 'AdaUser'))
    expect(page).toHaveLength(28)
    expect(names(JSON.parse(text))).toEqual(page)
  })

  test('has every key when no optional field was given', async () => {
    const sandbox = await createSandbox()
    const bare = { lastName: undefined, company: undefined, organizationId: undefined }
    const { text } = await createCryptlexUser(sandbox, bare).expect(201)
    const sample = exampleOf('cryptlex', 'BareUser')
    expect(names(JSON.parse(text))).toEqual(names(sample))
    const { id: _, createdAt: __, updatedAt: ___, ...rest } = sample
    expect(JSON.parse(text)).toMatchObject(rest)
  })

  test('repeats the given fields', async () => {
    const sandbox = await createSandbox()
    const given = { lastName: 'Ōe & <Söhne>', email: 'MiXed@Example.test', company: '' }
    const { body } = said(await createCryptlexUser(sandbox, given).expect(201))
    expect(body).toMatchObject({ ...given, firstName: 'Ada', name: 'Ada Ōe & <Söhne>' })
    expect(body).not.toHaveProperty('password')
    expect(body).not.toHaveProperty('allowCustomerPortalAccess')
  })

  test('is named by the first name alone when there is no last name', async () => {
    const sandbox = await createSandbox()
    const { body } = said(await createCryptlexUser(sandbox, { lastName: '' }).expect(201))
    expect(body).toMatchObject({ name: 'Ada', lastName: '' })
  })

  test('has a createdAt of now with seven digits, and an updatedAt some ticks later', async () => {
    const clock = Date.UTC(2026, 0, 15, 9, 30, 0, 123)
    const sandbox = await createSandbox({ clock })
    const { body, headers } = said(await createCryptlexUser(sandbox).expect(201))
    const { createdAt, updatedAt, organization } = body as User
    for (const time of [createdAt, updatedAt, organization!['createdAt'] as string]) {
      expect(time).toMatch(SEVEN_DIGITS)
      expect(time).toMatch(/^2026-01-15T09:30:00\.123/)
    }
    expect(updatedAt > createdAt).toBe(true)
    expect(headers['date']).toBe('Thu, 15 Jan 2026 09:30:00 GMT')
  })

  test('is at the Location, with the reseller encoded as it came', async () => {
    const sandbox = await createSandbox()
    const { body, headers } = said(await createFor(sandbox, 'caf%C3%A9%20%2F1').expect(201))
    const { id } = body as User
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(headers['location']).toBe(`/v3/resellers/caf%C3%A9%20%2F1/users/${id}`)
  })
})

describe('an organization', () => {
  test('is generated once and is the same for the next user', async () => {
    const sandbox = await createSandbox()
    const id = 'made-up-42'
    const first = await createCryptlexUser(sandbox, { organizationId: id }).expect(201)
    const second = await createCryptlexUser(sandbox, {
      organizationId: id,
      email: 'b@example.test',
    }).expect(201)
    const { organization } = first.body as User
    expect(organization).toMatchObject({ id })
    expect((second.body as User).organization).toEqual(organization)
    expect(sandbox.sandbox.store.collection('cryptlex.organizations').size).toBe(1)
  })

  test('differs from another', async () => {
    const sandbox = await createSandbox()
    const one = await createCryptlexUser(sandbox, { organizationId: 'x' }).expect(201)
    const other = await createCryptlexUser(sandbox, { organizationId: 'y', email: 'b@x' })
    expect((one.body as User).organization!['name']).not.toBe(
      (other.body as User).organization!['name'],
    )
  })

  test('allows as many users as its fixture states', async () => {
    const sandbox = await createSandbox()
    const { body } = said(await createCryptlexUser(sandbox, { organizationId: 'organization-002' }))
    expect((body as User).organization).toMatchObject({ allowedUsers: 1 })
  })

  test.each([null, '', undefined])('is none for %j', async (organizationId) => {
    const sandbox = await createSandbox()
    const { body } = said(await createCryptlexUser(sandbox, { organizationId }).expect(201))
    expect(body).toMatchObject({ organizationId: null, organization: null })
  })
})

describe('an address in use', () => {
  test.each(['ada@example.test', 'ADA@EXAMPLE.TEST', 'aDa@example.Test'])(
    'is refused as %s',
    async (email) => {
      const sandbox = await createSandbox()
      await createCryptlexUser(sandbox).expect(201)
      const { body } = said(await createCryptlexUser(sandbox, { email }).expect(409))
      expect(body).toEqual(exampleOf('cryptlex', 'EmailTaken'))
    },
  )

  test('is refused to another reseller too', async () => {
    const sandbox = await createSandbox()
    await createCryptlexUser(sandbox).expect(201)
    await createFor(sandbox, 'another').expect(409)
  })

  test('is given to one of ten concurrent requests', async () => {
    const sandbox = await createSandbox()
    const answers = await Promise.all(Array.from({ length: 10 }, () => createCryptlexUser(sandbox)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9)
  })
})

describe('a refusal', () => {
  const all = {
    firstName: '',
    lastName: 5,
    email: 'no address',
    role: undefined,
    company: 'x'.repeat(257),
    organizationId: [],
    allowCustomerPortalAccess: 'true',
    password: 'seven77',
  }
  const good = jsonFixture('cryptlex.json')
  const fields = Object.keys(all) as (keyof typeof all)[]

  test.each(fields.map((field, i) => [field, i] as const))(
    'names %s when it is the first bad field',
    async (field, i) => {
      const sandbox = await createSandbox()
      const right = Object.fromEntries(fields.slice(0, i).map((name) => [name, good[name]]))
      const { body } = said(await createCryptlexUser(sandbox, { ...all, ...right }).expect(400))
      const { message, code } = body as { message: string; code: string }
      expect(code).toBe('INVALID_REQUEST')
      expect(message).toMatch(new RegExp(`^The ${field} field `))
      expect(Object.keys(body as object)).toEqual(['message', 'code'])
      expect(message.match(/ field /g)).toHaveLength(1)
    },
  )

  test.each([
    ['MissingField', 400, { allowCustomerPortalAccess: undefined }],
    ['InvalidEmail', 400, { email: 'ada' }],
    ['InvalidRole', 400, { role: 'string' }],
    ['Forbidden', 403, { role: 'admin' }],
    ['OrganizationNotFound', 404, { organizationId: 'string' }],
  ])('has the message of the example %s', async (name, status, change) => {
    const sandbox = await createSandbox(strict)
    const { body } = said(await createCryptlexUser(sandbox, change).expect(status))
    expect(body).toEqual(exampleOf('cryptlex', name))
  })

  test('has the messages of the examples for a reseller and for a limit', async () => {
    const sandbox = await createSandbox(strict)
    const unknown = await createFor(sandbox, 'unknown').expect(404)
    expect(unknown.body).toEqual(exampleOf('cryptlex', 'ResellerNotFound'))
    await createFor(sandbox, 'reseller-002', { organizationId: '' }).expect(201)
    const more = { organizationId: '', email: 'b@example.test' }
    const full = await createFor(sandbox, 'reseller-002', more).expect(409)
    expect(full.body).toEqual(exampleOf('cryptlex', 'LimitReached'))
  })
})

describe('the rate limit', () => {
  const headersOf = (headers: Said['headers']) => [
    headers['x-rate-limit-limit'],
    headers['x-rate-limit-remaining'],
    headers['x-rate-limit-reset'],
  ]

  test('is in the headers of every answer, good or bad, and counts down', async () => {
    const sandbox = await createSandbox({ clock: Date.UTC(2026, 0, 15, 9, 30) })
    const answers = [
      await createCryptlexUser(sandbox).expect(201),
      await createCryptlexUser(sandbox, { email: 1 }).expect(400),
      await request(sandbox.url).post(CRYPTLEX).expect(401),
      await request(sandbox.url).get('/v3/nowhere').expect(404),
      await request(sandbox.url).put(CRYPTLEX).expect(405),
      await createCryptlexUser(sandbox).expect(409),
    ]
    expect(answers.map(({ headers }) => headersOf(headers))).toEqual(
      [49, 48, 47, 46, 45, 44].map((left) => ['5s', String(left), '2026-01-15T09:30:05.0000000Z']),
    )
  })

  test('is not in the headers of the other APIs', async () => {
    const { headers } = said(await request((await createSandbox()).url).post('/api/v2/user'))
    expect(headers).not.toHaveProperty('x-rate-limit-limit')
  })

  test.each([
    { profile: 'documented', status: 201 },
    { profile: 'strict', status: 429 },
  ] as const)('answers the 51st request with $status under $profile', async (row) => {
    const sandbox = await createSandbox({ profile: { all: row.profile }, clock: 0 })
    for (let i = 0; i < 50; i++) await request(sandbox.url).get('/v3/nowhere').expect(404)
    const { status, headers, body } = said(await createCryptlexUser(sandbox))
    expect(status).toBe(row.status)
    expect(headersOf(headers)).toEqual(['5s', '0', '1970-01-01T00:00:05.0000000Z'])
    if (status === 201) expect(headers['standin-warning']).toMatch('code=rate.exceeded')
    else {
      expect(headers['retry-after']).toBe('5')
      expect(body).toEqual(exampleOf('cryptlex', 'TooManyRequests'))
    }
  })
})

test.each([
  [' ', false],
  ['*', false],
  [',', false],
  ['application/*', false],
  ['text/html, application/json;q=0.1', false],
  ['application/json;q=0', true],
  ['*/*;q=0', true],
  ['application/jsonp', true],
])(
  'Accept: %j is answered with JSON; a warning that it does not allow it: %s',
  async (accept, is) => {
    const sandbox = await createSandbox()
    const { headers } = said(await createCryptlexUser(sandbox).set('Accept', accept).expect(201))
    expect(headers['content-type']).toMatch('application/json')
    expect(String(headers['standin-warning']).includes('code=accept.ignored')).toBe(is)
  },
)

test('the answer is JSON for every Accept header, with a warning', async () => {
  const sandbox = await createSandbox()
  const { headers } = said(await createCryptlexUser(sandbox).set('Accept', 'text/html').expect(201))
  expect(headers['content-type']).toBe('application/json; charset=utf-8')
  expect(headers['standin-warning']).toMatch('code=accept.ignored')
})

test('an unknown reseller is created on first use, with a warning each time', async () => {
  const sandbox = await createSandbox()
  const { headers } = said(await createFor(sandbox, 'new').expect(201))
  expect(headers['standin-warning']).toMatch('code=reseller.unknown')
  await createFor(sandbox, 'new', { email: 'b@x' }).expect(201)
  expect(sandbox.sandbox.store.collection('cryptlex.resellers').size).toBe(1)
})

describe('allowedUsers of -1', () => {
  const fixtures = JSON.stringify({
    cryptlex: {
      tokens: [{ token: 'standin-token', scopes: ['reseller:user:create'] }],
      resellers: [{ id: 'reseller-001', allowedUsers: -1 }],
      organizations: [{ id: 'organization-001', resellerId: 'reseller-001', allowedUsers: -1 }],
    },
  })

  test('is unlimited, and is shown in the answer', async () => {
    const sandbox = await createSandbox({ ...strict, fixtures })
    for (const email of ['a@example.test', 'b@example.test', 'c@example.test']) {
      const { body } = said(await createCryptlexUser(sandbox, { email }).expect(201))
      expect((body as User).organization).toMatchObject({ allowedUsers: -1 })
    }
  })

  test('is the minimum in fixtures', async () => {
    const less = fixtures.replaceAll('-1}', '-2}')
    await expect(createSandbox({ fixtures: less })).rejects.toThrow('must be at least -1')
  })
})

describe("the page's own sample of a user", () => {
  const time = '2019-08-24T14:15:22Z'
  const organization = {
    id: 'string',
    createdAt: time,
    updatedAt: time,
    name: 'string',
    email: 'string',
    description: 'string',
    allowedUsers: 0,
    address: {
      addressLine1: 'string',
      addressLine2: 'string',
      city: 'string',
      state: 'string',
      country: 'string',
      postalCode: 'string',
    },
  }
  const sample = {
    id: 'string',
    createdAt: time,
    updatedAt: time,
    name: 'string',
    firstName: 'string',
    lastName: 'string',
    email: 'string',
    role: 'string',
    twoFactorEnabled: true,
    googleSsoEnabled: true,
    lastLoginAt: time,
    organizationId: 'string',
    organization,
    company: 'string',
  }

  test.each([0, -1])('is valid as a 201, also with allowedUsers %d', (allowedUsers) => {
    const body = { ...sample, organization: { ...organization, allowedUsers } }
    expect(complaints('cryptlex', 'createResellerUser', 201, 'application/json', body)).toEqual([])
  })

  test('is valid in each event, with any text as its time', () => {
    const contract = new Contract(
      fileURLToPath(new URL('../../../specs/cryptlex.yaml', import.meta.url)),
    )
    for (const kind of ['created', 'updated', 'deleted']) {
      const event = `reseller.user.${kind}`
      const component = `User${kind[0]!.toUpperCase()}${kind.slice(1)}Event`
      const body = { event, data: sample, triggeredAt: 'string' }
      expect(contract.violationsOf(component, body)).toEqual([])
    }
  })
})
