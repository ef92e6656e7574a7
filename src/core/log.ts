/** Where the server says what no answer can say. One line each, on standard error. */
export interface Log {
  warn(message: string): void
  /** Our own fault: with the stack, which no caller ever sees. */
  bug(message: string, error: unknown): void
}

export const stderr: Log = {
  warn: (message) => console.error(`standin: ${message}`),
  bug: (message, error) =>
    console.error(`standin: ${message}:`, error instanceof Error ? error.stack : error),
}
