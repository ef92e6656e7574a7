import { didYouMean } from './words.ts'

/** One thing in a request that its contract does not allow. It never carries a caller's secret. */
export interface Violation {
  readonly part: 'body' | 'query' | 'path' | 'header'
  /** Where in that part: `['Folders', 0]`; empty for the part as a whole. */
  readonly at: readonly (string | number)[]
  /** The JSON Schema keyword that was broken: `required`, `type`, `minLength`, … */
  readonly rule: string
  /** What the keyword asks for: the type's name, the length, the list of allowed values. */
  readonly limit?: unknown
  /** What a pattern asks for, in words: `a duration such as 5m`. */
  readonly form?: string
  /** The length of what was given, where the rule is about a length. */
  readonly given?: number
}

/** The defect of a body that cannot be read, where a hint can say what to change. */
export type BodyFlaw =
  | { readonly kind: 'ends-early' | 'wrong-encoding' }
  /** `place` is such as `line 2, column 7`; absent for names that differ in case only. */
  | { readonly kind: 'duplicate-name'; readonly place?: string }

interface Details {
  readonly violations?: readonly Violation[]
  readonly flaw?: BodyFlaw | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/**
 * A refusal, in no vendor's words: a slice's `explain` makes the vendor's answer of it.
 *
 * `reason` is stable and machine-readable (`scope.missing`); it rides in the response header
 * `Standin-Reason`. `message` is a sentence for the person who reads it.
 */
export class Problem extends Error {
  readonly status: number
  readonly reason: string
  readonly violations: readonly Violation[]
  /** Set for some refusals with the reason `body.malformed`. */
  readonly flaw: BodyFlaw | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, reason: string, message: string, details: Details = {}) {
    // A refusal is an ordinary outcome: nobody reads its stack, and to take one costs more than
    // all the rest of it.
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

/** A body that breaks its contract: status 400, every broken rule listed. */
export function invalid(violations: readonly Violation[]): Problem {
  return new Problem(400, 'body.invalid', violations.map(inWords).join('; '), { violations })
}

/** What others have already; a vendor that answers no 409 answers 400. */
export function duplicate(fields: readonly string[], status = 400): Problem {
  const violations = fields.map((field): Violation => ({
    part: 'body',
    at: [field],
    rule: 'duplicate',
  }))
  return new Problem(status, 'user.duplicate', violations.map(inWords).join('; '), { violations })
}

/** `['Folders', 0]` as people write it: `Folders[0]`. */
export function pathOf({ at, part }: Violation): string {
  const path = at.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text ? `${text}.${step}` : step,
    '',
  )
  return path || part
}

/** The plain wording, for our own messages; each vendor has its own in `errors.ts`. */
export function inWords(violation: Violation): string {
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
        .join(', ')}`
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
      return `is not known here${known(limit, violation.at.at(-1))}`
    case 'duplicate':
      return 'already exists'
    case 'anyOf':
      return `one of ${[limit].flat().join(', ')} is required`
    default:
      return `breaks the rule ${rule}${limit === undefined ? '' : ` ${JSON.stringify(limit)}`}`
  }
}

/** What is known instead, and which of it may have been meant. */
function known(limit: unknown, name: unknown): string {
  if (!Array.isArray(limit) || limit.length === 0) return ''
  const names = limit.map(String)
  return `${didYouMean(String(name), names)}; allowed: ${names.join(', ')}`
}

/** A message as the vendors' sentences end: with a full stop. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
