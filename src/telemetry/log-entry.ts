import { createdUserId } from '../core/api.ts'
import type { AnsweredCall } from '../core/request/pipeline-context.ts'
import { printable, shownLine, shownUrl } from '../core/http/printable-url.ts'

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

/** Log entry of one request. It holds no secret. */
export interface LogEntry {
  readonly level: Level
  readonly id: string
  readonly sandbox: string
  readonly api: string
  /** Undefined if the request matched no operation. */
  readonly operation: string | undefined
  readonly method: string
  readonly url: string
  /** 0 if the connection ended without an answer. */
  readonly status: number
  /** Milliseconds. */
  readonly duration: number
  /** Id of the created user. */
  readonly user: string | undefined
  /** Reason of a refusal. */
  readonly reason: string | undefined
  /** Ids of the faults that fired. */
  readonly faults: readonly string[]
  /** Number of deliveries that the request caused. */
  readonly webhooks: number
  readonly warnings: readonly string[]
}

export function logEntryOf({ context, call, reply }: AnsweredCall): LogEntry {
  const faults = call.faults?.filter(({ fired }) => fired).map(({ id }) => id) ?? []
  const warnings = call.warnings.map(({ code }) => printable(code).slice(0, 80))
  return {
    level: levelOf({ context, call, reply }, faults.length + warnings.length > 0),
    id: call.id,
    sandbox: context.sandbox,
    api: context.api.name,
    operation: call.operation?.id,
    method: call.method || '-',
    url:
      call.malformedLine === undefined
        ? shownUrl(call.url, call.operation !== undefined)
        : shownLine(call.malformedLine),
    status: reply.status,
    duration: Math.round((performance.now() - call.startedAt) * 100) / 100,
    user: createdUserId(call, context.api),
    reason: call.problem?.reason,
    faults,
    webhooks: call.deliveries?.length ?? 0,
    warnings,
  }
}

/** Operations that monitoring polls. */
const POLLED = new Set(['getHealth', 'getReady', 'getMetrics'])

function levelOf({ call, reply }: AnsweredCall, isNotable: boolean): Level {
  if (reply.status >= 500) return 'error'
  if (reply.status >= 400 || isNotable) return 'warn'
  return POLLED.has(call.operation?.id ?? '') ? 'debug' : 'info'
}
