import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import {
  createFolder,
  createSandbox,
  CRYPTLEX,
  jsonFixture,
  type Settings,
  type TestSandbox,
} from '../../helpers/sandbox.ts'
import { said } from '../contract-documents.ts'

const SCOPE = 'reseller:user:create'
const FAR_AHEAD = 4102444800 // 2100-01-01
const SECRET = 'a secret of this test, of 32 bytes and more'

function create(sandbox: TestSandbox, token: string) {
  return request(sandbox.url)
    .post(CRYPTLEX)
    .set('Authorization', `Bearer ${token}`)
    .send(jsonFixture('cryptlex.json'))
}

async function refusalOf(sandbox: TestSandbox, token: string) {
  const { status, headers } = said(await create(sandbox, token))
  return [status, headers['standin-reason']]
}

async function keyPair(alg: 'RS256' | 'ES256', kid?: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), alg, ...(kid ? { kid } : {}) }
  const sign = (claims: JWTPayload) =>
    new SignJWT(claims).setProtectedHeader({ alg, ...(kid ? { kid } : {}) }).sign(privateKey)
  return { jwk, sign }
}

/** A JWKS file of the test's own. */
function withKeys(...keys: object[]): Settings {
  const jwks = join(createFolder(), 'jwks.json')
  writeFileSync(jwks, JSON.stringify({ keys }))
  return { jwks }
}

const shared = (claims: JWTPayload, secret = SECRET) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret))

describe.each(['RS256', 'ES256'] as const)('an %s token', (alg) => {
  test('is accepted when it is signed with a key of the JWKS', async () => {
    const { jwk, sign } = await keyPair(alg, 'one')
    const another = await keyPair(alg, 'two')
    const sandbox = await createSandbox(withKeys(another.jwk, jwk))
    await create(sandbox, await sign({ scope: SCOPE, exp: FAR_AHEAD })).expect(201)
  })

  test('is refused when it is signed with another key, with or without its key id', async () => {
    const { jwk } = await keyPair(alg, 'one')
    const sandbox = await createSandbox(withKeys(jwk))
    for (const kid of ['one', 'two', undefined]) {
      const { sign } = await keyPair(alg, kid)
      const token = await sign({ scope: SCOPE })
      expect(await refusalOf(sandbox, token)).toEqual([401, 'token.signature'])
    }
  })

  test('is refused when it is expired, and when it lacks the scope', async () => {
    const { jwk, sign } = await keyPair(alg)
    const sandbox = await createSandbox(withKeys(jwk))
    const old = await sign({ scope: SCOPE, exp: 1577836800 })
    expect(await refusalOf(sandbox, old)).toEqual([401, 'token.expired'])
    const other = await sign({ scope: 'reseller:user:read' })
    expect(await refusalOf(sandbox, other)).toEqual([403, 'scope.missing'])
  })
})

test('the public key of the JWKS is not accepted as the secret of HS256', async () => {
  const { jwk } = await keyPair('RS256')
  const sandbox = await createSandbox(withKeys(jwk))
  const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  const pem = key.export({ type: 'spki', format: 'pem' }).toString()
  for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.n!]) {
    const token = await shared({ scope: SCOPE }, secret)
    expect(await refusalOf(sandbox, token)).toEqual([401, 'token.signature'])
  }
})

describe('the scope is read', () => {
  const claims: readonly JWTPayload[] = [
    { scope: SCOPE },
    { scope: `a ${SCOPE} b` },
    { scp: SCOPE },
    { scp: ['a', SCOPE] },
    { permissions: [SCOPE] },
    { permissions: `a ${SCOPE}` },
    { scope: 'a', permissions: [SCOPE] },
  ]
  test.each(claims.map((claim) => [JSON.stringify(claim), claim] as const))(
    'in %s',
    async (_, claim) => {
      const sandbox = await createSandbox({ jwtSecret: SECRET })
      await create(sandbox, await shared(claim)).expect(201)
    },
  )

  const others: readonly JWTPayload[] = [
    {},
    { scope: '' },
    { scope: SCOPE.toUpperCase() },
    { scope: `${SCOPE}:all` },
    { scope: 'reseller:user' },
    { scope: { [SCOPE]: true } },
    { permissions: [[SCOPE]] },
  ]
  test.each(others.map((claim) => [JSON.stringify(claim), claim] as const))(
    'and not in %s',
    async (_, claim) => {
      const sandbox = await createSandbox({ jwtSecret: SECRET })
      expect(await refusalOf(sandbox, await shared(claim))).toEqual([403, 'scope.missing'])
    },
  )
})

