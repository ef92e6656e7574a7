import type { Delay, DeliveryFault, FaultDefinition, FaultEffect } from '../fault.ts'
import { milliseconds } from '../time/duration.ts'
import { invalidFault } from './invalid-fault.ts'

/** The longest delay in milliseconds, longer than any client waits; `forever` has no end. */
const MAX_DELAY = 3_600_000

/**
 * Reads the effect of a definition and checks that its fields can be combined.
 *
 * @throws Problem 400 fault.invalid, naming the field and what is allowed
 */
export function effectOf(given: FaultDefinition): FaultEffect {
  const { status, reason, fields, words, location, retryAfter, connection, cutAfter } = given
  const isRefusal = status !== undefined || reason !== undefined || words !== undefined
  if (words === 'login-page' ? status !== undefined && status !== 200 : (status ?? 500) < 300) {
    throw invalidFault('status must be from 300 to 599; 200 is allowed with words login-page only')
  }
  for (const [name, value] of Object.entries({ fields, location, retryAfter })) {
    if (value !== undefined && !isRefusal) throw invalidFault(`${name} needs a status or a reason`)
  }
  if (location !== undefined && !(status && status >= 300 && status < 400)) {
    throw invalidFault('location needs a status from 300 to 399')
  }
  if (words !== undefined && words !== 'login-page' && status === undefined && !reason) {
    throw invalidFault(`words ${words} needs a status, such as 502`)
  }
  if (cutAfter !== undefined && connection !== 'cut') {
    throw invalidFault('cutAfter needs connection cut')
  }
  const { slow, bytes, interval, outcome, later } = given
  if ((bytes !== undefined || interval !== undefined) && !slow) {
    throw invalidFault('bytes and interval need slow, which is headers or body')
  }
  if (slow && connection)
    throw invalidFault('slow and connection cannot be combined; remove one of them')
  if (later !== undefined && outcome !== 'created-later') {
    throw invalidFault('later needs outcome created-later')
  }
  if (outcome && given.after && given.after !== 'validation') {
    throw invalidFault(`outcome ${outcome} always fires after validation; remove the field after`)
  }
  if ((given.webhookBy ?? given.webhookAttempts) !== undefined && !given.webhook) {
    throw invalidFault('webhookBy and webhookAttempts need webhook')
  }
  // 502 and above come from a gateway by default; 500 and 501 from the vendor.
  const wording = words ?? (status !== undefined && status > 501 ? 'gateway' : 'vendor')
  if (given.body && isRefusal && wording !== 'vendor') {
    throw invalidFault(`body ${given.body} changes the vendor's answer; add words vendor`)
  }
  checkCounting(given)
  checkHandshake(given)
  const hasEffect = [
    isRefusal,
    given.delay,
    slow,
    connection,
    given.body,
    outcome,
    given.webhook,
    given.tls,
  ].some(Boolean)
  if (!hasEffect) {
    throw invalidFault(
      'a fault needs one of status, reason, words, delay, slow, connection, body, outcome, webhook, tls, or fault with its short form',
    )
  }
  if (given.after === 'commit' && given.body === undefined && !isRefusal && !given.delay) {
    if (!connection && !slow && !given.webhook) throw invalidFault('after commit needs an effect')
  }
  return {
    ...(isRefusal
      ? {
          refusal: {
            words: wording,
            ...(status === undefined ? {} : { status }),
            ...(reason === undefined ? {} : { reason }),
            ...(fields === undefined ? {} : { fields }),
            ...(retryAfter === undefined ? {} : { retryAfter }),
            ...(location === undefined ? {} : { location }),
          },
        }
      : {}),
    ...(given.delay === undefined ? {} : { delay: readDelay(given.delay) }),
    ...(slow === undefined
      ? {}
      : {
          slow: {
            part: slow,
            bytes: bytes ?? 1,
            interval: readDuration('interval', interval ?? '50ms'),
          },
        }),
    ...(connection === undefined ? {} : { connection }),
    cutAfter: cutAfter ?? 20,
    ...(given.body === undefined ? {} : { body: given.body }),
    ...(outcome === undefined ? {} : { outcome }),
    later: milliseconds(later ?? '5s'),
    ...(given.webhook === undefined ? {} : { webhook: deliveryFault(given.webhook, given) }),
    ...(given.tls === undefined ? {} : { tls: given.tls }),
    after: outcome ? 'validation' : (given.after ?? 'route'),
  }
}

