import type { IncomingMessage, ServerResponse } from 'node:http'
import { Call, type Reply } from '../api.ts'
import { hintHeaders } from '../explain/hints/index.ts'
import { FaultInjector, ConnectionEnded, withOutcome } from '../faults/injector.ts'
import type { Faults } from '../faults/faults.ts'
import { dropUnknownFields, readBody, readEarly, readRaw } from './read.ts'
import { closeWhenIdle } from '../http/linger.ts'
import { acceptable, refusalType } from './negotiation.ts'
import type { ApiContext } from '../context.ts'
import { invalid, Problem } from '../problem.ts'
import { respond } from './respond.ts'
import type { State } from '../store/state.ts'

/**
 * One request, from its head to its answer: route, credentials, body, contract, operation, store,
 * answer. Everything that refuses throws a Problem; it is worded by the API and answered here, by
 * way of `send`. Faults are met on the way, and cost nothing where none are armed.
 */
export async function answer(
  context: ApiContext,
  request: IncomingMessage,
  response: ServerResponse,
  { base = '', refusal, headers: extra }: Way = {},
): Promise<void> {
  const { api, faults, tools } = context
  const call = callFor(context, request, base)
  const injector = faults && new FaultInjector({ api, tools, faults, call, response })
  let headers: Headers = extra ?? {}
  let reply: Reply
  try {
    const own = api.admit?.(call, tools) ?? {}
    headers = extra ? together(extra, own) : own
    if (refusal) {
      if (refusal.reason === 'route.unknown') call.stage = 'route'
      throw refusal
    }
    reply = await served(context, call, request, injector)
    if (!call.endedAt) call.stage = 'answer'
  } catch (error) {
    if (error instanceof ConnectionEnded) {
      if (injector && faults.isWatching) faults.seen(injector, call.created !== undefined)
      return unanswered(context, call, request)
    }
    reply = refused(context, call, error)
    // Who is refused for what the state holds may rely on it, so it has to be there.
    if (context.store.isUnsure) {
      await context.store.saved().catch((lost: unknown) => {
        reply = refused(context, call, lost)
      })
    }
  }
  if (injector && faults.isWatching) faults.seen(injector, call.created !== undefined)
  if (call.headers['standin-explain'] === '1') {
    headers = { ...headers, ...hintHeaders({ ...context, call }) }
  }
  respond(context, call, reply, headers, response)
  // A compressed body may end before what was announced does.
  const isRead = call.bodyText !== undefined && request.headers['content-encoding'] === undefined
  closeWhenIdle(request, response, { time: context.limits.time, isRead })
  if (call.deliveries) context.webhooks.deliver(call.deliveries)
}

/** How a request came to its context. */
interface Way {
  /** What stood before the API's prefix. */
  readonly base?: string
  /** Why it is refused in any case. */
  readonly refusal?: Problem | undefined
  /** For the answer, whatever it is. */
  readonly headers?: Headers | undefined
}

type Headers = Readonly<Record<string, string>>

function together(some: Headers, others: Headers): Headers {
  const vary = [some['Vary'], others['Vary']].filter((name) => name !== undefined).join(', ')
  return vary === '' ? { ...some, ...others } : { ...some, ...others, Vary: vary }
}

/** What is left to do where the connection was ended instead: the status is 0, as HAR has it. */
function unanswered(context: ApiContext, call: Call, { rawHeaders }: IncomingMessage): void {
  const reply = { status: 0, body: undefined }
  context.requestLog.record(context, call, { ...reply, headers: {}, body: '', size: 0, rawHeaders })
  // The user is there all the same, and so is what tells of it.
  if (call.deliveries) context.webhooks.deliver(call.deliveries)
  context.observe?.({ context, call, reply })
}

export function callFor(
  { api, profile, requestLog }: ApiContext,
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
    // As it came: what finds the sandbox and the API takes its part off the URL.
    url: (request as { originalUrl?: string }).originalUrl ?? `${base}${url}`, // Express adds it
    path: api.route?.(path, query) ?? path,
    query,
    headers: request.headers,
    address: request.socket.remoteAddress ?? '',
    base,
    profile,
    answerType: api.formats[0]!.mediaType,
  })
}

