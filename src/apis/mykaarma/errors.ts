import type { Call } from '../../core/call.ts'
import type { Reply, Tools } from '../../core/api.ts'
import { pathOf, type Problem, sentence, type Violation } from '../../core/problem.ts'
import type { ErrorResponse } from './contract.gen.ts'

/**
 * Error codes and titles. Public: six digits and an UPPER_SNAKE title, with the numbers of the
 * vendor's guidelines and its URL shortener. Assumed: 100007 and above, except 100010. The list of
 * the Manage API is not public, so a client should branch on the status first.
 */
const BY_REASON: Readonly<Record<string, readonly [code: number, title: string]>> = {
  'department.other-dealer': [100007, 'INVALID_DEPARTMENT_UUID'],
  'role.unknown': [100008, 'INVALID_ROLE_UUID'],
  'user.unknown': [100020, 'INVALID_USER_UUID'],
  'user.duplicate': [100009, 'USER_ALREADY_EXISTS'],
}
const BY_STATUS: Readonly<Record<number, readonly [code: number, title: string]>> = {
  400: [100001, 'BAD_REQUEST'],
  401: [100003, 'INVALID_AUTH'],
  403: [100004, 'UNAUTHORIZED'],
  404: [100002, 'NOT_FOUND'],
  405: [100011, 'METHOD_NOT_ALLOWED'],
  406: [100012, 'NOT_ACCEPTABLE'],
  // The title is public. The vendor's page lists no 409, so only a fault answers with it.
  409: [100005, 'CONFLICT'],
  408: [100013, 'REQUEST_TIMEOUT'],
  413: [100014, 'PAYLOAD_TOO_LARGE'],
  415: [100015, 'UNSUPPORTED_MEDIA_TYPE'],
  429: [100016, 'TOO_MANY_REQUESTS'],
  502: [100017, 'BAD_GATEWAY'],
  503: [100018, 'SERVICE_UNAVAILABLE'],
  504: [100019, 'GATEWAY_TIMEOUT'],
}
const OTHERWISE = [100010, 'INTERNAL_SERVER_ERROR'] as const

/**
 * Writes a refusal in the envelope of the vendor's page, with all errors and without `userUuid`.
 */
export function refuse(problem: Problem, _call: Call, tools: Tools): Reply {
  const [errorCode, errorTitle] =
    BY_REASON[problem.reason] ?? BY_STATUS[problem.status] ?? OTHERWISE
  const messages =
    problem.violations.length > 0 ? problem.violations.map(messageFor) : [sentence(problem.message)]
  const body: ErrorResponse = {
    errors: messages.map((errorMessage) => ({ errorCode, errorTitle, errorMessage })),
    warnings: [],
    apiRequestId: requestId(tools),
  }
  return { status: problem.status, body }
}

/** Public: the vendor's request ids are random UUIDs, dashed and in lower case. */
export function requestId(tools: Tools): string {
  return tools.fake.draw('mykaarma.request').string.uuid()
}

/** The message for a violation. */
function messageFor(violation: Violation): string {
  const { rule, limit } = violation
  const path = pathOf(violation)
  switch (rule) {
    case 'required':
      return `${path} must not be blank.`
    case 'pattern':
      return limit === '\\S' ? `${path} must not be blank.` : `${path} has a wrong form.`
    case 'anyOf':
      return `${[limit].flat().join(' or ')} must not be blank.`
    case 'type':
      return path === 'body'
        ? 'The body must be a JSON object.'
        : `${path} must be a ${[limit].flat().join(' or ')}.`
    case 'enum':
      return `${path} must be one of ${[limit].flat().filter(Boolean).join(' and ')}.`
    case 'duplicate':
      return `A user with this ${path} already exists.`
    case 'minLength':
      return `${path} must have at least ${String(limit)} characters.`
    case 'maxLength':
      return `${path} must have at most ${String(limit)} characters.`
    default:
      return `${path} is not valid.`
  }
}
