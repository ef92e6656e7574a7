import type { Call } from '../core/call.ts'
import type { Task } from '../core/api.ts'
import { events } from '../core/formats/text.ts'
import type { StreamWriter } from '../core/http/stream.ts'
import { EventFeed, type EventFilter } from './event-feed.ts'
import type { SandboxPort } from './ports.ts'
import { FILTERS, matcherFromQuery } from './requests.ts'

/** Headers by which proxies pass each event on at once; nginx collects them into blocks otherwise. */
const STREAM_HEADERS = { 'Cache-Control': 'no-cache, no-store', 'X-Accel-Buffering': 'no' }

/** Handler of `/events`: requests as server-sent events, each when it is answered. */
export function eventTasks(sandbox: SandboxPort): Record<'streamEvents', Task> {
  const feed = new EventFeed(sandbox)
  return {
    streamEvents: (call) => {
      const filter = { matches: matcherFromQuery(call, sandbox), key: keyOf(call) }
      const lastId = [call.headers['last-event-id'] ?? []].flat()[0]
      call.answerType = events.mediaType
      const stream = (outlet: StreamWriter): (() => void) => {
        outlet.write('retry: 1000\n\n')
        return feed.join(outlet, filter, lastId === undefined ? undefined : seqIn(lastId, sandbox))
      }
      return { status: 200, body: '', headers: STREAM_HEADERS, stream }
    },
  }
}

/** A search of the text depends on more than the query: on the secrets that are known by then. */
function keyOf({ query }: Call): EventFilter['key'] {
  if (query.has('text')) return undefined
  return JSON.stringify(FILTERS.map((name) => query.get(name)))
}

/**
 * The sequence number in an event id; 0 for an id of another process, whose numbers mean other
 * requests: the client then gets everything from the start.
 */
function seqIn(id: string, { requests }: SandboxPort): number {
  const [epoch, seq] = id.split('-')
  return epoch === requests.epoch && /^\d{1,15}$/.test(seq ?? '') ? Number(seq) : 0
}
