import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { compile, type JSONSchema } from 'json-schema-to-typescript'
import { format, resolveConfig } from 'prettier'
import { completedFor } from '../../src/apis/contracts.ts'
import { VENDORS } from '../../src/apis/index.ts'

/**
 * TypeScript types of a spec's component schemas, under their names, and of a vendor's fixtures;
 * without the `…Strict` ones.
 */
export async function contractTypes(spec: string): Promise<string> {
  const vendor = VENDORS.find((one) => spec === `specs/${one.spec}`)
  const document = load(readFileSync(spec, 'utf8'))
  const { components } = (vendor ? document : completedFor(VENDORS)(document)) as {
    components: { schemas: Record<string, object> }
  } // the specs' own tests check their structure
  const schemas = { ...components.schemas, ...(vendor && { Fixtures: vendor.fixturesSchema }) }
  // A strict schema only adds rules to another one, so it has no type of its own.
  const named = Object.entries(schemas).filter(([name]) => !name.endsWith('Strict'))
  const text = JSON.stringify({ definitions: Object.fromEntries(named) })
  const schema = JSON.parse(
    text.replaceAll('#/components/schemas/', '#/definitions/'),
  ) as JSONSchema
  const types = await compile(schema, 'Contract', {
    additionalProperties: false,
    bannerComment: bannerFor(spec),
    format: false,
    unreachableDefinitions: true,
  })
  return formatted(
    types
      .replaceAll(/export interface Contract {[^}]*}\n/g, '')
      .replaceAll(/^ \* This interface was referenced by .*\n \* via the .*\n/gm, '')
      .replaceAll(/^ \* *\n(?= \*\/)/gm, '')
      .replaceAll(/^\/\*\*\n \*\/\n/gm, ''),
  )
}

export function bannerFor(spec: string): string {
  return `// Generated from ${spec} by \`npm run generate\`. Do not edit.`
}

export async function formatted(code: string): Promise<string> {
  return format(code, { ...(await resolveConfig('package.json')), parser: 'typescript' })
}
