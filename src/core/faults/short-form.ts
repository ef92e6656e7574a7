import { closest, didYouMean } from '../words.ts'
import { Problem } from '../problem.ts'
import { isRecord, type Schema } from '../contract/schema.ts'
import { BODY_FAULTS, CONNECTIONS, OUTCOMES, WORDINGS, type FaultDefinition } from '../fault.ts'

/** Words of the short form that stand for a field with a value. */
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

/** Every word of the short form, for messages and the documentation. */
export const SHORT_WORDS: readonly string[] = Object.keys(WORDS)

/**
 * A fault in its short form: `500;times=2`, `delay=2s`, `reset`, `429;retry-after=3`,
 * `token.expired`, `commit-500`.
 *
 * @param schema of a definition, which tells the names and types of its fields
 * @throws Problem 400 fault.invalid
 */
export function readShort(text: string, schema: Schema): FaultDefinition {
  const found: Record<string, unknown> = {}
  for (const piece of text.split(';').map((part) => part.trim())) {
    if (piece === '') continue
    const after = /^commit-(.+)$/.exec(piece)?.[1]
    if (after !== undefined) put(found, 'after', 'commit')
    for (const [name, value] of Object.entries(readPart(after ?? piece, schema))) {
      put(found, name, value)
    }
  }
  if (Object.keys(found).length === 0) throw unreadable(text, schema)
  return found // its fields are looked at by the schema, like those of any definition
}

/** What is said twice and differently would do only one of both. */
function put(found: Record<string, unknown>, name: string, value: unknown): void {
  if (Object.hasOwn(found, name) && found[name] !== value) {
    throw new Problem(400, 'fault.invalid', `${name} is given twice; a fault has one`)
  }
  found[name] = value
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
  // A reason has dots, and no word or field has.
  if (/^[a-z-]+(\.[a-z-]+)+$/.test(part)) return { reason: part }
  throw unreadable(part, schema)
}

/** The text as the schema's type, where it is of that type; the schema refuses the rest. */
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
    .map(([name]) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
  const shown = part.slice(0, 60).replaceAll(/[^\x20-\x7e]/g, '?')
  if (/^\d+$/.test(part)) {
    const wrong = `"${shown}" is no status that a fault can have; allowed: 300 to 599, such as 500`
    return new Problem(400, 'fault.invalid', wrong)
  }
  return new Problem(
    400,
    'fault.invalid',
    `"${shown}" is no part of a fault${meantBy(shown, fields)}; allowed: a status such as 500, a reason such as token.expired, ${SHORT_WORDS.join(', ')}, commit- before any of them, or name=value with one of ${fields.join(', ')}`,
  )
}

/** `; did you mean delay=2s?` */
function meantBy(part: string, fields: readonly string[]): string {
  const [name = '', ...value] = part.split('=')
  if (value.length > 0) return didYouMean(name, fields, (near) => [near, ...value].join('='))
  const [first = '', ...rest] = part.split('-')
  const [commit] = rest.length === 0 ? [] : closest(first, ['commit'])
  if (commit !== undefined && first !== commit) {
    return `; did you mean ${[commit, ...rest].join('-')}?`
  }
  return didYouMean(part, SHORT_WORDS)
}

/** The fault that a fault is said to be: its short form where it has one, with what else it says. */
export function shortOf(definition: FaultDefinition): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(definition) as [string, unknown][]) {
    if (isRecord(value) || name === 'fault' || name === 'note' || name === 'api') continue
    if (name === 'status' || name === 'connection' || name === 'body') {
      parts.push(String(value))
    } else if (name === 'reason' && String(value).includes('.')) {
      parts.push(String(value))
    } else if (name === 'outcome' || (name === 'words' && value === 'login-page')) {
      parts.push(String(value))
    } else {
      const kebab = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      parts.push(`${kebab}=${[value].flat().join(',')}`)
    }
  }
  return parts.join(';')
}

/** Names of who may word a refusal, for messages. */
export const WORDING_NAMES = WORDINGS.join(', ')
