import { OUTER_LEVELS, type JsonParts } from './json-parts.ts'
import { malformed, placeIn } from './json-syntax.ts'

/** Maximum nesting: deeper than any contract needs, and safe for recursion over the value. */
const MAX_DEPTH = 64

/**
 * Checks nesting, duplicate names and `__proto__` in one pass before JSON.parse, which silently
 * keeps the last of two equal names. The text may come in pieces; only an unfinished string or part
 * of it is kept.
 */
export class StructureCheck {
  readonly #pieces: readonly string[]
  readonly #parts: JsonParts | undefined
  readonly #names: (Set<string> | undefined)[] = []
  #text: string
  /** Length of the text before `#text`. */
  #offset = 0
  /** Index of the next character. */
  #next = 0
  /** Index of the opening quote of an unfinished string; -1 outside of strings. */
  #stringStart = -1
  #isEscaped = false
  /** Index at which the current part or the text after the last part starts. */
  #partStart = 0

  /**
   * @param pieces of the whole text
   * @param parts receives the parts and the outer text; the caller then appends the pieces one by
   *   one
   */
  constructor(pieces: readonly string[], parts?: JsonParts) {
    this.#pieces = pieces
    this.#parts = parts
    this.#text = parts ? '' : pieces.join('')
  }

  get #isInPart(): boolean {
    return this.#names.length > OUTER_LEVELS
  }

  /** Length of the text that `append` keeps. */
  get unfinished(): number {
    return this.#text.length - this.#keptFrom
  }

  get #keptFrom(): number {
    if (this.#isInPart) return this.#partStart
    return this.#stringStart < 0 ? this.#next : this.#stringStart
  }

  /** Appends text, and drops text that is no longer needed. */
  append(text: string): void {
    const from = this.#keptFrom
    if (!this.#isInPart) this.#parts?.addOuter(this.#text.slice(this.#partStart, from))
    this.#text = this.#text.slice(from) + text
    this.#offset += from
    this.#next -= from
    this.#partStart = 0
    if (this.#stringStart >= 0) this.#stringStart -= from
  }

  /**
   * Checks the text up to this character.
   *
   * @param isLast true if no text follows
   * @returns true once all text is checked, except text that needs the next piece
   * @throws Problem 400 body.malformed
   */
  run(to: number, isLast: boolean): boolean {
    const text = this.#text
    const end = Math.min(to, text.length)
    let i = this.#next
    while (i < end) {
      if (this.#stringStart >= 0) {
        let code = 0
        for (; i < end && (code = text.charCodeAt(i)) !== 0x22; i++) {
          if (code !== 0x5c) continue
          this.#isEscaped = true
          i++
        }
        if (i >= end) break
        if (this.#names.at(-1)) {
          const next = nextMark(text, i + 1)
          if (next >= text.length && !isLast) {
            this.#next = i
            return true
          }
          if (text.charCodeAt(next) === 0x3a) this.#addName(i + 1)
        }
        this.#stringStart = -1
      } else {
        const code = text.charCodeAt(i)
        if (code === 0x22) {
          this.#stringStart = i
          this.#isEscaped = false
        } else if (code === 0x7b || code === 0x5b) this.#open(code === 0x7b, i)
        else if (code === 0x7d || code === 0x5d) this.#close(i)
      }
      i++
    }
    this.#next = i
    if (i < text.length) return false
    // An unfinished part is a syntax error; it is added as outer text, where its place is found.
    if (isLast) this.#parts?.addOuter(text.slice(this.#partStart))
    return true
  }

  #open(isObject: boolean, i: number): void {
    const level = this.#names.push(isObject ? new Set() : undefined)
    if (level > MAX_DEPTH) throw malformed(`it is nested deeper than ${MAX_DEPTH} levels`)
    if (level !== OUTER_LEVELS + 1 || !this.#parts) return
    this.#parts.addOuter(this.#text.slice(this.#partStart, i))
    this.#partStart = i
  }

  #close(i: number): void {
    if (this.#names.length === OUTER_LEVELS + 1 && this.#parts) {
      const part = this.#text.slice(this.#partStart, i + 1)
      this.#parts.add(part, this.#offset + this.#partStart, this.#names.at(-2) === undefined)
      this.#partStart = i + 1
    }
    this.#names.pop()
  }

  /** Adds the name of a member. */
  #addName(end: number): void {
    const start = this.#stringStart
    const names = this.#names.at(-1)! // the innermost is an object
    const raw = this.#text.slice(start, end)
    const place = () => placeIn(this.#pieces, this.#offset + start)
    let name = raw.slice(1, -1)
    if (this.#isEscaped) {
      try {
        name = JSON.parse(raw) as string // of a string
      } catch {
        throw malformed(`at ${place()}`)
      }
    }
    if (names.has(name)) {
      const flaw = { kind: 'duplicate-name', place: place() } as const
      throw malformed(`a name is given twice, at ${flaw.place}`, flaw)
    }
    if (name === '__proto__') throw malformed(`the name __proto__ is not allowed, at ${place()}`)
    names.add(name)
  }
}

/** Index of the first character at or after `from` that is not white space. */
function nextMark(text: string, from: number): number {
  let i = from
  while (isSpace(text.charCodeAt(i))) i++
  return i
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
