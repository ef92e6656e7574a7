import { describeViolation, pathOf, type Problem } from '../problem.ts'
import { isRecord } from '../contract/schema.ts'
import type { Redactor } from './redact.ts'
import { REDACTED } from './secret-spellings.ts'
import { answerOf, callOf, MAX_KEPT_BODY, rawHeadersOf, type Entry } from './entry.ts'
import type { Warning } from '../call.ts'
import type { Hint } from '../api.ts'
import type { Stage } from '../stages.ts'

/** A body with its secrets redacted. */
export interface RecordedBody {
  readonly text: string
  /** Encoding of `text`; absent for plain text. */
  readonly encoding?: 'base64'
  /** Size in bytes as received or sent, before it was cut or redacted. */
  readonly size: number
  /** Set when only the beginning was kept. */
  readonly cut?: true
}

export type RecordedHeaders = Readonly<Record<string, string | string[]>>

/** One request and its answer with all secrets redacted. */
export interface RedactedRecord {
  readonly id: string
  /** Time of the answer by the sandbox's clock. */
  readonly time: string
  /** Absent where the path matches no API. */
  readonly api?: string
  readonly operation?: string
  /** Present for a request over HTTPS. */
  readonly https?: true
  /** Absent, like the path, where the request line is malformed. */
  readonly method?: string
  /** The path as the caller wrote it, with sandbox and API. */
  readonly path?: string
  /** The malformed request line, redacted. */
  readonly line?: string
  readonly query?: string
  /** Keyed by the name as it was sent. */
  readonly headers: RecordedHeaders
  readonly body?: RecordedBody
  readonly answer: {
    /** 0 when the connection ended without an answer. */
    readonly status: number
    readonly headers: RecordedHeaders
    readonly body: RecordedBody
  }
  /** Time from the arrival to the answer, in milliseconds. */
  readonly ms: number
  /** The last stage that the request reached; for a refusal, the stage that refused it. */
  readonly stage: Stage
  readonly problem?: {
    readonly reason: string
    readonly message: string
    readonly violations: { at: string; rule: string; text: string }[]
  }
  readonly warnings: Pick<Warning, 'code' | 'text'>[]
  /** The user that the request created. */
  readonly user?: { readonly api: string; readonly id: string; readonly email?: string }
  /** The faults that fired, each in its short form. */
  readonly faults?: { readonly id: string; readonly fault: string }[]
  /** Ids of the webhook deliveries that the request caused. */
  readonly deliveries?: string[]
  /** Probable mistakes of the sender; present only where hints were requested. */
  readonly hints?: Hint[]
}

/**
 * Creates the redacted record of an entry, without the user, in steps.
 *
 * @param redactor learns the secrets of the entry
 * @param isReadable false if the body may show a secret that is not known
 */
export function* recordSteps(
  entry: Entry,
  redactor: Redactor,
  isReadable: boolean,
): Generator<undefined, RedactedRecord> {
  const { context, reachedApi } = entry
  const call = callOf(entry)
  const answer = answerOf(entry)
  const mark = call.url.indexOf('?')
  // Parts that name their secrets come first: a secret found in one is scrubbed from all others.
  const path = redactor.body(mark < 0 ? call.url : call.url.slice(0, mark))
  const query = mark < 0 ? undefined : redactor.query(call.url.slice(mark + 1))
  const line = call.malformedLine === undefined ? undefined : redactor.line(call.malformedLine)
  const headers = headersOf(pairs(rawHeadersOf(entry)), redactor)
  const text = isReadable ? call.bodyText : REDACTED
  const body =
    call.bodyText === undefined || text === undefined
      ? undefined
      : yield* bodySteps(text, entry.bodySize, redactor)
  const redactedAnswer = {
    status: answer.status,
    headers: headersOf(Object.entries(answer.headers), redactor),
    body: yield* bodySteps(answer.body, answer.size, redactor),
  }
  const fired = (call.faults ?? []).filter((fault) => fault.fired)
  const record: RedactedRecord = {
    id: call.id,
    time: new Date(entry.answeredAt).toISOString(),
    ...(reachedApi ? { api: context.api.name } : {}),
    ...(call.operation ? { operation: call.operation.id } : {}),
    ...(call.scheme === 'https' ? { https: true } : {}),
    ...(call.method === '' ? {} : { method: call.method, path }),
    ...(line === undefined ? {} : { line }),
    ...(query === undefined ? {} : { query }),
    headers,
    ...(body === undefined ? {} : { body }),
    answer: redactedAnswer,
    ms: Math.round(entry.duration * 1000) / 1000,
    stage: call.stage,
    ...(call.problem ? { problem: problemOf(call.problem) } : {}),
    warnings: call.warnings.map(({ code, text: warning }) => ({ code, text: warning })),
    ...(fired.length > 0 ? { faults: fired.map(({ id, fault = '' }) => ({ id, fault })) } : {}),
    ...(call.deliveries ? { deliveries: [...call.deliveries] } : {}),
  }
  return yield* redactor.scrubSteps(record)
}

/** Groups alternating names and values in pairs. */
export function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : []))
}

function headersOf(
  list: Iterable<readonly [string, string | readonly string[] | number]>,
  redactor: Redactor,
): RecordedHeaders {
  const headers = new Map<string, string[]>()
  for (const [name, values] of list) {
    const redacted = [values].flat().map((value) => redactor.header(name, String(value)))
    headers.set(name, [...(headers.get(name) ?? []), ...redacted])
  }
  return Object.fromEntries(
    [...headers].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
  )
}

function* bodySteps(
  body: string | Uint8Array,
  size: number,
  redactor: Redactor,
): Generator<undefined, RecordedBody> {
  const cut = size > MAX_KEPT_BODY ? { cut: true as const } : {}
  if (typeof body === 'string') return { text: yield* redactor.bodySteps(body), size, ...cut }
  return { text: Buffer.from(body).toString('base64'), encoding: 'base64', size, ...cut }
}

function problemOf(problem: Problem): NonNullable<RedactedRecord['problem']> {
  const { reason, message, violations } = problem
  return {
    reason,
    message,
    violations: violations.map((violation) => ({
      at: violation.at.length === 0 ? violation.part : `${violation.part}.${pathOf(violation)}`,
      rule: violation.rule,
      text: describeViolation(violation),
    })),
  }
}

/** The user that the request created, with its current address, if the sandbox still has it. */
export function createdUser({ context: { api, store }, userId }: Entry): RedactedRecord['user'] {
  if (userId === undefined || !api.users) return undefined
  const row: unknown = store.collection(`${api.name}.${api.users.table}`).get(userId)
  const email = isRecord(row) ? row[api.users.email] : undefined
  return { api: api.name, id: userId, ...(typeof email === 'string' ? { email } : {}) }
}
