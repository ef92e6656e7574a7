import type { Call } from '../call.ts'
import type { OperationContract } from '../contract/operation.ts'
import { pathOf, requirementOf, type Violation } from '../problem.ts'
import { SECRET_NAMES } from '../request-log/secret-names.ts'
import { isRecord, typesOf, valueAt, type Schema } from '../contract/schema.ts'
import type { Evidence, EvidenceIndex } from './evidence.ts'
import { requestSchema, sentFields, type HintInput } from './hints/hint-input.ts'
import { listed, quotable } from '../words.ts'

/** One check within a step: a parameter or a field against the contract, a warning, or a fault. */
export interface StepCheck {
  /** `emailAddress`, `Folders[0]`, `resellerId in the path`. */
  readonly at: string
  readonly outcome: 'passed' | 'noted' | 'refused'
  readonly text: string
  readonly evidence: readonly Evidence[]
}

/** Checks each parameter and field of a request against the contract; violations come first. */
export function contractChecks(input: HintInput, index: EvidenceIndex): StepCheck[] {
  const { call } = input
  const { operation } = call
  if (!operation) return []
  const broken = call.stage === 'contract' ? (call.problem?.violations ?? []) : []
  const refused = broken.map((violation) => refusal(violation, input, operation, index))
  const refusedAt = new Set(refused.map(({ at }) => at))
  const others = [
    ...parameterChecks(call, operation, index),
    ...fieldChecks(input, operation, index),
    ...nestedUnknowns(call),
  ]
  return [...refused, ...others.filter(({ at }) => !refusedAt.has(at))]
}

function refusal(
  violation: Violation,
  input: HintInput,
  operation: OperationContract,
  index: EvidenceIndex,
): StepCheck {
  const { call } = input
  const { part, at } = violation
  const evidence =
    part === 'body'
      ? index.field(operation, call.bodyType, at)
      : index.parameter(operation, String(at[0]))
  const value = part === 'body' ? valueAt(sentFields(input), at) : undefined
  const where = part === 'body' ? pathOf(violation) : `${pathOf(violation)} in the ${part}`
  const kind = value === undefined ? '' : `; it is ${kindOf(value, String(at.at(-1) ?? ''))}`
  return { at: where, outcome: 'refused', text: `${requirementOf(violation)}${kind}`, evidence }
}

function parameterChecks(
  call: Call,
  operation: OperationContract,
  index: EvidenceIndex,
): StepCheck[] {
  const found = [
    ...Object.keys(call.params).map((name) => [name, 'path'] as const),
    ...[...new Set(call.query.keys())].map((name) => [name, 'query'] as const),
  ]
  return found.flatMap(([name, part]): StepCheck[] => {
    const shown = quotable(name)
    if (shown === undefined) return []
    const evidence = index.parameter(operation, name)
    const at = `${shown} in the ${part}`
    if (evidence.length > 0) {
      return [{ at, outcome: 'passed', text: 'is a parameter of the operation', evidence }]
    }
    return [
      {
        at,
        outcome: 'noted',
        text: 'is not a parameter of the operation and is ignored',
        evidence,
      },
    ]
  })
}

function fieldChecks(
  input: HintInput,
  operation: OperationContract,
  index: EvidenceIndex,
): StepCheck[] {
  const { call } = input
  const sent = sentFields(input)
  const { properties } = requestSchema(call)
  if (!sent || !properties) return []
  // A vendor that ignores the case of names warns about each name in another case.
  const names = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]))
  const ignoresCase = call.warnings.some(({ code }) => code.startsWith('name.case.'))
  return Object.entries(sent).map(([given, value]): StepCheck => {
    const name = ignoresCase ? (names.get(given.toLowerCase()) ?? given) : given
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
    const shown = quotable(given) ?? '(name not shown)'
    if (!schema) {
      const text = 'is not a field of this operation and is ignored'
      return { at: shown, outcome: 'noted', text, evidence: [] }
    }
    const evidence = index.field(operation, call.bodyType, [name])
    const isConverted = call.warnings.some(({ code }) => code === `type.${name}`)
    const prefix = name === given ? '' : `is read as ${name} and `
    const text = isConverted
      ? `${prefix}is ${kindOf(value, name)}, which is read as ${ruleOf(schema)}`
      : `${prefix}is ${kindOf(value, name)}; the contract requires ${ruleOf(schema)}`
    const outcome = isConverted || prefix !== '' ? 'noted' : 'passed'
    return { at: shown, outcome, text, evidence }
  })
}

/** The unknown fields inside of objects and lists, which were dropped with a warning. */
function nestedUnknowns({ warnings }: Call): StepCheck[] {
  return warnings.flatMap(({ code, stage }): StepCheck[] => {
    const path = /^unknown-field\.(.*[.[].*)$/s.exec(code)?.[1]
    if (path === undefined || stage !== 'contract') return []
    const isShown = quotable(path.replaceAll(/\[\d+\]/g, '')) !== undefined
    const at = isShown ? path : '(name not shown)'
    return [{ at, outcome: 'noted', text: 'is not a field here and is ignored', evidence: [] }]
  })
}

/** Optional fields that the request did not send. */
export function fieldsNotSent(input: HintInput): readonly string[] {
  const sent = sentFields(input)
  if (!sent) return []
  const given = Object.keys(sent).map((name) => name.toLowerCase())
  const required = (input.call.problem?.violations ?? []).map(({ at }) => at[0])
  return Object.keys(requestSchema(input.call).properties ?? {}).filter(
    (name) => !given.includes(name.toLowerCase()) && !required.includes(name),
  )
}

/** Describes a value by its type and length, never by its content; a secret by its type only. */
function kindOf(value: unknown, name: string): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (isRecord(value)) return 'an object'
  if (typeof value === 'string' && SECRET_NAMES.has(name)) return 'a string'
  if (typeof value === 'string')
    return value === ''
      ? 'an empty string'
      : `a string of ${[...value].length} ${[...value].length === 1 ? 'character' : 'characters'}`
  return typeof value === 'boolean' ? String(value) : `a ${typeof value}`
}

const ARTICLES: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/** Describes the values that a schema allows. */
export function ruleOf(schema: Schema): string {
  const types = typesOf(schema)
  const { enum: allowed, minLength, maxLength, format, pattern } = schema
  if (Array.isArray(allowed)) {
    return `one of ${listed(
      allowed.map((item) => (item === null ? 'null' : String(item))),
      'or',
    )}`
  }
  const type = listed(
    types.map((name) => ARTICLES[name] ?? name),
    'or',
  )
  const least = typeof minLength === 'number' ? minLength : 0
  const most = typeof maxLength === 'number' ? maxLength : Infinity
  const length = lengthOf(least, most)
  const form = format === 'email' ? ' in the form of an email address' : ''
  const like = typeof pattern === 'string' ? ` that matches ${pattern}` : ''
  return `${type || 'anything'}${length}${form}${like}`
}

function lengthOf(least: number, most: number): string {
  if (most < Infinity) {
    return least > 0 ? ` of ${least} to ${most} characters` : ` of at most ${most} characters`
  }
  if (least === 0) return ''
  return least === 1 ? ' that is not empty' : ` of at least ${least} characters`
}
