import type { Config } from './settings.ts'

/** A setting that cannot be used, in words for the person who set it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const SECRETS: readonly (keyof Config)[] = ['jwtSecret', 'webhookSecret', 'adminToken', 'faults']

/** A value as a message shows it; one that may hold a secret is not shown. */
export function quoted(key: keyof Config, value: unknown): string {
  return SECRETS.includes(key)
    ? `${String(value).length} characters`
    : JSON.stringify(String(value))
}

/** `; did you mean --port?` where one is close by: at most three edits, in at most half of it. */
export function nearest(name: string, known: readonly string[], dashes = '--'): string {
  const [best] = known
    .map((candidate) => ({ candidate, distance: distance(name, candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.min(3, name.length / 2)
    ? `; did you mean ${dashes}${best.candidate}?`
    : '; see standin --help'
}

/** Edits from one word to another (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row.at(-1)!
}
