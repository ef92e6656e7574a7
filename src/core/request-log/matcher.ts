import { isDeepStrictEqual } from 'node:util'
import type { IncomingHttpHeaders } from 'node:http'
import type { Condition, ExpectedValue } from '../match.ts'
import { Problem } from '../problem.ts'
import { isRecord } from '../contract/schema.ts'
import { Expression, LONGEST_TEXT } from './safe-regex.ts'
import { isSecretName, REDACTED } from './redact.ts'

/** A request, live or remembered, as a matcher sees it. */
export interface Subject {
  readonly api?: string
  readonly operation?: string
  readonly method: string
  /** With the API's prefix, without the sandbox and the query. */
  readonly path: string
  /** Of the answer, where there is one. */
  readonly status?: number
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  /** Who calls, as the API finds it, unchecked: a user name, a token, a company. */
  readonly caller?: string | undefined
}

/** What a request should be; what is left out may be anything. */
export interface Pattern {
  readonly api?: string
  readonly operation?: string
  readonly method?: string
  readonly path?: ExpectedValue
  /** `201`, or a class such as `4xx`; 0 is no answer. */
  readonly status?: number | string
  /** By where they are in the body: `email`, `Folders[0]`, `$.address.city`, `Groups[*]`. */
  readonly fields?: Readonly<Record<string, ExpectedValue>>
  readonly headers?: Readonly<Record<string, ExpectedValue>>
  readonly query?: Readonly<Record<string, ExpectedValue>>
  /** Of the path, by their names in the contract. */
  readonly params?: Readonly<Record<string, ExpectedValue>>
  /**
   * The token of `Authorization: Bearer`, `user:password` of Basic, the whole of any other; or who
   * calls: the user name of Basic, a company.
   */
  readonly credential?: ExpectedValue
}

/** One thing in which a request is not what it should be, in words. */
export interface Mismatch {
  /** `fields.email`, `headers.accept`, `status`, … */
  readonly at: string
  readonly wanted: string
  readonly found: string
}

/** A mismatch as a sentence without its stop. */
export function differenceIn({ at, wanted, found }: Mismatch): string {
  return `${at} is ${found}, not ${wanted}`
}

/** What is not as it should be; empty when the request fits. */
export type Matcher = (subject: Subject) => readonly Mismatch[]

type Check = (subject: Subject) => Mismatch | undefined

/**
 * A pattern, read once: every check of it is a pure function of the subject.
 *
 * @throws Problem 400 expression.invalid, pattern.invalid
 */
export function matcherFor(pattern: Pattern): Matcher {
  const checks: Check[] = []
  const { api, operation, method, path, status, credential } = pattern
  const exactly = (at: string, wanted: string | undefined, of: (subject: Subject) => string) => {
    if (wanted === undefined) return
    const shown = quoted(wanted)
    checks.push((subject) => {
      const found = of(subject)
      return found === wanted ? undefined : { at, wanted: shown, found: quoted(found) }
    })
  }
  exactly('api', api, (subject) => subject.api ?? 'none')
  exactly('operation', operation, (subject) => subject.operation ?? 'none')
  exactly('method', method?.toUpperCase(), (subject) => subject.method)
  if (path !== undefined) checks.push(valueCheck('path', path, ({ path: found }) => [found]))
  if (status !== undefined) checks.push(statusCheck(String(status)))
  for (const [name, wanted] of Object.entries(pattern.params ?? {})) {
    checks.push(valueCheck(`params.${name}`, wanted, ({ params }) => valuesOf(own(params, name))))
  }
  for (const [name, wanted] of Object.entries(pattern.query ?? {})) {
    checks.push(
      valueCheck(`query.${name}`, wanted, ({ query }) => query.getAll(name), isSecretName(name)),
    )
  }
  for (const [name, wanted] of Object.entries(pattern.headers ?? {})) {
    const lower = name.toLowerCase()
    const of = ({ headers }: Subject) => [own(headers, lower) ?? []].flat()
    checks.push(valueCheck(`headers.${lower}`, wanted, of, isSecretName(name)))
  }
  if (credential !== undefined) {
    const of = ({ headers, caller }: Subject) => [...credentialIn(headers), ...valuesOf(caller)]
    checks.push(valueCheck('credential', credential, of, true))
  }
  for (const [where, wanted] of Object.entries(pattern.fields ?? {})) {
    const steps = stepsIn(where)
    const secret = steps.some((step) => typeof step === 'string' && isSecretName(step))
    const of = ({ body }: Subject) => valuesAt(body, where, steps)
    checks.push(valueCheck(`fields.${where}`, wanted, of, secret, true))
  }
  return (subject) => {
    const found: Mismatch[] = []
    for (const check of checks) {
      const mismatch = check(subject)
      if (mismatch) found.push(mismatch)
    }
    return found
  }
}

/** `201`, `4xx` or `0`. */
function statusCheck(wanted: string): Check {
  if (!/^(?:0|[1-5](?:\d\d|xx))$/i.test(wanted)) {
    throw invalid(`status must be such as 201 or 4xx, or 0 for no answer, not ${wanted}`)
  }
  const digits = wanted.toLowerCase().replace('xx', '')
  return ({ status }) =>
    status !== undefined && String(status).startsWith(digits)
      ? undefined
      : { at: 'status', wanted, found: status === undefined ? 'none yet' : String(status) }
}

/**
 * @param of the values that are there; the check holds when one of them is as wanted
 * @param secret whether the value is shown to nobody, and compared as a whole only
 * @param typed whether `1` and `"1"` differ
 */
