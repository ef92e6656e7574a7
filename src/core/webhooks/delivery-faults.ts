import { isRecord } from '../contract/schema.ts'
import type { DeliveryFault, DeliveryFaultKind } from '../fault.ts'
import type { AttemptOutcome, WireBehavior } from './http-sender.ts'
import { signatureHeaders, type Scheme } from './signature.ts'

/** An attempt before it is signed. */
export interface Draft {
  readonly id: string
  /** Which try it is since the plan began. */
  readonly attempt: number
  /** The exact text. */
  readonly body: string
  readonly scheme: Scheme
  /** The header of the plain scheme. */
  readonly header: string
  /** The newest first. */
  readonly tokens: readonly string[]
  /** Milliseconds since 1970, by the sandbox's clock. */
  readonly now: number
}

/** What goes to the receiver. */
export interface Sending {
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  readonly wire?: WireBehavior
}

/** What an attempt comes to. */
export interface FaultyRequest {
  /** One after the other; what becomes of the first counts. */
  readonly sendings: readonly Sending[]
  /** What happens in the place of sending. */
  readonly instead?: AttemptOutcome
  readonly faults: readonly DeliveryFaultKind[]
}

const HOUR = 3_600_000
const MEGABYTE = 1024 * 1024

/** What is sent for an attempt, and how these faults spoil it. */
export function applyDeliveryFault(
  draft: Draft,
  faults: readonly DeliveryFault[] = [],
): FaultyRequest {
  const armed = new Map(
    faults
      .filter(({ attempts }) => attempts === undefined || draft.attempt <= attempts)
      .map((fault) => [fault.kind, fault]),
  )
  const kinds = [...armed.keys()]
  if (armed.has('redirect')) return { sendings: [], instead: REDIRECT, faults: kinds }
  const make = (id: string) => sending({ ...draft, id }, armed)
  const first = make(draft.id)
  return {
    sendings: [
      first,
      ...(armed.has('duplicate') ? [first] : []),
      ...(armed.has('duplicate-new-id') ? [make(`${draft.id}-again`)] : []),
    ],
    faults: kinds,
  }
}

/** What a receiver that has moved answers; nobody goes after it. */
const REDIRECT: AttemptOutcome = {
  kind: 'answered',
  status: 302,
  headers: { location: 'https://moved.example/' },
  excerpt: '',
  ms: 0,
}

function sending(draft: Draft, faults: ReadonlyMap<DeliveryFaultKind, DeliveryFault>): Sending {
  const { id, attempt, scheme, header, now } = draft
  const stale = faults.get('stale-timestamp')
  const late = stale ? (stale.by ?? HOUR) : 0
  const signed = changed(draft.body, faults, late)
  const tokens = faults.has('wrong-secret') ? ['not-the-secret-of-this-webhook'] : draft.tokens
  const signature = faults.has('unsigned')
    ? []
    : signatureHeaders({
        scheme,
        header,
        tokens,
        id,
        timestamp: Math.floor((now - late) / 1000),
        body: Buffer.from(signed),
      })
  const sent = faults.has('reserialised') ? JSON.stringify(JSON.parse(signed), null, 2) : signed
  const body = Buffer.from(sent)
  const wire = wireOf(body.length, faults)
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

/** The text with what is changed before it is signed, so that the signature is right. */
function changed(
  text: string,
  faults: ReadonlyMap<DeliveryFaultKind, DeliveryFault>,
  late: number,
): string {
  const needed = ['large', 'extra-fields', 'unknown-event'] as const
  if (late === 0 && !needed.some((kind) => faults.has(kind))) return text
  const body = JSON.parse(text) as Record<string, unknown> // the outbox wrote it
  const data = isRecord(body['data']) ? body['data'] : {}
  if (faults.has('unknown-event')) body['event'] = `${String(body['event'])}.unheard-of`
  if (faults.has('extra-fields')) {
    body['data'] = { ...data, nickname: 'Unheard Of', tags: ['new'], profile: { theme: 'dark' } }
    body['version'] = 2
  }
  if (faults.has('large')) body['data'] = { ...data, notes: 'x'.repeat(MEGABYTE) }
  if (late > 0) {
    const time = String(body['triggeredAt'])
    // What is finer than milliseconds stays as it was.
    const before = new Date(Date.parse(time) - late).toISOString().slice(0, -1)
    body['triggeredAt'] = `${before}${time.slice(before.length)}`
  }
  return JSON.stringify(body)
}

function wireOf(
  length: number,
  faults: ReadonlyMap<DeliveryFaultKind, DeliveryFault>,
): WireBehavior | undefined {
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
