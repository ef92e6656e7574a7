/** An option or a file of the configuration that cannot be used; the message says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** The message of a caught error; any other thrown value as text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The code of a system error, such as ENOENT. */
export function codeOf(thrown: unknown): string | undefined {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : undefined
}
