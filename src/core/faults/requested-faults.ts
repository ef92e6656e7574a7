import type { Call } from '../call.ts'
import type { Schema } from '../contract/schema.ts'
import { Problem } from '../problem.ts'
import { readShortForm } from './short-form.ts'

/**
 * Reads the short form in `Standin-Fault`, or the status in `Prefer: code=403`, which Prism reads
 * too.
 */
export function faultRequestedInHeaders({ headers }: Call): string | undefined {
  const requested = headers['standin-fault']
  if (requested !== undefined) return [requested].flat().join(';')
  const code = /(?:^|[,;\s])code="?(\d{3})"?(?:$|[,;\s])/.exec(
    [headers['prefer'] ?? ''].flat().join(','),
  )?.[1]
  return code !== undefined && code >= '300' ? code : undefined
}

/** Reads the short form in a magic address: `ada+fault.500@example.test`. */
export function faultRequestedInValue(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  // An address cannot hold `;`; it can hold `/` and `=`.
  return /\+fault\.([^@\s]{1,200})(?:@|$)/.exec(value)?.[1]?.replaceAll('/', ';')
}

/**
 * True if a requested fault has a state that changes with each request, such as `times=2`. There is
 * one such fault for each user, so the body must be read to find it. False for an invalid short
 * form.
 */
export function hasState(text: string, schema: Schema): boolean {
  try {
    const { times, skip, every, probability, sequence, retryAfter, status } = readShortForm(
      text,
      schema,
    )
    return (
      status === 429 ||
      [times, skip, every, probability, sequence, retryAfter].some((field) => field !== undefined)
    )
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return false
  }
}
