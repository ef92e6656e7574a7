import { pathOf, type Violation } from '../../problem.ts'
import { isSecretName } from '../../request-log/redact.ts'
import { isRecord, schemaAt, typesOf, valueAt, type Schema } from '../../contract/schema.ts'
import { distance, listed, quotable } from '../../words.ts'
import { hint, schemaOf, sentMembers, type HintInput, type HintRule } from './hint-input.ts'

/** Values of known fields that have another type than is wanted, or another form. */
export const valueRules: readonly HintRule[] = [refusedValues, looseTypes, oddTexts, dates]

const MOST = 5

function refusedValues(question: HintInput) {
  const { call } = question
  const violations = (call.problem?.violations ?? []).filter(({ part }) => part === 'body')
  const sent = sentMembers(question)
  return violations
    .flatMap((violation) => refused(violation, valueAt(sent, violation.at)) ?? [])
    .slice(0, MOST)
}

function refused(violation: Violation, value: unknown) {
  const { rule, limit, given, at } = violation
  if (at.length === 0) return undefined
  const path = pathOf(violation)
  if (rule === 'type') return wrongType(path, value, [limit].flat().map(String))
  if (rule === 'enum') return notListed(path, value, [limit].flat())
  if (rule === 'minLength' && given === 0) {
    return hint('value.empty', `Put something into ${path}: it is empty.`)
  }
  if ((rule === 'minLength' || rule === 'maxLength') && given !== undefined) {
    const [code, most] = rule === 'minLength' ? ['short', 'least'] : ['long', 'most']
    const text = `Give ${path} at ${most} ${String(limit)} characters: it has ${given}.`
    return hint(`value.too-${code}`, text)
  }
  return undefined
}

function wrongType(path: string, value: unknown, types: readonly string[]) {
  const wanted = listed(types, 'or')
  if (value === null) {
    const text = `Give ${path} a ${wanted}, or leave it out where it may be absent: it is null.`
    return hint('type.null', text)
  }
  if (types.includes('array')) {
    return hint(
      'type.one-for-list',
      `Put ${path} into a list, even when it holds one: "${path}": [...].`,
    )
  }
  if (Array.isArray(value)) {
    return hint('type.list-for-one', `Send ${path} as one ${wanted}, without [ ] around it.`)
  }
  if (isRecord(value)) return hint('type.object', `Send ${path} as a ${wanted}, not as an object.`)
  if (typeof value === 'string' && types.includes('boolean')) {
    const to = /^(true|yes|on|1|y)$/i.test(value.trim())
      ? 'true'
      : /^(false|no|off|0|n)$/i.test(value.trim())
        ? 'false'
        : 'true or false'
    return hint('type.text-for-boolean', `Send ${path} as ${to} without quotes: it is a text.`)
  }
  if (typeof value === 'number' && types.includes('boolean')) {
    const to = value === 0 ? 'false' : 'true'
    return hint('type.number-for-boolean', `Send ${path} as ${to}: it is a number.`)
  }
  if (typeof value === 'string' && (types.includes('integer') || types.includes('number'))) {
    const text = /^\s*-?\d+(\.\d+)?\s*$/.test(value)
      ? `Send ${path} as a number, without quotes around it.`
      : `Send ${path} as a number: it is a text that is none.`
    return hint('type.text-for-number', text)
  }
  if (typeof value === 'number') {
    return hint(
      'type.number-for-text',
      `Put quotes around ${path}: it is a number, and text is wanted.`,
    )
  }
  return hint('type.other', `Send ${path} as a ${wanted}.`)
}

function notListed(path: string, value: unknown, allowed: readonly unknown[]) {
  const texts = allowed.filter((item) => typeof item === 'string')
  const same = texts.find((item) => item.toLowerCase() === String(value).trim().toLowerCase())
  if (same !== undefined) return hint('enum.case', `Write ${path} as ${same}: capitals count.`)
  const near = texts.find((item) => distance(item.toLowerCase(), String(value).toLowerCase()) <= 2)
  const advice = near === undefined ? '' : ` (perhaps ${near})`
  return hint('enum.value', `Give ${path} one of ${listed(texts, 'or')}${advice}.`)
}

/** Texts that a lenient reader took for what they stand for; others will not. */
function looseTypes({ call }: HintInput) {
  return call.warnings
    .filter(({ code }) => code.startsWith('type.'))
    .map(({ code, text }) => {
      const name = code.slice('type.'.length)
      const wanted = /should be a (\w+)/.exec(text)?.[1] ?? 'value of its type'
      return hint(
        `type.text-for-${wanted}`,
        `Send ${name} as a ${wanted}, without quotes around it: not every reader takes a text for one.`,
      )
    })
}

