import { createHash, createHmac } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { Webhook as Official } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { describe, expect, test } from 'vitest'
import { standardSecret } from '../../../src/core/webhooks/hmac.ts'
import {
  verifyWebhook,
  type SignatureResult,
  type WebhookBody,
} from '../../../src/core/webhooks/signature-check.ts'
import {
  sign,
  signatureHeaders,
  signStandard,
  type Scheme,
} from '../../../src/core/webhooks/signature.ts'

const TOKEN = 'sandbox-webhook-token'
const TEXT =
  '{"event":"reseller.user.created","data":{"id":"7b0c9c1e-52d4-4b53-9a0e-0f6f1d7a2c11","email":"ada@example.test"},"triggeredAt":"2026-01-15T09:30:00.1234567Z"}'
const BODY = Buffer.from(TEXT)
/** From a published test vector. */
const SIGNATURE = 'vQtO3xh1D8JxDJLJk7XlTRkOGNOwN28LQpDdRdwOLTM='

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OLD_SECRET = `whsec_${Buffer.from('an older secret of 32 bytes, ok?').toString('base64')}`
const seconds = () => Math.floor(Date.now() / 1000)

const object = (headers: readonly (readonly [string, string])[]) => Object.fromEntries(headers)

const standard = (more: Partial<Parameters<typeof signStandard>[0]> = {}) =>
  object(
    signStandard({ id: 'msg_1', timestamp: seconds(), body: BODY, secrets: [SECRET], ...more }),
  )

/** Verifiers that other people use. */
const OFFICIAL = [
  ['standardwebhooks', (secret: string) => new Official(secret)],
  ['svix', (secret: string) => new Svix(secret)],
] as const

const whereFailed = ({ steps }: SignatureResult) => steps.find(({ passed }) => !passed)?.text ?? ''

