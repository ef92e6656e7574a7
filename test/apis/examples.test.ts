import request, { type Test } from 'supertest'
import { expect, test } from 'vitest'
import { createReceiver } from '../helpers/receiver.ts'
import {
  createCryptlexUser,
  createFormsOnFireUser,
  createMykaarmaUser,
  createSandbox,
  creations,
  CRYPTLEX,
  FORMSONFIRE,
  MYKAARMA,
  type TestSandbox,
} from '../helpers/sandbox.ts'
import {
  exampleOf,
  JSON_TYPE,
  operationIdsOf,
  operationOf,
  printedExample,
  readProtobuf,
  readXml,
  requestExamples,
  responseExamples,
  said,
  XML_TYPE,
  written,
} from './contract-documents.ts'
import {
  BASIC,
  BEARER,
  company,
  KEYS,
  partner,
  reseller,
  rows,
  type Provocation,
} from './provocations.ts'

// --- values that are generated per run
// -------------------------------------------------------------

const MADE_UP: readonly (readonly [RegExp, string])[] = [
  [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a GUID'],
  [/^[0-9a-f]{32}$/, 'a GUID without dashes'],
  [/^whd_[0-9a-f]{32}-\d+$/, 'the id of an attempt'],
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/, 'a time with seven decimals'],
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time with milliseconds'],
]

/** Returns the JSON text with each generated value replaced by its shape. */
const shapes = (value: unknown): string =>
  JSON.stringify(value, (_, held: unknown) =>
    typeof held === 'string' ? (MADE_UP.find(([shape]) => shape.test(held))?.[1] ?? held) : held,
  )

/** The body of an answer, which must be as compact as JSON.stringify makes it. */
async function bodyOf(type: string, raw: Buffer): Promise<unknown> {
  if (type === XML_TYPE) return (await readXml(raw.toString())).body
  if (type !== JSON_TYPE) return readProtobuf(raw)
  const body: unknown = JSON.parse(raw.toString())
  expect(raw.toString()).toBe(JSON.stringify(body))
  return body
}

async function answerOf(sent: Test, type: string) {
  const answer = await sent.buffer(true).responseType('blob')
  const raw = answer.body as Buffer
  const sentType = answer.type
  const body = sentType === type ? shapes(await bodyOf(type, raw)) : undefined
  return { status: answer.status, type: sentType, body, raw: raw.toString() }
}

// --- examples of requests ------------------------------------------------------------------------

const BEARERS: Readonly<Record<string, string>> = {
  webhooks: 'Bearer standin-token-webhooks',
  users: BEARER,
}

const sentTo = ({ url }: TestSandbox, method: 'get' | 'post', path: string) =>
  request(url)[method](path)

/** Returns a function that sends the example; the path or the body names a user or webhook that exists. */
async function sendExample(
  sandbox: TestSandbox,
  api: string,
  operation: string,
  mediaType: string,
  value: Readonly<Record<string, unknown>>,
): Promise<() => Test> {
  if (api === 'mykaarma') {
    if (operation === 'createUserForPartner') return () => partner(sandbox).send(value)
    const { body } = said(await createMykaarmaUser(sandbox))
    const path = `${MYKAARMA}/${(body as { userUuid: string }).userUuid}`
    return () => request(sandbox.url).put(path).set('Authorization', BASIC).send(value)
  }
  if (api === 'formsonfire') {
    const method = { createUser: 'post', updateUser: 'put', deleteUser: 'delete' }[operation]!
    const user: Record<string, unknown> = { ...value, ...KEYS }
    if (method !== 'post') user['Id'] = await formsOnFireId(sandbox)
    return () =>
      sentTo(sandbox, method as 'post', FORMSONFIRE)
        .set('Content-Type', mediaType)
        .send(written(user, mediaType))
  }
  const kind = operation.includes('Webhook') ? 'webhooks' : 'users'
  const path = kind === 'users' ? CRYPTLEX : '/v3/webhooks'
  const headers = { Authorization: BEARERS[kind]!, 'Content-Type': JSON_TYPE }
  if (operation.startsWith('create'))
    return () => request(sandbox.url).post(path).set(headers).send(value)
  const first = kind === 'users' ? exampleOf('cryptlex', 'Ada') : exampleOf('cryptlex', 'Receiver')
  const { body } = said(await request(sandbox.url).post(path).set(headers).send(first))
  return () =>
    request(sandbox.url)
      .patch(`${path}/${(body as { id: string }).id}`)
      .set(headers)
      .send(value)
}

async function formsOnFireId(sandbox: TestSandbox): Promise<string> {
  const { body } = said(await company(sandbox).send(exampleOf('formsonfire', 'Ada')))
  return (body as { User: { Id: string } }).User.Id
}

const sendable = creations.flatMap(({ api }) =>
  operationIdsOf(api)
    .filter((operation) => operationOf(api, operation).requestBody)
    .flatMap((operation) =>
      requestExamples(api, operation).map((example) => ({ ...example, operation })),
    ),
)