/** Texts that fit their type and still show that something went wrong on the way. */
function oddTexts(question: HintInput) {
  const { call } = question
  const schema = schemaOf(call)
  const found: ReturnType<typeof hint>[] = []
  walk(sentMembers(question), [], (value, at) => {
    const field = schemaAt(schema, at)
    if (field === undefined || found.length >= MOST) return
    const path = pathOf({ part: 'body', at, rule: '' })
    const odd =
      oddText(value, path, field) ??
      (isEmail(path, field) ? oddEmail(value.slice(0, 1000), path) : undefined)
    if (odd) found.push(odd)
  })
  return found
}

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

function oddText(value: string, path: string, schema: Schema) {
  const text = value.slice(0, 1000)
  if (/\{\{\s*[\w.$-]+\s*\}\}|\$\{\w+\}|^<[a-z][\w ]*>$|^%\w+%$|^:[a-z]\w+$/i.test(text)) {
    const said = `Put a value into ${path}: it holds a placeholder that nothing was put in the place of.`
    return hint('value.placeholder', said)
  }
  if (/^(null|undefined|none|nil|nan|\[object Object\])$/i.test(text.trim())) {
    const said = `Leave ${path} out or send null without quotes: it is the text ${text.trim()}.`
    return hint('value.null-as-text', said)
  }
  if (/^\{[\da-f]{8}-?([\da-f]{4}-?){3}[\da-f]{12}\}$/i.test(text.trim())) {
    return hint('guid.braces', `Write ${path} without braces around the GUID.`)
  }
  if (/&(amp|lt|gt|quot|apos|#\d{2,5}|#x[\da-f]{2,4});/i.test(text)) {
    const said = `Send ${path} unescaped: it holds an HTML entity such as &amp; or &#39; where the character is meant.`
    return hint('value.html-escaped', said)
  }
  if (/[ÃÂ][\u0080-\u00BF]|â€/.test(text)) {
    const said = `Send ${path} as UTF-8: its bytes were read as Latin-1 once and encoded again on the way.`
    return hint('value.mojibake', said)
  }
  const isText = typesOf(schema).includes('string')
  if (isText && text !== text.trim() && !isSecretName(path) && !isEmail(path, schema)) {
    return hint('value.spaces', `Leave out the white space around ${path}.`)
  }
  return undefined
}

function isEmail(path: string, schema: Schema): boolean {
  return schema['format'] === 'email' || /e-?mail(address)?$/i.test(path)
}

function oddEmail(value: string, path: string) {
  const named = /^\s*[^<>]*<\s*([^<>\s]+@[^<>\s]+)\s*>\s*$/.exec(value)?.[1]
  if (named !== undefined) {
    return hint(
      'email.display-name',
      `Send ${path} as ${named}: no name before it and no < > around it.`,
    )
  }
  if (/^mailto:/i.test(value.trim())) {
    return hint('email.mailto', `Send ${path} without mailto: before it.`)
  }
  if (/@.*[,;].*@/.test(value))
    return hint('email.several', `Send one address in ${path}, not a list.`)
  if (/%40/i.test(value)) {
    return hint(
      'email.url-encoded',
      `Write ${path} with @, not %40: it was URL-encoded on the way.`,
    )
  }
  if (/\s/.test(value)) {
    const address = value.trim()
    const fix = /\s/.test(address)
      ? `Leave out the white space in ${path}; a + that was sent in a form arrives as a space.`
      : `Leave out the white space around ${path}.`
    return hint('email.spaces', fix)
  }
  if (!value.includes('@') && value !== '' && !/^string$/i.test(value)) {
    return hint('email.no-at', `Send an address with @ in ${path}, such as ada@example.test.`)
  }
  return undefined
}

/** Times in another form than RFC 3339 has it. */
function dates(question: HintInput) {
  const { call } = question
  const sent = sentMembers(question)
  return (call.problem?.violations ?? []).flatMap((violation) => {
    if (violation.rule !== 'format' || violation.limit !== 'date-time') return []
    const value = valueAt(sent, violation.at)
    const seconds = /^\s*\d{9,10}\s*$/.test(String(value))
    const time = seconds ? Number(value) * 1000 : Date.parse(zoned(String(value)))
    const example = Number.isNaN(time) ? '2026-01-15T09:30:00Z' : new Date(time).toISOString()
    const text = `Write ${pathOf(violation)} as ${example.replace('.000Z', 'Z')}: a date, T, a time and Z or an offset.`
    return [hint('date.format', text)]
  })
}

/** Without a zone JavaScript takes the machine's own; here it is UTC. */
function zoned(text: string): string {
  const shown = quotable(text.slice(0, 40)) === undefined ? '' : text
  return /(z|[+-]\d\d:?\d\d|gmt|utc)$/i.test(shown.trim()) ? shown : `${shown.trim()}Z`
}
