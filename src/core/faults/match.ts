import type { Call } from '../api.ts'
import { Problem } from '../problem.ts'
import { valueAt } from '../schema.ts'
import type { Definition, Wanted } from './fault.ts'

/** A request as conditions see it. */
export interface Candidate {
  readonly api: string
  readonly call: Call
  /** Who calls, as far as the request says it unchecked: a user name, a token, a company. */
  credential(): string | undefined
  /** The body as far as it can be read; undefined before it came, or where it cannot. */
  body(): unknown
  /** The user that it is about: the address, in lower case. */
  about(): string | undefined
}

/** One thing that a request must have. */
export interface Condition {
  readonly needsBody: boolean
  /** Why the request does not have it, or undefined when it does. */
  miss(candidate: Candidate): string | undefined
}

/** Longer patterns, and longer values for them, are refused or left unread: both cost time. */
const LONGEST_PATTERN = 200
const LONGEST_VALUE = 2000

/**
 * The conditions of a definition, from the coarse to the fine.
 *
 * @throws Problem 400 fault.invalid
 */
export function conditionsOf({ api, operation, match = {} }: Definition): readonly Condition[] {
  const conditions: Condition[] = []
  const add = (miss: Condition['miss'], needsBody = false) => conditions.push({ miss, needsBody })
  if (api !== undefined) {
    add((candidate) => differs('api', candidate.api, (value) => value === api, api))
  }
  if (operation !== undefined) {
    const is = (value: unknown) => value === operation
    add(({ call }) => differs('operation', call.operation?.id, is, operation))
  }
  each(match.params, 'params', (name, is, wanted) =>
    add(({ call }) => differs(`params.${name}`, call.params[name], is, wanted)),
  )
  each(match.query, 'query', (name, is, wanted) =>
    add(({ call }) => differs(`query.${name}`, call.query.get(name), is, wanted, true)),
  )
  each(match.headers, 'headers', (name, is, wanted) => {
    const key = name.toLowerCase()
    const secret = /^(authorization|cookie)$|token|secret|key/.test(key)
    add(({ call }) => differs(`headers.${name}`, call.headers[key], is, wanted, secret))
  })
  if (match.credential !== undefined) {
    const is = tester('match.credential', match.credential)
    const wanted = 'the credential'
    // A company's id may be in the body.
    add((candidate) => differs('credential', candidate.credential(), is, wanted, true), true)
  }
  each(match.fields, 'fields', (path, is, wanted) => {
    const at = stepsIn(path)
    const secret = /password|key|secret|token/i.test(path)
    add((candidate) => differs(path, valueAt(candidate.body(), at), is, wanted, secret), true)
  })
  return conditions
}

function each(
  entries: Readonly<Record<string, Wanted>> | undefined,
  part: string,
  add: (name: string, is: (value: unknown) => boolean, wanted: Wanted) => void,
): void {
  for (const [name, wanted] of Object.entries(entries ?? {})) {
    add(name, tester(`match.${part}.${name}`, wanted), wanted)
  }
}

/** `/…/` is a pattern, anything else is compared; text from a header or query has no types. */
function tester(path: string, wanted: Wanted): (value: unknown) => boolean {
  const [, source, flags] =
    typeof wanted === 'string' ? (/^\/(.+)\/([iu]*)$/s.exec(wanted) ?? []) : []
  if (source === undefined) {
    return (value) => value === wanted || (typeof value === 'string' && value === String(wanted))
  }
  if (source.length > LONGEST_PATTERN || /[*+}]\)?[*+{]|\)[*+{]/.test(source)) {
    throw new Problem(
      400,
      'fault.invalid',
      `${path} must be a pattern of at most ${LONGEST_PATTERN} characters with no repetition of a repetition`,
    )
  }
  let pattern: RegExp
  try {
    pattern = new RegExp(source, flags)
  } catch (cause) {
    throw new Problem(400, 'fault.invalid', `${path} holds no valid regular expression`, { cause })
  }
  return (value) =>
    (typeof value === 'string' || typeof value === 'number') &&
    pattern.test(String(value).slice(0, LONGEST_VALUE))
}

function differs(
  what: string,
  value: unknown,
  is: (value: unknown) => boolean,
  wanted: Wanted,
  secret = false,
): string | undefined {
  if (is(value)) return undefined
  const seen =
    value === undefined || value === null
      ? 'missing'
      : secret
        ? 'another'
        : JSON.stringify(value).slice(0, 60)
  return `${what} is ${seen}${secret ? '' : `, not ${JSON.stringify(wanted)}`}`
}

/** `$.Folders[0]`, `organization.name` or `Email` in its steps. */
function stepsIn(path: string): (string | number)[] {
  const plain = path.replace(/^\$\.?/, '')
  const steps = [...plain.matchAll(/\[(\d+)\]|\['([^']+)'\]|([^.[\]]+)/g)]
  return steps.map(([, index, quoted, name]) =>
    index === undefined ? (quoted ?? name!) : Number(index),
  )
}
