/** Milliseconds in each unit of a duration, the smallest first. */
export const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Parses a duration such as `5m` into milliseconds; undefined when the text is not a duration. */
export function durationOf(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? []
  if (amount === undefined) return undefined
  return Number(amount) * UNITS[unit as keyof typeof UNITS] // the pattern allows no other unit
}

/** Converts a duration such as `5m`, whose form a schema has checked, into milliseconds. */
export function milliseconds(duration: string): number {
  return durationOf(duration) ?? 0
}
