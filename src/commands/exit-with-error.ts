import { ConfigError } from '../config/config.ts'
import { Problem } from '../core/problem.ts'

/** Exit codes of a command that failed and of a command that was used wrongly. */
const FAILED = 1
const MISUSED = 2

/** Prints an error and ends the process: one line for an expected error, the stack for a bug. */
export function exitWithError(error: unknown): never {
  // An error of a subclass of Error, such as TypeError, was thrown by the engine because of a bug.
  const isExpected =
    error instanceof ConfigError ||
    error instanceof Problem ||
    (error instanceof Error && error.constructor === Error)
  console.error(isExpected ? `standin: ${error.message}` : error)
  process.exit(error instanceof ConfigError ? MISUSED : FAILED)
}
