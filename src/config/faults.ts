import { API_NAMES } from '../apis/index.ts'
import type { FaultDefinition } from '../core/fault.ts'
import { describeSyntaxError } from '../core/formats/json.ts'
import { withoutMark } from '../core/formats/text-file.ts'
import { closest } from '../core/words.ts'

/**
 * Reads the faults to arm: a JSON list of definitions, or short forms separated by commas. A short
 * form can begin with the name of an API and a colon, which limit the fault to that API. `off`
 * disables faults. The definitions are checked where they are armed. Throws an Error that says what
 * is allowed.
 */
export function readFaults(text: string): readonly FaultDefinition[] | undefined {
  const given = withoutMark(text)
  if (/^(off|none)$/i.test(given.trim())) return undefined
  return /^\s*[[{]/.test(given) ? definitionsIn(given) : shortFormsIn(given).map(definitionOf)
}

function definitionsIn(given: string): readonly FaultDefinition[] {
  try {
    return [JSON.parse(given)].flat() as readonly FaultDefinition[] // their schema checks them where they are armed
  } catch {
    throw new Error(
      `must be JSON (${describeSyntaxError(given)}) or short forms separated by commas`,
    )
  }
}

function shortFormsIn(given: string): readonly string[] {
  const forms: string[] = []
  for (const part of given.split(',')) {
    // A comma without a space after it may continue a list within a fault.
    const isInList = /(?:^|[;:])(?:sequence|fields)=[^;]*$/.test(forms.at(-1) ?? '')
    if (isInList && /^\S/.test(part)) forms.push(`${forms.pop()},${part}`)
    else forms.push(part)
  }
  return forms.map((form) => form.trim()).filter((form) => form !== '')
}

function definitionOf(form: string): FaultDefinition {
  const [api = '', ...rest] = form.split(':')
  if (API_NAMES.includes(api) && rest.length > 0) return { api, fault: rest.join(':') }
  const [near] = /^[a-z]+:/i.test(form) && !API_NAMES.includes(api) ? closest(api, API_NAMES) : []
  if (near !== undefined) {
    throw new Error(`must have the name of an API before a colon (did you mean ${near}:?)`)
  }
  return { fault: form }
}
