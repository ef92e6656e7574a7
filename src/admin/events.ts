import type { Call } from '../core/call.ts'
import type { Task } from '../core/api.ts'
import { events } from '../core/formats/text.ts'
import type { StreamWriter } from '../core/http/stream.ts'
import { EventFeed, type EventFilter } from './event-feed.ts'
import type { SandboxPort } from './ports.ts'
import { FILTERS, matcherFromQuery } from './requests.ts'

/** Headers that make proxies forward each event at once; without them, nginx buffers events. */
const STREAM_HEADERS = { 'Cache-Control': 'no-cache, no-store', 'X-Accel-Buffering': 'no' }

/** Handler of `/events`: sends each request as a server-sent event when it is answered. */
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

/**
 * Returns the key of a filter. A filter with `text` has none: its result also depends on the
 * secrets that the sandbox knows at that time.
 */
function keyOf({ query }: Call): EventFilter['key'] {
  if (query.has('text')) return undefined
  return JSON.stringify(FILTERS.map((name) => query.get(name)))
}

/**
 * Returns the sequence number in an event id, or 0 for an id of another server process, whose
 * numbers refer to other requests. With 0, the client gets the whole log.
 */
function seqIn(id: string, { requests }: SandboxPort): number {
  const [epoch, seq] = id.split('-')
  return epoch === requests.epoch && /^\d{1,15}$/.test(seq ?? '') ? Number(seq) : 0
}
