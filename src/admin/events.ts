import type { Task } from '../core/api.ts'
import { events } from '../core/formats/text.ts'
import type { StreamWriter } from '../core/http/stream.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import { ClientGone, Slices } from '../core/slices.ts'
import { hintedSteps } from './hints.ts'
import type { SandboxPort } from './ports.ts'
import { matcherFromQuery } from './requests.ts'

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
        const gone = new AbortController()
        const slices = new Slices(gone.signal)
        // Read and listened to at once, so that no request is sent twice or left out.
        const missed = lastId === undefined ? [] : requests.after(seqIn(lastId, sandbox))
        const waiting = [...missed].map((entry) => new SearchableEntry(entry))
        let sending: Promise<void> | undefined
        const sendWaiting = async () => {
          for (let one = waiting.shift(); one; one = waiting.shift()) {
            try {
              if ((await slices.run(matches.steps(one))).length === 0) {
                outlet.write(await slices.run(eventSteps(one, sandbox)))
              }
              if (slices.isOver) await slices.next()
            } catch (error) {
              if (error instanceof ClientGone) return
              one.entry.context.log.bug('an event could not be sent', error)
            }
          }
          sending = undefined
        }
        const send = () => {
          if (waiting.length > 0) sending ??= sendWaiting()
        }
        outlet.write('retry: 1000\n\n')
        const onRequest = (request: SearchableEntry) => {
          waiting.push(request)
          send()
        }
        const onClose = () => void Promise.resolve(sending).finally(() => outlet.end())
        const unsubscribe = requests.listen({ onRequest, onClose })
        send()
        const heartbeat = setInterval(() => outlet.write(': keep-alive\n\n'), HEARTBEAT)
        heartbeat.unref()
        return () => {
          clearInterval(heartbeat)
          unsubscribe()
          gone.abort()
          waiting.length = 0
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

/** The event of a request; the readers of one moment share it. */
const texts = new WeakMap<SearchableEntry, string>()

function* eventSteps(request: SearchableEntry, sandbox: SandboxPort): Generator<undefined, string> {
  const known = texts.get(request)
  if (known !== undefined) return known
  const { entry } = request
  const record = yield* hintedSteps(entry, sandbox)
  const id = `${sandbox.requests.epoch}-${entry.seq}`
  const text = `id: ${id}\nevent: request\ndata: ${JSON.stringify(record)}\n\n`
  texts.set(request, text)
  return text
}
