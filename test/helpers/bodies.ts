import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { load } from 'js-yaml'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { isRecord, type Schema } from '../../src/core/contract/schema.ts'
import type { Endpoint } from './raw-requests.ts'

export function specOf(api: string): Record<string, unknown> {
  const file = new URL(`../../specs/${api}.yaml`, import.meta.url)
  return load(readFileSync(file, 'utf8')) as Record<string, unknown> // a YAML document
}

/** Compiles a component schema by Ajv alone, without any code of this project. */
export function independently(api: string, component: string): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true })
  ajv.addFormat('email', /^[^\s@]+@[^\s@]+$/)
  for (const name of ['password', 'date-time', 'uuid', 'int32', 'uri-reference', 'uri']) {
    ajv.addFormat(name, true)
  }
  ajv.addSchema({ ...specOf(api), $id: 'spec' })
  return ajv.compile({ $ref: `spec#/components/schemas/${component}` })
}

export const COMPONENTS = {
  mykaarma: 'NewUser',
  cryptlex: 'NewUser',
  formsonfire: 'User',
} as const

export function userSchema(api: Endpoint['api']): Schema {
  const { schemas } = specOf(api)['components'] as { schemas: Record<string, Schema> }
  return schemas[COMPONENTS[api]]!
}

/** Generates values that a schema allows: all types, boundary lengths, optional members. */
export function valuesOf(schema: Schema, text: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
  return fc.oneof(
    ...[schema.type ?? []].flat().map((type): fc.Arbitrary<unknown> => {
      if (type === 'null') return fc.constant(null)
      if (type === 'boolean') return fc.boolean()
      if (type === 'integer') return fc.integer()
      if (type === 'array') return fc.array(valuesOf(schema.items ?? {}, text), { maxLength: 3 })
      if (type === 'object') {
        const members = Object.entries(schema.properties ?? {}).map(
          ([name, inner]) => [name, valuesOf(inner, text)] as const,
        )
        return fc.record(Object.fromEntries(members), {
          requiredKeys: [...(schema.required ?? [])],
        })
      }
      return stringsOf(schema, text)
    }),
  )
}

function stringsOf(schema: Schema, text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  if (schema['format'] === 'email') return fc.emailAddress()
  const least = Number(schema['minLength'] ?? 0)
  const most = Number(schema['maxLength'] ?? Infinity)
  const fitted = text.map((value) => {
    const points = [...value]
    while (points.length < least) points.push('x')
    return points.slice(0, Math.min(most, points.length)).join('')
  })
  const ends = [least, ...(most < Infinity ? [most] : [])]
  // Outside the BMP, to detect code that counts UTF-16 units.
  return fc.oneof({ arbitrary: fitted, weight: 4 }, fc.constantFrom(...ends.map(astral)))
}

const astral = (length: number) => '𝒜'.repeat(length)

const UNIQUE = {
  mykaarma: ['username', 'emailAddress'],
  cryptlex: ['email'],
  formsonfire: ['Email', 'ExternalId'],
} as const

let count = 0

/** Replaces fields that must be unique by new values. */
export function withUniqueFields(api: Endpoint['api'], body: unknown): Record<string, unknown> {
  const user = { ...(body as Record<string, unknown>) }
  for (const name of UNIQUE[api]) {
    if (typeof user[name] === 'string') user[name] = `${++count}@example.test`
    // A scalar may be read as text, so it has to be unique too.
    else if (['number', 'boolean'].includes(typeof user[name])) user[name] = ++count
  }
  return user
}

/** Generates small JSON values without the name that our reader refuses. */
export const smallJson: fc.Arbitrary<unknown> = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => !JSON.stringify(value).includes('"__proto__"'))

/** Generates single changes to a body, which may violate its schema. */
export const changes: fc.Arbitrary<(body: Record<string, unknown>) => Record<string, unknown>> = fc
  .tuple(
    fc.nat(),
    fc.oneof(
      fc.constant(undefined),
      fc.constantFrom(null, true, 0, -1.5, '', ' ', 'x', 'a@b', '@', 'x'.repeat(257), [], {}, [1]),
      fc.constantFrom(['a', null], [{}], { a: 1 }, 'SIMPLE', 'simple', 'x'.repeat(51), [[]]),
      smallJson,
    ),
  )
  .map(([at, value]) => (body) => {
    const names = Object.keys(body)
    const name = names[at % Math.max(1, names.length)]
    if (name === undefined) return body
    const { [name]: _, ...rest } = body
    return value === undefined ? rest : { ...rest, [name]: value }
  })

/**
 * Converts a value as the platform's JSON reader does: text to numbers and booleans, 0 and 1 to
 * booleans, numbers and booleans to text. Names match in any case, and null is the same as absent.
 */
export function readLoosely(value: unknown, schema: Schema = {}): unknown {
  if (Array.isArray(value)) return value.map((item) => readLoosely(item, schema.items))
  if (!isRecord(value)) return scalar(value, [schema.type ?? []].flat())
  const known = Object.keys(schema.properties ?? {})
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([written, member]) => {
        const name = known.find((one) => one.toLowerCase() === written.toLowerCase())
        return [name ?? written, readLoosely(member, name ? schema.properties![name] : undefined)]
      }),
  )
}

function scalar(value: unknown, types: readonly string[]): unknown {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return value
  }
  if (types.includes(typeof value)) return value
  const text = String(value).trim().toLowerCase()
  if (typeof value === 'string' && types.includes('integer') && /^[+-]?[0-9]{1,15}$/.test(text)) {
    return Number(text)
  }
  if (types.includes('boolean') && ['true', '1'].includes(text)) return true
  if (types.includes('boolean') && ['false', '0'].includes(text)) return false
  if (typeof value === 'number' && types.includes('integer')) return value
  return types.includes('string') ? String(value) : value
}
