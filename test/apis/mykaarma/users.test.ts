import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import {
  createFolder,
  createMykaarmaUser,
  createSandbox,
  jsonFixture,
  MYKAARMA,
  type TestSandbox,
} from '../../helpers/sandbox.ts'
import { independently } from '../../helpers/bodies.ts'
import { alphabetically, exampleOf, readProtobuf, said } from '../contract-documents.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const strict = { profile: { all: 'strict' } } as const
const PROTOBUF = 'application/x-protobuf'

interface Envelope {
  readonly errors: readonly { errorCode: number; errorTitle: string; errorMessage: string }[]
  readonly warnings: readonly { warningCode: number; warningTitle: string }[]
  readonly apiRequestId: string
  readonly userUuid?: string
}
const messages = (body: unknown) => (body as Envelope).errors.map((error) => error.errorMessage)
const titles = (body: unknown) => (body as Envelope).warnings.map((one) => one.warningTitle)

const inProtobuf = async (sandbox: TestSandbox, body: object = {}) => {
  const sent = createMykaarmaUser(sandbox, body).set('Accept', PROTOBUF)
  const answer = await sent.buffer(true).responseType('blob')
  return {
    ...answer,
    headers: answer.headers,
    status: answer.status,
    bytes: answer.body as Buffer,
  }
}

describe('a created user', () => {
  test("is answered with the keys of the page's sample, in its order", async () => {
    const sandbox = await createSandbox()
    const { text } = await createMykaarmaUser(sandbox).expect(200)
    const body = JSON.parse(text) as Envelope
    expect(Object.keys(body)).toEqual(Object.keys(exampleOf('mykaarma', 'Created')))
    expect(Object.keys(body)).toEqual(['errors', 'warnings', 'apiRequestId', 'userUuid'])
    expect(body).toMatchObject({ errors: [], warnings: [] })
    expect(body.userUuid).toMatch(UUID)
    expect(body.apiRequestId).toMatch(UUID)
    expect(body.apiRequestId).not.toBe(body.userUuid)
  })

  test.each([
    [true, 'PENDING'],
    [false, 'INACTIVE'],
  ])('with userInvite %s is stored as %s', async (userInvite, status) => {
    const sandbox = await createSandbox()
    await createMykaarmaUser(sandbox, { userInvite }).expect(200)
    const [stored] = sandbox.sandbox.store.collection('mykaarma.users').all()
    expect(stored).toMatchObject({ latestInviteStatus: status, username: 'ada.byron' })
    expect(stored).not.toHaveProperty('password')
  })

  test('cannot set fields of the server', async () => {
    const sandbox = await createSandbox()
    const chosen = { id: 'mine', latestInviteStatus: 'ACTIVE', createdAt: 'then' }
    const { body } = said(await createMykaarmaUser(sandbox, chosen).expect(200))
    const [stored] = sandbox.sandbox.store.collection('mykaarma.users').all()
    expect(stored).toMatchObject({ id: (body as Envelope).userUuid, latestInviteStatus: 'PENDING' })
    expect(stored).toHaveProperty('createdAt', expect.stringMatching(/^\d{4}-/))
  })
})

test.each([
  ['200', 'CreateUserResponse', 'PageCreated'],
  ['400, 401, 403 and 500', 'ErrorResponse', 'PageRefused'],
])("the page's own sample of a %s is valid under the schema of the contract", (_, schema, name) => {
  const validate = independently('mykaarma', schema)
  expect([validate(exampleOf('mykaarma', name)), validate.errors]).toEqual([true, null])
})

