/** The value that a matcher expects: the value itself, or a condition on it. */
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
  /** A regular expression that must match somewhere in the value's text. */
  readonly regex?: string
  /** Makes the regular expression ignore case. */
  readonly ignoreCase?: boolean
  /** True: the value must be present; false: it must be absent. */
  readonly exists?: boolean
}
