import { expect, test } from 'vitest'
import { KnownSecrets, Redactor, secretsIn } from '../../../src/core/request-log/redact.ts'
import { SecretNames } from '../../../src/core/request-log/secret-names.ts'
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
  ['a bracketed name', `user[password]=${SECRET}&a=b`],
  ['a bracketed name with an index', `user[password][0]=${SECRET}&a=b`],
  ['an escaped bracketed name', `user%5Bpassword%5D=${SECRET}&a=b`],
  ['a bracketed name in JSON', `{"user[password]":"${SECRET}"}`],
  ['a URL in JSON', `{"url":"https://h.test/?pw=${SECRET}&a=b"}`],
  ['a URL in JSON in a text', JSON.stringify(JSON.stringify({ url: `/?pw=${SECRET}` }))],
  ['an escaped URL', `u=http%3A%2F%2Fh%2F%3Ftoken%3D${SECRET}%26a%3D1`],
  ['a URL escaped twice', `u=http%253A%252F%252Fh%252F%253Ftoken%253D${SECRET}%2526a%253D1`],
  ['a URL with a password', `{"url":"https://ada:${SECRET}@h.test/"}`],
  ['an escaped URL with a password', `u=https%3A%2F%2Fada%3A${SECRET}%40h.test%2F`],
  ['a URL with a password, escaped twice', `u=https%253A%252F%252Fada%253A${SECRET}%2540h%252F`],
  ['escaped JSON', `a=%7B%22password%22%3A%22${SECRET}%22%7D&b=1`],
  ['JSON in XML', `<a>{&quot;pin&quot;:&quot;${SECRET}&quot;}</a>`],
  ['a line of a text in JSON', `{"note":"see\\npin=${SECRET} x"}`],
  ['a member besides its name', `[{"name":"password","value":"${SECRET}"}]`],
  ['a member before its name', `[{"value":"${SECRET}","name":"password"},{"value":"a"}]`],
  ['a member besides its key', `{"key":"pin","label":"Your PIN","data":"${SECRET}"}`],
  ['an element with a name', `<User><Field name="password">${SECRET}</Field></User>`],
  ['an element with a name and a child', `<Field name='pin'><Value>${SECRET}</Value></Field>`],
  ['an attribute besides its name', `<Field name="password" value="${SECRET}"/>`],
  ['an element besides its name', `<F><Name>password</Name><Value>${SECRET}</Value></F>`],
  ['an element before its name', `<F><Value>${SECRET}</Value><Name>password</Name></F>`],
  ['a parameter besides its name', `name=password&value=${SECRET}`],
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
  ['X-Auth', SECRET, '[redacted]'],
  ['Referer', `http://h.test/?access_token=${SECRET}`, 'http://h.test/?access_token=[redacted]'],
  ['X-Forwarded-Uri', `/x?apikey=${SECRET}&a=b`, '/x?apikey=[redacted]&a=b'],
  ['X-Context', `{"token":"${SECRET}"}`, '{"token":"[redacted]"}'],
  ['Vary', 'Cookie, Authorization', 'Cookie, Authorization'],
  [
    'WWW-Authenticate',
    'Basic realm="a", error="invalid_token"',
    'Basic realm="a", error="invalid_token"',
  ],
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

test('a secret is found wherever it stands in a text, and however short it is', () => {
  for (let length = 6; length <= 12; length++) {
    const [one, other] = ['abcdefghijkl', 'zyxwvutsrqpo'].map((text) => text.slice(0, length))
    const redactor = new Redactor(new KnownSecrets([one!]))
    redactor.header('X-Token', other!)
    for (let at = 0; at < 8; at++) {
      const [before, after] = ['.'.repeat(at), '-'.repeat(8 - at)]
      expect(redactor.scrub(`${before}${one}${after}`)).toBe(`${before}[redacted]${after}`)
      expect(redactor.scrub(`${before}${other}${one}${after}`)).toBe(
        `${before}[redacted][redacted]${after}`,
      )
      expect(redactor.scrub(`${before}${one}`)).toBe(`${before}[redacted]`)
    }
  }
})

