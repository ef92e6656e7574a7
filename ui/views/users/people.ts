import type { Refusal } from '../../api/client.ts'
import type { LedgerEntry } from '../../../src/admin/contract.gen.ts'

/** State of a person at one API. */
export type PlaceName = 'there' | 'missing' | 'twice' | 'spelt differently'

export interface Place {
  readonly place: PlaceName
  readonly count: number
  /** A sentence without a period. */
  readonly text: string
}

/** Compares the users of one API with the person's first user, as the ledger does. */
export function placeAt({ users }: LedgerEntry, api: string): Place {
  const own = users.filter((one) => one.api === api)
  const count = own.length
  const [first] = users
  const [user] = own
  if (!first || !user) return { place: 'missing', count, text: 'No user with this address' }
  if (count > 1) return { place: 'twice', count, text: `${count} users with this address` }
  if (user.email !== first.email) {
    const text = `Address: ${user.email ?? 'none'}; ${first.api} has ${first.email ?? 'none'}`
    return { place: 'spelt differently', count, text }
  }
  if (user.name !== first.name) {
    const text = `Name: ${user.name ?? 'none'}; ${first.api} has ${first.name ?? 'none'}`
    return { place: 'spelt differently', count, text }
  }
  return { place: 'there', count, text: `${user.name ?? ''} ${user.email ?? ''}`.trim() }
}

/**
 * Returns the key of a person: the address, or for a person without one the API and id of the only
 * user, such as `cryptlex/3f…`.
 */
export function keyOf({ email, users: [first] }: LedgerEntry): string {
  return email === '' && first ? `${first.api}/${first.id}` : email
}

/** Returns the user in the key of a person without an address. */
export function userIn(key: string): { readonly api: string; readonly id: string } | undefined {
  const [, api, id] = /^([a-z]+)\/([^@]+)$/.exec(key) ?? []
  return api === undefined || id === undefined ? undefined : { api, id }
}

/**
 * Returns the texts of a refusal by field. The key `''` has the texts that are not about a shown
 * field.
 */
export function problemsByField(
  { message, violations }: Refusal,
  shown: readonly string[],
): ReadonlyMap<string, string> {
  const problems = new Map<string, string>()
  for (const { field, text } of violations.length > 0
    ? violations
    : [{ field: '', text: message }]) {
    const place = shown.find((name) => field === name || field.startsWith(`${name}[`)) ?? ''
    const before = problems.get(place)
    problems.set(place, before === undefined ? text : `${before}; ${text}`)
  }
  return problems
}

/** A stored value as text. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)
