import type { Call } from '../../call.ts'
import type { Hint } from '../../api.ts'
import type { ApiContext } from '../../context.ts'
import { isRecord, type Schema } from '../../contract/schema.ts'
import { mediaTypeOf } from '../../http/content-type.ts'

/** A request to give hints for, with the API that answered it. */
export interface HintInput extends Pick<
  ApiContext,
  'api' | 'contract' | 'all' | 'tools' | 'store'
> {
  readonly call: Call
}

/** Finds mistakes of one kind in a request. */
export type HintRule = (input: HintInput) => readonly Hint[]

export function hint(code: string, text: string): Hint {
  return { code, text }
}

/** The media type of the request's Content-Type, in lower case and without parameters. */
export function contentTypeOf({ headers }: Call): string | undefined {
  return mediaTypeOf(headers['content-type'])
}

/** The media type as which the body was read, or else the first that the operation reads. */
export function expectedMediaType({ operation, bodyType }: Call): string {
  return bodyType || (operation?.requestTypes[0] ?? 'application/json')
}

/** The schema of the body for that media type. */
export function requestSchema({ operation, bodyType }: Call): Schema {
  return operation?.requestSchema(bodyType || (operation.requestTypes[0] ?? '')) ?? {}
}

/**
 * The fields of the body as sent, before unknown ones were removed or names were changed;
 * undefined if the body is not a readable object.
 */
export function sentFields({
  call,
  api,
}: HintInput): Readonly<Record<string, unknown>> | undefined {
  if (call.bodyText === undefined || !call.operation) return undefined
  const format = api.formats.find(({ mediaType }) => mediaType === call.bodyType)
  try {
    const body = format?.read?.(call.bodyText, requestSchema(call))
    return isRecord(body) ? body : undefined
  } catch {
    return undefined
  }
}

/** The hint for a value that must be unique and that another user has. */
export function duplicateHint(api: string, fields: string, id: string): Hint {
  const text = `Send another ${fields}: the user ${id} already has it. GET /_standin/users/${api}/${id} shows that user; POST /_standin/reset removes all created users.`
  return hint('user.duplicate', text)
}
