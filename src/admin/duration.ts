const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `5m` in milliseconds; the contract has checked the form. */
export function milliseconds(duration: string): number {
  const [, amount = '0', unit = 'ms'] = /^(\d+)(ms|s|m|h|d)$/.exec(duration) ?? []
  return Number(amount) * UNITS[unit as keyof typeof UNITS] // the pattern lets no other through
}
