import { effect, signal } from '@preact/signals'
import type { ClockState, FrontPage, Sandbox } from '../../src/admin/contract.gen.ts'
import { callAdmin, needsToken } from '../api/client.ts'
import { eventCount, keepNewest } from './requests.ts'

// What the header and the side bar show. There are no events for these, so they are fetched when
// requests arrive, after the user's actions, and every few seconds.

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
/** Milliseconds that a refresh waits for more events. */
const DEBOUNCE = 250

let timer: ReturnType<typeof setTimeout> | undefined
let isLoading = false

/** Fetches the overview soon. */
export function refresh(): void {
  clearTimeout(timer)
  timer = setTimeout(() => void load(), DEBOUNCE)
}

async function load(): Promise<void> {
  if (!isLoading && !document.hidden && !needsToken.value) {
    isLoading = true
    try {
      await loadNow()
    } catch {
      // The state of the connection is shown by the event stream.
    } finally {
      isLoading = false
    }
  }
  clearTimeout(timer)
  timer = setTimeout(() => void load(), INTERVAL)
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
    void needsToken.value
    refresh()
  })
}
