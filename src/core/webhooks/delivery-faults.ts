import { isRecord } from '../contract/schema.ts'
import type { DeliveryFault, DeliveryFaultKind } from '../fault.ts'
import type { AttemptOutcome, WireBehavior } from './http-sender.ts'
import { signatureHeaders, type Scheme } from './signature.ts'

/** An attempt before it is signed. */
export interface Draft {
  readonly id: string
  /** Number of the attempt since the retry plan started. */
  readonly attempt: number
  /** Exact text of the body. */
  readonly body: string
  readonly scheme: Scheme
  /** Header of the plain scheme. */
  readonly header: string
  /** Signing tokens, the newest first. */
  readonly tokens: readonly string[]
  /** Milliseconds since 1970, by the sandbox's clock. */
  readonly now: number
}

/** One request to the receiver. */
export interface OutgoingRequest {
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  readonly wire?: WireBehavior
}

/** A signed attempt with its faults applied. */
export interface PreparedAttempt {
  /** Requests to send in order. The outcome of the first is the outcome of the attempt. */
  readonly requests: readonly OutgoingRequest[]
  /** Outcome to record without sending anything. */
  readonly outcome?: AttemptOutcome
  readonly faults: readonly DeliveryFaultKind[]
}

type ActiveFaults = ReadonlyMap<DeliveryFaultKind, DeliveryFault>

const HOUR = 3_600_000
const MEGABYTE = 1024 * 1024

/** Signs an attempt and applies its delivery faults. */
export function applyDeliveryFaults(
  draft: Draft,
  faults: readonly DeliveryFault[] = [],
): PreparedAttempt {
  const active: ActiveFaults = new Map(
    faults
      .filter(({ attempts }) => attempts === undefined || draft.attempt <= attempts)
      .map((fault) => [fault.kind, fault]),
  )
  const kinds = [...active.keys()]
  if (active.has('redirect')) return { requests: [], outcome: REDIRECT, faults: kinds }
  const first = requestFor(draft, active)
  return {
    requests: [
      first,
      ...(active.has('duplicate') ? [first] : []),
      ...(active.has('duplicate-new-id')
        ? [requestFor({ ...draft, id: `${draft.id}-again` }, active)]
        : []),
    ],
    faults: kinds,
  }
}

/** Answer of a receiver that has moved; redirects are not followed. */
const REDIRECT: AttemptOutcome = {
  kind: 'answered',
  status: 302,
  headers: { location: 'https://moved.example/' },
  excerpt: '',
  ms: 0,
}

function requestFor(draft: Draft, faults: ActiveFaults): OutgoingRequest {
  const { id, attempt, scheme, header, now } = draft
  const stale = faults.get('stale-timestamp')
  const age = stale ? (stale.by ?? HOUR) : 0
  const signed = changeBody(draft.body, faults, age)
  const tokens = faults.has('wrong-secret') ? ['not-the-secret-of-this-webhook'] : draft.tokens
  const signature = faults.has('unsigned')
    ? []
    : signatureHeaders({
        scheme,
        header,
        tokens,
        id,
        timestamp: Math.floor((now - age) / 1000),
        body: Buffer.from(signed),
      })
  const sent = faults.has('reserialised') ? JSON.stringify(JSON.parse(signed), null, 2) : signed
  const body = Buffer.from(sent)
  const wire = wireBehavior(body.length, faults)
  const headers = [
    ['Content-Type', 'application/json; charset=utf-8'],
    ...signature,
    ['User-Agent', 'Standin'],
    ['Standin-Delivery', id],
    ['Standin-Attempt', String(attempt)],
  ] as const
  return {
    headers: faults.has('header-case')
      ? headers.map(([name, value]) => [name.toUpperCase(), value] as const)
      : headers,
    body,
    ...(wire ? { wire } : {}),
  }
}

/** Applies the faults that change the body before it is signed, so that the signature is valid. */
function changeBody(text: string, faults: ActiveFaults, age: number): string {
  const needed = ['large', 'extra-fields', 'unknown-event'] as const
  if (age === 0 && !needed.some((kind) => faults.has(kind))) return text
  const body = JSON.parse(text) as Record<string, unknown> // the outbox wrote it
  const data = isRecord(body['data']) ? body['data'] : {}
  if (faults.has('unknown-event')) body['event'] = `${String(body['event'])}.unheard-of`
  if (faults.has('extra-fields')) {
    body['data'] = { ...data, nickname: 'Unheard Of', tags: ['new'], profile: { theme: 'dark' } }
    body['version'] = 2
  }
  if (faults.has('large')) body['data'] = { ...data, notes: 'x'.repeat(MEGABYTE) }
  if (age > 0) {
    const time = String(body['triggeredAt'])
    // Digits finer than milliseconds are copied unchanged.
    const earlier = new Date(Date.parse(time) - age).toISOString().slice(0, -1)
    body['triggeredAt'] = `${earlier}${time.slice(earlier.length)}`
  }
  return JSON.stringify(body)
}

function wireBehavior(length: number, faults: ActiveFaults): WireBehavior | undefined {
  const wire: WireBehavior = {
    ...(faults.has('chunked') ? { chunked: true } : {}),
    ...(faults.has('gzip') ? { gzip: true } : {}),
    ...(faults.has('truncated') ? { truncateAt: Math.floor(length / 2) } : {}),
    ...(faults.has('slow')
      ? { slow: { bytes: Math.max(1, Math.ceil(length / 10)), every: 50 } }
      : {}),
  }
  return Object.keys(wire).length > 0 ? wire : undefined
}
