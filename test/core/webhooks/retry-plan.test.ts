import { describe, expect, test } from 'vitest'
import {
  isGone,
  isSuccess,
  nextAttemptAt,
  readRetryPlan,
} from '../../../src/core/webhooks/retry-plan.ts'
import type { AttemptOutcome, SendError } from '../../../src/core/webhooks/http-sender.ts'

const NOW = Date.UTC(2026, 0, 15, 9, 30)
const SECOND = 1000
const HOUR = 3600 * SECOND

const answered = (status: number, headers: Record<string, string> = {}): AttemptOutcome => ({
  kind: 'answered',
  status,
  headers,
  excerpt: '',
  ms: 1,
})

const failed = (error: SendError): AttemptOutcome => ({
  kind: 'failed',
  error,
  message: error,
  ms: 1,
})

/** Times of all attempts of a delivery that never succeeds, in milliseconds after the first. */
function offsets(text: string): number[] {
  const plan = readRetryPlan(text)
  const times = [NOW]
  for (;;) {
    const next = nextAttemptAt(plan, times.length, answered(500), times.at(-1)!)
    if (next === undefined) return times.map((time) => time - NOW)
    times.push(next)
  }
}

test('the vendor plan retries five times, 300 s apart, and suspends after 50 failures', () => {
  expect(offsets('vendor')).toEqual([0, 300, 600, 900, 1200, 1500].map((s) => s * SECOND))
  expect(readRetryPlan('vendor').suspendAfter).toBe(50)
})

test('the Standard Webhooks plan lasts 75 hours', () => {
  const times = offsets('standard-webhooks')
  expect(times).toHaveLength(10)
  expect(times.slice(0, 4)).toEqual([0, 5 * SECOND, 305 * SECOND, 2105 * SECOND])
  expect(times.at(-1)).toBe(75 * HOUR + 35 * 60 * SECOND + 5 * SECOND)
})

test('the plan fast takes less than half a second, and none has no retries', () => {
  expect(offsets('fast')).toEqual([0, 10, 30, 80, 180, 380])
  expect(offsets('none')).toEqual([0])
})

test('a list of delays is a plan, and its name is read as the same plan', () => {
  const plan = readRetryPlan(' 500ms, 5s ,300S, 120m,2d, 0s')
  expect(plan).toEqual({
    name: '500ms,5s,5m,2h,2d,0s',
    delays: [500, 5000, 300_000, 7_200_000, 172_800_000, 0],
  })
  for (const name of [plan.name, 'vendor', 'standard-webhooks', 'fast', 'none']) {
    expect(readRetryPlan(name).name).toBe(name)
  }
})

test.each(['', 'often', '5', '5s,', '5s;5m', '-5s', '1.5s', '31d', '99999999999999s'])(
  'a plan must not be %j',
  (text) => {
    expect(() => readRetryPlan(text)).toThrow(/must be vendor, standard-webhooks, fast, none, or/)
  },
)

test('a plan has at most a hundred retries', () => {
  const retries = (count: number) => Array.from({ length: count }, () => '1s').join(',')
  expect(readRetryPlan(retries(100)).delays).toHaveLength(100)
  expect(() => readRetryPlan(retries(101))).toThrow(/at most 100 delays/)
})

test.each([
  [200, true],
  [201, true],
  [204, true],
  [299, true],
  [199, false],
  [300, false],
  [302, false],
  [304, false],
  [400, false],
  [410, false],
  [500, false],
])('an answer with status %i is a success: %s', (status, success) => {
  expect(isSuccess(answered(status))).toBe(success)
  expect(nextAttemptAt(readRetryPlan('fast'), 1, answered(status), NOW) === undefined).toBe(
    success || status === 410,
  )
})

test.each(['refused', 'reset', 'timeout', 'tls', 'dns', 'unreachable', 'protocol'] as const)(
  'an attempt that failed with %s is retried',
  (error) => {
    expect(isSuccess(failed(error))).toBe(false)
    expect(nextAttemptAt(readRetryPlan('fast'), 1, failed(error), NOW)).toBe(NOW + 10)
  },
)

test('an attempt that the egress policy refused is not retried', () => {
  expect(nextAttemptAt(readRetryPlan('vendor'), 1, failed('egress'), NOW)).toBeUndefined()
})

test('410 ends the retries and reports that the receiver is gone', () => {
  expect(
    nextAttemptAt(readRetryPlan('vendor'), 1, answered(410, { 'retry-after': '5' }), NOW),
  ).toBe(undefined)
  expect(isGone(answered(410))).toBe(true)
  expect(isGone(answered(404))).toBe(false)
  expect(isGone(failed('reset'))).toBe(false)
})

describe('Retry-After', () => {
  const wait = (value: string, headers: Record<string, string> = {}, plan = 'fast') =>
    nextAttemptAt(
      readRetryPlan(plan),
      1,
      answered(503, { 'retry-after': value, ...headers }),
      NOW,
    )! - NOW

  test.each([
    ['120', 120 * SECOND],
    [' 7 ', 7 * SECOND],
    ['0', 10],
    ['Thu, 15 Jan 2026 09:31:30 GMT', 90 * SECOND],
    ['Thu, 15 Jan 2026 09:29:00 GMT', 10],
    // at most a day
    ['86400', 24 * HOUR],
    ['86401', 24 * HOUR],
    ['999999999999999999999999', 24 * HOUR],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 24 * HOUR],
    // malformed
    ['soon', 10],
    ['-5', 10],
    ['1.5', 10],
    ['', 10],
    ['2026-01-15T09:31:30Z', 10],
    ['Thu, 99 Jan 2026 09:31:30 GMT', 10],
  ])('%j makes the wait %i ms', (value, expected) => {
    expect(wait(value)).toBe(expected)
  })

  test('never makes the wait shorter than the plan', () => {
    expect(wait('5', {}, 'vendor')).toBe(300 * SECOND)
  })

  test('is relative to the Date of the receiver, whose clock may differ', () => {
    const date = 'Mon, 01 Jun 2099 00:00:00 GMT'
    expect(wait('Mon, 01 Jun 2099 00:00:30 GMT', { date })).toBe(30 * SECOND)
  })

  test('adds no attempt to the plan', () => {
    const limited = answered(429, { 'retry-after': '1' })
    expect(nextAttemptAt(readRetryPlan('none'), 1, limited, NOW)).toBeUndefined()
    expect(nextAttemptAt(readRetryPlan('fast'), 6, limited, NOW)).toBeUndefined()
  })
})
