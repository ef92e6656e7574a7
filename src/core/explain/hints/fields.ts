import { isRecord, type Schema } from '../../contract/schema.ts'
import { bare, distance, listed, quotable, wordsOf } from '../../words.ts'
import { hint, schemaOf, sentMembers, type HintInput, type HintRule } from './hint-input.ts'

/** Members of the body that the operation does not know, and what they were meant to be. */
export const fieldRules: readonly HintRule[] = [unknownFields, missingFields]

/** What people call things; the right-hand side is a field of some contract. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
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

const MOST = 5

function unknownFields(question: HintInput) {
  const sent = sentMembers(question)
  return sent ? inObject(sent, schemaOf(question.call), '').slice(0, MOST) : []
}

function inObject(sent: Readonly<Record<string, unknown>>, schema: Schema, path: string) {
  const { properties, additionalProperties } = schema
  if (!properties || (additionalProperties !== undefined && additionalProperties !== false))
    return []
  const names = Object.keys(properties)
  const free = names.filter((name) => !Object.hasOwn(sent, name))
  return Object.entries(sent).flatMap(([name, value]): ReturnType<typeof hint>[] => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (known) return isRecord(value) ? inObject(value, known, `${path}${name}.`) : []
    if (isRecord(value) && holdsFields(value, names)) return [] // said of the object around it
    return [unknownField(name, { free, names, path })]
  })
}

function holdsFields(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  const plain = names.map(bare)
  return Object.keys(value).some((name) => plain.includes(bare(name)))
}

function unknownField(
  name: string,
  { free, names, path }: { free: readonly string[]; names: readonly string[]; path: string },
) {
  const shown = quotable(name)
  const of = path === '' ? '' : ` in ${path.slice(0, -1)}`
  if (shown === undefined) {
    return hint('field.unknown', `Leave out the field${of} whose name is none of ${listed(names)}.`)
  }
  const found = meant(name, free)
  if (!found) {
    const text = `Leave out ${shown}${of}, which is ignored: the fields are ${listed(names)}.`
    return hint('field.unknown', text)
  }
  const rest = found.code === 'field.case' ? 'capitals count' : 'a field by another name is ignored'
  return hint(found.code, `Rename ${shown}${of} to ${found.name}: ${rest}.`)
}

/** The field that a name was meant to be, and what is different about it. */
function meant(name: string, free: readonly string[]): { code: string; name: string } | undefined {
  const plain = bare(name)
  const same = free.find((field) => bare(field) === plain)
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
  const other = free.find((field) => bare(field) === OTHER_WORDS[plain])
  if (other !== undefined) return { code: 'field.other-word', name: other }
  const [near] = free
    .map((field) => ({ field, edits: distance(plain, bare(field)) }))
    .filter(({ field, edits }) => edits <= Math.max(1, Math.floor(bare(field).length / 4)))
    .sort((a, b) => a.edits - b.edits)
  if (near) return { code: 'field.spelling', name: near.field }
  const [first, second] = free
    .map((field) => ({ field, rank: surplus(wordsOf(name), wordsOf(field)) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((a, b) => a.rank - b.rank)
  if (!first || first.rank === second?.rank) return undefined
  return { code: 'field.other-word', name: first.field }
}

/** How much one name says beyond the other: `emailAddress` beyond `email`. Less at its end. */
function surplus(a: readonly string[], b: readonly string[]): number {
  const [few, many] = a.length < b.length ? [a, b] : [b, a]
  if (!few.every((word) => many.includes(word))) return Infinity
  return many.length - few.length + (many[0] === few[0] ? 0 : 0.5)
}

/** What is missing altogether; what is there under another name was said above. */
function missingFields(question: HintInput) {
  const { call } = question
  const broken = (call.problem?.violations ?? []).filter(
    ({ part, rule, at }) => part === 'body' && rule === 'required' && at.length > 0,
  )
  const missing = [...new Set(broken.map(({ at }) => at.join('.')))]
  const sent = sentMembers(question) ?? {}
  if (Object.values(sent).some((value) => isRecord(value) && holdsFields(value, missing))) return []
  const renamed = Object.keys(sent).map((name) => meant(name, missing)?.name)
  const absent = missing.filter((name) => !renamed.includes(name))
  if (absent.length === 0) return []
  const why = absent.length === 1 ? 'it is required' : 'they are required'
  return [hint('field.missing', `Add ${listed(absent)} to the body: ${why}.`)]
}
