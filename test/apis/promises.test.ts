import request from 'supertest'
import { expect, test } from 'vitest'
import { promisesOf } from '../helpers/proofs.ts'
import {
  createFormsOnFireUser,
  createSandbox,
  creations,
  type TestSandbox,
} from '../helpers/sandbox.ts'
import {
  at,
  complaints,
  documentOf,
  exampleValuesOf,
  JSON_TYPE,
  operationOf,
  readXml,
  responsesOf,
  said,
  XML_TYPE,
  type Schema,
} from './contract-documents.ts'
import { callsWithBody, richRows, type CallWithBody } from './provocations.ts'

/** Fields that a schema has and no answer: Standin leaves them out of a success. */
const LEFT_OUT = [
  'formsonfire UserCreated.ResponseStatus',
  'formsonfire UserCreatedXml.ResponseStatus',
  'formsonfire UserDeleted.ResponseStatus',
  'formsonfire UserDeleted.User',
  'formsonfire UserDeletedXml.ResponseStatus',
  'formsonfire UserDeletedXml.User',
  'formsonfire UserFound.ResponseStatus',
  'formsonfire UserFoundXml.ResponseStatus',
  'formsonfire UserUpdated.ResponseStatus',
  'formsonfire UserUpdatedXml.ResponseStatus',
  'formsonfire UsersFound.ResponseStatus',
  'formsonfire UsersFoundXml.ResponseStatus',
]

/** `api schema.field` of each field in the body, and of those that the schemas of the body have. */
function fieldsIn(api: string, name: string, given: Schema, body: unknown, found: Fields): void {
  // A field that may be null refers to its schema as one of two.
  const reference = given.$ref ? given : (given.anyOf?.find(({ $ref }) => $ref) ?? given)
  const schema = at<Schema>(api, reference)
  const named = reference.$ref?.split('/').at(-1) ?? name
  if (Array.isArray(body)) {
    for (const item of body) fieldsIn(api, `${named}.items`, schema.items!, item, found)
    return
  }
  for (const [field, inner] of Object.entries(schema.properties ?? {})) {
    const place = `${named}.${field}`
    found.listed.add(`${api} ${place}`)
    if (typeof body !== 'object' || body === null || !(field in body)) continue
    found.sent.add(`${api} ${place}`)
    fieldsIn(api, place, inner, (body as Readonly<Record<string, unknown>>)[field], found)
  }
}
interface Fields {
  readonly listed: Set<string>
  readonly sent: Set<string>
}

test('each field of an answer is sent in one, as its schema says', async () => {
  const found: Fields = { listed: new Set(), sent: new Set() }
  for (const { api, operation, status, type, settings, before, send } of richRows) {
    const sandbox = await createSandbox(settings)
    await before?.(sandbox)
    const { status: answered, text } = await send(sandbox, type).set('Accept', type)
    expect([operation, answered]).toEqual([operation, status])
    const body: unknown = type === XML_TYPE ? (await readXml(text)).body : JSON.parse(text)
    expect(complaints(api, operation, status, type, body)).toEqual([])
    const responses = responsesOf(api, operation === undefined, operation)
    const { content } = responses.find(([known]) => known === status)![1]
    fieldsIn(api, `${operation} ${status}`, content![type]!.schema, body, found)
  }
  const unsent = [...found.listed].filter((field) => !found.sent.has(field))
  expect(unsent.toSorted()).toEqual(LEFT_OUT.toSorted())
  // No schema of an answer was left out.
  for (const { api } of creations) {
    for (const name of answerSchemas(api)) {
      const fields = [...found.listed].filter((field) => field.startsWith(`${api} ${name}.`))
      expect([api, name, fields.length > 0]).toEqual([api, name, true])
    }
  }
})

test('a field that Standin leaves out is in no answer', async () => {
  for (const { api, operation, status, type, before, send } of richRows) {
    if (api !== 'formsonfire' || status !== 200) continue
    const sandbox = await createSandbox()
    await before?.(sandbox)
    const { text } = await send(sandbox, type).set('Accept', type)
    expect(text).not.toContain('ResponseStatus')
    expect(text.includes('User>') || text.includes('"User')).toBe(operation !== 'deleteUser')
  }
})

/** The schemas with fields that answers refer to, directly or through other schemas. */
function answerSchemas(api: string): string[] {
  const names = new Set<string>()
  const walk = (node: unknown): void => {
    for (const [, name = ''] of JSON.stringify(node).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      if (names.has(name)) continue
      names.add(name)
      walk(at<Schema>(api, { $ref: `#/components/schemas/${name}` }))
    }
  }
  walk(documentOf(api).components.responses)
  return [...names].filter(
    (name) => at<Schema>(api, { $ref: `#/components/schemas/${name}` }).properties,
  )
}

