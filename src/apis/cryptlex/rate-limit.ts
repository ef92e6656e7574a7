import type { Call } from '../../core/call.ts'
import type { Tools } from '../../core/api.ts'
import { fixturesIn } from './fixtures.ts'
import { refusal } from './refusals.ts'
import { timestamp } from './time.ts'

/** Public: an address may make 50 requests in 5 seconds, authenticated or not. */
const MAX_REQUESTS = 50
const PERIOD = 5000
const MAX_ADDRESSES = 10_000

/**
 * Counts a request and returns the rate limit headers, which the vendor sends with every answer;
 * `strict` refuses requests over the limit. The window follows the sandbox's clock, so it does not
 * end while the clock is held.
 */
export function admit(call: Call, tools: Tools): Record<string, string> {
  const { windows } = fixturesIn(tools)
  const now = tools.clock.now()
  let window = windows.get(call.address)
  if (!window || now >= window.start + PERIOD || now < window.start) {
    if (windows.size >= MAX_ADDRESSES) windows.clear()
    window = { start: now, count: 0, reset: timestamp(now + PERIOD, 0) }
    windows.set(call.address, window)
  }
  window.count++
  const headers = {
    // The vendor sends the period here, although some clients expect a number of requests.
    'X-Rate-Limit-Limit': '5s',
    'X-Rate-Limit-Remaining': String(Math.max(0, MAX_REQUESTS - window.count)),
    'X-Rate-Limit-Reset': window.reset,
  }
  if (window.count <= MAX_REQUESTS) return headers
  if (call.strict) {
    const wait = Math.max(1, Math.ceil((window.start + PERIOD - now) / 1000))
    throw refusal('rate.exceeded', { headers: { ...headers, 'Retry-After': String(wait) } })
  }
  call.refuseIfStrict(EXCEEDED)
  return headers
}

/**
 * Shared by all requests, because thousands in a row may get it as a warning. A warning needs no
 * headers.
 */
const EXCEEDED = refusal('rate.exceeded')

/** Returns the headers of a rate limit that ends after this many seconds. */
export function rateLimitHeaders(tools: Tools, seconds = PERIOD / 1000): Record<string, string> {
  return {
    'Retry-After': String(seconds),
    'X-Rate-Limit-Remaining': '0',
    'X-Rate-Limit-Reset': timestamp(tools.clock.now() + seconds * 1000, 0),
  }
}