describe('a refusal', () => {
  test("has the keys of the page's sample, in its order, and no userUuid", async () => {
    const sandbox = await createSandbox()
    const { text } = await createMykaarmaUser(sandbox, { bio: 1 }).expect(400)
    const body = JSON.parse(text) as Envelope
    const sample = exampleOf('mykaarma', 'FieldErrors') as unknown as Envelope
    expect(Object.keys(body)).toEqual(['errors', 'warnings', 'apiRequestId'])
    expect(Object.keys(body)).toEqual(Object.keys(sample))
    expect(Object.keys(body.errors[0]!)).toEqual(Object.keys(sample.errors[0]!))
  })

  test('names every field of a wrong type at once', async () => {
    const sandbox = await createSandbox()
    const texts = ['dealerUUID', 'firstName', 'lastName', 'emailAddress', 'username', 'password']
    const more = ['dmsID', 'phone', 'textNumber', 'roleUUID', 'departmentUUID', 'imageUrl', 'bio']
    const booleans = ['userInvite', 'sendEmail', 'sendText', 'ssoFeatureEnabled']
    const wrong: Record<string, unknown> = { userInviteEmailTemplate: 'OTHER' }
    for (const name of [...texts, ...more, 'nickName']) wrong[name] = 1
    for (const name of [...booleans, 'mfaFeatureEnabled']) wrong[name] = 'yes'
    const { body } = said(await createMykaarmaUser(sandbox, wrong).expect(400))
    const named = messages(body).map((message) => message.split(' ')[0])
    expect(named.toSorted(alphabetically)).toEqual(Object.keys(wrong).toSorted(alphabetically))
    expect(new Set((body as Envelope).errors.map(({ errorCode }) => errorCode))).toEqual(
      new Set([100001]),
    )
  })

  test('of an enum names its values, and not null among them', async () => {
    const sandbox = await createSandbox()
    const wrong = { firstName: 1, userInviteEmailTemplate: 'x' }
    const { body } = said(await createMykaarmaUser(sandbox, wrong).expect(400))
    expect((body as Envelope).errors).toEqual(exampleOf('mykaarma', 'FieldErrors')['errors'])
  })

  test('under strict names every missing and every malformed field at once', async () => {
    const sandbox = await createSandbox(strict)
    const { body } = said(
      await request(sandbox.url)
        .post(MYKAARMA)
        .auth('partner', 'partner-secret')
        .send({ lastName: ' ', password: 'short', phone: 'x', roleUUID: 'a b' })
        .expect(400),
    )
    expect(messages(body).toSorted(alphabetically)).toEqual([
      'dealerUUID or departmentUUID must not be blank.',
      'emailAddress must not be blank.',
      'firstName must not be blank.',
      'lastName must not be blank.',
      'password must have at least 8 characters.',
      'phone has a wrong form.',
      'roleUUID has a wrong form.',
      'username must not be blank.',
    ])
  })

  test.each([
    ['UserExists', 400, { emailAddress: 'b@x' }],
    ['UnknownRole', 400, { username: 'b', emailAddress: 'b@x', roleUUID: 'unknown' }],
    ['DealerDenied', 403, { dealerUUID: 'unknown', departmentUUID: undefined }],
  ])('has the code and message of the example %s', async (name, status, change) => {
    const sandbox = await createSandbox(strict)
    await createMykaarmaUser(sandbox).expect(200)
    const { body } = said(await createMykaarmaUser(sandbox, change).expect(status))
    expect((body as Envelope).errors).toEqual(exampleOf('mykaarma', name)['errors'])
  })

  test.each([
    { departmentUUID: 'unknown' },
    { dealerUUID: undefined, departmentUUID: 'unknown' },
    { dealerUUID: 'unknown' },
  ])('for a missing right is a 403 with its code: %j', async (change) => {
    const sandbox = await createSandbox(strict)
    const { body } = said(await createMykaarmaUser(sandbox, change).expect(403))
    expect((body as Envelope).errors).toMatchObject([
      { errorCode: 100004, errorTitle: 'UNAUTHORIZED' },
    ])
  })

  test('for a missing scope has the message that a live client saw', async () => {
    const sandbox = await createSandbox()
    const sent = createMykaarmaUser(sandbox).auth('reader', 'reader-secret')
    const { body } = said(await sent.expect(403))
    expect((body as Envelope).errors).toEqual(exampleOf('mykaarma', 'ScopeMissing')['errors'])
  })
})

