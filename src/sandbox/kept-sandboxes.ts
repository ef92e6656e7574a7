import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import { codeOf, messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { putAside } from '../core/store/files.ts'
import type { Contents } from '../core/store/manifest.ts'
import { readListed, type StoredRequest } from './sandbox-file.ts'

/** Suffix of the name of a folder that is being removed. */
const REMOVED_SUFFIX = '.going'

/** Form of the name of a sandbox, which is a part of paths and of host names. */
export const SANDBOX_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** A kept sandbox, as its `sandbox.json` describes it. */
interface KeptSandbox {
  readonly name: string
  readonly request: StoredRequest
}

/** The folder `sandboxes` of a data folder, with a folder for each kept sandbox. */
export class KeptSandboxes {
  readonly #folder: string
  readonly #recover: boolean
  readonly #log: Log

  /** @param recover if a sandbox cannot be opened, puts it aside instead of refusing the start */
  constructor(
    dataFolder: string,
    { recover, log }: { readonly recover: boolean; readonly log: Log },
  ) {
    this.#folder = join(dataFolder, 'sandboxes')
    this.#recover = recover
    this.#log = log
  }

  folderOf(name: string): string {
    return join(this.#folder, name)
  }

  /**
   * Reads the descriptions of the kept sandboxes, oldest first, and warns of those that are
   * missing. Removes the folders of sandboxes whose creation or removal was interrupted by a kill.
   *
   * @returns the sandboxes, and the version of each that the manifest lists
   */
  read({ sandboxes }: Contents): {
    readonly kept: readonly KeptSandbox[]
    readonly listed: Readonly<Record<string, number>>
  } {
    const names = this.#names()
    const listed = Object.fromEntries(
      Object.entries(sandboxes).filter(
        ([name]) => !names.includes(`${name}${REMOVED_SUFFIX}`), // it was being removed
      ),
    )
    for (const name of names) {
      if (isLeftover(this.#folder, name, listed)) removeFolder(this.folderOf(name))
    }
    for (const name of Object.keys(listed)) {
      if (names.includes(name)) continue
      const message = `The kept sandbox ${name} is gone: ${this.folderOf(name)} is missing`
      this.#log.warn(`${message}; put it back if it was not removed on purpose`)
    }
    const kept = names
      .filter((name) => SANDBOX_NAME.test(name) && fs.existsSync(this.folderOf(name)))
      .flatMap((name) => {
        try {
          return [{ name, request: readListed(this.folderOf(name), listed[name]) }]
        } catch (error) {
          this.setAside(name, error)
          return []
        }
      })
      .sort((a, b) => createdAtOf(a) - createdAtOf(b))
    return { kept, listed }
  }

  #names(): readonly string[] {
    const all = this.#folder
    try {
      return fs.readdirSync(all)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      const message = `${all} cannot be read (${messageOf(error)}); it must be the folder of the kept sandboxes`
      if (!this.#recover || codeOf(error) !== 'ENOTDIR') {
        throw new Error(`${message}. Put it back, or start with --recover to put it aside`, {
          cause: error,
        })
      }
      this.#log.warn(`${message}; it is now ${basename(putAside(all))}`)
      return []
    }
  }

  /**
   * Puts aside a sandbox that cannot be opened, with a warning.
   *
   * @throws Error without `--recover`: it names the sandbox and its file, and says what to do
   */
  setAside(name: string, error: unknown): undefined {
    const directory = this.folderOf(name)
    const message = `The sandbox ${name} in ${directory} cannot be opened: ${messageOf(error)}`
    if (!this.#recover) {
      throw new Error(`${message} (--recover puts this one sandbox aside and starts the others)`, {
        cause: error,
      })
    }
    const aside = fs.existsSync(directory)
      ? `it is now ${basename(putAside(directory))}`
      : 'it is lost'
    this.#log.warn(`${message}; ${aside}, and the others are started`)
  }
}

/** Removes a folder. It is renamed first, so that the next start recognizes a half-removed one. */
export function removeFolder(folder: string): void {
  const aside = `${folder}${REMOVED_SUFFIX}`
  fs.rmSync(aside, { recursive: true, force: true })
  if (fs.existsSync(folder)) fs.renameSync(folder, aside)
  fs.rmSync(aside, { recursive: true, force: true })
}

/** Removes the folder of a sandbox that could not be created; ignores a failure. */
export function removeIfPossible(folder: string): void {
  try {
    removeFolder(folder)
  } catch {
    // The next start removes an unfinished folder.
  }
}

/**
 * Returns true for a folder that a server left behind when it was killed while creating or removing
 * the sandbox, before it acknowledged that.
 */
function isLeftover(all: string, name: string, listed: Readonly<Record<string, number>>): boolean {
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

function createdAtOf({ request: { createdAt = 0 } }: KeptSandbox): number {
  return createdAt
}
