import type { Task } from '../core/api.ts'
import { events } from '../core/formats/text.ts'
import type { StreamWriter } from '../core/http/stream.ts'
import type { EntryMatcher } from '../core/request-log/filter.ts'
import type { RequestLog } from '../core/request-log/request-log.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import { Slices } from '../core/slices.ts'
import type { SandboxPort } from './ports.ts'
import { matcherFromQuery, recordWithHints } from './requests.ts'

/** Interval of keep-alive comments, in milliseconds: proxies close silent connections. */
const HEARTBEAT = 15_000
/** Milliseconds for which events are collected after one was sent: one write for many is far cheaper. */
const COLLECTING_TIME = 100
/** Collected bytes that are sent without waiting. */
const COLLECTED_BYTES = 64 * 1024

/** Headers by which proxies pass each event on at once; nginx collects them into blocks otherwise. */
const STREAM_HEADERS = { 'Cache-Control': 'no-cache, no-store', 'X-Accel-Buffering': 'no' }

/** Handler of `/events`: requests as server-sent events, each when it is answered. */
export function eventTasks(sandbox: SandboxPort): Record<'streamEvents', Task> {
  const bytesOf = eventWriter(sandbox)
  return {
    streamEvents: (call) => {
      const matches = matcherFromQuery(call, sandbox)
      const lastId = [call.headers['last-event-id'] ?? []].flat()[0]
      call.answerType = events.mediaType
      const stream = (outlet: StreamWriter): (() => void) => {
        const reader = new EventReader(outlet, matches, bytesOf)
        outlet.write('retry: 1000\n\n')
        const after = lastId === undefined ? undefined : seqIn(lastId, sandbox)
        reader.start(sandbox, after).catch((error: unknown) => {
          outlet.end()
          sandbox.log.bug('a reader of events could not be served', error)
        })
        return () => reader.stop()
      }
      return { status: 200, body: '', headers: STREAM_HEADERS, stream }
    },
  }
}

/** One reader of events. It sends the first of a burst of events at once and collects the others. */
class EventReader {
  readonly #outlet: StreamWriter
  readonly #matches: EntryMatcher
  readonly #bytesOf: (request: SearchableEntry) => Uint8Array
  #collected: Uint8Array[] = []
  #size = 0
  #timer: NodeJS.Timeout | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #unsubscribe: (() => void) | undefined
  #stopped = false

  constructor(
    outlet: StreamWriter,
    matches: EntryMatcher,
    bytesOf: (request: SearchableEntry) => Uint8Array,
  ) {
    this.#outlet = outlet
    this.#matches = matches
    this.#bytesOf = bytesOf
  }

  /** @param after sequence number after which recorded requests are sent first; undefined: none */
  async start({ requests }: SandboxPort, after: number | undefined): Promise<void> {
    this.#heartbeat = setInterval(() => this.#outlet.write(': keep-alive\n\n'), HEARTBEAT)
    this.#heartbeat.unref()
    if (after !== undefined) await this.#replay(requests, after)
    if (this.#stopped) return
    // Synchronous after the last recorded request, so that none is sent twice or left out.
    this.#unsubscribe = requests.listen({
      onRequest: (request) => this.#send(request),
      onClose: () => {
        this.#flush()
        this.#outlet.end()
      },
    })
  }

  /** Sends the recorded requests after this one, as fast as the client takes them. */
  async #replay(requests: RequestLog, after: number): Promise<void> {
    const slices = new Slices()
    let last = after
    for (let isDone = false; !isDone && !this.#stopped;) {
      isDone = true
      // Other requests are recorded during a pause, so the list is read anew after each.
      for (const entry of requests.after(last)) {
        last = entry.seq
        const request = new SearchableEntry(entry)
        if (this.#matches(request).length === 0) this.#outlet.write(this.#bytesOf(request))
        const isTaken = this.#outlet.ready()
        if (isTaken === true && !slices.isOver) continue
        if (!(await isTaken)) return
        await slices.next()
        isDone = false
        break
      }
    }
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#heartbeat)
    clearTimeout(this.#timer)
    this.#unsubscribe?.()
  }

  #send(request: SearchableEntry): void {
    if (this.#matches(request).length > 0) return
    const bytes = this.#bytesOf(request)
    this.#collected.push(bytes)
    this.#size += bytes.length
    if (!this.#timer) {
      this.#flush()
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        this.#flush()
      }, COLLECTING_TIME)
      this.#timer.unref()
    } else if (this.#size > COLLECTED_BYTES) this.#flush()
  }

  #flush(): void {
    if (this.#collected.length === 0) return
    const [first] = this.#collected
    this.#outlet.write(this.#collected.length === 1 ? first! : Buffer.concat(this.#collected)) // it has one
    this.#collected = []
    this.#size = 0
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

/** Creates a function that writes events, and an event once for all readers that it is sent to. */
function eventWriter(sandbox: SandboxPort): (request: SearchableEntry) => Uint8Array {
  let last: { readonly request: SearchableEntry; readonly bytes: Uint8Array } | undefined
  return (request) => {
    // All readers of a request are notified one after the other.
    if (last?.request !== request) last = { request, bytes: eventBytes(request, sandbox) }
    return last.bytes
  }
}

function eventBytes({ entry }: SearchableEntry, sandbox: SandboxPort): Uint8Array {
  const id = `${sandbox.requests.epoch}-${entry.seq}`
  const data = JSON.stringify(recordWithHints(entry, sandbox))
  return Buffer.from(`id: ${id}\nevent: request\ndata: ${data}\n\n`)
}
