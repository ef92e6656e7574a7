import type { StreamWriter } from '../core/http/stream.ts'
import type { EntryMatcher } from '../core/request-log/filter.ts'
import type { Entry } from '../core/request-log/entry.ts'
import { SearchableEntry } from '../core/request-log/searchable-entry.ts'
import { ClientGone, Slices } from '../core/slices.ts'
import { hintedSteps } from './hints.ts'
import type { SandboxPort } from './ports.ts'

/** Interval of keep-alive comments, in milliseconds: proxies close silent connections. */
const HEARTBEAT = 15_000
/**
 * Milliseconds without a request after which events are sent. Writing events takes time that a burst
 * of requests needs, and one write for many is much cheaper. The first event of a burst is sent at
 * once.
 */
const QUIET_TIME = 25
/** Milliseconds after which events are sent even if requests keep arriving. */
const MAX_WAIT = 500
/** Milliseconds without a request after which the next one counts as the first of a burst. */
const BURST_TIME = 100
/** Maximum number of bytes of requests that wait to be written. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024
/** Number of collected bytes above which events are sent without waiting. */
const COLLECTED_BYTES = 256 * 1024

/** A filter of events. */
export interface EventFilter {
  readonly matches: EntryMatcher
  /**
   * Filters with the same key match the same requests; undefined if no other reader can share it.
   */
  readonly key: string | undefined
}

/**
 * Sends the requests of a sandbox as server-sent events. A test suite may have many readers, so
 * they share work: each event is written once for all readers, and readers with the same filter are
 * served by one comparison and one buffer.
 */
