import { ConfigError } from '../config/config.ts'
import { Problem } from '../core/problem.ts'

/** Exit codes of a command that failed, and of one that was used wrongly. */
const FAILED = 1
const MISUSED = 2

/** Prints an error and ends the process: one line for an expected error, the stack for a bug. */
export function exitWithError(error: unknown): never {
  // Errors that the engine throws for a bug, such as a TypeError, are of a subclass of Error.
  const isExpected =
    error instanceof ConfigError ||
    error instanceof Problem ||
    (error instanceof Error && error.constructor === Error)
  console.error(isExpected ? `standin: ${error.message}` : error)
  process.exit(error instanceof ConfigError ? MISUSED : FAILED)
}
