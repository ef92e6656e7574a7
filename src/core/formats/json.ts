import type { Format } from './format.ts'
import { JsonParts } from './json-parts.ts'
import { StructureCheck } from './json-structure.ts'
import { ENDS_EARLY, malformed, syntaxError, syntaxErrorOffset } from './json-syntax.ts'
import { lineAndColumn } from '../words.ts'

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

/**
 * Does the same as `read` in steps, for a text in pieces. Its nested values, such as the rows of a
 * state, are parsed one by one.
 */
function* readInSteps(pieces: readonly string[]): Generator<undefined, unknown> {
  if (pieces.every((piece) => piece.trim() === '')) throw malformed('it is empty')
  const parts = new JsonParts()
  const check = new StructureCheck(pieces, parts)
  for (let next = 0; next < pieces.length;) {
    // Appends at least as much text as is unfinished: otherwise a long string would be copied at
    // each piece.
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

/** Describes the first syntax error of invalid JSON: `unexpected text at line 2, column 7`. */
export function describeSyntaxError(text: string, at = syntaxErrorOffset(text)): string {
  return at >= text.length ? ENDS_EARLY : `unexpected text at ${lineAndColumn(text, at)}`
}
