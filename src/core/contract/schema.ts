/**
 * The part of JSON Schema (2020-12, with OpenAPI's `xml`) that our own code reads. The contracts
 * may use more: express-openapi-validator and Ajv see the whole.
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

/** The schema at a place in a value, as far as `properties` and `items` lead there. */
export function schemaAt(
  schema: Schema | undefined,
  at: readonly (string | number)[],
): Schema | undefined {
  return at.reduce<Schema | undefined>(
    (here, step) =>
      typeof step === 'number' ? here?.items : (here?.properties?.[step] ?? others(here)),
    schema,
  )
}

/** The schema of properties that are not named. */
function others(schema: Schema | undefined): Schema | undefined {
  const { additionalProperties } = schema ?? {}
  return isRecord(additionalProperties) ? additionalProperties : undefined
}

/**
 * Gives text the types that a schema asks for: what XML (which has no types) and lenient JSON
 * readers need. What does not fit stays as it was, for the validator to refuse.
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

/** A JSON pointer (RFC 6901) in its steps, numbers as numbers. */
export function stepsOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}

/** The value at a place in another; undefined where nothing is. */
export function valueAt(body: unknown, at: readonly (string | number)[]): unknown {
  return at.reduce<unknown>((here, step) => {
    if (Array.isArray(here)) return here[Number(step)] as unknown
    return isRecord(here) && Object.hasOwn(here, step) ? here[step] : undefined
  }, body)
}
