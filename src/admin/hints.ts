import type { Hint } from '../core/api.ts'
import { hintsFor } from '../core/explain/hints/index.ts'
import { callOf, type Entry } from '../core/request-log/entry.ts'
import type { KnownSecrets } from '../core/request-log/redact.ts'
import { redactorOf } from '../core/request-log/redacted-record.ts'
import type { SandboxPort } from './ports.ts'

/** The hints for a recorded request, with its secrets redacted. */
export function hintsForEntry(entry: Entry, { secrets }: SandboxPort): Hint[] {
  const hints = hintsFor({ ...entry.context, call: callOf(entry) })
  return hints.length === 0 ? [] : [...withoutSecrets(hints, entry, secrets)]
}

/** Redacts the request's secrets in texts that quote parts of the request. */
export function withoutSecrets<T>(value: T, entry: Entry, secrets: KnownSecrets): T {
  return redactorOf(entry, secrets).scrubAll(value)
}
