import type { Row } from './state.ts'

/** The value by which a field is looked up; undefined for an empty field and for one without text. */
export function lookupKey(row: Row, field: string): string | undefined {
  const value: unknown = (row as unknown as Record<string, unknown>)[field]
  return typeof value === 'string' && value !== '' ? normalized(value) : undefined
}

/**
 * The value that a row occupies in a unique field. A copy, which only a fault creates, occupies
 * none: it is found by its id.
 */
export function uniqueKey(row: Row, field: string): string | undefined {
  return 'copyOf' in row ? undefined : lookupKey(row, field)
}

/** Makes `ADA@example.test` and `ada@example.test` equal. */
export function normalized(value: string): string {
  return value.normalize('NFC').toLowerCase()
}