describe('the plain scheme', () => {
  test('signs the published test vector', () => {
    expect(BODY).toHaveLength(158)
    expect(sign(TOKEN, BODY)).toBe(SIGNATURE)
    expect(sign('schlüssel', BODY)).toBe(
      createHmac('sha256', Buffer.from('schlüssel', 'utf8')).update(BODY).digest('base64'),
    )
  })

  test('is verified step by step', () => {
    expect(verifyWebhook(BODY, { 'Webhook-Signature': SIGNATURE }, TOKEN)).toEqual({
      verified: true,
      scheme: 'plain',
      steps: [
        { step: 'header', passed: true, text: 'webhook-signature is present' },
        { step: 'form', passed: true, text: 'The signature is written in Base64' },
        { step: 'decode', passed: true, text: 'The signature decodes' },
        { step: 'length', passed: true, text: 'The signature is 32 bytes long, as HMAC-SHA256 is' },
        {
          step: 'secret',
          passed: true,
          text: 'The secret is usable: its UTF-8 bytes are the key',
        },
        { step: 'signature', passed: true, text: 'The signature matches the body of 158 bytes' },
      ],
    })
  })

  test.each([
    ['an object in lower case', { 'webhook-signature': SIGNATURE }],
    ['an object in upper case', { 'WEBHOOK-SIGNATURE': SIGNATURE }],
    ['lists, as in Node’s headersDistinct', { 'webhook-signature': [SIGNATURE] }],
    ['Headers', new Headers({ 'Webhook-Signature': SIGNATURE })],
  ])('finds the header in %s', (_title, headers) => {
    expect(verifyWebhook(BODY, headers, TOKEN).verified).toBe(true)
    expect(verifyWebhook(TEXT, headers, TOKEN).verified).toBe(true)
    expect(verifyWebhook(new Uint8Array(BODY), headers, TOKEN).verified).toBe(true)
  })

  test('can use a header of another name', () => {
    const headers = { 'X-Signature': SIGNATURE, 'webhook-id': 'msg_1' }
    expect(verifyWebhook(BODY, headers, TOKEN, { header: 'X-Signature' }).verified).toBe(true)
    expect(verifyWebhook(BODY, headers, TOKEN).failedAt).toBe('header')
  })

  const base64url = SIGNATURE.replaceAll('+', '-').replaceAll('/', '_')
  const hash = (name: string) => createHash(name).update(BODY).digest('base64')
  const hex = Buffer.from(SIGNATURE, 'base64').toString('hex')

  test.each([
    ['header', {}, /header webhook-signature is missing$/],
    ['header', { 'webhook-signature': '' }, /is missing$/],
    ['header', { 'x-webhook-signature': SIGNATURE }, /has x-webhook-signature instead/],
    ['header', { webhook_signature: SIGNATURE }, /has webhook_signature instead/],
    ['form', { 'webhook-signature': hex }, /64 hexadecimal digits/],
    ['form', { 'webhook-signature': `sha256=${hex}` }, /begins with sha256=/],
    ['form', { 'webhook-signature': ` ${SIGNATURE}` }, /white space/],
    ['form', { 'webhook-signature': `"${SIGNATURE}"` }, /quotes/],
    ['form', { 'webhook-signature': [SIGNATURE, SIGNATURE] }, /sent twice/],
    ['form', { 'webhook-signature': `-_${base64url.slice(2)}` }, /base64url/],
    ['form', { 'webhook-signature': 'a*b=' }, /it has "\*" at 1/],
    ['decode', { 'webhook-signature': SIGNATURE.slice(0, -1) }, /the = at its end are missing/],
    ['decode', { 'webhook-signature': SIGNATURE.slice(0, -3) }, /truncated/],
    ['decode', { 'webhook-signature': `=${SIGNATURE}` }, /= inside/],
    ['length', { 'webhook-signature': SIGNATURE.slice(0, 40) }, /is 30 bytes; HMAC-SHA256 is 32/],
    ['length', { 'webhook-signature': hash('sha1') }, /20 bytes, as SHA-1 is/],
    ['length', { 'webhook-signature': hash('sha512') }, /64 bytes, as SHA-512 is/],
    [
      'signature',
      { 'webhook-signature': hash('sha256') },
      /does not match this body \(158 bytes\)/,
    ],
  ])('fails at the %s of %j', (step, headers, text) => {
    const verdict = verifyWebhook(BODY, headers, TOKEN)
    expect(verdict).toMatchObject({ verified: false, scheme: 'plain', failedAt: step })
    expect(whereFailed(verdict)).toMatch(text)
    expect(verdict.steps.slice(0, -1).every(({ passed }) => passed)).toBe(true)
    expect(verdict.steps.at(-1)?.step).toBe(step)
  })

  test('fails without a secret', () => {
    expect(verifyWebhook(BODY, { 'webhook-signature': SIGNATURE }, '').failedAt).toBe('secret')
  })

  test('a changed body is reported as a mismatch', () => {
    const changed = TEXT.replace('ada@', 'eve@')
    const verdict = verifyWebhook(changed, { 'webhook-signature': SIGNATURE }, TOKEN)
    expect(verdict.failedAt).toBe('signature')
    expect(whereFailed(verdict)).toBe(
      'The signature does not match this body (158 bytes) with this secret: the secret or the body differs from what was signed',
    )
  })

  test('the result never shows the secret', () => {
    const verdict = verifyWebhook(TEXT, { 'webhook-signature': sign('another', BODY) }, TOKEN)
    expect(JSON.stringify(verdict)).not.toContain(TOKEN)
  })
})

