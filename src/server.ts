import { existsSync } from 'node:fs'
import * as http from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { admin } from './admin/index.ts'
import type { Host } from './admin/world.ts'
import { announce, removeStale } from './announce.ts'
import { cryptlex } from './apis/cryptlex/index.ts'
import { formsonfire } from './apis/formsonfire/index.ts'
import { checkProto, mykaarma } from './apis/mykaarma/index.ts'
import { ConfigError, type Config } from './config.ts'
import type { Api } from './core/api.ts'
import type { Contract } from './core/contract.ts'
import { Clock } from './core/clock.ts'
import type { Terms } from './core/faults/definition.ts'
import { Faults } from './core/faults/faults.ts'
import { reasonsOf } from './core/faults/refusal.ts'
import { Guard } from './core/guard.ts'
import { stderr, type Log } from './core/log.ts'
import type { Sink } from './core/logs/lines.ts'
import type { RequestLog } from './core/logs/open.ts'
import { Egress, readEgress } from './core/webhooks/egress.ts'
import { readPlan } from './core/webhooks/plan.ts'
import { answer } from './core/pipeline.ts'
import type { Place } from './core/place.ts'
import { answerPreflight } from './core/preflight.ts'
import { Problem } from './core/problem.ts'
import { answerRaw, inTurn, outside, refuseUnread, type Wreck } from './core/raw.ts'
import type { Common, Sandbox } from './sandbox.ts'
import { addressOf, DEFAULT, Sandboxes, type Address, type HostOptions } from './sandboxes.ts'
import { messageOf } from './core/thrown.ts'
import { fixturesOf } from './fixtures.ts'
import { measuresOf } from './measures.ts'
import { contractAt, packaged, VERSION } from './package.ts'

