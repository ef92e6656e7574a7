import { duplicate, Problem } from '../../core/problem.ts'

/** The scopes of the vendor's pages. */
export const WRITE = 'manage.user.write'
export const READ = 'manage.user.read'

/** Status and message by reason; the most likely reason of each status first. */
const TEXTS = {
  // These messages are those of another service of the vendor.
  'credentials.wrong-password': [401, 'Wrong credential.'],
  'credentials.unknown-user': [401, 'Wrong credential.'],
  'credentials.not-basic': [401, 'Wrong credential.'],
  'credentials.malformed': [401, 'Wrong credential.'],
  'credentials.no-colon': [401, 'Wrong credential.'],
  'credentials.missing': [401, 'Credentials are null.'],
  'subscriber.disabled': [401, 'Invalid service subscriber.'],
  'scope.missing': [403, `ApiScope does not exist: ${WRITE}.`],
  'dealer.unknown': [403, 'The subscriber has no access to this dealer.'],
  'dealer.not-granted': [403, 'The subscriber has no access to this dealer.'],
  'department.unknown': [403, 'The subscriber has no access to this department.'],
  'department.not-granted': [403, 'The subscriber has no access to this department.'],
  'department.other-dealer': [400, 'departmentUUID belongs to another dealer.'],
  'role.unknown': [400, 'roleUUID does not name a role.'],
  // Assumed: the page of the update lists no 404.
  'user.unknown': [400, 'user_uuid does not name a user.'],
} as const

export type Reason = keyof typeof TEXTS

export function refusal(reason: Reason, text?: string): Problem {
  const [status, usual] = TEXTS[reason]
  // Not documented; RFC 9110 wants the header on every 401.
  const headers = status === 401 ? { 'WWW-Authenticate': 'Basic realm="mykaarma"' } : {}
  return new Problem(status, reason, text ?? usual, { headers })
}

/** The refusal of a caller without this scope. */
export function scopeMissing(scope: string): Problem {
  return refusal('scope.missing', `ApiScope does not exist: ${scope}.`)
}

/** The vendor's own refusals by reason; a fault can name each of them. */
export const refusals: Readonly<Record<string, () => Problem>> = {
  ...Object.fromEntries(
    Object.keys(TEXTS).map((reason) => [reason, () => refusal(reason as Reason)]), // a key of it
  ),
  'user.duplicate': () => duplicate(['username', 'emailAddress']),
}
