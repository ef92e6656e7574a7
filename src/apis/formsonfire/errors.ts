import type { Reply } from '../../core/api.ts'
import { type Problem, sentence, type Violation } from '../../core/problem.ts'
import type { ResponseError, UserRefused } from './contract.gen.ts'

/** Exception names, as ServiceStack maps them to statuses (public; its use is inferred). */
const BY_REASON: Readonly<Record<string, string>> = {
  'user.duplicate': 'ArgumentException',
  'path.malformed': 'ArgumentException',
  'body.invalid': 'ArgumentException',
  'query.invalid': 'ArgumentException',
  'user.unknown': 'ArgumentException',
  'user.unnamed': 'ArgumentException',
  'search.empty': 'ArgumentException',
}
const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'SerializationException',
  401: 'AuthenticationException',
  403: 'UnauthorizedAccessException',
  405: 'NotSupportedException',
  408: 'TimeoutException',
}

/** The vendor uses few statuses: 405 for an unknown path (public), 400 for an unreadable body. */
function statusOf({ status }: Problem): number {
  if (status === 404) return 405
  return status === 413 || status === 415 ? 400 : status
}

/**
 * Writes a refusal as a `ResponseStatus` with all field errors; its code and message are those of
 * the first one.
 */
export function refuse(problem: Problem): Reply {
  const status = statusOf(problem)
  const errors = problem.violations.map(fieldError)
  const body: UserRefused = {
    ResponseStatus: {
      ErrorCode:
        errors[0]?.ErrorCode ?? BY_REASON[problem.reason] ?? BY_STATUS[status] ?? 'Exception',
      Message: errors[0]?.Message ?? messageOf(problem, status),
      Errors: errors,
    },
  }
  const headers = status === 405 ? { Allow: problem.headers['Allow'] ?? '' } : {}
  return { status, body, headers }
}

function messageOf(problem: Problem, status: number): string {
  if (problem.reason === 'route.unknown') return 'There is no such endpoint.'
  if (status !== 400 || Object.hasOwn(BY_REASON, problem.reason)) return sentence(problem.message)
  return `Could not deserialize the request: ${sentence(problem.message)}`
}

/** The error for a violation, in the style of FluentValidation, which ServiceStack includes. */
function fieldError(violation: Violation): ResponseError {
  const { at, rule, limit, given } = violation
  const field = String(at[0] ?? 'User')
  const name = `'${field.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')}'`
  const entered = `You entered ${given ?? 0} characters.`
  const error = (ErrorCode: string, Message: string): ResponseError => ({
    ErrorCode,
    FieldName: field,
    Message,
  })
  switch (rule) {
    case 'required':
      return error('NotEmpty', `${name} must not be empty.`)
    case 'minLength':
      return given === 0
        ? error('NotEmpty', `${name} must not be empty.`)
        : error(
            'MinimumLength',
            `The length of ${name} must be at least ${String(limit)} characters. ${entered}`,
          )
    case 'maxLength':
      return error(
        'MaximumLength',
        `The length of ${name} must be ${String(limit)} characters or fewer. ${entered}`,
      )
    case 'maximum':
      return error('LessThanOrEqual', `${name} must be less than or equal to '${String(limit)}'.`)
    case 'minimum':
      return error(
        'GreaterThanOrEqual',
        `${name} must be greater than or equal to '${String(limit)}'.`,
      )
    case 'format':
      return error('Email', `${name} is not a valid email address.`)
    case 'type':
      return error(
        'SerializationException',
        `${name} must be of type ${[limit].flat().join(' or ')}.`,
      )
    case 'duplicate':
      return error('ArgumentException', `A user with this ${field} already exists.`)
    case 'known':
      return error('ArgumentException', `${name} holds an entry that does not exist.`)
    case 'not':
      return error('ArgumentException', `${name} holds an all-zero GUID.`)
    case 'pattern':
      return field === 'WebsiteRole'
        ? error('Enum', `${name} has a range of values which does not include this one.`)
        : error('SerializationException', `${name} holds no valid GUID.`)
    default:
      return error('ArgumentException', `${name} is not valid.`)
  }
}
