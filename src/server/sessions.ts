import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { readHost } from '../core/http/hosts.ts'
import { fingerprint } from '../core/secrets.ts'

/** Maximum number of sessions; the oldest ends when one more begins. */
const MAX_SESSIONS = 1000

type Headers = Pick<IncomingHttpHeaders, 'cookie' | 'host'>

/**
 * Sessions of browsers that sent the admin token. They are in memory only, so they end with the
 * process. The cookie holds a random value, not the token.
 */
export class Sessions {
  /** Fingerprints of the cookies' values, the oldest session first. */
  readonly #open = new Set<string>()

  /** Begins a session and returns its value. */
  begin(): string {
    const value = randomBytes(32).toString('base64url')
    for (const oldest of this.#open) {
      if (this.#open.size < MAX_SESSIONS) break
      this.#open.delete(oldest)
    }
    this.#open.add(fingerprint(value))
    return value
  }

  /** The value of the session that a request belongs to. */
  valueOf(headers: Headers): string | undefined {
    if (this.#open.size === 0) return undefined
    return cookiesIn(headers).find((value) => this.#open.has(fingerprint(value)))
  }

  /** Ends every session whose cookie a request has. */
  end(headers: Headers): void {
    for (const value of cookiesIn(headers)) this.#open.delete(fingerprint(value))
  }
}

/**
 * Returns the value of the header `Set-Cookie` that sets the cookie of a session, or removes it if
 * `value` is undefined.
 *
 * @param path the browser sends the cookie below this path. If it is omitted, the browser takes the
 *   path of the request without its last segment, which is also right behind a reverse proxy that
 *   adds a path
 */
export function sessionCookie(headers: Headers, value: string | undefined, path?: string): string {
  return [
    `${nameFor(headers)}=${value ?? ''}`,
    ...(path === undefined ? [] : [`Path=${path}`]),
    'HttpOnly',
    'SameSite=Strict',
    ...(value === undefined ? ['Max-Age=0'] : []),
  ].join('; ')
}

/**
 * Returns the values of the session cookie. There are several if cookies of this name have
 * different paths.
 */
function cookiesIn(headers: Headers): readonly string[] {
  const name = `${nameFor(headers)}=`
  return (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(name))
    .map((pair) => pair.slice(name.length))
}

/**
 * Returns the name of the cookie. It contains the port, because browsers share cookies between the
 * ports of a host, and two servers on one machine need different names.
 */
function nameFor({ host = '' }: Headers): string {
  return `standin-session-${readHost(host)?.port || '80'}`
}