export class EventFeed {
  readonly #sandbox: SandboxPort
  readonly #groups = new Set<ReaderGroup>()
  #queue: SearchableEntry[] = []
  #queuedBytes = 0
  /** When the first request of the queue arrived, by `performance.now()`. */
  #queuedSince = 0
  #timer: NodeJS.Timeout | undefined
  /** The sending of the queued requests; undefined while none runs. */
  #working: Promise<void> | undefined
  /** When the last request came, by `performance.now()`. */
  #lastRequestAt = -BURST_TIME
  /** Sequence number of the last request that was delivered. */
  #delivered = 0
  #unsubscribe: (() => void) | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor(sandbox: SandboxPort) {
    this.#sandbox = sandbox
  }

  /**
   * Adds a reader.
   *
   * @param after recorded requests after this sequence number are sent first; undefined: none are
   * @returns a function that removes it
   */
  join(outlet: StreamWriter, filter: EventFilter, after: number | undefined): () => void {
    const { requests } = this.#sandbox
    if (this.#groups.size === 0) this.#open()
    const group = this.#groupFor(filter)
    // The log is read and subscribed to in one step, so that no request is sent twice or left out.
    const missed = after === undefined ? [] : [...requests.after(after)]
    const reader = new Reader(outlet, requests.seq)
    group.add(reader)
    reader.catchUp(missed, group.matches, this.#sandbox).then(
      () => group.promote(this.#delivered),
      (error: unknown) => {
        if (!(error instanceof ClientGone)) this.#fail([reader], error)
      },
    )
    return () => {
      reader.stop()
      group.remove(reader)
      if (group.isEmpty) this.#groups.delete(group)
      if (this.#groups.size === 0) this.#close()
    }
  }

  #groupFor({ matches, key }: EventFilter): ReaderGroup {
    for (const group of this.#groups) if (key !== undefined && group.key === key) return group
    const group = new ReaderGroup(matches, key)
    this.#groups.add(group)
    return group
  }

  #open(): void {
    const { requests } = this.#sandbox
    this.#delivered = requests.seq
    this.#heartbeat = setInterval(() => {
      for (const { outlet } of this.#readers) outlet.write(': keep-alive\n\n')
    }, HEARTBEAT)
    this.#heartbeat.unref()
    this.#unsubscribe = requests.listen({
      onRequest: (request) => this.#enqueue(request),
      onClose: () => void this.#end(),
    })
  }

  #close(): void {
    clearInterval(this.#heartbeat)
    clearTimeout(this.#timer)
    this.#unsubscribe?.()
    this.#queue = []
    this.#queuedBytes = 0
  }

  #enqueue(request: SearchableEntry): void {
    const now = performance.now()
    if (this.#queue.length === 0) this.#queuedSince = now
    this.#queue.push(request)
    this.#queuedBytes += request.entry.answerEnd - request.entry.start
    const isFirst = now - this.#lastRequestAt >= BURST_TIME
    this.#lastRequestAt = now
    if (isFirst || this.#queuedBytes > MAX_QUEUED_BYTES) this.#startDelivery()
    else if (now - this.#queuedSince < MAX_WAIT) this.#deliverLater()
  }

  #deliverLater(): void {
    if (this.#working) return
    if (this.#timer) {
      this.#timer.refresh()
      return
    }
    this.#timer = setTimeout(() => this.#startDelivery(), QUIET_TIME)
    this.#timer.unref()
  }

  #startDelivery(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#working ??= this.#deliverQueue()
  }

  get #readers(): Reader[] {
    return [...this.#groups].flatMap((group) => group.readers)
  }

  async #deliverQueue(): Promise<void> {
    const slices = new Slices()
    const requests = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    for (const request of requests) {
      for (const group of this.#groups) {
        try {
          await group.deliver(request, this.#sandbox, slices)
        } catch (error) {
          this.#fail(group.readers, error)
        }
        if (slices.isOver) await slices.next()
      }
      // Readers may all have left and others come meanwhile.
      this.#delivered = Math.max(this.#delivered, request.entry.seq)
    }
    for (const group of this.#groups) group.flush()
    this.#working = undefined
    if (this.#queue.length > 0) this.#deliverLater()
  }

  #fail(readers: readonly Reader[], error: unknown): void {
    this.#sandbox.log.bug('readers of events could not be served', error)
    for (const { outlet } of readers) outlet.end()
  }

  /** Ends all streams after the last event. */
  async #end(): Promise<void> {
    await this.#working
    this.#startDelivery()
    await this.#working
    for (const reader of this.#readers) void reader.end()
  }
}

/** Readers with the same filter. Their events are collected and sent together. */
class ReaderGroup {
  readonly matches: EntryMatcher
  readonly key: string | undefined
  readonly #live = new Set<Reader>()
  /** Readers that are still being sent the requests that they missed. */
  readonly #late = new Set<Reader>()
  #collected: Uint8Array[] = []
  #size = 0

  constructor(matches: EntryMatcher, key: string | undefined) {
    this.matches = matches
    this.key = key
  }

  get readers(): Reader[] {
    return [...this.#live, ...this.#late]
  }

  get isEmpty(): boolean {
    return this.#live.size + this.#late.size === 0
  }

  add(reader: Reader): void {
    this.#late.add(reader)
  }

  remove(reader: Reader): void {
    this.#late.delete(reader)
    this.#live.delete(reader)
  }

  /** Sends the event of a request to the readers, if it matches. */
  async deliver(request: SearchableEntry, sandbox: SandboxPort, slices: Slices): Promise<void> {
    const { seq } = request.entry
    if ((await slices.run(this.matches.steps(request))).length === 0) {
      const event = await eventOf(request, sandbox)
      if (this.#live.size > 0) this.#collect(event)
      for (const reader of this.#late) reader.keep(seq, event)
    }
    this.promote(seq)
  }

  /**
   * Moves the readers that have received all missed requests to the live readers.
   *
   * @param delivered sequence number of the last request that was delivered
   */
  promote(delivered: number): void {
    for (const reader of this.#late) {
      if (!reader.hasCaughtUp || delivered < reader.since) continue
      // The collected events are older than the first live event of this reader: it must not get
      // them.
      this.flush()
      reader.writeKept()
      this.#late.delete(reader)
      this.#live.add(reader)
    }
  }

  #collect(event: Uint8Array): void {
    this.#collected.push(event)
    this.#size += event.length
    if (this.#size > COLLECTED_BYTES) this.flush()
  }

  flush(): void {
    if (this.#collected.length === 0) return
    const bytes = Buffer.concat(this.#collected)
    this.#collected = []
    this.#size = 0
    for (const { outlet } of this.#live) outlet.write(bytes)
  }
}

/** One reader of events. */
class Reader {
  readonly outlet: StreamWriter
  /** Sequence number of the last request that was recorded before it connected. */
  readonly since: number
  readonly #gone = new AbortController()
  #catchingUp: Promise<void> | undefined
  #hasCaughtUp = false
  /** Events that arrived while the missed requests were being sent. */
  #kept: Uint8Array[] = []

  constructor(outlet: StreamWriter, since: number) {
    this.outlet = outlet
    this.since = since
  }

  get hasCaughtUp(): boolean {
    return this.#hasCaughtUp
  }

  /**
   * Sends the requests that the reader missed, at the speed at which the client reads them. The
   * stream of a client that reads too slowly later is closed.
   *
   * @throws ClientGone
   */
  catchUp(missed: readonly Entry[], matches: EntryMatcher, sandbox: SandboxPort): Promise<void> {
    this.#catchingUp = this.#sendMissed(missed, matches, sandbox)
    return this.#catchingUp
  }

  async #sendMissed(
    missed: readonly Entry[],
    matches: EntryMatcher,
    sandbox: SandboxPort,
  ): Promise<void> {
    const slices = new Slices(this.#gone.signal)
    for (const entry of missed) {
      const request = new SearchableEntry(entry)
      if ((await slices.run(matches.steps(request))).length === 0) {
        this.outlet.write(await eventOf(request, sandbox))
        const isTaken = this.outlet.ready()
        if (isTaken !== true && !(await isTaken)) return
      }
      if (slices.isOver) await slices.next()
    }
    this.#hasCaughtUp = true
  }

  /** Keeps an event until all missed requests have been sent. */
  keep(seq: number, event: Uint8Array): void {
    if (seq > this.since) this.#kept.push(event)
  }

  writeKept(): void {
    for (const event of this.#kept) this.outlet.write(event)
    this.#kept = []
  }

  stop(): void {
    this.#gone.abort()
    this.#kept = []
  }

  async end(): Promise<void> {
    await this.#catchingUp?.catch(() => undefined) // join() reports it
    this.writeKept()
    this.outlet.end()
  }
}

/**
 * Events that have been written as text, or are being written; each is written once for all
 * readers.
 */
const written = new WeakMap<SearchableEntry, Promise<Uint8Array>>()

/**
 * Writes the event of a request as text. A reader that disconnects does not cancel the writing,
 * because other readers wait for the same event.
 */
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
