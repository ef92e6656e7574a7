import { duplicate, Problem } from '../../core/problem.ts'

/**
 * Missing credentials get the same message as wrong ones: the platform reads them as 0 and null.
 */
const NOT_VALID = 'The CompanyId and/or IntegrationKey is not valid.'

/** Status and message by reason; the most likely reason of each status first. */
const TEXTS = {
  'key.wrong': [401, NOT_VALID],
  'key.of-another-company': [401, NOT_VALID],
  'company.unknown': [401, NOT_VALID],
  'credentials.missing': [401, NOT_VALID],
  // Public: a key has full or limited access. Assumed: the answer to a limited key.
  'key.limited': [403, 'The IntegrationKey does not allow this.'],
  // Assumed: 400, since the vendor lists no 404. It is the same for a user of another company.
  'user.unknown': [400, 'There is no such user.'],
  'user.unnamed': [400, 'One of Id, Email and ExternalId is required.'],
  'search.empty': [400, 'At least one of Name, Email and ExternalId is required.'],
} as const

export type Reason = keyof typeof TEXTS

export function refusal(reason: Reason): Problem {
  const [status, message] = TEXTS[reason]
  return new Problem(status, reason, message)
}

/** The vendor's own refusals by reason; a fault can name each of them. */
export const refusals: Readonly<Record<string, () => Problem>> = {
  ...Object.fromEntries(
    Object.keys(TEXTS).map((reason) => [reason, () => refusal(reason as Reason)]), // a key of it
  ),
  'user.duplicate': () => duplicate(['Email']),
}
