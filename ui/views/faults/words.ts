import type { Fault, NewFault } from '../../../src/admin/contract.gen.ts'
import type { ListedFault } from '../../parts/fault-choice.tsx'

// Faults in plain words.

/** Words of the short form, each with the parts of a definition that replace it. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  hang: ['delay=forever'],
  'slow-headers': ['slow=headers'],
  'slow-body': ['slow=body'],
  gateway: ['words=gateway'],
  'gateway-json': ['words=gateway-json'],
  vendor: ['words=vendor'],
  'login-page': ['login-page', '200'],
}

/** Matches parts of a short form that are conditions, not effects. */
const CONDITION =
  /^(?:operation|times|skip|every|probability|sequence|repeat|from|until|expires-in)=/

/**
 * Returns an effect with its parts sorted, so that two spellings of an effect become the same text.
 */
function canonical(shortForm: string): string {
  const parts = shortForm.split(';').flatMap((part) => {
    if (part === '' || CONDITION.test(part)) return []
    const [, after] = /^commit-(.+)$/.exec(part) ?? []
    const word = after ?? part
    const own = PARTS[word] ?? [word]
    return after === undefined ? own : ['after=commit', ...own]
  })
  return [...new Set(parts)].sort().join(';')
}

/** The effect in short form, such as `commit-500`. */
export function effectOf({ fault, definition }: Fault): string {
  const parts = fault.split(';').filter((part) => part !== '' && !CONDITION.test(part))
  const commits = parts.includes('after=commit')
  const named = parts
    .filter((part) => part !== 'after=commit')
    .map((part) => (part === 'delay=forever' ? 'hang' : part))
  if (commits && named[0] !== undefined) named[0] = `commit-${named[0]}`
  if (named.length > 0) return named.join(';')
  return definition.sequence === undefined ? fault : `sequence=${definition.sequence.join(',')}`
}

/**
 * Returns the effect in the words of the catalogue, or the short form if the catalogue does not
 * have it.
 */
export function effectText(fault: Fault, catalogue: readonly ListedFault[]): string {
  const wanted = canonical(fault.fault)
  const listed = catalogue.find((one) => canonical(one.fault) === wanted)
  return listed?.text ?? effectOf(fault)
}

/** How often a fault fires. */
export function timesText({ times }: NewFault): string {
  if (times === undefined) return 'until cleared'
  return times === 1 ? 'once' : `${times} times`
}

/** All conditions of a fault besides API and operation, each as a phrase. */
export function conditionsOf(definition: NewFault): readonly string[] {
  const { match = {}, skip, every, probability, from, until, expiresIn, sequence } = definition
  const { credential, ...maps } = match
  const names = { fields: 'field', headers: 'header', params: 'parameter', query: 'query' } as const
  return [
    ...Object.entries(maps).flatMap(([part, wanted]) =>
      Object.entries(wanted as Record<string, unknown>).map(
        ([name, value]) => `${names[part as keyof typeof names]} ${name} ${wantedText(value)}`, // the parts of Match
      ),
    ),
    ...(credential === undefined ? [] : [`credential ${wantedText(credential)}`]),
    ...(skip === undefined
      ? []
      : [`after ${skip} matching ${skip === 1 ? 'request' : 'requests'}`]),
    ...(every === undefined ? [] : [`every ${ordinal(every)} matching request`]),
    ...(probability === undefined
      ? []
      : [`${probability * 100} % of matching requests, at random`]),
    ...(sequence === undefined ? [] : [`in turn: ${sequence.join(', ')}`]),
    ...(from === undefined ? [] : [`from ${timeText(from)}`]),
    ...(until === undefined ? [] : [`until ${timeText(until)}`]),
    ...(expiresIn === undefined ? [] : [`for ${expiresIn} after arming`]),
  ]
}

function wantedText(value: unknown): string {
  if (typeof value === 'string') {
    return /^\/.*\/[a-z]*$/.test(value) ? `matches ${value}` : `is ${value}`
  }
  if (typeof value !== 'object' || value === null) return `is ${String(value)}`
  const { exists, regex, equals } = value as Readonly<Record<string, unknown>> // a condition
  if (exists !== undefined) return exists === true ? 'is there' : 'is absent'
  if (typeof regex === 'string') return `matches /${regex}/`
  return `is ${typeof equals === 'string' ? equals : JSON.stringify(equals)}`
}

export function ordinal(count: number): string {
  const ending = ['st', 'nd', 'rd'][(count % 10) - 1]
  return `${count}${ending !== undefined && ![11, 12, 13].includes(count % 100) ? ending : 'th'}`
}

/** A time of the sandbox's clock, in UTC: `2026-01-15 09:30:00`. */
export const timeText = (time: string): string => time.replace('T', ' ').slice(0, 19)
