import type { Hint } from '../core/api.ts'
import { hintsFor } from '../core/explain/hints/index.ts'
import { callOf, type Entry } from '../core/request-log/entry.ts'
import type { RedactedRecord } from '../core/request-log/redacted-record.ts'
import type { SandboxPort } from './ports.ts'

/** A request with its secrets redacted, in steps. */
export function recordSteps(
  entry: Entry,
  { requests, secrets }: SandboxPort,
): Generator<undefined, RedactedRecord> {
  return requests.redactions.recordSteps(entry, secrets)
}

/** A request with its secrets redacted, and with hints on what its sender probably meant, in steps. */
export function* hintedSteps(
  entry: Entry,
  sandbox: SandboxPort,
): Generator<undefined, RedactedRecord> {
  const { requests, secrets } = sandbox
  const record = yield* recordSteps(entry, sandbox)
  const hints: readonly Hint[] = hintsFor({ ...entry.context, call: callOf(entry) })
  if (hints.length === 0) return record
  const shown = yield* requests.redactions.scrubSteps(hints, entry, secrets)
  return { ...record, hints: [...shown] }
}
