import { didYouMean } from '../words.ts'
import { invalid, Problem, type Violation } from '../problem.ts'
import type { Schema } from '../contract/schema.ts'
import { effectOf } from './effect.ts'
import type { FaultDefinition, FaultEffect } from '../fault.ts'
import { conditionsOf, type Condition } from './conditions.ts'
import { readShort } from './short-form.ts'

/** What a definition may name: the contracts' operations and the reasons that slices refuse with. */
export interface FaultVocabulary {
  /** Of a definition: names and types of its fields. */
  readonly schema: Schema
  readonly check: (definition: unknown) => readonly Violation[]
  readonly apis: ReadonlyMap<
    string,
    {
      readonly operations: readonly string[]
      readonly reasons: readonly string[]
      /** Statuses of refusals that its contract knows. */
      readonly statuses: readonly number[]
    }
  >
}

/** What a definition comes to. */
interface Read {
  readonly definition: FaultDefinition
  readonly effect: FaultEffect
  /** Of a sequence: what each step does, or nothing. */
  readonly steps: readonly (FaultEffect | undefined)[] | undefined
  readonly conditions: readonly Condition[]
}

/**
 * @param given a definition or its short form
 * @param api where a request asks for it by itself: what it names has to be known there
 * @throws Problem 400 fault.invalid, naming the field and what is allowed
 */
export function readDefinition(given: unknown, terms: FaultVocabulary, api?: string): Read {
  const definition = fieldsOf(given, terms, api)
  const effect = effectOf(definition)
  const steps = definition.sequence?.map((step, i) => readStep(step, i, definition, effect, terms))
  const conditions = [
    ...knowing(definition, [effect, ...(steps ?? [])], terms),
    ...conditionsOf(definition),
  ]
  return { definition, effect, steps, conditions }
}

/** A definition with its short form read into its fields, and looked at. */
function fieldsOf(given: unknown, terms: FaultVocabulary, api?: string): FaultDefinition {
  const { schema, check } = terms
  const whole = typeof given === 'string' ? { fault: given } : given
  mustFit(check(whole))
  const { fault, ...definition } = whole as FaultDefinition // the schema has checked it
  if (fault === undefined) return named(definition, terms)
  const read = readShort(fault, schema)
  mustFit(check(read))
  return named({ ...(api === undefined ? {} : { api }), ...read, ...definition }, terms)
}

/** Whether what it names is there. */
function named(definition: FaultDefinition, { apis }: FaultVocabulary): FaultDefinition {
  const { api, operation, reason } = definition
  const among = api === undefined ? [...apis.values()] : [apis.get(api)!] // the schema lists them
  const operations = among.flatMap((one) => one.operations)
  if (operation !== undefined && !operations.includes(operation)) {
    throw refused(
      `operation must be one of ${operations.join(', ')}${didYouMean(operation, operations)}`,
    )
  }
  const reasons = [...new Set(among.flatMap((one) => one.reasons))].sort()
  if (reason !== undefined && !reasons.includes(reason)) {
    throw refused(`reason must be one of ${reasons.join(', ')}${didYouMean(reason, reasons)}`)
  }
  return definition
}

/** Where a reason is some APIs' alone, the fault is for these. */
function knowing(
  { api }: FaultDefinition,
  effects: readonly (FaultEffect | undefined)[],
  { apis }: FaultVocabulary,
): readonly Condition[] {
  const reasons = effects.flatMap((effect) => effect?.refusal?.reason ?? [])
  const those = [...apis].flatMap(([name, one]) =>
    reasons.every((reason) => one.reasons.includes(reason)) ? [name] : [],
  )
  if (api !== undefined || those.length === apis.size) return []
  if (those.length === 0) throw refused(`no API refuses with all of ${reasons.join(', ')}`)
  const whose = `api is not one of ${those.join(', ')}, whose reason it is`
  return [{ miss: (candidate) => (those.includes(candidate.api) ? undefined : whose) }]
}

function readStep(
  step: string,
  i: number,
  whole: FaultDefinition,
  effect: FaultEffect,
  terms: FaultVocabulary,
): FaultEffect | undefined {
  if (step === 'pass') return undefined
  if (step === 'fail') return effect
  try {
    return stepOf(step, whole, effect, terms)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw refused(`sequence[${i}]: ${error.message}`)
  }
}

/** What is said of a fault as a whole. */
const COUNTING = [
  'times',
  'skip',
  'every',
  'probability',
  'sequence',
  'repeat',
  'from',
  'until',
  'expiresIn',
  'operation',
  'match',
] as const

function stepOf(
  step: string,
  { api }: FaultDefinition,
  { after }: FaultEffect,
  terms: FaultVocabulary,
): FaultEffect {
  const definition = fieldsOf(step, terms, api)
  const counts = COUNTING.filter((name) => definition[name] !== undefined)
  const [wrong] = definition.api === api ? counts : ['api']
  if (wrong !== undefined) {
    throw refused(`${wrong} goes with the fault as a whole, not with a step of its sequence`)
  }
  const effect = effectOf(definition.outcome ? definition : { after, ...definition })
  if (effect.after === after) return effect
  throw refused(
    `it comes after ${effect.after} and the fault itself after ${after}; say the same after for both`,
  )
}

function mustFit(violations: readonly Violation[]): void {
  if (violations.length > 0) throw refused(invalid(violations).message)
}

export function refused(message: string): Problem {
  return new Problem(400, 'fault.invalid', message)
}
