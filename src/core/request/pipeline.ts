import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reply, Task } from '../api.ts'
import { Call } from '../call.ts'
import { hintHeaders } from '../explain/hints/index.ts'
import { ConnectionEnded, FaultInjector, NO_FAULTS, type Injector } from '../faults/injector.ts'
import { closeWhenIdle } from '../http/linger.ts'
import { invalid, Problem } from '../problem.ts'
import { faultStagesBeforeBody, stagesOf, type ServedStage } from '../stages.ts'
import { ClientGone } from '../slices.ts'
import type { State } from '../store/state.ts'
import { acceptable, refusalType } from './negotiation.ts'
import type { PipelineContext } from './pipeline-context.ts'
import { dropUnknownFields, parseBody, readEarly, readRaw, readText } from './read.ts'
import { respond } from './respond.ts'

/** The arrival of a request at an API. */
interface Arrival {
  /** The path prefix of the sandbox, which precedes the API's prefix; may be empty. */
  readonly base?: string
  /** A refusal that was decided before the pipeline ran, whatever the request contains. */
  readonly refusal?: Problem | undefined
  /** Headers for every answer. */
  readonly headers?: Headers | undefined
}

type Headers = Readonly<Record<string, string>>

/** One request that the pipeline is serving. */
interface ServedRequest {
  readonly context: PipelineContext
  readonly call: Call
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly injector: Injector
  /** The answer of the operation, once it has run. */
  reply?: Reply
}

/**
 * Answers one request: runs its stages, turns a Problem that one of them throws into the vendor's
 * error, and writes the answer.
 */
export async function answer(
  context: PipelineContext,
  request: IncomingMessage,
  response: ServerResponse,
  arrival: Arrival = {},
): Promise<void> {
  const { api, faults, tools } = context
  const call = callFor(context, request, arrival.base ?? '')
  const injector = faults ? new FaultInjector(faults, context, call, response) : NO_FAULTS
  let headers = arrival.headers ?? {}
  let reply: Reply
  try {
    headers = merged(arrival.headers, api.admit?.(call, tools))
    if (arrival.refusal) refuseAtArrival(call, arrival.refusal)
    reply = await serve({ context, call, request, response, injector })
    if (!call.endedAfter) call.stage = 'answer'
  } catch (error) {
    if (error instanceof ConnectionEnded || error instanceof ClientGone) {
      injector.finish()
      return recordUnanswered(context, call, request)
    }
    reply = await refusedAndSaved(context, call, error)
  }
  injector.finish()
  if (call.headers['standin-explain'] === '1') {
    headers = { ...headers, ...hintHeaders({ ...context, call }) }
  }
  respond({ context, call, injector, response }, reply, headers)
  // A compressed body may end before the announced Content-Length.
  const isRead = call.isBodyRead && request.headers['content-encoding'] === undefined
  closeWhenIdle(request, response, { time: context.limits.time, isRead })
  deliver(context, call)
}

/** Runs the stages in the API's order. Each may refuse by throwing, and a fault may end each. */
async function serve(served: ServedRequest): Promise<Reply> {
  const { context, call, injector } = served
  for (const { name, faultsAfter } of stagesOf(context.api)) {
    call.stage = name
    // Most stages are synchronous, and an unneeded await costs time.
    const work = STAGE_HANDLERS[name](served)
    const ended = work && (await work)
    if (ended) return ended
    const firing = faultsAfter && injector.fire(faultsAfter)
    const reply = firing && (await firing)
    if (reply) return reply
  }
  if (!served.reply) throw new Error(`No operation answered ${call.method} ${call.path}`)
  return served.reply
}

/** The work of each stage. A handler that returns an answer ends the request with it. */
const STAGE_HANDLERS: Readonly<
  Record<ServedStage, (served: ServedRequest) => undefined | Promise<void | Reply | undefined>>