/** Samples of a page: the contract shows no answer to a user of these values. */
const SAMPLES = ['page']

test.each(sendable)(
  '$api $operation $mediaType $name gets an answer of the contract',
  async ({ api, operation, mediaType, name, value }) => {
    const sandbox = await createSandbox()
    const send = await sendExample(sandbox, api, operation, mediaType, value)
    const type = mediaType === XML_TYPE ? XML_TYPE : JSON_TYPE
    const { status, body } = await answerOf(send().set('Accept', type), type)
    const expected = responseExamples(api, operation).filter(
      (one) => one.status === status && one.type === type,
    )
    expect(status).toBeLessThan(300)
    if (api === 'cryptlex' && SAMPLES.includes(name)) return
    expect(expected.map((one) => shapes(one.value))).toContain(body)
  },
)

// --- examples of answers -------------------------------------------------------------------------

type Row = Pick<Provocation, 'api' | 'operation' | 'status' | 'settings' | 'before' | 'send'>
const strict = { profile: { all: 'strict' } } as const
const ada = (s: TestSandbox) => reseller(s).send(exampleOf('cryptlex', 'Ada')).expect(201)
const partnersAda = (s: TestSandbox) => partner(s).send(exampleOf('mykaarma', 'Ada')).expect(200)
const companysAda = (s: TestSandbox) => company(s).send(exampleOf('formsonfire', 'Ada')).expect(200)
const { allowCustomerPortalAccess, ...withoutAccess } = exampleOf('cryptlex', 'Ada')
const malformed = '<User><Email>'

/** Requests for single examples that no row of the conformance tests provokes. */
const MORE: readonly Row[] = [
  ...(
    [
      [
        'createUserForPartner',
        400,
        (s) => createMykaarmaUser(s, { firstName: 5, userInviteEmailTemplate: 'simple' }),
      ],
      [
        'createUserForPartner',
        400,
        (s) => partner(s).send({ ...exampleOf('mykaarma', 'Ada'), emailAddress: 'b@example.test' }),
        {},
        partnersAda,
      ],
      ['createUserForPartner', 400, (s) => createMykaarmaUser(s, { roleUUID: 'unknown' }), strict],
      [
        'createUserForPartner',
        403,
        (s) => createMykaarmaUser(s, { dealerUUID: 'unknown', departmentUUID: undefined }),
        strict,
      ],
      [
        'createUserForPartner',
        200,
        (s) => createMykaarmaUser(s, { userInvite: true, sendEmail: false, sendText: false }),
        strict,
      ],
      [
        'getUsersForDealer',
        200,
        (s) =>
          request(s.url).get('/manage/v2/user/dealer/dealer-uuid-001').set('Authorization', BASIC),
        {},
        partnersAda,
      ],
    ] satisfies Line[]
  ).map(rowOf('mykaarma')),
  ...(
    [
      ['createResellerUser', 201, (s) => reseller(s).send(exampleOf('cryptlex', 'Ada'))],
      [
        'createResellerUser',
        201,
        (s) =>
          reseller(s).send({
            firstName: 'Ada',
            email: 'ada@example.test',
            role: 'user',
            password: 'analytical-engine-1',
            allowCustomerPortalAccess,
          }),
      ],
      ['createResellerUser', 400, (s) => reseller(s).send(withoutAccess)],
      ['createResellerUser', 400, (s) => reseller(s).send('{')],
      ['createResellerUser', 400, (s) => createCryptlexUser(s, { role: 'astronomer' }), strict],
      ['createResellerUser', 404, (s) => post404(s), strict],
      [
        'createResellerUser',
        409,
        (s) =>
          createCryptlexUser(s, { organizationId: 'organization-002', email: 'b@example.test' }),
        strict,
        (s) => createCryptlexUser(s, { organizationId: 'organization-002' }),
      ],
      [
        'listResellerUsers',
        200,
        (s) => request(s.url).get(CRYPTLEX).set('Authorization', BEARER),
        {},
        ada,
      ],
    ] satisfies Line[]
  ).map(rowOf('cryptlex')),
  ...(
    [
      ['createUser', 400, (s) => createFormsOnFireUser(s, { ExternalId: 'x'.repeat(51) })],
      [
        'createUser',
        400,
        (s) => createFormsOnFireUser(s, { Email: 'ada@example.test' }),
        {},
        companysAda,
      ],
      [
        'createUser',
        400,
        (s) => request(s.url).post(FORMSONFIRE).query(KEYS).type(XML_TYPE).send(malformed),
      ],
      ['createUser', 400, (s) => createFormsOnFireUser(s, { WebsiteRole: 'Astronomer' }), strict],
      [
        'getUser',
        200,
        (s) =>
          request(s.url)
            .get(FORMSONFIRE)
            .query({ ...KEYS, Email: 'ada@example.test' }),
        {},
        companysAda,
      ],
      [
        'searchUsers',
        200,
        (s) =>
          request(s.url)
            .get(`${FORMSONFIRE}/search`)
            .query({ ...KEYS, Name: 'Ada' }),
        {},
        companysAda,
      ],
      [
        'searchUsers',
        400,
        (s) =>
          request(s.url)
            .get(`${FORMSONFIRE}/search`)
            .query({ ...KEYS, Status: 'Invited' }),
      ],
    ] satisfies Line[]
  ).map(rowOf('formsonfire')),
]
type Line = [
  operation: string,
  status: number,
  send: Provocation['send'],
  settings?: object,
  before?: (sandbox: TestSandbox) => unknown,
]
function rowOf(api: string): (line: Line) => Row {
  return ([operation, status, send, settings, before]) => ({
    api,
    operation,
    status,
    send,
    ...(settings && { settings }),
    ...(before && { before }),
  })
}
function post404(s: TestSandbox): Test {
  return request(s.url)
    .post('/v3/resellers/nobody/users')
    .set('Authorization', BEARER)
    .send(exampleOf('cryptlex', 'Ada'))
}

