import type { Task } from '../core/api.ts'
import { events } from '../core/formats/text.ts'
import type { StreamWriter } from '../core/http/stream.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import type { SandboxPort } from './ports.ts'
import { matcherFromQuery, recordWithHints } from './requests.ts'

/** Interval of keep-alive comments, in milliseconds: proxies close silent connections. */
const HEARTBEAT = 15_000

/** Headers by which proxies pass each event on at once; nginx collects them into blocks otherwise. */
const STREAM_HEADERS = { 'Cache-Control': 'no-cache, no-store', 'X-Accel-Buffering': 'no' }

/** Handler of `/events`: requests as server-sent events, each when it is answered. */
export function eventTasks(sandbox: SandboxPort): Record<'streamEvents', Task> {
  return {
    streamEvents: (call) => {
      const matches = matcherFromQuery(call, sandbox)
      const { requests } = sandbox
      const lastId = [call.headers['last-event-id'] ?? []].flat()[0]
      call.answerType = events.mediaType
      const stream = (outlet: StreamWriter): (() => void) => {
        const send = (reading: SearchableEntry) => {
          if (matches(reading).length === 0) outlet.write(eventText(reading, sandbox))
        }
        outlet.write('retry: 1000\n\n')
        // Synchronous up to the subscription, so that no request is sent twice or left out.
        const missed = lastId === undefined ? [] : requests.after(seqIn(lastId, sandbox))
        for (const entry of missed) send(new SearchableEntry(entry))
        const unsubscribe = requests.listen({ onRequest: send, onClose: () => outlet.end() })
        const heartbeat = setInterval(() => outlet.write(': keep-alive\n\n'), HEARTBEAT)
        heartbeat.unref()
        return () => {
          clearInterval(heartbeat)
          unsubscribe()
        }
      }
      return { status: 200, body: '', headers: STREAM_HEADERS, stream }
    },
  }
}

/**
 * The sequence number in an event id; 0 for an id of another process, whose numbers mean other
 * requests: the client then gets everything from the start.
 */
function seqIn(id: string, { requests }: SandboxPort): number {
  const [epoch, seq] = id.split('-')
  return epoch === requests.epoch && /^\d{1,15}$/.test(seq ?? '') ? Number(seq) : 0
}

function eventText({ entry }: SearchableEntry, sandbox: SandboxPort): string {
  const id = `${sandbox.requests.epoch}-${entry.seq}`
  return `id: ${id}\nevent: request\ndata: ${JSON.stringify(recordWithHints(entry, sandbox))}\n\n`
}
