import { ConfigError } from '../config/config.ts'
import { Problem } from '../core/problem.ts'

/** What did not succeed, and what was asked in a wrong way. */
const FAILED = 1
const MISUSED = 2

/** One clear line for what a person can mend; the stack for what only we can. Ends the process. */
export function fail(error: unknown): never {
  // What the engine throws by itself, a TypeError say, has a class of its own.
  const known =
    error instanceof ConfigError ||
    error instanceof Problem ||
    (error instanceof Error && error.constructor === Error)
  console.error(known ? `standin: ${error.message}` : error)
  process.exit(error instanceof ConfigError ? MISUSED : FAILED)
}
