import type { Call } from '../call.ts'
import { hash } from '../fake.ts'
import { Problem } from '../problem.ts'
import {
  createMatcher,
  describeMismatch,
  type MatchSubject,
  type RequestPattern,
} from '../request-log/matcher.ts'
import type { FaultDefinition, MatchValue } from '../fault.ts'

/** A request as conditions see it. */
export interface Candidate {
  readonly api: string
  readonly call: Call
  /** What matchers look at; its body as far as it can be read, undefined before it came. */
  readonly subject: MatchSubject
  /** Who calls, as far as the request says it unchecked: a user name, a token, a company. */
  credential(): string | undefined
  /** The user that it is about: the address, in lower case. */
  about(): string | undefined
}

/** A name that is kept: longer texts are told apart by a number, so that none fills the memory. */
export function shortened(name: string): string {
  return name.length <= 320 ? name : `long-${hash(name)}`
}

/** One thing that a request must have. */
export interface Condition {
  /** Why the request does not have it, or undefined when it does. */
  miss(candidate: Candidate): string | undefined
}

/**
 * The conditions of a definition, from the coarse to the fine.
 *
 * @throws Problem 400 fault.invalid
 */
export function conditionsOf({
  api,
  operation,
  match = {},
}: FaultDefinition): readonly Condition[] {
  const { params, query, headers, credential, fields } = match
  return [
    ...(api === undefined ? [] : [conditionFor('api', { api })]),
    ...(operation === undefined ? [] : [conditionFor('operation', { operation })]),
    ...each('params', params),
    ...each('query', query),
    ...each('headers', headers),
    ...(credential === undefined
      ? []
      : [conditionFor('match.credential', { credential: read(credential) })]),
    ...each('fields', fields),
  ]
}

function each(
  part: 'params' | 'query' | 'headers' | 'fields',
  entries: Readonly<Record<string, MatchValue>> = {},
): readonly Condition[] {
  return Object.entries(entries).map(([name, wanted]) =>
    // A name such as __proto__ is one like any other.
    conditionFor(`match.${part}.${name.slice(0, 60)}`, {
      [part]: Object.fromEntries([[name, read(wanted)]]),
    }),
  )
}

function conditionFor(path: string, pattern: RequestPattern): Condition {
  try {
    const differences = createMatcher(pattern)
    return {
      miss: ({ subject }) => {
        const [first] = differences(subject)
        return first && describeMismatch(first)
      },
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new Problem(400, 'fault.invalid', `${path}: ${error.message}`)
  }
}

/** A text such as `/^ada@/i` is an expression. */
function read(wanted: MatchValue): MatchValue {
  const [, regex, flags = ''] =
    typeof wanted === 'string' ? (/^\/(.+)\/([iu]*)$/s.exec(wanted) ?? []) : []
  if (regex === undefined) return wanted
  return flags.includes('i') ? { regex, ignoreCase: true } : { regex }
}
