import request from 'supertest'
import { describe, expect, test } from 'vitest'
import {
  createFormsOnFireUser,
  createFormsOnFireUserInXml,
  createSandbox,
  fixture,
  FORMSONFIRE,
  jsonFixture,
  type TestSandbox,
} from '../../helpers/sandbox.ts'
import {
  alphabetically,
  exampleOf,
  printedExample,
  readXml,
  xmlOf,
  said,
  type Said,
} from '../contract-documents.ts'

const strict = { profile: { all: 'strict' } } as const
const KEYS = { CompanyId: 1815, IntegrationKey: '0123456789abcdef0123456789abcdef' }
const OTHER_KEYS = { CompanyId: 1843, IntegrationKey: 'fedcba9876543210fedcba9876543210' }

interface FieldError {
  readonly ErrorCode: string
  readonly FieldName: string
  readonly Message: string
}
interface Refused {
  readonly ResponseStatus: FieldError & { readonly Errors: readonly FieldError[] }
}
const errors = (body: unknown) => (body as Refused).ResponseStatus.Errors
const fields = (body: unknown) => errors(body).map(({ FieldName }) => FieldName)
const storedUsers = ({ sandbox }: TestSandbox) =>
  sandbox.store.collection('formsonfire.users').all()
const codes = (headers: Said['headers']) =>
  [...(headers['standin-warning'] ?? '').matchAll(/;code=([^,]+)/g)].map(([, code]) => code)

const sendXml = (sandbox: TestSandbox, user: Record<string, unknown>) =>
  request(sandbox.url).post(FORMSONFIRE).set('Content-Type', 'application/xml').send(xmlOf(user))

const sendText = (sandbox: TestSandbox, xml: string) =>
  request(sandbox.url).post(FORMSONFIRE).set('Content-Type', 'application/xml').send(xml)

