import type { Hint } from '../core/api.ts'
import { hintsFor } from '../core/explain/hints.ts'
import type { Entry } from '../core/requests/entry.ts'
import { redactorOf } from '../core/requests/record.ts'
import { isRecord } from '../core/schema.ts'
import type { World } from './world.ts'

/** Members that hold nothing of the caller's. */
const OURS = new Set(['step', 'outcome', 'code', 'kind', 'api', 'operation', 'evidence'])

/** What the sender of a request probably meant. */
export function hintsOn(entry: Entry, { secrets }: World): Hint[] {
  const hints = hintsFor({ ...entry.place, call: entry.call })
  return hints.length === 0 ? [] : [...scrubbed(hints, entry, secrets)]
}

/** Words of ours that hold words of the caller's: its secrets are looked for in all of them. */
export function scrubbed<T>(value: T, entry: Entry, secrets: readonly string[]): T {
  const redactor = redactorOf(entry, secrets)
  const scrub = (inner: unknown): unknown => {
    if (typeof inner === 'string') return redactor.scrub(inner)
    if (Array.isArray(inner)) return inner.map(scrub)
    if (!isRecord(inner)) return inner
    return Object.fromEntries(
      Object.entries(inner).map(([name, held]) => [name, OURS.has(name) ? held : scrub(held)]),
    )
  }
  return scrub(value) as T // texts stay texts
}
