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
import { harEntryOf, harOf } from '../core/request-log/har.ts'
import type { RedactedRecord } from '../core/request-log/redacted-record.ts'
import type { Entry } from '../core/request-log/entry.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import type { RecordedRequest, RequestPage, RequestsCleared } from './contract.gen.ts'
import { inSlices, Slices } from '../core/slices.ts'
import { originOf } from './front-page.ts'
import { hintedSteps, recordSteps } from './hints.ts'
import { limitOf } from './paging.ts'
import type { ServerPort, SandboxPort } from './ports.ts'

/** The query parameters that filter requests. */
export const FILTERS = ['api', 'operation', 'status', 'email', 'header', 'since', 'text'] as const
/** Maximum size of an answer that is written in one step, in characters. */
const MAX_AT_ONCE = 512 * 1024
/** Estimated size of a record without its bodies, in characters. */
const RECORD_OVERHEAD = 2048

/** Handlers of `/requests` and `/requests/{id}`. */
export function requestTasks(
  sandbox: SandboxPort,
  server: ServerPort,
): Record<'listRequests' | 'getRequest' | 'clearRequests', Task> {
  return {
    listRequests: async (call) => {
      const slices = new Slices(call.signal)
      const all = [...sandbox.requests.after()]
      const matches = matcherFromQuery(call, sandbox)
      // Without a filter no entry is compared: a dashboard asks for the total every few seconds.
      const isFiltered = FILTERS.some((name) => call.query.has(name))
      const found = isFiltered ? await matching(all, matches, slices) : all
      const last = call.query.get('last')
      const selected = last === null ? found : found.slice(-Number(last))
      const after = Number(call.query.get('after') ?? 0)
      const limit = limitOf(call)
      const rest = selected.filter(({ seq }) => seq > after)
      const page = rest.slice(0, limit)
      const records: RedactedRecord[] = []
      const stepsOf = call.query.get('hints') === 'false' ? recordSteps : hintedSteps
      for await (const entry of inSlices(page, slices)) {
        records.push(await slices.run(stepsOf(entry, sandbox)))
      }
      const next = rest.length > limit ? String(page.at(-1)!.seq) : undefined
      const total = selected.length
      const frame = (requests: RedactedRecord[]): RequestPage => ({
        requests,
        total,
        ...(next === undefined ? {} : { next }),
      })
      return replyWith(records, frame, { call, server, slices })
    },
    getRequest: async (call) => {
      const slices = new Slices(call.signal)
      const record = await slices.run(hintedSteps(entryOf(call, sandbox), sandbox))
      return replyWith([record], () => record satisfies RecordedRequest, { call, server, slices })
    },
    clearRequests: () => {
      const body: RequestsCleared = { cleared: sandbox.requests.clear() }
      return { status: 200, body }
    },
  }
}

async function matching(
  entries: readonly Entry[],
  matches: EntryMatcher,
  slices: Slices,
): Promise<readonly Entry[]> {
  const found: Entry[] = []
  for await (const entry of inSlices(entries, slices)) {
    const mismatches = await slices.run(matches.steps(new SearchableEntry(entry)))
    if (mismatches.length === 0) found.push(entry)
  }
  return found
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
      : `The request log has no request ${id}; it has ${requests.size}. Calls of /_standin have ids, but are not recorded; a reset clears the log, and only the newest ${size} are kept (--request-log-size, --request-log-bytes)`
  throw new Problem(404, 'request.unknown', message)
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

interface Replying {
  readonly call: Call
  readonly server: ServerPort
  readonly slices: Slices
}

/**
 * Writes the records in the requested format. A large answer is written record by record, in
 * slices.
 *
 * @param frame returns the answer in the default format
 */
async function replyWith(
  records: readonly RedactedRecord[],
  frame: (records: RedactedRecord[]) => unknown,
  { call, server, slices }: Replying,
): Promise<Reply> {
  const format = call.query.get('format')
  if (format === 'curl') {
    call.answerType = text.mediaType
    const origin = originOf(call)
    const pieces: Buffer[] = []
    for await (const record of inSlices(records, slices)) {
      const separator = pieces.length === 0 ? '' : '\n'
      pieces.push(Buffer.from(separator + curlOf([record], origin)))
    }
    return isLarge(records)
      ? { status: 200, body: undefined, pieces }
      : { status: 200, body: Buffer.concat(pieces).toString() }
  }
  const isHar = format === 'har'
  const log = harOf([], server.version)
  if (!isLarge(records)) {
    return { status: 200, body: isHar ? harOf(records, server.version) : frame([...records]) }
  }
  // Both formats contain one empty list, `[]`, into which the records are written.
  const [before = '', after = ''] = JSON.stringify(isHar ? log : frame([])).split('[]')
  const pieces = [Buffer.from(`${before}[`)]
  for await (const [i, record] of inSlices(records.entries(), slices)) {
    const one = JSON.stringify(isHar ? harEntryOf(record) : record)
    pieces.push(Buffer.from(i === 0 ? one : `,${one}`))
  }
  pieces.push(Buffer.from(`]${after}`))
  return { status: 200, body: undefined, pieces }
}

/** Tests whether several records together take long to write. */
function isLarge(records: readonly RedactedRecord[]): boolean {
  if (records.length < 2) return false
  const texts = records.map(
    ({ body, answer }) => (body?.text.length ?? 0) + answer.body.text.length,
  )
  return texts.reduce((sum, length) => sum + length + RECORD_OVERHEAD, 0) > MAX_AT_ONCE
}
