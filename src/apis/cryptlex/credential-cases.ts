import { createPublicKey, type JsonWebKey } from 'node:crypto'
import type { CredentialCase, VendorFixtures } from '../../core/vendor.ts'
import type { Fixtures } from './contract.gen.ts'
import { SCOPE } from './refusals.ts'

const LONG_AGO = 1577836800 // 2020-01-01
const FAR_AHEAD = 4102444800 // 2100-01-01

/** One `Authorization` header for each result, with JWTs signed with the fixtures' secret. */
export async function credentialCases(fixtures: VendorFixtures): Promise<CredentialCase[]> {
  const { signing } = fixtures as Fixtures // checked against the fixtures' schema
  const secret = signing?.secret ?? ''
  const { mintToken } = await import('./mint-token.ts')
  const expiring = { scopes: [SCOPE], issuedAt: LONG_AGO }
  const lasting = { ...expiring, expires: FAR_AHEAD }
  // An attack: the server's public key used as the secret of HS256.
  const key = signing?.keys?.[0]
  const pem = key
    ? createPublicKey({ key: key as unknown as JsonWebKey, format: 'jwk' }).export({
        // the schema asks for `kty`
        type: 'spki',
        format: 'pem',
      })
    : secret.toUpperCase()
  const [header, , signature] = (await mintToken(lasting, secret)).split('.')
  const otherClaims = Buffer.from(JSON.stringify({ scope: 'everything', exp: FAR_AHEAD }))
  const forged = `${header}.${otherClaims.toString('base64url')}.${signature}`
  return [
    bearer('standin-token', 'standin-token'),
    bearer('a JWT until 2100', await mintToken(lasting, secret)),
    { title: 'no header', status: 401, reason: 'token.missing' },
    {
      title: 'not Bearer',
      authorization: 'standin-token',
      status: 401,
      reason: 'token.not-bearer',
    },
    bearer('not a JWT', 'not.a.token', 'token.malformed'),
    bearer(
      'expired JWT',
      await mintToken({ ...expiring, expires: LONG_AGO + 60 }, secret),
      'token.expired',
    ),
    bearer(
      'JWT not valid before 2100',
      await mintToken({ ...lasting, notBefore: FAR_AHEAD }, secret),
      'token.not-yet-valid',
    ),
    bearer(
      'alg: none',
      await mintToken({ ...lasting, algorithm: 'none' }, secret),
      'token.algorithm',
    ),
    bearer('public key as HS256 secret', await mintToken(lasting, String(pem)), 'token.signature'),
    bearer(
      'signed with another key',
      await mintToken(lasting, `another ${secret}`),
      'token.signature',
    ),
    bearer('claims changed after signing', forged, 'token.signature'),
    bearer(
      'JWT of another scope',
      await mintToken({ ...lasting, scopes: ['user:read'] }, secret),
      'scope.missing',
    ),
    bearer('token of another scope', 'standin-token-read-only', 'scope.missing'),
    bearer('expired token', 'standin-token-expired', 'token.expired'),
    bearer('revoked token', 'standin-token-revoked', 'token.revoked'),
  ]
}

function bearer(title: string, token: string, reason?: string): CredentialCase {
  return {
    title,
    authorization: `Bearer ${token}`,
    status: reason === undefined ? 201 : reason === 'scope.missing' ? 403 : 401,
    ...(reason === undefined ? {} : { reason }),
  }
}
