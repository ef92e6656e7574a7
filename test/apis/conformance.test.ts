import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import request, { type Response, type Test } from 'supertest'
import { describe, expect, test } from 'vitest'
import {
  said,
  complaints,
  documentOf,
  JSON_TYPE,
  operationIdsOf,
  operationOf,
  printedExample,
  readProtobuf,
  readXml,
  requestExamples,
  responsesOf,
  rootOf,
  written,
  xmlOf,
} from './contract-documents.ts'
import {
  BASIC,
  BEARER,
  company,
  INTERNAL,
  KEY,
  KEYS,
  partner,
  post,
  reseller,
  rows,
} from './provocations.ts'
import {
  createCryptlexUser,
  createFolder,
  createFormsOnFireUser,
  createMykaarmaUser,
  createSandbox,
  CRYPTLEX,
  creations,
  FORMSONFIRE,
  jsonFixture,
  type Settings,
  type TestSandbox,
} from '../helpers/sandbox.ts'
import { coveragePage } from '../helpers/coverage.ts'
import { expectUpToDate } from '../helpers/document.ts'
import { eventually } from '../helpers/time.ts'

test.each(creations)('$api answers its fixture with $status', async ({ send, status }) => {
  const sandbox = await createSandbox()
  await send(sandbox).expect(status)
})

// --- every example of every request ------------------------------------------------------------

describe('an example of the contract is accepted', () => {
  const examples = creations.flatMap((creation) =>
    requestExamples(creation.api).map((example) => ({ ...creation, ...example })),
  )

  test.each(examples)('$api $mediaType $name', async ({ api, path, mediaType, value, status }) => {
    const sandbox = await createSandbox()
    // In the members' own order: XML elements stand alphabetically.
    const user = api === 'formsonfire' ? { ...value, ...KEYS } : value
    const answer = await request(sandbox.url)
      .post(path)
      .set('Content-Type', mediaType)
      .set(api === 'formsonfire' ? {} : { Authorization: api === 'cryptlex' ? BEARER : BASIC })
      .send(written(user, mediaType))
    expect([answer.status, answer.text]).toEqual([status, answer.text])
  })

  test("the Forms On Fire page's XML, as it is printed there", async () => {
    const sandbox = await createSandbox()
    const printed = printedExample('formsonfire', 'Page')
    const answer = await request(sandbox.url)
      .post(FORMSONFIRE)
      .set('Content-Type', '')
      .send(
        printed
          .replace('<CompanyId>0<', '<CompanyId>1815<')
          .replace('<IntegrationKey>String<', `<IntegrationKey>${KEY}<`),
      )
    expect([answer.status, answer.text]).toEqual([200, answer.text])
  })
})

// --- every documented answer -------------------------------------------------------------------

/** The answer's bytes, whatever its type. */
const bytes = (sent: Test) => sent.buffer(true).responseType('blob')

async function readBody(type: string, body: Buffer): Promise<{ root?: string; body: unknown }> {
  if (type === 'application/xml') return await readXml(body.toString())
  return { body: type === JSON_TYPE ? JSON.parse(body.toString()) : readProtobuf(body) }
}

/** The roots are stated here too, as the server reads them from the contract. */
function rootExpected(operation: string | undefined, status: number): string {
  if (operation === undefined || status === 405) return 'ErrorResponse'
  return operation === 'searchUsers' ? 'UserSearchResponse' : 'UserResponse'
}

