import type { Call } from '../../core/call.ts'
import type { Clues, Hint } from '../../core/api.ts'
import { authorizationHints } from '../../core/explain/hints/credentials.ts'
import { hint, duplicateHint } from '../../core/explain/hints/hint-input.ts'
import { listed, quotable, formatDuration } from '../../core/words.ts'
import { isRecord } from '../../core/contract/schema.ts'
import { SCOPES, scopesOf } from './auth.ts'
import { fixturesIn } from './fixtures.ts'

const MINT = 'standin token prints one'

/** Hints for mistakes that only callers of this API make. */
export function hints(call: Call, clues: Clues): readonly Hint[] {
  const reason = call.problem?.reason ?? ''
  const claims = claimsOf(call)
  const issued = issuedInFuture(claims, clues)
  if (reason.startsWith('token.')) return [...tokenHints(call, reason, claims, clues), ...issued]
  if (reason === 'scope.missing') return [scopeHint(call, claims), ...issued]
  if (reason === 'method.not-allowed') return readOneUser(call)
  if (reason === 'user.unknown') return [unknownUser(call)]
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
      const text = `Get a new token (${MINT}): this one expired${when}. The clock of the sandbox is at ${iso(now)}; PUT /_standin/clock sets it.`
      return [hint('token.expired', text)]
    }
    case 'token.not-yet-valid': {
      const at = timeOf(claims?.['nbf'])
      const when =
        at === undefined ? 'later' : `in ${formatDuration(at - now)}, at ${iso(at)} (nbf)`
      const text = `Set the clock of the machine that issued the token, or allow for clock skew there: the token becomes valid ${when}. The clock of the sandbox is at ${iso(now)}.`
      return [hint('token.clock-skew', text)]
    }
    case 'token.signature': {
      const key = unknownKey(call, clues)
      if (key) return [key]
      const text = `Sign the token with the secret of this sandbox, or use a token that it issued (${MINT}): this one was signed with another secret, such as that of another sandbox. The secret is cryptlex.signing.secret of the fixtures, or --jwt-secret; RS256 and ES256 need the public key in cryptlex.signing.keys or --jwks.`
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

/** A token that names a key which none of the public keys can be. */
function unknownKey(call: Call, clues: Clues): Hint | undefined {
  const { alg, kid } = headerOf(call) ?? {}
  const { keys = [] } = fixturesIn(clues).signing
  if (alg === 'HS256' || typeof kid !== 'string' || keys.length === 0) return undefined
  const known = keys.map((key) => ('kid' in key ? key.kid : undefined))
  if (known.some((one) => one === undefined || one === kid)) return undefined
  const names = known.flatMap((one) => (typeof one === 'string' ? (quotable(one) ?? []) : []))
  const text = `Set kid in the token's header to that of a key of this sandbox, or leave it out: it is ${quotable(kid) ?? 'not shown'}, and the keys of --jwks and of cryptlex.signing.keys in the fixtures have the kid ${listed(names.slice(0, 5), 'or')}.`
  return hint('token.unknown-key', text)
}

/** A GET of one user, which no published page describes. */
function readOneUser({ method, path, base }: Call): readonly Hint[] {
  const [, list, id = ''] = /^(\/resellers\/[^/]+\/users)\/([^/]+)$/.exec(path) ?? []
  if (list === undefined || (method !== 'GET' && method !== 'HEAD')) return []
  const shown = quotable(id) ?? '{id}'
  const text = `Read the user with GET ${base}/v3${list}?id=${shown}: no page of the vendor was found that describes a ${method} of one user, so Standin has none.`
  return [hint('user.no-get', text)]
}

/** The list that shows the ids of the reseller's users. */
function unknownUser({ base, params: { resellerId = '' } }: Call): Hint {
  const reseller = quotable(resellerId) ?? '{resellerId}'
  const text = `Send the id of a user of this reseller: GET ${base}/v3/resellers/${reseller}/users lists them, and GET ${base}/_standin/users?api=cryptlex those of all resellers.`
  return hint('user.unknown', text)
}

function scopeHint(call: Call, claims: Readonly<Record<string, unknown>> | undefined): Hint {
  const given = scopesOf(claims ?? {}).flatMap((scope) => quotable(scope) ?? [])
  const [scope] = SCOPES[call.operation!.id]! // the credentials of every operation are checked
  const has = given.length === 0 ? '' : ` This one has ${listed(given.slice(0, 5))}.`
  const text = `Use a token with the scope ${scope} (standin token --scope ${scope}).${has}`
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
  return decoded(partsOf(call)?.[2])
}

function headerOf(call: Call): Readonly<Record<string, unknown>> | undefined {
  return decoded(partsOf(call)?.[1])
}

function partsOf({ headers }: Call): RegExpExecArray | null {
  return /\b([\w-]+)\.([\w-]+)\.[\w-]*$/.exec(headers.authorization ?? '')
}

function decoded(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (part === undefined) return undefined
  try {
    const object: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isRecord(object) ? object : undefined
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