describe('a created user', () => {
  test('has an id of 32 hex digits and a status in JSON, and no other field', async () => {
    const sandbox = await createSandbox()
    const { text } = await createFormsOnFireUser(sandbox).expect(200)
    const [user] = storedUsers(sandbox)
    const id = user!.id.replaceAll('-', '')
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(text).toBe(`{"User":{"Id":"${id}","Status":"Invited"}}`)
  })

  test("has an id with dashes in XML, below the page's root, in the page's order", async () => {
    const sandbox = await createSandbox()
    const { text } = await createFormsOnFireUserInXml(sandbox, fixture('formsonfire.xml'))
    const [user] = storedUsers(sandbox)
    expect(user!.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const printed = printedExample('formsonfire', 'CreatedXml')
    expect(text).toBe(printed.replace(/<Id>.*<\/Id>/, `<Id>${user!.id}</Id>`))
  })

  test('has its own Id and Status, whatever was sent', async () => {
    const sandbox = await createSandbox()
    const Id = '11111111-2222-4333-8444-555555555555'
    const { body } = said(
      await createFormsOnFireUser(sandbox, { Id, Status: 'Active' }).expect(200),
    )
    expect(body).toMatchObject({ User: { Status: 'Invited' } })
    expect(JSON.stringify(body)).not.toContain('11111111')
    expect(storedUsers(sandbox)[0]).toMatchObject({ status: 'Invited' })
  })

  test('is stored with its folders and groups, given by id, name or external id', async () => {
    const folder = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
    const group = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
    for (const change of [
      { Folders: [folder.toUpperCase()], Groups: [`{${group}}`] },
      { Folders: ['Inspections'], Groups: ['Field staff'], UseNames: true },
      { Folders: ['folder-1'], Groups: ['group-1'], UseExternalIds: true },
    ]) {
      const sandbox = await createSandbox(strict)
      await createFormsOnFireUser(sandbox, change).expect(200)
      expect(storedUsers(sandbox)[0]).toMatchObject({ folders: [folder], groups: [group] })
    }
  })

  test('is stored with the documented spelling of its role', async () => {
    const sandbox = await createSandbox()
    await createFormsOnFireUser(sandbox, { WebsiteRole: 'readONLY' }).expect(200)
    expect(storedUsers(sandbox)[0]).toMatchObject({ websiteRole: 'ReadOnly' })
  })
})

describe('an Email or ExternalId in use', () => {
  const other = { Email: 'b@example.test', ExternalId: 'b' }
  test.each([
    ['Email', 'grace@example.test'],
    ['Email', 'GRACE@Example.Test'],
    ['ExternalId', 'grace-1906'],
  ])('is refused: %s %s', async (field, value) => {
    const sandbox = await createSandbox()
    await createFormsOnFireUser(sandbox).expect(200)
    const { body } = said(
      await createFormsOnFireUser(sandbox, {
        ...other,
        [field]: value,
      }).expect(400),
    )
    const error = {
      ErrorCode: 'ArgumentException',
      Message: `A user with this ${field} already exists.`,
    }
    expect(body).toEqual({
      ResponseStatus: { ...error, Errors: [{ ...error, FieldName: field }] },
    })
    expect(storedUsers(sandbox)).toHaveLength(1)
  })

  test('is refused across formats', async () => {
    const sandbox = await createSandbox()
    await createFormsOnFireUserInXml(sandbox, fixture('formsonfire.xml')).expect(200)
    await createFormsOnFireUser(sandbox, { Email: 'ADA@example.test' }).expect(400)
  })

  test('does not include an ExternalId of another company, nor an empty one', async () => {
    const sandbox = await createSandbox()
    await createFormsOnFireUser(sandbox).expect(200)
    await createFormsOnFireUser(sandbox, { ...OTHER_KEYS, Email: 'b@x' }).expect(200)
    for (const [Email, ExternalId] of [
      ['c@x', ''],
      ['d@x', ''],
      ['e@x', null],
      ['f@x', undefined],
    ] as const) {
      await createFormsOnFireUser(sandbox, { Email, ExternalId }).expect(200)
    }
  })

  test('is given to one of ten concurrent requests', async () => {
    const sandbox = await createSandbox()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => createFormsOnFireUser(sandbox)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(9)
  })
})

describe('a refusal', () => {
  const bad = {
    CompanyId: 1815,
    Email: '',
    ExternalId: 'x'.repeat(51),
    IntegrationKey: KEYS.IntegrationKey,
    DoNotEmail: 'maybe',
  }

  test('names every bad field at once, and has the first for its own code', async () => {
    const sandbox = await createSandbox()
    const { body } = said(await request(sandbox.url).post(FORMSONFIRE).send(bad).expect(400))
    expect(fields(body).toSorted(alphabetically)).toEqual([
      'DoNotEmail',
      'Email',
      'ExternalId',
      'FirstName',
      'LastName',
    ])
    const { ErrorCode, Message, Errors } = (body as Refused).ResponseStatus
    expect([ErrorCode, Message]).toEqual([Errors[0]!.ErrorCode, Errors[0]!.Message])
  })

  test('says the same in XML', async () => {
    const sandbox = await createSandbox()
    const json = await request(sandbox.url).post(FORMSONFIRE).send(bad).expect(400)
    const xml = await request(sandbox.url)
      .post(FORMSONFIRE)
      .query({ format: 'xml' })
      .send(bad)
      .expect(400)
    expect(await readXml(xml.text)).toEqual({ root: 'UserResponse', body: json.body as unknown })
  })

  test("has the keys of the page's sample in its order, in both formats", async () => {
    const sandbox = await createSandbox()
    const { text } = await createFormsOnFireUser(sandbox, { Email: '' }).expect(400)
    const sample = exampleOf('formsonfire', 'EmailMissing')
    expect(text).toBe(JSON.stringify(sample))
    const xml = await createFormsOnFireUser(sandbox, { Email: '' }).query({ format: 'xml' })
    const tags = [...xml.text.matchAll(/<(\w+)/g)].map(([, name]) => name)
    expect(tags).toEqual(
      'UserResponse ResponseStatus ErrorCode Message Errors ResponseError ErrorCode FieldName Message'.split(
        ' ',
      ),
    )
  })

  test.each([
    ['ExternalIdTooLong', { ExternalId: 'x'.repeat(51) }, {}],
    ['UnknownRole', { WebsiteRole: 'String' }, strict],
  ])('has the message of the example %s', async (name, change, settings) => {
    const sandbox = await createSandbox(settings)
    const { body } = said(await createFormsOnFireUser(sandbox, change).expect(400))
    expect(body).toEqual(exampleOf('formsonfire', name))
  })

  test('under strict names every folder and group that does not exist', async () => {
    const sandbox = await createSandbox(strict)
    const gone = '3f2504e0-4f89-41d3-9a0c-00000000000'
    const change = { Folders: [`${gone}1`, `${gone}2`], Groups: [`${gone}3`] }
    const { body } = said(await createFormsOnFireUser(sandbox, change).expect(400))
    expect(fields(body)).toEqual(['Folders', 'Folders', 'Groups'])
    const { headers } = said(await createFormsOnFireUser(await createSandbox(), change).expect(200))
    expect(codes(headers)).toEqual(['known.Folders.0', 'known.Folders.1', 'known.Groups.0'])
  })

  test('of an unreadable body is a SerializationException without fields', async () => {
    const sandbox = await createSandbox()
    for (const [type, text] of [
      ['application/json', '{'],
      ['application/xml', '<User>'],
      ['application/xml', '<Other/>'],
      ['application/xml', 'text'],
    ] as const) {
      const sent = request(sandbox.url)
        .post(FORMSONFIRE)
        .query({ ...KEYS, format: 'json' })
      const { body } = said(await sent.set('Content-Type', type).send(text).expect(400))
      expect((body as Refused).ResponseStatus).toMatchObject({
        ErrorCode: 'SerializationException',
        Errors: [],
      })
    }
  })
})

describe('the format of an answer', () => {
  const JSON_TYPE = 'application/json'
  const XML = 'application/xml'
  test.each([
    { body: XML, url: '', accept: undefined, answer: XML },
    { body: JSON_TYPE, url: '', accept: undefined, answer: JSON_TYPE },
    { body: JSON_TYPE, url: '', accept: '*/*', answer: JSON_TYPE },
    { body: '', url: '', accept: '*/*', answer: XML },
    { body: XML, url: '', accept: JSON_TYPE, answer: JSON_TYPE },
    { body: JSON_TYPE, url: '', accept: XML, answer: XML },
    { body: JSON_TYPE, url: '', accept: 'text/xml', answer: XML },
    { body: XML, url: '', accept: `${JSON_TYPE}, ${XML}`, answer: XML },
    { body: '', url: '', accept: `${XML}, ${JSON_TYPE}`, answer: JSON_TYPE },
    { body: JSON_TYPE, url: '', accept: 'text/html', answer: JSON_TYPE },
    { body: JSON_TYPE, url: '', accept: ' , ', answer: JSON_TYPE },
    { body: XML, url: '', accept: '*', answer: XML },
    { body: JSON_TYPE, url: '', accept: `${JSON_TYPE};q=0.1, ${XML};q=0.9`, answer: XML },
    { body: XML, url: '', accept: `${JSON_TYPE};q=0.1, */*`, answer: JSON_TYPE },
    { body: XML, url: '', accept: `${XML};q=0, */*`, answer: JSON_TYPE },
    { body: JSON_TYPE, url: '', accept: `${JSON_TYPE};q=0`, answer: JSON_TYPE },
    { body: JSON_TYPE, url: '?format=xml', accept: JSON_TYPE, answer: XML },
    { body: XML, url: '?format=JSON', accept: XML, answer: JSON_TYPE },
    { body: XML, url: '?format=csv', accept: undefined, answer: XML },
    { body: XML, url: '.json', accept: XML, answer: JSON_TYPE },
    { body: JSON_TYPE, url: '.xml', accept: undefined, answer: XML },
    { body: JSON_TYPE, url: '.xml?format=json', accept: undefined, answer: JSON_TYPE },
  ])('is $answer for a body $body, Accept $accept at user$url', async (row) => {
    const sandbox = await createSandbox()
    const user = jsonFixture('formsonfire.json')
    const sent = request(sandbox.url).post(`${FORMSONFIRE}${row.url}`).set('Content-Type', row.body)
    if (row.accept !== undefined) void sent.set('Accept', row.accept)
    const text = row.body === JSON_TYPE ? JSON.stringify(user) : xmlOf(user)
    const { headers } = said(await sent.send(text).expect(200))
    expect(headers['content-type']).toBe(
      row.answer === XML ? XML : 'application/json; charset=utf-8',
    )
    expect(headers['vary']).toBe('Accept')
  })

  test('is announced by Vary in every refusal too', async () => {
    const sandbox = await createSandbox()
    const { headers } = said(await request(sandbox.url).get('/api/v2/nowhere').expect(405))
    expect(headers['vary']).toBe('Accept')
    const missing = await request(sandbox.url).post(FORMSONFIRE).expect(401)
    expect(missing.headers['vary']).toBe('Accept')
  })
})

describe('a path', () => {
  test.each([
    '/api/v2/user',
    '/api/v2/USER',
    '/api/V2/User',
    '/api/v2/user.JSON',
    '/api/v2/user/',
    '/api//v2///user',
    '/api/v2/user//?format=json',
  ])('%s is that of the users', async (path) => {
    const sandbox = await createSandbox()
    await request(sandbox.url).post(path).send(jsonFixture('formsonfire.json')).expect(200)
  })

  test.each([
    '/api/v2/users',
    '/api/v2/suser',
    '/api/v1/suser',
    '/api',
    '/api/v2/user.csv',
    '/api/%',
  ])('%s is a 405, not a 404', async (path) => {
    const sandbox = await createSandbox()
    const { body } = said(
      await request(sandbox.url).post(path).set('Accept', 'application/json').expect(405),
    )
    expect(body).toEqual(exampleOf('formsonfire', 'NoEndpoint'))
  })

  test.each([
    [FORMSONFIRE, 'patch', 'GET, HEAD, POST, PUT, DELETE'],
    [`${FORMSONFIRE}/search`, 'post', 'GET, HEAD'],
  ] as const)(
    '%s does not allow %s, and lists every method that it has',
    async (path, method, allow) => {
      const sandbox = await createSandbox()
      const { headers } = said(await request(sandbox.url)[method](path).expect(405))
      expect(headers['allow']).toBe(allow)
    },
  )
})

describe('XML elements out of order', () => {
  const { FirstName, ...rest } = jsonFixture('formsonfire.json')
  const late = { ...rest, FirstName }

  test('are read under documented, with a warning', async () => {
    const sandbox = await createSandbox()
    const { headers } = said(await sendXml(sandbox, late).expect(200))
    expect(codes(headers)).toEqual(['xml.order.FirstName'])
    expect(storedUsers(sandbox)[0]).toMatchObject({ given: { FirstName } })
  })

  test('are dropped under strict, with a warning, so that the field is missing', async () => {
    const sandbox = await createSandbox(strict)
    const { headers, text } = said(await sendXml(sandbox, late).expect(400))
    expect(codes(headers)).toEqual(['xml.order.FirstName'])
    expect(fields((await readXml(text)).body)).toEqual(['FirstName'])
  })

  test('include the credentials under strict', async () => {
    const { IntegrationKey, ...others } = jsonFixture('formsonfire.json')
    const { headers } = said(
      await sendXml(await createSandbox(strict), {
        ...others,
        IntegrationKey,
      }).expect(401),
    )
    expect(codes(headers)).toEqual(['xml.order.IntegrationKey'])
  })

  test('are not caused by an unknown element', async () => {
    for (const settings of [{}, strict]) {
      const sandbox = await createSandbox(settings)
      const { headers } = said(
        await sendXml(sandbox, {
          Zebra: 1,
          ...rest,
          FirstName: undefined,
          Email: 'a@b',
          zebra: 2,
        }),
      )
      expect(codes(headers).filter((code) => code?.startsWith('xml.'))).toEqual([])
    }
  })

  test('are allowed in JSON', async () => {
    const sandbox = await createSandbox(strict)
    const { headers } = said(await request(sandbox.url).post(FORMSONFIRE).send(late).expect(200))
    expect(headers).not.toHaveProperty('standin-warning')
  })
})

describe('JSON as the platform reads it', () => {
  test('may have names in any case, with a warning', async () => {
    const sandbox = await createSandbox()
    const { Email, ...rest } = jsonFixture('formsonfire.json')
    const sent = request(sandbox.url)
      .post(FORMSONFIRE)
      .send({ ...rest, eMail: Email })
    const { headers } = said(await sent.expect(200))
    expect(codes(headers)).toEqual(['name.case.Email'])
  })

  test('must not have a name twice, in any case', async () => {
    const sandbox = await createSandbox()
    const { headers } = said(await createFormsOnFireUser(sandbox, { EMAIL: 'b@x' }).expect(400))
    expect(headers['standin-reason']).toBe('body.malformed')
  })

  test('must have lists of text, not of objects', async () => {
    const sandbox = await createSandbox()
    const { body } = said(
      await createFormsOnFireUser(sandbox, { Folders: [{ Id: 'x' }] }).expect(400),
    )
    expect(fields(body)).toEqual(['Folders'])
  })

  test('may have the company id as text, with a warning', async () => {
    const sandbox = await createSandbox()
    const { headers } = said(
      await createFormsOnFireUser(sandbox, { CompanyId: '1815' }).expect(200),
    )
    expect(codes(headers)).toEqual(['type.CompanyId'])
  })
})

describe('XML as callers write it', () => {
  const text = fixture('formsonfire.xml')
  test.each([
    ['a declaration', `<?xml version="1.0" encoding="utf-8"?>\n${text}`],
    [
      'the namespace i',
      text.replace('<User>', '<User xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'),
    ],
    [
      'a default namespace',
      text.replace('<User>', '<User xmlns="http://schemas.example.test/types">'),
    ],
    [
      'nil members',
      text.replace(
        '<WebsiteRole>',
        '<Type xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/><WebsiteRole>',
      ),
    ],
    [
      'empty lists',
      text
        .replace(/<Folders>.*<\/Folders>/s, '<Folders/>')
        .replace(/<Groups>.*<\/Groups>/s, '<Groups></Groups>'),
    ],
    [
      'a comment and CDATA',
      text.replace('<LastName>Byron<', '<!-- x --><LastName><![CDATA[Byron]]><'),
    ],
  ])('is read with %s', async (_, xml) => {
    const sandbox = await createSandbox(strict)
    const sent = request(sandbox.url).post(FORMSONFIRE).set('Content-Type', 'application/xml')
    const answer = await sent.send(xml)
    expect([answer.status, answer.text]).toEqual([200, answer.text])
    expect(storedUsers(sandbox)[0]).toMatchObject({ given: { LastName: 'Byron' } })
  })

  test.each([
    ['another root', text.replaceAll('User>', 'SUser>')],
    ['a DOCTYPE', `<!DOCTYPE User [<!ENTITY a "b">]>${text}`],
    ['an open element', text.replace('</LastName>', '')],
  ])('is refused with %s', async (_, xml) => {
    const sandbox = await createSandbox()
    const sent = request(sandbox.url).post(FORMSONFIRE).set('Content-Type', 'application/xml')
    const answer = await sent.send(xml)
    expect([answer.status, answer.text]).toEqual([400, answer.text])
  })
})

describe('inputs that the platform reads and the contract does not describe', () => {
  test.each(['Format', 'FORMAT', 'format'])('?%s=json sets the format', async (name) => {
    const sandbox = await createSandbox()
    const sent = sendText(sandbox, fixture('formsonfire.xml'))
    const { headers } = said(await sent.query({ [name]: 'json' }).expect(200))
    expect(headers['content-type']).toMatch('application/json')
  })

  test.each([{ Email: null }, { FirstName: null, LastName: null }, { Email: undefined }])(
    'a required field of %j is empty',
    async (change) => {
      const sandbox = await createSandbox()
      const { body } = said(await createFormsOnFireUser(sandbox, change).expect(400))
      expect(errors(body).map(({ ErrorCode, FieldName }) => [ErrorCode, FieldName])).toEqual(
        Object.keys(change).map((name) => ['NotEmpty', name]),
      )
    },
  )

  test('a required element that is nil is empty', async () => {
    const sandbox = await createSandbox()
    const nil = '<Email xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    const xml = fixture('formsonfire.xml').replace(/<Email>.*<\/Email>/, nil)
    const { text } = await sendText(sandbox, xml).expect(400)
    expect(text).toContain('<ErrorCode>NotEmpty</ErrorCode><FieldName>Email</FieldName>')
  })

  test.each([
    [{ ExternalId: 12345 }, { ExternalId: '12345' }, 'type.ExternalId'],
    [{ FirstName: 7 }, { FirstName: '7' }, 'type.FirstName'],
    [{ DoNotEmail: 1 }, { DoNotEmail: true }, 'type.DoNotEmail'],
    [{ DoNotEmail: 'True' }, { DoNotEmail: true }, 'type.DoNotEmail'],
    [
      { Metadata: [{ key: 'a', Value: 5 }] },
      { Metadata: [{ Key: 'a', Value: '5' }] },
      'name.case.Metadata[0].Key',
    ],
  ])('%j in JSON is read as %j, with a warning', async (change, stored, code) => {
    for (const settings of [{}, strict]) {
      const sandbox = await createSandbox(settings)
      const { headers } = said(await createFormsOnFireUser(sandbox, change).expect(200))
      expect(headers['standin-warning']).toContain(`;code=${code.replaceAll(/[[\]]/g, '_')}`)
      expect(storedUsers(sandbox)[0]).toMatchObject({ given: stored })
    }
  })

  test('the fields of a form are read by their names, in both profiles and without a warning', async () => {
    const user = {
      ...KEYS,
      Email: 'form@example.test',
      FirstName: 'Ada',
      LastName: 'Byron',
      DoNotEmail: true,
      Groups: 'group-1',
      UseExternalIds: true,
    }
    for (const settings of [{}, strict]) {
      const sandbox = await createSandbox(settings)
      const sent = request(sandbox.url).post(FORMSONFIRE).type('form').send(user)
      const { headers } = said(await sent.expect(200))
      expect(headers).not.toHaveProperty('standin-warning')
      expect(storedUsers(sandbox)[0]).toMatchObject({
        email: 'form@example.test',
        invited: false,
        groups: ['7c9e6679-7425-40de-944b-e07fc1f90ae7'],
      })
      const { text } = await request(sandbox.url).get('/_standin/requests')
      expect(text).not.toContain(KEYS.IntegrationKey)
    }
  })

  test('a form with missing or repeated fields is treated as any body, and the answer names the fields', async () => {
    const sandbox = await createSandbox()
    const form = (text: string) =>
      request(sandbox.url)
        .post(FORMSONFIRE)
        .query({ ...KEYS, format: 'json' })
        .type('form')
        .send(text)
    const { body } = said(await form('Email=a%40b&emaiL=c&Email=d').expect(400))
    expect((body as Refused).ResponseStatus.ErrorCode).toBe('SerializationException')
    const missing = said(await form('email=a%40b&Email2=x').expect(400))
    expect(fields(missing.body)).toEqual(['FirstName', 'LastName'])
    const twice = said(await form('Email=a%40b&Email=c&FirstName=A&LastName=B').expect(200))
    expect(codes(twice.headers)).toEqual(['form.repeated.Email'])
  })

  test('an empty parameter is ignored, and the credentials are read from the body', async () => {
    const sandbox = await createSandbox()
    await createFormsOnFireUser(sandbox).query({ companyid: '', INTEGRATIONKEY: '' }).expect(200)
  })
})

describe('nothing in XML is dropped without a warning', () => {
  const text = fixture('formsonfire.xml')
  const guid = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
  const arrays = 'xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"'
  const inFolders = (inner: string) => text.replace(/<Folders>.*<\/Folders>/s, inner)
  const metadata = (inner: string) =>
    text.replace('<WebsiteRole>', `<Metadata>${inner}</Metadata><WebsiteRole>`)
  test.each([
    [
      'a:guid',
      inFolders(`<Folders ${arrays}><a:guid>${guid}</a:guid></Folders>`),
      'unknown-field.Folders.guid',
    ],
    ['Guid', inFolders(`<Folders><Guid>${guid}</Guid></Folders>`), 'unknown-field.Folders.Guid'],
    [
      'some of several',
      inFolders(`<Folders><Id>${guid}</Id><string>x</string></Folders>`),
      'unknown-field.Folders.string',
    ],
    ['an item', metadata('<Pair><Key>a</Key></Pair>'), 'unknown-field.Metadata.Pair'],
    [
      'a member of an item',
      metadata('<KeyValue><Key>a</Key><Colour>b</Colour></KeyValue>'),
      'unknown-field.Metadata_0_.Colour',
    ],
    ['a member', text.replace('<Email>', '<Colour>b</Colour><Email>'), 'unknown-field.Colour'],
    [
      'an attribute',
      text.replace('<Email>', '<Email kind="work">'),
      'unknown-attribute.Email.kind',
    ],
    [
      'a repeated element',
      text.replace('</Email>', '</Email><Email>second@example.test</Email>'),
      'xml.repeated.Email',
    ],
    [
      'a repeated list',
      text.replace('</Groups>', '</Groups><Groups><Id>x</Id></Groups>'),
      'xml.repeated.Groups',
    ],
    [
      'a repeated element of an item',
      metadata('<KeyValue><Key>a</Key><Key>b</Key></KeyValue>'),
      'xml.repeated.Metadata_0_.Key',
    ],
  ])('%s: a warning and the explanation name it', async (_, xml, code) => {
    for (const settings of [{}, strict]) {
      const sandbox = await createSandbox(settings)
      const { headers } = said(await sendText(sandbox, xml).expect(200))
      expect(codes(headers)).toContain(code)
      const id = headers['standin-request-id']
      const explained = await request(sandbox.url)
        .get(`/_standin/requests/${id}/explain`)
        .set('Accept', 'text/plain')
      expect(explained.text).toContain(code.split('.').at(-1))
      expect(storedUsers(sandbox)[0]).toMatchObject({ email: 'ada@example.test' })
    }
  })
})

describe('a value that the serializer of the platform refuses', () => {
  const xml = (early: string) => fixture('formsonfire.xml').replace('<Email>', `${early}<Email>`)
  test.each(['True', 'FALSE', 'tRue', ' True '])(
    'DoNotEmail %j in XML is read with a warning; strict refuses it',
    async (value) => {
      const body = xml(`<DoNotEmail>${value}</DoNotEmail>`)
      const { headers } = said(await sendText(await createSandbox(), body).expect(200))
      expect(codes(headers)).toEqual(['type.DoNotEmail'])
      await sendText(await createSandbox(strict), body).expect(400)
    },
  )

  test.each(['true', 'false', '1', '0', ' true\n'])('DoNotEmail %j is fine', async (value) => {
    const body = xml(`<DoNotEmail>${value}</DoNotEmail>`)
    const { headers } = said(await sendText(await createSandbox(strict), body).expect(200))
    expect(headers).not.toHaveProperty('standin-warning')
  })

  test('CompanyId beyond 32 bits is a 400 in strict, in XML and JSON', async () => {
    const big = { CompanyId: 99999999999 }
    for (const [settings, status] of [
      [{}, 401],
      [strict, 400],
    ] as const) {
      const sandbox = await createSandbox(settings)
      const user = { ...jsonFixture('formsonfire.json'), ...big }
      const answers = [await createFormsOnFireUser(sandbox, big), await sendXml(sandbox, user)]
      expect(answers.map((answer) => answer.status)).toEqual([status, status])
    }
  })
})

describe('XML in UTF-16', () => {
  const mark = Buffer.from([0xff, 0xfe])
  const little = (text: string) => Buffer.from(text, 'utf16le')
  const user = fixture('formsonfire.xml').replace('<LastName>Byron', '<LastName>Bŷrön')
  const declared = `<?xml version="1.0" encoding="utf-16"?>${user}`
  const sent = (sandbox: TestSandbox, type: string, bytes: Buffer) =>
    request(sandbox.url).post(FORMSONFIRE).set('Content-Type', type).send(bytes)

  test.each([
    ['little-endian, with a mark', 'application/xml', Buffer.concat([mark, little(declared)])],
    [
      'big-endian, with a mark',
      'application/xml',
      Buffer.concat([mark, little(declared)]).swap16(),
    ],
    ['with a mark and no declaration', 'text/xml', Buffer.concat([mark, little(user)])],
    ['by its declaration', 'application/xml', little(declared)],
    ['by its declaration, big-endian', 'application/xml', little(declared).swap16()],
    ['with a charset', 'application/xml; charset=utf-16', little(declared)],
    ['with a charset alone', 'application/xml; charset=UTF-16BE', little(user).swap16()],
  ])('is read %s', async (_, type, bytes) => {
    for (const settings of [{}, strict]) {
      const sandbox = await createSandbox(settings)
      const { headers } = said(await sent(sandbox, type, bytes).expect(200))
      expect(headers).not.toHaveProperty('standin-warning')
      expect(storedUsers(sandbox)[0]).toMatchObject({ given: { LastName: 'Bŷrön' } })
    }
  })

  test.each([
    ['utf-16 declared over UTF-8', 'application/xml', Buffer.from(declared)],
    ['utf-16 in the header over UTF-8', 'application/xml; charset=utf-16', Buffer.from(user)],
    [
      'utf-8 declared over UTF-16',
      'application/xml',
      Buffer.concat([mark, little(declared.replace('utf-16', 'utf-8'))]),
    ],
  ])('%s: read with a warning; strict refuses it', async (_, type, bytes) => {
    const sandbox = await createSandbox()
    const { headers } = said(await sent(sandbox, type, bytes).expect(200))
    expect(codes(headers)).toEqual(['charset.contradictory'])
    expect(storedUsers(sandbox)[0]).toMatchObject({ given: { LastName: 'Bŷrön' } })
    const refused = said(await sent(await createSandbox(strict), type, bytes).expect(400))
    expect(refused.headers['standin-reason']).toBe('charset.contradictory')
  })

  test('a document in Latin-1 is read as it declares', async () => {
    const sandbox = await createSandbox(strict)
    const text = `<?xml version="1.0" encoding="ISO-8859-1"?>${user.replace('ŷ', 'y')}`
    await sent(sandbox, 'application/xml', Buffer.from(text, 'latin1')).expect(200)
    expect(storedUsers(sandbox)[0]).toMatchObject({ given: { LastName: 'Byrön' } })
  })
})

test('a body sent as form-urlencoded, as curl does, is read by its first character, with a warning', async () => {
  const sandbox = await createSandbox()
  const sent = request(sandbox.url)
    .post(FORMSONFIRE)
    .set('Content-Type', 'application/x-www-form-urlencoded')
  const { headers } = said(await sent.send(`\n ${fixture('formsonfire.xml')}`).expect(200))
  expect(codes(headers)).toEqual(['media.unsupported'])
})
