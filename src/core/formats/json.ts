import type { Format } from './format.ts'
import { Problem, type BodyFlaw } from '../problem.ts'
import { lineAndColumn } from '../words.ts'

/** Maximum nesting: deeper than any contract needs, and safe for recursion over the value. */
const MAX_DEPTH = 64

export const json: Format = {
  mediaType: 'application/json',
  contentType: 'application/json; charset=utf-8',
  read,
  write: (value) => JSON.stringify(value),
  parse: (written) => JSON.parse(String(written)) as unknown,
}

/** Parses JSON; refuses duplicate names in an object (RFC 8259, section 4) and `__proto__`. */
function read(text: string): unknown {
  if (text.trim() === '') throw malformed('it is empty')
  checkStructure(text)
  try {
    return JSON.parse(text) as unknown
  } catch {
    // V8's message quotes the text around the fault, which may hold a password, and names the
    // place in some versions only.
    const at = syntaxErrorOffset(text)
    throw malformed(
      describeSyntaxError(text, at),
      at < text.length ? undefined : { kind: 'ends-early' },
    )
  }
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
  const open: string[] = []
  // The expected token; `separator` is a comma or a closing bracket.
  let next: 'value' | 'name' | 'colon' | 'separator' = 'value'
  let mayClose = false
  let from = 0
  for (;;) {
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
 * keeps the last of two equal names.
 */
function checkStructure(text: string): void {
  const names: (Set<string> | undefined)[] = []
  for (let i = 0; i < text.length; i++) {
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
      if (names.push(code === 0x7b ? new Set() : undefined) > MAX_DEPTH) {
        throw malformed(`it is nested deeper than ${MAX_DEPTH} levels`)
      }
    } else if (code === 0x7d || code === 0x5d) names.pop()
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
