/** One option of the server: declared once, read from a flag, a variable, a file or a program. */
export interface Option<T = unknown> {
  /** The value when no source sets the option. */
  readonly fallback: T
  /** Name of the value in the help; a switch has none. */
  readonly value?: string
  readonly help: string
  /** True if messages must not repeat the value. */
  readonly secret?: boolean
  /** Reads the text of the option. Throws an Error that says what is allowed. */
  readonly read: (text: string) => T
}

/** Options by key: `maxBody` is the flag `--max-body` and the variable `STANDIN_MAX_BODY`. */
export type OptionTable = Readonly<Record<string, Option>>

/** The values that the options of a table have once they are read. */
export type ValuesOf<Table extends OptionTable> = {
  readonly [Key in keyof Table]: ReturnType<Table[Key]['read']>
}

/**
 * Declares an option; its type is what the reader returns, or undefined where that is the default.
 */
export function option<T, const Fallback extends T | undefined>(
  given: Omit<Option<T>, 'fallback'> & { readonly fallback: Fallback },
): Option<undefined extends Fallback ? T | undefined : T> {
  return given as Option<undefined extends Fallback ? T | undefined : T> // the default is one of these
}

/** Reads text that is not blank. */
export function text(given: string): string {
  if (given.trim() === '') throw new Error('must not be empty')
  return given
}

export function boolean(given: string): boolean {
  if (/^(true|1|yes|on)$/i.test(given)) return true
  if (/^(false|0|no|off)$/i.test(given)) return false
  throw new Error('must be true or false')
}
