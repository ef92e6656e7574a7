/** Reports warnings and bugs that no answer contains, one line each. */
export interface Log {
  warn(message: string): void
  /** Reports a bug of Standin itself, with the stack, which is never sent to a client. */
  bug(message: string, error: unknown): void
}

/** Writes to standard error. */
export const stderr: Log = {
  warn: (message) => console.error(`standin: ${message}`),
  bug: (message, error) =>
    console.error(`standin: ${message}:`, error instanceof Error ? error.stack : error),
}
