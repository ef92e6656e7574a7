import { INBOX_PASS_HEADER } from '../core/webhooks/transport.ts'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
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

/** Who may come in. */
export interface AccessPolicy {
  /** The address or name that is listened on. */
  readonly host: string
  readonly allowedHosts?: readonly string[] | undefined
  readonly corsOrigins?: readonly string[] | undefined
  /** What the admin API asks for; `none`: nothing, of nobody. */
  readonly adminToken?: string | undefined
  /** Connections at one time that are served. */
  readonly maxConnections: number
}

type Headers = Readonly<Record<string, string>>

/** Where a request comes from, as far as a browser says it. */
type Site = 'own' | 'local' | 'foreign'

interface Rule {
  readonly allows: string
  readonly fits: (host: Host, house: AccessPolicy & { readonly isOpen: boolean }) => boolean
}

/** Names that container runtimes give to the machine they run on. */
const MACHINES = ['host.docker.internal', 'gateway.docker.internal', 'host.containers.internal']

/**
 * What may stand in a Host header. A page of another site reaches a server behind a firewall by
 * letting its own name lead there (DNS rebinding); the name gives it away, since it has to be one
 * that can be bought. What is no such name, an address say, cannot be used for it.
 */
const HOSTS: readonly Rule[] = [
  { allows: 'localhost and addresses of loopback', fits: ({ name }) => isLoopback(name) },
  { allows: 'the machine, seen from a container', fits: ({ name }) => MACHINES.includes(name) },
  { allows: 'what is listened on', fits: ({ name }, { host }) => name === host.toLowerCase() },
  {
    allows: 'what is listed',
    fits: ({ name }, { allowedHosts = [] }) => isListed(name, allowedHosts),
  },
  {
    allows: 'any address, when others reach us',
    fits: ({ isAddress }, { isOpen }) => isOpen && isAddress,
  },
  {
    allows: 'a name of one word, when others reach us: that of a service or a machine',
    fits: ({ name }, { isOpen }) => isOpen && !name.includes('.'),
  },
  {
    allows: 'names of private networks, when others reach us',
    fits: ({ name }, { isOpen }) =>
      isOpen && (/\.(internal|local|test)$/.test(name) || name === hostname().toLowerCase()),
  },
]

/** Methods that ask and change nothing. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
/** What is told of the admin API without its token: a health check knows none. */
const UNLOCKED = new Set(['/health', '/ready'])

/**
 * Keeps out who comes by the side door: a web page that the user happens to visit, and callers of
 * the admin API from elsewhere. It refuses before anything of a sandbox is touched.
 */
export class Guard {
  /** What is in that header; another one at each start. */
  readonly pass = randomUUID()
  readonly #house: AccessPolicy & { readonly isOpen: boolean }
  readonly #token: Secret | undefined
  /** Connections beyond the limit. */
  readonly #crowd = new WeakSet<Socket>()
  #connections = 0
  /** The Host header that was let in last: it is mostly the same. */
  #welcome: string | undefined

  constructor(house: AccessPolicy) {
    const { host, adminToken } = house
    this.#house = { ...house, isOpen: !isLoopback(host) }
    this.#token =
      adminToken === undefined || adminToken === 'none' ? undefined : new Secret(adminToken)
  }

