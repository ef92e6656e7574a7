import type { Task } from '../core/api.ts'
import { events } from '../core/formats/text.ts'
import type { StreamWriter } from '../core/http/stream.ts'
import type { EntryMatcher } from '../core/request-log/filter.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import { ClientGone, Slices } from '../core/slices.ts'
import { hintedSteps } from './hints.ts'
import type { SandboxPort } from './ports.ts'
import { matcherFromQuery } from './requests.ts'

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
  return {
    streamEvents: (call) => {
      const matches = matcherFromQuery(call, sandbox)
      const lastId = [call.headers['last-event-id'] ?? []].flat()[0]
      call.answerType = events.mediaType
      const stream = (outlet: StreamWriter): (() => void) => {
        const reader = new EventReader(outlet, matches, sandbox)
        outlet.write('retry: 1000\n\n')
        reader.start(lastId === undefined ? undefined : seqIn(lastId, sandbox))
        return () => reader.stop()
      }
      return { status: 200, body: '', headers: STREAM_HEADERS, stream }
    },
  }
}

/**
 * One reader of events. It sends the first of a burst of events at once and collects the others.
 * Reading a request takes slices, so requests wait for each other in a queue.
 */
class EventReader {
  readonly #outlet: StreamWriter
  readonly #matches: EntryMatcher
  readonly #sandbox: SandboxPort
  readonly #gone = new AbortController()
  #queue: SearchableEntry[] = []
  /** Requests of the queue that were recorded before it connected. */
  #missed = 0
  /** The work on the queue; undefined while it is empty. */
  #working: Promise<void> | undefined
  #collected: Uint8Array[] = []
  #size = 0
  #timer: NodeJS.Timeout | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #unsubscribe: (() => void) | undefined

  constructor(outlet: StreamWriter, matches: EntryMatcher, sandbox: SandboxPort) {
    this.#outlet = outlet
    this.#matches = matches
    this.#sandbox = sandbox
  }

  /** @param after sequence number after which recorded requests are sent first; undefined: none */
  start(after: number | undefined): void {
    const { requests } = this.#sandbox
    this.#heartbeat = setInterval(() => this.#outlet.write(': keep-alive\n\n'), HEARTBEAT)
    this.#heartbeat.unref()
    // Read and listened to at once, so that no request is sent twice or left out.
    const missed = after === undefined ? [] : requests.after(after)
    for (const entry of missed) this.#queue.push(new SearchableEntry(entry))
    this.#missed = this.#queue.length
    this.#unsubscribe = requests.listen({
      onRequest: (request) => {
        this.#queue.push(request)
        this.#work()
      },
      onClose: () => void this.#end(),
    })
    if (this.#queue.length > 0) this.#work()
  }

  stop(): void {
    clearInterval(this.#heartbeat)
    clearTimeout(this.#timer)
    this.#unsubscribe?.()
    this.#gone.abort()
    this.#queue = []
  }

  async #end(): Promise<void> {
    await this.#working
    this.#flush()
    this.#outlet.end()
  }

  #work(): void {
    this.#working ??= this.#sendQueue().catch((error: unknown) => {
      if (error instanceof ClientGone) return
      this.#outlet.end()
      this.#sandbox.log.bug('a reader of events could not be served', error)
    })
  }

  async #sendQueue(): Promise<void> {
    const slices = new Slices(this.#gone.signal)
    for (let request = this.#queue.shift(); request; request = this.#queue.shift()) {
      if ((await slices.run(this.#matches.steps(request))).length === 0) {
        const event = await eventOf(request, this.#sandbox)
        if (this.#gone.signal.aborted) return
        this.#send(event)
      }
      // What it missed is sent as fast as the client takes it; one that falls behind later is closed.
      if (this.#missed > 0) {
        this.#missed--
        const isTaken = this.#outlet.ready()
        if (isTaken !== true && !(await isTaken)) return
      }
      if (slices.isOver) await slices.next()
    }
    this.#working = undefined
  }

  #send(bytes: Uint8Array): void {
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

/** The events that are written or being written, each once for all its readers. */
const written = new WeakMap<SearchableEntry, Promise<Uint8Array>>()

/** Writes the event of a request. No reader that leaves stops it, because others wait for it, too. */
function eventOf(request: SearchableEntry, sandbox: SandboxPort): Promise<Uint8Array> {
  let event = written.get(request)
  if (event === undefined) {
    event = new Slices().run(eventSteps(request, sandbox))
    written.set(request, event)
  }
  return event
}

function* eventSteps(
  { entry }: SearchableEntry,
  sandbox: SandboxPort,
): Generator<undefined, Uint8Array> {
  const record = yield* hintedSteps(entry, sandbox)
  const id = `${sandbox.requests.epoch}-${entry.seq}`
  return Buffer.from(`id: ${id}\nevent: request\ndata: ${JSON.stringify(record)}\n\n`)
}
