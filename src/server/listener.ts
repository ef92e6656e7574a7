import * as http from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Express, Request, Response } from 'express'
import type { Config } from '../config/config.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'
import { Connection } from '../client/connection.ts'
import { isRecord } from '../core/contract/schema.ts'
import { hostForUrl } from '../core/http/hosts.ts'
import { Problem } from '../core/problem.ts'
import {
  answerOnSocket,
  afterPreviousAnswer,
  rejectUnreadable,
  type MalformedRequest,
} from './malformed-request.ts'

/**
 * Creates the HTTP server of an app. Its request and response classes have the app's prototypes
 * from the start. Otherwise Express changes the prototype of every request and response, which
 * takes two thirds of the time that it spends on a request.
 *
 * @param contextFor the pipeline context in which a malformed request is recorded
 */
export function serverFor(
  app: Express,
  { headerTimeout }: Config,
  contextFor: (malformed: MalformedRequest) => PipelineContext,
): http.Server {
  /** The response to the last request of each connection. */
  const answering = new WeakMap<Socket, ServerResponse>()
  class AppRequest extends http.IncomingMessage {}
  class AppResponse extends http.ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request)
  Object.setPrototypeOf(AppResponse.prototype, app.response)
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype })
  const server = http.createServer({
    IncomingMessage: AppRequest,
    ServerResponse: AppResponse,
    keepAliveTimeout: 30_000,
    headersTimeout: headerTimeout,
    // readText() limits the time of a body and refuses with the vendor's error format.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1000, headerTimeout),
    requireHostHeader: false,
  })
  // A client that closes its sending side after the request still gets the answer. Node has this
  // setting, but its types do not.
  Object.assign(server, { httpAllowHalfOpen: true })
  const take = (request: http.IncomingMessage, response: ServerResponse) => {
    answering.set(request.socket, response)
    app(request as Request, response as Response)
  }
  server.on('request', (request, response) => {
    // While the server stops, a connection must not be reused.
    if (!server.listening) response.shouldKeepAlive = false
    if (!request.url?.startsWith('/')) toOriginForm(request)
    take(request, response)
  })
  // Without this listener, Node answers requests with an unknown Expect header itself, with an
  // empty body.
  server.on('checkExpectation', take)
  server.on('clientError', (error, socket: Socket) =>
    rejectUnreadable(error, socket, answering.get(socket), contextFor),
  )
  server.on('connect', ({ url = '', headers }, socket: Socket) => {
    const message = 'This server is not a proxy: CONNECT is not allowed'
    const refusal = new Problem(405, 'method.not-allowed', message)
    const routing = { headers: headers as Record<string, string> } // the headers that are read occur once
    // Anything before an @ may be a user and a password.
    const authority = url.slice(url.lastIndexOf('@') + 1)
    const malformed = { refusal, method: 'CONNECT', url: authority, routing }
    afterPreviousAnswer(answering.get(socket), socket, () =>
      answerOnSocket(contextFor(malformed), socket, malformed),
    )
  })
  return server
}

/**
 * Host of a request whose URL has an empty host. An empty Host header would be accepted, but this
 * value is refused as malformed.
 */
const NO_HOST = ':'

/**
 * Rewrites a request target in absolute form (a whole URL, as clients send it to a proxy). A server
 * has to accept it, and its host takes precedence over the Host header (RFC 9112). A URL without a
 * host is invalid (RFC 9110, 4.2.1).
 */
function toOriginForm(request: http.IncomingMessage): void {
  const [, host, rest = ''] = /^https?:\/\/([^/?]*)\/?(.*)$/is.exec(request.url ?? '') ?? []
  if (host === undefined) return
  request.headers.host = host || NO_HOST
  request.url = `/${rest}`
}

/**
 * Starts listening; port 0 takes a free port.
 *
 * @returns the port
 * @throws Error that names the port and says what to do
 */
export async function listen(
  server: Server,
  config: Config,
  scheme: 'http' | 'https' = 'http',
): Promise<number> {
  const { host } = config
  const port = scheme === 'https' ? config.tlsPort : config.port
  try {
    return await new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => resolve((server.address() as AddressInfo).port)) // it listens
    })
  } catch (error) {
    throw await listenError(error as NodeJS.ErrnoException, config, scheme) // of the system
  }
}

async function listenError(
  error: NodeJS.ErrnoException,
  config: Config,
  scheme: 'http' | 'https',
): Promise<Error> {
  const { host } = config
  if (scheme === 'https') return new Error(tlsListenMessage(error, config), { cause: error })
  const { port } = config
  const advice =
    error.code === 'EADDRINUSE'
      ? await occupied(config)
      : error.code === 'EACCES'
        ? 'needs permissions that this user does not have; choose a port above 1023 with --port'
        : `cannot be used (${error.code ?? error.message}); check --host and --port`
  return new Error(`Port ${port} of ${host} ${advice}`, { cause: error })
}

function tlsListenMessage({ code, message }: NodeJS.ErrnoException, config: Config): string {
  const { host, tlsPort } = config
  const place = `Port ${tlsPort} of ${host}, for HTTPS,`
  if (code === 'EADDRINUSE') {
    const holder = tlsPort === config.port ? 'is also the port of HTTP' : 'is in use'
    return `${place} ${holder}; choose another with --tls-port (0 takes a free one)`
  }
  if (code === 'EACCES') {
    return `${place} needs permissions that this user does not have; choose a port above 1023 with --tls-port`
  }
  return `${place} cannot be used (${code ?? message}); check --host and --tls-port`
}

/** Milliseconds that the holder of a port may take to identify itself. */
const HOLDER_TIMEOUT = 2500

/**
 * Returns the second half of a message about a port in use: the program that uses it, and what to
 * do.
 */
async function occupied({ host, port, adminToken }: Config): Promise<string> {
  const url = `http://${hostForUrl(host, '127.0.0.1')}:${port}`
  const connection = new Connection(url, adminToken === 'none' ? undefined : adminToken)
  const ask = async (path: string) => {
    const body = await connection
      .request('GET', `/_standin${path}`, { timeout: HOLDER_TIMEOUT })
      .catch(() => undefined) // not a Standin, or one with another token
    return isRecord(body) ? body : {}
  }
  const { version, prefixes } = await ask('/health')
  const isStandin = isRecord(prefixes) && typeof version === 'string'
  const { process: holder } = isStandin ? await ask('/') : {}
  connection.close()
  const another = 'choose another port with --port (0 takes a free one)'
  if (!isStandin) return `is in use by another program; stop it, or ${another}`
  const { pid, folder } = isRecord(holder) ? holder : {}
  if (typeof pid !== 'number') {
    return `is in use by Standin ${version}; use that one at ${url}, stop it, or ${another}`
  }
  const state = typeof folder === 'string' ? `state in ${folder}` : 'state in memory'
  return `is in use by Standin ${version} (process ${pid}, ${state}); use that one at ${url}, stop it with "kill ${pid}", or ${another}`
}

/**
 * Closes the server. Requests in flight get 8 s, less than the 10 s that Docker allows.
 *
 * @param closeTls closes the listener of HTTPS; `server` closes the connections that it accepted
 */
export async function stop(server: http.Server, closeTls?: () => Promise<void>): Promise<void> {
  const deadline = setTimeout(() => server.closeAllConnections(), 8000)
  // A keep-alive connection becomes idle only once its request is answered.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  await Promise.all([closed, closeTls?.()])
  clearTimeout(deadline)
  clearInterval(sweep)
}
