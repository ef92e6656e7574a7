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
import { BREAKING, NotApplicable, spoil } from './faults/bodies.ts'
import { Encounter, Unanswered, withOutcome } from './faults/encounter.ts'
import type { Faults } from './faults/faults.ts'
import { writeFaulty } from './faults/wire.ts'
import type { Format } from './format.ts'
import type { Log } from './log.ts'
import { letGo } from './linger.ts'
import { write, type Message } from './message.ts'
import { invalid, Problem } from './problem.ts'
import type { Requests } from './requests/requests.ts'
import { isRecord, type Schema } from './schema.ts'
import type { State } from './state.ts'
import type { Store } from './store/store.ts'
import { stream } from './stream.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

/** What one API of one sandbox needs to answer. */
export interface Place {
  readonly api: Api
  readonly contract: Contract
  /** Every API of the sandbox, its own included: who came here may have meant another. */
  readonly all: readonly { readonly api: Api; readonly contract: Contract }[]
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
  /** Where requests get their numbers, and are written down. */
  readonly requests: Requests
  /** What may go wrong on purpose; none at Standin's own API. */
  readonly faults?: Faults
  /** The sandbox's name. */
  readonly sandbox: string
  /** Told of every answer, after it was sent: for logs and counters. It must not throw. */
  readonly observe?: Observer | undefined
}

/** An answer that was sent, and what it was for. */
export interface Answered {
  readonly place: Place
  readonly call: Call
  readonly reply: Reply
}
export type Observer = (answered: Answered) => void

/**
 * One request, from its head to its answer: route, credentials, body, contract, operation, store,
 * answer. Everything that refuses throws a Problem; it is worded by the slice and answered here,
 * and nowhere else is a response written to. Faults are met on the way, and are nothing where none
 * are armed.
 */
export async function answer(
  place: Place,
  request: IncomingMessage,
  response: ServerResponse,
  { base = '', refusal, headers: extra }: Way = {},
): Promise<void> {
  const { api, faults, tools } = place
  const call = callFor(place, request, base)
  const encounter = faults && new Encounter({ api, tools, faults, call, response })
  let headers: Headers = extra ?? {}
  let reply: Reply
  try {
    const own = api.admit?.(call, tools) ?? {}
    headers = extra ? together(extra, own) : own
    if (refusal) {
      if (refusal.reason === 'route.unknown') call.stage = 'route'
      throw refusal
    }
    reply = await served(place, call, request, encounter)
    if (!call.ended) call.stage = 'answer'
  } catch (error) {
    if (error instanceof Unanswered) {
      if (encounter && faults.isWatching) faults.seen(encounter, call.created !== undefined)
      return unanswered(place, call, request)
    }
    reply = refused(place, call, error)
    // Who is refused for what the state holds may rely on it, so it has to be there.
    if (place.store.isUnsure) {
      await place.store.saved().catch((lost: unknown) => {
        reply = refused(place, call, lost)
      })
    }
  }
  if (encounter && faults.isWatching) faults.seen(encounter, call.created !== undefined)
  if (call.headers['standin-explain'] === '1') {
    const { hintHeaders } = await import('./explain/hints.ts') // most callers never ask
    headers = { ...headers, ...hintHeaders({ ...place, call }) }
  }
  send(place, call, reply, headers, response)
  letGo(request, response, place.limits.time)
  if (call.deliveries) place.webhooks.tell(call.deliveries)
}

/** How a request came to its place. */
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
function unanswered(place: Place, call: Call, { rawHeaders }: IncomingMessage): void {
  const reply = { status: 0, body: undefined }
  place.requests.record(place, call, { ...reply, headers: {}, body: '', size: 0, rawHeaders })
  // The user is there all the same, and so is what tells of it.
  if (call.deliveries) place.webhooks.tell(call.deliveries)
  place.observe?.({ place, call, reply })
}

