import type { Call } from '../../call.ts'
import type { Hint } from '../../api.ts'
import type { ApiContext } from '../../context.ts'
import { isRecord, type Schema } from '../../contract/schema.ts'
import { mediaTypeOf } from '../../http/content-type.ts'

/** A request that somebody wonders about, where it was answered. */
export interface HintInput extends Pick<
  ApiContext,
  'api' | 'contract' | 'all' | 'tools' | 'store'
> {
  readonly call: Call
}

/** Hints of one kind; nothing when they do not fit. */
export type HintRule = (question: HintInput) => readonly Hint[]

export function hint(code: string, text: string): Hint {
  return { code, text }
}

/** The media type that the caller named, in lower case and without its parameters. */
export function statedType({ headers }: Call): string | undefined {
  return mediaTypeOf(headers['content-type'])
}

/** A type that the operation reads, the one that was used where one was. */
export function wantedType({ operation, bodyType }: Call): string {
  return bodyType || (operation?.requestTypes[0] ?? 'application/json')
}

export function schemaOf({ operation, bodyType }: Call): Schema {
  return operation?.requestSchema(bodyType || (operation.requestTypes[0] ?? '')) ?? {}
}

/**
 * The body's members as the caller sent them, before anything was left out or renamed; undefined
 * where it cannot be read as an object.
 */
export function sentMembers({
  call,
  api,
}: HintInput): Readonly<Record<string, unknown>> | undefined {
  if (call.bodyText === undefined || !call.operation) return undefined
  const format = api.formats.find(({ mediaType }) => mediaType === call.bodyType)
  try {
    const body = format?.read?.(call.bodyText, schemaOf(call))
    return isRecord(body) ? body : undefined
  } catch {
    return undefined
  }
}

/** For a value that may be there once, and whose it is already. */
export function taken(api: string, fields: string, id: string): Hint {
  const text = `Send another ${fields}: the user ${id} has it already. GET /_standin/users/${api}/${id} shows that user, POST /_standin/reset forgets all that were created.`
  return hint('user.duplicate', text)
}
