import { createPublicKey, type JsonWebKey } from 'node:crypto'
import type { Fixtures as CryptlexFixtures } from './cryptlex/fixtures.ts'
import { mintToken } from './cryptlex/token.ts'

/** A credential that a client can send on purpose, and what comes of it. */
export interface CredentialCase {
  readonly api: 'mykaarma' | 'cryptlex' | 'formsonfire'
  readonly title: string
  /** What goes into the `Authorization` header, or into the body. */
  readonly authorization?: string
  readonly body?: Readonly<Record<string, string | number>>
  readonly status: number
  /** The header `Standin-Reason`; none where the credential is good. */
  readonly reason?: string
}

const LONG_AGO = 1577836800 // 2020-01-01
const FAR_AHEAD = 4102444800 // 2100-01-01

/**
 * Every case that a check of credentials tells apart, with the package's fixtures. The command
 * `standin credentials` prints it and the tests send it.
 */
export async function credentialCases(cryptlex: CryptlexFixtures): Promise<CredentialCase[]> {
  return [...basicCases(), ...(await tokenCases(cryptlex)), ...keyCases()]
}

function basicCases(): CredentialCase[] {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  const refused = (title: string, reason: string, authorization?: string): CredentialCase => ({
    api: 'mykaarma',
    title,
    ...(authorization === undefined ? {} : { authorization }),
    status: reason === 'scope.missing' ? 403 : 401,
    reason,
  })
  const good = { api: 'mykaarma', status: 200 } as const
  return [
    { ...good, title: 'partner:partner-secret', authorization: basic('partner:partner-secret') },
    { ...good, title: 'colon:pass:with:colons', authorization: basic('colon:pass:with:colons') },
    refused('no header', 'credentials.missing'),
    refused('not Basic', 'credentials.not-basic', 'Bearer abc'),
    refused('not base64', 'credentials.malformed', 'Basic p@rtner'),
    refused('no colon', 'credentials.no-colon', basic('partner')),
    refused('unknown user', 'credentials.unknown-user', basic('nobody:partner-secret')),
    refused('wrong password', 'credentials.wrong-password', basic('partner:wrong')),
    refused('disabled subscriber', 'subscriber.disabled', basic('disabled:disabled-secret')),
    refused('no manage.user.write', 'scope.missing', basic('reader:reader-secret')),
  ]
}

async function tokenCases({ signing }: CryptlexFixtures): Promise<CredentialCase[]> {
  const secret = signing?.secret ?? ''
  const request = { scopes: ['reseller:user:create'], issuedAt: LONG_AGO }
  const lasting = { ...request, expires: FAR_AHEAD }
  const bearer = (title: string, token: string, reason?: string): CredentialCase => ({
    api: 'cryptlex',
    title,
    authorization: `Bearer ${token}`,
    status: reason === undefined ? 201 : reason === 'scope.missing' ? 403 : 401,
    ...(reason === undefined ? {} : { reason }),
  })
  // The server's public key, misused as the secret of HS256.
  const key = signing?.keys?.[0]
  const pem = key
    ? createPublicKey({ key: key as JsonWebKey, format: 'jwk' }).export({
        type: 'spki',
        format: 'pem',
      })
    : secret.toUpperCase()
  const [head, , signature] = (await mintToken(lasting, secret)).split('.')
  const other = Buffer.from(JSON.stringify({ scope: 'everything', exp: FAR_AHEAD }))
  const forged = `${head}.${other.toString('base64url')}.${signature}`
  return [
    bearer('standin-token', 'standin-token'),
    bearer('a JWT until 2100', await mintToken(lasting, secret)),
    { api: 'cryptlex', title: 'no header', status: 401, reason: 'token.missing' },
    {
      api: 'cryptlex',
      title: 'not Bearer',
      authorization: 'standin-token',
      status: 401,
      reason: 'token.not-bearer',
    },
    bearer('not a JWT', 'not.a.token', 'token.malformed'),
    bearer(
      'expired JWT',
      await mintToken({ ...request, expires: LONG_AGO + 60 }, secret),
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

function keyCases(): CredentialCase[] {
  const KEY = '0123456789abcdef0123456789abcdef'
  const keys = (
    title: string,
    body: Readonly<Record<string, string | number>>,
    reason?: string,
  ): CredentialCase => ({
    api: 'formsonfire',
    title,
    body,
    status: reason === undefined ? 200 : reason === 'key.limited' ? 403 : 401,
    ...(reason === undefined ? {} : { reason }),
  })
  return [
    keys('company and key', { CompanyId: 1815, IntegrationKey: KEY }),
    keys('neither', {}, 'credentials.missing'),
    keys('no key', { CompanyId: 1815 }, 'credentials.missing'),
    keys('no company', { IntegrationKey: KEY }, 'credentials.missing'),
    keys('unknown company', { CompanyId: 9999, IntegrationKey: KEY }, 'company.unknown'),
    keys('wrong key', { CompanyId: 1815, IntegrationKey: KEY.toUpperCase() }, 'key.wrong'),
    keys(
      'key of another company',
      { CompanyId: 1843, IntegrationKey: KEY },
      'key.of-another-company',
    ),
    keys(
      'key without full access',
      { CompanyId: 1815, IntegrationKey: '0123456789abcdef0123456789abcd01' },
      'key.limited',
    ),
  ]
}