test.each(callsWithBody)(
  '$api $operation: each field is read as in an example, and refused with another type',
  async ({ api, operation, send, prepare }) => {
    const { schema } = operationOf(api, operation).requestBody.content[JSON_TYPE]!
    const { properties = {} } = at<Schema>(api, schema)
    const examples = exampleValuesOf(api, operation)
    // The fields of an update are fields of a create call, so the examples of the create call are
    // good values too.
    const others = callsWithBody.filter((call) => call.api === api)
    const values = [operation, ...others.map((call) => call.operation)].flatMap((id) =>
      exampleValuesOf(api, id),
    )
    for (const name of examples.flatMap((value) => Object.keys(value))) {
      expect(Object.keys(properties)).toContain(name)
    }
    const sandbox = await createSandbox()
    const accepted: string[] = []
    const refused: string[] = []
    for (const [name, field] of Object.entries(properties)) {
      const answer = async (change: object) => {
        await fresh(sandbox, prepare)
        return (await send(sandbox, change)).status
      }
      const example = values.map((value) => value[name]).find((value) => value !== undefined)
      const good = NAMING.includes(name) ? {} : { [name]: example ?? valueOf(field) }
      if ((await answer(good)) < 300) accepted.push(name)
      if ((await answer({ [name]: { not: ['of', 'this', 'type'] } })) >= 400) refused.push(name)
    }
    expect(accepted).toEqual(Object.keys(properties))
    expect(refused).toEqual(Object.keys(properties))
  },
)

/** Fields that name the company or the user; the request has those of the sandbox. */
const NAMING = ['CompanyId', 'Id', 'IntegrationKey']

async function fresh(sandbox: TestSandbox, prepare: CallWithBody['prepare']): Promise<void> {
  await request(sandbox.url).post('/_standin/reset').expect(200)
  await prepare?.(sandbox)
}

/** A value of the first type of a field that no example has. */
function valueOf({ type = 'string' }: Schema): unknown {
  const [first] = [type].flat()
  return { string: 'x', boolean: true, array: [], integer: 1 }[first ?? '']
}

test.each(callsWithBody.filter(({ needsBody }) => needsBody))(
  '$api $operation: a request without its body is refused',
  async ({ bare, prepare }) => {
    const sandbox = await createSandbox()
    await prepare?.(sandbox)
    expect((await bare(sandbox)).status).toBeGreaterThanOrEqual(400)
  },
)

const LONG = 'x'.repeat(257)
const ZERO = '00000000-0000-0000-0000-000000000000'

/** Fields that break one strict rule each, by operation and by the rule's place in its schema. */
const BREAKS: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  createUserForPartner: {
    NewUserStrict: { username: undefined },
    'NewUserStrict · anyOf · 0': { dealerUUID: undefined, departmentUUID: undefined },
    'NewUserStrict · anyOf · 0 · dealerUUID': { dealerUUID: null, departmentUUID: undefined },
    'NewUserStrict · anyOf · 1': { dealerUUID: undefined, departmentUUID: undefined },
    'NewUserStrict · anyOf · 1 · departmentUUID': { dealerUUID: undefined, departmentUUID: null },
    'NewUserStrict · firstName': { firstName: ' ' },
    'NewUserStrict · lastName': { lastName: ' ' },
    'NewUserStrict · emailAddress': { emailAddress: ' ' },
    'NewUserStrict · username': { username: ' ' },
    'NewUserStrict · password': { password: '1234567' },
    'NewUserStrict · dealerUUID': { dealerUUID: 'a b' },
    'NewUserStrict · departmentUUID': { departmentUUID: 'a b' },
    'NewUserStrict · roleUUID': { roleUUID: 'a b' },
    'NewUserStrict · phone': { phone: 'x' },
    'NewUserStrict · textNumber': { textNumber: '+1234567890123456' },
  },
  updateUserForPartner: {
    UserChangesStrict: { lastName: '' },
    'UserChangesStrict · firstName': { firstName: ' ' },
    'UserChangesStrict · lastName': { lastName: ' ' },
    'UserChangesStrict · emailAddress': { emailAddress: ' ' },
    'UserChangesStrict · username': { username: ' ' },
    'UserChangesStrict · phone': { phone: 'x' },
    'UserChangesStrict · textNumber': { textNumber: '+1234567890123456' },
  },
  createResellerUser: {
    NewUserStrict: { email: `${LONG}@example.test` },
    'NewUserStrict · email': { email: `${'x'.repeat(250)}@ab.com` },
  },
  createUser: {
    'UserStrict · Email': { Email: 'String' },
    'UserStrict · FirstName': { FirstName: LONG },
    'UserStrict · LastName': { LastName: LONG },
    'UserStrict · Folders': { Folders: [ZERO] },
    'UserStrict · Groups': { Groups: [ZERO] },
    'UserStrict · Id': { Id: 'String' },
    'UserStrict · Password': { Password: '1234567' },
    'UserStrict · WebsiteRole': { WebsiteRole: 'String' },
    UserStrict: { WebsiteRole: 'VendorAdmin' },
    'UserStrict · else': { Folders: ['String'], Groups: ['String'] },
    'UserStrict · else · Folders': { Folders: ['String'] },
    'UserStrict · else · Groups': { Groups: ['String'] },
  },
  updateUser: { UserUpdateStrict: { Password: '1234567' } },
  deleteUser: {
    UserToDeleteStrict: { Id: 'x' },
    'UserToDeleteStrict · Id': { Id: 'String' },
  },
}

