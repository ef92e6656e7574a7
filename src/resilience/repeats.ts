import type { RecordedRequest } from '../admin/contract.gen.ts'
import { target } from './observation.ts'

/** An address in a body or a decoded query. */
const ADDRESS = /[^\s"'<>=&,;:/?]+@[^\s"'<>&,;]+/

/**
 * Returns the name of a request's operation with its API; undefined if the request reached no
 * operation.
 */
export function operationKey({ api, operation }: RecordedRequest): string | undefined {
  return operation === undefined ? undefined : `${api}.${operation}`
}

/** Returns the first address in a request, in lower case. */
export function addressIn(request: RecordedRequest): string | undefined {
  const [found] = ADDRESS.exec(decoded(textOf(request))) ?? []
  return found?.toLowerCase()
}

/** Path, query and body of a request. */
export function textOf(request: RecordedRequest): string {
  return `${target(request)}\n${request.body?.text ?? ''}`
}

function decoded(text: string): string {
  return text.replaceAll(/%40/g, '@')
}

/**
 * Returns a key that is equal for two requests if one repeats the other: the operation with its
 * method, path, query and body. The key of a create call has the address in place of the body,
 * since a client may vary the other fields.
 */
export function repetitionKey(
  request: RecordedRequest,
  creates: ReadonlySet<string>,
): string | undefined {
  const operation = operationKey(request)
  if (operation === undefined) return undefined
  const address = creates.has(operation) ? addressIn(request) : undefined
  return `${operation} ${request.method} ${address ?? textOf(request)}`
}

/** Requests that repeat each other, in the order of their arrival. */
export function repetitions(
  requests: readonly RecordedRequest[],
  creates: ReadonlySet<string>,
): readonly (readonly RecordedRequest[])[] {
  const groups = new Map<string, RecordedRequest[]>()
  for (const request of requests) {
    const key = repetitionKey(request, creates)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(request)
    else groups.set(key, [request])
  }
  return [...groups.values()]
}

/** Largest number of requests of each operation that repeat each other. */
export function largestRepeats(
  requests: readonly RecordedRequest[],
  creates: ReadonlySet<string>,
): Readonly<Record<string, number>> {
  const largest: Record<string, number> = {}
  for (const group of repetitions(requests, creates)) {
    const operation = operationKey(group[0]!)! // a group has a request, and it an operation
    largest[operation] = Math.max(largest[operation] ?? 0, group.length)
  }
  return largest
}
