import { createContext, Script } from 'node:vm'
import { Problem } from '../problem.ts'

const LONGEST = 200
/** Parts that may be there or not; the engine takes for ever to look through more of them. */
const MOST_OPTIONS = 10
/** Longer values are not looked at: whether their first part fits says nothing of the whole. */
const LONGEST_VALUE = 2000
/** Steps that are few enough to be taken without a watch. */
const FEW = 1_000_000
/** Milliseconds that a pattern may think about one value. */
const PATIENCE = 300

/**
 * Whether a value fits a pattern, in bounded time. Where its length and the pattern's repetitions
 * and choices could multiply, a watch runs along, and a pattern that once took too long fits
 * nothing any more.
 *
 * @param path for messages, such as `match.fields.email`
 * @throws Problem 400 fault.invalid
 */
export function patternOf(path: string, source: string, flags: string): (text: string) => boolean {
  if (source.length > LONGEST || /[*+}]\)?[*+{]|\)[*+{]/.test(source)) {
    const message = `${path} must be a pattern of at most ${LONGEST} characters with no repetition of a repetition`
    throw new Problem(400, 'fault.invalid', message)
  }
  const options = source.match(/(?<!\()\?|\{|[(:|]\||\|\)/g)?.length ?? 0
  if (options > MOST_OPTIONS) {
    const message = `${path} must be a pattern with at most ${MOST_OPTIONS} parts that may be left out`
    throw new Problem(400, 'fault.invalid', message)
  }
  let pattern: RegExp
  try {
    pattern = new RegExp(source, flags)
  } catch (cause) {
    throw new Problem(400, 'fault.invalid', `${path} holds no valid regular expression`, { cause })
  }
  // Each repetition may end at any place, and each choice goes one way or the other.
  const repetitions = (source.match(/[*+{]/g)?.length ?? 0) + (source.startsWith('^') ? 0 : 1)
  const choices = source.match(/[?|]/g)?.length ?? 0
  let isGivenUp = false
  return (text) => {
    if (isGivenUp || text.length > LONGEST_VALUE) return false
    if (text.length ** repetitions * 2 ** choices <= FEW) return pattern.test(text)
    const fits = watched(pattern, text)
    isGivenUp = fits === undefined
    return fits ?? false
  }
}

const place: { pattern?: RegExp; text?: string } = {}
let script: { readonly run: () => unknown } | undefined

/** As `pattern.test` has it; undefined where that took too long. */
function watched(pattern: RegExp, text: string): boolean | undefined {
  script ??= scriptIn(createContext(place))
  Object.assign(place, { pattern, text })
  try {
    return script.run() === true
  } catch {
    return undefined
  }
}

function scriptIn(context: object): NonNullable<typeof script> {
  const made = new Script('pattern.test(text)')
  return { run: () => made.runInContext(context, { timeout: PATIENCE }) as unknown }
}
