import { expect, test } from 'vitest'
import { createCaller } from '../helpers/caller.ts'
import { createReader, requestsOf } from '../helpers/requests.ts'
import { CRYPTLEX, createSandbox, FORMSONFIRE, MYKAARMA } from '../helpers/sandbox.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }
const XML_TYPE = { 'Content-Type': 'application/xml' }
const BEARER = { Authorization: 'Bearer standin-token', ...JSON_TYPE }
const BASIC = { Authorization: 'Basic cGFydG5lcjpwYXJ0bmVyLXNlY3JldA==', ...JSON_TYPE }

/** Returns a different secret for each case, so that a leak names its case. */
const secret = (n: number) => `PLANTED-${n}-q7Zk9`

interface Planted {
  readonly where: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const json = (fields: object) =>
  JSON.stringify({
    firstName: 'Ada',
    lastName: 'Byron',
    email: 'ada@example.test',
    role: 'user',
    allowCustomerPortalAccess: true,
    ...fields,
  })

const PLANTED: ((planted: string, n: number) => Planted)[] = [
  (s) => ({ where: 'a Bearer token', path: CRYPTLEX, headers: { Authorization: `Bearer ${s}` } }),
  (s) => ({ where: 'a token without Bearer', path: CRYPTLEX, headers: { Authorization: s } }),
  (s) => ({
    where: 'Bearer twice',
    path: CRYPTLEX,
    headers: { Authorization: `Bearer Bearer "${s}"` },
  }),
  (s) => ({
    where: "Basic's password",
    path: MYKAARMA,
    headers: { Authorization: `Basic ${Buffer.from(`partner:${s}`).toString('base64')}` },
  }),
  (s) => ({
    where: 'Basic, not Base64',
    path: MYKAARMA,
    headers: { Authorization: `Basic partner:${s}` },
  }),
  (s) => ({
    where: 'a JWT',
    path: CRYPTLEX,
    headers: { Authorization: `Bearer eyJhbGciOiJIUzI1NiJ9.${s}.c2ln` },
  }),
  (s) => ({ where: 'a cookie', path: CRYPTLEX, headers: { Cookie: `session=${s}` } }),
  (s) => ({ where: 'a header of its own', path: FORMSONFIRE, headers: { 'X-Integration-Key': s } }),
  (s) => ({ where: 'the password', path: CRYPTLEX, headers: BEARER, body: json({ password: s }) }),
  (s) => ({
    where: 'the password in another case',
    path: CRYPTLEX,
    headers: BEARER,
    body: json({ PassWord: s }),
  }),
  (s) => ({
    where: 'a password that the contract refuses',
    path: CRYPTLEX,
    headers: BEARER,
    body: json({ password: { value: s } }),
  }),
  (s) => ({
    where: 'malformed JSON',
    path: CRYPTLEX,
    headers: BEARER,
    body: `{"password": "${s}, "a": 1}`,
  }),
  (s) => ({
    where: 'JSON without quotes',
    path: MYKAARMA,
    headers: BASIC,
    body: `{password: ${s}}`,
  }),
  (s) => ({
    where: 'JSON in a text',
    path: MYKAARMA,
    headers: BASIC,
    body: JSON.stringify(JSON.stringify({ password: s })),
  }),
  (s) => ({
    where: 'XML',
    path: FORMSONFIRE,
    headers: XML_TYPE,
    body: `<User><CompanyId>1815</CompanyId><IntegrationKey>${s}</IntegrationKey></User>`,
  }),
  (s) => ({
    where: 'XML in lower case',
    path: FORMSONFIRE,
    headers: XML_TYPE,
    body: `<user><integrationkey>${s}</integrationkey></user>`,
  }),
  (s) => ({
    where: 'malformed XML',
    path: FORMSONFIRE,
    headers: XML_TYPE,
    body: `<User><Password>${s}<Email>`,
  }),
  (s) => ({
    where: 'JSON with a key',
    path: FORMSONFIRE,
    headers: JSON_TYPE,
    body: JSON.stringify({ CompanyId: 1815, IntegrationKey: s, Email: 'a@b' }),
  }),
  (s) => ({
    where: 'the query',
    path: `${FORMSONFIRE}?CompanyId=1815&IntegrationKey=${s}`,
    headers: JSON_TYPE,
    body: '{}',
  }),
  (s) => ({ where: 'the query of nothing', path: `/nowhere?access_token=${s}` }),
  (s) => ({ where: 'a form', path: FORMSONFIRE, body: `CompanyId=1815&IntegrationKey=${s}` }),
  (s) => ({
    where: 'a sandbox that is not there',
    path: `/~nope${CRYPTLEX}`,
    headers: { Authorization: `Bearer ${s}` },
  }),
  (s) => ({
    where: 'a password that is sent as the name too',
    path: CRYPTLEX,
    headers: BEARER,
    body: json({ password: s, firstName: s, [s]: s, email: `${s}@example.test` }),
  }),
  (s) => ({
    where: 'a JWT in a field',
    path: CRYPTLEX,
    headers: BEARER,
    body: json({ company: `eyJhbGciOiJIUzI1NiJ9.${s}.c2ln`, email: 'jwt@example.test' }),
  }),
]

test('no secret of a request appears in any view', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  const reader = await createReader(`${server.url}/_standin/events`)
  for (const [i, plant] of PLANTED.entries()) {
    const { path, headers = {}, body } = plant(secret(i), i)
    await caller.post(path, body, headers)
  }
  const { requests, total } = await requestsOf(caller, 'limit=1000')
  expect(total).toBe(PLANTED.length)
  await reader.events(PLANTED.length)
  const shown: Record<string, string> = {
    requests: JSON.stringify(requests),
    events: reader.text(),
    logged: server.logged.join('\n'),
  }
  const queries = [
    'requests?format=har&limit=1000',
    'requests?format=curl&limit=1000',
    'state',
    'users',
    'ledger',
    'requests/await?status=418&timeout=1ms',
  ]
  for (const query of queries) shown[query] = (await caller.get(`/_standin/${query}`)).text
  for (const { id } of requests) {
    for (const view of ['', '?format=har', '?format=curl', '/explain', '/explain?format=text']) {
      shown[`${id}${view}`] = (await caller.get(`/_standin/requests/${id}${view}`)).text
    }
  }
  const wrong = { fields: { password: 'x', company: 'x', firstName: 'x' }, credential: 'x' }
  const expectations = ['createResellerUser', 'createUserForPartner', 'createUser'].map(
    (operation) => ({ operation, match: wrong, count: { exactly: 9 } }),
  )
  shown['verify'] = (await caller.post('/_standin/verify', { expectations })).text
  const leaks = Object.entries(shown).flatMap(([view, text]) =>
    PLANTED.flatMap((plant, i) => {
      const planted = secret(i)
      const spellings = [planted, Buffer.from(`partner:${planted}`).toString('base64')]
      // A secret that was sent as the name is stored as the name.
      const isName = plant(planted, i).where.includes('as the name too')
      if (isName && ['state', 'users', 'ledger'].includes(view)) return []
      return spellings.some((one) => text.includes(one))
        ? [`${plant(planted, i).where} is in ${view}`]
        : []
    }),
  )
  expect(leaks).toEqual([])
  expect(Object.values(shown).every((text) => text.length > 0 || text === shown['logged'])).toBe(
    true,
  )
})

test('secrets of the fixtures appear in no view, whatever field they are sent in', async () => {
  const caller = createCaller(await createSandbox())
  const known = ['standin-token', 'partner-secret', '0123456789abcdef0123456789abcdef']
  for (const one of known)
    await caller.post(`${CRYPTLEX}?note=${one}`, json({ company: one }), BEARER)
  const text = JSON.stringify((await requestsOf(caller)).requests)
  for (const one of known) expect(text).not.toContain(one)
})
