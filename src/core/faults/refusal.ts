import { STATUS_CODES } from 'node:http'
import type { Api, Reply, Tools } from '../api.ts'
import type { Call } from '../call.ts'
import { invalid, Problem } from '../problem.ts'
import { violationAt } from '../contract/violations.ts'
import type { FaultEffect } from '../fault.ts'

type Refusal = NonNullable<FaultEffect['refusal']>

/** What no vendor refuses in a way of its own: status and words. */
const COMMON: Readonly<
  Record<string, readonly [status: number, message: string, headers?: Problem['headers']]>
> = {
  'body.malformed': [400, 'The body cannot be read'],
  'route.unknown': [404, 'There is nothing here'],
  'method.not-allowed': [405, 'This method is not allowed here'],
  'accept.unsupported': [406, 'Nothing that is accepted can be sent'],
  'body.too-slow': [408, 'The body did not arrive in time', { Connection: 'close' }],
  'body.too-large': [413, 'The body is too large', { Connection: 'close' }],
  'media.unsupported': [415, 'The Content-Type is not one that is read here'],
  'rate.exceeded': [429, 'Too many requests'],
  internal: [500, 'An unexpected error occurred'],
}

/** Every reason that this API refuses with by itself, and a fault may too. */
export function reasonsOf(api: Api): readonly string[] {
  const own = Object.keys(api.refusals ?? {})
  const common = Object.keys(COMMON).filter(
    (reason) =>
      // Who answers as it likes accepts everything; who limits nobody has no limit.
      !(reason === 'accept.unsupported' && api.answerType) && reason !== 'rate.exceeded',
  )
  return [...new Set([...own, 'body.invalid', ...common])]
}

/**
 * The refusal that a fault asks for: what this API refuses with by itself, where it has it.
 * The status is the fault's own, even where the vendor is not known to use it.
 */
export function refusalFor(wanted: Refusal, call: Call, api: Api, tools: Tools): Problem {
  const problem = problemFor(wanted, call, api)
  const { retryAfter, status = problem.status } = wanted
  const limits = {
    ...(retryAfter !== undefined || status === 429
      ? api.rateLimitHeaders?.(tools, retryAfter)
      : {}),
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
  }
  const allow =
    status === 405 && !problem.headers['Allow']
      ? { Allow: call.operation?.method.toUpperCase() ?? '' }
      : {}
  const { requestTypes = [] } = call.operation ?? {}
  const accept = status === 415 && !api.bodyType ? { Accept: requestTypes.join(', ') } : {}
  return new Problem(status, problem.reason, problem.message, {
    violations: problem.violations,
    headers: { ...problem.headers, ...allow, ...accept, ...limits, ...leading(wanted, status) },
  })
}

function problemFor({ status, reason, fields }: Refusal, call: Call, api: Api): Problem {
  const own = api.refusals ?? {}
  if (reason !== undefined && reason !== 'body.invalid') {
    // Arming has looked: it is one of these.
    const [its, message, headers = {}] = COMMON[reason] ?? [500, reason]
    return own[reason]?.() ?? new Problem(status ?? its, reason, message, { headers })
  }
  const invalidBody = status === 400 || reason !== undefined || fields !== undefined
  if (invalidBody)
    return invalid((fields ?? [firstField(call, api)]).map((field) => at(field, call)))
  for (const make of Object.values(own)) {
    const problem = make()
    if (problem.status === status) return problem
  }
  const [common, [, message, headers = {}]] = Object.entries(COMMON).find(
    ([, [its]]) => its === status,
  ) ?? ['fault.injected', [status, STATUS_CODES[status ?? 500] ?? 'An injected fault']]
  return new Problem(status ?? 500, common, message, { headers })
}

/** The field that a client is most likely to have forgotten. */
function firstField(call: Call, api: Api): string {
  const schema = call.operation?.requestSchema(call.operation.requestTypes[0] ?? '')
  return schema?.required?.[0] ?? api.userFields?.[0] ?? 'body'
}

/** `Email`, or with the rule that it breaks: `Email:maxLength`. */
function at(field: string, call: Call) {
  const [path = '', rule = 'required'] = field.split(':')
  const { operation } = call
  const type = operation?.requestTypes[0] ?? ''
  for (const schema of [operation?.requestSchema(type), operation?.strictSchema(type)]) {
    const violation = violationAt(path.split('.'), rule, schema ?? {})
    if (violation.limit !== undefined || !LIMITS.has(rule)) return violation
  }
  return violationAt(path.split('.'), 'invalid', {})
}

/** Rules that say nothing without their limit. */
const LIMITS = new Set(['minLength', 'maxLength', 'minimum', 'maximum', 'enum', 'pattern', 'type'])

/** What something in front of the vendor answers, or a page that is no answer at all. */
export function pageFor(wanted: Refusal): Reply {
  const { status = wanted.words === 'login-page' ? 200 : 502, words, retryAfter } = wanted
  const title = `${status} ${STATUS_CODES[status] ?? 'Error'}`
  const headers = {
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
    ...leading(wanted, status),
  }
  if (words === 'gateway-json') {
    const text = JSON.stringify({ message: STATUS_CODES[status] ?? 'Error' })
    return { status, headers, body: {}, page: { contentType: 'application/json', text } }
  }
  const text = words === 'login-page' ? LOGIN : html(title, `<h1>${title}</h1>`)
  return { status, headers, body: {}, page: { contentType: 'text/html; charset=utf-8', text } }
}

/** A 3xx leads somewhere, but for the 304. */
function leading({ location = '/login' }: Refusal, status: number): Record<string, string> {
  return status >= 300 && status < 400 && status !== 304 ? { Location: location } : {}
}

function html(title: string, content: string): string {
  return `<!DOCTYPE html>\n<html>\n<head><title>${title}</title></head>\n<body>\n${content}\n</body>\n</html>\n`
}

const LOGIN = html(
  'Sign in',
  '<form method="post" action="/login">\n<label>User <input name="user"></label>\n<label>Password <input name="password" type="password"></label>\n<button>Sign in</button>\n</form>',
)
