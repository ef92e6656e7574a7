import { gunzipSync } from 'node:zlib'
import type { AttemptOutcome } from './http-sender.ts'
import { verifyWebhook, type Verdict } from './signature.ts'

/** What came in by one request. */
export interface Arrival {
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** One that came, with what it was answered. */
export interface Received {
  /** Counted from 1 in each inbox. */
  readonly number: number
  /** Milliseconds since 1970, by the sandbox's clock. */
  readonly at: number
  readonly headers: Arrival['headers']
  /** With its Content-Encoding undone, where it is gzip: that is what is signed. */
  readonly body: Uint8Array
  readonly status: number
  /** Whether the signature is right; undefined where no webhook points here. */
  readonly verdict: Verdict | undefined
}

/** How an inbox answers. */
export interface InboxReply {
  readonly status: number
  readonly retryAfter: number | undefined
  /** Machine's milliseconds. */
  readonly delay: number
}

interface Kept {
  readonly inbox: string
  readonly number: number
  readonly at: number
  readonly status: number
  readonly bytes: number
  readonly tokens: readonly string[]
  arrival: Arrival | (() => Arrival)
}

const MOST = 1000
const MOST_BYTES = 16 * 1024 * 1024
/** About what it takes to keep one besides its body, in bytes. */
const OVERHEAD = 500
/** So that queries that differ cannot fill the memory. */
const MOST_COUNTED = 1000
/** Milliseconds that an answer may be put off. */
const LONGEST_DELAY = 60_000

/**
 * Receivers inside the server, each by its name. They take whatever comes, answer as the query of
 * the URL tells them, and show what came. All of a sandbox's are bounded together; the oldest go.
 */
export class Inboxes {
  readonly #header: string
  #kept: Kept[] = []
  #bytes = 0
  readonly #counts = new Map<string, number>()
  readonly #asked = new Map<string, number>()

  /** @param header the one that the plain scheme's signature is in */
  constructor(header: string) {
    this.#header = header
  }

  /**
   * Takes what came, and says how to answer it.
   *
   * @param tokens the secrets of the webhooks that point here
   * @param size of the body, in bytes
   */
  take(
    inbox: string,
    query: string,
    arrival: Arrival | (() => Arrival),
    {
      at,
      size,
      tokens,
    }: { readonly at: number; readonly size: number; readonly tokens: readonly string[] },
  ): InboxReply {
    const told = this.#told(inbox, query)
    const bytes = size + OVERHEAD
    const number = (this.#counts.get(inbox) ?? 0) + 1
    this.#counts.delete(inbox)
    this.#counts.set(inbox, number)
    this.#kept.push({ inbox, number, at, status: told.status, bytes, tokens, arrival })
    this.#bytes += bytes
    this.#bound()
    return told
  }

  /** How many came since it was last cleared. */
  total(inbox: string): number {
    return this.#counts.get(inbox) ?? 0
  }

  /** Those that are still kept, the newest last. */
  list(inbox: string, { after = 0, limit }: { after?: number; limit: number }): Received[] {
    return this.#kept
      .slice(-MOST)
      .filter((kept) => kept.inbox === inbox && kept.number > after)
      .slice(0, limit)
      .map((kept) => this.#shown(kept))
  }

  /** Forgets what came to one inbox, and how often it was asked. */
  clear(inbox: string): void {
    this.#kept = this.#kept.filter((kept) => kept.inbox !== inbox)
    this.#bytes = this.#kept.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#counts.delete(inbox)
    for (const key of this.#asked.keys()) if (key.startsWith(`${inbox}?`)) this.#asked.delete(key)
  }

  clearAll(): void {
    this.#kept = []
    this.#bytes = 0
    this.#counts.clear()
    this.#asked.clear()
  }

  #told(inbox: string, query: string): InboxReply {
    if (query === '') return GOOD
    const asked = new URLSearchParams(query)
    const wish = Number(asked.get('status') ?? 200)
    const status = wish >= 200 && wish <= 599 && Number.isInteger(wish) ? wish : 200
    const delay = Math.min(LONGEST_DELAY, delayOf(asked.get('delay')))
    const wait = asked.get('retry-after')
    const retryAfter = wait !== null && /^\d{1,6}$/.test(wait) ? Number(wait) : undefined
    const times = asked.get('times')
    if (times === null) return { status, retryAfter, delay }
    const key = `${inbox}?${query}`
    const n = (this.#asked.get(key) ?? 0) + 1
    if (this.#asked.size >= MOST_COUNTED) this.#asked.clear()
    this.#asked.set(key, n)
    return n <= Number(times) ? { status, retryAfter, delay } : GOOD
  }

  #bound(): void {
    if (this.#kept.length >= 2 * MOST || this.#bytes > MOST_BYTES) this.#cut()
    if (this.#counts.size > MOST_COUNTED) this.#counts.delete(this.#counts.keys().next().value!)
  }

  /** In one go, now and then: taking the first of a list moves all others. */
  #cut(): void {
    let gone = Math.max(0, this.#kept.length - MOST)
    for (const { bytes } of this.#kept.slice(0, gone)) this.#bytes -= bytes
    while (this.#bytes > MOST_BYTES && gone < this.#kept.length - 1) {
      this.#bytes -= this.#kept[gone]!.bytes
      gone++
    }
    this.#kept.splice(0, gone)
  }

  #shown(kept: Kept): Received {
    if (typeof kept.arrival === 'function') kept.arrival = kept.arrival()
    const { number, at, status, arrival, tokens } = kept
    const headers: Record<string, string> = {}
    for (const [name, value] of arrival.headers) headers[name.toLowerCase()] = value
    const body = unfolded(arrival.body, headers['content-encoding'])
    const verdicts = tokens.map((token) =>
      verifyWebhook(body, headers, token, { now: at, header: this.#header.toLowerCase() }),
    )
    const verdict = verdicts.find(({ verified }) => verified) ?? verdicts[0]
    return { number, at, headers: arrival.headers, body, status, verdict }
  }
}

const GOOD: InboxReply = { status: 200, retryAfter: undefined, delay: 0 }

function unfolded(body: Uint8Array, encoding: string | undefined): Uint8Array {
  if (encoding?.toLowerCase() !== 'gzip') return body
  try {
    return gunzipSync(body, { maxOutputLength: MOST_BYTES })
  } catch {
    return body // shown, and judged, as it came
  }
}

/** `250ms`, `2s`, or milliseconds; 0 for what is neither. */
function delayOf(text: string | null): number {
  const [, amount, unit = 'ms'] = /^(\d{1,7})(ms|s)?$/.exec(text ?? '') ?? []
  return Number(amount ?? 0) * (unit === 's' ? 1000 : 1)
}

/** What a sender sees of an inbox' answer. */
export function outcomeOf({ status, retryAfter, delay }: InboxReply): AttemptOutcome {
  return {
    kind: 'answered',
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
    excerpt: '',
    ms: delay,
  }
}
