import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Contract } from './core/contract/contract.ts'

const ROOT = new URL('../', import.meta.url)

export const VERSION = (
  JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string }
).version

/** A file of the package, from `src/` and `dist/` alike. */
export function packaged(path: string): string {
  return fileURLToPath(new URL(path, ROOT))
}

/** Contracts that were read: they do not change while a process runs, and many servers share them. */
const contracts = new Map<string, Contract>()

/** The contract of this name in `specs/`. Throws an Error that names the file and its fault. */
export function contractAt(name: string): Contract {
  const contract = contracts.get(name) ?? new Contract(packaged(`specs/${name}`))
  contracts.set(name, contract)
  return contract
}
