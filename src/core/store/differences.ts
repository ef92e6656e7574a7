import { isRecord } from '../contract/schema.ts'
import type { Document } from './document.ts'
import type { Row } from './state.ts'

/** Maximum number of row ids that a message lists for each kind of difference. */
const NAMED = 10

/** Describes in one sentence how a state differs from an earlier one, by the ids of the rows. */
export function describeDifferences(before: Document, after: Document): string {
  const parts: string[] = []
  const earlier = new Map(tablesOf(before))
  for (const [table, rows] of tablesOf(after)) {
    const unmatched = new Map((earlier.get(table) ?? []).map((row) => [row.id, row]))
    const added: string[] = []
    const changed: string[] = []
    for (const row of rows) {
      const known = unmatched.get(row.id)
      unmatched.delete(row.id)
      if (!known) added.push(row.id)
      else if (JSON.stringify(known) !== JSON.stringify(row)) changed.push(row.id)
    }
    for (const [kind, ids] of [
      ['missing', [...unmatched.keys()]],
      ['changed', changed],
      ['added', added],
    ] as const) {
      if (ids.length > 0) parts.push(`${ids.length} ${kind} in ${table} (${listed(ids)})`)
    }
  }
  for (const name of ['counters', 'settings'] as const) {
    const [old, now] = [before.standin[name] ?? {}, after.standin[name] ?? {}]
    if (JSON.stringify(old) !== JSON.stringify(now)) parts.push(`other ${name}`)
  }
  return parts.length === 0 ? 'No row differs' : `Differences: ${parts.join(', ')}`
}

function listed(ids: readonly string[]): string {
  const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : ''
  return `${ids.slice(0, NAMED).join(', ')}${more}`
}

function tablesOf({ standin: _, ...apis }: Document): (readonly [string, readonly Row[]])[] {
  return Object.entries(apis).flatMap(([api, tables]) =>
    Object.entries(isRecord(tables) ? tables : {}).map(
      ([table, rows]) => [`${api}.${table}`, rows as readonly Row[]] as const, // MemoryState made it
    ),
  )
}
