import type { Clock } from '../time/clock.ts'
import type { ArmedFault, FiringRecord } from './armed-fault.ts'
import { boundedName, type Candidate } from './conditions.ts'

/** Clients that are tracked at the same time. */
const MAX_CLIENTS = 1000

/** Records what each client does after a fault fired for it. */
export class ClientTracker {
  readonly #clock: Clock
  /** Firings, by client, after which the client has not sent another request yet. */
  readonly #firings = new Map<string, FiringRecord>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True if the next request of any client is awaited. */
  get isTracking(): boolean {
    return this.#firings.size > 0
  }

  /** Records a firing and waits for the client's next request. */
  start(fault: ArmedFault, candidate: Candidate, now: number): void {
    const client = clientOf(candidate)
    const firing = { requestId: candidate.call.id, at: now, user: candidate.user() }
    fault.recordFiring(firing)
    this.recordNext(candidate, false)
    if (this.#firings.size >= MAX_CLIENTS) this.#firings.clear()
    this.#firings.set(client, firing)
  }

  /** Completes the client's firing with its next request, once that is answered. */
  recordNext(candidate: Candidate, created: boolean): void {
    const client = clientOf(candidate)
    const firing = this.#firings.get(client)
    if (!firing || firing.requestId === candidate.call.id) return
    this.#firings.delete(client)
    const isSameUser = firing.user !== undefined && firing.user === candidate.user()
    const action = !isSameUser ? 'went on' : created ? 're-created' : 'retried'
    firing.next = { action, afterMs: Math.max(0, this.#clock.now() - firing.at) }
  }

  clear(): void {
    this.#firings.clear()
  }
}

function clientOf(candidate: Candidate): string {
  return boundedName(candidate.credential() ?? candidate.call.address)
}