describe('a mismatch is explained', () => {
  const WIDE = '{"z":"<Ünïcode/path> \u2028","a":[1,{"b":null}],"ok":true,"n":{},"l":[]}'

  const explain = (signed: string | Uint8Array, arrived: string | Uint8Array, secret = TOKEN) => {
    const bytes = typeof signed === 'string' ? Buffer.from(signed) : signed
    const verdict = verifyWebhook(arrived, { 'webhook-signature': sign(TOKEN, bytes) }, secret)
    expect(verdict.failedAt).toBe('signature')
    return whereFailed(verdict)
  }

  const python =
    '{"z": "<\\u00dcn\\u00efcode/path> \\u2028", "a": [1, {"b": null}], "ok": true, "n": {}, "l": []}'

  test.each([
    ['compact', WIDE, JSON.stringify(JSON.parse(WIDE), null, 2)],
    ['indented by 2', JSON.stringify(JSON.parse(WIDE), null, 2), WIDE],
    ['indented by 4', JSON.stringify(JSON.parse(WIDE), null, 4), WIDE],
    ['indented by tabs', JSON.stringify(JSON.parse(WIDE), null, '\t'), WIDE],
    ["Python's", python, WIDE],
    ["Python's, with keys in order", '{"a": 1, "b": 2}', '{"b":2,"a":1}'],
    ["PHP's", '{"u":"a\\/b"}', '{"u":"a/b"}'],
    ["Go's", '{"u":"\\u003cb\\u003e"}', '{"u":"<b>"}'],
    ['with keys in order', '{"a":{"c":1,"d":2},"b":[]}', '{"b":[],"a":{"d":2,"c":1}}'],
  ])('by other formatting of the same JSON: %s', (_title, signed, arrived) => {
    expect(explain(signed, arrived)).toMatch(/parsed and serialized again/)
  })

  test.each([
    [`${TEXT}\n`, TEXT, /newline at the end of the body was removed/],
    [`${TEXT}\r\n`, TEXT, /newline at the end of the body was removed/],
    [TEXT, `${TEXT}\n`, /white space.* was added at the end/],
    ['{\n}', '{\r\n}', /from LF to CR LF/],
    ['{\r\n}', '{\n}', /from CR LF to LF/],
    [TEXT, `\uFEFF${TEXT}`, /byte order mark/],
    [WIDE, Buffer.from(WIDE).toString('latin1'), /Latin-1/],
    [TEXT, gzipSync(TEXT), /covers the uncompressed body/],
    [TEXT, '', /body is empty/],
  ])('by a change of the body', (signed, arrived, hint) => {
    expect(explain(signed, arrived)).toMatch(hint)
  })

  test.each([
    [`${TOKEN}\n`, /white space around it/],
    [`  ${TOKEN}`, /white space around it/],
    [`"${TOKEN}"`, /quotes around it/],
  ])('by the secret %j', (secret, hint) => {
    expect(explain(TEXT, TEXT, secret)).toMatch(hint)
  })

  test('by another reading of the secret', () => {
    const hex = '00112233445566778899aabbccddeeff'
    const signed = (key: Uint8Array | string) => ({
      'webhook-signature': createHmac('sha256', key).update(TEXT).digest('base64'),
    })
    const text = (headers: object, secret: string) =>
      whereFailed(verifyWebhook(TEXT, { ...headers }, secret))
    expect(text(signed(`${TOKEN}\n`), TOKEN)).toMatch(/signs with a newline/)
    expect(text(signed(Buffer.from(hex, 'hex')), hex)).toMatch(/hexadecimal/)
    expect(text(signed(Buffer.from(SECRET.slice(6), 'base64')), SECRET)).toMatch(
      /decodes the secret from Base64/,
    )
    expect(text(signed(SECRET.slice(6)), SECRET)).toMatch(/text after whsec_ as the key/)
  })

  test('by another scheme', () => {
    const explained = (signed: Uint8Array) =>
      whereFailed(
        verifyWebhook(
          TEXT,
          { ...standard(), 'webhook-signature': `v1,${Buffer.from(signed).toString('base64')}` },
          SECRET,
        ),
      )
    const key = Buffer.from(SECRET.slice(6), 'base64')
    expect(explained(createHmac('sha256', key).update(TEXT).digest())).toMatch(
      /body alone, without the id/,
    )
    expect(explained(createHmac('sha256', SECRET).update(TEXT).digest())).toMatch(
      /body alone, with the text of the secret/,
    )
  })

  test('but not for a large body', () => {
    const large = `{"x":"${'x'.repeat(1024 * 1024)}"}`
    expect(explain(`${large}\n`, large)).toMatch(/with this secret$/)
  })

  test('and a decompression bomb is not decompressed', () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024))
    expect(explain('x', bomb)).toMatch(
      /with this secret: the secret or the body differs from what was signed$/,
    )
  })
})

