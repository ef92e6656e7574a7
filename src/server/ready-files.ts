import * as fs from 'node:fs'
import { messageOf } from '../core/errors.ts'

interface Files {
  readonly readyFile: string | undefined
  readonly portFile: string | undefined
}

/**
 * Writes where the server is into the files that somebody waits for. Each is there whole or not at
 * all; one that a killed server left is replaced.
 *
 * @returns takes the files away, unless another server has written its own there
 * @throws Error that names the file and the option
 */
export function announce({ readyFile, portFile }: Files, url: string, port: number): () => void {
  // The port first: who waits for the other file may read this one.
  const files = [
    { file: portFile, option: '--port-file', text: `${port}\n` },
    { file: readyFile, option: '--ready-file', text: `${url}\n` },
  ]
  for (const { file, option, text } of files) {
    if (file === undefined) continue
    try {
      const own = `${file}.${process.pid}.tmp`
      fs.writeFileSync(own, text)
      fs.renameSync(own, file)
    } catch (error) {
      throw new Error(`${file} (${option}) cannot be written: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }
  return () => {
    for (const { file, text } of files) if (file !== undefined) removeOwn(file, text)
  }
}

/** Takes away what a killed server left: nobody answers there. */
export function removeStale({ readyFile, portFile }: Files): void {
  for (const file of [readyFile, portFile]) {
    if (file !== undefined) fs.rmSync(file, { force: true })
  }
}

function removeOwn(file: string, text: string): void {
  try {
    if (fs.readFileSync(file, 'utf8') === text) fs.rmSync(file)
  } catch {
    // Somebody else has taken it away, or the folder with it.
  }
}
