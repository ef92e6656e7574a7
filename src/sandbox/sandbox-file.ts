import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import type { SandboxRequest } from '../admin/ports.ts'
import { isRecord } from '../core/contract/schema.ts'
import { messageOf } from '../core/errors.ts'
import { writeAtomically } from '../core/store/atomic-write.ts'
import { checkedJson, checkJson } from '../core/store/checksum.ts'

/** The request that created a sandbox which outlives the server, as `sandbox.json` stores it. */
export interface StoredRequest extends SandboxRequest {
  readonly createdAt?: number
  /** Number of times that the file was written, by which an outdated file is detected. */
  readonly version?: number
}

const STORED_KEYS: ReadonlySet<string> = new Set<keyof StoredRequest>([
  'name',
  'seed',
  'clock',
  'profile',
  'fixtures',
  'ttl',
  'kept',
  'createdAt',
  'version',
])

export function writeRequest(folder: string, request: StoredRequest): void {
  writeAtomically(join(folder, 'sandbox.json'), checkedJson(request, 2))
}

/**
 * Reads the request of a sandbox that the manifest lists with this version.
 *
 * @throws Error that names the file
 */
export function readListed(folder: string, version: number | undefined): StoredRequest {
  if (!fs.statSync(folder).isDirectory()) {
    throw new Error(`${folder} is a file; it must be the folder of the sandbox`)
  }
  const request = readRequest(folder)
  // A file that somebody wrote by hand has no version.
  if (version !== undefined && request.version !== undefined && request.version < version) {
    throw new Error(
      `${join(folder, 'sandbox.json')} is an old file (version ${request.version}, the last one was ${version}); put the last one back`,
    )
  }
  return request
}

export function readRequest(folder: string): StoredRequest {
  const file = join(folder, 'sandbox.json')
  try {
    const text = fs.readFileSync(file, 'utf8')
    const request: unknown = JSON.parse(text)
    if (!isRecord(request)) throw new Error('it does not hold an object')
    if (checkJson(text) === 'bad') {
      throw new Error(
        'it has changed since it was written; if that was on purpose, remove its checksum',
      )
    }
    const { checksum: _, ...stored } = request
    const other = Object.keys(stored).find((key) => !STORED_KEYS.has(key))
    if (other !== undefined) throw new Error(`"${other}" is not a setting of a sandbox`)
    const { name = basename(folder) } = stored
    if (name !== basename(folder)) throw new Error('it is the file of another sandbox')
    return stored // written by writeRequest
  } catch (error) {
    throw new Error(
      `${file} cannot be read (${messageOf(error)}); repair it, or remove its folder with the state of the sandbox`,
      { cause: error },
    )
  }
}
