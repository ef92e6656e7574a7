import type { ServerResponse } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Call } from '../call.ts'
import type { Reply } from '../api.ts'
import type { WrittenBody } from '../faults/body-faults.ts'
import type { Injector } from '../faults/injector.ts'
import type { Format } from '../formats/format.ts'
import { headerString } from '../http/header-string.ts'
import type { Message } from '../http/message.ts'
import { formatOf } from './negotiation.ts'
import type { PipelineContext } from './pipeline-context.ts'
import type { Schema } from '../contract/schema.ts'
import { stream, writePieces } from '../http/stream.ts'

/** An answer while it is written. */
interface Outgoing {
  readonly context: PipelineContext
  readonly call: Call
  readonly injector: Injector
  readonly response: ServerResponse
}

/**
 * Writes the answer of the pipeline; no other function does. Checks it against the contract first, unless it is a page or is written in pieces.
 *
 * @param common headers for every answer of the API
 */
export function respond(
  outgoing: Outgoing,
  reply: Reply,
  common: Readonly<Record<string, string>>,
): void {
  const { context, call, injector, response } = outgoing
  const written =
    reply.page ??
    (reply.pieces
      ? { text: '', contentType: formatOf(context.api, call.answerType).contentType }
      : writtenBody(outgoing, reply))
  const size = Buffer.byteLength(written.text)
  const headers: Record<string, string | string[] | number> = {
    Date: context.tools.clock.httpDate(),
    ...(reply.page || reply.pieces || reply.body !== undefined
      ? { 'Content-Type': written.contentType, 'Content-Length': size }
      : {}),
    // A gateway in front of the vendor does not send the vendor's headers.
    ...(reply.page ? {} : common),
    ...reply.headers,
    'Standin-Request-Id': call.id,
  }
  if (call.firing) headers['Standin-Fault'] = call.firing.fault.id
  if (reply.stream || reply.pieces) delete headers['Content-Length']
  if (call.warnings.length > 0) headers['Standin-Warning'] = warningHeaders(call)
  const message: Message = { status: reply.status, headers, body: written.text }
  // Recorded before it is sent: a client that has the answer finds it in the request log.
  const { rawHeaders } = response.req
  const sent = call.method === 'HEAD' ? { ...message, body: '', size: 0 } : { ...message, size }
  context.requestLog.record(context, call, { rawHeaders, ...sent })
  if (reply.stream) stream(response, message, reply.stream)
  else if (reply.pieces) {
    writePieces(response, message, reply.pieces).catch((error: unknown) => {
      context.log.bug(`${context.api.name} failed to write an answer`, error)
      response.destroy()
    })
  } else injector.send(response, message)
  context.observe?.({ context, call, reply })
}

/** Writes the answer's body in its format, checks it against the contract and applies the fault. */
function writtenBody(
  { context, call, injector }: Outgoing,
  { status, body: value }: Reply,
): WrittenBody {
  const { api, contract, checksRoundTrip, reportInvalidAnswer } = context
  const { firing, operation } = call
  const format = formatOf(api, call.answerType)
  const { mediaType, contentType } = format
  const body = api.present?.(value, mediaType) ?? value
  const documented = contract.answerSchema(operation, status, mediaType)
  // A status outside the contract, from a fault, is answered in the shape of the vendor's 500.
  const shape = !documented && firing && body !== undefined ? 500 : status
  const schema = documented ?? contract.answerSchema(operation, shape, mediaType) ?? {}
  const text = body === undefined ? '' : format.write(body, schema)
  const lossIn = (sent: string | Uint8Array) =>
    checksRoundTrip && body !== undefined ? lossOf(format, sent, body, schema) : undefined
  const flaw = contract.answerErrors(operation, shape, mediaType, body) ?? lossIn(text)
  if (flaw) reportInvalidAnswer(`${api.name} ${status} breaks its contract: ${flaw}`)
  if (body === undefined) return { text, contentType }
  const altered = injector.alterBody({ value: body, schema, format, text, contentType })
  if (!altered) return { text, contentType }
  const loss = altered.text !== text && altered.readsBack ? lossIn(altered.text) : undefined
  if (loss) {
    const kind = firing?.effect.body
    reportInvalidAnswer(`${api.name} ${status} with ${kind} breaks its contract: ${loss}`)
  }
  return altered
}

/** Checks that a written body reads back as the same value, and returns the difference. */
function lossOf(
  format: Format,
  written: string | Uint8Array,
  body: unknown,
  schema: Schema,
): string | undefined {
  const back = format.parse(written, schema)
  // Through JSON, which drops undefined members.
  if (isDeepStrictEqual(back, JSON.parse(JSON.stringify(body)))) return undefined
  return `${JSON.stringify(body)} was written as ${JSON.stringify(back)}`
}

function warningHeaders({ warnings }: Call): string[] {
  // RFC 8941: the value of a parameter is a token.
  return warnings.map(({ code, text }) => {
    return `${headerString(text, 200)};code=${code.replaceAll(/[^\w.:-]/g, '_').slice(0, 80)}`
  })
}
