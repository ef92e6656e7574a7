import type { Hint } from '../core/api.ts'
import { hintsFor } from '../core/explain/hints/index.ts'
import { callOf, type Entry } from '../core/request-log/entry.ts'
import { redactorOf } from '../core/request-log/redacted-record.ts'
import type { SandboxPort } from './ports.ts'

/** What the sender of a request probably meant. */
export function hintsOn(entry: Entry, { secrets }: SandboxPort): Hint[] {
  const hints = hintsFor({ ...entry.context, call: callOf(entry) })
  return hints.length === 0 ? [] : [...scrubbed(hints, entry, secrets)]
}

/** Words of ours that hold words of the caller's: its secrets are looked for in all of them. */
export function scrubbed<T>(value: T, entry: Entry, secrets: readonly string[]): T {
  return redactorOf(entry, secrets).scrubAll(value)
}
