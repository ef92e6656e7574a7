// Generates the clients of all vendors into `generated/`, beside this file, unless the clients
// there were made from the same contracts. Run by the test.
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = import.meta.dirname
const GENERATED = join(HERE, 'generated')
const APIS = ['mykaarma', 'cryptlex', 'formsonfire']

const specOf = (api: string) => new URL(`../../specs/${api}.yaml`, import.meta.url)

const hash = createHash('sha256')
for (const source of [...APIS.map(specOf), join(HERE, 'package.json'), join(HERE, 'generate.ts')]) {
  hash.update(readFileSync(source))
}
const stamp = hash.digest('hex')
const stampFile = join(GENERATED, 'made-from')
if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) await generate()

async function generate(): Promise<void> {
  // The generators are loaded only here, because loading them (mostly TypeScript) takes a second.
  const { createClient } = await import('@hey-api/openapi-ts')
  const { astToString, default: openapiTS } = await import('openapi-typescript')
  // Written to another folder and renamed, so that no other test reads incomplete clients.
  const folder = mkdtempSync(`${GENERATED}-`)
  try {
    for (const api of APIS) {
      const types = astToString(await openapiTS(specOf(api)))
      writeFileSync(join(folder, `${api}.openapi-typescript.ts`), types)
    }
    await createClient(
      APIS.map((api) => ({
        input: fileURLToPath(specOf(api)),
        output: { path: join(folder, `${api}.hey-api`) },
        plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
        logs: { level: 'warn', file: false },
      })),
    )
    writeFileSync(join(folder, 'made-from'), stamp)
    rmSync(GENERATED, { recursive: true, force: true })
    renameSync(folder, GENERATED)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
