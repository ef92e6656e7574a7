import * as fs from 'node:fs'
import { messageOf } from '../core/errors.ts'

interface ReadyFiles {
  readonly readyFile: string | undefined
  readonly portFile: string | undefined
}

/**
 * Writes the server's URL and port to the files of `--ready-file` and `--port-file`. Each file is
 * written atomically, and replaces one that a killed server left.
 *
 * @returns a function that removes the files, except those that another server has overwritten
 * @throws Error that names the file and the option
 */
export function writeReadyFiles(
  { readyFile, portFile }: ReadyFiles,
  url: string,
  port: number,
): () => void {
  // The port file is written first, so that a program that waits for the ready file can read the
  // port.
  const files = [
    { file: portFile, option: '--port-file', text: `${port}\n` },
    { file: readyFile, option: '--ready-file', text: `${url}\n` },
  ]
  for (const { file, option, text } of files) {
    if (file === undefined) continue
    try {
      const temporary = `${file}.${process.pid}.tmp`
      fs.writeFileSync(temporary, text)
      fs.renameSync(temporary, file)
    } catch (error) {
      throw new Error(`${file} (${option}) cannot be written: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }
  return () => {
    for (const { file, text } of files) if (file !== undefined) removeIfUnchanged(file, text)
  }
}

/** Removes files that a killed server left, since nothing listens at the address in them. */
export function removeStaleReadyFiles({ readyFile, portFile }: ReadyFiles): void {
  for (const file of [readyFile, portFile]) {
    if (file !== undefined) fs.rmSync(file, { force: true })
  }
}

function removeIfUnchanged(file: string, text: string): void {
  try {
    if (fs.readFileSync(file, 'utf8') === text) fs.rmSync(file)
  } catch {
    // The file or its folder is gone already.
  }
}
