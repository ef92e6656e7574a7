import type { IncomingMessage, ServerResponse } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import {
  Call,
  type Api,
  type OperationContract,
  type Profile,
  type Reply,
  type Tools,
} from './api.ts'
import { readBytes, readText, type BodyLimits } from './body.ts'
import type { Contract } from './contract.ts'
import type { Format } from './format.ts'
import type { Log } from './log.ts'
import { invalid, Problem } from './problem.ts'
import { isRecord, type Schema } from './schema.ts'
import type { Store } from './store/store.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

/** What one API of one sandbox needs to answer. */
export interface Place {
  readonly api: Api
  readonly contract: Contract
  readonly profile: Profile
  readonly tools: Tools
  readonly store: Store
  readonly webhooks: Webhooks
  readonly limits: BodyLimits
  readonly log: Log
  /** Called with every answer that the contract does not allow. */
  readonly objection: (message: string) => void
  /** Whether what is written is read back too: thorough, and too slow for every day. */
  readonly readsBack: boolean
  /** The next request's id. */
  readonly number: () => string
}

/**
 * One request, from its head to its answer: route, credentials, body, contract, operation, store,
 * answer. Everything that refuses throws a Problem; it is worded by the slice and answered here,
 * and nowhere else is a response written to.
 */
export async function answer(
  place: Place,
  request: IncomingMessage,
  response: ServerResponse,
  { base = '', refusal }: { readonly base?: string; readonly refusal?: Problem | undefined } = {},
): Promise<void> {
  const call = callFor(place, request, base)
  let headers: Readonly<Record<string, string>> = {}
  let reply: Reply
  try {
    headers = place.api.admit?.(call, place.tools) ?? {}
    if (refusal) throw refusal
    reply = await served(place, call, request)
  } catch (error) {
    reply = refused(place, call, error)
    // Who is refused for what the state holds may rely on it, so it has to be there.
    if (place.store.isUnsure) {
      await place.store.saved().catch((lost: unknown) => {
        reply = refused(place, call, lost)
      })
    }
  }
  send(place, call, reply, headers, response)
  if (call.deliveries) place.webhooks.tell(call.deliveries)
}

function callFor({ api, profile, number }: Place, request: IncomingMessage, base: string): Call {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? new URLSearchParams() : new URLSearchParams(url.slice(mark + 1))
  return new Call({
    id: number(),
    method: request.method ?? 'GET',
    path: api.route?.(path, query) ?? path,
    query,
    headers: request.headers,
    address: request.socket.remoteAddress ?? '',
    base,
    profile,
    answerType: api.formats[0]!.mediaType,
  })
}

async function served(place: Place, call: Call, request: IncomingMessage): Promise<Reply> {
  const { api, contract, tools, store } = place
  if (api.answerType) call.answerType = api.answerType(call)
  call.stage = 'route'
  const { operation, params } = contract.find(call.method, call.path)
  call.operation = operation
  call.params = params
  call.stage = 'credentials'
  if (api.credentialsIn === 'header') call.caller = await api.authorize(call, tools)
  call.stage = 'accept'
  if (!api.answerType) call.answerType = acceptable(call, operation.answerTypes)
  call.stage = 'body'
  if (operation.rawBody) await readRaw(place, call, request)
  else if (operation.requestTypes.length > 0) await readBody(place, call, request)
  if (api.credentialsIn === 'body') {
    call.stage = 'credentials'
    call.caller = await api.authorize(call, tools)
  }
  call.stage = 'contract'
  const violations = operation.check(call)
  if (violations.length > 0) throw invalid(violations)
  leaveOutUnknownFields(call, operation)
  call.stage = 'strict'
  const doubts = operation.checkStrictly(call)
  if (doubts.length > 0) call.assume(invalid(doubts))
  call.stage = 'operation'
  // What other calls of a vendor read may be about webhooks.
  if (api.webhooks && operation.id !== api.users?.operation) place.webhooks.flush()
  const task = api.tasks?.[operation.id]
  if (task) {
    const done = await task(call)
    call.stage = 'saving'
    if (store.isUnsure) await store.saved()
    return done
  }
  const work = api.operations[operation.id]!
  const reply = store.transact(() => {
    const made = work(call, store, tools)
    if (made.events) call.deliveries = place.webhooks.record(made.events, call)
    return made
  })
  call.stage = 'saving'
  if (store.isUnsure) await store.saved()
  if (call.deliveries && call.deliveryFaults) await place.webhooks.beforeAnswer(call.deliveries)
  return reply
}

