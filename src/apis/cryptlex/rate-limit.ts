import type { Call } from '../../core/call.ts'
import type { Tools } from '../../core/api.ts'
import { knownOf } from './fixtures.ts'
import { refusal } from './refusals.ts'
import { timestamp } from './time.ts'

/** Public: an address may make 50 requests in 5 seconds, authenticated or not. */
const MOST = 50
const PERIOD = 5000
const MOST_ADDRESSES = 10_000

/**
 * The headers that the vendor sends with every answer; `strict` also refuses what exceeds the
 * limit. The window runs on the sandbox's clock, so it stands still while the clock is held.
 */
export function admit(call: Call, tools: Tools): Record<string, string> {
  const { windows } = knownOf(tools)
  const now = tools.clock.now()
  let window = windows.get(call.address)
  if (!window || now >= window.start + PERIOD || now < window.start) {
    if (windows.size >= MOST_ADDRESSES) windows.clear()
    window = { start: now, count: 0, reset: timestamp(now + PERIOD, 0) }
    windows.set(call.address, window)
  }
  window.count++
  const headers = {
    // The period, not a number: a trap that real clients fell into.
    'X-Rate-Limit-Limit': '5s',
    'X-Rate-Limit-Remaining': String(Math.max(0, MOST - window.count)),
    'X-Rate-Limit-Reset': window.reset,
  }
  if (window.count <= MOST) return headers
  if (call.strict) {
    const wait = Math.max(1, Math.ceil((window.start + PERIOD - now) / 1000))
    throw refusal('rate.exceeded', { ...headers, 'Retry-After': String(wait) })
  }
  call.refuseIfStrict(EXCEEDED)
  return headers
}

/** Who is merely told of it, as thousands in a row may be, needs no headers. */
const EXCEEDED = refusal('rate.exceeded')

/** What the headers say of a limit that holds for this many seconds more. */
export function rateLimitHeaders(tools: Tools, seconds = PERIOD / 1000): Record<string, string> {
  return {
    'Retry-After': String(seconds),
    'X-Rate-Limit-Remaining': '0',
    'X-Rate-Limit-Reset': timestamp(tools.clock.now() + seconds * 1000, 0),
  }
}
