import request, { type Test } from 'supertest'
import { describe, expect, test } from 'vitest'
import { withDefaults } from '../../src/config/config.ts'
import { credentialCases } from '../../src/apis/index.ts'
import { fixturesOf } from '../../src/sandbox/fixtures.ts'
import {
  createSandbox,
  CRYPTLEX,
  FORMSONFIRE,
  jsonFixture,
  MYKAARMA,
  type TestSandbox,
} from '../helpers/sandbox.ts'
import { readXml, xmlOf } from './contract-documents.ts'

const cases = await credentialCases(fixturesOf(withDefaults({})))
const ofHeader = cases.filter(({ api }) => api !== 'formsonfire')
const ofBody = cases.filter(({ api }) => api === 'formsonfire')
type Case = (typeof cases)[number]
const PATHS: Readonly<Record<string, string>> = {
  mykaarma: MYKAARMA,
  cryptlex: CRYPTLEX,
  formsonfire: FORMSONFIRE,
}

test('every API has good and bad cases', () => {
  for (const api of ['mykaarma', 'cryptlex', 'formsonfire']) {
    const own = cases.filter((one) => one.api === api)
    expect(own.some(({ reason }) => reason === undefined)).toBe(true)
    expect(new Set(own.map(({ status }) => status)).size).toBe(3)
  }
})

function withHeader(sandbox: TestSandbox, { api, authorization }: Case): Test {
  const sent = request(sandbox.url).post(PATHS[api]!)
  return authorization === undefined ? sent : sent.set('Authorization', authorization)
}

describe('credentials in the header', () => {
  test.each(ofHeader)('$api, $title: $status', async (one) => {
    const sandbox = await createSandbox()
    const answer = await withHeader(sandbox, one).send(jsonFixture(`${one.api}.json`))
    expect([answer.status, answer.headers['standin-reason']]).toEqual([one.status, one.reason])
    const challenge = answer.headers['www-authenticate']
    if (one.status !== 401) expect(challenge).toBeUndefined()
    else if (one.api === 'mykaarma') expect(challenge).toBe('Basic realm="mykaarma"')
    else if (one.reason === 'token.missing') expect(challenge).toBe('Bearer')
    else expect(challenge).toBe('Bearer error="invalid_token"')
  })

  const bad = ofHeader.filter(({ reason }) => reason !== undefined)
  test.each(bad)('$api, $title: checked before a broken body', async (one) => {
    const sandbox = await createSandbox({ maxBody: 50 })
    for (const [type, body] of [
      ['application/json', '{"firstName": '],
      ['application/json', '[]'],
      ['application/json', ''],
      ['text/csv', 'a,b'],
      ['application/json', 'x'.repeat(51)],
    ] as const) {
      const answer = await withHeader(sandbox, one).set('Content-Type', type).send(body)
      expect([answer.status, answer.headers['standin-reason']]).toEqual([one.status, one.reason])
    }
  })

  test.each(bad)('$api, $title: checked after the route', async (one) => {
    const sandbox = await createSandbox()
    const sent = request(sandbox.url).patch(PATHS[one.api]!)
    await sent.set('Authorization', one.authorization ?? '').expect(405)
  })
})

describe('credentials of Forms On Fire', () => {
  const { CompanyId: _, IntegrationKey: __, ...user } = jsonFixture('formsonfire.json')
  const inOrder = (members: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const ways = [
    { way: 'JSON body', type: 'application/json', query: false },
    { way: 'XML body', type: 'application/xml', query: false },
    { way: 'query and JSON', type: 'application/json', query: true },
    { way: 'query and XML', type: 'application/xml', query: true },
  ]
  const table = ways.flatMap((way) => ofBody.map((one) => ({ ...one, ...way })))

  const send = (
    sandbox: TestSandbox,
    type: string,
    members: Record<string, unknown>,
    query: object = {},
  ) => {
    const body = inOrder({ ...user, ...members })
    return request(sandbox.url)
      .post(FORMSONFIRE)
      .query(query)
      .set('Content-Type', type)
      .send(type === 'application/xml' ? xmlOf(body) : JSON.stringify(body))
  }

  test.each(table)('$way, $title: $status', async ({ type, query, body, status, reason }) => {
    const sandbox = await createSandbox()
    const answer = await (query ? send(sandbox, type, {}, body) : send(sandbox, type, { ...body }))
    expect([answer.status, answer.headers['standin-reason']]).toEqual([status, reason])
    expect(answer.headers['content-type']).toMatch(type)
    // Nothing about this header is in the vendor's pages.
    expect(answer.headers).not.toHaveProperty('www-authenticate')
    if (status === 401) {
      const said =
        type === 'application/xml' ? (await readXml(answer.text)).body : (answer.body as unknown)
      expect(said).toEqual({
        ResponseStatus: {
          ErrorCode: 'AuthenticationException',
          Message: 'The CompanyId and/or IntegrationKey is not valid.',
          Errors: [],
        },
      })
    }
  })

  const good = ofBody.find(({ reason }) => reason === undefined)!.body
  const bad = ofBody.filter(
    ({ reason, body }) => reason !== undefined && Object.keys(body ?? {}).length === 2,
  )
  const clashes = bad.flatMap((one) =>
    ['application/json', 'application/xml'].map((type) => ({ ...one, type })),
  )
  test.each(clashes)('$title: the query wins over $type', async ({ type, body, status }) => {
    const sandbox = await createSandbox()
    await send(sandbox, type, { ...good }, body).expect(status)
    await send(sandbox, type, { ...body }, good).expect(200)
  })

  test('CompanyId and IntegrationKey may be split between query and body', async () => {
    const sandbox = await createSandbox()
    const { CompanyId, IntegrationKey } = good!
    await send(sandbox, 'application/json', { CompanyId }, { IntegrationKey }).expect(200)
    const more = { Email: 'b@example.test', ExternalId: 'b', IntegrationKey }
    await send(sandbox, 'application/xml', more, { CompanyId }).expect(200)
  })

  test('their names in the query are matched in any case', async () => {
    const sandbox = await createSandbox()
    const { CompanyId, IntegrationKey } = good!
    const query = { companyid: CompanyId, Integrationkey: IntegrationKey }
    await send(sandbox, 'application/json', {}, query).expect(200)
  })

  test('a refusal for a missing key does not mention invalid members', async () => {
    const sandbox = await createSandbox()
    const answer = await send(sandbox, 'application/json', { Email: 5, FirstName: '' }).expect(401)
    expect(answer.text).not.toMatch(/Email|FirstName/)
  })
})
