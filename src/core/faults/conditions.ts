import type { Call } from '../call.ts'
import { hash } from '../fake.ts'
import type { FaultDefinition, MatchValue } from '../fault.ts'
import { Problem } from '../problem.ts'
import {
  createMatcher,
  describeMismatch,
  type MatchSubject,
  type RequestPattern,
} from '../request-log/matcher.ts'
import { type RegexBudget, RegexBudgetExceeded } from '../request-log/safe-regex.ts'
import { invalidFault } from './invalid-fault.ts'

/** A request as the conditions of faults read it. */
export interface Candidate {
  readonly api: string
  readonly call: Call
  /** The parts that matchers compare; its body is undefined until it has been read. */
  readonly subject: MatchSubject
  /** Time that the expressions of all faults may take for this request. */
  readonly regexBudget: RegexBudget
  /** The unchecked credential of the request: a user name, a token or a company. */
  credential(): string | undefined
  /** The user in the body: the email address or the user name, in lower case. */
  user(): string | undefined
}

/** Replaces a long name by its hash, so that stored names cannot fill the memory. */
export function boundedName(name: string): string {
  return name.length <= 320 ? name : `long-${hash(name)}`
}

/** One condition that a request must meet for a fault to fire. */
export interface FaultCondition {
  /** Explains why the request does not match; undefined where it does. */
  mismatch(candidate: Candidate): string | undefined
}

/**
 * Reads the conditions of a definition, from the most general to the most specific.
 *
 * @throws Problem 400 fault.invalid
 */
export function conditionsOf({
  api,
  operation,
  match = {},
}: FaultDefinition): readonly FaultCondition[] {
  const { params, query, headers, credential, fields } = match
  return [
    ...(api === undefined ? [] : [conditionFor('api', { api })]),
    ...(operation === undefined ? [] : [conditionFor('operation', { operation })]),
    ...conditionsOn('params', params),
    ...conditionsOn('query', query),
    ...conditionsOn('headers', headers),
    ...(credential === undefined
      ? []
      : [conditionFor('match.credential', { credential: withRegex(credential) })]),
    ...conditionsOn('fields', fields),
  ]
}

function conditionsOn(
  part: 'params' | 'query' | 'headers' | 'fields',
  entries: Readonly<Record<string, MatchValue>> = {},
): readonly FaultCondition[] {
  return Object.entries(entries).map(([name, expected]) =>
    // Object.fromEntries takes even __proto__ as an ordinary name.
    conditionFor(`match.${part}.${name.slice(0, 60)}`, {
      [part]: Object.fromEntries([[name, withRegex(expected)]]),
    }),
  )
}

const SLOW_EXPRESSIONS =
  'The expressions of the armed faults took too long for this request; the remaining faults did not fire. Simplify the expressions, or arm fewer'

function conditionFor(path: string, pattern: RequestPattern): FaultCondition {
  try {
    const differences = createMatcher(pattern)
    return {
      mismatch: ({ call, subject, regexBudget }) => {
        try {
          const [first] = regexBudget.spend(() => differences(subject))
          return first && describeMismatch(first)
        } catch (error) {
          if (!(error instanceof RegexBudgetExceeded)) throw error
          const code = 'fault.slow-expressions'
          if (!call.warnings.some((warning) => warning.code === code)) {
            call.warn(code, SLOW_EXPRESSIONS)
          }
          return error.message
        }
      },
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw invalidFault(`${path}: ${error.message}`)
  }
}

/** Turns a text such as `/^ada@/i` into a regular expression condition. */
function withRegex(expected: MatchValue): MatchValue {
  const [, regex, flags = ''] =
    typeof expected === 'string' ? (/^\/(.+)\/([iu]*)$/s.exec(expected) ?? []) : []
  if (regex === undefined) return expected
  return flags.includes('i') ? { regex, ignoreCase: true } : { regex }
}
