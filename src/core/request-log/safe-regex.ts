import { createRequire } from 'node:module'
import type * as Re2js from 're2js'
import { Problem } from '../problem.ts'

const require = createRequire(import.meta.url)

/** Limits in characters and in steps, which are about two for each character to match. */
const MAX_PATTERN_LENGTH = 256
const MAX_STEPS = 1000
export const MAX_TEXT_LENGTH = 4096

/** Bytes of states that RE2 may cache for one expression; by default it caches 8 MB. */
const MAX_CACHE = 64 * 1024

/**
 * Matching time that all expressions for one request share, whatever their source. It is processor
 * time: on a busy machine an expression does not fail because it waited.
 */
export class RegexBudget {
  readonly total: number
  /** Milliseconds left. */
  left: number

  /** @param total in milliseconds */
  constructor(total: number) {
    this.total = this.left = total
  }

  /**
   * Runs synchronous `work`; its expressions spend this budget.
   *
   * @throws RegexBudgetExceeded when an expression is to be tested and nothing is left
   */
  spend<T>(work: () => T): T {
    const outer = setCurrent(this)
    try {
      return work()
    } finally {
      setCurrent(outer)
    }
  }
}

/**
 * Does work in steps, each of which spends the budget.
 *
 * @throws RegexBudgetExceeded
 */
export function* spendSteps<T>(
  budget: RegexBudget,
  steps: Generator<undefined, T>,
): Generator<undefined, T> {
  for (;;) {
    const step = budget.spend(() => steps.next())
    if (step.done) return step.value
    yield
  }
}

/** Thrown in place of a result that would take too long. */
export class RegexBudgetExceeded extends Error {}

let current: RegexBudget | undefined

/** @returns the previous budget */
function setCurrent(budget: RegexBudget | undefined): RegexBudget | undefined {
  const outer = current
  current = budget
  return outer
}

/** In milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/**
 * A regular expression from a client. RE2 matches it in time proportional to its length and the
 * text's, where RegExp can take exponential time (`(a+)+$`). The syntax is what RegExp and RE2 have
 * in common: no lookaround, no backreferences. It searches the text, as `RegExp.test` does.
 */
export class SafeRegex {
  readonly #set: Re2js.RE2Set

  /** @throws Problem 400 expression.invalid */
  constructor(source: string, { ignoreCase = false }: { ignoreCase?: boolean | undefined } = {}) {
    if (source.length > MAX_PATTERN_LENGTH) {
      throw invalid(source, `it is longer than ${MAX_PATTERN_LENGTH} characters`)
    }
    try {
      void new RegExp(source, 'u')
    } catch {
      throw invalid(source, 'it is not well-formed')
    }
    checkSyntax(source)
    // Loaded with the first expression: 15 ms that most runs never need.
    const { RE2JS, RE2Set, RE2JSSyntaxException } = require('re2js') as typeof Re2js
    // A set of one, since only a set lets its cache be limited.
    const flags = ignoreCase ? RE2JS.CASE_INSENSITIVE : 0
    this.#set = new RE2Set(RE2Set.UNANCHORED, flags, MAX_CACHE)
    try {
      this.#set.add(RE2JS.translateRegExp(source))
    } catch (error) {
      if (!(error instanceof RE2JSSyntaxException)) throw error
      throw invalid(source, `RE2 does not support ${error.input ?? 'its syntax'}`)
    }
    this.#set.compile()
  }

  /**
   * Tests whether any part of the text matches. A text above the length limit never matches.
   *
   * @throws RegexBudgetExceeded
   */
  test(text: string): boolean {
    if (text.length > MAX_TEXT_LENGTH) return false
    const budget = current
    if (!budget) return this.#search(text)
    if (budget.left <= 0) {
      throw new RegexBudgetExceeded(`the expressions took more than ${budget.total} ms`)
    }
    const start = processorTime()
    const found = this.#search(text)
    budget.left -= processorTime() - start
    return found
  }

  #search(text: string): boolean {
    return this.#set.match(text).length > 0
  }
}

/** A class, an escape, a group's start, a quantifier or one character. */
const TOKEN =
  /\[(?:\\[^]|[^\]\\])*\]|\\[pPu]\{[^}]*\}|\\u[dD][89a-fA-F]|\\[^]|\((?:\?(?::|<[=!]|<\w+>|[=!]))?|(?:[*+?]|\{(\d+)(,?)(\d*)\})\??|[^]/gu

/**
 * Refuses syntax that RE2 lacks or interprets differently, and repetitions that unroll to too many
 * steps. Steps are counted before compiling, since compiling a large repetition takes long.
 *
 * @throws Problem 400 expression.invalid
 */
function checkSyntax(source: string): void {
  const outer: number[] = []
  let steps = 0
  let last = 0
  for (const [token, least, comma, most] of source.matchAll(TOKEN)) {
    if (/^\(\?<?[=!]/.test(token)) throw invalid(source, 'lookaround is not supported')
    if (/^\\[1-9k]/.test(token)) throw invalid(source, 'backreferences are not supported')
    if (/^\\u[dD]/.test(token)) {
      throw invalid(source, 'surrogates are not supported; write a character as \\u{1F600}')
    }
    if (token.startsWith('(')) {
      outer.push(steps)
      steps = 0
    } else if (token === ')') {
      last = steps + 2
      steps = last + (outer.pop() ?? 0)
    } else if (/^(?:[*+?]|\{\d)/.test(token)) {
      steps += last * timesOf(token, least, comma, most)
    } else if (token !== '|') {
      last = 2
      steps += last
    }
    if (steps > MAX_STEPS) throw invalid(source, 'it repeats too much')
  }
}

/** The number of copies of its operand that a quantifier unrolls to. */
function timesOf(token: string, least = '', comma = '', most = ''): number {
  if (token.startsWith('{')) {
    if (comma === '') return Number(least)
    return most === '' ? Number(least) + 1 : Number(most)
  }
  return token.startsWith('+') ? 2 : 1
}

function invalid(source: string, why: string): Problem {
  const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source
  return new Problem(400, 'expression.invalid', `The expression ${shown} cannot be used: ${why}`)
}
