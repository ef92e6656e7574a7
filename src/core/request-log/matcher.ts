import { isDeepStrictEqual } from 'node:util'
import type { IncomingHttpHeaders } from 'node:http'
import type { ExpectedValue, ValueCondition } from '../match.ts'
import { readingsOf } from '../http/plus-sign.ts'
import { Problem } from '../problem.ts'
import { isRecord } from '../contract/schema.ts'
import { SafeRegex, MAX_TEXT_LENGTH } from './safe-regex.ts'
import { REDACTED } from './secret-spellings.ts'
import { SECRET_NAMES } from './secret-names.ts'

/** The parts of a request that a matcher tests; the request is live or recorded. */
export interface MatchSubject {
  readonly api?: string
  readonly operation?: string
  readonly method: string
  /** Includes the API's prefix, but neither the sandbox nor the query. */
  readonly path: string
  /** Status of the answer; absent before there is one. */
  readonly status?: number
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  /** The caller that the request names, unverified: a user name, a token, a company. */
  readonly caller?: string | undefined
}

/** Conditions for a request; all members that are present must match. */
export interface RequestPattern {
  readonly api?: string
  readonly operation?: string
  readonly method?: string
  readonly path?: ExpectedValue
  /** `201`, a class such as `4xx`, or 0 for a connection that ended without an answer. */
  readonly status?: number | string
  /** Body fields by path: `email`, `Folders[0]`, `$.address.city`, `Groups[*]`. */
  readonly fields?: Readonly<Record<string, ExpectedValue>>
  readonly headers?: Readonly<Record<string, ExpectedValue>>
  readonly query?: Readonly<Record<string, ExpectedValue>>
  /** Path parameters by their names in the contract. */
  readonly params?: Readonly<Record<string, ExpectedValue>>
  /**
   * The token of `Authorization: Bearer`, `user:password` of Basic, the whole header of any other
   * scheme; or the caller: the user name of Basic, a company.
   */
  readonly credential?: ExpectedValue
}

/** One condition that a request does not meet, as text. */
export interface Mismatch {
  /** `fields.email`, `headers.accept`, `status`, … */
  readonly at: string
  readonly wanted: string
  readonly found: string
}

/** Describes a mismatch, without a full stop. */
export function describeMismatch({ at, wanted, found }: Mismatch): string {
  return `${at} is ${found}, not ${wanted}`
}

/** Returns the mismatches; empty when the request matches. */
export type Matcher = (subject: MatchSubject) => readonly Mismatch[]

type Comparison = (subject: MatchSubject) => Mismatch | undefined

/**
 * Compiles a pattern. The matcher is a pure function of the subject.
 *
 * @param names of secrets; mismatches do not show their values
 * @throws Problem 400 expression.invalid, pattern.invalid
 */
export function createMatcher(pattern: RequestPattern, names = SECRET_NAMES): Matcher {
  const comparisons: Comparison[] = []
  const { api, operation, method, path, status, credential } = pattern
  const addExact = (
    at: string,
    wanted: string | undefined,
    valueOf: (subject: MatchSubject) => string,
  ) => {
    if (wanted === undefined) return
    const shown = quoted(wanted)
    comparisons.push((subject) => {
      const found = valueOf(subject)
      return found === wanted ? undefined : { at, wanted: shown, found: quoted(found) }
    })
  }
  addExact('api', api, (subject) => subject.api ?? 'none')
  addExact('operation', operation, (subject) => subject.operation ?? 'none')
  addExact('method', method?.toUpperCase(), (subject) => subject.method)
  if (path !== undefined)
    comparisons.push(valueComparison('path', path, ({ path: found }) => [found]))
  if (status !== undefined) comparisons.push(statusComparison(String(status)))
  for (const [name, wanted] of Object.entries(pattern.params ?? {})) {
    comparisons.push(
      valueComparison(`params.${name}`, wanted, ({ params }) => listOf(ownValue(params, name))),
    )
  }
  for (const [name, wanted] of Object.entries(pattern.query ?? {})) {
    const valuesOf = ({ query }: MatchSubject) => query.getAll(name).flatMap(readingsOf)
    comparisons.push(valueComparison(`query.${name}`, wanted, valuesOf, names.has(name)))
  }
  for (const [name, wanted] of Object.entries(pattern.headers ?? {})) {
    const lower = name.toLowerCase()
    const valuesOf = ({ headers }: MatchSubject) => [ownValue(headers, lower) ?? []].flat()
    comparisons.push(valueComparison(`headers.${lower}`, wanted, valuesOf, names.has(name)))
  }
  if (credential !== undefined) {
    const valuesOf = ({ headers, caller }: MatchSubject) => [
      ...credentialIn(headers),
      ...listOf(caller),
    ]
    comparisons.push(valueComparison('credential', credential, valuesOf, true))
  }
  for (const [field, wanted] of Object.entries(pattern.fields ?? {})) {
    const steps = parseFieldPath(field)
    const secret = steps.some((step) => typeof step === 'string' && names.has(step))
    const valuesOf = ({ body }: MatchSubject) => valuesAt(body, field, steps)
    comparisons.push(valueComparison(`fields.${field}`, wanted, valuesOf, secret, true))
  }
  return (subject) => {
    const mismatches: Mismatch[] = []
    for (const compare of comparisons) {
      const mismatch = compare(subject)
      if (mismatch) mismatches.push(mismatch)
    }
    return mismatches
  }
}

