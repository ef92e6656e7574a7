import { Problem, type BodyFlaw } from '../problem.ts'
import { atOnce } from '../slices.ts'

export const ENDS_EARLY = 'it ends too early'

export function malformed(where: string, flaw?: BodyFlaw): Problem {
  return new Problem(400, 'body.malformed', `The body cannot be read as JSON: ${where}`, { flaw })
}

export function syntaxError(pieces: readonly string[], at: number): Problem {
  // V8's message quotes the text around the error, which may hold a password, and states the place
  // in some versions only.
  const isCut = at >= lengthOf(pieces)
  return malformed(
    isCut ? ENDS_EARLY : `unexpected text at ${placeIn(pieces, at)}`,
    isCut ? { kind: 'ends-early' } : undefined,
  )
}

function lengthOf(pieces: readonly string[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

/** Line and column of an offset, as lineAndColumn() words them. */
export function placeIn(pieces: readonly string[], at: number): string {
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
export function syntaxErrorOffset(text: string): number {
  return atOnce(syntaxErrorSteps(text))
}

/** Finds the offset of the first syntax error in steps. */
export function* syntaxErrorSteps(text: string): Generator<undefined, number> {
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
