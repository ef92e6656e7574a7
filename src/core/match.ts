/** The value that is expected, or a condition for it. */
export type ExpectedValue =
  | string
  | number
  | boolean
  | null
  | readonly unknown[]
  | ValueCondition
  | Readonly<Record<string, unknown>>

/** A condition for a value; all of its members must hold. */
export interface ValueCondition {
  readonly equals?: unknown
  /** A regular expression that matches part of the value's text. */
  readonly regex?: string
  /** Whether the expression ignores case. */
  readonly ignoreCase?: boolean
  /** Whether the value is present. */
  readonly exists?: boolean
}
