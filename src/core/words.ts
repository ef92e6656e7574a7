/** How many letters have to be changed, put in, taken out or swapped to make one text of another. */
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

/** A name without what conventions differ in: `dealer_uuid`, `Dealer-UUID` and `dealerUuid` are one. */
export function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** The words of a name, with all that mean an id as one: `dealerUUID` is dealer and id. */
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

/** Where in a text, as people count: `line 2, column 7`. */
export function placeIn(text: string, index: number): string {
  const before = text.slice(0, index)
  const line = before.split('\n').length
  return `line ${line}, column ${index - before.lastIndexOf('\n')}`
}

/** A name or a part of a path that can be shown as it is; undefined for what may hide a secret. */
export function quotable(text: string): string | undefined {
  return /^[\w.$@~{}:% -]{1,40}$/.test(text) && !/^eyJ|[0-9a-f]{24}/i.test(text) ? text : undefined
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], word = 'and'): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`
}

/** How long, in the unit that people would take. */
export function span(milliseconds: number): string {
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

/** Longer ones are no slip of the finger, and would take long to compare. */
const LONGEST = 60
/** Of those that are as near as each other, as many as a person would read. */
const MOST = 3

/**
 * The known words that a word may have been meant for, whatever its case: those that are fewest
 * edits away: at most one in a word of five letters, and three in a long one.
 */
export function closest(word: string, known: readonly string[]): readonly string[] {
  if (word.length > LONGEST) return []
  const lower = word.toLowerCase()
  const found = known.map((candidate) => ({
    candidate,
    edits: distance(lower, candidate.toLowerCase()),
  }))
  const least = Math.min(...found.map(({ edits }) => edits))
  if (least > Math.min(3, Math.max(1, Math.floor(word.length / 3)))) return []
  return found
    .flatMap(({ candidate, edits }) => (edits === least ? [candidate] : []))
    .slice(0, MOST)
}

/** `; did you mean port or proto?`, or nothing where no known word is near. */
export function didYouMean(
  word: string,
  known: readonly string[],
  write = (name: string) => name,
): string {
  const names = closest(word, known).map(write)
  return names.length === 0 ? '' : `; did you mean ${listed(names, 'or')}?`
}
