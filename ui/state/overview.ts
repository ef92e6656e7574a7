import { effect, signal } from '@preact/signals'
import type { ClockState, FrontPage, Sandbox } from '../../src/admin/contract.gen.ts'
import { callAdmin, needsToken } from '../api/client.ts'
import { changeCount, eventCount, keepNewest } from './requests.ts'

// The data of the header and the side bar. It is fetched when the server announces a request or a
// change, after each action of the user, and every few seconds because of other sandboxes.

export interface Overview {
  readonly front: FrontPage
  readonly sandboxes: readonly Sandbox[]
  readonly clock: ClockState
  /** `Date.now()` when the clock was read. */
  readonly clockReadAt: number
  readonly requests: number
  readonly users: number
  readonly armed: number
  readonly due: number
}

export const overview = signal<Overview | undefined>(undefined)

/** Counts the refreshes: views fetch their data again when it changes. */
export const refreshCount = signal(0)

const INTERVAL = 5000
/** Milliseconds for which a refresh waits for more events. */
const COLLECTING_TIME = 50
/**
 * Minimum time between two refreshes in milliseconds, so that the page adds little load to a busy
 * server.
 */
const MIN_INTERVAL = 400

let timer: ReturnType<typeof setTimeout> | undefined
let isLoading = false
/** True if something has changed since the running refresh sent its calls. */
let isStale = false
let lastLoad = -Infinity

/** Fetches the overview soon. */
export function refresh(): void {
  if (isLoading) isStale = true
  else schedule(Math.max(COLLECTING_TIME, lastLoad + MIN_INTERVAL - performance.now()))
}

let dueAt = Infinity

/** Schedules the next refresh. Further events do not postpone a refresh that is scheduled. */
function schedule(wait: number): void {
  const at = performance.now() + wait
  if (at >= dueAt) return
  clearTimeout(timer)
  dueAt = at
  timer = setTimeout(() => void load(), wait)
}

async function load(): Promise<void> {
  clearTimeout(timer)
  dueAt = Infinity
  if (!document.hidden && !needsToken.value) {
    isLoading = true
    isStale = false
    lastLoad = performance.now()
    try {
      await loadNow()
    } catch {
      // The state of the connection is shown by the event stream.
    } finally {
      isLoading = false
    }
  }
  if (isStale) {
    isStale = false
    refresh()
  } else schedule(INTERVAL)
}

async function loadNow(): Promise<void> {
  const eventsBefore = eventCount.peek()
  const front = overview.value?.front ?? (await callAdmin({ operation: 'getFrontPage' }))
  const [{ sandboxes }, clock, requests, { faults }, pending] = await Promise.all([
    callAdmin({ operation: 'listSandboxes' }),
    callAdmin({ operation: 'getClock' }),
    callAdmin({ operation: 'listRequests', query: { limit: 1 } }),
    callAdmin({ operation: 'listFaults' }),
    callAdmin({ operation: 'listDeliveries', query: { state: 'pending', limit: 1 } }),
  ])
  // Rows are dropped only if no request arrived during the calls, because the total would not count
  // it.
  if (eventCount.peek() === eventsBefore) keepNewest(requests.total)
  const own = sandboxes.find(({ name }) => name === front.sandbox)
  overview.value = {
    front,
    sandboxes,
    clock,
    clockReadAt: Date.now(),
    requests: requests.total,
    users: Object.values(own?.users ?? {}).reduce((sum, count) => sum + count, 0),
    armed: faults.filter(({ live }) => live).length,
    due: pending.total,
  }
  refreshCount.value++
}

/** Keeps the overview up to date from now on. */
export function followOverview(): void {
  effect(() => {
    void eventCount.value
    void changeCount.value
    void needsToken.value
    refresh()
  })
  addEventListener('visibilitychange', refresh)
}
