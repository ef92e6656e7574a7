import { INBOX_PASS_HEADER } from '../core/webhooks/transport.ts'
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { hostname } from 'node:os'
import {
  hostOfOrigin,
  isListed,
  isLoopback,
  readHost,
  type Host,
  isPreflight,
} from '../core/http/hosts.ts'
import { Problem } from '../core/problem.ts'
import { Secret } from '../core/secrets.ts'
import { sessionCookie, Sessions } from './sessions.ts'

/** Settings that decide which requests are accepted. */
export interface AccessPolicy {
  /** Address or name that the server listens on. */
  readonly host: string
  readonly allowedHosts?: readonly string[] | undefined
  readonly corsOrigins?: readonly string[] | undefined
  /** Token of the admin API. With `none`, the admin API is open to every caller. */
  readonly adminToken?: string | undefined
  /** Maximum number of open connections that are served. */
  readonly maxConnections: number
}

type Headers = Readonly<Record<string, string>>

/** Origin of a request according to its browser; `own` also for a request that no browser sent. */
type Site = 'own' | 'local' | 'foreign'

type Policy = AccessPolicy & { readonly isOpen: boolean }

interface HostRule {
  readonly allows: string
  readonly fits: (host: Host, policy: Policy) => boolean
}

/**
 * Endings of names that exist only in private networks. Reserved: `internal` (ICANN), `local` (RFC
 * 6762), `test` (RFC 6761) and `home.arpa` (RFC 8375). Not delegated, and used by: Kubernetes
 * (`svc`), Podman (`dns.podman`) and Linux distributions (`localdomain`).
 */
const PRIVATE_NAME = /\.(internal|local|test|home\.arpa|svc|dns\.podman|localdomain)$/
/**
 * The ending of a name that may be registered: a top-level domain consists of letters (RFC 1123),
 * or begins with `xn--`. GitLab and Compose generate names with other endings, such as
 * `registry.example.com__team__standin` and `standin.project_default`.
 */
const REGISTRABLE = /\.(?:[a-z]+|xn--[a-z0-9-]+)$/

/**
 * Rules of the accepted Host headers. In a DNS rebinding attack a web page points its own domain
 * name at this server, so the Host header holds a domain name that can be registered. Addresses
 * and names that cannot be registered are safe.
 */
const HOST_RULES: readonly HostRule[] = [
  { allows: 'localhost and loopback addresses', fits: ({ name }) => isLoopback(name) },
  {
    allows: 'the machine as a container calls it, such as host.docker.internal',
    fits: ({ name }) => name.endsWith('.internal'),
  },
  { allows: 'the value of --host', fits: ({ name }, { host }) => name === host.toLowerCase() },
  {
    allows: 'names in --allowed-hosts',
    fits: ({ name }, { allowedHosts = [] }) => isListed(name, allowedHosts),
  },
  {
    allows: 'any address, if --host is not loopback',
    fits: ({ isAddress }, { isOpen }) => isOpen && isAddress,
  },
  {
    allows: 'a name without a dot, such as a service or a machine has, if --host is not loopback',
    fits: ({ name }, { isOpen }) => isOpen && !name.includes('.'),
  },
  {
    allows: 'names of private networks, if --host is not loopback',
    fits: ({ name }, { isOpen }) =>
      isOpen && (PRIVATE_NAME.test(name) || name === hostname().toLowerCase()),
  },
  {
    allows: 'a name whose end is no possible top-level domain, if --host is not loopback',
    fits: ({ name, isAddress }, { isOpen }) => isOpen && !isAddress && !REGISTRABLE.test(name),
  },
]

/** Methods that change nothing. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Paths of the admin API that need no token: health checks, and a certificate that is public. */
const TOKEN_FREE_PATHS = new Set(['/health', '/ready', '/ca.pem'])

/**
 * Refuses requests before any sandbox is touched: too many connections, foreign Host headers, web
 * pages of other sites, and unauthorized callers of the admin API.
 */
export class Guard {
  /**
   * Value of the header that lets this server's webhooks reach its inboxes without the token; new
   * at each start.
   */
  readonly pass = randomUUID()
  readonly #policy: Policy
  readonly #token: Secret | undefined
  readonly #sessions = new Sessions()
  /** Connections that were opened beyond the limit. */
  readonly #overLimit = new WeakSet<Socket>()
  #connections = 0
  /** The last Host header that was accepted; most requests repeat it. */
  #lastAllowedHost: string | undefined

  constructor(policy: AccessPolicy) {
    const { host, adminToken } = policy
    this.#policy = { ...policy, isOpen: !isLoopback(host) }
    this.#token =
      adminToken === undefined || adminToken === 'none' ? undefined : new Secret(adminToken)
  }

