import { pathOf, type Violation } from '../../problem.ts'
import { SECRET_NAMES } from '../../request-log/secret-names.ts'
import { isRecord, schemaAt, typesOf, valueAt, type Schema } from '../../contract/schema.ts'
import { distance, listed, quotable } from '../../words.ts'
import { hint, requestSchema, sentFields, type HintInput, type HintRule } from './hint-input.ts'

/** Values of another type or in another form than their field requires. */
export const valueRules: readonly HintRule[] = [
  refusedValues,
  convertedTypes,
  suspiciousTexts,
  dates,
]

const MAX_HINTS = 5

function refusedValues(input: HintInput) {
  const { call } = input
  const violations = (call.problem?.violations ?? []).filter(({ part }) => part === 'body')
  const sent = sentFields(input)
  return violations
    .flatMap((violation) => refusedValue(violation, valueAt(sent, violation.at)) ?? [])
    .slice(0, MAX_HINTS)
}

function refusedValue(violation: Violation, value: unknown) {
  const { rule, limit, given, at } = violation
  if (at.length === 0) return undefined
  const path = pathOf(violation)
  if (rule === 'type') return wrongType(path, value, [limit].flat().map(String))
  if (rule === 'enum') return unlistedValue(path, value, [limit].flat())
  if (rule === 'minLength' && given === 0) {
    return hint('value.empty', `Put a value into ${path}: it is empty.`)
  }
  if ((rule === 'minLength' || rule === 'maxLength') && given !== undefined) {
    const [code, most] = rule === 'minLength' ? ['short', 'least'] : ['long', 'most']
    const text = `Give ${path} at ${most} ${String(limit)} characters: it has ${given}.`
    return hint(`value.too-${code}`, text)
  }
  return undefined
}

function wrongType(path: string, value: unknown, types: readonly string[]) {
  const expected = listed(types, 'or')
  if (value === null) {
    const text = `Give ${path} a ${expected} instead of null, or omit it if it is optional.`
    return hint('type.null', text)
  }
  if (types.includes('array')) {
    return hint(
      'type.one-for-list',
      `Send ${path} as a list, even for one value: "${path}": [...].`,
    )
  }
  if (Array.isArray(value)) {
    return hint('type.list-for-one', `Send ${path} as one ${expected}, without [ ] around it.`)
  }
  if (isRecord(value))
    return hint('type.object', `Send ${path} as a ${expected}, not as an object.`)
  if (typeof value === 'string' && types.includes('boolean')) {
    const to = /^(true|yes|on|1|y)$/i.test(value.trim())
      ? 'true'
      : /^(false|no|off|0|n)$/i.test(value.trim())
        ? 'false'
        : 'true or false'
    return hint('type.text-for-boolean', `Send ${path} as ${to} without quotes: it is a string.`)
  }
  if (typeof value === 'number' && types.includes('boolean')) {
    const to = value === 0 ? 'false' : 'true'
    return hint('type.number-for-boolean', `Send ${path} as ${to}: it is a number.`)
  }
  if (typeof value === 'string' && (types.includes('integer') || types.includes('number'))) {
    const text = /^\s*-?\d+(\.\d+)?\s*$/.test(value)
      ? `Send ${path} as a number, without quotes around it.`
      : `Send ${path} as a number: it is a string that is not numeric.`
    return hint('type.text-for-number', text)
  }
  if (typeof value === 'number') {
    return hint(
      'type.number-for-text',
      `Put quotes around ${path}: it is a number, and a string is required.`,
    )
  }
  return hint('type.other', `Send ${path} as a ${expected}.`)
}

function unlistedValue(path: string, value: unknown, allowed: readonly unknown[]) {
  const texts = allowed.filter((item) => typeof item === 'string')
  const same = texts.find((item) => item.toLowerCase() === String(value).trim().toLowerCase())
  if (same !== undefined)
    return hint('enum.case', `Write ${path} as ${same}: values are case-sensitive.`)
  const near = texts.find((item) => distance(item.toLowerCase(), String(value).toLowerCase()) <= 2)
  const advice = near === undefined ? '' : ` (perhaps ${near})`
  return hint('enum.value', `Set ${path} to ${listed(texts, 'or')}${advice}.`)
}

/** Strings that the vendor's lenient reader converted to the type of their field. */
function convertedTypes({ call }: HintInput) {
  return call.warnings
    .filter(({ expected }) => expected !== undefined)
    .map(({ code, expected }) => {
      const name = code.slice('type.'.length)
      const text = `Send ${name} as a ${expected}, without quotes: not every reader converts a string.`
      return hint(`type.text-for-${expected}`, text)
    })
}

/** Strings that are valid but show a mistake in how they were made. */
function suspiciousTexts(input: HintInput) {
  const { call } = input
  const schema = requestSchema(call)
  const hints: ReturnType<typeof hint>[] = []
  walk(sentFields(input), [], (value, at) => {
    const field = schemaAt(schema, at)
    if (field === undefined || hints.length >= MAX_HINTS) return
    const path = pathOf({ part: 'body', at, rule: '' })
    const text = value.slice(0, 1000)
    const found =
      suspiciousText(text, path, field) ??
      (isEmail(path, field) ? suspiciousEmail(text, path) : undefined)
    if (found) hints.push(found)
  })
  return hints
}

