import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { json } from '../../../src/core/formats/json.ts'
import { Problem } from '../../../src/core/problem.ts'
import { atOnce } from '../../../src/core/slices.ts'

/** The value, or the message of the refusal. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.message
  }
}

/** @param lengths of the pieces, in turn */
function expectSame(text: string, lengths: readonly number[] = [1]): void {
  const atOnceRead = outcome(() => json.read!(text, {}))
  const pieces: string[] = []
  for (let from = 0, i = 0; from < text.length; from += lengths[i++ % lengths.length]!) {
    pieces.push(text.slice(from, from + lengths[i % lengths.length]!))
  }
  expect(outcome(() => atOnce(json.readInSteps!([text])))).toEqual(atOnceRead)
  expect(outcome(() => atOnce(json.readInSteps!(pieces)))).toEqual(atOnceRead)
}

const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 })

test('JSON that is read in steps has the same value', () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 7 }),
      fc.constantFrom(0, 1, 3),
      lengths,
      (text, indent, pieces) => expectSame(JSON.stringify(JSON.parse(text), null, indent), pieces),
    ),
    { numRuns: 300 },
  )
})

test('invalid JSON that is read in steps is refused at the same place', () => {
  const damaged = fc.tuple(
    fc.json({ maxDepth: 6 }),
    fc.nat(),
    fc.constantFrom(',', ']', '}', '"', '[', '{', ':', '7', ''),
  )
  fc.assert(
    fc.property(damaged, lengths, ([text, at, mark], pieces) => {
      const i = at % text.length
      expectSame(text.slice(0, i) + mark + text.slice(i + 1), pieces)
      expectSame(text.slice(0, i) + mark + text.slice(i), pieces)
    }),
    { numRuns: 500 },
  )
})

test.each([
  '',
  ' ',
  '[[[[1],[2],3,[4]]]]',
  '{"a":{"b":{"c":[1],"d":{"e":2}}}}',
  '{"a":{"b":{"c":[1],[2]}}}',
  '{"a":{"b":[{"c":1},{"d":2},null,{"e":[3]}]}}',
  '{"a":{"b":[{"c":1} {"d":2}]}}',
  '{"a":{"b":[{"c":1},{"d":2},]}}',
  '{"a":{"b":[{"c":1}}]}',
  '{"a":{"b":[{"c":1,"c":2}]}}',
  '{"a":{"b":[{"c":nul}]}}',
  '{"a":{"b":[{"c":1}',
  '{"a\\"b":{"a\\"b":1,"a\\u0022b":2}}',
  '{"a" :1,"b"  :{"__proto__" \n:1}}',
  '{"a":"b\\',
  '{"a":"b',
])('%s is read in steps as it is at once', (text) => expectSame(text))
