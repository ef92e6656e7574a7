import type { Call } from '../core/call.ts'
import type { Reply, Task } from '../core/api.ts'
import { text } from '../core/formats/text.ts'
import { Problem } from '../core/problem.ts'
import { curlOf } from '../core/request-log/curl.ts'
import {
  createEntryMatcher,
  type EntryMatcher,
  type RequestFilter,
} from '../core/request-log/filter.ts'
import { harOf } from '../core/request-log/har.ts'
import { recordOf, type RedactedRecord } from '../core/request-log/redacted-record.ts'
import type { Entry } from '../core/request-log/entry.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import type { RecordedRequest, RequestPage, RequestsCleared } from './contract.gen.ts'
import { hintsForEntry } from './hints.ts'
import { limitOf } from './paging.ts'
import type { ServerPort, SandboxPort } from './ports.ts'

/** Parameters of the query that select requests. */
const FILTERS = ['api', 'operation', 'status', 'email', 'header', 'since', 'text'] as const

/** Handlers of `/requests` and `/requests/{id}`. */
export function requestTasks(
  sandbox: SandboxPort,
  server: ServerPort,
): Record<'listRequests' | 'getRequest' | 'clearRequests', Task> {
  return {
    listRequests: (call) => {
      const all = [...sandbox.requests.after()]
      const matches = matcherFromQuery(call, sandbox)
      // Without a filter nothing is read: a dashboard asks for the total every few seconds.
      const isFiltered = FILTERS.some((name) => call.query.has(name))
      const found = isFiltered
        ? all.filter((entry) => matches(new SearchableEntry(entry)).length === 0)
        : all
      const last = call.query.get('last')
      const selected = last === null ? found : found.slice(-Number(last))
      const after = Number(call.query.get('after') ?? 0)
      const limit = limitOf(call)
      const rest = selected.filter(({ seq }) => seq > after)
      const page = rest.slice(0, limit)
      const records = page.map((entry) => recordWithHints(entry, sandbox))
      const next = rest.length > limit ? String(page.at(-1)!.seq) : undefined
      const body: RequestPage = {
        requests: records,
        total: selected.length,
        ...(next === undefined ? {} : { next }),
      }
      return replyWith(records, body, call, server)
    },
    getRequest: (call) => {
      const record = recordWithHints(entryOf(call, sandbox), sandbox)
      const body: RecordedRequest = record
      return replyWith([record], body, call, server)
    },
    clearRequests: () => {
      const body: RequestsCleared = { cleared: sandbox.requests.clear() }
      return { status: 200, body }
    },
  }
}

/** @throws Problem 404 request.unknown */
export function entryOf(call: Call, { requests }: SandboxPort): Entry {
  const id = call.params['id']!
  const entry = requests.get(id)
  if (entry) return entry
  const { size } = requests.limits
  const message =
    size === 0
      ? 'The request log is off: the server runs with --request-log-size 0'
      : `The request log has no request ${id}; it has ${requests.size}. A reset clears the log, and only the newest ${size} are kept (--request-log-size, --request-log-bytes)`
  throw new Problem(404, 'request.unknown', message)
}

/** A request with its secrets redacted, and with hints on what its sender probably meant. */
export function recordWithHints(entry: Entry, sandbox: SandboxPort): RedactedRecord {
  const record = recordOf(entry, sandbox.secrets)
  const hints = hintsForEntry(entry, sandbox)
  return hints.length === 0 ? record : { ...record, hints }
}

/** The filter that the query requests. */
export function matcherFromQuery({ query }: Call, sandbox: SandboxPort): EntryMatcher {
  const given = FILTERS.flatMap((name) => {
    const value = query.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  return matcherFromFilter(Object.fromEntries(given), sandbox)
}

/** @throws Problem 400 operation.unknown, and the problems of createEntryMatcher */
export function matcherFromFilter(filter: RequestFilter, sandbox: SandboxPort): EntryMatcher {
  const { operation } = filter
  const ids = sandbox.vendors.flatMap(({ contract }) => contract.operations.map(({ id }) => id))
  // A misspelt operation would match nothing, and `atMost: 0` would pass.
  if (operation !== undefined && !ids.includes(operation)) {
    const message = `No API has an operation ${operation}; there are: ${ids.join(', ')}`
    throw new Problem(400, 'operation.unknown', message)
  }
  return createEntryMatcher(filter, sandbox.requests, sandbox.secrets)
}

function replyWith(
  records: readonly RedactedRecord[],
  body: unknown,
  call: Call,
  server: ServerPort,
): Reply {
  switch (call.query.get('format')) {
    case 'har':
      return { status: 200, body: harOf(records, server.version) }
    case 'curl':
      call.answerType = text.mediaType
      return { status: 200, body: curlOf(records, `http://${call.headers.host ?? 'localhost'}`) }
    default:
      return { status: 200, body }
  }
}
