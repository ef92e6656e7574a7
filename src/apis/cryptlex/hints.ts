import type { Call } from '../../core/call.ts'
import type { Clues, Hint } from '../../core/api.ts'
import { authorizationHints } from '../../core/explain/hints/credentials.ts'
import { hint, taken } from '../../core/explain/hints/hint-input.ts'
import { listed, quotable, span } from '../../core/words.ts'
import { isRecord } from '../../core/contract/schema.ts'
import { fixturesIn } from './fixtures.ts'

const MINT = 'standin token prints one'

/** Hints for the mistakes that only callers of this API make. */
export function hints(call: Call, clues: Clues): readonly Hint[] {
  const reason = call.problem?.reason ?? ''
  const claims = claimsOf(call)
  const early = issuedAhead(claims, clues)
  if (reason.startsWith('token.')) return [...tokenHints(call, reason, claims, clues), ...early]
  if (reason === 'scope.missing') return [scopeHint(claims), ...early]
  if (reason === 'user.duplicate') {
    const { email } = clues.sent
    const row =
      typeof email === 'string'
        ? clues.state.collection('cryptlex.users').find('email', email)
        : undefined
    return row ? [taken('cryptlex', 'email', row.id)] : []
  }
  return [...unknownReferences(call, clues), ...early]
}

function tokenHints(
  call: Call,
  reason: string,
  claims: Readonly<Record<string, unknown>> | undefined,
  clues: Clues,
): readonly Hint[] {
  const found = authorizationHints(call, 'Bearer')
  if (found.length > 0) return found
  const now = clues.clock.now()
  switch (reason) {
    case 'token.expired': {
      const at = timeOf(claims?.['exp'])
      const when = at === undefined ? '' : ` ${span(now - at)} ago, at ${iso(at)} (exp)`
      const text = `Get a new token (${MINT}): this one expired${when}; the sandbox's clock says ${iso(now)}, and PUT /_standin/clock sets it.`
      return [hint('token.expired', text)]
    }
    case 'token.not-yet-valid': {
      const at = timeOf(claims?.['nbf'])
      const when = at === undefined ? 'later' : `in ${span(at - now)}, at ${iso(at)} (nbf)`
      const text = `Set the clock of the machine that made the token, or allow for clock skew there: the token becomes valid ${when}, and the sandbox's clock says ${iso(now)}.`
      return [hint('token.clock-skew', text)]
    }
    case 'token.signature': {
      const text = `Sign the token with the secret of this sandbox, or use a new one (${MINT}): this one has another signature, such as that of another sandbox's secret. The secret is cryptlex.signing.secret of the fixtures, or --jwt-secret; RS256 and ES256 need the public key there.`
      return [hint('token.other-secret', text)]
    }
    case 'token.algorithm': {
      const text =
        'Sign the token with HS256, RS256 or ES256: one without a signature (alg none), or with another algorithm, is not accepted.'
      return [hint('token.algorithm', text)]
    }
    case 'token.revoked':
      return [hint('token.revoked', `Use another token (${MINT}): it is revoked in the fixtures.`)]
    case 'token.malformed': {
      const text = `Send a token of the fixtures (cryptlex.tokens) or a JWT (${MINT}): the request has neither. A JWT has three parts separated by two dots.`
      return [hint('token.unknown', text)]
    }
    default:
      return []
  }
}

function scopeHint(claims: Readonly<Record<string, unknown>> | undefined): Hint {
  const given = [claims?.['scope'], claims?.['scp'], claims?.['permissions']]
    .flat()
    .flatMap((value) => (typeof value === 'string' ? value.split(' ') : []))
    .flatMap((scope) => quotable(scope) ?? [])
  const has = given.length === 0 ? '' : ` This one has ${listed(given.slice(0, 5))}.`
  const text = `Use a token with the scope reseller:user:create (standin token --scope reseller:user:create).${has}`
  return hint('scope.missing', text)
}

/**
 * A hint for an `iat` in the future. Neither Standin nor, as far as is known, the vendor refuses
 * it; other servers do.
 */
function issuedAhead(
  claims: Readonly<Record<string, unknown>> | undefined,
  { clock }: Clues,
): readonly Hint[] {
  const at = timeOf(claims?.['iat'])
  if (at === undefined || at <= clock.now() + 1000) return []
  const text = `Set the clock of the machine that made the token: its time of issue (iat) is ${span(at - clock.now())} from now, and some servers refuse that.`
  return [hint('token.issued-ahead', text)]
}

/** The claims of a JWT, without a check of its signature. */
function claimsOf(call: Call): Readonly<Record<string, unknown>> | undefined {
  const payload = /\b[\w-]+\.([\w-]+)\.[\w-]*$/.exec(call.headers.authorization ?? '')?.[1]
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return isRecord(claims) ? claims : undefined
  } catch {
    return undefined
  }
}

/** A claim in seconds as milliseconds since 1970. */
function timeOf(claim: unknown): number | undefined {
  return typeof claim === 'number' && Math.abs(claim) < 8.64e12 ? claim * 1000 : undefined
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

/** Hints for references that `documented` accepts with a warning and `strict` refuses. */
function unknownReferences(call: Call, clues: Clues): readonly Hint[] {
  const { resellers, organizations, roles } = fixturesIn(clues)
  const codes = [call.problem?.reason, ...call.findings.map(({ code }) => code)]
  const known: Readonly<Record<string, readonly [field: string, names: readonly string[]]>> = {
    'reseller.unknown': ['a resellerId (in the path)', [...resellers.keys()]],
    'organization.unknown': ['an organizationId', [...organizations.keys()]],
    'role.unknown': ['a role', ['user', 'organization-admin', 'reseller-admin', ...roles]],
  }
  return Object.entries(known).flatMap(([code, [field, names]]) => {
    if (!codes.includes(code)) return []
    const text = `Use ${field} of the fixtures, such as ${listed(names.slice(0, 4), 'or')}, or add yours to the fixtures: the strict profile refuses others.`
    return [hint(code, text)]
  })
}
