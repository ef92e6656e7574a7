import type { Call } from '../call.ts'
import type { OperationContract } from '../contract/operation.ts'
import { inWords as ruleInWords, pathOf, type Violation } from '../problem.ts'
import { isSecretName } from '../request-log/redact.ts'
import { isRecord, typesOf, valueAt, type Schema } from '../contract/schema.ts'
import type { Evidence, EvidenceBook } from './evidence.ts'
import { schemaOf, sentMembers, type HintInput } from './hints/hint-input.ts'
import { listed, quotable } from '../words.ts'

/** One thing in a request that the contract has a rule for. */
export interface Check {
  /** `emailAddress`, `Folders[0]`, `resellerId in the path`. */
  readonly at: string
  readonly outcome: 'passed' | 'noted' | 'refused'
  readonly text: string
  readonly evidence: readonly Evidence[]
}

/** What the contract said to each parameter and each field, the refused first. */
export function contractChecks(question: HintInput, book: EvidenceBook): Check[] {
  const { call } = question
  const { operation } = call
  if (!operation) return []
  const refused = call.problem?.violations ?? []
  const isHere = call.stage === 'contract'
  const broken = isHere ? refused.map((one) => refusal(one, question, operation, book)) : []
  const at = new Set(broken.map((check) => check.at))
  const others = [
    ...parameterChecks(call, operation, book),
    ...fieldChecks(question, operation, book),
  ]
  return [...broken, ...others.filter((check) => !at.has(check.at))]
}

function refusal(
  violation: Violation,
  question: HintInput,
  operation: OperationContract,
  book: EvidenceBook,
): Check {
  const { call } = question
  const { part, at } = violation
  const evidence =
    part === 'body'
      ? book.field(operation, call.bodyType, at)
      : book.parameter(operation, String(at[0]))
  const value = part === 'body' ? valueAt(sentMembers(question), at) : undefined
  const where = part === 'body' ? pathOf(violation) : `${pathOf(violation)} in the ${part}`
  const rule = ruleInWords(violation).replace(`${pathOf(violation)} `, '')
  const kind = value === undefined ? '' : `, and is ${kindOf(value, String(at.at(-1) ?? ''))}`
  return { at: where, outcome: 'refused', text: `${rule}${kind}`, evidence }
}

function parameterChecks(call: Call, operation: OperationContract, book: EvidenceBook): Check[] {
  const found = [
    ...Object.keys(call.params).map((name) => [name, 'path'] as const),
    ...[...new Set(call.query.keys())].map((name) => [name, 'query'] as const),
  ]
  return found.flatMap(([name, part]): Check[] => {
    const shown = quotable(name)
    if (shown === undefined) return []
    const evidence = book.parameter(operation, name)
    const at = `${shown} in the ${part}`
    if (evidence.length > 0) {
      return [{ at, outcome: 'passed', text: 'is there, as it should be', evidence }]
    }
    return [{ at, outcome: 'noted', text: 'is no parameter, and is passed over', evidence }]
  })
}

function fieldChecks(
  question: HintInput,
  operation: OperationContract,
  book: EvidenceBook,
): Check[] {
  const { call } = question
  const sent = sentMembers(question)
  const { properties } = schemaOf(call)
  if (!sent || !properties) return []
  // A reader that takes names in any case has its own word for each.
  const names = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]))
  const isLoose = call.warnings.some(({ code }) => code.startsWith('name.case.'))
  return Object.entries(sent).map(([given, value]): Check => {
    const name = isLoose ? (names.get(given.toLowerCase()) ?? given) : given
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
    const shown = quotable(given) ?? 'a field'
    if (!schema) {
      const text = 'is no field of this operation, and is left out'
      return { at: shown, outcome: 'noted', text, evidence: [] }
    }
    const evidence = book.field(operation, call.bodyType, [name])
    const isCast = call.warnings.some(({ code }) => code === `type.${name}`)
    const as = name === given ? '' : `is read as ${name}, and `
    const text = isCast
      ? `${as}is ${kindOf(value, name)}, which is read as ${ruleOf(schema)}`
      : `${as}is ${kindOf(value, name)}; the contract wants ${ruleOf(schema)}`
    const outcome = isCast || as !== '' ? 'noted' : 'passed'
    return { at: shown, outcome, text, evidence }
  })
}

/** Fields that may be left out, and were. */
export function fieldsNotSent(question: HintInput): readonly string[] {
  const sent = sentMembers(question)
  if (!sent) return []
  const given = Object.keys(sent).map((name) => name.toLowerCase())
  const required = (question.call.problem?.violations ?? []).map(({ at }) => at[0])
  return Object.keys(schemaOf(question.call).properties ?? {}).filter(
    (name) => !given.includes(name.toLowerCase()) && !required.includes(name),
  )
}

/** The kind of a value; never the value, and of a secret not its length. */
function kindOf(value: unknown, name: string): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (isRecord(value)) return 'an object'
  if (typeof value === 'string' && isSecretName(name)) return 'a string'
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

/** What a schema asks for, in a few words. */
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
  const form = format === 'email' ? ' with the form of an e-mail address' : ''
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
