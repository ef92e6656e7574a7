import type { Credentials, RecordedRequest } from '../../../src/admin/contract.gen.ts'
import type { HttpCall } from '../../api/client.ts'

/** Headers that the browser sets itself, or that belong to the connection of the first client. */
const OMITTED =
  /^(?:host|connection|keep-alive|content-length|transfer-encoding|expect|te|trailer|upgrade|accept-encoding|accept-charset|cookie|date|dnt|origin|referer|user-agent|via|access-control-.*|proxy-.*|sec-.*)$/i

const REDACTED = '[redacted]'

/**
 * Replaces a redacted value in a body that is not a credential, such as the password of a new user.
 */
const INVENTED = 'analytical-engine'

/**
 * Returns the call that repeats a request. Secrets are not logged, so the credentials of the
 * sandbox are used.
 */
export function repeatOf(
  { api = '', method = 'GET', path = '/', query, headers, body }: RecordedRequest,
  credentials: Credentials,
): HttpCall & { readonly usesCredentials: boolean } {
  const all = credentials as Readonly<Record<string, Readonly<Record<string, string | number>>>> // by the contract
  const own = all[api] ?? {}
  const sent = Object.entries(headers)
    .filter(([name]) => !OMITTED.test(name))
    .map(([name, values]) => {
      const value = [values].flat().join(', ')
      const isSecret = /^authorization$/i.test(name) && value.includes(REDACTED)
      return [name, isSecret ? String(own['authorization'] ?? value) : value] as const
    })
  const text = body === undefined ? undefined : withSecrets(body.text, own)
  const url = `${location.origin}${path}${query === undefined ? '' : `?${query}`}`
  return {
    method,
    url,
    headers: Object.fromEntries(sent),
    ...(text === undefined || body?.size === 0 ? {} : { body: text }),
    usesCredentials: JSON.stringify([headers, body]).includes(REDACTED),
  }
}

/** Fills in the redacted values of a body, in JSON and XML. */
function withSecrets(text: string, own: Readonly<Record<string, string | number>>): string {
  return text
    .replaceAll(/"(\w+)"(\s*:\s*)"\[redacted\]"/g, (_, name: string, colon: string) => {
      return `"${name}"${colon}${JSON.stringify(own[name] ?? INVENTED)}`
    })
    .replaceAll(/<(\w+)>\[redacted\]</g, (_, name: string) => `<${name}>${own[name] ?? INVENTED}<`)
}
