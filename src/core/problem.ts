import { didYouMean } from './words.ts'

/** One violation of the contract by a request. It never contains a secret of the caller. */
export interface Violation {
  readonly part: 'body' | 'query' | 'path' | 'header'
  /** Path within the part: `['Folders', 0]`; empty for the part as a whole. */
  readonly at: readonly (string | number)[]
  /** The violated JSON Schema keyword: `required`, `type`, `minLength`, … */
  readonly rule: string
  /** The value of the keyword: the type's name, the length, the list of allowed values. */
  readonly limit?: unknown
  /** A readable description of a pattern: `a duration such as 5m`. */
  readonly form?: string
  /** The length of the given text. */
  readonly given?: number
  /** The allowed value of an enum that was probably meant. */
  readonly meant?: string
}

/** The defect of a body that cannot be read, where a hint can say what to change. */
export type BodyFlaw =
  | { readonly kind: 'ends-early' | 'wrong-encoding' }
  /** `place` has the form `line 2, column 7`; absent for names that differ only in case. */
  | { readonly kind: 'duplicate-name'; readonly place?: string }

interface Details {
  readonly violations?: readonly Violation[]
  readonly flaw?: BodyFlaw | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/**
 * A refusal, independent of a vendor: the `refuse` of an API turns it into the vendor's answer.
 *
 * `reason` is stable and machine-readable (`scope.missing`); the response header `Standin-Reason`
 * carries it. `message` is for people and may change.
 */
export class Problem extends Error {
  readonly status: number
  readonly reason: string
  readonly violations: readonly Violation[]
  /** Set for some refusals with the reason `body.malformed`. */
  readonly flaw: BodyFlaw | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, reason: string, message: string, details: Details = {}) {
    // A refusal is an ordinary outcome, so its stack is useless; capturing one would cost more
    // than the rest of the refusal.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message, { cause: details.cause })
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'Problem'
    this.status = status
    this.reason = reason
    this.violations = details.violations ?? []
    this.flaw = details.flaw
    this.headers = details.headers ?? {}
  }
}

/**
 * The problem for a request that violates its contract: status 400 with every violation. The reason
 * is `query.invalid` if only the query violates it, and else `body.invalid`.
 */
export function invalid(violations: readonly Violation[]): Problem {
  const isQuery = violations.length > 0 && violations.every(({ part }) => part === 'query')
  const reason = isQuery ? 'query.invalid' : 'body.invalid'
  return new Problem(400, reason, violations.map(describeViolation).join('; '), {
    violations,
  })
}

/** The problem for values that another user has already; 400 for a vendor that has no 409. */
export function duplicate(fields: readonly string[], status = 400): Problem {
  const violations = fields.map((field): Violation => ({
    part: 'body',
    at: [field],
    rule: 'duplicate',
  }))
  return new Problem(status, 'user.duplicate', violations.map(describeViolation).join('; '), {
    violations,
  })
}

/** The path of a violation as text: `Folders[0]` for `['Folders', 0]`; the part for an empty path. */
export function pathOf({ at, part }: Violation): string {
  const path = at.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text ? `${text}.${step}` : step,
    '',
  )
  return path || part
}

/** The plain wording, for our own messages; each vendor has its own in `errors.ts`. */
export function describeViolation(violation: Violation): string {
  if (violation.rule === 'duplicate') return `a user with this ${pathOf(violation)} already exists`
  if (violation.rule === 'anyOf') return requirementOf(violation)
  return `${pathOf(violation)} ${requirementOf(violation)}`
}

/** The wording of a broken rule without the path: `must be of type string`. */
export function requirementOf(violation: Violation): string {
  const { rule, limit } = violation
  switch (rule) {
    case 'required':
      return 'is required'
    case 'type':
      return `must be of type ${[limit].flat().join(' or ')}`
    case 'enum':
      return `must be one of ${[limit]
        .flat()
        .filter((item) => item !== null)
        .map(String)
        .join(', ')}${violation.meant === undefined ? '' : `; did you mean ${violation.meant}?`}`
    case 'minimum':
    case 'maximum':
      return `must be at ${rule === 'minimum' ? 'least' : 'most'} ${String(limit)}`
    case 'pattern':
      return `must be ${violation.form ?? `text that matches ${String(limit)}`}`
    case 'format':
      return `must be a ${String(limit)}`
    case 'minLength':
    case 'maxLength':
      return `must have at ${rule === 'minLength' ? 'least' : 'most'} ${String(limit)} characters`
    case 'additionalProperties':
      return `is not known here${allowedNames(limit, violation.at.at(-1))}`
    case 'duplicate':
      return 'already exists'
    case 'anyOf':
      return `one of ${[limit].flat().join(', ')} is required`
    default:
      return `breaks the rule ${rule}${limit === undefined ? '' : ` ${JSON.stringify(limit)}`}`
  }
}

/** The allowed names, or only the one that was probably meant. */
function allowedNames(limit: unknown, name: unknown): string {
  if (!Array.isArray(limit) || limit.length === 0) return ''
  const names = limit.map(String)
  return didYouMean(String(name), names) || `; allowed: ${names.join(', ')}`
}

/** A message with a full stop, as the vendors' messages have it. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
