import { computed, signal } from '@preact/signals'
import type { RecordedRequest } from '../../src/admin/contract.gen.ts'
import { callAdmin, httpCall, needsToken } from '../api/client.ts'
import { readEvents } from '../api/event-stream.ts'
import { visible } from '../parts/visible-text.ts'

/** A request as the list shows it; its detail is fetched when it is opened. */
export interface Row {
  readonly id: string
  readonly time: string
  readonly api: string | undefined
  readonly operation: string | undefined
  /** Method and path, or the malformed line. */
  readonly call: string
  readonly status: number
  readonly reason: string | undefined
  /** The person, or the most telling value otherwise. */
  readonly title: string
  readonly faults: readonly string[]
  readonly webhooks: number
  readonly ms: number
  /** Everything that the filter searches, in lower case. */
  readonly searched: string
}

/** State of the connection to the event stream. */
export type Connection = 'connecting' | 'live' | 'reconnecting'

/** Maximum number of rows; the oldest are dropped first. */
const MAX_ROWS = 20_000
/**
 * Number of requests that one call fetches; small, so that the server can answer other callers in
 * between.
 */
const PAGE = 200
/** Characters of each body that the filter searches. */
const SEARCHED_BODY = 1000

const list = signal<readonly Row[]>([])
const ids = new Map<string, Row>()

/** All requests, the newest first. */
export const rows = computed(() => list.value.toReversed())
export const connection = signal<Connection>('connecting')
/** Time of the last sign of life of the event stream, in milliseconds since 1970. */
export const lastEvent = signal<number | undefined>(undefined)
/**
 * Counts the requests that arrived. Data that depends on them is fetched again when this changes.
 */
export const eventCount = signal(0)
/** Counts the other changes of the sandbox, such as those of deliveries, faults and the clock. */
export const changeCount = signal(0)

/** The row of a request, if the list has it. */
export const rowOf = (id: string): Row | undefined => ids.get(id)

