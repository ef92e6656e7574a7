import type { Call } from '../api.ts'
import { hash } from '../fake.ts'
import { Problem } from '../problem.ts'
import { valueAt } from '../schema.ts'
import type { Definition, Wanted } from './fault.ts'
import { patternOf } from './pattern.ts'

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

/** A name that is kept: longer texts are told apart by a number, so that none fills the memory. */
export function short(name: string): string {
  return name.length <= 320 ? name : `long-${hash(name)}`
}

/** One thing that a request must have. */
export interface Condition {
  /** Why the request does not have it, or undefined when it does. */
  miss(candidate: Candidate): string | undefined
}

/** Names of what is nobody's to read, wherever it stands. */
export const SECRET = /authorization|cookie|password|secret|session|token|key/i

/**
 * The conditions of a definition, from the coarse to the fine.
 *
 * @throws Problem 400 fault.invalid
 */
export function conditionsOf({ api, operation, match = {} }: Definition): readonly Condition[] {
  const conditions: Condition[] = []
  const add = (miss: Condition['miss']) => conditions.push({ miss })
  if (api !== undefined) {
    add((candidate) => differs('api', candidate.api, (value) => value === api, api))
  }
  if (operation !== undefined) {
    const is = (value: unknown) => value === operation
    add(({ call }) => differs('operation', call.operation?.id, is, operation))
  }
  each(match.params, 'params', (name, is, wanted) =>
    add(({ call }) => differs(`params.${name}`, own(call.params, name), is, wanted)),
  )
  each(match.query, 'query', (name, is, wanted) =>
    add(({ call }) => differs(`query.${name}`, call.query.get(name), is, wanted, true)),
  )
  each(match.headers, 'headers', (name, is, wanted) => {
    const key = name.toLowerCase()
    const secret = SECRET.test(key)
    add(({ call }) => differs(`headers.${name}`, own(call.headers, key), is, wanted, secret))
  })
  if (match.credential !== undefined) {
    const is = tester('match.credential', match.credential)
    const wanted = 'the credential'
    // A company's id may be in the body.
    add((candidate) => differs('credential', candidate.credential(), is, wanted, true))
  }
  each(match.fields, 'fields', (path, is, wanted) => {
    const at = stepsIn(path)
    const secret = SECRET.test(path)
    add((candidate) => differs(path, valueAt(candidate.body(), at), is, wanted, secret))
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
  const fits = patternOf(path, source, flags ?? '')
  return (value) => (typeof value === 'string' || typeof value === 'number') && fits(String(value))
}

function own(from: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(from, name) ? from[name] : undefined
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
        : typeof value === 'object'
          ? 'no single value'
          : JSON.stringify(value).slice(0, 60)
  return `${what} is ${seen}${secret ? '' : `, not ${JSON.stringify(wanted)}`}`
}

const LONGEST_PATH = 500
const STEP = /\[(\d{1,9})\]|\['([^']+)'\]|(?:^|\.)([^.[\]*?]+)/y

/**
 * `$.Folders[0]`, `organization.name`, `['a.b']` or `Email` in its steps.
 *
 * @throws Problem 400 fault.invalid
 */
function stepsIn(path: string): (string | number)[] {
  const plain = path.replace(/^\$(?=[.[])\.?(?!\.)/, '')
  const steps: (string | number)[] = []
  STEP.lastIndex = 0
  // A `$` that is left is no name.
  const end = path.length > LONGEST_PATH || plain.startsWith('$') ? 0 : plain.length
  while (STEP.lastIndex < end) {
    const found = STEP.exec(plain)
    if (!found) break
    const [, index, quoted, name] = found
    steps.push(index === undefined ? (quoted ?? name!) : Number(index)) // one of the three is there
    if (STEP.lastIndex === plain.length) return steps
  }
  throw new Problem(
    400,
    'fault.invalid',
    `match.fields must name each field by its path, such as Email, Folders[0] or $.organization.name, not "${path.slice(0, 60)}"`,
  )
}
