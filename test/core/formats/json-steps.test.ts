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

function expectSame(text: string): void {
  const inSteps = outcome(() => atOnce(json.readInSteps!(text)))
  expect(inSteps).toEqual(outcome(() => json.read!(text, {})))
}

test('JSON that is read in steps has the same value', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 7 }), fc.constantFrom(0, 1, 3), (text, indent) =>
      expectSame(JSON.stringify(JSON.parse(text), null, indent)),
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
    fc.property(damaged, ([text, at, mark]) => {
      const i = at % text.length
      expectSame(text.slice(0, i) + mark + text.slice(i + 1))
      expectSame(text.slice(0, i) + mark + text.slice(i))
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
])('%s is read in steps as it is at once', expectSame)
