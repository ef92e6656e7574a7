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
  new StructureCheck(text).run(text.length)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw syntaxError(text, syntaxErrorOffset(text))
  }
}

/** Characters that are checked in one step. */
const STEP = 64 * 1024
/** Levels that are parsed at once; what is nested deeper is parsed part by part. */
const OUTER_LEVELS = 3

/** Does the same as `read` in steps. The rows of a state are parsed one by one. */
function* readInSteps(text: string): Generator<undefined, unknown> {
  if (text.trim() === '') throw malformed('it is empty')
  const check = new StructureCheck(text, OUTER_LEVELS + 1)
  for (let to = STEP; !check.run(to); to += STEP) yield
  try {
    return yield* parsedInSteps(text, check.parts)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw syntaxError(text, yield* syntaxErrorSteps(text))
  }
}

/** A part of a text, which is an object or an array. */
interface Part {
  readonly start: number
  readonly end: number
  /** True if an array holds it. */
  readonly isItem: boolean
}

const COMMA = /^[ \t\n\r]*,[ \t\n\r]*$/

/**
 * Parses JSON whose structure is checked.
 *
 * @param parts every object and array at the level below the outer ones
 * @throws SyntaxError
 */
function* parsedInSteps(text: string, parts: readonly Part[]): Generator<undefined, unknown> {
  // The outer levels, with a placeholder in place of each run of parts: the indexes of its first
  // and last. No other array or object is at its level.
  let outer = ''
  let from = 0
  for (let first = 0; first < parts.length;) {
    const { start } = parts[first]! // below the length
    let last = first
    while (parts[last + 1]?.isItem && COMMA.test(between(text, parts, last))) {
      if (++last % 1000 === 0) yield
    }
    outer += `${text.slice(from, start)}[${first},${last}]`
    from = parts[last]!.end // as above
    first = last + 1
    if (first % 1000 === 0) yield
  }
  const parsed = (i: number): unknown => JSON.parse(text.slice(parts[i]!.start, parts[i]!.end)) // of a placeholder
  const insertInto = function* (value: unknown, level: number): Generator<undefined, void> {
    if (typeof value !== 'object' || value === null) return
    if (level < OUTER_LEVELS) {
      for (const inner of Object.values(value)) yield* insertInto(inner, level + 1)
    } else if (Array.isArray(value)) {
      const items: readonly unknown[] = value.splice(0)
      for (const item of items) {
        const [first, last] = Array.isArray(item) ? (item as [number, number]) : [0, -1] // a placeholder
        if (last < 0) value.push(item)
        for (let i = first; i <= last; i++) {
          value.push(parsed(i))
          yield
        }
      }
    } else {
      const members = value as Record<string, unknown> // it is an object
      for (const [name, member] of Object.entries(members)) {
        if (Array.isArray(member)) members[name] = parsed(member[0] as number) // a placeholder
        yield
      }
    }
  }
  const root: unknown = JSON.parse(outer + text.slice(from))
  yield* insertInto(root, 1)
  return root
}

/** The text between a part and the next. */
function between(text: string, parts: readonly Part[], i: number): string {
  return text.slice(parts[i]!.end, parts[i + 1]!.start) // both exist
}

function syntaxError(text: string, at: number): Problem {
  // V8's message quotes the text around the error, which may hold a password, and names the
  // position in some versions only.
  return malformed(
    describeSyntaxError(text, at),
    at < text.length ? undefined : { kind: 'ends-early' },
  )
}

/** Describes the first syntax error of invalid JSON: `unexpected text at line 2, column 7`. */
export function describeSyntaxError(text: string, at = syntaxErrorOffset(text)): string {
  return at >= text.length ? 'it ends too early' : `unexpected text at ${lineAndColumn(text, at)}`
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

/**
 * End of the string that starts at `from`. A regular expression overflows the stack on megabytes.
 */
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
 * keeps the last of two equal names.
 */
class StructureCheck {
  /** The objects and arrays at the level that was asked for. */
  readonly parts: Part[] = []
  readonly #text: string
  readonly #level: number | undefined
  readonly #names: (Set<string> | undefined)[] = []
  #next = 0
  #partStart = 0

  /** @param level level of nesting, from 1, whose objects and arrays are collected */
  constructor(text: string, level?: number) {
    this.#text = text
    this.#level = level
  }

  /**
   * Checks the text up to this character, or to the end of the string around it.
   *
   * @returns true once the whole text is checked
   * @throws Problem 400 body.malformed
   */
  run(to: number): boolean {
    const text = this.#text
    const names = this.#names
    const end = Math.min(to, text.length)
    let i = this.#next
    for (; i < end; i++) {
      const code = text.charCodeAt(i)
      if (code === 0x22) {
        const start = i
        let escaped = false
        for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) {
          if (text.charCodeAt(i) === 0x5c) {
            escaped = true
            i++
          }
        }
        const open = names.at(-1)
        if (open && followedByColon(text, i + 1)) {
          const raw = text.slice(start, i + 1)
          const name = escaped ? unescaped(raw, start, text) : raw.slice(1, -1)
          if (open.has(name)) {
            const where = lineAndColumn(text, start)
            const flaw = { kind: 'duplicate-name', place: where } as const
            throw malformed(`a name is given twice, at ${where}`, flaw)
          }
          if (name === '__proto__') {
            throw malformed(`the name __proto__ is not allowed, at ${lineAndColumn(text, start)}`)
          }
          open.add(name)
        }
      } else if (code === 0x7b || code === 0x5b) {
        const level = names.push(code === 0x7b ? new Set() : undefined)
        if (level > MAX_DEPTH) throw malformed(`it is nested deeper than ${MAX_DEPTH} levels`)
        if (level === this.#level) this.#partStart = i
      } else if (code === 0x7d || code === 0x5d) {
        if (names.length === this.#level) {
          const isItem = names.at(-2) === undefined
          this.parts.push({ start: this.#partStart, end: i + 1, isItem })
        }
        names.pop()
      }
    }
    this.#next = i
    return i >= text.length
  }
}

function followedByColon(text: string, from: number): boolean {
  let i = from
  while (/[ \t\n\r]/.test(text.charAt(i))) i++
  return text.charCodeAt(i) === 0x3a
}

function unescaped(raw: string, start: number, text: string): string {
  try {
    return JSON.parse(raw) as string
  } catch {
    throw malformed(`at ${lineAndColumn(text, start)}`)
  }
}

function malformed(where: string, flaw?: BodyFlaw): Problem {
  return new Problem(400, 'body.malformed', `The body cannot be read as JSON: ${where}`, { flaw })
}
