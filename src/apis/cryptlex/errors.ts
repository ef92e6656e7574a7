import type { Call } from '../../core/call.ts'
import type { Reply } from '../../core/api.ts'
import { pathOf, type Problem, sentence, type Violation } from '../../core/problem.ts'
import type { Error as ErrorBody } from './contract.gen.ts'

/**
 * Error codes. Public: the shape `{message, code}` and UPPER_SNAKE codes. Assumed: each code, since
 * no list for users is public; a client should branch on the status first.
 */
const BY_REASON: Readonly<Record<string, string>> = {
  'reseller.unknown': 'RESELLER_NOT_FOUND',
  'organization.unknown': 'ORGANIZATION_NOT_FOUND',
  'role.unknown': 'INVALID_ROLE',
  'role.needs-organization': 'INVALID_ROLE',
  'user.unknown': 'USER_NOT_FOUND',
  'user.duplicate': 'EMAIL_ALREADY_EXISTS',
  'users.limit-reached': 'ALLOWED_USERS_LIMIT_REACHED',
  'webhook.unknown': 'WEBHOOK_NOT_FOUND',
  'webhooks.too-many': 'WEBHOOK_LIMIT_REACHED',
}
const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  409: 'CONFLICT',
  429: 'TOO_MANY_REQUESTS',
  502: 'BAD_GATEWAY',
  503: 'SERVICE_UNAVAILABLE',
  504: 'GATEWAY_TIMEOUT',
}

/** The vendor's error has one message, so it names the first invalid field in the page's order. */
export function refuse(problem: Problem, call: Call): Reply {
  const order = Object.keys(call.operation?.requestSchema(call.bodyType).properties ?? {})
  const placeOf = ({ at }: Violation) => order.indexOf(String(at[0]))
  const [first] = problem.violations.toSorted((a, b) => placeOf(a) - placeOf(b))
  const message = first ? messageFor(first) : sentence(problem.message)
  const code = BY_REASON[problem.reason] ?? BY_STATUS[problem.status] ?? 'INTERNAL_SERVER_ERROR'
  const body: ErrorBody = { message, code }
  return { status: problem.status, body }
}

/** The message for a violation, in the style of the vendor's framework. */
function messageFor(violation: Violation): string {
  const { rule, limit, given } = violation
  const path = pathOf(violation)
  switch (rule) {
    case 'required':
      return path === 'body' ? 'A request body is required.' : `The ${path} field is required.`
    case 'minLength':
      return given === 0
        ? `The ${path} field is required.`
        : `The ${path} field must have at least ${String(limit)} characters.`
    case 'maxLength':
      return `The ${path} field must have at most ${String(limit)} characters.`
    case 'format':
      return `The ${path} field is not a valid e-mail address.`
    case 'type':
      return path === 'body'
        ? 'The request body must be a JSON object.'
        : `The ${path} field must be a ${[limit].flat().join(' or ')}.`
    default:
      return `The ${path} field is not valid.`
  }
}
