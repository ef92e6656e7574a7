import type { Hint } from '../../api.ts'
import type { ApiContext } from '../../context.ts'
import { fieldRules } from './fields.ts'
import { jsonRules } from './json.ts'
import { pathRules } from './path.ts'
import { sentFields, type HintInput } from './hint-input.ts'
import { transportRules } from './transport.ts'
import { valueRules } from './values.ts'
import { xmlRules } from './xml.ts'
import { headerString } from '../../http/header-string.ts'

const RULES = [...transportRules, ...jsonRules, ...xmlRules, ...fieldRules, ...valueRules]

const MAX_HINTS = 10
const MAX_LENGTH = 600
const MAX_IN_HEADER = 5
const MAX_LENGTH_IN_HEADER = 400

/**
 * Hints on what the sender should change, most important first. They are computed from the request
 * on each call, so call this only for a request for hints.
 */
export function hintsFor(input: HintInput): readonly Hint[] {
  const { api, call, tools, store } = input
  // A fault ended the request, or it could not be read: the sender has nothing to change.
  if (call.endedAfter || call.method === '') return []
  const own = api.hints?.(call, { ...tools, state: store, sent: sentFields(input) ?? {} }) ?? []
  // What a vendor's slice says about a method replaces the guess from similar operations.
  const isCovered = own.length > 0 && call.problem?.reason === 'method.not-allowed'
  const hints = [
    ...(isCovered ? [] : pathRules.flatMap((rule) => rule(input))),
    ...own,
    ...RULES.flatMap((rule) => rule(input)),
  ]
  const seen = new Set<string>()
  return hints
    .filter(({ code, text }) => {
      const key = `${code} ${text}`
      return seen.has(key) ? false : seen.add(key)
    })
    .slice(0, MAX_HINTS)
    .map(({ code, text }) => ({ code, text: text.slice(0, MAX_LENGTH) }))
}

/** The header `Standin-Hint` with the first hints: a list of RFC 8941 strings with their codes. */
export function hintHeaders(input: HintInput & Pick<ApiContext, 'log'>): Record<string, string> {
  try {
    const hints = hintsFor(input).slice(0, MAX_IN_HEADER)
    if (hints.length === 0) return {}
    return { 'Standin-Hint': hints.map(headerItem).join(', ') }
  } catch (error) {
    input.log.bug('computing hints failed', error)
    return {}
  }
}

function headerItem({ code, text }: Hint): string {
  return `${headerString(text, MAX_LENGTH_IN_HEADER)};code=${code}`
}
