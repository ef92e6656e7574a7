// Generates the clients of all vendors into `generated/`, beside this file. Run by the test.
import { createClient } from '@hey-api/openapi-ts'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import openapiTS, { astToString } from 'openapi-typescript'

const HERE = import.meta.dirname
const APIS = ['mykaarma', 'cryptlex', 'formsonfire']

const specOf = (api: string) => new URL(`../../specs/${api}.yaml`, import.meta.url)

// Built aside and moved, so that nobody reads half of it.
const folder = mkdtempSync(join(HERE, 'generated-'))
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
  rmSync(join(HERE, 'generated'), { recursive: true, force: true })
  renameSync(folder, join(HERE, 'generated'))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
