import { milliseconds } from '../time/duration.ts'
import { Problem } from '../problem.ts'
import type { DeliveryFault } from '../fault.ts'
import type { FaultDefinition, Delay, FaultEffect } from '../fault.ts'

/** Longer than any client waits; a longer one is `forever`. */
const LONGEST = 3_600_000

/**
 * What a definition asks for, where its fields go together.
 *
 * @throws Problem 400 fault.invalid, naming the field and what is allowed
 */
export function effectOf(given: FaultDefinition): FaultEffect {
  const { status, reason, fields, words, location, retryAfter, connection, cutAfter } = given
  const isRefusal = status !== undefined || reason !== undefined || words !== undefined
  if (words === 'login-page' ? status !== undefined && status !== 200 : (status ?? 500) < 300) {
    throw refused('status must be 300 to 599; 200 goes with words login-page alone')
  }
  for (const [name, value] of Object.entries({ fields, location, retryAfter })) {
    if (value !== undefined && !isRefusal) throw refused(`${name} goes with a status or a reason`)
  }
  if (location !== undefined && !(status && status >= 300 && status < 400)) {
    throw refused('location goes with a status from 300 to 399')
  }
  if (words !== undefined && words !== 'login-page' && status === undefined && !reason) {
    throw refused(`words ${words} needs a status, such as 502`)
  }
  if (cutAfter !== undefined && connection !== 'cut') {
    throw refused('cutAfter goes with connection cut')
  }
  const { slow, bytes, interval, outcome, later } = given
  if ((bytes !== undefined || interval !== undefined) && !slow) {
    throw refused('bytes and interval go with slow, which is headers or body')
  }
  if (slow && connection) throw refused('slow goes with no connection; leave one of them out')
  if (later !== undefined && outcome !== 'created-later') {
    throw refused('later goes with outcome created-later')
  }
  if (outcome && given.after && given.after !== 'validation') {
    throw refused(`outcome ${outcome} happens after validation; leave after out`)
  }
  if ((given.webhookBy ?? given.webhookAttempts) !== undefined && !given.webhook) {
    throw refused('webhookBy and webhookAttempts go with webhook')
  }
  // A gateway says 5xx; the vendor's own 500 is the vendor's.
  const wording = words ?? (status !== undefined && status > 501 ? 'gateway' : 'vendor')
  if (given.body && isRefusal && wording !== 'vendor') {
    throw refused(`body ${given.body} changes what the vendor words; say words vendor`)
  }
  mustCount(given)
  const isAnything = [
    isRefusal,
    given.delay,
    slow,
    connection,
    given.body,
    outcome,
    given.webhook,
  ].some(Boolean)
  if (!isAnything) {
    throw refused(
      'a fault needs one of status, reason, words, delay, slow, connection, body, outcome, webhook, or fault with its short form',
    )
  }
  if (given.after === 'commit' && given.body === undefined && !isRefusal && !given.delay) {
    if (!connection && !slow && !given.webhook) throw refused('after commit needs something to do')
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
            interval: lasting('interval', interval ?? '50ms'),
          },
        }),
    ...(connection === undefined ? {} : { connection }),
    cutAfter: cutAfter ?? 20,
    ...(given.body === undefined ? {} : { body: given.body }),
    ...(outcome === undefined ? {} : { outcome }),
    later: milliseconds(later ?? '5s'),
    ...(given.webhook === undefined ? {} : { webhook: deliveryFault(given.webhook, given) }),
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

/** Whether what says how often goes together. */
function mustCount({ sequence, repeat, every, probability, from, until }: FaultDefinition): void {
  if (repeat !== undefined && !sequence) throw refused('repeat goes with sequence')
  if (sequence && (every ?? probability) !== undefined) {
    throw refused('sequence goes with neither every nor probability; it says pass where it spares')
  }
  if (from && until && Date.parse(until) <= Date.parse(from)) {
    throw refused('until must be later than from')
  }
}

/** `2s`, `1s..3s`, `200ms~2s` (median and 99th percentile) or `forever`. */
export function readDelay(text: string): Delay {
  if (text === 'forever') return { kind: 'forever' }
  const [first = '', mark, second] = text.split(/(\.\.|~)/)
  const from = lasting('delay', first)
  if (second === undefined) return { kind: 'fixed', ms: from }
  const to = lasting('delay', second)
  if (to < from) throw refused(`delay ${text} must have its smaller time first`)
  return mark === '~'
    ? { kind: 'log-normal', median: from, p99: to }
    : { kind: 'uniform', least: from, most: to }
}

function lasting(name: 'delay' | 'interval', text: string): number {
  const ms = milliseconds(text)
  const otherwise = name === 'delay' ? ', or forever' : ''
  if (ms > LONGEST) throw refused(`${name} must be at most 1h${otherwise}, not ${text}`)
  return ms
}

/** 99 of 100 are below `p99`: z(0.99) = 2.326. */
const Z99 = 2.3263478740408408

/**
 * How long to wait this time.
 *
 * @param draw two numbers from 0 up to 1
 */
export function drawnDelay(delay: Delay, draw: readonly [number, number]): number {
  if (delay.kind === 'forever') return Infinity
  if (delay.kind === 'fixed') return delay.ms
  if (delay.kind === 'uniform') return delay.least + draw[0] * (delay.most - delay.least)
  // Box and Muller: a normal value of two uniform ones.
  const normal = Math.sqrt(-2 * Math.log(1 - draw[0])) * Math.cos(2 * Math.PI * draw[1])
  const median = Math.max(1, delay.median)
  const sigma = Math.log(Math.max(1, delay.p99 / median)) / Z99
  return Math.min(LONGEST, median * Math.exp(sigma * normal))
}

function refused(message: string): Problem {
  return new Problem(400, 'fault.invalid', message)
}
