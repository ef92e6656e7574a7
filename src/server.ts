import { existsSync, readFileSync } from 'node:fs'
import * as http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { admin } from './admin/index.ts'
import { cryptlex } from './apis/cryptlex/index.ts'
import type { Fixtures as CryptlexFixtures } from './apis/cryptlex/known.ts'
import { formsonfire } from './apis/formsonfire/index.ts'
import { mykaarma } from './apis/mykaarma/index.ts'
import type { Config } from './config.ts'
import type { Api } from './core/api.ts'
import { Contract } from './core/contract.ts'
import { stderr, type Log } from './core/log.ts'
import { answer, type Place } from './core/pipeline.ts'
import { openSandbox, type Fixtures, type Sandbox } from './sandbox.ts'
import { messageOf } from './core/thrown.ts'

export interface ServerParts {
  readonly log?: Log
  /** Called with every answer that its contract does not allow, instead of the log; looks closer. */
  readonly objection?: (message: string) => void
}

/** A server that listens. */
export interface Server {
  readonly url: string
  readonly port: number
  readonly app: Express
  readonly sandbox: Sandbox
  /** Each vendor's API: its title and the URL that a client is pointed at. */
  readonly apis: readonly { readonly name: string; readonly title: string; readonly url: string }[]
  /** Finishes what is in flight, writes the state and stops. */
  readonly close: () => Promise<void>
}

const ROOT = new URL('../', import.meta.url)

export const VERSION = (
  JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string }
).version

/** A file of the package, from `src/` and `dist/` alike. */
export function packaged(path: string): string {
  return fileURLToPath(new URL(path, ROOT))
}

/**
 * Reads the contracts, opens the sandbox and listens.
 *
 * @throws Error with a message for the person at the terminal
 */
export async function startServer(config: Config, parts: ServerParts = {}): Promise<Server> {
  const log = parts.log ?? stderr
  const vendors = [mykaarma(protoOf(config)), cryptlex, formsonfire]
  const vendorApis = vendors.map((api) => ({ api, contract: contractOf(api) }))
  const own = admin({
    version: VERSION,
    apis: vendors.map(({ name }) => name),
    prefixes: vendorApis.map(({ contract }) => contract.prefix),
  })
  const apis = [...vendorApis, { api: own, contract: contractOf(own) }]
  const gate = {
    objection: parts.objection ?? ((message: string) => log.bug('a wrong answer left', message)),
    readsBack: parts.objection !== undefined,
  }
  const sandbox = await openSandbox(config, apis, fixturesOf(config), log, gate)
  const app = appFor(sandbox, log)
  const server = serverFor(app)
  try {
    const port = await listen(server, config)
    const url = `http://${hostIn(config.host)}:${port}`
    return {
      url,
      port,
      app,
      sandbox,
      apis: vendorApis.map(({ api: { name, title }, contract }) => ({
        name,
        title,
        url: `${url}${contract.prefix}`,
      })),
      close: async () => {
        await stop(server)
        await sandbox.close()
      },
    }
  } catch (error) {
    await sandbox.close()
    throw error
  }
}

/** One Express app: each API below its contract's prefix, and a plain 404 elsewhere. */
function appFor(sandbox: Sandbox, log: Log): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', false)
  const serve = (place: Place) => (request: Request, response: Response) =>
    answer(place, request, response)
  for (const place of sandbox.places.values()) app.use(place.contract.prefix, serve(place))
  app.use(serve(sandbox.places.get('standin')!))
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    // Only what the pipeline itself fails at comes here.
    log.bug('a request could not be answered', error)
    if (response.headersSent) response.destroy()
    else response.status(500).json(outside(500, 'internal', 'Standin failed; its log says why'))
  })
  return app
}

/**
 * Express changes the prototype of every request and response, which costs two thirds of what it
 * costs at all; objects that are made with the app's prototypes are left as they are.
 */
