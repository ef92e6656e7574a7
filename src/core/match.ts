/** What a value should be: itself, or a condition. */
export type Wanted =
  | string
  | number
  | boolean
  | null
  | readonly unknown[]
  | Condition
  | Readonly<Record<string, unknown>>

export interface Condition {
  readonly equals?: unknown
  /** An expression that fits a part of the value's text. */
  readonly regex?: string
  /** Whether the expression takes capitals and small letters for the same. */
  readonly ignoreCase?: boolean
  readonly exists?: boolean
}