async function served(
  context: ApiContext,
  call: Call,
  request: IncomingMessage,
  injector: FaultInjector | undefined,
): Promise<Reply> {
  const { api, contract, tools, faults } = context
  if (api.answerType) call.answerType = api.answerType(call)
  call.stage = 'route'
  const { operation, params } = contract.find(call.method, call.path)
  call.operation = operation
  call.params = params
  const read = () => readEarly(context, call, request)
  const first = injector && (await injector.begin(request, read))
  if (first) return first
  call.stage = 'credentials'
  if (api.credentialsIn === 'header') {
    try {
      call.caller = await api.authorize(call, tools)
    } catch (error) {
      // Faults come before credentials, and one may be in the body.
      if (!injector?.mayLookAt(request)) throw error
      await read()
      const instead = await injector.inBody(['route'])
      if (instead) return instead
      throw error
    }
    const met = faults && isOn(call, faults) && (await injector!.meet('auth')) // faults have one
    if (met) return met
  }
  call.stage = 'accept'
  if (!api.answerType) call.answerType = acceptable(call, operation.answerTypes)
  call.stage = 'body'
  if (operation.rawBody) await readRaw(context, call, request)
  else if (operation.requestTypes.length > 0) {
    const met = await readBody(context, call, request, injector)
    if (met) return met
  }
  if (api.credentialsIn === 'body') {
    call.stage = 'credentials'
    call.caller = await api.authorize(call, tools)
    const met = faults && isOn(call, faults) && (await injector!.meet('auth')) // faults have one
    if (met) return met
  }
  call.stage = 'contract'
  const violations = operation.check(call)
  if (violations.length > 0) throw invalid(violations)
  dropUnknownFields(call, operation)
  call.stage = 'strict'
  const doubts = operation.checkStrictly(call)
  if (doubts.length > 0) call.assume(invalid(doubts))
  if (!faults || !isOn(call, faults)) return await operated(context, call)
  const met = await injector!.meet('validation') // faults have one
  if (met) return met
  const reply = await operated(context, call, injector)
  return (await injector!.meet('commit')) ?? reply
}

/** Whether this request may still meet a fault. */
function isOn({ firing, requestedFault }: Call, faults: Faults): boolean {
  return firing !== undefined || requestedFault !== undefined || faults.isArmed
}

/** The operation itself, and the wait until what it changed is kept. */
async function operated(context: ApiContext, call: Call, injector?: FaultInjector): Promise<Reply> {
  const { api, store } = context
  call.stage = 'operation'
  // What other calls of a vendor read may be about webhooks.
  if (api.webhooks && call.operation!.id !== api.users?.operation) context.webhooks.flush()
  const task = api.tasks?.[call.operation!.id] // found before
  const reply = task
    ? await task(call)
    : call.firing?.effect.outcome
      ? withFault(context, call, injector!) // who met a fault has one
      : operate(context, call)
  call.stage = 'saving'
  if (store.isUnsure) {
    await store.saved().catch((lost: unknown) => {
      call.created = call.events = call.deliveries = undefined
      throw lost
    })
  }
  if (call.deliveries && call.deliveryFaults) await context.webhooks.beforeAnswer(call.deliveries)
  return reply
}

/** Runs the operation so that all of its changes are kept together, or none. */
function operate(
  { api, store, tools, webhooks }: ApiContext,
  call: Call,
  seen = (state: State) => state,
): Reply {
  const work = api.operations[call.operation!.id]! // the start has looked
  const webhook = call.firing?.effect.webhook
  if (webhook) call.deliveryFaults = [webhook]
  const reply = store.transact(() => {
    const made = work(call, seen(store), tools)
    // User and delivery are one write: either is kept with the other.
    if (made.events) call.deliveries = webhooks.record(made.events, call)
    return made
  })
  call.created = reply.created
  call.events = reply.events?.map(({ name }) => name)
  return reply
}

function withFault(context: ApiContext, call: Call, injector: FaultInjector): Reply {
  const { api, store, tools, log, faults, webhooks } = context
  return withOutcome(injector, call.firing!, faults!, {
    operate: (seen) => operate(context, call, seen),
    imagine: () => store.undone(() => api.operations[call.operation!.id]!(call, store, tools)),
    later: (ms, work) => {
      faults!.schedule(ms, async () => {
        try {
          work()
          if (store.isUnsure) await store.saved()
          if (call.deliveries) webhooks.deliver(call.deliveries)
        } catch (error) {
          if (!(error instanceof Problem)) log.bug('a user could not be created later', error)
        }
      })
    },
  })
}

/** The refusal in the vendor's words; what is no Problem is our own bug and says nothing. */
function refused(context: ApiContext, call: Call, error: unknown): Reply {
  let problem: Problem
  if (error instanceof Problem) {
    problem = error
    if (problem.status === 500 && !call.firing) context.log.warn(problem.message)
  } else {
    context.log.bug(`${context.api.name} failed to answer ${call.method} ${call.path}`, error)
    problem = new Problem(500, 'internal', 'Something went wrong inside Standin; its log says what')
  }
  call.problem = problem
  if (!context.api.answerType) call.answerType = refusalType(call, context.api)
  const reply = context.api.explain(problem, call, context.tools)
  const headers = { ...problem.headers, ...reply.headers, 'Standin-Reason': problem.reason }
  // A tester who asks for a status gets it, even where the vendor would use another.
  const status = call.firing?.effect.refusal?.status ?? reply.status
  return { ...reply, status, headers }
}
