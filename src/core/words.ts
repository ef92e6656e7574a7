/**
 * The edit distance of two texts: replaced, inserted, deleted and swapped letters count one each.
 */
export function distance(a: string, b: string): number {
  let last: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1)) // all set
      if (swapped && i > 1 && j > 1) next[j] = Math.min(next[j]!, last[j - 2]! + 1) // set two rows ago
    }
    last = row
    row = next
  }
  return row[b.length]!
}

/**
 * A name without case and separators: the same for `dealer_uuid`, `Dealer-UUID` and `dealerUuid`.
 */
export function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/**
 * The words of a name in lower case, with uuid and guid as id: `dealerUUID` gives dealer and id.
 */
export function wordsOf(name: string): string[] {
  const spaced = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1 $2')
  return spaced
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => (word === 'uuid' || word === 'guid' ? 'id' : word))
}

/** A position in a text, counted from 1: `line 2, column 7`. */
export function lineAndColumn(text: string, index: number): string {
  const before = text.slice(0, index)
  const line = before.split('\n').length
  return `line ${line}, column ${index - before.lastIndexOf('\n')}`
}

/** A name or a path segment that is safe to print; undefined for one that may contain a secret. */
export function quotable(text: string): string | undefined {
  return /^[\w.$@~{}:% -]{1,40}$/.test(text) && !/^eyJ|[0-9a-f]{24}/i.test(text) ? text : undefined
}

/** Joins a list: `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], word = 'and'): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`
}

/** A duration in its largest fitting unit, rounded: `2 hours`. */
export function formatDuration(milliseconds: number): string {
  const units = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1000, 'second'],
  ] as const
  const [size, unit] = units.find(([length]) => milliseconds >= length) ?? [1, 'millisecond']
  const count = Math.round(milliseconds / size)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/**
 * Longest word that is compared: a longer one is unlikely to be a typing error, and is expensive to
 * compare.
 */
const MAX_LENGTH = 60
/** Maximum number of suggestions for one word. */
const MAX_SUGGESTIONS = 3

/**
 * The known words with the smallest edit distance to a word, case ignored. The distance may be a
 * third of the word's length, but at least 1 and at most 3.
 */
export function closest(word: string, known: readonly string[]): readonly string[] {
  if (word.length > MAX_LENGTH) return []
  const lower = word.toLowerCase()
  const found = known.map((candidate) => ({
    candidate,
    edits: distance(lower, candidate.toLowerCase()),
  }))
  const least = Math.min(...found.map(({ edits }) => edits))
  if (least > Math.min(3, Math.max(1, Math.floor(word.length / 3)))) return []
  return found
    .flatMap(({ candidate, edits }) => (edits === least ? [candidate] : []))
    .slice(0, MAX_SUGGESTIONS)
}

/** A suggestion to append to a message: `; did you mean port or proto?`; empty without one. */
export function didYouMean(
  word: string,
  known: readonly string[],
  write = (name: string) => name,
): string {
  const names = closest(word, known).map(write)
  return names.length === 0 ? '' : `; did you mean ${listed(names, 'or')}?`
}