/** Checks the status for `201`, `4xx` or `0`. */
function statusComparison(wanted: string): Comparison {
  if (!/^(?:0|[1-5](?:\d\d|xx))$/i.test(wanted)) {
    throw invalid(
      `status must be a status such as 201, a class such as 4xx, or 0 for no answer, got ${wanted}`,
    )
  }
  const digits = wanted.toLowerCase().replace('xx', '')
  return ({ status }) =>
    status !== undefined && String(status).startsWith(digits)
      ? undefined
      : { at: 'status', wanted, found: status === undefined ? 'none yet' : String(status) }
}

/**
 * Checks that one of the values meets the condition.
 *
 * @param secret true if the value is hidden in mismatches and compared only as a whole
 * @param typed true if `1` and `"1"` differ
 */
function valueComparison(
  at: string,
  wanted: ExpectedValue,
  valuesOf: (subject: MatchSubject) => readonly unknown[],
  secret = false,
  typed = false,
): Comparison {
  const condition = conditionFrom(at, wanted)
  const { equals, regex, exists, ignoreCase } = condition
  if (regex !== undefined && secret) {
    // An expression could reveal a secret letter by letter.
    throw invalid(`${at} is a secret: only equals and exists can be used on it`)
  }
  const expression = regex === undefined ? undefined : new SafeRegex(regex, { ignoreCase })
  const matches = (value: unknown): boolean => {
    if ('equals' in condition && !isSame(value, equals, typed)) return false
    return !expression || expression.test(textOf(value))
  }
  const shownCondition = describeCondition(condition, secret)
  return (subject) => {
    const values = valuesOf(subject)
    if (exists === false) {
      if (values.length === 0) return undefined
    } else if (values.some(matches)) return undefined
    const shown = values.map((value) => (secret ? REDACTED : quoted(withoutSecrets(value))))
    const tooLong = expression && values.some((value) => textOf(value).length > MAX_TEXT_LENGTH)
    const found = shown.length === 0 ? 'absent' : shown.slice(0, 3).join(', ')
    const why = tooLong ? ` (longer than the limit of ${MAX_TEXT_LENGTH} characters)` : ''
    return { at, wanted: shownCondition, found: `${found}${why}` }
  }
}

/**
 * Reads an expected value. An object with no member of a condition is itself the expected value.
 */
function conditionFrom(at: string, wanted: ExpectedValue): ValueCondition {
  if (!isRecord(wanted)) return { equals: wanted }
  const names = Object.keys(wanted)
  const known = names.filter((name) => CONDITIONS.includes(name))
  if (known.length === 0) return { equals: wanted }
  if (known.length < names.length) {
    throw invalid(`${at} may have only ${CONDITIONS.join(', ')}, got ${names.join(', ')}`)
  }
  const { regex, exists, ignoreCase } = wanted
  if (regex !== undefined && typeof regex !== 'string')
    throw invalid(`${at}.regex must be a string`)
  if (exists !== undefined && typeof exists !== 'boolean') {
    throw invalid(`${at}.exists must be true or false`)
  }
  if (ignoreCase !== undefined && (typeof ignoreCase !== 'boolean' || regex === undefined)) {
    throw invalid(`${at}.ignoreCase must be true or false, and needs regex beside it`)
  }
  return wanted
}

