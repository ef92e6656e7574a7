import * as http from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Express, Request, Response } from 'express'
import type { Config } from '../config/config.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'
import { Problem } from '../core/problem.ts'
import { answerRaw, inTurn, refuseUnread, type MalformedRequest } from './malformed-request.ts'

/**
 * Express changes the prototype of every request and response, which costs two thirds of what it
 * costs at all; objects that are made with the app's prototypes are left as they are.
 */
export function serverFor(
  app: Express,
  { headerTimeout }: Config,
  door: (malformed: MalformedRequest) => PipelineContext,
): http.Server {
  /** On each connection the answer to what was asked last. */
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
    // The body has a time limit of its own, which is answered in the vendor's words.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1000, headerTimeout),
    requireHostHeader: false,
  })
  const take = (request: http.IncomingMessage, response: ServerResponse) => {
    answering.set(request.socket, response)
    app(request as Request, response as Response)
  }
  server.on('request', (request, response) => {
    // While it stops, a client that keeps its connection would be served on and on.
    if (!server.listening) response.shouldKeepAlive = false
    if (!request.url?.startsWith('/')) toOriginForm(request)
    take(request, response)
  })
  // Without a listener Node answers these by itself, with nothing in the body.
  server.on('checkExpectation', take)
  server.on('clientError', (error, socket: Socket) =>
    refuseUnread(error, socket, answering.get(socket), door),
  )
  server.on('connect', ({ url = '', headers }, socket: Socket) => {
    const message = 'This is no proxy: CONNECT is not allowed'
    const refusal = new Problem(405, 'method.not-allowed', message)
    const names = { headers: headers as Record<string, string> } // of those that are read each is one text
    // A user is no part of what is named there, but may come with a password.
    const authority = url.slice(url.lastIndexOf('@') + 1)
    const malformed = { refusal, method: 'CONNECT', url: authority, names }
    inTurn(answering.get(socket), socket, () => answerRaw(door(malformed), socket, malformed))
  })
  return server
}

/**
 * RFC 9112: a server takes the absolute form too, as a client sends it through a proxy, and its
 * host goes before the one in the header.
 */
function toOriginForm(request: http.IncomingMessage): void {
  const [, host, rest = ''] = /^https?:\/\/([^/?]*)\/?(.*)$/is.exec(request.url ?? '') ?? []
  if (host === undefined) return
  request.headers.host = host
  request.url = `/${rest}`
}

/**
 * Begins to listen, on a free port where 0 is asked for.
 *
 * @returns the port
 * @throws Error with a message for the person at the terminal
 */
export function listen(server: http.Server, { port, host }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)))
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const advice =
    error.code === 'EADDRINUSE'
      ? 'is taken by another program; stop it, or choose another with --port (0 takes a free one)'
      : error.code === 'EACCES'
        ? 'needs rights that this user does not have; choose one above 1023 with --port'
        : `cannot be listened on (${error.code ?? error.message}); check --host and --port`
  return new Error(`Port ${port} of ${host} ${advice}`, { cause: error })
}

/** No new connections; what is in flight has eight seconds, less than Docker gives a container. */
export async function stop(server: http.Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), 8000)
  // A connection that is kept alive becomes idle only when its request is answered.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  await new Promise<void>((resolve) => server.close(() => resolve()))
  clearTimeout(late)
  clearInterval(sweep)
}

/** An address as a URL has it; one that means every interface is reached by localhost. */
export function hostIn(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
