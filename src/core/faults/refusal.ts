import { STATUS_CODES } from 'node:http'
import type { Api, Reply, Tools } from '../api.ts'
import type { Call } from '../call.ts'
import { violationAt } from '../contract/violations.ts'
import type { FaultEffect } from '../fault.ts'
import { invalid, Problem, type Violation } from '../problem.ts'
import { listed } from '../words.ts'

type Refusal = NonNullable<FaultEffect['refusal']>

/** Refusals that are the same at every API. */
const COMMON: Readonly<
  Record<string, readonly [status: number, message: string, headers?: Problem['headers']]>
> = {
  'body.malformed': [400, 'The body cannot be read'],
  'route.unknown': [404, 'There is nothing here'],
  'method.not-allowed': [405, 'This method is not allowed here'],
  'accept.unsupported': [406, 'None of the accepted media types is available'],
  'body.too-slow': [408, 'The body did not arrive in time', { Connection: 'close' }],
  'body.too-large': [413, 'The body is too large', { Connection: 'close' }],
  'media.unsupported': [415, 'The Content-Type is not supported'],
  'rate.exceeded': [429, 'Too many requests'],
  internal: [500, 'An unexpected error occurred'],
}

/** Returns every reason that this API refuses with by itself, and that a fault may use. */
export function reasonsOf(api: Api): readonly string[] {
  const own = Object.keys(api.refusals ?? {})
  const common = Object.keys(COMMON).filter(
    (reason) =>
      // An API that chooses the format itself never refuses Accept. A rate limit is in the slice's
      // own refusals.
      !(reason === 'accept.unsupported' && api.answerType) && reason !== 'rate.exceeded',
  )
  return [...new Set([...own, 'body.invalid', ...common])]
}

/**
 * Builds the refusal of a fault, from the API's own refusal where it has one. The status is the
 * fault's, even where the vendor is not known to use it.
 */
export function refusalFor(refusal: Refusal, call: Call, api: Api, tools: Tools): Problem {
  const problem = problemFor(refusal, call, api)
  const { retryAfter, status = problem.status } = refusal
  const limits = {
    ...(retryAfter !== undefined || status === 429
      ? api.rateLimitHeaders?.(tools, retryAfter)
      : {}),
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
  }
  const allow =
    status === 405 && !problem.headers['Allow'] ? { Allow: call.operation?.allow ?? '' } : {}
  if (isMadeUp(problem)) call.warn(MADE_UP, madeUpText(problem))
  const { requestTypes = [] } = call.operation ?? {}
  const accept = status === 415 && !api.bodyType ? { Accept: requestTypes.join(', ') } : {}
  return new Problem(status, problem.reason, problem.message, {
    violations: problem.violations,
    headers: {
      ...problem.headers,
      ...allow,
      ...accept,
      ...limits,
      ...redirectHeaders(refusal, status),
    },
  })
}

/** Code of the warning that the refusal of a fault does not describe the request. */
export const MADE_UP = 'fault.made-up'

/** Reasons that describe nothing in the request. */
const SAYS_NOTHING = ['internal', 'rate.exceeded', 'fault.injected']

/** True if the refusal of a fault describes the request, which the fault did not check. */
export function isMadeUp({ reason }: Problem): boolean {
  return !SAYS_NOTHING.includes(reason)
}

function madeUpText({ violations, reason }: Problem): string {
  if (violations.length === 0) {
    return `A fault made up the reason ${reason}: it does not describe the request`
  }
  const fields = [...new Set(violations.map(({ at }) => at.join('.')))].filter(Boolean)
  const named = fields.length === 0 ? 'the body' : listed(fields)
  return `A fault made up the errors of ${named}: they do not describe the request`
}

function problemFor({ status, reason, fields }: Refusal, call: Call, api: Api): Problem {
  const own = api.refusals ?? {}
  if (reason !== undefined && reason !== 'body.invalid') {
    // Arming has checked that the reason is the API's own or a common one.
    const [usual, message, headers = {}] = COMMON[reason] ?? [500, reason]
    return own[reason]?.() ?? new Problem(status ?? usual, reason, message, { headers })
  }
  if (status === 400 || reason !== undefined || fields !== undefined) {
    return invalid((fields ?? [firstField(call, api)]).map((field) => violationOf(field, call)))
  }
  for (const make of Object.values(own)) {
    const problem = make()
    if (problem.status === status) return problem
  }
  const [common, [, message, headers = {}]] = Object.entries(COMMON).find(
    ([, [usual]]) => usual === status,
  ) ?? ['fault.injected', [status, STATUS_CODES[status ?? 500] ?? 'An injected fault']]
  return new Problem(status ?? 500, common, message, { headers })
}

/** Returns the field that a client is most likely to have forgotten. */
function firstField(call: Call, api: Api): string {
  const schema = call.operation?.requestSchema(call.operation.requestTypes[0] ?? '')
  return schema?.required?.[0] ?? api.userFields?.[0] ?? 'body'
}

/** Reads `Email` or, with the broken rule, `Email:maxLength`. */
function violationOf(field: string, call: Call): Violation {
  const [path = '', rule = 'required'] = field.split(':')
  const { operation } = call
  const type = operation?.requestTypes[0] ?? ''
  for (const schema of [operation?.requestSchema(type), operation?.strictSchema(type)]) {
    const violation = violationAt(path.split('.'), rule, schema ?? {})
    if (violation.limit !== undefined || !LIMITS.has(rule)) return violation
  }
  return violationAt(path.split('.'), 'invalid', {})
}

/** Rules whose messages need a limit. */
const LIMITS = new Set(['minLength', 'maxLength', 'minimum', 'maximum', 'enum', 'pattern', 'type'])

/** Builds the answer of a gateway in front of the vendor, or a login page. */
export function pageFor(refusal: Refusal): Reply {
  const { status = refusal.words === 'login-page' ? 200 : 502, words, retryAfter } = refusal
  const title = `${status} ${STATUS_CODES[status] ?? 'Error'}`
  const headers = {
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
    ...redirectHeaders(refusal, status),
  }
  if (words === 'gateway-json') {
    const text = JSON.stringify({ message: STATUS_CODES[status] ?? 'Error' })
    return { status, headers, body: {}, page: { contentType: 'application/json', text } }
  }
  const text = words === 'login-page' ? LOGIN_PAGE : html(title, `<h1>${title}</h1>`)
  return { status, headers, body: {}, page: { contentType: 'text/html; charset=utf-8', text } }
}

/** Every 3xx but 304 has a Location. */
function redirectHeaders({ location = '/login' }: Refusal, status: number): Record<string, string> {
  return status >= 300 && status < 400 && status !== 304 ? { Location: location } : {}
}

function html(title: string, content: string): string {
  return `<!DOCTYPE html>\n<html>\n<head><title>${title}</title></head>\n<body>\n${content}\n</body>\n</html>\n`
}

const LOGIN_PAGE = html(
  'Sign in',
  '<form method="post" action="/login">\n<label>User <input name="user"></label>\n<label>Password <input name="password" type="password"></label>\n<button>Sign in</button>\n</form>',
)
