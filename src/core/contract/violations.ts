import type { ErrorObject } from 'ajv/dist/2020.js'
import type { OperationObject } from './openapi.ts'
import type { Violation } from '../problem.ts'
import { schemaAt, stepsOf, typesOf, valueAt, type Schema } from './schema.ts'

/** `/body/Folders/0` and `type.openapi.validation`, as express-openapi-validator says it. */
export function violationFrom(
  error: { path: string; errorCode?: string },
  schema: Schema,
  body: unknown,
  operation: OperationObject,
): Violation {
  const [first = 'body', ...rest] = stepsOf(error.path)
  const code = error.errorCode?.split('.')[0]
  if (first !== 'body') {
    const part = first === 'params' ? 'path' : first === 'headers' ? 'header' : 'query'
    const parameter = operation.parameters?.find(({ name }) => name === rest[0])
    // What has no code of Ajv's is a query parameter that is empty, or that is not known.
    const rule = code ?? (parameter ? 'minLength' : 'additionalProperties')
    if (rule === 'additionalProperties') {
      const known = operation.parameters?.filter((one) => one.in === part) ?? []
      return { part, at: rest, rule, limit: known.map(({ name }) => name) }
    }
    const limit = parameter?.schema?.[rule] ?? (code ? undefined : 1)
    return { part, at: rest, rule, limit, ...formOf(parameter?.schema) }
  }
  return withLimit({ part: 'body', at: rest, rule: code ?? 'invalid' }, schema, body)
}

/** With the limit that the schema states at that place, and the length where that is the matter. */
function withLimit(found: Violation, schema: Schema, body: unknown): Violation {
  const here = schemaAt(schema, found.at)
  const value = valueAt(body, found.at)
  return {
    ...found,
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

/** What a pattern means, where its schema says it in words. */
function formOf(schema: Schema | undefined): { readonly form?: string } {
  const form = schema?.['x-form']
  return typeof form === 'string' ? { form } : {}
}

/** Errors of our own Ajv, which tells the limits by itself. */
export function violationsIn(errors: readonly ErrorObject[], body: unknown): readonly Violation[] {
  return errors.flatMap((error): Violation[] => {
    const { keyword, instancePath, schemaPath, params } = error
    // The branches of an anyOf are told by the anyOf itself, and `if` by what it led to.
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
        ...(typeof value === 'string' ? { given: [...value].length } : {}),
      },
    ]
  })
}

/** The fields of which an anyOf of `required`s asks one. */
function alternatives(error: ErrorObject): unknown {
  const branches: unknown = error.schema
  return Array.isArray(branches)
    ? branches.flatMap((branch: Schema) => branch.required ?? [])
    : undefined
}

/** A field said to break this rule, with the limit that its schema states. */
export function violationAt(at: readonly string[], rule: string, schema: Schema): Violation {
  return withLimit({ part: 'body', at, rule }, schema, undefined)
}
