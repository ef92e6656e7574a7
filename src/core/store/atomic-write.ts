import * as fs from 'node:fs'
import { dirname } from 'node:path'

/** Replaces a small file atomically: after a crash it holds the old text or the new one, never a part. */
export function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.tmp`
  const fd = fs.openSync(temporary, 'w', 0o600)
  try {
    fs.writeFileSync(fd, text)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
  fs.renameSync(temporary, file)
  const folder = fs.openSync(dirname(file), 'r')
  try {
    fs.fsyncSync(folder)
  } finally {
    fs.closeSync(folder)
  }
}
