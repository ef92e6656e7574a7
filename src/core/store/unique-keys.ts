import type { Row } from './state.ts'

/** What a row is found by in this field; undefined when it holds no text there. */
export function keyOf(row: Row, field: string): string | undefined {
  const value: unknown = (row as unknown as Record<string, unknown>)[field]
  return typeof value === 'string' && value !== '' ? folded(value) : undefined
}

/**
 * What a row alone holds in a unique field. A copy, which only a fault makes, holds nothing alone:
 * it is found by its id.
 */
export function uniqueKeyOf(row: Row, field: string): string | undefined {
  return 'copyOf' in row ? undefined : keyOf(row, field)
}

/** `ADA@example.test` and `ada@example.test` are one. */
export function folded(value: string): string {
  return value.normalize('NFC').toLowerCase()
}