async function readBody({ api, limits }: Place, call: Call, request: IncomingMessage) {
  const operation = call.operation!
  // Before the body is read where that is enough to refuse it.
  if (!api.bodyType) call.bodyType = statedType(call, operation.requestTypes)
  const { maxBody = limits.size } = operation
  const text = await readText(request, { ...limits, size: maxBody })
  call.text = text
  if (api.bodyType) call.bodyType = api.bodyType(call, text)
  const format = formatOf(api, call.bodyType)
  const schema = operation.requestSchema(call.bodyType)
  call.body = text === '' && !operation.bodyRequired ? {} : format.read!(text, schema)
  api.prepare?.(call)
}

/**
 * A create call that nobody sent, with its body checked, as `documented` does it.
 *
 * @throws Problem 400 body.invalid
 */
export function creationOf(
  { api, contract }: Pick<Place, 'api' | 'contract'>,
  body: Readonly<Record<string, unknown>>,
): Call {
  const users = api.users! // only vendors are asked
  const operation = contract.operations.find(({ id }) => id === users.operation)!
  const call = new Call({
    method: 'POST',
    path: '',
    query: new URLSearchParams(),
    headers: {},
    address: '',
    profile: 'documented',
    answerType: 'application/json',
  })
  const { params, caller } = users.call(body)
  call.operation = operation
  call.params = params ?? {}
  call.caller = caller
  call.body = { ...body }
  call.bodyType = 'application/json'
  const violations = operation.check(call)
  if (violations.length > 0) throw invalid(violations)
  leaveOutUnknownFields(call, operation)
  return call
}

/** For who wants to see what came as it came. */
async function readRaw({ limits }: Place, call: Call, request: IncomingMessage): Promise<void> {
  const { rawHeaders } = request
  const headers = rawHeaders.flatMap(
    (name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]!] as const] : []), // names and values take turns
  )
  call.raw = { headers, body: await readBytes(request, limits) }
}

/**
 * All three vendors ignore fields that they do not know. A typo should be findable all the same,
 * and what is in them (a secret under a wrong name) is kept nowhere.
 */
export function leaveOutUnknownFields(call: Call, operation: OperationContract): void {
  leaveOut(call, operation.requestSchema(call.bodyType), call.body, '')
}

function leaveOut(call: Call, schema: Schema, value: unknown, path: string): void {
  if (Array.isArray(value) && schema.items) {
    for (const [i, item] of value.entries()) leaveOut(call, schema.items, item, `${path}[${i}]`)
  }
  const { properties, additionalProperties } = schema
  if (!properties || additionalProperties !== undefined || !isRecord(value)) return
  for (const [name, inner] of Object.entries(value)) {
    const full = path ? `${path}.${name}` : name
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property) leaveOut(call, property, inner, full)
    else {
      call.note(`unknown-field.${full}`, `${full} is not a field`)
      delete value[name]
    }
  }
}

/** The media type that the request says its body is in, where the operation reads it. */
function statedType(call: Call, readable: readonly string[]): string {
  const stated = call.headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase()
  if (stated !== undefined && readable.includes(stated)) return stated
  const message = `The Content-Type must be ${readable.join(' or ')}, ${stated ? 'not what was sent' : 'and none was sent'}`
  throw new Problem(415, 'media.unsupported', message, { headers: { Accept: readable.join(', ') } })
}

/**
 * The media type among the offered that the caller prefers: by q, then by the contract's order.
 *
 * @throws Problem 406 accept.unsupported
 */
