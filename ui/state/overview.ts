import { effect, signal } from '@preact/signals'
import type { ClockState, FrontPage, Sandbox } from '../../src/admin/contract.gen.ts'
import { callAdmin, needsToken } from '../api/client.ts'
import { changeCount, eventCount, keepNewest } from './requests.ts'

// The content of the header and the side bar. It is fetched when the server announces a request or a
// change, after the user's actions, and every few seconds for what happens in other sandboxes.

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
/** Least time between two refreshes in milliseconds: under load the page must not add to it. */
const MIN_INTERVAL = 400

let timer: ReturnType<typeof setTimeout> | undefined
let isLoading = false
/** True if something changed after the calls of the refresh that is running. */
let isStale = false
let lastLoad = -Infinity

/** Fetches the overview soon. */
export function refresh(): void {
  if (isLoading) isStale = true
  else schedule(Math.max(COLLECTING_TIME, lastLoad + MIN_INTERVAL - performance.now()))
}

let dueAt = Infinity

/** Plans the next refresh. A stream of events does not put off one that is planned. */
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
  // A request that arrived meanwhile is not in the total.
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