describe('Standard Webhooks', () => {
  test('signs with three headers', () => {
    const headers = signStandard({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1614265330,
      body: Buffer.from('{"test": 2432232314}'),
      secrets: [SECRET],
    })
    // Test vector of the reference implementation.
    expect(headers).toEqual([
      ['webhook-id', 'msg_p5jXN8AQM9LWM0D4loKWxJek'],
      ['webhook-timestamp', '1614265330'],
      ['webhook-signature', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
    ])
  })

  test('refuses a secret that is not Base64', () => {
    expect(() => standard({ secrets: ['whsec_not base64'] })).toThrow(/must be Base64/)
    expect(() => standard({ secrets: ['whsec_'] })).toThrow(/must be Base64/)
  })

  test('converts any token to a secret, and leaves a secret unchanged', () => {
    expect(standardSecret(TOKEN)).toBe(`whsec_${Buffer.from(TOKEN).toString('base64')}`)
    expect(standardSecret(SECRET)).toBe(SECRET)
    expect(standardSecret('whsec_no base64')).toMatch(/^whsec_d2hzZWNf/)
  })

  describe.each(OFFICIAL)('%s', (_name, verifier) => {
    test('accepts a valid signature, with the secret in any spelling', () => {
      const parsed = JSON.parse(TEXT) as unknown
      expect(verifier(SECRET).verify(TEXT, standard())).toEqual(parsed)
      expect(verifier(SECRET).verify(BODY, standard())).toEqual(parsed)
      expect(verifier(SECRET).verify(TEXT, standard({ secrets: [SECRET.slice(6)] }))).toEqual(
        parsed,
      )
      expect(verifier(SECRET.slice(6)).verify(TEXT, standard())).toEqual(parsed)
    })

    test('accepts both secrets during a rotation', () => {
      const headers = standard({ secrets: [SECRET, OLD_SECRET] })
      expect(headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)
      for (const secret of [SECRET, OLD_SECRET]) {
        expect(verifier(secret).verify(TEXT, headers)).toBeDefined()
        expect(verifyWebhook(TEXT, headers, secret).verified).toBe(true)
      }
      expect(() => verifier(SECRET).verify(TEXT, standard({ secrets: [OLD_SECRET] }))).toThrow(
        /No matching signature/,
      )
    })

    test('accepts a token that is not Base64, converted by standardSecret', () => {
      const headers = object(
        signatureHeaders({
          scheme: 'standard',
          header: 'Webhook-Signature',
          tokens: [TOKEN],
          id: 'msg_1',
          timestamp: seconds(),
          body: BODY,
        }),
      )
      expect(verifier(standardSecret(TOKEN)).verify(TEXT, headers)).toBeDefined()
    })

    test.each([
      ['a changed body', { body: Buffer.from(TEXT.replace('ada', 'eve')) }, 'signature'],
      [
        'a reserialised body',
        { body: Buffer.from(JSON.stringify(JSON.parse(TEXT), null, 2)) },
        'signature',
      ],
      ['another secret', { secrets: [OLD_SECRET] }, 'signature'],
      ['a stale timestamp', { timestamp: seconds() - 302 }, 'timestamp'],
      ['a timestamp in the future', { timestamp: seconds() + 360 }, 'timestamp'],
    ])('rejects %s, as verifyWebhook does', (_title, more, step) => {
      const headers = standard(more)
      expect(() => verifier(SECRET).verify(TEXT, headers)).toThrow(/timestamp|signature/)
      expect(verifyWebhook(TEXT, headers, SECRET)).toMatchObject({
        verified: false,
        scheme: 'standard',
        failedAt: step,
      })
    })

    test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
      'rejects a missing and a changed %s',
      (name) => {
        const { [name]: _gone, ...without } = standard()
        expect(() => verifier(SECRET).verify(TEXT, without)).toThrow(/Missing required headers/)
        const other = { ...standard(), [name]: name === 'webhook-timestamp' ? '1' : 'msg_2' }
        expect(() => verifier(SECRET).verify(TEXT, other)).toThrow(/signature|timestamp/)
      },
    )
  })

  test('is verified step by step', () => {
    const verdict = verifyWebhook(BODY, new Headers(standard()), SECRET)
    expect(verdict).toMatchObject({ verified: true, scheme: 'standard' })
    expect(verdict.steps.map(({ step }) => step)).toEqual([
      'header',
      'form',
      'decode',
      'length',
      'timestamp',
      'secret',
      'signature',
    ])
    expect(verdict.steps.at(-1)?.text).toBe(
      'The signature matches the id, the timestamp and the body of 158 bytes',
    )
  })

  const now = Date.UTC(2026, 0, 15, 9, 30)
  const at = (timestamp: number | string) => ({
    ...standard({ timestamp: now / 1000 }),
    'webhook-timestamp': String(timestamp),
  })

  test.each([
    ['header', { 'webhook-id': '' }, /header webhook-id is missing/],
    ['header', { 'webhook-timestamp': undefined }, /header webhook-timestamp is missing/],
    ['form', { 'webhook-signature': 'v2,abc= v1a,def=' }, /holds no v1 signature/],
    ['form', { 'webhook-signature': SIGNATURE }, /holds no v1 signature/],
    ['form', { 'webhook-signature': 'v1,' }, /holds no v1 signature/],
    ['form', { 'webhook-signature': 'v1,a-b_' }, /base64url/],
    ['decode', { 'webhook-signature': 'v1,abc' }, /are missing/],
    ['length', { 'webhook-signature': 'v1,abcd' }, /is 3 bytes/],
    ['timestamp', at('soon'), /must be seconds/],
    ['timestamp', at(now), /is in milliseconds/],
    ['timestamp', at(now / 1000 - 301), /301 s old; at most 300 s are allowed/],
    ['timestamp', at(now / 1000 + 301), /301 s ahead of the clock; at most 300 s/],
    ['signature', at(now / 1000 - 300), /does not match this body/],
    ['signature', at(now / 1000 + 300), /does not match this body/],
    ['signature', { 'webhook-id': 'msg_2' }, /does not match this body/],
  ])('fails at the %s of %j', (step, headers, text) => {
    const all = { ...standard({ timestamp: now / 1000 }), ...headers }
    const verdict = verifyWebhook(BODY, all, SECRET, { now })
    expect(verdict).toMatchObject({ verified: false, scheme: 'standard', failedAt: step })
    expect(whereFailed(verdict)).toMatch(text)
  })

  test('the tolerance can be set', () => {
    const headers = standard({ timestamp: now / 1000 - 1000 })
    const options = { now, toleranceSeconds: 1000 }
    expect(verifyWebhook(BODY, headers, SECRET, options).verified).toBe(true)
    expect(
      verifyWebhook(BODY, headers, SECRET, { ...options, toleranceSeconds: 999 }),
    ).toMatchObject({ failedAt: 'timestamp' })
  })

  test('any token verifies its own signature, as Base64 or as text', () => {
    for (const token of [TOKEN, 'abcdabcd', 'whsec_no base64']) {
      const headers = standard({ secrets: [standardSecret(token)] })
      expect(verifyWebhook(BODY, headers, token).verified).toBe(true)
      expect(verifyWebhook(BODY, headers, standardSecret(token)).verified).toBe(true)
    }
    expect(verifyWebhook(BODY, standard(), '').failedAt).toBe('secret')
  })
})

