import { distance, listed } from './words.ts'

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
