import { Problem } from '../problem.ts'

/** Characters of a pattern, steps that it may come to, characters that are looked at. */
const LONGEST_PATTERN = 256
const MOST_STEPS = 1000
export const LONGEST_TEXT = 4096

/** Places that all expressions of one question may come to: a second or so. */
const MOST_PLACES = 10_000_000

let left = Infinity

/**
 * Does this, in which expressions may look at no more than a bounded amount of text.
 *
 * @throws Problem 400 expression.invalid where that is not enough
 */
export function bounded<T>(work: () => T): T {
  left = MOST_PLACES
  try {
    return work()
  } finally {
    left = Infinity
  }
}

type Step =
  | { readonly kind: 'one'; readonly fits: (character: string) => boolean }
  | { readonly kind: 'at'; readonly holds: (before: string, after: string) => boolean }
  | { readonly kind: 'fork'; first: number; second: number }
  | { readonly kind: 'end' }

/** A place in the program that is being made, and how to make what stands there. */
type Part = (program: Step[]) => void

/**
 * A regular expression that anybody may send: it takes time in proportion to pattern and text,
 * whatever they are, where RegExp can take for ever (`(a+)+$`). It goes through the text once
 * with all the places that it can be at, and knows what that allows: no lookaround, no references.
 */
export class Expression {
  readonly source: string
  readonly #program: Step[] = []
  /** RegExp itself, where that has no two ways to go on and so is quick whatever it looks at. */
  readonly #plain: RegExp | undefined

