import type { Schema } from '../contract/schema.ts'
import type { FaultDefinition, FaultEffect } from '../fault.ts'
import { invalid, Problem, type Violation } from '../problem.ts'
import { didYouMean } from '../words.ts'
import { conditionsOf, type FaultCondition } from './conditions.ts'
import { COUNTING_FIELDS, effectOf } from './effect.ts'
import { invalidFault } from './invalid-fault.ts'
import { readShortForm } from './short-form.ts'

/** The names that a definition may use: fields, operations and reasons. */
export interface FaultVocabulary {
  /** The schema of a definition. */
  readonly schema: Schema
  /** Checks a definition against the schema. */
  readonly check: (definition: unknown) => readonly Violation[]
  readonly apis: ReadonlyMap<
    string,
    {
      readonly operations: readonly string[]
      readonly reasons: readonly string[]
      /** Statuses of the refusals in its contract. */
      readonly statuses: readonly number[]
    }
  >
}

interface ReadDefinition {
  readonly definition: FaultDefinition
  readonly effect: FaultEffect
  /** The effects of a sequence's steps; undefined for a step that lets the request pass. */
  readonly steps: readonly (FaultEffect | undefined)[] | undefined
  readonly conditions: readonly FaultCondition[]
}

/**
 * Reads a definition or its short form.
 *
 * @param api the API of the request that asked for the fault; all names in the fault must exist
 *   there
 * @throws Problem 400 fault.invalid, naming the field and what is allowed
 */
export function readDefinition(
  given: unknown,
  vocabulary: FaultVocabulary,
  api?: string,
): ReadDefinition {
  const definition = fieldsOf(given, vocabulary, api)
  const effect = effectOf(definition)
  const steps = definition.sequence?.map((step, i) =>
    readStep(step, i, definition, effect, vocabulary),
  )
  const conditions = [
    ...apisWithReasons(definition, [effect, ...(steps ?? [])], vocabulary),
    ...conditionsOf(definition),
  ]
  return { definition, effect, steps, conditions }
}

/**
 * Reads the short form into fields; a field beside it takes precedence over the same field in it.
 */
function fieldsOf(given: unknown, vocabulary: FaultVocabulary, api?: string): FaultDefinition {
  const { schema, check } = vocabulary
  const withShortForm = typeof given === 'string' ? { fault: given } : given
  refuseViolations(check(withShortForm))
  const { fault, ...definition } = withShortForm as FaultDefinition // the schema has checked it
  if (fault === undefined) return withKnownNames(definition, vocabulary)
  const read = readShortForm(fault, schema)
  refuseViolations(check(read))
  const fields = { ...(api === undefined ? {} : { api }), ...read, ...definition }
  return withKnownNames(fields, vocabulary)
}

/** Checks that the operation and the reason exist at the fault's API, or at any API. */
function withKnownNames(definition: FaultDefinition, { apis }: FaultVocabulary): FaultDefinition {
  const { api, operation, reason } = definition
  const among = api === undefined ? [...apis.values()] : [apis.get(api)!] // the schema lists them
  const operations = among.flatMap((one) => one.operations)
  if (operation !== undefined && !operations.includes(operation)) {
    throw invalidFault(unknownName('operation', operation, operations))
  }
  const reasons = [...new Set(among.flatMap((one) => one.reasons))].sort()
  if (reason !== undefined && !reasons.includes(reason)) {
    throw invalidFault(unknownName('reason', reason, reasons))
  }
  return definition
}

/** Refuses an unknown name; the message has the most similar names, or all that are allowed. */
function unknownName(field: string, name: string, known: readonly string[]): string {
  const suggestion = didYouMean(name, known)
  if (suggestion !== '') return `${field} ${name.slice(0, 60)} is not known${suggestion}`
  return `${field} must be one of ${known.join(', ')}`
}

/** Restricts a fault without an API to the APIs that have its reasons. */
function apisWithReasons(
  { api }: FaultDefinition,
  effects: readonly (FaultEffect | undefined)[],
  { apis }: FaultVocabulary,
): readonly FaultCondition[] {
  const reasons = effects.flatMap((effect) => effect?.refusal?.reason ?? [])
  const names = [...apis].flatMap(([name, one]) =>
    reasons.every((reason) => one.reasons.includes(reason)) ? [name] : [],
  )
  if (api !== undefined || names.length === apis.size) return []
  if (names.length === 0)
    throw invalidFault(`no API has all of these reasons: ${reasons.join(', ')}`)
  const why = `api is not ${names.join(' or ')}; no other API refuses with this reason`
  return [{ mismatch: (candidate) => (names.includes(candidate.api) ? undefined : why) }]
}

function readStep(
  step: string,
  i: number,
  fault: FaultDefinition,
  effect: FaultEffect,
  vocabulary: FaultVocabulary,
): FaultEffect | undefined {
  if (step === 'pass') return undefined
  if (step === 'fail') return effect
  try {
    return stepOf(step, fault, effect, vocabulary)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw invalidFault(`sequence[${i}]: ${error.message}`)
  }
}

/** Fields that belong to a fault as a whole and not to a step of its sequence. */
const NOT_IN_STEPS = [...COUNTING_FIELDS, 'operation', 'match'] as const

function stepOf(
  step: string,
  { api }: FaultDefinition,
  { after, tls }: FaultEffect,
  vocabulary: FaultVocabulary,
): FaultEffect {
  const definition = fieldsOf(step, vocabulary, api)
  const misplaced = NOT_IN_STEPS.filter((name) => definition[name] !== undefined)
  const [first] = definition.api === api ? misplaced : ['api']
  if (first !== undefined) {
    throw invalidFault(`${first} belongs to the fault as a whole, not to a step of its sequence`)
  }
  if ((definition.tls === undefined) !== (tls === undefined)) {
    throw invalidFault('a fault with tls needs tls in every step, and any other fault in none')
  }
  const hasOwnStage = definition.outcome !== undefined || tls !== undefined
  const effect = effectOf(hasOwnStage ? definition : { after, ...definition })
  if (effect.after === after) return effect
  throw invalidFault(
    `the step fires after ${effect.after} and the fault after ${after}; give both the same after`,
  )
}

function refuseViolations(violations: readonly Violation[]): void {
  if (violations.length > 0) throw invalidFault(invalid(violations).message)
}
