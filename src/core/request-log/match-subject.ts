import type { Api } from '../api.ts'
import type { Call } from '../call.ts'
import type { ApiContext } from '../context.ts'
import { decodeUnreserved } from '../http/unreserved.ts'
import { callOf, type Entry } from './entry.ts'
import type { MatchSubject } from './matcher.ts'

/** The subject of a recorded request. */
export function subjectOf(entry: Entry): MatchSubject {
  const { context, reachedApi, status } = entry
  const call = callOf(entry)
  let body: { readonly value: unknown } | undefined
  const parseBody = () => {
    body ??= { value: sentBody(call, context) }
    return body.value
  }
  return subjectFrom(reachedApi ? context.api : undefined, call, parseBody, status)
}

/** @param parseBody called at each access to the body or the caller */
export function subjectFrom(
  api: Api | undefined,
  call: Call,
  parseBody: () => unknown,
  status?: number,
): MatchSubject {
  return {
    ...(api ? { api: api.name } : {}),
    ...(call.operation ? { operation: call.operation.id } : {}),
    method: call.method,
    path: pathBelow(call),
    ...(status === undefined ? {} : { status }),
    params: call.params,
    query: call.query,
    headers: call.headers,
    get body() {
      return parseBody()
    },
    get caller() {
      return api?.statedCredential?.(call, parseBody())
    },
  }
}

/** The path without the sandbox and the query; escaped letters and digits are decoded. */
function pathBelow({ url, base }: Call): string {
  const [path = ''] = decodeUnreserved(url).split('?', 1)
  return base !== '' && path.startsWith(base) ? path.slice(base.length) || '/' : path
}

/**
 * Parses the body as it was sent: every field under its original name. A body that its own format
 * cannot read is tried in the other formats: as XML if it begins with `<`, otherwise as all but
 * XML.
 */
export function sentBody(call: Call, { api }: Pick<ApiContext, 'api'>): unknown {
  const { bodyText, operation, bodyType } = call
  if (bodyText === undefined || bodyText.trim() === '') return undefined
  const format = api.formats.find(({ mediaType }) => mediaType === bodyType)
  const start = bodyText.trimStart().charAt(0)
  for (const candidate of format ? [format, ...api.formats] : api.formats) {
    const { mediaType } = candidate
    if (!candidate.read) continue
    if (candidate !== format && (start === '<') !== mediaType.endsWith('xml')) continue
    try {
      return candidate.read(bodyText, operation?.requestSchema(mediaType) ?? {})
    } catch {
      // The next format may be able to read it.
    }
  }
  try {
    return JSON.parse(bodyText) as unknown
  } catch {
    return /^[\w.%+-]+=/.test(bodyText)
      ? Object.fromEntries(new URLSearchParams(bodyText))
      : undefined
  }
}