  /** @throws Problem 400 expression.invalid */
  constructor(source: string, { ignoreCase = false }: { ignoreCase?: boolean | undefined } = {}) {
    this.source = source
    if (source.length > LONGEST_PATTERN) {
      throw invalid(source, `it is longer than ${LONGEST_PATTERN} characters`)
    }
    try {
      void new RegExp(source, 'u')
    } catch {
      throw invalid(source, 'it is not well-formed')
    }
    new Reader(source, ignoreCase).whole()(this.#program)
    this.#program.push({ kind: 'end' })
    if (isPlain(source)) this.#plain = new RegExp(source, ignoreCase ? 'iu' : 'u')
  }

  /** Whether it fits some part of the text. A text that is too long fits nothing. */
  test(text: string): boolean {
    if (text.length > LONGEST_TEXT) return false
    if (this.#plain) return this.#plain.test(text)
    const characters = [...text]
    let places = new Set<number>()
    for (let i = 0; i <= characters.length; i++) {
      const around = [characters[i - 1] ?? '', characters[i] ?? ''] as const
      if (this.#reach(0, places, around)) return true
      const next = new Set<number>()
      const after = [characters[i] ?? '', characters[i + 1] ?? ''] as const
      for (const place of places) {
        const step = this.#program[place]!
        if (step.kind !== 'one' || i === characters.length || !step.fits(characters[i]!)) continue
        if (this.#reach(place + 1, next, after)) return true
      }
      places = next
      left -= places.size + 1
      if (left < 0) {
        const message =
          'These expressions take too long for all that came; make them shorter, ask for fewer at once, or leave out what came before with since'
        throw new Problem(400, 'expression.invalid', message)
      }
    }
    return false
  }

  /** Adds all places that one can be at from here on without a character; true at the end. */
  #reach(from: number, places: Set<number>, [before, after]: readonly [string, string]): boolean {
    const open = [from]
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (places.has(place)) continue
      places.add(place)
      const step = this.#program[place]!
      if (step.kind === 'end') return true
      if (step.kind === 'fork') open.push(step.first, step.second)
      if (step.kind === 'at' && step.holds(before, after)) open.push(place + 1)
    }
    return false
  }
}

/** Reads a pattern that RegExp has found well-formed. */
class Reader {
  readonly #source: string
  readonly #flags: string
  #at = 0
  #steps = 0

  constructor(source: string, ignoreCase: boolean) {
    this.#source = source
    this.#flags = ignoreCase ? 'iu' : 'u'
  }

  whole(): Part {
    const branches = [this.#branch()]
    while (this.#take('|')) branches.push(this.#branch())
    return branches.reduceRight((rest, branch) => either(branch, rest))
  }

  #branch(): Part {
    const parts: Part[] = []
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source[this.#at]!)) {
      parts.push(this.#repeated())
    }
    return (program) => {
      for (const part of parts) part(program)
    }
  }

  #repeated(): Part {
    const before = this.#steps
    const part = this.#atom()
    const [whole, mark, from, comma, to] =
      /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#source.slice(this.#at)) ?? []
    if (whole === undefined) return part
    this.#at += whole.length
    const least = mark === '+' ? 1 : Number(from ?? 0)
    const most =
      mark === '?'
        ? 1
        : mark !== undefined
          ? Infinity
          : comma === ''
            ? least
            : Number(to || Infinity)
    const times = most === Infinity ? least + 1 : most
    this.#count((this.#steps - before) * times)
    return (program) => {
      for (let i = 0; i < least; i++) part(program)
      if (most === Infinity) loop(part, program)
      else for (let i = least; i < most; i++) either(part, () => {})(program)
    }
  }

  #atom(): Part {
    this.#count(2)
    const rest = this.#source.slice(this.#at)
    if (rest.startsWith('(')) {
      const [opening = ''] = /^\((?:\?:|\?<(?![=!])\w+>)?/.exec(rest) ?? []
      if (opening === '(' && rest[1] === '?') throw this.#unknown('(?')
      this.#at += opening.length
      const inner = this.whole()
      this.#take(')')
      return inner
    }
    // A class, an escape or a character: RegExp knows them, one character at a time.
    const [token = ''] =
      /^(?:\[(?:\\[^]|[^\]\\])*\]|\\(?:u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]+\}|[^])|[^])/u.exec(
        rest,
      ) ?? []
    this.#at += token.length
    if (token === '^') return where((before) => before === '')
    if (token === '$') return where((_, after) => after === '')
    if (token === '\\b') return where((before, after) => isWord(before) !== isWord(after))
    if (token === '\\B') return where((before, after) => isWord(before) === isWord(after))
    if (/^\\(?:[1-9]|k)/.test(token)) throw this.#unknown(token)
    if (token.length === 1 && token !== '.' && this.#flags === 'u')
      return one((character) => character === token)
    const fits = new RegExp(`^${token}$`, this.#flags)
    return one((character) => fits.test(character))
  }

  #take(character: string): boolean {
    const found = this.#source[this.#at] === character
    if (found) this.#at++
    return found
  }

  #count(steps: number): void {
    this.#steps += steps
    if (this.#steps > MOST_STEPS) throw invalid(this.#source, 'it repeats too much')
  }

  #unknown(what: string): Problem {
    return invalid(this.#source, `${what} is not known here: no lookaround, no references`)
  }
}

/** No groups, no choices, and at most one repetition, which begins at one place only. */
function isPlain(source: string): boolean {
  const bare = source.replaceAll(/\\(?:[pPu]\{[^}]*\}|[^])|\[(?:\\[^]|[^\]\\])*\]/g, 'x')
  const marks = bare.match(/[(|*+?{]/g) ?? []
  return !/[(|]/.test(bare) && marks.length <= (bare.startsWith('^') ? 1 : 0)
}

function one(fits: (character: string) => boolean): Part {
  return (program) => void program.push({ kind: 'one', fits })
}

function where(holds: (before: string, after: string) => boolean): Part {
  return (program) => void program.push({ kind: 'at', holds })
}

function either(first: Part, other: Part): Part {
  return (program) => {
    const fork = { kind: 'fork' as const, first: program.length + 1, second: 0 }
    program.push(fork)
    first(program)
    const jump = { kind: 'fork' as const, first: 0, second: 0 }
    program.push(jump)
    fork.second = program.length
    other(program)
    jump.first = jump.second = program.length
  }
}

function loop(part: Part, program: Step[]): void {
  const fork = { kind: 'fork' as const, first: program.length + 1, second: 0 }
  const start = program.push(fork) - 1
  part(program)
  program.push({ kind: 'fork', first: start, second: start })
  fork.second = program.length
}

function isWord(character: string): boolean {
  return /^\w$/.test(character)
}

function invalid(source: string, why: string): Problem {
  const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source
  return new Problem(400, 'expression.invalid', `The expression ${shown} cannot be used: ${why}`)
}