test('many secrets are found, the longest of those that begin alike', () => {
  const redactor = new Redactor()
  const secrets = Array.from({ length: 2000 }, (_, i) => `secret-${i}`)
  redactor.body(secrets.map((secret) => `token=${secret}`).join('&'))
  expect(redactor.scrub(secrets.join(' '))).toBe(secrets.map(() => '[redacted]').join(' '))
  expect(redactor.scrub('secret-2000 secret-x')).toBe('[redacted]0 secret-x')
})

test('the known secrets of a sandbox are the values under secret names', () => {
  const fixtures = {
    mykaarma: { subscribers: [{ username: 'partner', password: 'partner-secret' }] },
    formsonfire: { companies: [{ companyId: 1815, keys: [{ integrationKey: '0123456789' }] }] },
    cryptlex: { tokens: [{ token: 'standin-token', scopes: ['a:b'] }], roles: ['password'] },
  }
  expect(secretsIn(fixtures)).toEqual(['partner-secret', '0123456789', 'standin-token'])
  expect(
    new Redactor(new KnownSecrets(['partner-secret'])).scrub('{"firstName":"partner-secret"}'),
  ).toBe('{"firstName":"[redacted]"}')
})

const SECRET_EXAMPLES = `
  pass password PASS_WORD passwd pasword passphrase passCode pwd pw user_pw pin pinCode user.pin otp
  smsOtp totp auth X-Auth oauth authCode Authentication authorisation secret clientSecret
  client-secret token access_token refreshTokens key apiKey API_KEY APIKey apikey x-api-key
  IntegrationKey integration_key accessCode security_code resetCode credential credentials cookie
  session sessionId jwt bearer signature X-Signature sig csrf userpass userPass X-User-Pass X-PW
  user[password] user[login][pin] pass%77ord pass%2577ord pass\u0077ord`

/** Names that look like one of the list, and the vendors' own. */
const ORDINARY_EXAMPLES = `
  passenger passengerName passport passage compass bypass author authorId authority monkey donkey
  turkey keyboard keyword keynote pinned pinnedAt spin opinion shopping mapping possession secretary
  emailAddress externalId email firstName lastName dealerUUID userUUID Content-Type role Folders id
  postalCode statusCode signedIn design assignee company option Idempotency-Key publicKey
  WWW-Authenticate authenticated passwordExpires passwordExpiresAt tokenType allowCustomerPortalAccess`

const words = (text: string) => text.trim().split(/\s+/)

test.each(words(SECRET_EXAMPLES))('%s is a secret name', (name) => {
  expect(new SecretNames().has(name)).toBe(true)
})

test.each(words(ORDINARY_EXAMPLES))('%s is not a secret name', (name) => {
  expect(new SecretNames().has(name)).toBe(false)
})

test('names can be added, and count in any case and between any separators', () => {
  const names = new SecretNames(['dealerCode', 'X-Trace'])
  for (const name of [
    'dealerCode',
    'DEALER_CODE',
    'user[dealer-code]',
    'x-trace',
    'homeDealerCode',
  ])
    expect(names.has(name)).toBe(true)
  for (const name of ['dealer', 'code', 'wheelerdealercode', 'trace', 'email'])
    expect(names.has(name)).toBe(false)
})

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
    'password=abc '.repeat(5000),
    '{"name":"pw"'.repeat(5000),
    '"name":"pw",'.repeat(5000),
    'a'.repeat(65_000),
    '%25%32'.repeat(10_000),
    Array.from({ length: 3000 }, (_, i) => `token=secret-number-${i}`).join('&'),
    `pw=${'a'.repeat(40)}b&x=${'a'.repeat(60_000)}`,
    Array.from({ length: 300 }, (_, i) => `pw=${'a'.repeat(i)}b`).join('&') + 'a'.repeat(15_000),
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
