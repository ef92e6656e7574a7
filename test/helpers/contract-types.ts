// Writes src/apis/*/contract.gen.ts and src/admin/contract.gen.ts from the specs: `npm run types`.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { compile, type JSONSchema } from 'json-schema-to-typescript'
import { format, resolveConfig } from 'prettier'
import { completedFor } from '../../src/apis/contracts.ts'
import { VENDORS } from '../../src/apis/index.ts'

export const TARGETS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    VENDORS.map(({ name, spec }) => [`specs/${spec}`, `src/apis/${name}/contract.gen.ts`]),
  ),
  'specs/standin.yaml': 'src/admin/contract.gen.ts',
}

/**
 * The component schemas as types of the same names, and a vendor's schema of its fixtures; what
 * `strict` adds shapes no type.
 */
export async function typesFrom(spec: string): Promise<string> {
  const vendor = VENDORS.find((one) => spec === `specs/${one.spec}`)
  const read = load(readFileSync(spec, 'utf8'))
  const document = (vendor ? read : completedFor(VENDORS)(read)) as {
    components: { schemas: Record<string, object> }
  } // the specs' own tests look at their shape
  const schemas = {
    ...document.components.schemas,
    ...(vendor && { Fixtures: vendor.fixturesSchema }),
  }
  const named = Object.fromEntries(
    Object.entries(schemas).filter(([name]) => !name.endsWith('Strict')),
  )
  const text = JSON.stringify({ definitions: named })
  const schema = JSON.parse(
    text.replaceAll('#/components/schemas/', '#/definitions/'),
  ) as JSONSchema
  const types = await compile(schema, 'Contract', {
    additionalProperties: false,
    bannerComment: `// Made from ${spec} by \`npm run types\`; not edited by hand.`,
    format: false,
    unreachableDefinitions: true,
  })
  const plain = types
    .replaceAll(/export interface Contract {[^}]*}\n/g, '')
    .replaceAll(/^ \* This interface was referenced by .*\n \* via the .*\n/gm, '')
    .replaceAll(/^ \* *\n(?= \*\/)/gm, '')
    .replaceAll(/^\/\*\*\n \*\/\n/gm, '')
  return format(plain, { ...(await resolveConfig(spec)), parser: 'typescript' })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [spec, target] of Object.entries(TARGETS)) writeFileSync(target, await typesFrom(spec))
}
