import type { FaultEffect } from '../fault.ts'
import type { ArmedFault } from './armed-fault.ts'
import type { Candidate } from './conditions.ts'

/** Limit on lost users, so that a client in a loop cannot fill the memory. */
const MAX_LOST = 1000

/** The refusal of a user that a fault lost. */
export const DUPLICATE: FaultEffect = {
  refusal: { reason: 'user.duplicate', words: 'vendor' },
  cutAfter: 0,
  later: 0,
  after: 'validation',
}

/** The users that faults lost and refuse as duplicates since then, with the faults. */
export class LostUsers {
  readonly #faults = new Map<string, ArmedFault>()

  get isEmpty(): boolean {
    return this.#faults.size === 0
  }

  /** Refuses the user of a request as a duplicate from now on, although no such user exists. */
  add(candidate: Candidate, fault: ArmedFault): void {
    const key = keyOf(candidate)
    if (key === undefined) return
    if (this.#faults.size >= MAX_LOST) this.#faults.clear()
    this.#faults.set(key, fault)
  }

  /** Returns the fault that lost the user of a request; undefined if none did. */
  lostBy(candidate: Candidate): ArmedFault | undefined {
    return this.isEmpty ? undefined : this.#faults.get(keyOf(candidate) ?? '')
  }

  /** Stops refusing the users that a removed fault lost. */
  forget(removed: ArmedFault | undefined): void {
    for (const [key, fault] of this.#faults) if (fault === removed) this.#faults.delete(key)
  }

  clear(): void {
    this.#faults.clear()
  }
}

/** The key of a lost user. Users without a name cannot be distinguished, so they are never lost. */
function keyOf(candidate: Candidate): string | undefined {
  const user = candidate.user()
  return user === undefined ? undefined : `${candidate.api} ${user}`
}
