import type { IncomingMessage } from 'node:http'
import { Call, type OperationContract, type Reply } from '../api.ts'
import { readBytes, readText } from '../http/body.ts'
import type { FaultInjector } from '../faults/injector.ts'
import { formatOf, statedType } from './negotiation.ts'
import type { ApiContext } from '../context.ts'
import { invalid, Problem } from '../problem.ts'
import { isRecord, type Schema } from '../contract/schema.ts'

/** The body's text; read once, whoever asks first. */
export async function readEarly(
  context: ApiContext,
  call: Call,
  request: IncomingMessage,
): Promise<void> {
  if (call.bodyText !== undefined || call.bodyError || call.operation!.requestTypes.length === 0)
    return
  try {
    call.bodyText = await textOf(context, call, request)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    call.bodyError = error
  }
}

export async function readBody(
  context: ApiContext,
  call: Call,
  request: IncomingMessage,
  injector: FaultInjector | undefined,
): Promise<Reply | undefined> {
  const { api } = context
  const operation = call.operation!
  // Before the body is read where that is enough to refuse it.
  if (!api.bodyType) call.bodyType = statedType(call, operation.requestTypes)
  if (call.bodyError) throw call.bodyError
  call.bodyText ??= await textOf(context, call, request)
  const { bodyText } = call
  const passed = api.credentialsIn === 'header' ? (['route', 'auth'] as const) : ['route' as const]
  const met = await injector?.inBody(passed)
  if (met) return met
  if (api.bodyType) call.bodyType = api.bodyType(call, bodyText)
  const format = formatOf(api, call.bodyType)
  const schema = operation.requestSchema(call.bodyType)
  call.body = bodyText === '' && !operation.bodyRequired ? {} : format.read!(bodyText, schema)
  api.prepare?.(call)
  return undefined
}

function textOf({ limits }: ApiContext, call: Call, request: IncomingMessage): Promise<string> {
  const { maxBody = limits.size } = call.operation! // found before
  return readText(request, { ...limits, size: maxBody })
}

/** For who wants to see what came as it came. */
export async function readRaw(
  { limits }: ApiContext,
  call: Call,
  request: IncomingMessage,
): Promise<void> {
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
export function dropUnknownFields(call: Call, operation: OperationContract): void {
  leaveOut(call, operation.requestSchema(call.bodyType), call.body, '')
}

function leaveOut(call: Call, schema: Schema, value: unknown, path: string): void {
  if (Array.isArray(value) && schema.items) {
    for (const [i, item] of value.entries()) leaveOut(call, schema.items, item, `${path}[${i}]`)
  }
  const { properties, additionalProperties } = schema
  if (!properties || additionalProperties !== undefined || !isRecord(value)) return
  for (const name of Object.keys(value)) {
    const full = path ? `${path}.${name}` : name
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property) leaveOut(call, property, value[name], full)
    else {
      call.note(`unknown-field.${full}`, `${full} is not a field`)
      delete value[name]
    }
  }
}

/**
 * A create call that nobody sent, with its body checked, as `documented` does it.
 *
 * @throws Problem 400 body.invalid
 */
export function createCallFor(
  { api, contract }: Pick<ApiContext, 'api' | 'contract'>,
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
  const { params, caller } = users.createCall(body)
  call.operation = operation
  call.params = params ?? {}
  call.caller = caller
  call.body = { ...body }
  call.bodyType = 'application/json'
  const violations = operation.check(call)
  if (violations.length > 0) throw invalid(violations)
  dropUnknownFields(call, operation)
  return call
}