/** Visits the strings of a value; of each list the first 20 items. */
function walk(
  value: unknown,
  at: readonly (string | number)[],
  visit: (text: string, at: readonly (string | number)[]) => void,
): void {
  if (typeof value === 'string') visit(value, at)
  else if (Array.isArray(value))
    value.slice(0, 20).forEach((item, i) => walk(item, [...at, i], visit))
  else if (isRecord(value)) {
    for (const [name, inner] of Object.entries(value)) walk(inner, [...at, name], visit)
  }
}

function suspiciousText(text: string, path: string, schema: Schema) {
  if (/\{\{\s*[\w.$-]+\s*\}\}|\$\{\w+\}|^<[a-z][\w ]*>$|^%\w+%$|^:[a-z]\w+$/i.test(text)) {
    const fix = `Put a value into ${path}: it has a placeholder that was not replaced.`
    return hint('value.placeholder', fix)
  }
  if (/^(null|undefined|none|nil|nan|\[object Object\])$/i.test(text.trim())) {
    const fix = `Omit ${path} or send null without quotes: it is the string ${text.trim()}.`
    return hint('value.null-as-text', fix)
  }
  if (/^\{[\da-f]{8}-?([\da-f]{4}-?){3}[\da-f]{12}\}$/i.test(text.trim())) {
    return hint('guid.braces', `Write the GUID in ${path} without braces.`)
  }
  if (/&(amp|lt|gt|quot|apos|#\d{2,5}|#x[\da-f]{2,4});/i.test(text)) {
    const fix = `Send ${path} unescaped: it has an HTML entity such as &amp; or &#39; instead of the character.`
    return hint('value.html-escaped', fix)
  }
  if (/[ÃÂ][\u0080-\u00BF]|â€/.test(text)) {
    const fix = `Send ${path} as UTF-8: its UTF-8 bytes were decoded as Latin-1 and encoded again.`
    return hint('value.mojibake', fix)
  }
  const isText = typesOf(schema).includes('string')
  if (isText && text !== text.trim() && !SECRET_NAMES.has(path) && !isEmail(path, schema)) {
    return hint('value.spaces', `Remove the white space around ${path}.`)
  }
  return undefined
}

function isEmail(path: string, schema: Schema): boolean {
  return schema['format'] === 'email' || /e-?mail(address)?$/i.test(path)
}

function suspiciousEmail(value: string, path: string) {
  const named = /^\s*[^<>]*<\s*([^<>\s]+@[^<>\s]+)\s*>\s*$/.exec(value)?.[1]
  if (named !== undefined) {
    return hint(
      'email.display-name',
      `Send ${path} as ${named}: without a name before the address and < > around it.`,
    )
  }
  if (/^mailto:/i.test(value.trim())) {
    return hint('email.mailto', `Send ${path} without the prefix mailto: of a link.`)
  }
  if (/@.*[,;].*@/.test(value))
    return hint('email.several', `Send one address in ${path}, not a list.`)
  if (/%40/i.test(value)) {
    return hint('email.url-encoded', `Write ${path} with @, not %40: it is URL-encoded.`)
  }
  if (/\s/.test(value)) {
    const address = value.trim()
    const fix = /\s/.test(address)
      ? `Remove the white space in ${path}. In a form, an unencoded + is decoded as a space.`
      : `Remove the white space around ${path}.`
    return hint('email.spaces', fix)
  }
  if (!value.includes('@') && value !== '' && !/^string$/i.test(value)) {
    return hint('email.no-at', `Send an address with @ in ${path}, such as ada@example.test.`)
  }
  return undefined
}

/** Times that are not in the format of RFC 3339. */
function dates(input: HintInput) {
  const { call } = input
  const sent = sentFields(input)
  return (call.problem?.violations ?? []).flatMap((violation) => {
    if (violation.rule !== 'format' || violation.limit !== 'date-time') return []
    const value = valueAt(sent, violation.at)
    const seconds = /^\s*\d{9,10}\s*$/.test(String(value))
    const time = seconds ? Number(value) * 1000 : Date.parse(zoned(String(value)))
    const example = Number.isNaN(time) ? '2026-01-15T09:30:00Z' : new Date(time).toISOString()
    const text = `Write ${pathOf(violation)} as ${example.replace('.000Z', 'Z')}: date, T, time, and Z or an offset.`
    return [hint('date.format', text)]
  })
}

/** Adds UTC to a time without a zone, for which JavaScript would use the zone of the machine. */
function zoned(text: string): string {
  const shown = quotable(text.slice(0, 40)) === undefined ? '' : text
  return /(z|[+-]\d\d:?\d\d|gmt|utc)$/i.test(shown.trim()) ? shown : `${shown.trim()}Z`
}
