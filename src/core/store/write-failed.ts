import { codeOf, messageOf } from '../errors.ts'
import { Problem } from '../problem.ts'

/** The refusal of a change that could not be written. */
export function writeFailed(place: string, cause: unknown): Problem {
  const message = `The state could not be written to ${place}: ${messageOf(cause)}`
  return new Problem(500, 'state.write-failed', message, { cause })
}

/** Returns true for an error of the file system, such as ENOSPC, or one that has such a cause. */
export function isFileSystemError(error: unknown): boolean {
  if (codeOf(error) !== undefined && error instanceof Object && 'syscall' in error) return true
  return error instanceof Object && 'cause' in error && isFileSystemError(error.cause)
}
