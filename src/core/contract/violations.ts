import type { ErrorObject } from 'ajv/dist/2020.js'
import type { OperationObject } from './openapi.ts'
import type { RequestParts } from './operation.ts'
import type { Violation } from '../problem.ts'
import { closest } from '../words.ts'
import { schemaAt, stepsOf, typesOf, valueAt, type Schema } from './schema.ts'

/**
 * Converts an error of express-openapi-validator, such as `/body/Folders/0` with the code
 * `type.openapi.validation`.
 */
export function violationFrom(
  error: { path: string; errorCode?: string },
  schema: Schema,
  { body, query, params }: Pick<RequestParts, 'body' | 'query' | 'params'>,
  operation: OperationObject,
): Violation {
  const [first = 'body', ...rest] = stepsOf(error.path)
  const code = error.errorCode?.split('.')[0]
  if (first !== 'body') {
    const part = first === 'params' ? 'path' : first === 'headers' ? 'header' : 'query'
    const parameter = operation.parameters?.find(({ name }) => name === rest[0])
    // An error without an Ajv code is a query parameter that is empty or undeclared.
    const rule = code ?? (parameter ? 'minLength' : 'additionalProperties')
    if (rule === 'additionalProperties') {
      const known = operation.parameters?.filter((one) => one.in === part) ?? []
      return { part, at: rest, rule, limit: known.map(({ name }) => name) }
    }
    const limit = parameter?.schema?.[rule] ?? (code ? undefined : 1)
    const name = String(rest[0] ?? '')
    const value = part === 'query' ? query.get(name) : part === 'path' ? params[name] : undefined
    return {
      part,
      at: rest,
      rule,
      limit,
      ...formOf(parameter?.schema),
      ...meantBy(value, rule, limit),
    }
  }
  return withLimit({ part: 'body', at: rest, rule: code ?? 'invalid' }, schema, body)
}

/** Adds the limit that the schema states at the violation's path, and the length of given text. */
function withLimit(found: Violation, schema: Schema, body: unknown): Violation {
  const here = schemaAt(schema, found.at)
  const value = valueAt(body, found.at)
  return {
    ...found,
    ...meantBy(value, found.rule, here?.[found.rule]),
    limit:
      found.rule === 'type'
        ? typesOf(here).filter((type) => type !== 'null')
        : found.rule === 'additionalProperties'
          ? Object.keys(schemaAt(schema, found.at.slice(0, -1))?.properties ?? {})
          : here?.[found.rule],
    ...formOf(here),
    ...(typeof value === 'string' ? { given: [...value].length } : {}),
  }
}

/** The allowed value that is closest to a misspelt one of an enum. */
function meantBy(value: unknown, rule: string, allowed: unknown): { readonly meant?: string } {
  if (rule !== 'enum' || typeof value !== 'string' || !Array.isArray(allowed)) return {}
  const [meant] = closest(
    value,
    allowed.filter((one) => typeof one === 'string'),
  )
  return meant === undefined ? {} : { meant }
}

/** The readable description of a pattern, where its schema has one. */
function formOf(schema: Schema | undefined): { readonly form?: string } {
  const form = schema?.['x-form']
  return typeof form === 'string' ? { form } : {}
}

/** Converts errors of Standin's own Ajv, which contain the limits. */
export function violationsIn(errors: readonly ErrorObject[], body: unknown): readonly Violation[] {
  return errors.flatMap((error): Violation[] => {
    const { keyword, instancePath, schemaPath, params } = error
    // The error of `anyOf` covers those of its branches; the error of `then` or `else` covers that
    // of `if`.
    if (keyword === 'if' || /\/(anyOf|oneOf|not)\/./.test(schemaPath)) return []
    const at = stepsOf(instancePath)
    if (keyword === 'required') at.push(String(params['missingProperty']))
    if (keyword === 'additionalProperties') at.push(String(params['additionalProperty']))
    const value = valueAt(body, at)
    const { parentSchema: parent } = error
    const limit: unknown =
      keyword === 'anyOf'
        ? alternatives(error)
        : keyword === 'type'
          ? params['type']
          : keyword === 'additionalProperties'
            ? Object.keys((parent?.['properties'] as object | undefined) ?? {}) // a schema's
            : error.schema
    return [
      {
        part: 'body',
        at,
        rule: keyword,
        ...formOf(parent),
        limit: limit ?? params['limit'] ?? params['pattern'] ?? params['allowedValues'],
        ...meantBy(value, keyword, limit),
        ...(typeof value === 'string' ? { given: [...value].length } : {}),
      },
    ]
  })
}

/** The fields of an `anyOf` whose branches each require one field. */
function alternatives(error: ErrorObject): unknown {
  const branches: unknown = error.schema
  return Array.isArray(branches)
    ? branches.flatMap((branch: Schema) => branch.required ?? [])
    : undefined
}

/** A violation of a rule by a field, with the limit that its schema states. */
export function violationAt(at: readonly string[], rule: string, schema: Schema): Violation {
  return withLimit({ part: 'body', at, rule }, schema, undefined)
}
