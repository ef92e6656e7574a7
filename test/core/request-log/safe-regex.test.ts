import { createContext, runInContext } from 'node:vm'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Problem } from '../../../src/core/problem.ts'
import {
  RegexBudget,
  RegexBudgetExceeded,
  SafeRegex,
} from '../../../src/core/request-log/safe-regex.ts'
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

/** Compiles an expression; undefined where it exceeds a limit. */
function compiled(source: string, ignoreCase: boolean): SafeRegex | undefined {
  try {
    return new SafeRegex(source, { ignoreCase })
  } catch (error) {
    if (error instanceof Problem && error.message.includes('repeats too much')) return undefined
    if (error instanceof Problem && error.message.includes('longer than')) return undefined
    throw error
  }
}

const realm = createContext({})

/** The result of RegExp; undefined where it takes exponential time, as a few in ten thousand do. */
function byRegExp(source: string, flags: string, text: string): boolean | undefined {
  const code = `new RegExp(${JSON.stringify(source)}, '${flags}').test(${JSON.stringify(text)})`
  try {
    return runInContext(code, realm, { timeout: 500 }) as boolean // RegExp.test returns one
  } catch (error) {
    // An error of another realm is no instance of this one's Error.
    if (String(error).includes('timed out')) return undefined
    throw error
  }
}

test('an expression matches the texts that RegExp matches', () => {
  fc.assert(
    fc.property(
      expression,
      fc.string({
        unit: fc.constantFrom('a', 'b', 'A', 'B', '1', '.', ' ', 'é', '😀'),
        maxLength: 8,
      }),
      fc.boolean(),
      (source, text, ignoreCase) => {
        const regex = compiled(source, ignoreCase)
        fc.pre(regex !== undefined)
        const flags = ignoreCase ? 'iu' : 'u'
        const expected = byRegExp(source, flags, text)
        fc.pre(expected !== undefined)
        expect(regex.test(text), `/${source}/${flags} on "${text}"`).toBe(expected)
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
])('%s matches as RegExp does', (source) => {
  for (const text of ['ada@example.test', '+12025550147', 'xxy', 'xy', 'Ada', '', '😀', ']', 'é']) {
    expect(new SafeRegex(source).test(text)).toBe(new RegExp(source, 'u').test(text))
  }
})

test.each([
  ['(', 'not well-formed'],
  ['a{2,1}', 'not well-formed'],
  ['(?=a)', 'lookaround is not supported'],
  ['(?<!a)b', 'lookaround is not supported'],
  ['(a)\\1', 'backreferences are not supported'],
  ['(?<x>a)\\k<x>', 'backreferences are not supported'],
  ['\\ud83d\\ude00', 'surrogates are not supported'],
  ['\\p{Script=Greek}', 'RE2 does not support \\p{Script=Greek}'],
  ['a'.repeat(257), 'longer than 256'],
  ['a{1001}', 'repeats too much'],
  ['((a{30}){30}){30}', 'repeats too much'],
])('%s is refused', (source, why) => {
  expect(() => new SafeRegex(source)).toThrow(Problem)
  expect(() => new SafeRegex(source)).toThrow(why)
})

test.each(['(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*a){20}$', 'a*a*a*a*a*a*b', '([a-z]+)*=', '(a*)*$'])(
  '%s is matched in linear time',
  async (source) => {
    const text = `${'a'.repeat(4000)}!`
    const spent = await bestOf(2000, () => spentOn(() => new SafeRegex(source).test(text)))
    expect(spent).toBeLessThan(2000)
  },
)

test('a text of more than 4,096 characters never matches', () => {
  expect(new SafeRegex('a').test('a'.repeat(4096))).toBe(true)
  expect(new SafeRegex('a').test('a'.repeat(4097))).toBe(false)
})

test('all expressions within a budget share it, and those outside of it do not', () => {
  // Every text leads to states of its own, so none of the work is cached.
  const regexes = ['', '|x', '|y'].map((more) => new SafeRegex(`(a|b)*a[ab]{250}c?$${more}`))
  const texts = fc.sample(
    fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 4096, maxLength: 4096 }),
    { numRuns: 20, seed: 1 },
  )
  const matchAll = () => {
    for (let i = 0; i < 1000; i++) {
      for (const text of texts) for (const regex of regexes) regex.test(text)
    }
  }
  const budget = new RegexBudget(200)
  const start = performance.now()
  expect(() => budget.spend(matchAll)).toThrow(RegexBudgetExceeded)
  expect(performance.now() - start).toBeLessThan(30_000)
  expect(() => budget.spend(() => regexes[1]!.test('a'))).toThrow('more than 200 ms')
  expect(regexes[0]!.test('a')).toBe(false)
  expect(new RegexBudget(200).spend(() => regexes[0]!.test('a'))).toBe(false)
})