describe('without jwtVerify', () => {
  const settings: Settings = { jwtVerify: false }

  test('tokens with any signature are accepted', async () => {
    const { sign } = await keyPair('ES256', 'unknown')
    const claims = { scope: SCOPE, exp: FAR_AHEAD, iss: 'https://elsewhere.test' }
    for (const token of [
      await sign(claims),
      await shared(claims, 'a secret that nobody here has ever heard of'),
      new UnsecuredJWT(claims).encode(),
      `${await shared(claims)}x`,
    ]) {
      await create(await createSandbox(settings), token).expect(201)
      expect(await refusalOf(await createSandbox(), token)).toEqual([
        401,
        expect.stringMatching(/^token\.(signature|algorithm)$/),
      ])
    }
  })

  test('times and scope are still checked', async () => {
    const sandbox = await createSandbox(settings)
    const expired = await shared({ scope: SCOPE, exp: 1577836800 })
    const early = await shared({ scope: SCOPE, nbf: FAR_AHEAD })
    expect(await refusalOf(sandbox, expired)).toEqual([401, 'token.expired'])
    expect(await refusalOf(sandbox, early)).toEqual([401, 'token.not-yet-valid'])
    expect(await refusalOf(sandbox, await shared({}))).toEqual([403, 'scope.missing'])
  })

  test('text that is not a JWT is still refused', async () => {
    const sandbox = await createSandbox(settings)
    for (const token of ['opaque', 'a.b', 'a.b.c', 'e30.e30.']) {
      const [status] = await refusalOf(sandbox, token)
      expect(status === 401 || (status === 403 && token === 'e30.e30.')).toBe(true)
    }
  })
})

test("a token's times are checked against the sandbox's clock", async () => {
  const noon = Date.UTC(2020, 0, 1, 12)
  const token = await shared({ scope: SCOPE, nbf: noon / 1000, exp: noon / 1000 + 60 })
  const at = (clock: number) => createSandbox({ jwtSecret: SECRET, clock })
  expect(await refusalOf(await at(noon - 1), token)).toEqual([401, 'token.not-yet-valid'])
  await create(await at(noon), token).expect(201)
  await create(await at(noon + 59_999), token).expect(201)
  expect(await refusalOf(await at(noon + 60_000), token)).toEqual([401, 'token.expired'])
  expect(await refusalOf(await createSandbox({ jwtSecret: SECRET }), token)).toEqual([
    401,
    'token.expired',
  ])
})

test.each([
  ['text', 'never'],
  ['a text of digits', '4102444800'],
  ['null', null],
])('a token whose exp is %s is refused instead of valid forever', async (_, exp) => {
  for (const settings of [{ jwtSecret: SECRET }, { jwtVerify: false }]) {
    const sandbox = await createSandbox(settings)
    const payload = { scope: SCOPE, exp } as unknown as JWTPayload
    const token = await shared(payload)
    // Sent twice, because an accepted token is cached.
    expect(await refusalOf(sandbox, token)).toEqual([401, 'token.malformed'])
    expect(await refusalOf(sandbox, token)).toEqual([401, 'token.malformed'])
  }
})

test('an accepted token is accepted again, and a refused one is refused again', async () => {
  const sandbox = await createSandbox({ jwtSecret: SECRET })
  const token = await shared({ scope: SCOPE })
  await create(sandbox, token).expect(201)
  await create(sandbox, token).expect(409)
  const forged = `${token.slice(0, -4)}AAAA`
  expect(await refusalOf(sandbox, forged)).toEqual([401, 'token.signature'])
  expect(await refusalOf(sandbox, forged)).toEqual([401, 'token.signature'])
})

test('jwtSecret replaces the secret of the fixtures', async () => {
  const sandbox = await createSandbox({ jwtSecret: SECRET })
  const old = await shared({ scope: SCOPE }, 'standin-signing-secret-for-local-use-only')
  expect(await refusalOf(sandbox, old)).toEqual([401, 'token.signature'])
  await create(await createSandbox(), old).expect(201)
})

test.each(['Bearer', 'bearer', 'BEARER'])('the scheme is read as %s', async (scheme) => {
  const sandbox = await createSandbox()
  await request(sandbox.url)
    .post(CRYPTLEX)
    .set('Authorization', `${scheme} standin-token`)
    .send(jsonFixture('cryptlex.json'))
    .expect(201)
})

describe('a key without kid', () => {
  /** A token that names this key, or none. */
  async function withoutKid(alg: 'RS256' | 'ES256') {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    const sign = (kid?: string) =>
      new SignJWT({ scope: SCOPE })
        .setProtectedHeader({ alg, ...(kid ? { kid } : {}) })
        .sign(privateKey)
    return { jwk: await exportJWK(publicKey), sign }
  }

  test.each(['RS256', 'ES256'] as const)('verifies a %s token that names a key', async (alg) => {
    const { jwk, sign } = await withoutKid(alg)
    const named = await keyPair(alg, 'k1')
    const sandbox = await createSandbox(withKeys(named.jwk, jwk))
    for (const kid of ['k1', 'k2', undefined]) {
      expect(await refusalOf(sandbox, await sign(kid))).not.toEqual([401, 'token.signature'])
    }
    const other = await withoutKid(alg)
    expect(await refusalOf(sandbox, await other.sign('k2'))).toEqual([401, 'token.signature'])
  })

  test('is named by a hint where all keys have another kid', async () => {
    const { jwk, sign } = await withoutKid('ES256')
    const sandbox = await createSandbox(withKeys({ ...jwk, kid: 'of-the-set' }))
    const { headers } = said(
      await create(sandbox, await sign('of-the-token'))
        .set('Standin-Explain', '1')
        .expect(401),
    )
    expect(headers['standin-hint']).toMatch(/it is of-the-token.*kid of-the-set.*token.unknown-key/)
  })
})
