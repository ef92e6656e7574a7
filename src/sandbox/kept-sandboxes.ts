import * as fs from 'node:fs'
import { join } from 'node:path'

/** Suffix of the name of a folder that is being removed. */
export const REMOVED_SUFFIX = '.going'

/** Form of the name of a sandbox, which is a part of paths and of host names. */
export const SANDBOX_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Removes a folder. A rename comes first, so that the next start finds no half-removed one. */
export function removeFolder(folder: string): void {
  const aside = `${folder}${REMOVED_SUFFIX}`
  fs.rmSync(aside, { recursive: true, force: true })
  if (fs.existsSync(folder)) fs.renameSync(folder, aside)
  fs.rmSync(aside, { recursive: true, force: true })
}

/** Removes the folder of a sandbox that could not be created, as far as the disk allows it. */
export function removeIfPossible(folder: string): void {
  try {
    removeFolder(folder)
  } catch {
    // The next start finds an unfinished folder and removes it.
  }
}

/**
 * Returns true for a folder that a killed server left: it was creating or removing the sandbox and
 * had not acknowledged it.
 */
export function isLeftover(
  all: string,
  name: string,
  listed: Readonly<Record<string, number>>,
): boolean {
  if (name.endsWith(REMOVED_SUFFIX)) return SANDBOX_NAME.test(name.slice(0, -REMOVED_SUFFIX.length))
  const directory = join(all, name)
  if (
    !SANDBOX_NAME.test(name) ||
    Object.hasOwn(listed, name) ||
    !fs.statSync(directory).isDirectory()
  )
    return false
  return fs.readdirSync(directory).every((file) => file === 'sandbox.json.tmp')
}
