import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Contract } from './core/contract/contract.ts'

const ROOT = new URL('../', import.meta.url)

/** Version of the package. */
export const VERSION = (
  JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string }
).version

/** Absolute path of a file of the package; works from `src/` and from `dist/`. */
export function packaged(path: string): string {
  return fileURLToPath(new URL(path, ROOT))
}

/** Contracts read so far; they do not change while the process runs, so all servers share them. */
const contracts = new Map<string, Contract>()

/**
 * Reads the contract with this name in `specs/`.
 *
 * @throws Error that names the file and what is wrong in it
 */
export function contractAt(name: string): Contract {
  const contract = contracts.get(name) ?? new Contract(packaged(`specs/${name}`))
  contracts.set(name, contract)
  return contract
}
