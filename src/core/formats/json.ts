import type { Format } from './format.ts'
import { Problem, type BodyFlaw } from '../problem.ts'
import { atOnce } from '../slices.ts'
import { lineAndColumn } from '../words.ts'

/** Maximum nesting: deeper than any contract needs, and safe for recursion over the value. */
const MAX_DEPTH = 64

export const json: Format = {
  mediaType: 'application/json',
  contentType: 'application/json; charset=utf-8',
  read,
  readInSteps,
  write: (value) => JSON.stringify(value),
  parse: (written) => JSON.parse(String(written)) as unknown,
}

/** Parses JSON; refuses duplicate names in an object (RFC 8259, section 4) and `__proto__`. */
function read(text: string): unknown {
  if (text.trim() === '') throw malformed('it is empty')
  new StructureCheck([text]).run(text.length, true)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw syntaxError([text], syntaxErrorOffset(text))
  }
}

/** Characters that are checked in one step. */
const STEP = 64 * 1024
/** Levels that are parsed as one text; what is nested deeper is parsed part by part. */
const OUTER_LEVELS = 3

/** Does the same as `read` in steps, for a text in pieces. The rows of a state are parsed one by one. */
function* readInSteps(pieces: readonly string[]): Generator<undefined, unknown> {
  if (pieces.every((piece) => piece.trim() === '')) throw malformed('it is empty')
  const parts = new Parts()
  const check = new StructureCheck(pieces, parts)
  for (let next = 0; next < pieces.length;) {
    // At least as much again as is unfinished, or a long string would be copied at each piece.
    let text = ''
    while (next < pieces.length && text.length <= check.unfinished) text += pieces[next++]!
    check.append(text)
    const isLast = next === pieces.length
    for (let to = STEP; !check.run(to, isLast); to += STEP) yield
  }
  const { result, errorAt } = yield* parts.assembled()
  if (errorAt !== undefined) throw syntaxError(pieces, errorAt)
  return result
}

const COMMA = /^[ \t\n\r]*,[ \t\n\r]*$/

/** The objects and arrays of one level, parsed one by one, and the text around them. */
class Parts {
  readonly #parsed: unknown[] = []
  /** The outer levels, with a placeholder in place of each run of parts: its first and last index. */
  #outer = ''
  /** Indexes in `#outer`, ascending, and the offsets in the whole text that they stand for. */
  readonly #origins: { readonly index: number; readonly offset: number }[] = []
  /** The run: index and offset of its first part; undefined before it. */
  #run: { readonly first: number; readonly offset: number } | undefined
  /** The text behind the last part, and its offset. */
  #between = ''
  #betweenOffset = 0
  /** The first part that is not valid JSON. */
  #invalid: { readonly text: string; readonly offset: number } | undefined

  /** Adds text that belongs to no part. */
  addOuter(text: string): void {
    this.#between += text
  }

