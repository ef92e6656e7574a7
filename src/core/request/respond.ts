import type { ServerResponse } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Call, Reply } from '../api.ts'
import { CONTRACT_BREAKING, NotApplicable, applyBodyFault } from '../faults/body-faults.ts'
import { writeFaulty } from '../faults/connection-faults.ts'
import type { Format } from '../formats/format.ts'
import { write, type Message } from '../http/message.ts'
import { formatOf } from './negotiation.ts'
import type { ApiContext } from '../context.ts'
import type { Schema } from '../contract/schema.ts'
import { stream } from '../http/stream.ts'

/** The one place that writes an answer, and the gate that looks at it before. */
export function respond(
  context: ApiContext,
  call: Call,
  reply: Reply,
  common: Readonly<Record<string, string>>,
  response: ServerResponse,
): void {
  const written = reply.page ?? composed(context, call, reply)
  const size = Buffer.byteLength(written.text)
  const headers: Record<string, string | string[] | number> = {
    Date: context.tools.clock.httpDate(),
    ...(reply.page || reply.body !== undefined
      ? { 'Content-Type': written.contentType, 'Content-Length': size }
      : {}),
    // What stands in front of a vendor does not know the vendor's headers.
    ...(reply.page ? {} : common),
    ...reply.headers,
    'Standin-Request-Id': call.id,
  }
  const { firing } = call
  if (firing) headers['Standin-Fault'] = firing.fault.id
  if (reply.stream) delete headers['Content-Length']
  if (call.findings.length > 0) headers['Standin-Warning'] = warnings(call)
  const message: Message = { status: reply.status, headers, body: written.text }
  // Before it is sent: who has the answer finds it written down.
  const { rawHeaders } = response.req
  context.requestLog.record(context, call, { rawHeaders, size, ...message })
  if (reply.stream) stream(response, message, reply.stream)
  else if (firing) {
    writeFaulty(response, message, firing.effect, context.faults!.held).catch((error: unknown) =>
      context.log.bug('a fault could not be brought about', error),
    )
  } else write(response, message)
  context.observe?.({ context, call, reply })
}

/** The answer's body, written out, after the gate has looked at it. */
function composed(
  context: ApiContext,
  call: Call,
  { status, body: meant }: Reply,
): { readonly text: string | Uint8Array; readonly contentType: string } {
  const { api, contract } = context
  const { firing, operation } = call
  const format = formatOf(api, call.answerType)
  const body = api.present?.(meant, format.mediaType) ?? meant
  const known = contract.answerSchema(operation, status, format.mediaType)
  // A status that the vendor is not known to use has the shape of one that it is.
  const as = !known && firing ? 500 : status
  const schema = known ?? contract.answerSchema(operation, as, format.mediaType) ?? {}
  const text = body === undefined ? '' : format.write(body, schema)
  const objection =
    contract.objectionTo(operation, as, format.mediaType, body) ??
    (context.checksRoundTrip && body !== undefined ? lossOf(format, text, body, schema) : undefined)
  if (objection)
    context.reportInvalidAnswer(`${api.name} ${status} breaks its contract: ${objection}`)
  const written = { text, contentType: format.contentType }
  const kind = firing?.effect.body
  if (!kind || body === undefined) return written
  try {
    const spoilt = applyBodyFault(kind, { value: body, schema, format, ...written })
    const loss =
      context.checksRoundTrip && !CONTRACT_BREAKING.has(kind) && kind !== 'nulls'
        ? lossOf(format, spoilt.text, body, schema)
        : undefined
    if (loss)
      context.reportInvalidAnswer(`${api.name} ${status} with ${kind} breaks its contract: ${loss}`)
    return spoilt
  } catch (error) {
    if (!(error instanceof NotApplicable)) throw error
    firing.fault.takeBack({ call }, context.tools.clock.now(), error.message)
    call.firing = undefined
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