export interface ServerParts {
  readonly log?: Log
  /** Called with every answer that its contract does not allow, instead of the log; looks closer. */
  readonly objection?: (message: string) => void
  /** Where requests are logged to, instead of standard output. */
  readonly lines?: Sink
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

/**
 * Reads the contracts, opens the sandboxes and listens.
 *
 * @throws Error with a message for the person at the terminal
 */
export async function startServer(config: Config, parts: ServerParts = {}): Promise<Server> {
  const requestLog = await requestLogOf(config, parts.lines)
  const log = parts.log ?? requestLog?.log ?? stderr
  const vendors = [mykaarma(protoOf(config)), cryptlex, formsonfire].map((api) => ({
    api,
    contract: contractOf(api),
  }))
  const own = contractAt('standin.yaml')
  const prefixes = vendors.map(({ contract }) => contract.prefix)
  let sandboxes: Sandboxes
  let stopping = false
  let url: string | undefined
  const host: Host = {
    version: VERSION,
    apis: vendors.map(({ api }) => api.name),
    prefixes,
    isStopping: () => stopping,
    metrics: () => metrics,
    list: () => sandboxes.list(),
    get: (name) => sandboxes.get(name),
    create: (wish) => sandboxes.create(wish),
    remove: (name) => sandboxes.remove(name),
    fixturesWith: (given) => sandboxes.fixturesWith(given),
    keepFixtures: ({ settings }, fixtures) => sandboxes.keepFixtures(settings.name, fixtures),
  }
  const guard = new Guard(config)
  const metrics = measuresOf(VERSION, () => sandboxes.list())
  const common: Common = {
    vendors,
    admin: (sandbox) => {
      const api = admin(sandbox, host)
      mustAgree(api, own)
      return { api, contract: own }
    },
    limits: { size: config.maxBody, time: config.bodyTimeout },
    journal: { size: config.journalSize, bytes: config.journalBytes },
    log,
    gate: {
      objection: parts.objection ?? ((message: string) => log.bug('a wrong answer left', message)),
      readsBack: parts.objection !== undefined,
      observe: (answered) => {
        metrics.count(answered)
        requestLog?.observe(answered)
      },
    },
    faults: { terms: termsOf(vendors, own), magic: config.magicFaults, startup: config.faults },
    wrote: (milliseconds) => metrics.flushes.add(milliseconds),
    webhooks: { ...webhooksOf(config, vendors), self: () => url, pass: guard.pass },
  }
  mustBeUsable(common.faults)
  sandboxes = await opened({
    settings: {
      name: DEFAULT,
      seed: config.seed,
      clock: config.clock,
      clockWins: config.clock !== undefined,
      profile: config.profile,
      fixtures: fixturesOf(config, own),
    },
    common,
    folder: config.memory ? undefined : config.data,
    durability: config.durability,
    recover: config.recover,
    auto: config.autoSandboxes,
  })
  const app = appFor(sandboxes, { vendors: prefixes, own: own.prefix, guard, log })
  const server = serverFor(app, config, ({ names }) =>
    sandboxes.atTheDoor(addressOf({ ...names }).name, own.prefix),
  )
  guard.watch(server)
  try {
    removeStale(config)
    const port = await listen(server, config)
    const reached = `http://${hostIn(config.host)}:${port}`
    url = reached
    const withdraw = announce(config, reached, port)
    return {
      url: reached,
      port,
      app,
      sandbox: sandboxes.default,
      apis: vendors.map(({ api: { name, title }, contract }) => ({
        name,
        title,
        url: `${reached}${contract.prefix}`,
      })),
      close: async () => {
        stopping = true
        withdraw()
        sandboxes.letGo()
        await stop(server)
        await sandboxes.close()
        await requestLog?.close()
      },
    }
  } catch (error) {
    server.close()
    await sandboxes.close()
    throw error
  }
}

interface Doors {
  /** Where the vendors' APIs are. */
  readonly vendors: readonly string[]
  /** Where the admin API is. */
  readonly own: string
  readonly guard: Guard
  readonly log: Log
}

/** One Express app: finds the sandbox, then its API by the prefix, and is a plain 404 elsewhere. */
function appFor(sandboxes: Sandboxes, { vendors, own, guard, log }: Doors): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', false)
  const nowhere = new Problem(404, 'route.unknown', 'There is nothing here')
  // What is refused at the door is refused in Standin's words: no vendor knows of it.
  const turnAway = (refusal: Problem, request: Request, response: Response) => {
    const { name, base } = response.locals as Address // set below
    return answer(sandboxes.atTheDoor(name, own), request, response, { base, refusal })
  }
  app.use((request: Request, response: Response, next: NextFunction) => {
    response.locals = addressOf(request)
    const refusal = guard.atTheDoor(request)
    return refusal ? turnAway(refusal, request, response) : next()
  })
  const find = (request: Request, { locals }: Response) =>
    sandboxes.find(locals as Address, !guard.isForeign(request)) // set above
  for (const prefix of vendors) {
    app.use(prefix, (request: Request, response: Response) => {
      const objection = guard.fromVendor(request)
      if (objection) return turnAway(objection, request, response)
      const { sandbox, base, refusal } = find(request, response)
      const allowed = guard.preflight(request)
      if (allowed)
        return answerPreflight(sandbox.placeAt(prefix), request, response, { base, allowed })
      const headers = guard.corsHeaders(request)
      return answer(sandbox.placeAt(prefix), request, response, { base, refusal, headers })
    })
  }
  const askOwn = (request: Request, response: Response) => {
    // Node leaves the body out by itself, so that the head is that of a GET.
    if (request.method === 'HEAD' && request.path === '/') request.method = 'GET'
    const objection = guard.fromAdmin(request, request.path)
    if (objection) return turnAway(objection, request, response)
    const { sandbox, base, refusal } = find(request, response)
    return answer(sandbox.placeAt(own), request, response, { base, refusal })
  }
  app.use(own, askOwn)
  app.use((request: Request, response: Response) => {
    const { method, path } = request
    if (path === '/' && (method === 'GET' || method === 'HEAD')) return askOwn(request, response)
    const { sandbox, base, refusal = nowhere } = find(request, response)
    return answer(sandbox.placeAt(own), request, response, { base, refusal })
  })
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
function serverFor(
  app: Express,
  { headerTimeout }: Config,
  door: (wreck: Wreck) => Place,
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
    const wreck = { refusal, method: 'CONNECT', url: authority, names }
    inTurn(answering.get(socket), socket, () => answerRaw(door(wreck), socket, wreck))
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

/** A sandbox that is opened would refuse them too, but not say where they come from. */
function mustBeUsable(faults: Common['faults']): void {
  const { startup = [] } = faults
  const trial = new Faults({ ...faults, startup: [], clock: new Clock(), seed: 0 })
  for (const [i, definition] of startup.entries()) {
    try {
      trial.add(definition)
    } catch (error) {
      const which = startup.length > 1 ? `number ${i + 1} of ${startup.length}: ` : ''
      const message = `--faults (STANDIN_FAULTS) cannot be used: ${which}${messageOf(error)}`
      throw new ConfigError(message, { cause: error })
    }
  }
}

/** What users the fixtures bring is only known when they are created. */
async function opened(options: HostOptions): Promise<Sandboxes> {
  try {
    return await Sandboxes.open(options)
  } catch (error) {
    if (!(error instanceof Problem) || error.reason !== 'fixtures.invalid') throw error
    const message = `The fixtures (--fixtures) cannot be used: ${error.message}`
    throw new ConfigError(message, { cause: error })
  }
}

/** What faults may name. */
function termsOf(vendors: Common['vendors'], own: Contract): Terms {
  return {
    schema: own.component('NewFault'),
    check: (definition) => own.violationsOf('NewFault', definition),
    apis: new Map(
      vendors.map(({ api, contract }) => [
        api.name,
        {
          operations: contract.operations.map(({ id }) => id),
          reasons: reasonsOf(api),
          statuses: contract.statuses,
        },
      ]),
    ),
  }
}

/** What logs the requests, loaded where that is asked for. */
async function requestLogOf(
  { log: format = 'off', logLevel: level }: Config,
  lines: Sink | undefined,
): Promise<RequestLog | undefined> {
  if (format === 'off') return undefined
  const { openLog } = await import('./core/logs/open.ts')
  return openLog({ format, level }, lines)
}

/** The API's contract; it and the slice name the same operations. */
function contractOf(api: Api): Contract {
  const contract = contractAt(api.spec)
  mustAgree(api, contract)
  return contract
}

/** How webhooks are delivered, and to whom besides those who subscribed. */
function webhooksOf(
  config: Config,
  vendors: Common['vendors'],
): Omit<Common['webhooks'], 'self' | 'pass'> {
  const style = vendors.map(({ api }) => api.webhooks).find((one) => one !== undefined)
  const isOwn = /^(127\.|::1$|localhost$)/.test(config.host)
  return {
    plan: readPlan(config.webhookRetries),
    timeout: config.webhookTimeout,
    ordered: config.webhookOrder,
    scheme: config.webhookScheme,
    header: style?.header ?? 'Webhook-Signature',
    // Whoever reaches a server that others reach too could have it call its neighbours.
    egress: new Egress(
      config.egress === undefined
        ? isOwn
          ? { kind: 'private' }
          : { kind: 'hosts', hosts: [] }
        : readEgress(config.egress),
    ),
    url: config.webhookUrl,
    secret: config.webhookSecret,
  }
}

function protoOf({ proto }: Config): string {
  if (proto === undefined) return packaged('specs/mykaarma.proto')
  if (!existsSync(proto)) throw new ConfigError(`There is no ${proto} (--proto)`)
  try {
    checkProto(proto)
  } catch (error) {
    throw new ConfigError(`${messageOf(error)} (--proto)`, { cause: error })
  }
  return proto
}

function mustAgree(api: Api, contract: Contract): void {
  const promised = contract.operations.map(({ id }) => id)
  const made = [...Object.keys(api.operations), ...Object.keys(api.tasks ?? {})]
  const missing = promised.filter((id) => !made.includes(id))
  const extra = made.filter((id) => !promised.includes(id))
  if (missing.length > 0) {
    throw new Error(
      `specs/${api.spec} promises ${missing.join(', ')}, which ${api.name} does not have`,
    )
  }
  if (extra.length > 0) {
    throw new Error(`${api.name} has ${extra.join(', ')}, which specs/${api.spec} does not promise`)
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
