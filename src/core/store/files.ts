import * as fs from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { codeOf, messageOf } from '../errors.ts'

/**
 * Creates a folder and its parents. The option `recursive` of mkdir is not used, because it never
 * returns for a path below /proc.
 */
export function makeFolder(folder: string): void {
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  if (!fs.existsSync(folder)) makeFolder(dirname(resolve(folder)))
  fs.mkdirSync(folder, { mode: 0o700 })
}

/**
 * Reads a file.
 *
 * @returns undefined when there is none
 * @throws Error that names the file when it cannot be read
 */
export function readBytes(file: string): Buffer | undefined {
  try {
    return fs.readFileSync(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    const reason = codeOf(error) === 'EISDIR' ? 'it is a folder' : messageOf(error)
    throw new Error(`${file} cannot be read: ${reason}`, { cause: error })
  }
}

/** Identifies a file or folder independently of its path; undefined if there is none. */
export function identityOf(stat: fs.Stats | undefined): string | undefined {
  return stat && `${stat.dev}-${stat.ino}`
}

/** Makes the names of new files in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Returns an unused path for a file that is put aside. */
export function asidePath(file: string): string {
  const stamp = Date.now()
  for (let i = 0; ; i++) {
    const aside = `${file}.corrupt-${stamp}${i === 0 ? '' : `-${i}`}`
    if (!fs.existsSync(aside)) return aside
  }
}

/** Renames a file or folder that cannot be used; returns its new path. */
export function putAside(file: string): string {
  const aside = asidePath(file)
  fs.renameSync(file, aside)
  return aside
}

/** Truncates a file to `offset` bytes; returns the path of a new file with the rest. */
export function cutOff(file: string, offset: number): string {
  const copy = asidePath(file)
  const fd = fs.openSync(copy, 'wx', 0o600)
  try {
    fs.writeFileSync(fd, fs.readFileSync(file).subarray(offset))
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
  fs.truncateSync(file, offset)
  return copy
}