  /**
   * Counts the server's connections. Those beyond the limit are told so at their first request;
   * beyond twice the limit they are cut.
   */
  watch(server: Server): void {
    const { maxConnections } = this.#house
    server.maxConnections = 2 * maxConnections
    server.on('connection', (socket) => {
      if (++this.#connections > maxConnections) this.#crowd.add(socket)
      socket.once('close', () => this.#connections--)
    })
  }

  /** Why nobody here answers this request, wherever it goes; undefined: it may go on. */
  checkHostAndLoad(request: IncomingMessage): Problem | undefined {
    if (this.#isCrowdedOut(request.socket)) {
      const message = `There are more than ${this.#house.maxConnections} connections; close some, or set --max-connections`
      const headers = { Connection: 'close', 'Retry-After': '1' }
      return new Problem(503, 'connections.too-many', message, { headers })
    }
    if (request.httpVersionMajor < 1) {
      return new Problem(400, 'http.malformed', 'The first line must end in HTTP/1.1')
    }
    if (hasTwoHosts(request)) {
      return new Problem(400, 'host.malformed', 'The Host header must be there once')
    }
    const text = request.headers.host
    if (text === this.#welcome) return undefined
    // No browser leaves it out, and a client on a bare socket may.
    if (text === undefined || text === '') return undefined
    const host = readHost(text)
    if (!host) {
      const message = 'The Host header must be a name or an address, with or without a port'
      return new Problem(400, 'host.malformed', message)
    }
    if (HOSTS.some(({ fits }) => fits(host, this.#house))) {
      this.#welcome = text
      return undefined
    }
    const message = `This server does not answer as ${host.name}; when it should, start it with --allowed-hosts ${host.name}`
    return new Problem(421, 'host.foreign', message)
  }

  /** Whether a page of another site sent it, as far as its browser tells. */
  isForeign(request: IncomingMessage): boolean {
    return siteOf(request) === 'foreign'
  }

  /**
   * Why this is no request for the admin API.
   *
   * @param path below the API's prefix
   */
  fromAdmin(request: IncomingMessage, path: string): Problem | undefined {
    if (siteOf(request) !== 'own' && !isLink(request)) {
      return foreignOrigin(request, "only this server's own pages may call the admin API")
    }
    if (UNLOCKED.has(path)) return undefined
    const { method, headers } = request
    const isForInbox = method === 'POST' && path.startsWith('/inbox/')
    if (isForInbox && headers[INBOX_PASS_HEADER.toLowerCase()] === this.pass) return undefined
    // Who may have webhooks sent is not thereby who may call the admin API: it is a vendor's caller.
    if (headers['standin-delivery'] !== undefined && !isForInbox) {
      const text = 'A webhook may call nothing of the admin API but its inboxes'
      return new Problem(403, 'admin.closed', text)
    }
    if (this.#token) return this.#withoutToken(request, this.#token)
    const { isOpen, adminToken } = this.#house
    if (!isOpen || adminToken === 'none' || isLoopback(request.socket.remoteAddress ?? '')) {
      return undefined
    }
    const message =
      'From another machine or container the admin API needs a token: set STANDIN_ADMIN_TOKEN for the server and for its callers, or to none to do without'
    return new Problem(403, 'admin.closed', message)
  }

  /**
   * Why this is no request for a vendor's API: its credentials are in every copy of this package,
   * so they keep no page out.
   */
  fromVendor(request: IncomingMessage): Problem | undefined {
    if (SAFE.has(request.method ?? '') || !this.isForeign(request)) return undefined
    if (this.#isListed(request.headers.origin)) return undefined
    const listed = this.#house.corsOrigins?.join(', ') ?? 'none so far'
    const who = `pages of this machine and those that --cors-origins lists (${listed})`
    return foreignOrigin(request, `only ${who} may call a vendor's API`)
  }

  /** What a listed page's browser is told with each answer of a vendor's API. */
  corsHeaders({ headers: { origin } }: IncomingMessage): Headers | undefined {
    if (!this.#house.corsOrigins) return undefined
    if (!origin || !this.#isListed(origin)) return { Vary: 'Origin' }
    return {
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': '*',
      Vary: 'Origin',
    }
  }

  /** The answer to a browser that asks whether a listed page may call; undefined: it is no such. */
  preflight(request: IncomingMessage): Headers | undefined {
    const { headers } = request
    if (!isPreflight(request) || !this.#isListed(headers.origin)) return undefined
    const named = headers['access-control-request-headers']
    return {
      ...this.corsHeaders(request),
      'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
      ...(named === undefined ? {} : { 'Access-Control-Allow-Headers': named }),
      'Access-Control-Max-Age': '60',
    }
  }

  #isCrowdedOut(socket: Socket): boolean {
    if (!this.#crowd.has(socket)) return false
    if (this.#connections > this.#house.maxConnections) return true
    this.#crowd.delete(socket) // others have gone meanwhile
    return false
  }

  #isListed(origin: string | undefined): boolean {
    return origin !== undefined && (this.#house.corsOrigins?.includes(origin) ?? false)
  }

  #withoutToken({ headers }: IncomingMessage, token: Secret): Problem | undefined {
    const given =
      headers['standin-admin-token'] ?? /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
    if (typeof given === 'string' && token.matches(given)) return undefined
    const how = 'send it as Standin-Admin-Token, or as Authorization: Bearer'
    const challenge = { headers: { 'WWW-Authenticate': 'Bearer realm="standin"' } }
    return given === undefined
      ? new Problem(
          401,
          'admin.token-missing',
          `The admin API asks for its token: ${how}`,
          challenge,
        )
      : new Problem(401, 'admin.token-wrong', "This is not the admin API's token", challenge)
  }
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

/** Whether somebody followed a link in a page: that shows an answer to nobody but the user. */
function isLink({ method, headers }: IncomingMessage): boolean {
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
  const page = isNamed ? `at ${new URL(origin).origin}` : 'that does not say where it is from'
  return new Problem(403, 'origin.foreign', `A page ${page} asked; ${rule}`)
}
