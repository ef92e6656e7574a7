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
import type { ServerPort, SandboxPort } from './ports.ts'

const PAGE = 100

/** Asking what was asked. */
export function requestTasks(
  world: SandboxPort,
  host: ServerPort,
): Record<'listRequests' | 'getRequest' | 'clearRequests', Task> {
  return {
    listRequests: (call) => {
      const matches = matcherIn(call, world)
      const found = [...world.requests.after()].filter(
        (entry) => matches(new SearchableEntry(entry)).length === 0,
      )
      const last = call.query.get('last')
      const wanted = last === null ? found : found.slice(-Number(last))
      const after = Number(call.query.get('after') ?? 0)
      const limit = Number(call.query.get('limit') ?? PAGE)
      const rest = wanted.filter(({ seq }) => seq > after)
      const page = rest.slice(0, limit)
      const records = page.map((entry) => shown(entry, world))
      const next = rest.length > limit ? String(page.at(-1)!.seq) : undefined
      const body: RequestPage = {
        requests: records,
        total: wanted.length,
        ...(next === undefined ? {} : { next }),
      }
      return replyWith(records, body, call, host)
    },
    getRequest: (call) => {
      const record = shown(entryOf(call, world), world)
      const body: RecordedRequest = record
      return replyWith([record], body, call, host)
    },
    clearRequests: () => {
      const body: RequestsCleared = { cleared: world.requests.clear() }
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
      ? 'Nothing is remembered: the server runs with --request-log-size 0'
      : `There is no request ${id} among the ${requests.size} that are remembered; a reset forgets all, and only the newest ${size} are kept (--request-log-size, --request-log-bytes)`
  throw new Problem(404, 'request.unknown', message)
}

/** What may be shown of a request, with what its sender probably meant. */
export function shown(entry: Entry, world: SandboxPort): RedactedRecord {
  const record = recordOf(entry, world.secrets)
  const hints = hintsForEntry(entry, world)
  return hints.length === 0 ? record : { ...record, hints }
}

/** The filter that a query asks for. */
export function matcherIn({ query }: Call, world: SandboxPort): EntryMatcher {
  const names = ['api', 'operation', 'status', 'email', 'header', 'since', 'text'] as const
  const given = names.flatMap((name) => {
    const value = query.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  return matcherOf(Object.fromEntries(given), world)
}

/** @throws Problem 400 operation.unknown, and as createEntryMatcher does */
export function matcherOf(filter: RequestFilter, world: SandboxPort): EntryMatcher {
  const { operation } = filter
  const known = world.vendors.flatMap(({ contract }) => contract.operations.map(({ id }) => id))
  // A misspelt one would fit nothing, and "at most 0" would pass.
  if (operation !== undefined && !known.includes(operation)) {
    const message = `No API has an operation ${operation}; there are: ${known.join(', ')}`
    throw new Problem(400, 'operation.unknown', message)
  }
  return createEntryMatcher(filter, world.requests, world.secrets)
}

function replyWith(
  records: readonly RedactedRecord[],
  body: unknown,
  call: Call,
  host: ServerPort,
): Reply {
  switch (call.query.get('format')) {
    case 'har':
      return { status: 200, body: harOf(records, host.version) }
    case 'curl':
      call.answerType = text.mediaType
      return { status: 200, body: curlOf(records, `http://${call.headers.host ?? 'localhost'}`) }
    default:
      return { status: 200, body }
  }
}