const CONDITIONS = ['equals', 'regex', 'ignoreCase', 'exists']

function isSame(value: unknown, wanted: unknown, typed: boolean): boolean {
  return typed ? isDeepStrictEqual(value, wanted) : textOf(value) === textOf(wanted)
}

function describeCondition(condition: ValueCondition, secret: boolean): string {
  const { regex, ignoreCase, exists } = condition
  const parts = [
    ...('equals' in condition ? [secret ? 'another secret' : quoted(condition.equals)] : []),
    ...(regex === undefined ? [] : [`a match for /${regex}/${ignoreCase ? 'i' : ''}`]),
  ]
  if (exists === false) return 'absent'
  return parts.length === 0 ? 'present' : parts.join(' and ')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** A value as a mismatch shows it: as JSON, so that quotes tell its type. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent'
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** Redacts the members whose names are names of secrets. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET_NAMES.has(name) ? REDACTED : withoutSecrets(member),
    ]),
  )
}

function ownValue<T>(from: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(from, name) ? from[name] : undefined
}

function listOf(value: unknown): unknown[] {
  return value === undefined ? [] : [value]
}

function credentialIn({ authorization }: IncomingHttpHeaders): string[] {
  if (authorization === undefined) return []
  const [, scheme = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(authorization) ?? []
  if (/^basic$/i.test(scheme)) return [Buffer.from(rest, 'base64').toString('utf8')]
  return [/^bearer$/i.test(scheme) ? rest : authorization]
}

const MAX_PATH_LENGTH = 500
type FieldStep = string | number | typeof ANY
const ANY = Symbol('any')

/**
 * Parses the path of a body field: `address.city`, `Folders[0]`, `Folders.0`, `$.Groups[*]`,
 * `$['a.b']`.
 *
 * @throws Problem 400 pattern.invalid
 */
function parseFieldPath(path: string): readonly FieldStep[] {
  const steps: FieldStep[] = []
  if (path === '' || path.length > MAX_PATH_LENGTH) {
    const shown = path.slice(0, 60)
    const allowed = `1 to ${MAX_PATH_LENGTH} characters such as email, Folders[0] or $.Groups[*]`
    throw invalid(`"${shown}" is not a field path: it must be ${allowed}`)
  }
  const step = /\.?([^.[\]'"$*\s][^.[\]]*)|\[(\d+)\]|(\[\*\]|\.\*)|\[(?:'([^']*)'|"([^"]*)")\]/y
  step.lastIndex = path === '$' || /^\$[.[]/.test(path) ? 1 : 0
  while (step.lastIndex < path.length) {
    const at = step.lastIndex
    const match = step.exec(path)
    if (!match) {
      throw invalid(`${path} is not a field path: "${path.slice(at)}" cannot be parsed`)
    }
    const [, name, index, any, single, double] = match
    if (any !== undefined) steps.push(ANY)
    else if (index !== undefined) steps.push(Number(index))
    else steps.push(name ?? single ?? double!)
  }
  return steps
}

/** All values at a path; a member whose name contains dots is found too. */
function valuesAt(body: unknown, path: string, steps: readonly FieldStep[]): unknown[] {
  if (isRecord(body) && Object.hasOwn(body, path)) return [body[path]]
  return steps.reduce<unknown[]>(
    (values, step) => values.flatMap((value) => valuesIn(value, step)),
    listOf(body),
  )
}

function valuesIn(value: unknown, step: FieldStep): unknown[] {
  if (step === ANY) {
    return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : []
  }
  if (Array.isArray(value)) return /^\d+$/.test(String(step)) ? listOf(value[Number(step)]) : []
  return isRecord(value) && Object.hasOwn(value, step) ? [value[step]] : []
}

function invalid(message: string): Problem {
  return new Problem(400, 'pattern.invalid', message)
}
