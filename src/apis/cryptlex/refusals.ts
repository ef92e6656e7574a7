import { Problem } from '../../core/problem.ts'

/** The scope that the vendor's page names for creating a reseller user. */
export const SCOPE = 'reseller:user:create'
/** The scopes of all calls on reseller users, as the vendor's pages name them. */
export const USER_SCOPES = [
  SCOPE,
  'reseller:user:read',
  'reseller:user:update',
  'reseller:user:delete',
] as const

const NO_ACCESS = 'Access token is missing, invalid, expired or revoked.'
/** Public: a customer quoted this message. */
const NO_PERMISSION = "You don't have the required permissions. Please contact your admin."

/** Status and message by reason; the most likely reason of each status first. */
const TEXTS = {
  'token.expired': [401, NO_ACCESS],
  'token.revoked': [401, NO_ACCESS],
  'token.missing': [401, NO_ACCESS],
  'token.not-bearer': [401, NO_ACCESS],
  'token.malformed': [401, NO_ACCESS],
  'token.algorithm': [401, NO_ACCESS],
  'token.signature': [401, NO_ACCESS],
  'token.not-yet-valid': [401, NO_ACCESS],
  'scope.missing': [403, NO_PERMISSION],
  'role.forbidden': [403, NO_PERMISSION],
  'reseller.unknown': [404, 'The reseller does not exist.'],
  'organization.unknown': [404, 'The organization does not exist.'],
  'user.unknown': [404, 'The user does not exist.'],
  // Assumed: 409, as the vendor answers other conflicts; across all resellers.
  'user.duplicate': [409, 'A user with this email already exists.'],
  'users.limit-reached': [409, 'The allowed number of users is reached.'],
  'role.unknown': [400, 'The role does not exist.'],
  'role.needs-organization': [400, 'The role organization-admin needs an organizationId.'],
  'filter.invalid': [400, 'The filter is not valid.'],
  'sort.unknown': [400, 'The field to sort by does not exist.'],
  'rate.exceeded': [429, 'API calls quota exceeded! maximum admitted 50 per 5s.'],
} as const

export type Reason = keyof typeof TEXTS

interface Deviation {
  /** For an operation that answers the reason with another status. */
  readonly status?: number
  readonly message?: string
  readonly headers?: Readonly<Record<string, string>>
}

export function refusal(reason: Reason, deviation: Deviation = {}): Problem {
  const [usual, text] = TEXTS[reason]
  const { status = usual, message = text, headers = {} } = deviation
  if (status !== 401) return new Problem(status, reason, message, { headers })
  // The JSON body is public; the header is what the vendor's framework is known to send.
  const challenge = reason === 'token.missing' ? 'Bearer' : 'Bearer error="invalid_token"'
  return new Problem(status, reason, message, {
    headers: { 'WWW-Authenticate': challenge, ...headers },
  })
}

/** The vendor's own refusals by reason; a fault can name each of them. */
export const refusals: Readonly<Record<string, () => Problem>> = Object.fromEntries(
  Object.keys(TEXTS).map((reason) => [reason, () => refusal(reason as Reason)]), // a key of it
)
