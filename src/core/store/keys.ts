import type { Row } from '../state.ts'

/** What a row is found by in this field; undefined when it holds no text there. */
export function keyOf(row: Row, field: string): string | undefined {
  const value: unknown = (row as unknown as Record<string, unknown>)[field]
  return typeof value === 'string' && value !== '' ? folded(value) : undefined
}

/** `ADA@example.test` and `ada@example.test` are one. */
export function folded(value: string): string {
  return value.normalize('NFC').toLowerCase()
}