function deliveryFault(
  kind: DeliveryFault['kind'],
  { webhookBy, webhookAttempts }: FaultDefinition,
): DeliveryFault {
  return {
    kind,
    ...(webhookBy === undefined ? {} : { by: milliseconds(webhookBy) }),
    ...(webhookAttempts === undefined ? {} : { attempts: webhookAttempts }),
  }
}

/** Fields that limit the number and the time of a fault's firings. */
export const COUNTING_FIELDS = [
  'times',
  'skip',
  'every',
  'probability',
  'sequence',
  'repeat',
  'from',
  'until',
  'expiresIn',
] as const satisfies readonly (keyof FaultDefinition)[]

/** Fields that a fault of the handshake may have. */
const WITH_TLS: ReadonlySet<string> = new Set<keyof FaultDefinition>([
  'tls',
  'note',
  ...COUNTING_FIELDS,
])

/** Checks that a fault of the handshake has no other effect, and no condition on a request. */
function checkHandshake(given: FaultDefinition): void {
  if (given.tls === undefined) return
  const other = Object.keys(given).find((name) => !WITH_TLS.has(name))
  if (other !== undefined) {
    throw invalidFault(
      `tls cannot be combined with ${other}: it fires in the handshake, before there is a request; leave ${other} out`,
    )
  }
}

/** Checks that the fields that count requests can be combined. */
function checkCounting({
  sequence,
  repeat,
  every,
  probability,
  from,
  until,
}: FaultDefinition): void {
  if (repeat !== undefined && !sequence) throw invalidFault('repeat needs sequence')
  if (sequence && (every ?? probability) !== undefined) {
    throw invalidFault(
      'sequence cannot be combined with every or probability; use pass for a request that goes through',
    )
  }
  if (from && until && Date.parse(until) <= Date.parse(from)) {
    throw invalidFault('until must be later than from')
  }
}

/** Reads `2s`, `1s..3s`, `200ms~2s` (median and 99th percentile) or `forever`. */
export function readDelay(text: string): Delay {
  if (text === 'forever') return { kind: 'forever' }
  const [first = '', mark, second] = text.split(/(\.\.|~)/)
  const from = readDuration('delay', first)
  if (second === undefined) return { kind: 'fixed', ms: from }
  const to = readDuration('delay', second)
  if (to < from) throw invalidFault(`delay ${text} must have its shorter time first`)
  return mark === '~'
    ? { kind: 'log-normal', median: from, p99: to }
    : { kind: 'uniform', least: from, most: to }
}

function readDuration(name: 'delay' | 'interval', text: string): number {
  const ms = milliseconds(text)
  const alternative = name === 'delay' ? ' or forever' : ''
  if (ms > MAX_DELAY) throw invalidFault(`${name} must be at most 1h${alternative}, got ${text}`)
  return ms
}

/** z(0.99) of the normal distribution: 99 of 100 delays are below `p99`. */
const Z99 = 2.3263478740408408

/**
 * Draws the delay of one firing, in milliseconds.
 *
 * @param draw two random numbers, each at least 0 and below 1
 */
export function drawnDelay(delay: Delay, draw: readonly [number, number]): number {
  if (delay.kind === 'forever') return Infinity
  if (delay.kind === 'fixed') return delay.ms
  if (delay.kind === 'uniform') return delay.least + draw[0] * (delay.most - delay.least)
  // Box-Muller transform: one normally distributed value from two uniform ones.
  const normal = Math.sqrt(-2 * Math.log(1 - draw[0])) * Math.cos(2 * Math.PI * draw[1])
  const median = Math.max(1, delay.median)
  const sigma = Math.log(Math.max(1, delay.p99 / median)) / Z99
  return Math.min(MAX_DELAY, median * Math.exp(sigma * normal))
}
