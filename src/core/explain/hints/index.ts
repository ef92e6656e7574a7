import type { Hint } from '../../api.ts'
import type { ApiContext } from '../../context.ts'
import { fieldRules } from './fields.ts'
import { jsonRules } from './json.ts'
import { pathRules } from './path.ts'
import { sentMembers, type HintInput } from './hint-input.ts'
import { transportRules } from './transport.ts'
import { valueRules } from './values.ts'
import { xmlRules } from './xml.ts'
import { headerString } from '../../http/header-string.ts'

const RULES = [...transportRules, ...jsonRules, ...xmlRules, ...fieldRules, ...valueRules]

const MOST = 10
const LONGEST = 600
const MOST_IN_HEADER = 5
const LONGEST_IN_HEADER = 400

/**
 * What the sender of a request probably meant, most important first; empty when nothing is odd
 * about it. Worked out anew on each call, from what is kept of the request: ask only when somebody
 * wants to know.
 */
export function hintsFor(question: HintInput): readonly Hint[] {
  const { api, call, tools, store } = question
  // Nothing that the sender could change was the reason, or nothing is known but that.
  if (call.endedAt || call.method === '') return []
  const all = [
    ...pathRules.flatMap((rule) => rule(question)),
    ...(api.hints?.(call, { ...tools, state: store, sent: sentMembers(question) ?? {} }) ?? []),
    ...RULES.flatMap((rule) => rule(question)),
  ]
  const seen = new Set<string>()
  return all
    .filter(({ code, text }) => {
      const key = `${code} ${text}`
      return seen.has(key) ? false : seen.add(key)
    })
    .slice(0, MOST)
    .map(({ code, text }) => ({ code, text: text.slice(0, LONGEST) }))
}

/** The first hints as the header `Standin-Hint`: a list of RFC 8941 strings, each with its code. */
export function hintHeaders(question: HintInput & Pick<ApiContext, 'log'>): Record<string, string> {
  try {
    const hints = hintsFor(question).slice(0, MOST_IN_HEADER)
    if (hints.length === 0) return {}
    return { 'Standin-Hint': hints.map(inHeader).join(', ') }
  } catch (error) {
    question.log.bug('a hint could not be worked out', error)
    return {}
  }
}

function inHeader({ code, text }: Hint): string {
  return `${headerString(text, LONGEST_IN_HEADER)};code=${code}`
}
