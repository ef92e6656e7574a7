/**
 * The part of JSON Schema (2020-12, with OpenAPI's `xml`) that Standin's own code reads. The
 * contracts may use all keywords, which express-openapi-validator and Ajv check.
 */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly oneOf?: readonly Schema[]
  readonly xml?: { readonly name?: string; readonly wrapped?: boolean }
  readonly [keyword: string]: unknown
}

export function typesOf(schema: Schema | undefined): readonly string[] {
  return [schema?.type ?? []].flat()
}

/** Finds the schema at a path within a value, by following `properties` and `items`. */
export function schemaAt(
  schema: Schema | undefined,
  at: readonly (string | number)[],
): Schema | undefined {
  return at.reduce<Schema | undefined>(
    (here, step) =>
      typeof step === 'number' ? here?.items : (here?.properties?.[step] ?? additional(here)),
    schema,
  )
}

/** The schema of `additionalProperties`. */
function additional(schema: Schema | undefined): Schema | undefined {
  const { additionalProperties } = schema ?? {}
  return isRecord(additionalProperties) ? additionalProperties : undefined
}

/**
 * Converts text to the types of a schema, for XML (which has no types) and lenient JSON readers.
 * Text that does not fit stays unchanged, and the validator refuses it.
 */
export function cast(value: unknown, schema: Schema | undefined): unknown {
  if (!schema) return value
  const types = typesOf(schema)
  if (types.includes('array') && Array.isArray(value)) {
    return value.map((item) => cast(item, schema.items))
  }
  if (types.includes('object') && isRecord(value)) {
    for (const [name, inner] of Object.entries(value)) {
      const property = schema.properties?.[name]
      if (property) value[name] = cast(inner, property)
    }
    return value
  }
  if (typeof value !== 'string') return value
  const text = value.trim()
  if (types.includes('integer') && /^[+-]?\d{1,15}$/.test(text)) return Number(text)
  if (types.includes('boolean') && /^(true|false|1|0)$/i.test(text)) {
    return text === '1' || text.toLowerCase() === 'true'
  }
  return value
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The steps of a JSON pointer (RFC 6901), with array indexes as numbers. */
export function stepsOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}

/** The value at a path within a body; undefined where there is none. */
export function valueAt(body: unknown, at: readonly (string | number)[]): unknown {
  return at.reduce<unknown>((here, step) => {
    if (Array.isArray(here)) return here[Number(step)] as unknown
    return isRecord(here) && Object.hasOwn(here, step) ? here[step] : undefined
  }, body)
}
