import { inWords, pathOf, type Problem } from '../problem.ts'
import { isRecord } from '../contract/schema.ts'
import { Redactor } from './redact.ts'
import { MOST_KEPT, type Entry } from './entry.ts'
import type { Warning } from '../call.ts'
import type { Hint } from '../api.ts'
import type { Stage } from '../stages.ts'

/** A body as it may be shown. */
export interface RecordedBody {
  readonly text: string
  /** Of `text`, where it is not plain. */
  readonly encoding?: 'base64'
  /** Bytes as it came or went, before anything was cut or redacted. */
  readonly size: number
  /** Whether only its beginning was kept. */
  readonly cut?: true
}

export type RecordedHeaders = Readonly<Record<string, string | string[]>>

/** One request and its answer as they may be shown: secrets are taken out. */
export interface RedactedRecord {
  readonly id: string
  /** By the sandbox's clock, when it was answered. */
  readonly time: string
  /** Absent where no API is. */
  readonly api?: string
  readonly operation?: string
  /** Absent, as the path, where the request line could not be read. */
  readonly method?: string
  /** As the caller wrote it: sandbox and API included. */
  readonly path?: string
  /** What came in place of a request line, as far as it may be shown. */
  readonly line?: string
  readonly query?: string
  /** By the name as it was sent. */
  readonly headers: RecordedHeaders
  readonly body?: RecordedBody
  readonly answer: {
    /** 0 where the connection ended without an answer. */
    readonly status: number
    readonly headers: RecordedHeaders
    readonly body: RecordedBody
  }
  /** Milliseconds. */
  readonly ms: number
  /** How far it came; where it was refused, that is where. */
  readonly stage: Stage
  readonly problem?: {
    readonly reason: string
    readonly message: string
    readonly violations: { at: string; rule: string; text: string }[]
  }
  readonly warnings: Pick<Warning, 'code' | 'text'>[]
  /** The user that it created. */
  readonly user?: { readonly api: string; readonly id: string; readonly email?: string }
  /** Those that fired, each in its short form. */
  readonly faults?: { readonly id: string; readonly fault: string }[]
  /** The webhooks that it caused, by id. */
  readonly deliveries?: string[]
  /** What the sender probably meant, where somebody looked. */
  readonly hints?: Hint[]
}

/** @param secrets known ones of the sandbox, taken out wherever they stand */
export function recordOf(entry: Entry, secrets: readonly string[] = []): RedactedRecord {
  const { call, context, arrived, answer } = entry
  const redactor = new Redactor(secrets)
  const mark = call.url.indexOf('?')
  // All that names its secrets comes first: what is found in one part is scrubbed in every other.
  const query = mark < 0 ? undefined : redactor.query(call.url.slice(mark + 1))
  const line = call.malformedLine === undefined ? undefined : redactor.line(call.malformedLine)
  const headers = headersOf(pairs(entry.rawHeaders), redactor)
  const body = call.bodyText === undefined ? undefined : bodyOf(call.bodyText, entry.size, redactor)
  const answered = {
    status: answer.status,
    headers: headersOf(Object.entries(answer.headers), redactor),
    body: bodyOf(answer.body, answer.size, redactor),
  }
  const user = createdBy(entry)
  const fired = (call.faults ?? []).filter((one) => one.fired)
  const record: RedactedRecord = {
    id: call.id,
    time: new Date(entry.at).toISOString(),
    ...(arrived ? { api: context.api.name } : {}),
    ...(call.operation ? { operation: call.operation.id } : {}),
    ...(call.method === ''
      ? {}
      : { method: call.method, path: mark < 0 ? call.url : call.url.slice(0, mark) }),
    ...(line === undefined ? {} : { line }),
    ...(query === undefined ? {} : { query }),
    headers,
    ...(body === undefined ? {} : { body }),
    answer: answered,
    ms: Math.round(entry.ms * 1000) / 1000,
    stage: call.stage,
    ...(call.problem ? { problem: problemOf(call.problem) } : {}),
    warnings: call.warnings.map(({ code, text }) => ({ code, text })),
    ...(user ? { user } : {}),
    ...(fired.length > 0 ? { faults: fired.map(({ id, fault = '' }) => ({ id, fault })) } : {}),
    ...(call.deliveries ? { deliveries: [...call.deliveries] } : {}),
  }
  return redactor.scrubAll(record)
}

/** One that knows the secrets of a request, to take them out of what else is said of it. */
export function redactorOf(entry: Entry, secrets: readonly string[]): Redactor {
  const { call } = entry
  const redactor = new Redactor(secrets)
  redactor.query(call.url.slice(call.url.indexOf('?') + 1))
  if (call.malformedLine !== undefined) redactor.line(call.malformedLine)
  headersOf(pairs(entry.rawHeaders), redactor)
  if (call.bodyText !== undefined) redactor.body(call.bodyText)
  return redactor
}

/** Names and values by turns, in pairs. */
export function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : []))
}

function headersOf(
  all: Iterable<readonly [string, string | readonly string[] | number]>,
  redactor: Redactor,
): RecordedHeaders {
  const headers = new Map<string, string[]>()
  for (const [name, values] of all) {
    const shown = [values].flat().map((value) => redactor.header(name, String(value)))
    headers.set(name, [...(headers.get(name) ?? []), ...shown])
  }
  return Object.fromEntries(
    [...headers].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
  )
}

function bodyOf(body: string | Uint8Array, size: number, redactor: Redactor): RecordedBody {
  const cut = size > MOST_KEPT ? { cut: true as const } : {}
  if (typeof body === 'string') return { text: redactor.body(body), size, ...cut }
  return { text: Buffer.from(body).toString('base64'), encoding: 'base64', size, ...cut }
}

function problemOf(problem: Problem): NonNullable<RedactedRecord['problem']> {
  const { reason, message, violations } = problem
  return {
    reason,
    message,
    violations: violations.map((one) => ({
      at: one.at.length === 0 ? one.part : `${one.part}.${pathOf(one)}`,
      rule: one.rule,
      text: inWords(one),
    })),
  }
}

/** The user that a request created, with the address that the sandbox has now, if it has one. */
export function createdBy({ context: { api, store }, user }: Entry): RedactedRecord['user'] {
  if (user === undefined || !api.users) return undefined
  const row: unknown = store.collection(`${api.name}.${api.users.table}`).get(user)
  const email = isRecord(row) ? row[api.users.email] : undefined
  return { api: api.name, id: user, ...(typeof email === 'string' ? { email } : {}) }
}
