/** Milliseconds in each unit that a duration may be given in, the smallest first. */
export const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `5m` in milliseconds; undefined: it is no duration. */
export function durationOf(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? []
  if (amount === undefined) return undefined
  return Number(amount) * UNITS[unit as keyof typeof UNITS] // the pattern lets no other through
}