export function acceptable(call: Call, offered: readonly string[]): string {
  const accept = call.headers.accept
  if (accept === undefined || accept === '*/*') return offered[0]!
  if (offered.includes(accept)) return accept
  const ranges = accept.split(',').map((part) => {
    const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    return { range, q: q === undefined ? 1 : Number(q.slice(2)) || 0 }
  })
  const weight = (type: string): number => {
    for (const range of [type, `${type.split('/')[0]}/*`, '*/*']) {
      const found = ranges.find((candidate) => candidate.range === range)
      if (found) return found.q
    }
    return 0
  }
  const [best] = offered.toSorted((a, b) => weight(b) - weight(a))
  if (best !== undefined && weight(best) > 0) return best
  throw new Problem(406, 'accept.unsupported', `Only ${offered.join(' and ')} can be sent`)
}

/** The refusal in the vendor's words; what is no Problem is our own bug and says nothing. */
function refused(place: Place, call: Call, error: unknown): Reply {
  let problem: Problem
  if (error instanceof Problem) {
    problem = error
    if (problem.status >= 500) place.log.warn(problem.message)
  } else {
    place.log.bug(`${place.api.name} failed to answer ${call.method} ${call.path}`, error)
    problem = new Problem(500, 'internal', 'Something went wrong inside Standin; its log says what')
  }
  call.problem = problem
  if (!place.api.answerType) call.answerType = refusalType(call, place.api)
  const reply = place.api.explain(problem, call, place.tools)
  const headers = { ...problem.headers, ...reply.headers, 'Standin-Reason': problem.reason }
  return { ...reply, headers }
}

/** A refusal is in the API's first format, unless the caller takes only another. */
function refusalType(call: Call, { formats }: Api): string {
  const types = formats.map(({ mediaType }) => mediaType)
  const fallback = types[0]!
  try {
    return acceptable(call, [fallback])
  } catch {
    try {
      return acceptable(call, types)
    } catch {
      return fallback
    }
  }
}

/** The one place that writes an answer, and the gate that looks at it before. */
function send(
  place: Place,
  call: Call,
  reply: Reply,
  common: Readonly<Record<string, string>>,
  response: ServerResponse,
): void {
  const { api, contract } = place
  const { status } = reply
  const format = formatOf(api, call.answerType)
  const body = api.present?.(reply.body, format.mediaType) ?? reply.body
  const schema = contract.answerSchema(call.operation, status, format.mediaType) ?? {}
  const written = body === undefined ? '' : format.write(body, schema)
  const objection =
    contract.objectionTo(call.operation, status, format.mediaType, body) ??
    (place.readsBack && body !== undefined ? lossOf(format, written, body, schema) : undefined)
  if (objection) place.objection(`${api.name} ${status} breaks its contract: ${objection}`)
  if (response.destroyed || response.headersSent) return
  const headers: Record<string, string | string[] | number> = {
    Date: place.tools.clock.httpDate(),
    ...(body === undefined
      ? {}
      : { 'Content-Type': format.contentType, 'Content-Length': Buffer.byteLength(written) }),
    ...common,
    ...reply.headers,
    'Standin-Request-Id': call.id,
  }
  if (call.findings.length > 0) headers['Standin-Warning'] = warnings(call)
  response.sendDate = false
  response.writeHead(status, headers)
  // A text goes out in one write with the head; bytes would take two.
  response.end(written)
}

/** What is written must read back as what was meant. */
function lossOf(
  format: Format,
  written: string | Uint8Array,
  body: unknown,
  schema: Schema,
): string | undefined {
  const back = format.parse(written, schema)
  // By way of JSON, in which what is undefined is not there.
  if (isDeepStrictEqual(back, JSON.parse(JSON.stringify(body)))) return undefined
  return `${JSON.stringify(body)} was written as ${JSON.stringify(back)}`
}

function warnings({ findings }: Call): string[] {
  // RFC 8941: a string is printable ASCII, a parameter's value a token.
  return findings.map(({ code, text }) => {
    const safe = text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&')
    return `"${safe.slice(0, 200)}";code=${code.replaceAll(/[^\w.:-]/g, '_').slice(0, 80)}`
  })
}

function formatOf(api: Api, mediaType: string): Format {
  const format = api.formats.find((candidate) => candidate.mediaType === mediaType)
  if (!format) throw new Error(`${api.name} has no format for ${mediaType}`)
  return format
}