describe('a user name or an address in use', () => {
  const others = { username: 'someone', emailAddress: 'someone@example.test' }
  test.each([
    ['username', 'ada.byron'],
    ['username', 'ADA.BYRON'],
    ['emailAddress', 'ada@example.test'],
    ['emailAddress', 'Ada@Example.Test'],
  ])('is refused: %s %s', async (field, value) => {
    const sandbox = await createSandbox()
    await createMykaarmaUser(sandbox).expect(200)
    const { body } = said(
      await createMykaarmaUser(sandbox, { ...others, [field]: value }).expect(400),
    )
    expect((body as Envelope).errors).toEqual([
      {
        errorCode: 100009,
        errorTitle: 'USER_ALREADY_EXISTS',
        errorMessage: `A user with this ${field} already exists.`,
      },
    ])
    expect(sandbox.sandbox.store.collection('mykaarma.users').size).toBe(1)
  })

  test('is compared field by field', async () => {
    const sandbox = await createSandbox()
    await createMykaarmaUser(sandbox).expect(200)
    const crossed = { username: 'ada@example.test', emailAddress: 'ada.byron' }
    await createMykaarmaUser(sandbox, crossed).expect(200)
  })

  test('does not include an empty or absent one', async () => {
    const sandbox = await createSandbox()
    for (const nothing of ['', '', null, null, undefined, undefined]) {
      const body = { username: nothing, emailAddress: nothing }
      await createMykaarmaUser(sandbox, body).expect(200)
    }
  })

  test('is given to one of ten concurrent requests', async () => {
    const sandbox = await createSandbox()
    const answers = await Promise.all(Array.from({ length: 10 }, () => createMykaarmaUser(sandbox)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(9)
  })
})

describe('warnings', () => {
  const invite = { userInvite: true, sendEmail: false, sendText: false }
  const cases: [string, object, string[]][] = [
    ['an invite by no channel', invite, ['INVITE_WITHOUT_CHANNEL']],
    ['a text to no number', { sendText: true }, ['INVITE_WITHOUT_ADDRESS']],
    [
      'ten digits',
      { phone: '6305550147', textNumber: '6305550148' },
      ['PHONE_NOT_E164', 'PHONE_NOT_E164'],
    ],
    ['an unknown field', { dealerUuid: 'x', Bio: 'x' }, ['UNKNOWN_FIELD', 'UNKNOWN_FIELD']],
  ]
  test.each(cases)('of strict are in the body: %s', async (_, change, expected) => {
    const { body } = said(await createMykaarmaUser(await createSandbox(strict), change).expect(200))
    expect(titles(body)).toEqual(expected)
  })
  test.each(cases)('of documented are not: %s', async (_, change) => {
    const { body } = said(await createMykaarmaUser(await createSandbox(), change).expect(200))
    expect(titles(body)).toEqual([])
  })

  test('have the message of the example', async () => {
    const { body } = said(await createMykaarmaUser(await createSandbox(strict), invite).expect(200))
    expect((body as Envelope).warnings).toEqual(exampleOf('mykaarma', 'Warned')['warnings'])
  })

  test('are in Standin-Warning under documented, one for each rule that strict has', async () => {
    const sandbox = await createSandbox()
    const { headers } = said(
      await createMykaarmaUser(sandbox, {
        firstName: undefined,
        password: 'short',
        roleUUID: 'unknown',
        dealerUuid: 'typo',
      }).expect(200),
    )
    const codes = [...headers['standin-warning']!.matchAll(/;code=([^,]+)/g)]
    expect(codes.map(([, code]) => code).toSorted(alphabetically)).toEqual([
      'minLength.password',
      'required.firstName',
      'role.unknown',
      'unknown-field.dealerUuid',
    ])
  })
})

describe('X-Correlation-ID', () => {
  test('is repeated unchanged, in successes and refusals', async () => {
    const sandbox = await createSandbox()
    for (const change of [{}, { bio: 1 }]) {
      const { headers, body } = said(
        await createMykaarmaUser(sandbox, change).set('X-Correlation-ID', 'order-42/a'),
      )
      expect(headers['x-correlation-id']).toBe('order-42/a')
      expect((body as Envelope).apiRequestId).not.toBe('order-42/a')
    }
    const { headers } = said(
      await request(sandbox.url).get('/manage/x').set('X-Correlation-ID', 'b'),
    )
    expect(headers['x-correlation-id']).toBe('b')
  })

  test('is generated when none is sent, or one that cannot be sent back', async () => {
    const sandbox = await createSandbox()
    const seen = new Set<string>()
    for (const given of [undefined, '', 'a b', 'x'.repeat(129)]) {
      const sent = createMykaarmaUser(sandbox)
      const { headers } = said(
        await (given === undefined ? sent : sent.set('X-Correlation-ID', given)),
      )
      expect(headers['x-correlation-id']).toMatch(UUID)
      seen.add(headers['x-correlation-id'] as string)
    }
    expect(seen.size).toBe(4)
  })
})

describe('protobuf', () => {
  test("answers a created user, as protobufjs' own decoder reads it", async () => {
    const sandbox = await createSandbox()
    const { status, headers, bytes } = await inProtobuf(sandbox)
    expect([status, headers['content-type']]).toEqual([200, PROTOBUF])
    const [stored] = sandbox.sandbox.store.collection('mykaarma.users').all()
    expect(readProtobuf(bytes)).toEqual({
      errors: [],
      warnings: [],
      apiRequestId: expect.stringMatching(UUID) as unknown,
      userUuid: stored!.id,
    })
  })

  test('holds every warning', async () => {
    const sandbox = await createSandbox(strict)
    const warned = await inProtobuf(sandbox, { sendEmail: false, extra: 1 })
    expect(readProtobuf(warned.bytes)['warnings']).toEqual([
      ...(exampleOf('mykaarma', 'Warned')['warnings'] as object[]),
      {
        warningCode: 100104,
        warningTitle: 'UNKNOWN_FIELD',
        warningMessage: 'extra is not a field.',
      },
    ])
  })

  // The page lists application/json alone for 400, 401, 403 and 500.
  test.each([
    ['400', { firstName: 1 }, {}],
    ['401', {}, { Authorization: 'Basic x' }],
    [
      '403',
      {},
      { Authorization: `Basic ${Buffer.from('reader:reader-secret').toString('base64')}` },
    ],
    ['500', {}, { 'Standin-Fault': '500' }],
    ['409', {}, { 'Standin-Fault': '409' }],
  ])(
    'is not used for a %s, which is JSON whatever the client accepts',
    async (status, body, headers) => {
      const sent = createMykaarmaUser(await createSandbox(), body)
      const answer = said(await sent.set({ Accept: PROTOBUF, ...headers }).expect(Number(status)))
      expect(answer.headers['content-type']).toMatch('application/json')
      expect(messages(answer.body)).not.toEqual([])
    },
  )

  const has = (command: string) => spawnSync(command, ['--version']).status === 0
  test.skipIf(!has('protoc'))('is readable by protoc', async () => {
    const sandbox = await createSandbox(strict)
    const { bytes } = await inProtobuf(sandbox, { firstName: 'Añ', sendEmail: false })
    const specs = fileURLToPath(new URL('../../../specs', import.meta.url))
    const { stdout, status } = spawnSync(
      'protoc',
      [`-I${specs}`, '--decode=manage.v2.CreateUserForPartnerResponse', 'mykaarma.proto'],
      { input: bytes, cwd: specs, encoding: 'utf8' },
    )
    expect(status).toBe(0)
    const { apiRequestId, userUuid } = readProtobuf(bytes)
    expect(stdout.split('\n').map((line) => line.trim())).toEqual([
      'warnings {',
      'warningCode: 100101',
      'warningTitle: "INVITE_WITHOUT_CHANNEL"',
      'warningMessage: "userInvite needs sendEmail or sendText."',
      '}',
      `apiRequestId: "${String(apiRequestId)}"`,
      `userUuid: "${String(userUuid)}"`,
      '',
    ])
  })

  test.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/x-protobuf, application/json', 'application/json'],
    ['application/json;q=0.5, application/x-protobuf', PROTOBUF],
    ['APPLICATION/X-PROTOBUF', PROTOBUF],
    ['text/html, application/x-protobuf;q=0.1', PROTOBUF],
    ['application/x-protobuf;q=0, */*', 'application/json'],
    ['application/json;q=0, */*', PROTOBUF],
    [' ', 'application/json'],
    ['*', 'application/json'],
    [' , ,', 'application/json'],
    ['text/html, *;q=0.1', 'application/json'],
    ['application/json;q=0.9, */*', 'application/json'],
    ['application/x-protobuf;q=0.1, */*', 'application/json'],
    ['application/x-protobuf, */*;q=0.1', PROTOBUF],
    ['application/json;profile="a,b;q=0";q=0.2, application/x-protobuf;q=0.1', 'application/json'],
  ])('for Accept: %s the answer is %s', async (accept, type) => {
    const sandbox = await createSandbox()
    const sent = createMykaarmaUser(sandbox)
    const { headers } = said(await (accept ? sent.set('Accept', accept) : sent).expect(200))
    expect(headers['content-type']).toMatch(type)
  })

  test.each(['application/json;q=0', 'text/html', '*/*;q=0', 'application/*;q=0.0, text/csv'])(
    'Accept: %s allows no format of the answer, which is refused with 406',
    async (accept) => {
      const sandbox = await createSandbox()
      said(await createMykaarmaUser(sandbox).set('Accept', accept).expect(406))
    },
  )

  test.each([
    'application/x-protobuf, application/json;q=0.1',
    'application/x-protobuf, */*;q=0.1',
  ])('errors are JSON where that is acceptable too: %s', async (accept) => {
    const sandbox = await createSandbox()
    const { headers } = said(
      await createMykaarmaUser(sandbox, { bio: 1 }).set('Accept', accept).expect(400),
    )
    expect(headers['content-type']).toMatch('application/json')
  })

  test.each(['int64', 'uint32', 'sint32', 'fixed64', 'sfixed32', 'Code'])(
    'holds warnings whose codes are %s in the given .proto',
    async (type) => {
      const proto = join(createFolder(), 'own.proto')
      const own = readFileSync(new URL('../../../specs/mykaarma.proto', import.meta.url), 'utf8')
      const codes = own.replaceAll(/int32 (error|warning)Code/g, `${type} $1Code`)
      writeFileSync(proto, `${codes}\nenum Code { NONE = 0; INVITE = 100101; }\n`)
      const sandbox = await createSandbox({ ...strict, proto })
      const { bytes } = await inProtobuf(sandbox, { sendEmail: false })
      const message = protobuf.loadSync(proto).lookupType('CreateUserForPartnerResponse')
      const read = message.toObject(message.decode(bytes), { longs: Number, enums: Number })
      expect(read).toMatchObject({
        warnings: exampleOf('mykaarma', 'Warned')['warnings'] as object,
      })
    },
  )

  test.each([
    ['int32 errorCode', 'bytes errorCode', /Error\.errorCode has the type bytes/],
    ['int32 warningCode', 'bool warningCode', /Warning\.warningCode has the type bool/],
    ['string userUuid', 'string user_uuid', /CreateUserForPartnerResponse has no field userUuid/],
    ['repeated Error errors', 'Error errors', /CreateUserForPartnerResponse\.errors must be/],
  ])('of a .proto with another field for %s is refused at the start', async (from, to, message) => {
    const proto = join(createFolder(), 'own.proto')
    const own = readFileSync(new URL('../../../specs/mykaarma.proto', import.meta.url), 'utf8')
    writeFileSync(proto, own.replace(from, to))
    await expect(createSandbox({ proto })).rejects.toThrow(message)
  })

  test('uses the field numbers of a given .proto', async () => {
    const proto = join(createFolder(), 'own.proto')
    writeFileSync(
      proto,
      `syntax = "proto3";
       message CreateUserForPartnerResponse {
         repeated E errors = 1; repeated W warnings = 2;
         string apiRequestId = 14; string userUuid = 15; }
       message E { int32 errorCode = 1; string errorTitle = 2; string errorMessage = 3; }
       message W { int32 warningCode = 1; string warningTitle = 2; string warningMessage = 3; }`,
    )
    const sandbox = await createSandbox({ proto })
    const { bytes } = await inProtobuf(sandbox)
    const [stored] = sandbox.sandbox.store.collection('mykaarma.users').all()
    // Fields 14 and 15, each a string of 36 bytes.
    expect([...bytes.subarray(0, 2)]).toEqual([(14 << 3) | 2, 36])
    expect([...bytes.subarray(38, 40)]).toEqual([(15 << 3) | 2, 36])
    expect(bytes.subarray(40).toString()).toBe(stored!.id)
  })
})

test('a body is read in any case of its media type, and by its charset', async () => {
  const sandbox = await createSandbox()
  await request(sandbox.url)
    .post(MYKAARMA)
    .auth('colon', 'pass:with:colons')
    .set('Content-Type', 'Application/JSON; charset="UTF-8"')
    .send(JSON.stringify(jsonFixture('mykaarma.json')))
    .expect(200)
})
