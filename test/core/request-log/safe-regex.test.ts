import { createContext, runInContext } from 'node:vm'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Problem } from '../../../src/core/problem.ts'
import { Expression } from '../../../src/core/request-log/safe-regex.ts'
import { bestOf, spentOn } from '../../helpers/time.ts'

const ATOMS = ['a', 'b', '.', '\\d', '[ab]', '[^a]', '\\w', '1', '\\.', '^', '$', '\\b', '\\u0061']
const QUANTIFIERS = ['', '', '*', '+', '?', '{2}', '{1,2}', '{0,}', '*?', '+?']

const expression = fc.letrec<{ whole: string; piece: string }>((tie) => ({
  whole: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
  piece: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc
      .tuple(fc.constantFrom(...ATOMS), fc.constantFrom(...QUANTIFIERS))
      .map(([atom, quantifier]) => (/^(\^|\$|\\b)$/.test(atom) ? atom : `${atom}${quantifier}`)),
    fc
      .tuple(tie('whole'), tie('whole'), fc.constantFrom(...QUANTIFIERS))
      .map(([one, other, quantifier]) => `(${one}|${other})${quantifier}`),
    fc
      .tuple(tie('whole'), fc.constantFrom(...QUANTIFIERS))
      .map(([one, quantifier]) => `(?:${one})${quantifier}`),
  ),
})).whole

/** Unless it repeats more than is allowed. */
function readable(source: string, ignoreCase: boolean): Expression | undefined {
  try {
    return new Expression(source, { ignoreCase })
  } catch (error) {
    if (error instanceof Problem && error.message.includes('repeats too much')) return undefined
    if (error instanceof Problem && error.message.includes('longer than')) return undefined
    throw error
  }
}

const elsewhere = createContext({})

/** What RegExp says; undefined where it takes for ever, as a few in ten thousand make it. */
function byRegExp(source: string, flags: string, text: string): boolean | undefined {
  const code = `new RegExp(${JSON.stringify(source)}, '${flags}').test(${JSON.stringify(text)})`
  try {
    return runInContext(code, elsewhere, { timeout: 500 }) as boolean // it is what test returns
  } catch (error) {
    // An error of another realm is no instance of this one's Error.
    if (String(error).includes('timed out')) return undefined
    throw error
  }
}

test('an expression says what RegExp says', () => {
  fc.assert(
    fc.property(
      expression,
      fc.string({
        unit: fc.constantFrom('a', 'b', 'A', 'B', '1', '.', ' ', 'é', '😀'),
        maxLength: 8,
      }),
      fc.boolean(),
      (source, text, ignoreCase) => {
        const read = readable(source, ignoreCase)
        fc.pre(read !== undefined)
        const flags = ignoreCase ? 'iu' : 'u'
        const expected = byRegExp(source, flags, text)
        fc.pre(expected !== undefined)
        expect(read.test(text), `/${source}/${flags} on "${text}"`).toBe(expected)
      },
    ),
    { numRuns: 3000 },
  )
})

test.each([
  '^ada@example\\.test$',
  '^[\\w.+-]+@example\\.(test|org)$',
  '^\\+1\\d{10}$',
  'x{2,3}y',
  '^(?<name>Ada|Grace)$',
  '',
  '\\u{1F600}',
  '\\p{Lu}',
  '[\\]a]',
])('%s is taken as RegExp takes it', (source) => {
  for (const text of ['ada@example.test', '+12025550147', 'xxy', 'xy', 'Ada', '', '😀', ']', 'é']) {
    expect(new Expression(source).test(text)).toBe(new RegExp(source, 'u').test(text))
  }
})

test.each([
  ['(', 'not well-formed'],
  ['a{2,1}', 'not well-formed'],
  ['(?=a)', 'no lookaround'],
  ['(?<!a)b', 'no lookaround'],
  ['(a)\\1', 'no references'],
  ['(?<x>a)\\k<x>', 'no references'],
  ['a'.repeat(257), 'longer than 256'],
  ['a{1001}', 'repeats too much'],
  ['((a{30}){30}){30}', 'repeats too much'],
])('%s is refused', (source, why) => {
  expect(() => new Expression(source)).toThrow(Problem)
  expect(() => new Expression(source)).toThrow(why)
})

test.each(['(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*a){20}$', 'a*a*a*a*a*a*b', '([a-z]+)*=', '(a*)*$'])(
  '%s takes no longer than its length allows',
  async (source) => {
    const text = `${'a'.repeat(4000)}!`
    const spent = await bestOf(2000, () => spentOn(() => new Expression(source).test(text)))
    expect(spent).toBeLessThan(2000)
  },
)

test('a text that is too long to be looked at fits nothing', () => {
  expect(new Expression('a').test('a'.repeat(4096))).toBe(true)
  expect(new Expression('a').test('a'.repeat(4097))).toBe(false)
})
