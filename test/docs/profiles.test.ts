import { expect, test } from 'vitest'
import request, { type Test } from 'supertest'
import {
  createCryptlexUser,
  createFormsOnFireUser,
  createMykaarmaUser,
  createSandbox,
  CRYPTLEX,
  fixture,
  FORMSONFIRE,
  MYKAARMA,
  type Settings,
  type TestSandbox,
} from '../helpers/sandbox.ts'
import { readDocument } from '../helpers/document.ts'
import { said } from '../apis/contract-documents.ts'
import { BASIC, BEARER, company, KEYS, partner, post, reseller } from '../apis/provocations.ts'

type Send = (sandbox: TestSandbox) => Test
interface Case {
  readonly send: Send
  readonly settings?: Settings
  readonly before?: Send
}
/** The requests of a cell, by API; several where the cell lists several statuses. */
type Cells = Readonly<Record<string, readonly (Case | Send)[]>>

const APIS = ['myKaarma', 'Cryptlex', 'Forms On Fire']

/** Returns the cells of each row of the table below this heading. */
function rowsBelow(heading: string): string[][] {
  const [, below = ''] = readDocument('docs/profiles.md').split(`## ${heading}\n`)
  const [table = ''] = /^\|.*?(?=\n\n)/ms.exec(below) ?? []
  return table
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

/** Sends the same text to the create call of each API. */
const everywhere = (change: (sent: Test) => Test): Cells => ({
  myKaarma: [(s) => change(partner(s))],
  Cryptlex: [(s) => change(reseller(s))],
  'Forms On Fire': [(s) => change(company(s))],
})
const withSettings = (cells: Cells, settings: Settings): Cells =>
  Object.fromEntries(
    Object.entries(cells).map(([api, sends]) => [
      api,
      sends.map((send) => ({ send: send as Send, settings })),
    ]),
  )
const nested = `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`

const REFUSED: Readonly<Record<string, Cells>> = {
  'an email address or user name that another user has': {
    myKaarma: [{ before: createMykaarmaUser, send: createMykaarmaUser }],
    Cryptlex: [{ before: createCryptlexUser, send: createCryptlexUser }],
    'Forms On Fire': [
      {
        before: createFormsOnFireUser,
        send: (s) => createFormsOnFireUser(s, { ExternalId: 'another' }),
      },
    ],
  },
  'an `ExternalId` that another user has': {
    'Forms On Fire': [
      {
        before: createFormsOnFireUser,
        send: (s) => createFormsOnFireUser(s, { Email: 'another@example.test' }),
      },
    ],
  },
  'a `user_uuid` that no user has': {
    myKaarma: [
      (s) =>
        request(s.url).put(`${MYKAARMA}/nobody`).set('Authorization', BASIC).send({ bio: 'x' }),
    ],
  },
  'an `Id`, `Email` or `ExternalId` that no user has': {
    'Forms On Fire': [
      (s) =>
        request(s.url)
          .get(FORMSONFIRE)
          .query({ ...KEYS, Email: 'nobody@example.test' }),
    ],
  },
  'an id that no user or webhook has': {
    Cryptlex: [(s) => request(s.url).delete(`${CRYPTLEX}/nobody`).set('Authorization', BEARER)],
  },
  'a name given twice in a JSON object': everywhere((sent) => sent.send('{"a":1,"a":2}')),
  'a member named `__proto__`, or deep nesting': Object.fromEntries(
    APIS.map((api) => [
      api,
      ['{"__proto__":{}}', nested].flatMap((text) => everywhere((sent) => sent.send(text))[api]!),
    ]),
  ),
  'an XML document with a DOCTYPE': {
    'Forms On Fire': [
      (s) =>
        request(s.url)
          .post(FORMSONFIRE)
          .type('application/xml')
          .send(`<!DOCTYPE User>${fixture('formsonfire.xml').replace(/^<\?xml.*?\?>/, '')}`),
    ],
  },
  'a body that is not well-formed, or not UTF-8': Object.fromEntries(
    APIS.map((api) => [
      api,
      ['{', Buffer.from([0x22, 0xff, 0x22])].flatMap(
        (body) => everywhere((sent) => sent.serialize(() => body as string).send(body))[api]!,
      ),
    ]),
  ),
  'an unknown path': {
    myKaarma: [post('/manage/nowhere', BASIC)],
    Cryptlex: [post('/v3/nowhere', BEARER)],
    'Forms On Fire': [(s) => request(s.url).post('/api/v2/nowhere').query(KEYS)],
  },
  'a known path with another method': {
    myKaarma: [(s) => request(s.url).patch(MYKAARMA)],
    Cryptlex: [(s) => request(s.url).put(CRYPTLEX)],
    'Forms On Fire': [(s) => request(s.url).patch(FORMSONFIRE)],
  },
  'an `Accept` that allows no format of the answer': {
    myKaarma: [(s) => createMykaarmaUser(s).set('Accept', 'text/html')],
  },
  'a body that takes longer than `--body-timeout`': withSettings(
    everywhere((sent) => sent.set('Content-Length', '100').send('{')),
    { bodyTimeout: 50 },
  ),
  'a body that is larger than `--max-body`': withSettings(
    everywhere((sent) => sent.send('{"a":"0123456789"}')),
    { maxBody: 10 },
  ),
  'a `Content-Type` that the page does not list': everywhere((sent) =>
    sent.type('text/csv').send('a'),
  ),
  'a percent sign in the path that begins no percent-encoding': {
    myKaarma: [(s) => request(s.url).put(`${MYKAARMA}/%`).set('Authorization', BASIC)],
    Cryptlex: [post('/v3/resellers/%/users', BEARER)],
    'Forms On Fire': [(s) => request(s.url).post('/api/v2/%').query(KEYS)],
  },
  'wrong credentials, an inactive account, a missing scope': {
    myKaarma: [
      post(MYKAARMA, 'Basic x'),
      (s) => createMykaarmaUser(s).auth('reader', 'reader-secret'),
    ],
    Cryptlex: [post(CRYPTLEX, 'Bearer x'), post(CRYPTLEX, 'Bearer standin-token-read-only')],
    'Forms On Fire': [
      (s) => createFormsOnFireUser(s, { CompanyId: 0 }),
      (s) => createFormsOnFireUser(s, { IntegrationKey: '0123456789abcdef0123456789abcd01' }),
    ],
  },
}

const refusals = rowsBelow('What `documented` refuses beyond the pages')
const cells = refusals.flatMap(([what = '', ...row]) =>
  APIS.flatMap((api, i) => (row[i] === '' ? [] : [{ what, api, statuses: row[i]! }])),
)

test.each(cells)(
  'both profiles: $what at $api is answered with $statuses',
  async ({ what, api, statuses }) => {
    const sent = REFUSED[what]?.[api]
    if (!sent) throw new Error(`nothing here sends ${what} to ${api}`)
    for (const profile of ['documented', 'strict'] as const) {
      const got = new Set<number>()
      for (const one of sent) {
        const { send, settings = {}, before } = typeof one === 'function' ? { send: one } : one
        const sandbox = await createSandbox({ profile: { all: profile }, ...settings })
        if (before) await before(sandbox)
        got.add((await send(sandbox)).status)
      }
      expect([profile, [...got].join(', ')]).toEqual([profile, statuses])
    }
  },
)

test('each row and each cell of the table has a request', () => {
  const listed = cells.map(({ what, api }) => `${what}: ${api}`)
  const known = Object.entries(REFUSED).flatMap(([what, row]) =>
    Object.keys(row).map((api) => `${what}: ${api}`),
  )
  expect(known.toSorted()).toEqual(listed.toSorted())
})

const { FirstName, ...others } = JSON.parse(fixture('formsonfire.json')) as Record<string, string>

/** The requests of the second table. */
const ACCEPTED: Readonly<Record<string, Send>> = {
  'myKaarma: a name, address or user name that is missing or blank': (s) =>
    createMykaarmaUser(s, { firstName: ' ' }),
  'myKaarma: neither a dealer nor a department': (s) =>
    createMykaarmaUser(s, { dealerUUID: undefined, departmentUUID: undefined }),
  'myKaarma: a dealer that does not exist, or is not the subscriber’s': (s) =>
    createMykaarmaUser(s, { dealerUUID: 'unknown', departmentUUID: undefined }),
  'myKaarma: a role that does not exist': (s) => createMykaarmaUser(s, { roleUUID: 'unknown' }),
  'myKaarma: a password of fewer than 8 or more than 128 characters': (s) =>
    createMykaarmaUser(s, { password: 'short' }),
  'myKaarma: a phone number that is not E.164 or ten digits': (s) =>
    createMykaarmaUser(s, { phone: 'x' }),
  'Cryptlex: a `Content-Type` of `text/json` or `application/*+json`': (s) =>
    createCryptlexUser(s).type('text/json'),
  'Cryptlex: a path that ends with a slash': (s) => createCryptlexUserAt(s, `${CRYPTLEX}/`),
  'Cryptlex: a path in another case': (s) =>
    createCryptlexUserAt(s, '/v3/Resellers/reseller-001/USERS'),
  'Cryptlex: a reseller that does not exist': (s) =>
    createCryptlexUserAt(s, '/v3/resellers/unknown/users'),
  'Cryptlex: an organization that does not exist': (s) =>
    createCryptlexUser(s, { organizationId: 'unknown' }),
  'Cryptlex: a role that does not exist': (s) => createCryptlexUser(s, { role: 'astronomer' }),
  'Cryptlex: the role `admin` or `super-admin`': (s) => createCryptlexUser(s, { role: 'admin' }),
  'Cryptlex: an address of more than 256 characters': (s) =>
    createCryptlexUser(s, { email: `${'x'.repeat(250)}@ab.com` }),
  'Forms On Fire: a role that does not exist': (s) =>
    createFormsOnFireUser(s, { WebsiteRole: 'String' }),
  'Forms On Fire: a folder or group that does not exist': (s) =>
    createFormsOnFireUser(s, { Folders: ['3f2504e0-4f89-41d3-9a0c-000000000000'] }),
  'Forms On Fire: an address without `@`': (s) => createFormsOnFireUser(s, { Email: 'String' }),
  'Forms On Fire: a password of fewer than 8 characters': (s) =>
    createFormsOnFireUser(s, { Password: 'short' }),
  'Forms On Fire: XML elements out of order': (s) =>
    request(s.url)
      .post(FORMSONFIRE)
      .type('application/xml')
      .send(
        fixture('formsonfire.xml').replace(
          /(<FirstName>.*?<\/FirstName>)(.*)(?=<\/User>)/s,
          '$2$1',
        ),
      ),
  'Forms On Fire: XML or JSON declared as a form': (s) =>
    request(s.url)
      .post(FORMSONFIRE)
      .type('application/x-www-form-urlencoded')
      .send(JSON.stringify({ ...others, FirstName })),
}
function createCryptlexUserAt(s: TestSandbox, path: string): Test {
  return post(path, BEARER)(s).send(fixture('cryptlex.json'))
}

const acceptances = rowsBelow('What `documented` accepts and `strict` refuses').map(
  ([api = '', what = '', status = '', code = '']) => ({ row: `${api}: ${what}`, status, code }),
)

test.each(acceptances)(
  '$row: accepted with $code, or refused with $status',
  async ({ row, status, code }) => {
    const send = ACCEPTED[row]
    if (!send) throw new Error(`nothing here sends ${row}`)
    const documented = said(await send(await createSandbox({ profile: { all: 'documented' } })))
    expect([documented.status < 300, documented.text]).toEqual([true, documented.text])
    const codes = [...(documented.headers['standin-warning'] ?? '').matchAll(/;code=([\w.:-]+)/g)]
    expect(codes.map(([, one]) => `\`${one}\``).join(', ')).toContain(code)
    const strict = said(await send(await createSandbox({ profile: { all: 'strict' } })))
    expect(String(strict.status)).toBe(status)
  },
)

test('each row of the second table has a request', () => {
  expect(acceptances.map(({ row }) => row).toSorted()).toEqual(Object.keys(ACCEPTED).toSorted())
})
