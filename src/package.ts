import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../', import.meta.url)

/** Version of the package. */
export const VERSION = (
  JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string }
).version

/** The path of a file of the package, from `src/` and `dist/` alike. */
export function packaged(path: string): string {
  return fileURLToPath(new URL(path, ROOT))
}