test.each(callsWithBody.filter(({ operation }) => BREAKS[operation]))(
  '$api $operation: each rule of strict refuses what documented accepts',
  async ({ operation, send, prepare }) => {
    const reasons = async (profile: 'documented' | 'strict') => {
      const sandbox = await createSandbox({ profile: { all: profile } })
      const found: [rule: string, reason: string | undefined][] = []
      for (const [rule, change] of Object.entries(BREAKS[operation]!)) {
        await fresh(sandbox, prepare)
        const { headers } = said(await send(sandbox, change))
        found.push([rule, headers['standin-reason']])
      }
      return found
    }
    const rules = Object.keys(BREAKS[operation]!)
    expect(await reasons('strict')).toEqual(rules.map((rule) => [rule, 'body.invalid']))
    const accepted = operation === 'deleteUser' ? 'user.unknown' : undefined
    expect(await reasons('documented')).toEqual(rules.map((rule) => [rule, accepted]))
  },
)

/** Values beyond the limits that another page than the vendor's own states. */
const BEYOND: Readonly<Record<string, object>> = {
  'User · Email · minLength': { Email: '' },
  'User · ExternalId · maxLength': { ExternalId: 'x'.repeat(51) },
  'User · FirstName · minLength': { FirstName: '' },
  'User · LastName · minLength': { LastName: '' },
}

test.each(callsWithBody.filter(({ operation }) => operation === 'createUser'))(
  '$api $operation: each limit from elsewhere is a limit of documented too',
  async ({ api, send }) => {
    const sandbox = await createSandbox()
    for (const change of Object.values(BEYOND)) {
      const { headers } = said(await send(sandbox, change).expect(400))
      expect(headers['standin-reason']).toBe('body.invalid')
    }
    const limits = promisesOf(`${api}.yaml`).map(({ place }) => place)
    expect(limits.filter((place) => place.endsWith('Length'))).toEqual(Object.keys(BEYOND))
  },
)

/** The lists have names or other ids where a request says so; strict accepts these. */
const RELAXES: Readonly<Record<string, object>> = {
  'UserStrict · if · anyOf · 0 · UseNames': {
    Folders: ['Inspections'],
    Groups: [],
    UseNames: true,
  },
  'UserStrict · if · anyOf · 1 · UseExternalIds': {
    Folders: ['folder-1'],
    Groups: [],
    UseExternalIds: true,
  },
}

test.each(Object.entries(RELAXES))('strict accepts what %s allows', async (_, change) => {
  const sandbox = await createSandbox({ profile: { all: 'strict' } })
  const { headers } = said(await createFormsOnFireUser(sandbox, change).expect(200))
  expect(headers).not.toHaveProperty('standin-warning')
})

test('the tests above cover every rule of strict', () => {
  const rules = creations.flatMap(({ api }) => promisesOf(`${api}.yaml`))
  const strict = rules.map(({ place }) => place).filter((place) => /^\w+Strict( |$)/.test(place))
  const known = [
    ...Object.values(BREAKS).flatMap((rows) => Object.keys(rows)),
    ...Object.keys(RELAXES),
  ]
  expect([...new Set(strict)].toSorted()).toEqual([...new Set(known)].toSorted())
})

test('a contract has the path prefix of the production server that it names', () => {
  for (const { api } of creations) {
    const [own, production] = documentOf(api).servers
    expect(new URL(production!.url).pathname).toBe(own!.url)
  }
})