export function callFor(
  { api, profile, requests }: Place,
  request: IncomingMessage,
  base: string,
): Call {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? new URLSearchParams() : new URLSearchParams(url.slice(mark + 1))
  return new Call({
    id: requests.number(),
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
  place: Place,
  call: Call,
  request: IncomingMessage,
  encounter: Encounter | undefined,
): Promise<Reply> {
  const { api, contract, tools, faults } = place
  if (api.answerType) call.answerType = api.answerType(call)
  call.stage = 'route'
  const { operation, params } = contract.find(call.method, call.path)
  call.operation = operation
  call.params = params
  const read = () => readEarly(place, call, request)
  const first = encounter && (await encounter.begin(request, read))
  if (first) return first
  call.stage = 'credentials'
  if (api.credentialsIn === 'header') {
    try {
      call.caller = await api.authorize(call, tools)
    } catch (error) {
      // Faults come before credentials, and one may be in the body.
      if (!encounter?.mayLookAt(request)) throw error
      await read()
      const instead = await encounter.inBody(['route'])
      if (instead) return instead
      throw error
    }
    const met = faults && isOn(call, faults) && (await encounter!.meet('auth')) // faults have one
    if (met) return met
  }
  call.stage = 'accept'
  if (!api.answerType) call.answerType = acceptable(call, operation.answerTypes)
  call.stage = 'body'
  if (operation.rawBody) await readRaw(place, call, request)
  else if (operation.requestTypes.length > 0) {
    const met = await readBody(place, call, request, encounter)
    if (met) return met
  }
  if (api.credentialsIn === 'body') {
    call.stage = 'credentials'
    call.caller = await api.authorize(call, tools)
    const met = faults && isOn(call, faults) && (await encounter!.meet('auth')) // faults have one
    if (met) return met
  }
  call.stage = 'contract'
  const violations = operation.check(call)
  if (violations.length > 0) throw invalid(violations)
  leaveOutUnknownFields(call, operation)
  call.stage = 'strict'
  const doubts = operation.checkStrictly(call)
  if (doubts.length > 0) call.assume(invalid(doubts))
  if (!faults || !isOn(call, faults)) return await operated(place, call)
  const met = await encounter!.meet('validation') // faults have one
  if (met) return met
  const reply = await operated(place, call, encounter)
  return (await encounter!.meet('commit')) ?? reply
}

/** Whether this request may still meet a fault. */
function isOn({ fault, wish }: Call, faults: Faults): boolean {
  return fault !== undefined || wish !== undefined || faults.isArmed
}

/** The operation itself, and the wait until what it changed is kept. */
async function operated(place: Place, call: Call, encounter?: Encounter): Promise<Reply> {
  const { api, store } = place
  call.stage = 'operation'
  // What other calls of a vendor read may be about webhooks.
  if (api.webhooks && call.operation!.id !== api.users?.operation) place.webhooks.flush()
  const task = api.tasks?.[call.operation!.id] // found before
  const reply = task
    ? await task(call)
    : call.fault?.effect.outcome
      ? withFault(place, call, encounter!) // who met a fault has one
      : operate(place, call)
  call.stage = 'saving'
  if (store.isUnsure) {
    await store.saved().catch((lost: unknown) => {
      call.created = call.events = call.deliveries = undefined
      throw lost
    })
  }
  if (call.deliveries && call.deliveryFaults) await place.webhooks.beforeAnswer(call.deliveries)
  return reply
}

/** Runs the operation so that all of its changes are kept together, or none. */
function operate(
  { api, store, tools, webhooks }: Place,
  call: Call,
  seen = (state: State) => state,
): Reply {
  const work = api.operations[call.operation!.id]! // the start has looked
  const webhook = call.fault?.effect.webhook
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

function withFault(place: Place, call: Call, encounter: Encounter): Reply {
  const { api, store, tools, log, faults, webhooks } = place
  return withOutcome(encounter, call.fault!, faults!, {
    operate: (seen) => operate(place, call, seen),
    imagine: () => store.undone(() => api.operations[call.operation!.id]!(call, store, tools)),
    later: (ms, work) => {
      faults!.later(ms, async () => {
        try {
          work()
          if (store.isUnsure) await store.saved()
          if (call.deliveries) webhooks.tell(call.deliveries)
        } catch (error) {
          if (!(error instanceof Problem)) log.bug('a user could not be created later', error)
        }
      })
    },
  })
}

/** The body's text; read once, whoever asks first. */
async function readEarly(place: Place, call: Call, request: IncomingMessage): Promise<void> {
  if (call.text !== undefined || call.unread || call.operation!.requestTypes.length === 0) return
  try {
    call.text = await textOf(place, call, request)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    call.unread = error
  }
}

function textOf({ limits }: Place, call: Call, request: IncomingMessage): Promise<string> {
  const { maxBody = limits.size } = call.operation! // found before
  return readText(request, { ...limits, size: maxBody })
}

async function readBody(
  place: Place,
  call: Call,
  request: IncomingMessage,
  encounter: Encounter | undefined,
): Promise<Reply | undefined> {
  const { api } = place
  const operation = call.operation!
  // Before the body is read where that is enough to refuse it.
  if (!api.bodyType) call.bodyType = statedType(call, operation.requestTypes)
  if (call.unread) throw call.unread
  call.text ??= await textOf(place, call, request)
  const { text } = call
  const passed = api.credentialsIn === 'header' ? (['route', 'auth'] as const) : ['route' as const]
  const met = await encounter?.inBody(passed)
  if (met) return met
  if (api.bodyType) call.bodyType = api.bodyType(call, text)
  const format = formatOf(api, call.bodyType)
  const schema = operation.requestSchema(call.bodyType)
  call.body = text === '' && !operation.bodyRequired ? {} : format.read!(text, schema)
  api.prepare?.(call)
  return undefined
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
    if (problem.status === 500 && !call.fault) place.log.warn(problem.message)
  } else {
    place.log.bug(`${place.api.name} failed to answer ${call.method} ${call.path}`, error)
    problem = new Problem(500, 'internal', 'Something went wrong inside Standin; its log says what')
  }
  call.problem = problem
  if (!place.api.answerType) call.answerType = refusalType(call, place.api)
  const reply = place.api.explain(problem, call, place.tools)
  const headers = { ...problem.headers, ...reply.headers, 'Standin-Reason': problem.reason }
  // A tester who asks for a status gets it, even where the vendor would use another.
  const status = call.fault?.effect.refusal?.status ?? reply.status
  return { ...reply, status, headers }
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
  const written = reply.page ?? composed(place, call, reply)
  const size = Buffer.byteLength(written.text)
  const headers: Record<string, string | string[] | number> = {
    Date: place.tools.clock.httpDate(),
    ...(reply.page || reply.body !== undefined
      ? { 'Content-Type': written.contentType, 'Content-Length': size }
      : {}),
    // What stands in front of a vendor does not know the vendor's headers.
    ...(reply.page ? {} : common),
    ...reply.headers,
    'Standin-Request-Id': call.id,
  }
  const { fault } = call
  if (fault) headers['Standin-Fault'] = fault.rule.id
  if (reply.stream) delete headers['Content-Length']
  if (call.findings.length > 0) headers['Standin-Warning'] = warnings(call)
  const message: Message = { status: reply.status, headers, body: written.text }
  // Before it is sent: who has the answer finds it written down.
  const { rawHeaders } = response.req
  place.requests.record(place, call, { rawHeaders, size, ...message })
  if (reply.stream) stream(response, message, reply.stream)
  else if (fault) {
    writeFaulty(response, message, fault.effect, place.faults!.held).catch((error: unknown) =>
      place.log.bug('a fault could not be brought about', error),
    )
  } else write(response, message)
  place.observe?.({ place, call, reply })
}

/** The answer's body, written out, after the gate has looked at it. */
function composed(
  place: Place,
  call: Call,
  { status, body: meant }: Reply,
): { readonly text: string | Uint8Array; readonly contentType: string } {
  const { api, contract } = place
  const { fault, operation } = call
  const format = formatOf(api, call.answerType)
  const body = api.present?.(meant, format.mediaType) ?? meant
  const known = contract.answerSchema(operation, status, format.mediaType)
  // A status that the vendor is not known to use has the shape of one that it is.
  const as = !known && fault ? 500 : status
  const schema = known ?? contract.answerSchema(operation, as, format.mediaType) ?? {}
  const text = body === undefined ? '' : format.write(body, schema)
  const objection =
    contract.objectionTo(operation, as, format.mediaType, body) ??
    (place.readsBack && body !== undefined ? lossOf(format, text, body, schema) : undefined)
  if (objection) place.objection(`${api.name} ${status} breaks its contract: ${objection}`)
  const written = { text, contentType: format.contentType }
  const kind = fault?.effect.body
  if (!kind || body === undefined) return written
  try {
    const spoilt = spoil(kind, { value: body, schema, format, ...written })
    const loss =
      place.readsBack && !BREAKING.has(kind) && kind !== 'nulls'
        ? lossOf(format, spoilt.text, body, schema)
        : undefined
    if (loss) place.objection(`${api.name} ${status} with ${kind} breaks its contract: ${loss}`)
    return spoilt
  } catch (error) {
    if (!(error instanceof NotApplicable)) throw error
    fault.rule.takeBack({ call }, place.tools.clock.now(), error.message)
    call.fault = undefined
    call.note('fault.not-applicable', `The fault ${kind} did nothing: ${error.message}`)
    return written
  }
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
