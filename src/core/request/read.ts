import type { IncomingMessage } from 'node:http'
import type { CallParts } from '../api.ts'
import { Call } from '../call.ts'
import { type OperationContract } from '../contract/operation.ts'
import { contradicts, readBytes, readText as readBodyText } from '../http/body.ts'
import { charsetOf, mediaTypeOf } from '../http/content-type.ts'
import { formatOf, statedType } from './negotiation.ts'
import type { ApiContext } from '../context.ts'
import type { PipelineContext } from './pipeline-context.ts'
import { invalid, Problem } from '../problem.ts'
import { isRecord, type Schema } from '../contract/schema.ts'
import { Slices } from '../slices.ts'

type ReadContext = Pick<PipelineContext, 'api' | 'limits'>

/** Reads the body's text before its stage; a refusal is kept for that stage. */
export async function readEarly(
  context: ReadContext,
  call: Call,
  request: IncomingMessage,
): Promise<void> {
  if (call.isBodyRead || call.bodyError || call.operation!.requestTypes.length === 0) return
  try {
    await receiveText(context, call, request)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    call.bodyError = error
  }
}

/**
 * Reads the body's text, unless it was read before. Where the media type alone is enough to refuse
 * the request, the body is not read.
 */
export async function readText(
  context: ReadContext,
  call: Call,
  request: IncomingMessage,
): Promise<void> {
  if (!context.api.bodyType) call.bodyType = acceptedType(context, call)
  if (call.bodyError) throw call.bodyError
  if (!call.isBodyRead) await receiveText(context, call, request)
}

/** @throws Problem 415 media.unsupported */
function acceptedType({ api }: ReadContext, call: Call): string {
  const { requestTypes } = call.operation! // the route stage found it
  const stated = mediaTypeOf(call.headers['content-type'])
  const [first] = requestTypes
  const isExact = stated !== undefined && requestTypes.includes(stated)
  if (isExact || call.strict || stated === undefined || !api.lenient?.mediaTypes.test(stated)) {
    return statedType(call, requestTypes)
  }
  call.warn('media.unsupported', `The Content-Type should be ${first}`, { assumed: true })
  return first!
}

/** A text with more characters than this is parsed in slices. */
const LARGE = 256 * 1024

/**
 * Parses the body's text in the format of its media type. The schema of the contract only tells the
 * format how to read untyped text.
 *
 * @returns a promise for a large body, which is parsed in slices if its format can
 */
export function parseBody({ api }: Pick<ReadContext, 'api'>, call: Call): void | Promise<void> {
  const operation = call.operation! // the route stage found it
  if (api.bodyType) {
    call.bodyType = api.bodyType(call, call.bodyPieces?.[0] ?? call.bodyText ?? '')
  }
  const format = formatOf(api, call.bodyType)
  const schema = operation.requestSchema(call.bodyType)
  checkCharset(call)
  if (call.bodyPieces && format.readInSteps) {
    return parseInSlices(api, call, format.readInSteps(call.bodyPieces))
  }
  const text = call.bodyText ?? ''
  if (text.length > LARGE && format.readInSteps) {
    return parseInSlices(api, call, format.readInSteps([text]))
  }
  call.body = text === '' && !operation.bodyRequired ? {} : format.read!(text, schema, call)
  api.prepare?.(call)
}

async function parseInSlices(
  api: Pick<ReadContext['api'], 'prepare'>,
  call: Call,
  steps: Generator<unknown, unknown>,
): Promise<void> {
  call.body = await new Slices().run(steps)
  api.prepare?.(call)
}

/** Assumed: a body in another encoding than its Content-Type states is refused in `strict`. */
function checkCharset(call: Call): void {
  const stated = charsetOf(call.headers['content-type'])
  if (stated === undefined || !contradicts(stated, call.bodyEncoding ?? stated)) return
  const message = `The Content-Type states ${stated}, but the body is in ${call.bodyEncoding}`
  call.refuseIfStrict(new Problem(400, 'charset.contradictory', message))
}

async function receiveText(
  { limits }: Pick<ReadContext, 'limits'>,
  call: Call,
  request: IncomingMessage,
): Promise<void> {
  const { maxBody = limits.size } = call.operation! // the route stage found it
  const { pieces, encoding } = await readBodyText(request, { ...limits, size: maxBody })
  call.bodyEncoding = encoding
  if (pieces.length === 1) call.bodyText = pieces[0]
  else call.bodyPieces = pieces
}

/** Reads the raw body and headers, unparsed; used by the webhook inbox. */
export async function readRaw(
  { limits }: Pick<ReadContext, 'limits'>,
  call: Call,
  request: IncomingMessage,
): Promise<void> {
  const { rawHeaders } = request
  const headers = rawHeaders.flatMap(
    (name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]!] as const] : []), // names and values alternate
  )
  call.raw = { headers, body: await readBytes(request, limits) }
}

/**
 * Drops unknown fields with a warning each. All three vendors ignore unknown fields; the warning
 * reveals typos, and dropping them stores no secret that was sent under a wrong name.
 */
export function dropUnknownFields(call: Call, operation: OperationContract): void {
  dropUnknown(call, operation.requestSchema(call.bodyType), call.body, '')
}

function dropUnknown(call: Call, schema: Schema, value: unknown, path: string): void {
  if (Array.isArray(value) && schema.items) {
    for (const [i, item] of value.entries()) dropUnknown(call, schema.items, item, `${path}[${i}]`)
  }
  const { properties, additionalProperties } = schema
  if (!properties || additionalProperties !== undefined || !isRecord(value)) return
  for (const name of Object.keys(value)) {
    const full = path ? `${path}.${name}` : name
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property) dropUnknown(call, property, value[name], full)
    else {
      call.warn(`unknown-field.${full}`, `${full} is not a field`)
      delete value[name]
    }
  }
}

/**
 * Builds a create call without a request and checks its body as `documented` does.
 *
 * @throws Problem 400 body.invalid
 */
export function createCallFor(
  part: Pick<ApiContext, 'api' | 'contract'>,
  body: Readonly<Record<string, unknown>>,
): Call {
  const users = part.api.users! // every vendor has users
  return callFrom(part, users.operation, { ...users.createCall(body), body })
}

/**
 * Builds a call without a request and checks it as `documented` does.
 *
 * @throws Problem 400 body.invalid
 */
export function callFrom(
  { contract }: Pick<ApiContext, 'contract'>,
  operationId: string,
  { params, query, caller, body }: CallParts,
): Call {
  const operation = contract.operations.find(({ id }) => id === operationId)! // the start compares slice and contract
  const call = new Call({
    method: operation.method.toUpperCase(),
    path: '',
    query: new URLSearchParams(query),
    headers: {},
    address: '',
    profile: 'documented',
    answerType: 'application/json',
  })
  call.operation = operation
  call.params = params ?? {}
  call.caller = caller
  if (operation.requestTypes.length > 0) {
    call.body = { ...body }
    call.bodyType = 'application/json'
  }
  const violations = operation.check(call)
  if (violations.length > 0) throw invalid(violations)
  dropUnknownFields(call, operation)
  return call
}
