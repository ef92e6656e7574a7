import type { Api } from '../api.ts'
import type { Call } from '../call.ts'
import type { ApiContext } from '../context.ts'
import type { Subject } from './matcher.ts'
import type { Entry } from './entry.ts'

/** What a matcher looks at in a request that was answered. */
export function subjectOf({ call, context, arrived, answer }: Entry): Subject {
  let body: { readonly value: unknown } | undefined
  const read = () => {
    body ??= { value: bodyOf(call, context) }
    return body.value
  }
  return subjectFrom(arrived ? context.api : undefined, call, read, answer.status)
}

/** @param read the body; asked when somebody looks at it, and whenever somebody does */
export function subjectFrom(
  api: Api | undefined,
  call: Call,
  read: () => unknown,
  status?: number,
): Subject {
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
      return read()
    },
    get caller() {
      return api?.statedCredential?.(call, read())
    },
  }
}

/** As the caller wrote it, without the sandbox and the query. */
function pathBelow({ url, base }: Call): string {
  const [path = ''] = url.split('?', 1)
  return base !== '' && path.startsWith(base) ? path.slice(base.length) || '/' : path
}

/**
 * What the sender wrote: every field under the name that it was sent by. What cannot be read as
 * it was meant is read as what it looks like.
 */
export function bodyOf(call: Call, { api }: Pick<ApiContext, 'api'>): unknown {
  const { bodyText, operation, bodyType } = call
  if (bodyText === undefined || bodyText.trim() === '') return undefined
  const format = api.formats.find(({ mediaType }) => mediaType === bodyType)
  const start = bodyText.trimStart().charAt(0)
  const formats = [format, ...api.formats].filter((one) => one?.read !== undefined)
  for (const one of formats) {
    if (one !== format && (start === '<') !== one!.mediaType.endsWith('xml')) continue
    try {
      return one!.read!(bodyText, operation?.requestSchema(one!.mediaType) ?? {})
    } catch {
      // The next one may take it.
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
