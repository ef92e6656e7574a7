import type { IncomingMessage } from 'node:http'
import { readHost } from '../core/http/hosts.ts'
import { DEFAULT_SANDBOX, sandboxOfHost } from '../core/http/sandbox-path.ts'
import { decodeUnreserved } from '../core/http/unreserved.ts'

/** The sandbox that a request names. */
export interface Address {
  readonly name: string
  /** The part of the path before the API's prefix: `/~name`, or empty. */
  readonly base: string
}

/**
 * Reads the name of the sandbox that a request is for: from `/~name` at the start of its path, from
 * the header `Standin-Sandbox`, or from a host such as `name.localhost`. Hosts below that one, such
 * as `api.name.localhost`, belong to the same sandbox.
 *
 * Changes the URL of the request: `/~name` is removed, and escaped characters that need no escape
 * are decoded.
 */
export function addressOf(
  request: Pick<IncomingMessage, 'headers'> & { url?: string | undefined },
): Address {
  if (request.url !== undefined) request.url = decodeUnreserved(request.url)
  const [base, name] = /^\/~([^/?]*)(?=[/?]|$)/.exec(request.url ?? '') ?? []
  if (base !== undefined && name !== undefined) {
    const rest = request.url!.slice(base.length)
    request.url = rest.startsWith('/') ? rest : `/${rest}`
    return { name, base }
  }
  const header = request.headers['standin-sandbox']
  if (typeof header === 'string' && header !== '') return { name: header, base: '' }
  const host = readHost(request.headers.host ?? '')?.name ?? ''
  return { name: sandboxOfHost(host) ?? DEFAULT_SANDBOX, base: '' }
}
