import type { Call } from '../../core/call.ts'
import type { Clues, Hint } from '../../core/api.ts'
import { authorizationHints } from '../../core/explain/hints/credentials.ts'
import { hint, duplicateHint } from '../../core/explain/hints/hint-input.ts'
import { listed, quotable, formatDuration } from '../../core/words.ts'
import { isRecord } from '../../core/contract/schema.ts'
import { fixturesIn } from './fixtures.ts'

const MINT = 'standin token prints one'

/** Hints for mistakes that only callers of this API make. */
export function hints(call: Call, clues: Clues): readonly Hint[] {
  const reason = call.problem?.reason ?? ''
  const claims = claimsOf(call)
  const issued = issuedInFuture(claims, clues)
  if (reason.startsWith('token.')) return [...tokenHints(call, reason, claims, clues), ...issued]
  if (reason === 'scope.missing') return [scopeHint(claims), ...issued]
  if (reason === 'user.duplicate') {
    const { email } = clues.sent
    const row =
      typeof email === 'string'
        ? clues.state.collection('cryptlex.users').find('email', email)
        : undefined
    return row ? [duplicateHint('cryptlex', 'email', row.id)] : []
  }
  return [...unknownIds(call, clues), ...issued]
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
      const when = at === undefined ? '' : ` ${formatDuration(now - at)} ago, at ${iso(at)} (exp)`
      const text = `Get a new token (${MINT}): this one expired${when}; it is ${iso(now)} in the sandbox, and PUT /_standin/clock sets that.`
      return [hint('token.expired', text)]
    }
    case 'token.not-yet-valid': {
      const at = timeOf(claims?.['nbf'])
      const when =
        at === undefined ? 'later' : `in ${formatDuration(at - now)}, at ${iso(at)} (nbf)`
      const text = `Set the clock of the machine that issued the token, or allow for clock skew there: the token becomes valid ${when}; it is ${iso(now)} in the sandbox.`
      return [hint('token.clock-skew', text)]
    }
    case 'token.signature': {
      const text = `Sign the token with the secret of this sandbox, or use a token that it issued (${MINT}): this one was signed with another secret, such as that of another sandbox. The secret is cryptlex.signing.secret of the fixtures, or --jwt-secret; RS256 and ES256 need the public key there.`
      return [hint('token.other-secret', text)]
    }
    case 'token.algorithm': {
      const text =
        'Sign the token with HS256, RS256 or ES256: a token with another algorithm or without a signature (alg none) is refused.'
      return [hint('token.algorithm', text)]
    }
    case 'token.revoked':
      return [
        hint(
          'token.revoked',
          `Use another token (${MINT}): the fixtures list this one as revoked.`,
        ),
      ]
    case 'token.malformed': {
      const text = `Send a token that this sandbox knows (cryptlex.tokens of the fixtures) or a JWT (${MINT}): the header has neither. A JWT has three parts, separated by dots.`
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

/** A hint only: neither Standin nor, as far as is known, the vendor refuses a future `iat`. */
function issuedInFuture(
  claims: Readonly<Record<string, unknown>> | undefined,
  { clock }: Clues,
): readonly Hint[] {
  const at = timeOf(claims?.['iat'])
  if (at === undefined || at <= clock.now() + 1000) return []
  const text = `Set the clock of the machine that issued the token: its time of issue (iat) is ${formatDuration(at - clock.now())} in the future, which some servers refuse.`
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

/** The time in milliseconds since 1970 of a claim in seconds. */
function timeOf(claim: unknown): number | undefined {
  return typeof claim === 'number' && Math.abs(claim) < 8.64e12 ? claim * 1000 : undefined
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

/** Ids that are not in the fixtures: `documented` accepts them with a warning, `strict` refuses. */
function unknownIds(call: Call, clues: Clues): readonly Hint[] {
  const { resellers, organizations, roles } = fixturesIn(clues)
  const codes = [call.problem?.reason, ...call.warnings.map(({ code }) => code)]
  const known: Readonly<Record<string, readonly [what: string, names: readonly string[]]>> = {
    'reseller.unknown': ['a resellerId (in the path)', [...resellers.keys()]],
    'organization.unknown': ['an organizationId', [...organizations.keys()]],
    'role.unknown': ['a role', ['user', 'organization-admin', 'reseller-admin', ...roles]],
  }
  return Object.entries(known).flatMap(([code, [what, names]]) => {
    if (!codes.includes(code)) return []
    const text = `Use ${what} that the sandbox knows, such as ${listed(names.slice(0, 4), 'or')}, or add yours to the fixtures: the strict profile refuses unknown ones.`
    return [hint(code, text)]
  })
}
