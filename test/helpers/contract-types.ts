// Writes src/apis/*/contract.gen.ts and src/admin/contract.gen.ts from the specs: `npm run types`.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { compile, type JSONSchema } from 'json-schema-to-typescript'
import { format, resolveConfig } from 'prettier'

export const TARGETS = {
  'specs/mykaarma.yaml': 'src/apis/mykaarma/contract.gen.ts',
  'specs/cryptlex.yaml': 'src/apis/cryptlex/contract.gen.ts',
  'specs/formsonfire.yaml': 'src/apis/formsonfire/contract.gen.ts',
  'specs/standin.yaml': 'src/admin/contract.gen.ts',
}

/** Generates types from the component schemas, under the same names; `strict` rules are ignored. */
export async function typesFrom(spec: string): Promise<string> {
  const document = load(readFileSync(spec, 'utf8')) as {
    components: { schemas: Record<string, object> }
  } // checked by the tests of the specs
  const { schemas } = document.components
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
