import { types } from 'node:util'

/** An option or a file of the configuration that cannot be used; the message says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

// A test runner gives each test file globals of its own, and the errors of Node are no instances of
// its Error: isNativeError() recognizes both.
const { isNativeError } = types

/** The message of a caught error; any other thrown value as text. */
export function messageOf(thrown: unknown): string {
  return isNativeError(thrown) ? thrown.message : String(thrown)
}

/** The code of a system error, such as ENOENT. */
export function codeOf(thrown: unknown): string | undefined {
  const code: unknown = isNativeError(thrown) && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : undefined
}
