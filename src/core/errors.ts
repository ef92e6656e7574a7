import { types } from 'node:util'

/** Thrown for an unusable option or configuration file; the message says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

// Test runners give each test file its own globals, so Node's errors are not instances of that
// file's Error. isNativeError() recognizes both.
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
