import { duplicate, Problem } from '../../core/problem.ts'

/** The scope that the vendor's page names for this operation. */
export const SCOPE = 'manage.user.write'

/** Status and message by reason; the most likely reason of each status first. */
const TEXTS = {
  // The messages of a sibling service.
  'credentials.wrong-password': [401, 'Wrong credential.'],
  'credentials.unknown-user': [401, 'Wrong credential.'],
  'credentials.not-basic': [401, 'Wrong credential.'],
  'credentials.malformed': [401, 'Wrong credential.'],
  'credentials.no-colon': [401, 'Wrong credential.'],
  'credentials.missing': [401, 'Credentials are null.'],
  'subscriber.disabled': [401, 'Invalid service subscriber.'],
  'scope.missing': [403, `ApiScope does not exist: ${SCOPE}.`],
  'dealer.unknown': [403, 'The subscriber has no access to this dealer.'],
  'dealer.not-granted': [403, 'The subscriber has no access to this dealer.'],
  'department.unknown': [403, 'The subscriber has no access to this department.'],
  'department.not-granted': [403, 'The subscriber has no access to this department.'],
  'department.other-dealer': [400, 'departmentUUID belongs to another dealer.'],
  'role.unknown': [400, 'roleUUID does not name a role.'],
} as const

export type Reason = keyof typeof TEXTS

export function refusal(reason: Reason): Problem {
  const [status, message] = TEXTS[reason]
  // Not documented; RFC 9110 wants the header on every 401.
  const headers = status === 401 ? { 'WWW-Authenticate': 'Basic realm="mykaarma"' } : {}
  return new Problem(status, reason, message, { headers })
}

/** The vendor's own refusals by reason; a fault can ask for each. */
export const refusals: Readonly<Record<string, () => Problem>> = {
  ...Object.fromEntries(
    Object.keys(TEXTS).map((reason) => [reason, () => refusal(reason as Reason)]), // a key of it
  ),
  'user.duplicate': () => duplicate(['username', 'emailAddress']),
}