  /**
   * @param offset in the whole text
   * @param isItem true if an array holds the part: no other array or object is at its level
   */
  add(text: string, offset: number, isItem: boolean): void {
    if (!(isItem && this.#run && COMMA.test(this.#between))) {
      this.#closeRun()
      this.#run = { first: this.#parsed.length, offset }
    }
    this.#between = ''
    this.#betweenOffset = offset + text.length
    // The whole structure is checked before a syntax error is reported.
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

function syntaxError(pieces: readonly string[], at: number): Problem {
  // V8's message quotes the text around the error, which may hold a password, and names the
  // place in some versions only.
  const isCut = at >= lengthOf(pieces)
  return malformed(
    isCut ? ENDS_EARLY : `unexpected text at ${placeIn(pieces, at)}`,
    isCut ? { kind: 'ends-early' } : undefined,
  )
}

const ENDS_EARLY = 'it ends too early'

/** Describes the first syntax error of invalid JSON: `unexpected text at line 2, column 7`. */
export function describeSyntaxError(text: string, at = syntaxErrorOffset(text)): string {
  return at >= text.length ? ENDS_EARLY : `unexpected text at ${lineAndColumn(text, at)}`
}

function lengthOf(pieces: readonly string[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

/** Line and column of an offset, as lineAndColumn() words them. */
function placeIn(pieces: readonly string[], at: number): string {
  let line = 1
  let lineStart = 0
  let offset = 0
  for (const piece of pieces) {
    for (let i = piece.indexOf('\n'); i >= 0 && offset + i < at; i = piece.indexOf('\n', i + 1)) {
      line++
      lineStart = offset + i + 1
    }
    offset += piece.length
    if (offset > at) break
  }
  return `line ${line}, column ${at - lineStart + 1}`
}

const SPACE = /[ \t\n\r]*/y
const TOKEN = /[{}[\],:]|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y

/** Offset of the first syntax error; the text must be invalid JSON. */
function syntaxErrorOffset(text: string): number {
  return atOnce(syntaxErrorSteps(text))
}

/** Finds the offset of the first syntax error in steps. */
function* syntaxErrorSteps(text: string): Generator<undefined, number> {
  const open: string[] = []
  // The expected token; `separator` is a comma or a closing bracket.
  let next: 'value' | 'name' | 'colon' | 'separator' = 'value'
  let mayClose = false
  let from = 0
  for (let tokens = 1; ; tokens++) {
    if (tokens % 1000 === 0) yield
    const start = matchEnd(SPACE, text, from) ?? from
    const isString = text.charCodeAt(start) === 0x22
    const end = isString ? stringEnd(text, start) : matchEnd(TOKEN, text, start)
    if (end === undefined) return start
    from = end
    const mark =
      end - start === 1 && '{}[],:'.includes(text.charAt(start)) ? text[start] : undefined
    const around = open.at(-1)
    if (mark === '}' || mark === ']') {
      if (around !== mark || !(mayClose || next === 'separator')) return start
      open.pop()
      next = 'separator'
    } else if (next === 'separator') {
      if (mark !== ',' || !around) return start
      next = around === '}' ? 'name' : 'value'
    } else if (next === 'colon') {
      if (mark !== ':') return start
      next = 'value'
    } else if (next === 'name') {
      if (!isString) return start
      next = 'colon'
    } else if (mark === '{' || mark === '[') {
      open.push(mark === '{' ? '}' : ']')
      next = mark === '{' ? 'name' : 'value'
      mayClose = true
      continue
    } else if (mark) return start
    else next = 'separator'
    mayClose = false
  }
}

/** End of a match that starts at `from`. */
function matchEnd(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : undefined
}

/** End of the string that starts at `from`. A regular expression overflows the stack on megabytes. */
function stringEnd(text: string, from: number): number | undefined {
  let i = from + 1
  while (i < text.length) {
    const code = text.charCodeAt(i)
    if (code === 0x22) return i + 1
    if (code < 0x20) return undefined
    const next = code === 0x5c ? matchEnd(ESCAPE, text, i) : i + 1
    if (next === undefined) return undefined
    i = next
  }
  return undefined
}

/**
 * Checks nesting, duplicate names and `__proto__` in one pass before JSON.parse, which silently
 * keeps the last of two equal names. The text may come in pieces; of those, no more is kept than an
 * unfinished name or part.
 */
class StructureCheck {
  readonly #pieces: readonly string[]
  readonly #parts: Parts | undefined
  readonly #names: (Set<string> | undefined)[] = []
  #text: string
  /** Length of the text before `#text`. */
  #offset = 0
  /** Index of the next character. */
  #next = 0
  /** Index of the opening quote of an unfinished string; -1 outside of strings. */
  #stringStart = -1
  #isEscaped = false
  /** Index at which the current part starts, or the text behind the last one. */
  #partStart = 0

  /**
   * @param pieces of the whole text
   * @param parts receives the objects and arrays below the outer levels; the pieces are appended then
   */
  constructor(pieces: readonly string[], parts?: Parts) {
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

  /** Appends text, and drops what is not needed any more. */
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
   * @returns true once all text is checked for which no further text is needed
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
    // An unfinished part is an error, whose place is searched in the text around the parts.
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

/** Index of the first character from here on that is no space. */
function nextMark(text: string, from: number): number {
  let i = from
  while (isSpace(text.charCodeAt(i))) i++
  return i
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function malformed(where: string, flaw?: BodyFlaw): Problem {
  return new Problem(400, 'body.malformed', `The body cannot be read as JSON: ${where}`, { flaw })
}
