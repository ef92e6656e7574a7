import { expect, test } from 'vitest'
import { isSecretName, Redactor, secretsIn } from '../../../src/core/request-log/redact.ts'
import { bestOf, spentOn } from '../../helpers/time.ts'

const SECRET = 's3cr3t-value-1'

test.each([
  ['JSON', `{"password":"${SECRET}","email":"a@b"}`],
  ['another case', `{"PassWord" : "${SECRET}"}`],
  ['snake case', `{"integration_key":"${SECRET}"}`],
  ['a misspelt name', `{"pasword":"${SECRET}"}`],
  ['an escaped name', `{"pass\\u0077ord":"${SECRET}"}`],
  ['no closing quote', `{"password": "${SECRET}, "email": "a@b"}`],
  ['no quotes', `{"password": ${SECRET}, "email": "a@b"}`],
  ['no quotes at all', `{password: ${SECRET}, email: a}`],
  ['single quotes', `{'password': '${SECRET}'}`],
  ['no colon', `{"password" "${SECRET}"}`],
  ['an arrow', `{"password" => "${SECRET}"}`],
  ['a list', `{"password": ["${SECRET}", {"a":"${SECRET}"}], "x": 1}`],
  ['an object', `{"secret": {"value": "x}${SECRET}"}, "x": 1}`],
  ['JSON in a text', JSON.stringify(JSON.stringify({ password: SECRET, x: 1 }))],
  ['JSON in a text in a text', JSON.stringify(JSON.stringify(JSON.stringify({ token: SECRET })))],
  ['a body that ends early', `{"password":"${SECRET}`],
  ['an escaped quote', `{"password":"a\\"${SECRET}"}`],
  ['a trailing backslash', `{"password":"${SECRET}\\\\","x":"${SECRET}\\\\"}`],
  ['XML', `<User><IntegrationKey>${SECRET}</IntegrationKey></User>`],
  ['XML with a prefix', `<u:Password a="b"><![CDATA[${SECRET}]]></u:Password>`],
  ['XML in lower case', `<integrationkey>${SECRET}</integrationkey>`],
  ['XML with no end', `<IntegrationKey>${SECRET}<LastName>B</LastName>`],
  ['XML with another end', `<Password>${SECRET}</Pasword>`],
  ['XML that ends early', `<IntegrationKey>${SECRET}`],
  ['an attribute', `<User IntegrationKey="${SECRET}"/>`],
  ['an element in an element', `<Password><Value>${SECRET}</Value></Password>`],
  ['escaped XML', `&lt;IntegrationKey&gt;${SECRET}&lt;/IntegrationKey&gt;`],
  ['a form', `a=1&password=${SECRET}&x=1`],
  ['a form with an escaped name', `pass%77ord=${SECRET}&x=1`],
  ['multipart', `--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n${SECRET}\r\n--b--`],
  ['YAML', `password: ${SECRET}\nemail: a@b`],
])('a secret is redacted in %s', (_, body) => {
  const redactor = new Redactor()
  const shown = redactor.scrub(redactor.body(body))
  expect(shown).not.toContain(SECRET)
  expect(shown).toContain('[redacted]')
})

test('a body without secrets stays unchanged', () => {
  const body = ` {"firstName":"Ada" ,\n"email":"ada@example.test","tokens":null,"sendPasswordMail":true}`
  const redactor = new Redactor()
  expect(redactor.scrub(redactor.body(body))).toBe(body)
})

test.each([
  ['Authorization', `Bearer ${SECRET}`, 'Bearer [redacted]'],
  ['authorization', `Basic ${Buffer.from(`a:${SECRET}`).toString('base64')}`, 'Basic [redacted]'],
  ['Authorization', `Bearer Bearer ${SECRET}`, 'Bearer Bearer [redacted]'],
  ['Authorization', SECRET, '[redacted]'],
  ['Authorization', `"${SECRET}"`, '[redacted]'],
  ['Proxy-Authorization', `Digest ${SECRET}`, 'Digest [redacted]'],
  ['Cookie', `session=${SECRET}`, '[redacted]'],
  ['X-Api-Key', SECRET, '[redacted]'],
  ['IntegrationKey', SECRET, '[redacted]'],
  ['Idempotency-Key', 'order-1815', 'order-1815'],
  ['Accept', 'application/json', 'application/json'],
])('the header %s: %s is redacted to %s', (name, value, expected) => {
  const redactor = new Redactor()
  expect(redactor.header(name, value)).toBe(expected)
  // The secret in it is scrubbed wherever else it occurs.
  if (value.includes(SECRET)) expect(redactor.scrub(`echoed: ${SECRET}`)).not.toContain(SECRET)
})

test('a secret found in one place is scrubbed everywhere, in every spelling', () => {
  const secret = 'p&ss "wörd" +1'
  const redactor = new Redactor()
  redactor.body(JSON.stringify({ password: secret }))
  for (const spelling of [
    secret,
    JSON.stringify(secret),
    'p&amp;ss "wörd" +1',
    encodeURIComponent(secret),
    encodeURIComponent(secret).replaceAll('%20', '+'),
    Buffer.from(secret).toString('base64'),
  ]) {
    expect(redactor.scrub(`before ${spelling} after`)).toMatch(/^before "?\[redacted\]"? after$/)
  }
})

test.each([
  'a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln b',
  'a eyJhbGciOiJIUzI1NiJ9 b',
  'a Basic cGFydG5lcjpwYXJ0bmVyLXNlY3JldA== b',
  'a bearer%20abcdefgh b',
  'a whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw b',
  'a https://ada:engine@example.test/ b',
  '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----',
])('%s is redacted by its form', (text) => {
  const shown = new Redactor().scrub(text)
  expect(shown).toContain('[redacted]')
  expect(shown).not.toMatch(/eyJ|cGFy|abcdefgh|MfKQ|engine|MIIB/)
})

test('the known secrets of a sandbox are the values under secret names', () => {
  const fixtures = {
    mykaarma: { subscribers: [{ username: 'partner', password: 'partner-secret' }] },
    formsonfire: { companies: [{ companyId: 1815, keys: [{ integrationKey: '0123456789' }] }] },
    cryptlex: { tokens: [{ token: 'standin-token', scopes: ['a:b'] }], roles: ['password'] },
  }
  expect(secretsIn(fixtures)).toEqual(['partner-secret', '0123456789', 'standin-token'])
  expect(new Redactor(['partner-secret']).scrub('{"firstName":"partner-secret"}')).toBe(
    '{"firstName":"[redacted]"}',
  )
})

test.each(['email', 'firstName', 'dealerUUID', 'Content-Type', 'role', 'Folders', 'id'])(
  '%s is not a secret name',
  (name) => {
    expect(isSecretName(name)).toBe(false)
  },
)

test.each(
  [
    '{"password":"a",'.repeat(4000),
    '<password>'.repeat(6500),
    '<password>a'.repeat(6000),
    '"password":['.repeat(5000),
    '"password":"'.repeat(5000),
    `"password":"${'\\'.repeat(60_000)}`,
    'key'.repeat(20_000),
    'eyJ'.repeat(20_000),
    '//a:'.repeat(15_000),
    '-----BEGIN PRIVATE KEY-----'.repeat(2400),
    'name="password"'.repeat(4000),
  ].map((body) => [body.slice(0, 16), body] as const),
)('a body that repeats %s is redacted in time', async (_, body) => {
  const spent = await bestOf(1000, () =>
    spentOn(() => {
      const redactor = new Redactor()
      redactor.scrub(redactor.body(body))
    }),
  )
  expect(spent).toBeLessThan(1000)
})
