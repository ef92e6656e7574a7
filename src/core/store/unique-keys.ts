import type { Row } from './state.ts'

/** The value by which a field is looked up; undefined for a field that is empty or not a text. */
export function lookupKey(row: Row, field: string): string | undefined {
  const value: unknown = (row as unknown as Record<string, unknown>)[field]
  return typeof value === 'string' && value !== '' ? normalized(value) : undefined
}

/**
 * The value of a unique field in the index. A copy of a row, which only a fault creates, is not in
 * the index: it is found by its id alone.
 */
export function uniqueKey(row: Row, field: string): string | undefined {
  return 'copyOf' in row ? undefined : lookupKey(row, field)
}

/** Makes `ADA@example.test` and `ada@example.test` equal. */
export function normalized(value: string): string {
  return value.normalize('NFC').toLowerCase()
}