describe('the scheme of a subscription', () => {
  const signed = (scheme: Scheme, tokens: readonly string[] = [TOKEN]) =>
    signatureHeaders({
      scheme,
      header: 'Webhook-Signature',
      tokens,
      id: 'msg_1',
      timestamp: seconds(),
      body: BODY,
    })

  test('plain is one header in its own case, signed with the newest token', () => {
    expect(signed('plain')).toEqual([['Webhook-Signature', SIGNATURE]])
    expect(signed('plain', [TOKEN, 'older'])).toEqual([['Webhook-Signature', SIGNATURE]])
  })

  test('standard signs with every token', () => {
    const headers = object(signed('standard', [TOKEN, 'older']))
    for (const token of [TOKEN, 'older']) {
      expect(new Official(standardSecret(token)).verify(TEXT, headers)).toBeDefined()
    }
  })

  test('both leaves the plain header unchanged, for receivers that compare its whole value', () => {
    const headers = new Headers(signed('both') as [string, string][])
    expect(headers.get('webhook-signature')).toBe(SIGNATURE)
    expect(verifyWebhook(BODY, headers, TOKEN)).toMatchObject({ verified: true, scheme: 'plain' })
  })

  test('both is accepted by svix unchanged, and by standardwebhooks under its names', () => {
    const secret = standardSecret(TOKEN)
    const headers = object(signed('both'))
    expect(new Svix(secret).verify(TEXT, headers)).toBeDefined()
    expect(() => new Svix(secret).verify(`${TEXT} `, headers)).toThrow(/No matching signature/)
    const renamed = object(
      signed('both')
        .filter(([name]) => name.startsWith('svix-'))
        .map(([name, value]) => [name.replace('svix-', 'webhook-'), value] as const),
    )
    expect(new Official(secret).verify(TEXT, renamed)).toBeDefined()
    expect(verifyWebhook(BODY, headers, secret, { scheme: 'standard' })).toMatchObject({
      verified: true,
      scheme: 'standard',
    })
  })

  test('no two headers share a name', () => {
    for (const scheme of ['plain', 'standard', 'both'] as const) {
      const names = signed(scheme).map(([name]) => name.toLowerCase())
      expect(new Set(names).size).toBe(names.length)
    }
  })
})