function serverFor(app: Express): http.Server {
  class AppRequest extends http.IncomingMessage {}
  class AppResponse extends http.ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request)
  Object.setPrototypeOf(AppResponse.prototype, app.response)
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype })
  const server = http.createServer({
    IncomingMessage: AppRequest,
    ServerResponse: AppResponse,
    keepAliveTimeout: 30_000,
    headersTimeout: 10_000,
    // The body has a time limit of its own, which is answered in the vendor's words.
    requestTimeout: 0,
    connectionsCheckingInterval: 1000,
    requireHostHeader: false,
  })
  server.on('request', (request, response) => {
    app(request as Request, response as Response)
  })
  // Without a listener Node answers these by itself, with nothing in the body.
  server.on('checkExpectation', (request, response) => {
    app(request as Request, response as Response)
  })
  server.on('clientError', refuseRaw)
  server.on('connect', (_request, socket: Socket) =>
    writeRaw(socket, 405, 'method.not-allowed', 'This is no proxy: CONNECT is not allowed'),
  )
  return server
}

/** What is no HTTP request at all, or too slow to become one. */
function refuseRaw(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, reason, detail] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, 'headers.too-large', 'The headers are larger than 16 KiB'] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, 'headers.too-slow', 'The headers did not arrive in time'] as const)
        : ([400, 'http.malformed', 'This is not a well-formed HTTP/1.1 request'] as const)
  writeRaw(socket, status, reason, detail)
}

/** An answer where there is no response to write to. */
function writeRaw(socket: Socket, status: number, reason: string, detail: string): void {
  const body = JSON.stringify(outside(status, reason, detail))
  socket.end(
    [
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}`,
      `Date: ${new Date().toUTCString()}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `Standin-Reason: ${reason}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}

/** A problem (RFC 9457) of a request that no API was reached by. */
function outside(status: number, reason: string, detail: string): object {
  return { type: 'about:blank', title: http.STATUS_CODES[status], status, detail, reason }
}

/** Contracts that were read: they do not change while a process runs, and many servers share them. */
const contracts = new Map<string, Contract>()

/** The API's contract; it and the slice must name the same operations. */
function contractOf(api: Api): Contract {
  const file = packaged(`specs/${api.spec}`)
  const contract = contracts.get(file) ?? new Contract(file)
  contracts.set(file, contract)
  const promised = contract.operations.map(({ id }) => id)
  const made = Object.keys(api.operations)
  const missing = promised.filter((id) => !made.includes(id))
  const extra = made.filter((id) => !promised.includes(id))
  if (missing.length > 0) {
    throw new Error(`${file} promises ${missing.join(', ')}, which ${api.name} does not have`)
  }
  if (extra.length > 0) {
    throw new Error(`${api.name} has ${extra.join(', ')}, which ${file} does not promise`)
  }
  return contract
}

function protoOf({ proto }: Config): string {
  if (proto !== undefined && !existsSync(proto)) throw new Error(`There is no ${proto} (--proto)`)
  return proto ?? packaged('specs/mykaarma.proto')
}

/** The package's fixtures, with what the configuration says about tokens. */
export function fixturesOf(config: Config): Fixtures & { readonly cryptlex: CryptlexFixtures } {
  const fixtures = Object.fromEntries(
    ['mykaarma', 'cryptlex', 'formsonfire'].map((name) => [
      name,
      readJson(packaged(`fixtures/${name}.json`)) as Record<string, unknown>,
    ]),
  )
  const given = fixtures['cryptlex']!
  const signing = {
    ...(given['signing'] as object),
    ...(config.jwtSecret === undefined ? {} : { secret: config.jwtSecret }),
    ...(config.jwks === undefined ? {} : { keys: keysIn(config.jwks) }),
    verify: config.jwtVerify,
  }
  return { ...fixtures, cryptlex: { ...given, signing } as CryptlexFixtures }
}

function keysIn(file: string): unknown {
  const set = readJson(file)
  if (typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys)) {
    return set.keys
  }
  throw new Error(`${file} (--jwks) must hold a JSON Web Key Set: {"keys": […]}`)
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function listen(server: http.Server, { port, host }: Config): Promise<number> {
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
async function stop(server: http.Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), 8000)
  // A connection that is kept alive becomes idle only when its request is answered.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  await new Promise<void>((resolve) => server.close(() => resolve()))
  clearTimeout(late)
  clearInterval(sweep)
}

/** An address as a URL has it; one that means every interface is reached by localhost. */
function hostIn(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
