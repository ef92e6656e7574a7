import type * as Jose from 'jose'
import type { Call } from '../../core/call.ts'
import type { Tools } from '../../core/api.ts'
import { Problem } from '../../core/problem.ts'
import { fingerprint } from '../../core/secrets.ts'
import { knownOf, type Grant } from './fixtures.ts'
import { refusal, SCOPE } from './refusals.ts'

/**
 * Which scopes allow an operation; one is enough. The vendor's page names the first line's. Public:
 * `webhook:read` and `webhook:write`; assumed: that newer tokens name what they may do to one.
 */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  createResellerUser: [SCOPE],
  listWebhooks: ['webhook:read'],
  getWebhook: ['webhook:read'],
  listWebhookEventLogs: ['webhook:read'],
  createWebhook: ['webhook:create', 'webhook:write'],
  updateWebhook: ['webhook:update', 'webhook:write'],
  deleteWebhook: ['webhook:delete', 'webhook:write'],
}

const MOST_REMEMBERED = 1000

/**
 * A Bearer token (RFC 6750): one of the sandbox's personal access tokens or a JWT, then the scope.
 *
 * A token that was good once is remembered, and its times are looked at again on each use:
 * verifying costs a hundred times what looking it up does.
 */
export async function authorize(call: Call, tools: Tools): Promise<void> {
  const token = bearer(call.headers.authorization)
  const { tokens, verified } = knownOf(tools)
  let grant = verified.get(token)
  if (!grant) {
    const known = tokens.get(fingerprint(token))
    if (known?.revoked) throw refusal('token.revoked')
    grant = known ?? (await verify(token, tools))
    if (verified.size >= MOST_REMEMBERED) verified.clear()
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
 * The signature decides with which key, never the token alone: HS256 is only ever checked with
 * the secret and RS256 or ES256 only with a public key, so that a public key cannot serve as secret.
 */
async function verify(token: string, tools: Tools): Promise<Grant> {
  const { signing } = knownOf(tools)
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
    notBefore: seconds(payload.nbf, -Infinity),
    expires: seconds(payload.exp, Infinity),
  }
}

async function checkSignature(
  jose: typeof Jose,
  token: string,
  alg: 'HS256' | 'RS256' | 'ES256',
  { secret, keys }: { secret?: string; keys?: readonly object[] },
): Promise<void> {
  try {
    if (alg === 'HS256') {
      await jose.compactVerify(token, Buffer.from(secret ?? ''), { algorithms: ['HS256'] })
    } else {
      // Key by key: a token need not say which one it was signed with.
      const sets = (keys ?? []).map((key) => jose.createLocalJWKSet({ keys: [key] }))
      await Promise.any(
        sets.map((set) => jose.compactVerify(token, set, { algorithms: ['RS256', 'ES256'] })),
      )
    }
  } catch {
    // jose rejects with plain TypeErrors too, so every rejection counts.
    throw refusal('token.signature')
  }
}

/** `scope` as RFC 8693 has it, `scp` and `permissions` as identity providers do. */
function scopesOf({ scope, scp, permissions }: Jose.JWTPayload): string[] {
  return [scope, scp, permissions]
    .flat()
    .flatMap((value) => (typeof value === 'string' ? value.split(' ') : []))
}

/** A time that is no number would compare with nothing, and so never come. */
function seconds(claim: unknown, otherwise: number): number {
  if (claim === undefined) return otherwise
  if (typeof claim !== 'number') throw refusal('token.malformed')
  return claim * 1000
}

/** The token that a request comes with, unchecked. */
export function statedCredential(call: Call): string | undefined {
  return /^bearer +(\S+)/i.exec(call.headers.authorization ?? '')?.[1]
}
