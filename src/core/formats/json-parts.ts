import { syntaxErrorSteps } from './json-syntax.ts'

/**
 * Outer levels of nesting, which are parsed as one text. Each deeper object or array is a part,
 * which is parsed on its own.
 */
export const OUTER_LEVELS = 3

const COMMA = /^[ \t\n\r]*,[ \t\n\r]*$/

/** The parts of a JSON text, parsed one by one, and the outer text around them. */
export class JsonParts {
  readonly #parsed: unknown[] = []
  /**
   * The outer text. A run of consecutive parts is replaced by the indexes of its first and last
   * part.
   */
  #outer = ''
  /** Indexes in `#outer`, ascending, with the corresponding offsets in the whole text. */
  readonly #origins: { readonly index: number; readonly offset: number }[] = []
  /** Index and offset of the first part of the current run; undefined before the first run. */
  #run: { readonly first: number; readonly offset: number } | undefined
  /** The text behind the last part, and its offset. */
  #between = ''
  #betweenOffset = 0
  /** The first part that is not valid JSON. */
  #invalid: { readonly text: string; readonly offset: number } | undefined

  /** Adds outer text. */
  addOuter(text: string): void {
    this.#between += text
  }

  /**
   * @param offset in the whole text
   * @param isItem true if the part is an item of an array, and not the value of a member
   */
  add(text: string, offset: number, isItem: boolean): void {
    if (!(isItem && this.#run && COMMA.test(this.#between))) {
      this.#closeRun()
      this.#run = { first: this.#parsed.length, offset }
    }
    this.#between = ''
    this.#betweenOffset = offset + text.length
    // The first syntax error is reported later, once the whole structure has been checked.
    if (this.#invalid) return
    try {
      this.#parsed.push(JSON.parse(text))
    } catch {
      this.#invalid = { text, offset }
    }
  }

  #closeRun(): void {
    if (this.#run) {
      const { first, offset } = this.#run
      this.#origins.push({ index: this.#outer.length, offset })
      this.#outer += `[${first},${this.#parsed.length - 1}]`
    }
    this.#origins.push({ index: this.#outer.length, offset: this.#betweenOffset })
    this.#outer += this.#between
  }

  /** Puts the parts into their places, in steps; returns the offset of the first syntax error, if any. */
  *assembled(): Generator<undefined, { result?: unknown; errorAt?: number }> {
    this.#closeRun()
    const errors: number[] = []
    let result: unknown
    try {
      result = JSON.parse(this.#outer)
    } catch {
      const index = yield* syntaxErrorSteps(this.#outer)
      const origin = this.#origins.findLast((one) => one.index <= index)! // the first is at 0
      errors.push(origin.offset + index - origin.index)
    }
    if (this.#invalid) {
      const { text, offset } = this.#invalid
      errors.push(offset + (yield* syntaxErrorSteps(text)))
    }
    if (errors.length > 0) return { errorAt: Math.min(...errors) }
    yield* this.#insertInto(result, 1)
    return { result }
  }

  *#insertInto(value: unknown, level: number): Generator<undefined, void> {
    if (typeof value !== 'object' || value === null) return
    if (level < OUTER_LEVELS) {
      for (const inner of Object.values(value)) yield* this.#insertInto(inner, level + 1)
    } else if (Array.isArray(value)) {
      const items: readonly unknown[] = value.splice(0)
      for (const item of items) {
        const [first, last] = Array.isArray(item) ? (item as [number, number]) : [0, -1] // a placeholder
        if (last < 0) value.push(item)
        for (let i = first; i <= last; i++) {
          value.push(this.#parsed[i])
          if (i % 1000 === 0) yield
        }
      }
    } else {
      const members = value as Record<string, unknown> // it is an object
      for (const [name, member] of Object.entries(members)) {
        if (Array.isArray(member)) members[name] = this.#parsed[member[0] as number] // a placeholder
        yield
      }
    }
  }
}