function valueCheck(
  at: string,
  wanted: ExpectedValue,
  of: (subject: Subject) => readonly unknown[],
  secret = false,
  typed = false,
): Check {
  const condition = conditionIn(at, wanted)
  const { equals, regex, exists, ignoreCase } = condition
  if (regex !== undefined && secret) {
    // Letter by letter, an expression would tell what nobody is shown.
    throw invalid(`${at} is a secret: only equals and exists can look at it`)
  }
  const expression = regex === undefined ? undefined : new Expression(regex, { ignoreCase })
  const fits = (value: unknown): boolean => {
    if ('equals' in condition && !isSame(value, equals, typed)) return false
    return !expression || expression.test(textOf(value))
  }
  const words = inWords(condition, secret)
  return (subject) => {
    const values = of(subject)
    if (exists === false) {
      if (values.length === 0) return undefined
    } else if (values.some(fits)) return undefined
    const shown = values.map((value) => (secret ? REDACTED : quoted(withoutSecrets(value))))
    const long = expression && values.some((value) => textOf(value).length > LONGEST_TEXT)
    const found = shown.length === 0 ? 'nothing' : shown.slice(0, 3).join(', ')
    const why = long ? ` (longer than the ${LONGEST_TEXT} characters that are looked at)` : ''
    return { at, wanted: words, found: `${found}${why}` }
  }
}

function conditionIn(at: string, wanted: ExpectedValue): Condition {
  if (!isRecord(wanted)) return { equals: wanted }
  const names = Object.keys(wanted)
  const known = names.filter((name) => CONDITIONS.includes(name))
  if (known.length === 0) return { equals: wanted }
  if (known.length < names.length) {
    throw invalid(`${at} has more than ${CONDITIONS.join(', ')}: ${names.join(', ')}`)
  }
  const { regex, exists, ignoreCase } = wanted
  if (regex !== undefined && typeof regex !== 'string') throw invalid(`${at}.regex must be a text`)
  if (exists !== undefined && typeof exists !== 'boolean') {
    throw invalid(`${at}.exists must be true or false`)
  }
  if (ignoreCase !== undefined && (typeof ignoreCase !== 'boolean' || regex === undefined)) {
    throw invalid(`${at}.ignoreCase must be true or false, and goes with regex`)
  }
  return wanted
}

const CONDITIONS = ['equals', 'regex', 'ignoreCase', 'exists']

function isSame(value: unknown, wanted: unknown, typed: boolean): boolean {
  return typed ? isDeepStrictEqual(value, wanted) : textOf(value) === textOf(wanted)
}

function inWords(condition: Condition, secret: boolean): string {
  const { regex, ignoreCase, exists } = condition
  const parts = [
    ...('equals' in condition ? [secret ? 'another secret' : quoted(condition.equals)] : []),
    ...(regex === undefined ? [] : [`what fits /${regex}/${ignoreCase ? 'i' : ''}`]),
  ]
  if (exists === false) return 'nothing'
  return parts.length === 0 ? 'anything' : parts.join(' and ')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** A value as a difference shows it, its type told by its quotes. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** A value without those of its members that are secrets by their name. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [
      name,
      isSecretName(name) ? REDACTED : withoutSecrets(held),
    ]),
  )
}

function own<T>(from: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(from, name) ? from[name] : undefined
}

function valuesOf(value: unknown): unknown[] {
  return value === undefined ? [] : [value]
}

function credentialIn({ authorization }: IncomingHttpHeaders): string[] {
  if (authorization === undefined) return []
  const [, scheme = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(authorization) ?? []
  if (/^basic$/i.test(scheme)) return [Buffer.from(rest, 'base64').toString('utf8')]
  return [/^bearer$/i.test(scheme) ? rest : authorization]
}

const LONGEST_PLACE = 500
type FieldStep = string | number | typeof ANY
const ANY = Symbol('any')

/**
 * Where a field is: `address.city`, `Folders[0]`, `Folders.0`, `$.Groups[*]`, `$['a.b']`.
 *
 * @throws Problem 400 pattern.invalid
 */
function stepsIn(where: string): readonly FieldStep[] {
  const steps: FieldStep[] = []
  if (where === '' || where.length > LONGEST_PLACE) {
    const shown = where.slice(0, 60)
    const allowed = `1 to ${LONGEST_PLACE} characters such as email, Folders[0] or $.Groups[*]`
    throw invalid(`"${shown}" is no place in a body: that is ${allowed}`)
  }
  const step = /\.?([^.[\]'"$*\s][^.[\]]*)|\[(\d+)\]|(\[\*\]|\.\*)|\[(?:'([^']*)'|"([^"]*)")\]/y
  step.lastIndex = where === '$' || /^\$[.[]/.test(where) ? 1 : 0
  while (step.lastIndex < where.length) {
    const at = step.lastIndex
    const match = step.exec(where)
    if (!match) {
      throw invalid(`${where} is no place in a body: "${where.slice(at)}" is not understood`)
    }
    const [, name, index, any, single, double] = match
    if (any !== undefined) steps.push(ANY)
    else if (index !== undefined) steps.push(Number(index))
    else steps.push(name ?? single ?? double!)
  }
  return steps
}

/** All values at a place; a name that has dots in it is found too. */
function valuesAt(body: unknown, where: string, steps: readonly FieldStep[]): unknown[] {
  if (isRecord(body) && Object.hasOwn(body, where)) return [body[where]]
  return steps.reduce<unknown[]>(
    (held, step) => held.flatMap((value) => within(value, step)),
    valuesOf(body),
  )
}

function within(value: unknown, step: FieldStep): unknown[] {
  if (step === ANY) {
    return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : []
  }
  if (Array.isArray(value)) return /^\d+$/.test(String(step)) ? valuesOf(value[Number(step)]) : []
  return isRecord(value) && Object.hasOwn(value, step) ? [value[step]] : []
}

function invalid(message: string): Problem {
  return new Problem(400, 'pattern.invalid', message)
}
