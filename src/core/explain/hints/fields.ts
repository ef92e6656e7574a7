import { isRecord, type Schema } from '../../contract/schema.ts'
import { bare, closest, distance, listed, quotable, wordsOf } from '../../words.ts'
import { hint, requestSchema, sentFields, type HintInput, type HintRule } from './hint-input.ts'

/** Fields and query parameters that the operation does not have, and required fields that are missing. */
export const fieldRules: readonly HintRule[] = [unknownFields, missingFields, unknownParameters]

/** Other names for fields; each value is a field of some contract. */
const SYNONYMS: Readonly<Record<string, string>> = {
  surname: 'lastname',
  familyname: 'lastname',
  givenname: 'firstname',
  forename: 'firstname',
  mail: 'email',
  login: 'username',
  pwd: 'password',
  passwd: 'password',
  organisationid: 'organizationid',
}

const MAX_HINTS = 5

function unknownFields(input: HintInput) {
  const sent = sentFields(input)
  return sent ? unknownFieldsIn(sent, requestSchema(input.call), '').slice(0, MAX_HINTS) : []
}

function unknownFieldsIn(sent: Readonly<Record<string, unknown>>, schema: Schema, path: string) {
  const { properties, additionalProperties } = schema
  if (!properties || (additionalProperties !== undefined && additionalProperties !== false))
    return []
  const names = Object.keys(properties)
  const unused = names.filter((name) => !Object.hasOwn(sent, name))
  return Object.entries(sent).flatMap(([name, value]): ReturnType<typeof hint>[] => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property) return isRecord(value) ? unknownFieldsIn(value, property, `${path}${name}.`) : []
    if (isRecord(value) && holdsFields(value, names)) return [] // body.wrapped is the hint for the object around them
    return [unknownField(name, { unused, names, path })]
  })
}

function holdsFields(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  const plain = names.map(bare)
  return Object.keys(value).some((name) => plain.includes(bare(name)))
}

function unknownField(
  name: string,
  { unused, names, path }: { unused: readonly string[]; names: readonly string[]; path: string },
) {
  const shown = quotable(name)
  const of = path === '' ? '' : ` in ${path.slice(0, -1)}`
  if (shown === undefined) {
    return hint('field.unknown', `Remove the field${of} whose name is not one of ${listed(names)}.`)
  }
  const found = intendedField(name, unused)
  if (!found) {
    const text = `Remove ${shown}${of}, which is ignored: the fields are ${listed(names)}.`
    return hint('field.unknown', text)
  }
  const why =
    found.code === 'field.case'
      ? 'names are case-sensitive'
      : 'a field with another name is ignored'
  return hint(found.code, `Rename ${shown}${of} to ${found.name}: ${why}.`)
}

/** The field that a name probably stands for, and the code of the hint. */
function intendedField(
  name: string,
  fields: readonly string[],
): { code: string; name: string } | undefined {
  const plain = bare(name)
  const same = fields.find((field) => bare(field) === plain)
  if (same !== undefined) {
    const code = name.includes('_')
      ? 'field.snake-case'
      : name.includes('-')
        ? 'field.kebab-case'
        : name.trim() !== name || /[\s.]/.test(name)
          ? 'field.punctuation'
          : 'field.case'
    return { code, name: same }
  }
  const other = fields.find((field) => bare(field) === SYNONYMS[plain])
  if (other !== undefined) return { code: 'field.other-word', name: other }
  const [near] = fields
    .map((field) => ({ field, edits: distance(plain, bare(field)) }))
    .filter(({ field, edits }) => edits <= Math.max(1, Math.floor(bare(field).length / 4)))
    .sort((a, b) => a.edits - b.edits)
  if (near) return { code: 'field.spelling', name: near.field }
  const [first, second] = fields
    .map((field) => ({ field, rank: surplus(wordsOf(name), wordsOf(field)) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((a, b) => a.rank - b.rank)
  if (!first || first.rank === second?.rank) return undefined
  return { code: 'field.other-word', name: first.field }
}

/** The number of words that one name has beyond the other; extra words at the end cost less. */
function surplus(a: readonly string[], b: readonly string[]): number {
  const [few, many] = a.length < b.length ? [a, b] : [b, a]
  if (!few.every((word) => many.includes(word))) return Infinity
  return many.length - few.length + (many[0] === few[0] ? 0 : 0.5)
}

/** Required fields that are missing, also under another name. */
function missingFields(input: HintInput) {
  const { call } = input
  const broken = (call.problem?.violations ?? []).filter(
    ({ part, rule, at }) => part === 'body' && rule === 'required' && at.length > 0,
  )
  const missing = [...new Set(broken.map(({ at }) => at.join('.')))]
  const sent = sentFields(input) ?? {}
  if (Object.values(sent).some((value) => isRecord(value) && holdsFields(value, missing))) return []
  const { properties = {} } = requestSchema(call)
  const unknown = Object.keys(sent).filter((name) => !Object.hasOwn(properties, name))
  const renamed = unknown.map((name) => intendedField(name, missing)?.name)
  const absent = missing.filter((name) => !renamed.includes(name))
  if (absent.length === 0) return []
  const why = absent.length === 1 ? 'it is required' : 'they are required'
  return [hint('field.missing', `Add ${listed(absent)} to the body: ${why}.`)]
}

/** Query parameters of a list or a read; a filter such as `createdAt[gt]` counts by its first name. */
function unknownParameters({ call: { operation, query, method }, api }: HintInput) {
  if (!operation || api.isOwnApi || method !== 'GET') return []
  const names = operation.query.map(({ name }) => name)
  const known = new Set(names.map((name) => baseOf(name).toLowerCase()))
  const unknown = [...new Set(query.keys())].filter(
    (name) => !known.has(baseOf(name).toLowerCase()),
  )
  const rest =
    names.length === 0
      ? 'the call has no parameters'
      : `the call has only the parameter${names.length === 1 ? '' : 's'} ${listed(names)}`
  return unknown.slice(0, MAX_HINTS).map((name) => {
    const shown = quotable(name) ?? 'the unknown parameter'
    const meant = closest(name, names)
    if (meant.length > 0) {
      const text = `Write ${listed(meant, 'or')} instead of ${shown} in the query: ${shown} is ignored.`
      return hint('query.unknown', text)
    }
    return hint('query.unknown', `Remove ${shown} from the query: it is ignored, and ${rest}.`)
  })
}

function baseOf(name: string): string {
  return name.split('[')[0] ?? name
}
