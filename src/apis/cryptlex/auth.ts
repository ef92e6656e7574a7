import type * as Jose from 'jose'
import type { Call } from '../../core/call.ts'
import type { Tools } from '../../core/api.ts'
import { Problem } from '../../core/problem.ts'
import { fingerprint } from '../../core/secrets.ts'
import { fixturesIn, type Grant } from './fixtures.ts'
import { refusal, SCOPE } from './refusals.ts'

/**
 * The scopes that allow an operation; one is enough, the first is shown. The vendor's pages name
 * those of users, and `webhook:read` and `webhook:write`. Assumed: a scope for each change to a
 * webhook.
 */
export const SCOPES: Readonly<Record<string, readonly string[]>> = {
  createResellerUser: [SCOPE],
  listResellerUsers: ['reseller:user:read'],
  updateResellerUser: ['reseller:user:update'],
  deleteResellerUser: ['reseller:user:delete'],
  listWebhooks: ['webhook:read'],
  getWebhook: ['webhook:read'],
  listWebhookEventLogs: ['webhook:read'],
  createWebhook: ['webhook:write', 'webhook:create'],
  updateWebhook: ['webhook:write', 'webhook:update'],
  deleteWebhook: ['webhook:write', 'webhook:delete'],
}

const MAX_VERIFIED = 1000

/**
 * Checks the Bearer token (RFC 6750) of a request, which is a personal access token of the sandbox
 * or a JWT, and then its scope.
 *
 * The grant of an accepted token is cached, because verifying a token takes a hundred times longer
 * than the lookup. Its validity period is checked on each use.
 */
export async function authorize(call: Call, tools: Tools): Promise<void> {
  const token = bearer(call.headers.authorization)
  const { tokens, verified } = fixturesIn(tools)
  let grant = verified.get(token)
  if (!grant) {
    const known = tokens.get(fingerprint(token))
    if (known?.revoked) throw refusal('token.revoked')
    grant = known ?? (await verify(token, tools))
    if (verified.size >= MAX_VERIFIED) verified.clear()
    verified.set(token, grant)
  }
  const now = tools.clock.now()
  if (now >= grant.expires) throw refusal('token.expired')
  if (now < grant.notBefore) throw refusal('token.not-yet-valid')
  const allowing = SCOPES[call.operation!.id]! // every operation of the contract is there
  if (!allowing.some((scope) => grant.scopes.includes(scope))) throw refusal('scope.missing')
}

function bearer(header: string | undefined): string {
  if (header === undefined) throw refusal('token.missing')
  const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(header)?.[1]
  if (token === undefined) throw refusal('token.not-bearer')
  return token
}

/**
 * Verifies a JWT. HS256 is only checked with the secret, RS256 and ES256 only with a public key, so
 * that a token cannot choose to have a public key used as the secret.
 */
async function verify(token: string, tools: Tools): Promise<Grant> {
  const { signing } = fixturesIn(tools)
  const jose = await import('jose')
  let payload: Jose.JWTPayload
  try {
    const { alg } = jose.decodeProtectedHeader(token)
    payload = jose.decodeJwt(token)
    if (signing.verify !== false) {
      if (alg !== 'HS256' && alg !== 'RS256' && alg !== 'ES256') {
        throw refusal('token.algorithm')
      }
      await checkSignature(jose, token, alg, signing)
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    throw refusal('token.malformed')
  }
  return {
    scopes: scopesOf(payload),
    notBefore: claimTime(payload.nbf, -Infinity),
    expires: claimTime(payload.exp, Infinity),
  }
}

async function checkSignature(
  jose: typeof Jose,
  token: string,
  alg: 'HS256' | 'RS256' | 'ES256',
  { secret, keys }: { secret?: string; keys?: readonly { readonly kty: string }[] },
): Promise<void> {
  try {
    if (alg === 'HS256') {
      await jose.compactVerify(token, Buffer.from(secret ?? ''), { algorithms: ['HS256'] })
    } else {
      // Each key is tried, because a token need not name its key. RFC 7517 makes `kid` optional in
      // a key too, so a key without `kid` may be the one that the token names.
      const { kid } = jose.decodeProtectedHeader(token)
      const sets = (keys ?? []).map((key) =>
        jose.createLocalJWKSet({ keys: [kid === undefined ? key : { kid, ...key }] }),
      )
      await Promise.any(
        sets.map((set) => jose.compactVerify(token, set, { algorithms: ['RS256', 'ES256'] })),
      )
    }
  } catch {
    // jose also rejects with plain TypeErrors, so every rejection counts.
    throw refusal('token.signature')
  }
}

/**
 * Returns the scopes of a JWT, from the claims `scope` (RFC 8693), `scp` and `permissions` (used by
 * identity providers) and `scopes` (public: used by the vendor).
 */
export function scopesOf(claims: Readonly<Record<string, unknown>>): string[] {
  return [claims['scope'], claims['scopes'], claims['scp'], claims['permissions']]
    .flat()
    .flatMap((value) => (typeof value === 'string' ? value.split(' ') : []))
}

/**
 * Converts a time claim to milliseconds. Refuses a claim that is not a number: it would count as
 * neither expired nor too early.
 */
function claimTime(claim: unknown, otherwise: number): number {
  if (claim === undefined) return otherwise
  if (typeof claim !== 'number') throw refusal('token.malformed')
  return claim * 1000
}

/** The token in a request, unchecked. */
export function statedCredential(call: Call): string | undefined {
  return /^bearer +(\S+)/i.exec(call.headers.authorization ?? '')?.[1]
}