describe('the body as a framework hands it over', () => {
  const text = '{"event":"reseller.user.created","name":"Ōe"}'
  const raw = Buffer.from(text)
  const bytes = new Uint8Array(raw)
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  const offset = new Uint8Array([0, 0, ...bytes, 0])
  const headers = {
    'webhook-signature': createHmac('sha256', 'a-secret').update(raw).digest('base64'),
  }

  test.each([
    ['text', text],
    ['a Buffer', raw],
    ['a Uint8Array', bytes],
    ['a part of a Uint8Array', offset.subarray(2, -1)],
    ['an Int8Array', new Int8Array(bytes)],
    ['a DataView', new DataView(offset.buffer, 2, bytes.length)],
    ['an ArrayBuffer', bytes.buffer],
    ['an ArrayBuffer of another realm', runInNewContext('new Uint8Array(a).buffer', { a: bytes })],
    ['a SharedArrayBuffer', shared.buffer],
  ])('verifies as %s', (_, body) => {
    expect(verifyWebhook(body as WebhookBody, headers, 'a-secret')).toMatchObject({
      verified: true,
    })
  })

  test.each([
    ['an object', JSON.parse(text), /^The body was parsed already \(Object\).*raw body/],
    ['a list', [], /^The body was parsed already \(Array\).*raw body/],
    ['a Buffer in JSON', raw.toJSON(), /^The body was parsed already.*raw body/],
    ['a number', 1, /^The body was parsed already \(Number\).*raw body/],
    ['nothing', undefined, /^There is no body \(Undefined\).*raw body/],
    ['null', null, /^There is no body \(Null\).*raw body/],
    ['a Blob', new Blob([text]), /^The body is a Blob, which has to be read first.*raw body/],
    ['a promise', Promise.resolve(text), /^The body is a Promise.*read first.*raw body/],
  ])('is explained as %s', (_, body, message) => {
    for (const scheme of ['plain', 'standard'] as const) {
      const verdict = verifyWebhook(body as WebhookBody, headers, 'a-secret', { scheme })
      expect(verdict).toMatchObject({ verified: false, failedAt: 'body' })
      expect(verdict.steps).toEqual([
        { step: 'body', passed: false, text: expect.stringMatching(message) as string },
      ])
    }
  })
})