const EMAIL = /[^\s"'<>@,;:&=]{1,64}@[^\s"'<>@,;:&=\\]{1,255}/

function rowFrom(record: RecordedRequest): Row {
  const { id, time, api, operation, method, path, line, query, answer, problem, user } = record
  const call = method === undefined ? (line ?? '(unreadable)') : `${method} ${path ?? ''}`
  const sent = record.body?.encoding === undefined ? (record.body?.text ?? '') : ''
  const email = user?.email ?? EMAIL.exec(sent.slice(0, 10_000))?.[0]
  const faults = (record.faults ?? []).map(({ fault }) => shortName(fault))
  const reason = problem?.reason
  const parts = [id, time, api, operation, call, query, answer.status, reason, email, ...faults]
  const bodies = [sent, answer.body.text].map((text) => text.slice(0, SEARCHED_BODY))
  return {
    id,
    time,
    api,
    operation,
    call: visible(call, 300),
    status: answer.status,
    reason,
    title: visible(email ?? reason ?? operation ?? call, 200),
    faults,
    webhooks: record.deliveries?.length ?? 0,
    ms: record.ms,
    searched: [...parts, ...bodies].join('\n').toLowerCase(),
  }
}

/**
 * Returns the short form of a fault as people write it, without count and operation: `commit-500`.
 */
export function shortName(fault: string): string {
  const parts = fault.split(';').filter((part) => !/^(?:times|operation)=/.test(part))
  const others = parts.filter((part) => part !== 'after=commit')
  const isCommit = others.length < parts.length
  return others.map((part, i) => (isCommit && i === 0 ? `commit-${part}` : part)).join(';') || fault
}

/** Appends requests that the list does not have. */
function append(records: readonly RecordedRequest[]): void {
  const added = records.filter(({ id }) => !ids.has(id)).map(rowFrom)
  if (added.length === 0) return
  for (const row of added) ids.set(row.id, row)
  const all = [...list.value, ...added]
  for (const row of all.slice(0, -MAX_ROWS)) ids.delete(row.id)
  list.value = all.slice(-MAX_ROWS)
}

function replaceAll(records: readonly RecordedRequest[]): void {
  ids.clear()
  list.value = []
  append(records)
}

/** Drops the oldest rows, which the server no longer has. */
export function keepNewest(count: number): void {
  if (list.value.length <= count) return
  for (const row of list.value.slice(0, list.value.length - count)) ids.delete(row.id)
  list.value = count === 0 ? [] : list.value.slice(-count)
}

/** Fetches the requests that the list lacks: those after its newest request, or the whole log. */
async function fillGap(): Promise<void> {
  const { requests } = await callAdmin({
    operation: 'listRequests',
    query: { last: PAGE, limit: PAGE, hints: false },
  })
  const newest = list.value.at(-1)
  const isKnown = requests.some(
    ({ id, time, ms }) => id === newest?.id && time === newest.time && ms === newest.ms,
  )
  if (isKnown) {
    append(requests)
    return
  }
  // The log is another one (after a restart), or the gap is long: the newest requests are shown
  // first.
  replaceAll(requests)
  if (requests.length === PAGE) await loadOlder()
}

/** Adds the whole log before the rows of the list. */
async function loadOlder(): Promise<void> {
  const all: Row[] = []
  let after: string | undefined
  do {
    const page = await callAdmin({
      operation: 'listRequests',
      query: { after, limit: PAGE, hints: false },
    })
    all.push(...page.requests.map((record) => ids.get(record.id) ?? rowFrom(record)))
    after = page.next
    const known = new Set(all.map(({ id }) => id))
    for (const row of all) ids.set(row.id, row)
    list.value = [...all, ...list.value.filter(({ id }) => !known.has(id))].slice(-MAX_ROWS)
  } while (after !== undefined)
}

/**
 * Requests that arrived while the gap was being filled; they are appended after it. Undefined at
 * other times.
 */
let waiting: RecordedRequest[] | undefined

function receive(record: RecordedRequest): void {
  eventCount.value++
  if (waiting) {
    waiting.push(record)
    return
  }
  const known = ids.get(record.id)
  // After a reset, ids are used again.
  if (known && (known.time !== record.time || known.ms !== record.ms)) replaceAll([])
  append([record])
}

/** Fills the gap, then appends what arrived meanwhile. */
async function catchUp(): Promise<void> {
  await fillGap()
  const arrived = waiting ?? []
  waiting = undefined
  append(arrived)
  connection.value = 'live'
  lastEvent.value = Date.now()
}

async function listenOnce(abort: AbortSignal): Promise<void> {
  waiting = []
  let filled: Promise<void> | undefined
  await readEvents(
    httpCall({ operation: 'streamEvents', query: { changes: true } }).url,
    {
      onOpen: () => {
        filled = catchUp()
        filled.catch(() => stopCurrent?.abort())
      },
      onEvent: (name, data) => {
        if (name === 'request')
          receive(JSON.parse(data) as RecordedRequest) // by the contract
        else changeCount.value++
      },
      onBytes: () => (lastEvent.value = Date.now()),
    },
    abort,
  )
  await filled
}

let stopCurrent: AbortController | undefined

const RETRY_DELAYS = [250, 500, 1000, 2000]

/** Keeps the list up to date from now on. A hidden page closes its connection. */
export async function followRequests(): Promise<never> {
  let failures = 0
  for (;;) {
    await untilVisible()
    stopCurrent = new AbortController()
    const opened = connection.value
    try {
      await listenOnce(stopCurrent.signal)
    } catch {
      // The next attempt follows.
    }
    failures = connection.value === 'live' ? 0 : failures + 1
    connection.value = opened === 'connecting' && failures > 0 ? 'connecting' : 'reconnecting'
    await pause(RETRY_DELAYS[Math.min(failures, RETRY_DELAYS.length - 1)]!) // within the list
    while (needsToken.value) await pause(200)
  }
}

/**
 * Milliseconds after which a hidden page closes its connection: a browser opens at most six to a
 * server, and hidden tabs must not use all of them.
 */
const HIDDEN_TIME = 60_000

addEventListener('visibilitychange', () => {
  if (!document.hidden) return
  const timer = setTimeout(() => document.hidden && stopCurrent?.abort(), HIDDEN_TIME)
  addEventListener('visibilitychange', () => clearTimeout(timer), { once: true })
})

function untilVisible(): Promise<void> {
  if (!document.hidden) return Promise.resolve()
  return new Promise((resolve) => {
    addEventListener('visibilitychange', () => resolve(), { once: true })
  })
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Fetches the list anew, such as after a reset. */
export function reloadRequests(): void {
  replaceAll([])
  stopCurrent?.abort()
}