> = {
  route: ({ context, call, request, injector }) => {
    const { api, contract } = context
    if (api.answerType) call.answerType = api.answerType(call)
    const isLenient = api.lenient !== undefined && !call.strict
    const { operation, params, isExact } = contract.find(call.method, call.path, isLenient)
    if (!isExact) {
      const text = `The path is ${contract.prefix}${operation.path}, in this case and without a slash at the end`
      call.warn('route.unknown', text, { assumed: true })
    }
    call.operation = operation
    call.params = params
    api.readQuery?.(call)
    if (operation.isRouteAssumed) {
      const text = "The method and path of this call are assumed: the vendor's page shows neither"
      call.warn('route.assumed', text)
    }
    return injector.begin(request, () => readEarly(context, call, request))
  },

  credentials: async ({ context, call, request, injector }) => {
    const { api, tools } = context
    if (api.credentialsIn === 'none') return undefined
    try {
      call.caller = await api.authorize(call, tools)
      return undefined
    } catch (error) {
      const read = () => readEarly(context, call, request)
      const ended = await injector.beforeRefusal(request, read)
      if (ended) return ended
      throw error
    }
  },

  accept: ({ context: { api }, call }) => {
    if (!api.answerType) call.answerType = acceptable(call, operationOf(call).answerTypes)
    return undefined
  },

  body: async ({ context, call, request, injector }) => {
    const { rawBody, requestTypes } = operationOf(call)
    if (rawBody) return readRaw(context, call, request)
    if (requestTypes.length === 0) return undefined
    await readText(context, call, request)
    const firing = injector.afterBody(faultStagesBeforeBody(context.api))
    const ended = firing && (await firing)
    if (ended) return ended
    const parsing = parseBody(context, call)
    if (parsing) await parsing
    return undefined
  },

  contract: ({ call }) => {
    const violations = operationOf(call).check(call)
    if (violations.length > 0) throw invalid(violations)
    dropUnknownFields(call, operationOf(call))
    return undefined
  },

  strict: ({ call }) => {
    const violations = operationOf(call).checkStrictly(call)
    if (violations.length > 0) call.refuseIfStrict(invalid(violations))
    return undefined
  },

  operation: (served) => {
    const { context, call, injector } = served
    const { api, webhooks } = context
    const { id } = operationOf(call)
    // Pending webhooks change rows that the vendor's other calls may read.
    if (api.webhooks && id !== api.users?.operation) webhooks.flush()
    const task = api.tasks?.[id]
    if (task) return runTask(served, task)
    served.reply = injector.operate({
      run: (view) => operate(context, call, view),
      dryRun: () => dryRun(context, call),
      runLater: () => operateLater(context, call),
    })
    return undefined
  },

  saving: ({ context, call }) =>
    context.store.hasUnsavedChanges || call.deliveryFaults ? save(context, call) : undefined,
}

async function runTask(served: ServedRequest, task: Task): Promise<void> {
  const { call, response } = served
  const gone = new AbortController()
  call.signal = gone.signal
  const onClose = () => gone.abort()
  response.once('close', onClose)
  served.reply = await task(call)
  response.off('close', onClose)
}

/** Waits until the changes are stored, and for the webhooks that a fault sends before the answer. */
async function save({ store, webhooks }: PipelineContext, call: Call): Promise<void> {
  if (store.hasUnsavedChanges) {
    await store.saved().catch((error: unknown) => {
      call.created = call.changed = call.events = call.deliveries = call.released = undefined
      throw error
    })
  }
  if (call.deliveries && call.deliveryFaults) await webhooks.deliverBeforeAnswer(call.deliveries)
}

/** Creates the Call from a request's head. The body stays unread. */
export function callFor(
  { api, profile, requestLog }: PipelineContext,
  request: IncomingMessage,
  base: string,
): Call {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? new URLSearchParams() : new URLSearchParams(url.slice(mark + 1))
  return new Call({
    id: requestLog.number(),
    method: request.method ?? 'GET',
    // Express removes the prefix of the sandbox and the API from `url`.
    url: (request as { originalUrl?: string }).originalUrl ?? `${base}${url}`, // Express adds `originalUrl`
    path: api.route?.(path, query) ?? path,
    query,
    headers: request.headers,
    address: request.socket.remoteAddress ?? '',
    port: request.socket.remotePort,
    base,
    scheme: 'encrypted' in request.socket ? 'https' : 'http', // as a TLSSocket has it
    profile,
    answerType: api.formats[0]!.mediaType,
  })
}

function operationOf({ operation }: Call): NonNullable<Call['operation']> {
  if (!operation) throw new Error('No operation was found for the request yet')
  return operation
}

function merged(arrival: Headers | undefined, admitted: Headers | undefined): Headers {
  if (!arrival || !admitted) return arrival ?? admitted ?? {}
  const vary = [arrival['Vary'], admitted['Vary']].filter((name) => name !== undefined).join(', ')
  const both = { ...arrival, ...admitted }
  return vary === '' ? both : { ...both, Vary: vary }
}

