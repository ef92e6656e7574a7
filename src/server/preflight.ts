import type { IncomingMessage, ServerResponse } from 'node:http'
import { closeWhenIdle } from '../core/http/linger.ts'
import { write } from '../core/http/message.ts'
import { callFor } from '../core/request/pipeline.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'

/**
 * Answers a CORS preflight with 204, without calling an operation, and records it in the request
 * log.
 *
 * @param base the path before the API's prefix
 * @param allowed CORS headers that permit the page's request
 */
export function answerPreflight(
  context: PipelineContext,
  request: IncomingMessage,
  response: ServerResponse,
  { base, allowed }: { readonly base: string; readonly allowed: Readonly<Record<string, string>> },
): void {
  const call = callFor(context, request, base)
  call.stage = 'answer'
  const headers = {
    Date: context.tools.clock.httpDate(),
    ...allowed,
    'Standin-Request-Id': call.id,
  }
  const message = { status: 204, headers, body: '' }
  // The answer is recorded before it is sent, so that a client that has received it finds it in the
  // request log.
  context.requestLog.record(context, call, { ...message, size: 0, rawHeaders: request.rawHeaders })
  write(response, message)
  closeWhenIdle(request, response, { time: context.limits.time, isRead: false })
  context.observe?.({ context, call, reply: { status: 204, body: undefined } })
}
