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

const PLANTED_SHAPES: ((planted: string, n: number) => Planted)[] = [
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
  ...bodyShapes(),
  ...headerShapes(),
  ...queryShapes(),
]

function bodyShapes(): ((planted: string, n: number) => Planted)[] {
  const inJson = Object.entries({
    'a bracketed name': (s: string) => ({ 'user[password]': s }),
    'name and value apart': (s: string) => [{ name: 'password', value: s }],
    'value before name': (s: string) => [{ value: s, name: 'password' }, { value: 'a' }],
    'key and data': (s: string) => ({ answers: [{ key: 'pin', label: 'Your PIN', data: s }] }),
    'a URL': (s: string) => ({ company: `https://h.test/?access_token=${s}&a=b` }),
    'a URL with a password': (s: string) => ({ company: `https://ada:${s}@h.test/` }),
    'an escaped URL': (s: string) => ({ company: `https%3A%2F%2Fh%2F%3Ftoken%3D${s}` }),
    'JSON in a text': (s: string) => ({ company: JSON.stringify({ otp: s }) }),
    'a line of a text': (s: string) => ({ company: `see\npw=${s}` }),
    'a Bearer token in a text': (s: string) => ({ company: `Bearer ${s}` }),
    'beyond what is kept': (s: string) => ({ company: s, pad: 'x'.repeat(70_000), password: s }),
    'apart, beyond what is kept': (s: string) => ({
      company: s,
      pad: 'x'.repeat(70_000),
      more: [{ name: 'password', value: s }],
    }),
  }).map(([where, shape]) => (s: string): Planted => ({
    where: `JSON: ${where}`,
    path: CRYPTLEX,
    headers: BEARER,
    body: JSON.stringify(shape(s)),
  }))
  const named = `user_pass userPass userpass pw auth accessCode otp pin pinCode smsOtp signature
    clientSecret jwt sessionToken api.key securityCode`
    .split(/\s+/)
    .map((name) => (s: string): Planted => ({
      where: `JSON: ${name}`,
      path: CRYPTLEX,
      headers: BEARER,
      body: JSON.stringify({ [name]: s, email: 'a@b.test' }),
    }))
  const xml = [
    (s: string) => `<User><Field name="password">${s}</Field></User>`,
    (s: string) => `<User><Field name="pin" value="${s}"/></User>`,
    (s: string) => `<User><F><Name>password</Name><Value>${s}</Value></F></User>`,
    (s: string) => `<User><F><Value>${s}</Value><Name>password</Name></F></User>`,
    (s: string) => `<User auth="${s}"/>`,
    (s: string) => `<User><Note>{&quot;pin&quot;:&quot;${s}&quot;}</Note></User>`,
  ].map((shape, i) => (s: string): Planted => ({
    where: `XML ${i}`,
    path: FORMSONFIRE,
    headers: XML_TYPE,
    body: shape(s),
  }))
  const forms = [
    (s: string) => `user[password]=${s}&a=b`,
    (s: string) => `user%5Bpassword%5D=${s}&a=b`,
    (s: string) => `name=password&value=${s}`,
    (s: string) => `next=%2F%3Fpw%3D${s}%26a%3Db`,
    (s: string) => `a=%7B%22password%22%3A%22${s}%22%7D`,
  ].map((shape, i) => (s: string): Planted => ({
    where: `form ${i}`,
    path: FORMSONFIRE,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: shape(s),
  }))
  return [...inJson, ...named, ...xml, ...forms]
}

function headerShapes(): ((planted: string, n: number) => Planted)[] {
  const headers: Readonly<Record<string, (s: string) => string>> = {
    'X-Auth': (s) => s,
    Authentication: (s) => s,
    'X-User-Pass': (s) => s,
    'X-PW': (s) => s,
    'X-Signature': (s) => s,
    'X-Dealer-Code': (s) => s,
    Referer: (s) => `http://localhost:3000/cb?access_token=${s}`,
    'X-Forwarded-Uri': (s) => `/x?apikey=${s}`,
    'X-Context': (s) => `{"token":"${s}"}`,
    'X-Original-Url': (s) => `https://ada:${s}@h.test/`,
  }
  return Object.entries(headers).map(([name, value]) => (s) => ({
    where: `the header ${name}`,
    path: CRYPTLEX,
    headers: { ...BEARER, [name]: value(s) },
    body: '{}',
  }))
}

function queryShapes(): ((planted: string, n: number) => Planted)[] {
  return [
    (s: string) => `redirect=http%3A%2F%2Fh%2F%3Ftoken%3D${s}`,
    (s: string) => `redirect=http%253A%252F%252Fh%252F%253Ftoken%253D${s}`,
    (s: string) => `u=http%3A%2F%2Fa%3A${s}%40h%2F`,
    (s: string) => `user[pin]=${s}`,
    (s: string) => `name=password&value=${s}`,
    (s: string) => `dealerCode=${s}`,
  ].map((query, i) => (s) => ({
    where: `query ${i}`,
    path: `${CRYPTLEX}?${query(s)}`,
    headers: BEARER,
    body: '{}',
  }))
}

/** Views of stored users and of the webhooks about them. */
const STORED = ['state', 'users', 'ledger', 'inbox/default', 'deliveries']

/** Each shape is planted so often, with a secret of its own. */
const TIMES = Math.ceil(200 / PLANTED_SHAPES.length)
const PLANTED = Array.from({ length: TIMES }, () => PLANTED_SHAPES).flat()

test('no secret of a request appears in any view', async () => {
  expect(PLANTED_SHAPES.length).toBeGreaterThanOrEqual(60)
  const server = await createSandbox({ redact: ['dealerCode'] })
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
    'inbox/default',
    'deliveries',
    'metrics',
    'health',
    'ready',
    'sandboxes',
    'faults',
    'requests?text=planted',
    'requests/await?status=418&timeout=1ms',
  ]
  for (const query of queries) shown[query] = (await caller.get(`/_standin/${query}`)).text
  await caller.post('/_standin/snapshots', { name: 'planted' })
  shown['snapshots'] = (await caller.get('/_standin/snapshots')).text
  const page = await fetch(server.url, { headers: { Accept: 'text/html' } })
  shown['front page'] = await page.text()
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
  const secrets = PLANTED.map((plant, i) => {
    const planted = secret(i)
    const { where } = plant(planted, i)
    return {
      where,
      spellings: [planted, Buffer.from(`partner:${planted}`).toString('base64')],
      // A secret that was sent as the name is stored, and delivered, as the name.
      isName: where.includes('as the name too'),
    }
  })
  const leaks = Object.entries(shown).flatMap(([view, text]) =>
    secrets.flatMap(({ where, spellings, isName }) => {
      if (isName && STORED.includes(view)) return []
      return spellings.some((one) => text.includes(one)) ? [`${where} is in ${view}`] : []
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
