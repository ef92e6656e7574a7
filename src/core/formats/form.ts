import type { WarningSink, Format } from './format.ts'
import type { Schema } from '../contract/schema.ts'
import { Problem } from '../problem.ts'

/** The fields of a form (`application/x-www-form-urlencoded`); only read. */
export const form: Format = {
  mediaType: 'application/x-www-form-urlencoded',
  contentType: 'application/x-www-form-urlencoded',
  read,
  write: () => {
    throw new Error('No answer is a form')
  },
  parse: (written, schema) => read(String(written), schema),
}

/**
 * Reads each field as text under its own name, and a list as texts, repeated or with commas:
 * `Folders=a,b`. Of any other repeated field only the first value is read.
 */
function read(text: string, schema: Schema, sink?: WarningSink): unknown {
  if (!/^[^={}<>"]+=/.test(text.trimStart())) {
    throw new Problem(400, 'body.malformed', 'The body cannot be read as a form: it has no field')
  }
  const lists = new Set(
    Object.entries(schema.properties ?? {}).flatMap(([name, { items }]) =>
      items ? [name.toLowerCase()] : [],
    ),
  )
  const fields = new Map<string, string | string[]>()
  for (const [name, value] of new URLSearchParams(text.trim())) {
    const before = fields.get(name)
    if (lists.has(name.toLowerCase())) {
      fields.set(name, [...(before ?? []), ...itemsIn(value)])
    } else if (before === undefined) fields.set(name, value)
    else sink?.warn(`form.repeated.${name}`, `${name} is repeated: only the first is read`)
  }
  return Object.fromEntries(fields)
}

/** The items of `a,b` or `[a,b]`. */
function itemsIn(value: string): string[] {
  const inner = /^\s*\[(.*)\]\s*$/s.exec(value)?.[1] ?? value
  return inner.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]))
}
