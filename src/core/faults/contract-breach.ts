import type { FaultEffect } from '../fault.ts'
import { breaksContract } from './body-faults.ts'
import type { FaultVocabulary } from './definition.ts'

/**
 * True if an effect breaks the contract of its API on purpose.
 *
 * @param api the only API that the fault fires at; undefined: every API, and a breach at one of
 *   them counts
 */
export function effectBreaksContract(
  { refusal, body, connection }: FaultEffect,
  api: string | undefined,
  { apis }: FaultVocabulary,
): boolean {
  if (body && breaksContract(body)) return true
  if (connection && connection !== 'close-after') return true
  if (!refusal) return false
  if (refusal.words !== 'vendor') return true
  const { status } = refusal
  const possible = api === undefined ? [...apis.values()] : [apis.get(api)!] // the schema lists them
  return status !== undefined && possible.some(({ statuses }) => !statuses.includes(status))
}