  /**
   * Counts the server's connections. A connection beyond the limit gets a 503 for its first
   * request; one beyond twice the limit is closed at once.
   */
  watch(server: Server): void {
    const { maxConnections } = this.#policy
    server.maxConnections = 2 * maxConnections
    server.on('connection', (socket) => {
      if (++this.#connections > maxConnections) this.#overLimit.add(socket)
      socket.once('close', () => this.#connections--)
    })
  }

  /**
   * Checks the number of connections and the Host header. Returns undefined if both are accepted.
   */
  checkHostAndLoad(request: IncomingMessage): Problem | undefined {
    if (this.#isOverLimit(request.socket)) {
      const message = `There are more than ${this.#policy.maxConnections} connections; close some, or set --max-connections`
      const headers = { Connection: 'close', 'Retry-After': '1' }
      return new Problem(503, 'connections.too-many', message, { headers })
    }
    if (request.httpVersionMajor !== 1) {
      return new Problem(400, 'http.malformed', 'The request line must end in HTTP/1.1')
    }
    if (hasTwoHosts(request)) {
      return new Problem(400, 'host.malformed', 'The request must have one Host header, not two')
    }
    const text = request.headers.host
    if (text === this.#lastAllowedHost) return undefined
    // Every browser sends a Host header; a client on a bare socket may not.
    if (text === undefined || text === '') return undefined
    const host = readHost(text)
    if (!host) {
      const message =
        'The Host header, or the host in the request line, must be a name or an address, with or without a port'
      return new Problem(400, 'host.malformed', message)
    }
    if (this.accepts(host)) {
      this.#lastAllowedHost = text
      return undefined
    }
    const message = `This server does not accept the host ${host.name}; to allow it, start the server with --allowed-hosts ${host.name}`
    return new Problem(421, 'host.foreign', message)
  }

  /** True if requests may name this host. */
  accepts(host: Host): boolean {
    return HOST_RULES.some(({ fits }) => fits(host, this.#policy))
  }

  /** True if the browser states that a page of another site sent the request. */
  isForeign(request: IncomingMessage): boolean {
    return siteOf(request) === 'foreign'
  }

  /**
   * Checks a request to the admin API: its origin, and its token where one is needed.
   *
   * @param path below the API's prefix
   */
  checkAdmin(request: IncomingMessage, path: string): Problem | undefined {
    if (siteOf(request) !== 'own' && !isNavigation(request)) {
      return foreignOrigin(request, "only this server's own pages may call the admin API")
    }
    if (TOKEN_FREE_PATHS.has(path)) return undefined
    const { method, headers } = request
    const isForInbox = method === 'POST' && path.startsWith('/inbox/')
    if (isForInbox && headers[INBOX_PASS_HEADER.toLowerCase()] === this.pass) return undefined
    // A caller of a vendor's API chooses the URL of a webhook; it must not call the admin API by
    // one.
    if (headers['standin-delivery'] !== undefined && !isForInbox) {
      const text = 'A webhook may be sent to an inbox, not to another path of the admin API'
      return new Problem(403, 'admin.closed', text)
    }
    if (this.#token) return this.#checkToken(request, path, this.#token)
    const { isOpen, adminToken } = this.#policy
    if (!isOpen || adminToken === 'none' || isLoopback(request.socket.remoteAddress ?? '')) {
      return undefined
    }
    const message =
      'From another machine or container the admin API needs a token: set STANDIN_ADMIN_TOKEN for the server and its callers, or set it to none to allow all callers'
    return new Problem(403, 'admin.closed', message)
  }

  /**
   * Checks the origin of a request to a vendor's API. Credentials do not protect the API from web
   * pages, because the default credentials are published with the package.
   */
  checkVendor(request: IncomingMessage): Problem | undefined {
    if (SAFE_METHODS.has(request.method ?? '') || !this.isForeign(request)) return undefined
    if (this.#isListed(request.headers.origin)) return undefined
    const listed = this.#policy.corsOrigins?.join(', ') ?? 'none'
    const allowed = `pages of this machine and those that --cors-origins lists (${listed})`
    return foreignOrigin(request, `only ${allowed} may call a vendor's API`)
  }

  /** CORS headers of an answer of a vendor's API. */
  corsHeaders({ headers: { origin } }: IncomingMessage): Headers | undefined {
    if (!this.#policy.corsOrigins) return undefined
    if (!origin || !this.#isListed(origin)) return { Vary: 'Origin' }
    return {
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': '*',
      Vary: 'Origin',
    }
  }

  /**
   * Returns the headers of the answer to a preflight request from a listed origin; undefined for
   * every other request.
   */
  preflight(request: IncomingMessage): Headers | undefined {
    const { headers } = request
    if (!isPreflight(request) || !this.#isListed(headers.origin)) return undefined
    const requested = headers['access-control-request-headers']
    return {
      ...this.corsHeaders(request),
      'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
      ...(requested === undefined ? {} : { 'Access-Control-Allow-Headers': requested }),
      'Access-Control-Max-Age': '60',
    }
  }

  #isOverLimit(socket: Socket): boolean {
    if (!this.#overLimit.has(socket)) return false
    if (this.#connections > this.#policy.maxConnections) return true
    this.#overLimit.delete(socket) // others were closed meanwhile
    return false
  }

  #isListed(origin: string | undefined): boolean {
    return origin !== undefined && (this.#policy.corsOrigins?.includes(origin) ?? false)
  }

  /** True if the admin API needs a token. */
  get needsToken(): boolean {
    return this.#token !== undefined
  }

  /**
   * Begins a session for a browser that sends the token.
   *
   * @returns the header `Set-Cookie`; undefined for a server that needs no token
   * @throws Problem 401 admin.token-wrong
   */
  openSession(headers: IncomingHttpHeaders, token: string): string | undefined {
    if (!this.#token) return undefined
    if (!this.#token.matches(token)) throw wrongToken()
    return sessionCookie(headers, this.#sessions.begin())
  }

  /**
   * Extends the session of a request to another path.
   *
   * @returns as `openSession`
   * @throws Problem 401 admin.token-missing for a request without a session
   */
  extendSession(headers: IncomingHttpHeaders, path: string): string | undefined {
    if (!this.#token) return undefined
    const value = this.#sessions.valueOf(headers)
    if (value === undefined) throw missingToken()
    return sessionCookie(headers, value, path)
  }

  /** Ends the session of a request, and returns the header `Set-Cookie` that removes its cookie. */
  closeSession(headers: IncomingHttpHeaders): string {
    this.#sessions.end(headers)
    return sessionCookie(headers, undefined)
  }

  #checkToken(request: IncomingMessage, path: string, token: Secret): Problem | undefined {
    const { method = '', headers } = request
    const given =
      headers['standin-admin-token'] ?? /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
    if (typeof given === 'string' && token.matches(given)) return undefined
    if (given !== undefined) return wrongToken()
    if (this.#sessions.valueOf(headers) !== undefined) {
      // A browser may attach the cookie to requests from other pages, so the request has to state
      // that a page of this server sent it.
      if (SAFE_METHODS.has(method) || isOwnPage(request)) return undefined
      const message =
        'With a session, only pages of this server may change something, and no Origin or Sec-Fetch-Site header shows that one sent the request; scripts send Standin-Admin-Token instead'
      return new Problem(403, 'origin.missing', message)
    }
    // This call has the token in its body.
    if (method === 'POST' && path === '/session') return undefined
    return missingToken()
  }
}

const CHALLENGE = { headers: { 'WWW-Authenticate': 'Bearer realm="standin"' } }

function wrongToken(): Problem {
  return new Problem(
    401,
    'admin.token-wrong',
    'This is not the token of the admin API: send the one that the server was started with (STANDIN_ADMIN_TOKEN or --admin-token)',
    CHALLENGE,
  )
}

function missingToken(): Problem {
  const message =
    'The admin API needs the token that the server was started with: send it as Standin-Admin-Token, or as Authorization: Bearer'
  return new Problem(401, 'admin.token-missing', message, CHALLENGE)
}

/** True if the browser states that a page of this server sent the request. */
function isOwnPage(request: IncomingMessage): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site !== undefined && site !== 'same-origin') return false
  return siteOf(request) === 'own' && (origin !== undefined || site !== undefined)
}

function siteOf({ headers }: IncomingMessage): Site {
  const { origin } = headers
  if (origin === undefined) {
    const site = headers['sec-fetch-site']
    return site === undefined || site === 'same-origin' || site === 'none' ? 'own' : 'foreign'
  }
  const from = hostOfOrigin(origin)
  const to = readHost(headers.host ?? '')
  if (!from) return 'foreign'
  if (to && from.name === to.name && from.port === to.port) return 'own'
  return isLoopback(from.name) ? 'local' : 'foreign'
}

/** Returns true if a user followed a link. The page with the link cannot read the answer. */
function isNavigation({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.origin === undefined &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  )
}

function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let isFound = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length !== 4 || (name !== 'Host' && name.toLowerCase() !== 'host')) continue
    if (isFound) return true
    isFound = true
  }
  return false
}

function foreignOrigin({ headers: { origin } }: IncomingMessage, rule: string): Problem {
  const isNamed = origin !== undefined && hostOfOrigin(origin) !== undefined
  const page = isNamed ? `at ${new URL(origin).origin}` : 'of an unknown origin'
  return new Problem(403, 'origin.foreign', `A web page ${page} sent this request; ${rule}`)
}