describe('each documented answer can be produced, and has the documented body', () => {
  test.each(rows)('$api $about in $type', async (row) => {
    const { api, operation, status, settings, before, send, type } = row
    const sandbox = await createSandbox(settings)
    await before?.(sandbox)
    const sent = send(sandbox, type)
    // A 406 needs an unsupported Accept; all others accept the type of this row.
    const answer: Response = await bytes(
      status === 406 || type === '' ? sent : sent.set('Accept', type),
    )
    expect(answer.status).toBe(status)
    const raw = answer.body as Buffer
    if (type === '') {
      expect([raw.length, answer.headers['content-type']]).toEqual([0, undefined])
    } else {
      expect(answer.headers['content-type']).toMatch(type)
      expect(raw.length).toBeGreaterThan(0)
      expect(raw.toString()).not.toMatch(/nobody should read|\bat .*:\d+|\.[jt]s\b|Error:|\/work\//)
      const { root, body } = await readBody(type, raw)
      expect(complaints(api, operation, status, type, body)).toEqual([])
      if (root !== undefined) expect(root).toBe(rootOf(api, operation, status))
      if (root !== undefined) expect(root).toBe(rootExpected(operation, status))
    }
    if (status < 400) expect(answer.headers).not.toHaveProperty('standin-reason')
    else expect(answer.headers['standin-reason']).toMatch(/^[a-z-]+(\.[a-z-]+)?$/)
    if (status === 401 && api !== 'formsonfire') {
      expect(answer.headers['www-authenticate']).toMatch(/^(Basic realm=|Bearer)/)
    }
    if (status === 405) expect(answer.headers).toHaveProperty('allow')
    expect(sandbox.logged.some((line) => line.includes(INTERNAL))).toBe(status === 500)
    const responses = responsesOf(api, operation === undefined, operation)
    const listed = responses.find(([known]) => known === status)![1]
    const missing = Object.keys(listed.headers ?? {})
      .filter((name) => !['standin-warning', 'allow'].includes(name.toLowerCase()))
      .filter((name) => !(name.toLowerCase() in answer.headers))
    expect(missing).toEqual([])
  })

  /**
   * Answers that a contract lists and only a fault provokes: `api operation status type`.
   * docs/coverage.md shows "fault" for these. Each one is a possible error of the contract.
   */
  const ONLY_BY_FAULT: readonly string[] = []

  test('each status of each operation is reached by a request', () => {
    const listed = creations.flatMap(({ api }) =>
      [undefined, ...operationIdsOf(api)].flatMap((operation) =>
        responsesOf(api, operation === undefined, operation).flatMap(([status, { content }]) =>
          Object.keys(content ?? { '': {} }).map((type) => `${api} ${operation} ${status} ${type}`),
        ),
      ),
    )
    const reached = rows.map(
      ({ api, operation, status, type }) => `${api} ${operation} ${status} ${type}`,
    )
    expect(listed.filter((line) => !reached.includes(line))).toEqual(ONLY_BY_FAULT)
    expect(reached.filter((line) => !listed.includes(line))).toEqual([])
  })

  test('docs/coverage.md lists each of them with its evidence', async () => {
    const reached = new Set(
      rows.map(({ api, operation, status }) => `${api} ${operation} ${status}`),
    )
    await expectUpToDate('docs/coverage.md', await coveragePage(reached))
  })

  test('a 405 has the same XML root in both lists, because no operation answers with 405', () => {
    for (const operation of operationIdsOf('formsonfire')) {
      expect(rootOf('formsonfire', operation, 405)).toBe(rootOf('formsonfire', undefined, 405))
    }
  })

  test('every contract begins with the create call and specifies answers to unrouted requests', () => {
    for (const { api, path } of creations) {
      const [first = ''] = Object.keys(documentOf(api).paths)
      expect(path).toMatch(new RegExp(`${first.replaceAll(/{[^}]+}/g, '[^/]+')}$`))
      expect(Object.keys(operationOf(api).responses).length).toBeGreaterThan(6)
    }
  })
})

// --- requests that create no user
// -----------------------------------------------------------------------------

describe('a body that is not an object is refused with 400', () => {
  const shapes = ['null', '[]', '[{}]', '"text"', '1', 'true', '{', '{"a":1,}', "{'a':1}", '\u0000']
  const targets = [
    { api: 'mykaarma', send: partner },
    { api: 'cryptlex', send: reseller },
    { api: 'formsonfire', send: company },
  ]
  const table = targets.flatMap((target) => shapes.map((shape) => ({ ...target, shape })))

  test.each(table)('$api $shape', async ({ send, shape }) => {
    const answer = await send(await createSandbox()).send(shape)
    expect([answer.status, answer.headers['standin-reason']]).toEqual([
      400,
      expect.stringMatching(/^body\./),
    ])
  })
})

// --- the two profiles ----------------------------------------------------------------------------

interface Line {
  /** As the contracts number it. */
  readonly line: string
  readonly what: string
  readonly documented: number
  readonly strict: number
  readonly before?: (sandbox: TestSandbox) => unknown
  readonly send: (sandbox: TestSandbox) => Test
}

const NOBODY = '00000000-0000-0000-0000-000000000000'
const a = (line: string, what: string, body: object, documented: number, strict: number): Line => ({
  line: `A10.${line}`,
  what,
  documented,
  strict,
  send: (sandbox) => createMykaarmaUser(sandbox, body),
})
const b = (line: string, what: string, body: object, documented: number, strict: number): Line => ({
  line: `B11.${line}`,
  what,
  documented,
  strict,
  send: (sandbox) => createCryptlexUser(sandbox, body),
})
const c = (line: string, what: string, body: object, documented: number, strict: number): Line => ({
  line: `C12.${line}`,
  what,
  documented,
  strict,
  send: (sandbox) => createFormsOnFireUser(sandbox, body),
})
const pageOf = (api: string, change: object = {}) => ({
  ...requestExamples(api).find(({ name }) => name === 'page')!.value,
  ...change,
})
const xmlUser = (sandbox: TestSandbox, user: Record<string, unknown>) =>
  request(sandbox.url).post(FORMSONFIRE).set('Content-Type', 'application/xml').send(xmlOf(user))
const asForm = (body: string) => (sandbox: TestSandbox) =>
  request(sandbox.url)
    .post(FORMSONFIRE)
    .set('Content-Type', 'application/x-www-form-urlencoded')
    .send(body)
const { FirstName, ...withoutFirst } = jsonFixture('formsonfire.json')

const lines: readonly Line[] = [
  {
    ...a('1', 'an empty object', {}, 200, 400),
    send: (sandbox) => partner(sandbox).send('{}'),
  },
  a('1', 'no firstName', { firstName: undefined }, 200, 400),
  a('1', 'lastName null', { lastName: null }, 200, 400),
  a('1', 'emailAddress blank', { emailAddress: ' ' }, 200, 400),
  a('1', 'no username', { username: undefined }, 200, 400),
  a('1', 'no dealer, a department', { dealerUUID: undefined }, 200, 200),
  a('1', 'a dealer, no department', { departmentUUID: undefined }, 200, 200),
  a('1', 'neither of the two', { dealerUUID: undefined, departmentUUID: undefined }, 200, 400),
  a('1', 'both null', { dealerUUID: null, departmentUUID: null }, 200, 400),
  a('2', 'password of 7', { password: '1234567' }, 200, 400),
  a('2', 'password of 8', { password: '12345678' }, 200, 200),
  a('2', 'password of 129', { password: 'x'.repeat(129) }, 200, 400),
  a('3', 'an invite by no channel', { sendEmail: false }, 200, 200),
  a('4', 'another template', { userInviteEmailTemplate: 'simple' }, 400, 400),
  a('4', 'no template', { userInviteEmailTemplate: null }, 200, 200),
  a('5', 'a number for a text', { bio: 1 }, 400, 400),
  a('5', 'a text for a boolean', { sendText: 'true' }, 400, 400),
  a('6', 'an unknown field', { dealerUuid: 'dealer-uuid-001' }, 200, 200),
  {
    ...a('9', 'a taken username', { username: 'ADA.Byron', emailAddress: 'b@x' }, 400, 400),
    before: (sandbox) => createMykaarmaUser(sandbox).expect(200),
  },
  {
    ...a('9', 'a taken address', { username: 'b', emailAddress: 'Ada@Example.TEST' }, 400, 400),
    before: (sandbox) => createMykaarmaUser(sandbox).expect(200),
  },
  a('10', 'unknown dealer', { dealerUUID: 'd', departmentUUID: undefined }, 200, 403),
  a('10', 'unknown department', { departmentUUID: 'd' }, 200, 403),
  a('10', "another dealer's department", { departmentUUID: 'department-uuid-003' }, 200, 400),
  a('10', 'unknown role', { roleUUID: 'r' }, 200, 400),
  {
    ...a('10', "a dealer that is not the subscriber's", {}, 200, 403),
    send: (sandbox) =>
      createMykaarmaUser(sandbox, {
        dealerUUID: 'dealer-uuid-002',
        departmentUUID: undefined,
      }).auth('one-dealer', 'one-dealer-secret'),
  },
  {
    ...a('10', 'a department alone of such a dealer', {}, 200, 403),
    send: (sandbox) =>
      createMykaarmaUser(sandbox, {
        dealerUUID: undefined,
        departmentUUID: 'department-uuid-003',
      }).auth('one-dealer', 'one-dealer-secret'),
  },
  {
    ...a('13', 'protobuf alone is acceptable', {}, 200, 200),
    send: (sandbox) => createMykaarmaUser(sandbox).set('Accept', 'application/x-protobuf'),
  },
  a('15', 'a phone of letters', { phone: 'string' }, 200, 400),
  a('15', 'a text number too long', { textNumber: '+1234567890123456' }, 200, 400),
  a('15', 'ten digits', { phone: '6305550147' }, 200, 200),
  a('', "the page's sample", pageOf('mykaarma'), 200, 400),
  {
    ...b('3', 'an unknown token', {}, 401, 401),
    send: post(CRYPTLEX, 'Bearer unknown'),
  },
  {
    ...b('4', 'an unknown reseller', {}, 201, 404),
    send: (sandbox) =>
      post('/v3/resellers/new/users', BEARER)(sandbox).send(jsonFixture('cryptlex.json')),
  },
  {
    ...b('7', 'a taken address', { email: 'ADA@example.test' }, 409, 409),
    before: (sandbox) => createCryptlexUser(sandbox).expect(201),
  },
  {
    ...b('8', 'one user more than the organization may have', {}, 201, 409),
    before: (s) => createCryptlexUser(s, { organizationId: 'organization-002' }).expect(201),
    send: (s) => createCryptlexUser(s, { organizationId: 'organization-002', email: 'b@x' }),
  },
  b('9', 'a made-up role', { role: 'string' }, 201, 400),
  b('9', "the sandbox's own role", { role: 'support' }, 201, 201),
  b('9', 'admin', { role: 'admin' }, 201, 403),
  b('9', 'super-admin', { role: 'super-admin' }, 201, 403),
  b('9', 'admin of no organization', { role: 'organization-admin', organizationId: '' }, 201, 400),
  b('9', 'an empty role', { role: '' }, 400, 400),
  b('9', 'a role of 256', { role: 'x'.repeat(256) }, 201, 400),
  b('9', 'a role of 257', { role: 'x'.repeat(257) }, 400, 400),
  b('10', 'an unknown organization', { organizationId: 'string' }, 201, 404),
  b('10', "another reseller's organization", { organizationId: 'organization-003' }, 201, 404),
  b('10', 'no organization', { organizationId: '' }, 201, 201),
  b('14', 'an address of 257', { email: `${'x'.repeat(250)}@ab.com` }, 201, 400),
  b('13', 'an unknown field', { colour: 'red' }, 201, 201),
  b('', "the page's sample", pageOf('cryptlex'), 201, 400),
  c('6', 'no Email', { Email: undefined }, 400, 400),
  c('6', 'no FirstName', { FirstName: undefined }, 400, 400),
  c('6', 'LastName null', { LastName: null }, 400, 400),
  c('7', 'ExternalId of 50', { ExternalId: 'x'.repeat(50) }, 200, 200),
  c('7', 'ExternalId of 51', { ExternalId: 'x'.repeat(51) }, 400, 400),
  c('7', 'FirstName of 257', { FirstName: 'x'.repeat(257) }, 200, 400),
  c('7', 'Email of 257', { Email: `${'x'.repeat(250)}@ab.com` }, 200, 400),
  c('7', 'Password of 7', { Password: '1234567' }, 200, 400),
  c('8', 'a made-up role', { WebsiteRole: 'String' }, 200, 400),
  c('8', 'a role in other letters', { WebsiteRole: 'enterpriseADMIN' }, 200, 200),
  c('8', "the vendor's own role", { WebsiteRole: 'VendorAdmin' }, 200, 400),
  c('10', 'an Email without @', { Email: 'String' }, 200, 400),
  c('10', 'the all-zero Id', { Id: NOBODY }, 200, 200),
  c('10', 'the all-zero folder', { Folders: [NOBODY] }, 200, 400),
  c('10', 'the all-zero group', { Groups: [NOBODY] }, 200, 400),
  {
    ...c('10', "the page's sample in XML", {}, 200, 400),
    send: (sandbox) => xmlUser(sandbox, pageOf('formsonfire', KEYS)),
  },
  c('10', "the page's sample in JSON", pageOf('formsonfire', KEYS), 200, 400),
  c('11', 'an unknown folder', { Folders: ['3f2504e0-4f89-41d3-9a0c-000000000000'] }, 200, 400),
  c(
    '11',
    'a folder by its name',
    { Folders: ['Inspections'], Groups: [], UseNames: true },
    200,
    200,
  ),
  c('11', 'a group by id', { Folders: [], Groups: ['group-1'], UseExternalIds: true }, 200, 200),
  c('11', 'an unknown group by its name', { Folders: [], Groups: ['x'], UseNames: true }, 200, 400),
  c('12', 'a braced folder', { Folders: ['{3F2504E0-4F89-41D3-9A0C-0305E82C3301}'] }, 200, 200),
  c('12', 'a bare folder', { Folders: ['3f2504e04f8941d39a0c0305e82c3301'] }, 200, 200),
  c('12', 'no GUID', { Folders: ['String'] }, 200, 400),
  {
    ...c('13', 'a taken Email', { Email: 'GRACE@example.test', ExternalId: 'x' }, 400, 400),
    before: (sandbox) => createFormsOnFireUser(sandbox).expect(200),
  },
  {
    ...c('13', 'a taken ExternalId', { Email: 'b@example.test' }, 400, 400),
    before: (sandbox) => createFormsOnFireUser(sandbox).expect(200),
  },
  {
    ...c('14', 'a required element late in XML', {}, 200, 400),
    send: (sandbox) => xmlUser(sandbox, { ...withoutFirst, FirstName }),
  },
  {
    ...c('14', 'an optional element late in XML', {}, 200, 200),
    send: (sandbox) => xmlUser(sandbox, { ...jsonFixture('formsonfire.json'), ColorCode: 'red' }),
  },
  {
    ...c('14', 'an unknown element first in XML', {}, 200, 200),
    send: (sandbox) => xmlUser(sandbox, { Zebra: 1, ...jsonFixture('formsonfire.json') }),
  },
  {
    ...c('19', 'XML as a form', {}, 200, 400),
    send: asForm(xmlOf(jsonFixture('formsonfire.json'))),
  },
  {
    ...c('19', 'JSON as a form', {}, 200, 400),
    send: asForm(JSON.stringify(jsonFixture('formsonfire.json'))),
  },
  { ...c('19', 'a form without a key', {}, 401, 401), send: asForm('CompanyId=1815&Email=a@b') },
  {
    ...c('19', 'a form as a form', {}, 200, 200),
    send: asForm(`CompanyId=1815&Email=a@b&FirstName=A&IntegrationKey=${KEY}&LastName=B`),
  },
]

describe.each(lines)('$line, $what', ({ documented, strict, before, send }) => {
  test.each([
    { profile: 'documented', status: documented },
    { profile: 'strict', status: strict },
  ] as const)(`is answered with $status under $profile`, async ({ profile, status }) => {
    const sandbox = await createSandbox({ profile: { all: profile } })
    await before?.(sandbox)
    const answer = await send(sandbox)
    expect([answer.status, answer.text]).toEqual([status, answer.text])
    // The documented profile accepts requests that only strict refuses, with a warning.
    if (profile === 'documented' && strict !== documented) {
      expect(answer.headers['standin-warning']).toMatch(/^".*";code=[\w.:-]+/)
    }
  })
})

test('one API can be strict while the others are not', async () => {
  const sandbox = await createSandbox({ profile: { all: 'documented', cryptlex: 'strict' } })
  await createCryptlexUser(sandbox, { role: 'string' }).expect(400)
  await createMykaarmaUser(sandbox, { roleUUID: 'string' }).expect(200)
  await createFormsOnFireUser(sandbox, { WebsiteRole: 'String' }).expect(200)

  const other = await createSandbox({ profile: { all: 'strict', cryptlex: 'documented' } })
  await createCryptlexUser(other, { role: 'string' }).expect(201)
  await createMykaarmaUser(other, { roleUUID: 'string' }).expect(400)
  await createFormsOnFireUser(other, { WebsiteRole: 'String' }).expect(400)
})

test.each(creations)('a valid $api request is answered without a warning', async ({ send }) => {
  for (const profile of ['documented', 'strict'] as const) {
    const { headers, status } = said(await send(await createSandbox({ profile: { all: profile } })))
    expect([status < 300, headers['standin-warning']]).toEqual([true, undefined])
  }
})

// --- secrets ------------------------------------------------------------------------------------

const SECRET = 'Correct-Horse-77'

/** Requests that carry the secret wherever a caller may put one, good and bad. */
async function sendSecrets(sandbox: TestSandbox): Promise<Response[]> {
  const answers: Response[] = []
  for (const wrong of [{}, { emailAddress: 1, email: 1, Email: '' }]) {
    answers.push(
      await createMykaarmaUser(sandbox, { password: SECRET, pasword: SECRET, ...wrong }),
      await createCryptlexUser(sandbox, { password: SECRET, Password: SECRET, ...wrong }),
      await createFormsOnFireUser(sandbox, { Password: SECRET, Pasword: SECRET, ...wrong }),
      await createFormsOnFireUser(sandbox, { integrationKey: SECRET, ...wrong }),
      await xmlUser(sandbox, {
        ...KEYS,
        Email: 'x@y',
        FirstName: 'X',
        LastName: 'Y',
        Password: SECRET,
        ...wrong,
      }),
      await createMykaarmaUser(sandbox, { password: [SECRET] }),
      await createCryptlexUser(sandbox, { password: { [SECRET]: SECRET } }),
    )
  }
  answers.push(await partner(sandbox).send(`{"password": "${SECRET}"`))
  answers.push(await reseller(sandbox).send(`{"password": ${SECRET}}`))
  answers.push(await company(sandbox).send(`{"Password": "${SECRET}" "x"}`))
  answers.push(
    await company(sandbox)
      .set('Content-Type', 'application/xml')
      .send(`<User><Password>${SECRET}</User>`),
  )
  return answers
}

const SECRETS = [SECRET, KEY, 'partner-secret', 'standin-token', BASIC.slice(6)]

test('no answer and no log line contains a secret', async () => {
  const sandbox = await createSandbox()
  const answers = await sendSecrets(sandbox)
  expect(answers.filter(({ status }) => status < 300).length).toBeGreaterThanOrEqual(4)
  const output = [
    ...sandbox.logged,
    ...answers.map(({ headers, text }) => `${JSON.stringify(headers)} ${text}`),
  ].join('\n')
  expect(SECRETS.filter((secret) => output.includes(secret))).toEqual([])
})

test('no secret is stored, neither in memory nor on disk', async () => {
  const folder = createFolder()
  const sandbox = await createSandbox({ data: folder })
  await sendSecrets(sandbox)
  const { contexts, store } = sandbox.sandbox
  const stored = [...contexts.values()]
    .flatMap(({ api }) => Object.keys(api.tables).map((table) => `${api.name}.${table}`))
    .map((name) => JSON.stringify(store.collection(name).all()))
    .join('\n')
  expect(stored).toContain('ada@example.test')
  expect(stored).toContain('grace@example.test')
  expect(SECRETS.filter((secret) => stored.includes(secret))).toEqual([])
  const read = () =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n')
  await eventually(() => {
    expect(readFileSync(join(folder, 'state.json'), 'utf8')).toContain('grace@example.test')
  })
  await sandbox.close()
  expect(SECRETS.filter((secret) => read().includes(secret))).toEqual([])
})

// --- a refusal changes nothing ------------------------------------------------------------------

test('a refused request stores nothing', async () => {
  const sandbox = await createSandbox()
  await createCryptlexUser(sandbox).expect(201)
  const { store } = sandbox.sandbox
  const before = store.collection('cryptlex.organizations').all()
  await createCryptlexUser(sandbox, { organizationId: 'new' }).expect(409)
  expect(store.collection('cryptlex.organizations').all()).toEqual(before)
  await createCryptlexUser(sandbox, { organizationId: 'new', email: 'b@example.test' }).expect(201)
})

// --- determinism --------------------------------------------------------------------------------

/** Sends creates, refusals and formats, and returns all answers, byte for byte. */
async function conversation(settings: Settings): Promise<string[]> {
  const sandbox = await createSandbox({ clock: Date.UTC(2026, 0, 15, 9, 30), ...settings })
  const sent = [
    ...creations.map(({ send }) => send(sandbox)),
    ...creations.map(({ send }) => send(sandbox)),
    createMykaarmaUser(sandbox, { username: 'b', emailAddress: 'b@x' }).set(
      'Accept',
      'application/x-protobuf',
    ),
    createCryptlexUser(sandbox, { email: 'b@x', organizationId: 'made-up' }),
    createFormsOnFireUser(sandbox, { Email: 'b@x', ExternalId: '' }).query({ format: 'xml' }),
    partner(sandbox).send('{'),
    request(sandbox.url).get('/manage/nowhere'),
  ]
  const heard: string[] = []
  for (const one of sent) {
    const { status, headers, body } = said(await bytes(one))
    heard.push(`${status} ${JSON.stringify(headers)} ${(body as Buffer).toString('base64')}`)
  }
  return heard
}

test('the same requests with the same time and seed get the same answers', async () => {
  const once = await conversation({ seed: 7 })
  expect(once.map((text) => text.slice(0, 3))).toEqual(
    '200 201 200 400 409 400 200 201 200 400 404'.split(' '),
  )
  expect(await conversation({ seed: 7 })).toEqual(once)
})

test('another seed gives other ids', async () => {
  const [one, other] = [await conversation({ seed: 7 }), await conversation({ seed: 8 })]
  for (const i of [0, 1, 2, 6, 7, 8]) expect(other[i]).not.toBe(one[i])
})