/** Examples that no request gets, and why. */
const NOT_SENT: Readonly<Record<string, string>> = {
  'mykaarma page': "the page's own sample, compared by test/apis/mykaarma/users.test.ts",
  'cryptlex receiverMade': 'compared below, with a receiver',
  'cryptlex receiverShown': 'compared below, with a receiver',
  'cryptlex receiverPaused': 'the answer to the example of a request',
  'cryptlex adaPromoted': 'the answer to the example of a request',
  'cryptlex receivers': 'compared below, with a receiver',
  'cryptlex attempts': 'compared below, with a receiver',
}

const groups = creations.flatMap(({ api }) => {
  const examples = [undefined, ...operationIdsOf(api)].flatMap((operation) =>
    responseExamples(api, operation),
  )
  return [...new Set(examples.map(({ status, type }) => `${status} ${type}`))].map((group) => ({
    api,
    group,
    examples: examples.filter(({ status, type }) => `${status} ${type}` === group),
  }))
})

test.each(groups)(
  '$api $group: each example is an answer, word for word',
  async ({ api, group, examples }) => {
    const [status, type = ''] = group.split(' ')
    const wanted = new Map(
      examples
        .filter(({ name }) => !(`${api} ${name}` in NOT_SENT))
        .map(({ name, value }) => [name, shapes(value)]),
    )
    const candidates = [...MORE, ...rows.filter((row) => row.type === type)].filter(
      (row) => row.api === api && row.status === Number(status),
    )
    const got: string[] = []
    for (const { settings, before, send } of candidates) {
      if (wanted.size === 0) break
      const sandbox = await createSandbox(settings)
      await before?.(sandbox)
      const sent = send(sandbox, type)
      const answer = await answerOf(status === '406' ? sent : sent.set('Accept', type), type)
      if (answer.type !== type) continue
      got.push(String(answer.body))
      for (const [name, text] of wanted) if (text === answer.body) wanted.delete(name)
    }
    expect([...wanted], got.join('\n')).toEqual([])
  },
)

test("the answer in XML is the example's, byte by byte", async () => {
  const sandbox = await createSandbox()
  const sent = createFormsOnFireUser(sandbox).set('Accept', XML_TYPE)
  const { raw } = await answerOf(sent, XML_TYPE)
  const guid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
  expect(raw.replaceAll(guid, 'GUID')).toBe(
    printedExample('formsonfire', 'CreatedXml').replaceAll(guid, 'GUID'),
  )
})

test('examples about Cryptlex webhooks are what is answered and delivered', async () => {
  const receiver = await createReceiver()
  receiver.answer(204)
  const sandbox = await createSandbox({ webhookUrl: 'none' })
  const send = async (method: 'get' | 'post', path: string, body?: object) => {
    const authorization = BEARERS['webhooks']!
    const answer = await sentTo(sandbox, method, path)
      .set('Authorization', authorization)
      .send(body)
    // The receiver of the examples is elsewhere.
    return shapes(
      JSON.parse(answer.text.replaceAll(receiver.url, String(example('Receiver')['url']))),
    )
  }
  const example = (name: string) => exampleOf('cryptlex', name)
  const made = await send('post', '/v3/webhooks', { ...example('Receiver'), url: receiver.url })
  expect(made).toBe(shapes(example('ReceiverMade')))
  const [{ id }] = sandbox.sandbox.store.collection('webhooks.subscriptions').all() as [
    { id: string },
  ]
  expect(await send('get', `/v3/webhooks/${id}`)).toBe(shapes(example('ReceiverShown')))
  expect(await send('get', '/v3/webhooks')).toBe(shapes(example('Receivers')))
  await ada(sandbox)
  await request(sandbox.url).post('/_standin/settle').expect(200)
  expect(await send('get', '/v3/webhook-event-logs')).toBe(shapes(example('Attempts')))
  const delivered: unknown = JSON.parse(receiver.came[0]!.body.toString())
  expect(shapes(delivered)).toBe(shapes(example('AdaCreated')))
})
