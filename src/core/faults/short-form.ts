import { isRecord, type Schema } from '../contract/schema.ts'
import { BODY_FAULTS, CONNECTIONS, OUTCOMES, type FaultDefinition } from '../fault.ts'
import type { Problem } from '../problem.ts'
import { closest, didYouMean } from '../words.ts'
import { invalidFault } from './invalid-fault.ts'

/** Words of the short form, each with the fields that it stands for. */
const WORDS: Readonly<Record<string, FaultDefinition>> = {
  hang: { delay: 'forever' },
  'slow-headers': { slow: 'headers' },
  'slow-body': { slow: 'body' },
  ...Object.fromEntries(CONNECTIONS.map((connection) => [connection, { connection }])),
  ...Object.fromEntries(BODY_FAULTS.map((body) => [body, { body }])),
  ...Object.fromEntries(OUTCOMES.map((outcome) => [outcome, { outcome }])),
  'login-page': { words: 'login-page', status: 200 },
  gateway: { words: 'gateway' },
  'gateway-json': { words: 'gateway-json' },
  vendor: { words: 'vendor' },
}

/** Every word of the short form, for messages. */
export const SHORT_WORDS: readonly string[] = Object.keys(WORDS)

/**
 * Reads the short form of a fault: `500;times=2`, `delay=2s`, `reset`, `429;retry-after=3`,
 * `token.expired`, `commit-500`.
 *
 * @param schema the schema of a definition, for the names and types of its fields
 * @throws Problem 400 fault.invalid
 */
export function readShortForm(text: string, schema: Schema): FaultDefinition {
  const definition: Record<string, unknown> = {}
  for (const piece of text.split(';').map((part) => part.trim())) {
    if (piece === '') continue
    const after = /^commit-(.+)$/.exec(piece)?.[1]
    if (after !== undefined) setOnce(definition, 'after', 'commit')
    for (const [name, value] of Object.entries(readPart(after ?? piece, schema))) {
      setOnce(definition, name, value)
    }
  }
  if (Object.keys(definition).length === 0) throw unreadable(text, schema)
  return definition // the schema checks its fields, like those of any definition
}

/** Refuses a field that is given twice with different values, since only one could take effect. */
function setOnce(definition: Record<string, unknown>, name: string, value: unknown): void {
  if (Object.hasOwn(definition, name) && definition[name] !== value) {
    throw invalidFault(`${name} is given twice; a fault has one`)
  }
  definition[name] = value
}

function readPart(part: string, schema: Schema): object {
  const word = part.toLowerCase()
  if (Object.hasOwn(WORDS, word)) return WORDS[word]!
  if (/^[2-5]\d\d$/.test(part)) return { status: Number(part) }
  const [, name = '', value = ''] = /^([A-Za-z-]+)=(.*)$/.exec(part) ?? []
  const field = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const property = Object.hasOwn(schema.properties ?? {}, field) && schema.properties?.[field]
  if (field === 'cut') return { connection: 'cut', cutAfter: typed(value, { type: 'integer' }) }
  if (property && field !== 'fault') return { [field]: typed(value, property) }
  // Only a reason contains dots.
  if (/^[a-z-]+(\.[a-z-]+)+$/.test(part)) return { reason: part }
  throw unreadable(part, schema)
}

/** Converts a text to the schema's type if it can; the schema refuses the rest. */
function typed(text: string, schema: Schema): unknown {
  switch (schema.type) {
    case 'integer':
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'array':
      return text.split(',').map((item) => item.trim())
    default:
      return text
  }
}

function unreadable(part: string, schema: Schema): Problem {
  const fields = Object.entries(schema.properties ?? {})
    .filter(([name, { type }]) => name !== 'fault' && type !== 'object')
    .map(([name]) => kebab(name))
  const shown = part.slice(0, 60).replaceAll(/[^\x20-\x7e]/g, '?')
  if (/^\d+$/.test(part)) {
    return invalidFault(`"${shown}" is not a status of a fault; allowed: 300 to 599, such as 500`)
  }
  const suggestion = suggestionFor(shown, fields)
  if (suggestion !== '') return invalidFault(`"${shown}" is not a part of a fault${suggestion}`)
  return invalidFault(
    `"${shown}" is not a part of a fault; allowed: a status such as 500, a reason such as token.expired, ${SHORT_WORDS.join(', ')}, commit- before any of them, or name=value with one of ${fields.join(', ')}`,
  )
}

/** Returns `; did you mean delay=2s?` or an empty string. */
function suggestionFor(part: string, fields: readonly string[]): string {
  // A status with letters in place of digits, or followed by further characters.
  const status = /^[2-5]\d\d/.exec(part.replaceAll(/o/gi, '0').replaceAll(/[il]/gi, '1'))?.[0]
  if (status !== undefined && part.length < 6) return `; did you mean ${status}?`
  const [name = '', ...value] = part.split('=')
  if (value.length > 0) return didYouMean(name, fields, (near) => [near, ...value].join('='))
  const [first = '', ...rest] = part.split('-')
  const [commit] = rest.length === 0 ? [] : closest(first, ['commit'])
  if (commit !== undefined && first !== commit) {
    return `; did you mean ${[commit, ...rest].join('-')}?`
  }
  return didYouMean(part, SHORT_WORDS)
}

/** Writes a definition in its short form, as far as it has one: `match`, `note` and `api` have none. */
export function shortFormOf(definition: FaultDefinition): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(definition) as [string, unknown][]) {
    if (isRecord(value) || name === 'fault' || name === 'note' || name === 'api') continue
    const isBare =
      ['status', 'connection', 'body', 'outcome'].includes(name) ||
      (name === 'reason' && String(value).includes('.')) ||
      (name === 'words' && value === 'login-page')
    parts.push(isBare ? String(value) : `${kebab(name)}=${[value].flat().join(',')}`)
  }
  return parts.join(';')
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