function refuseAtArrival(call: Call, refusal: Problem): never {
  if (refusal.reason === 'route.unknown') call.stage = 'route'
  throw refusal
}

/** Runs the operation in one transaction: all of its changes are stored, or none. */
function operate(
  { api, store, tools, webhooks }: PipelineContext,
  call: Call,
  view = (state: State) => state,
): Reply {
  const work = api.operations[operationOf(call).id]! // the start has compared slice and contract
  const webhook = call.firing?.effect.webhook
  if (webhook) call.deliveryFaults = [webhook]
  const reply = store.transact(() => {
    const result = work(call, view(store), tools)
    // The user and its deliveries are stored in one write: both or neither.
    if (result.events) call.deliveries = webhooks.record(result.events, call)
    const { changed } = result
    if (changed?.kind === 'deleted') call.released = webhooks.releaseAfterDelete(changed.id)
    return result
  })
  call.created = reply.created
  call.changed = reply.changed
  call.events = reply.events?.map(({ name }) => name)
  return reply
}

/** Starts the deliveries that the request caused, then those that it released. */
function deliver({ webhooks, log }: PipelineContext, { deliveries, released }: Call): void {
  if (deliveries) webhooks.deliver(deliveries)
  if (!released || released.length === 0) return
  webhooks
    .attemptsDone()
    .then(() => webhooks.deliverReleased(released))
    .catch((error: unknown) => log.bug('released deliveries could not be started', error))
}

/** Runs the operation and rolls its changes back: the answer is real, the change is not. */
function dryRun({ api, store, tools }: PipelineContext, call: Call): Reply {
  return store.dryRun(() => api.operations[operationOf(call).id]!(call, store, tools)) // as above
}

/** Runs the operation after its client has been answered. */
async function operateLater(context: PipelineContext, call: Call): Promise<void> {
  const { store, log } = context
  try {
    operate(context, call)
    if (store.hasUnsavedChanges) await store.saved()
    deliver(context, call)
  } catch (error) {
    if (!(error instanceof Problem)) log.bug('a delayed operation failed', error)
  }
}

/**
 * Answers a refusal once the state that it depends on is stored, since clients rely on the answer.
 */
async function refusedAndSaved(
  context: PipelineContext,
  call: Call,
  error: unknown,
): Promise<Reply> {
  const reply = refused(context, call, error)
  if (!context.store.hasUnsavedChanges) return reply
  return context.store.saved().then(
    () => reply,
    (failure: unknown) => refused(context, call, failure),
  )
}

/** Returns the vendor's answer for a refusal. Any other error is a bug, and its answer hides it. */
function refused(context: PipelineContext, call: Call, error: unknown): Reply {
  const { api, contract, log, tools } = context
  let problem: Problem
  if (error instanceof Problem) {
    problem = error
    if (problem.status === 500 && !call.firing) log.warn(problem.message)
  } else {
    log.bug(`${api.name} failed to answer ${call.method} ${call.path}`, error)
    problem = new Problem(
      500,
      'internal',
      'Something went wrong inside Standin; its log has the error',
    )
  }
  call.problem = problem
  if (!api.answerType) {
    const listed = contract.answerTypes(call.operation, problem.status)
    const offered = listed.length > 0 ? listed : api.formats.map(({ mediaType }) => mediaType)
    call.answerType = refusalType(call, offered)
  }
  const reply = api.refuse(problem, call, tools)
  const headers = { ...problem.headers, ...reply.headers, 'Standin-Reason': problem.reason }
  // A fault's status is sent as requested, even where the vendor would use another.
  const status = call.firing?.effect.refusal?.status ?? reply.status
  return { ...reply, status, headers }
}

/** Records a request whose connection a fault or its client ended, with status 0 as in HAR. */
function recordUnanswered(
  context: PipelineContext,
  call: Call,
  { rawHeaders }: IncomingMessage,
): void {
  const reply = { status: 0, body: undefined }
  context.requestLog.record(context, call, {
    ...reply,
    headers: {},
    body: '',
    size: 0,
    rawHeaders,
  })
  // The user may be stored nevertheless; then its webhooks are due.
  deliver(context, call)
  context.observe?.({ context, call, reply })
}
