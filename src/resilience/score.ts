import { classesFor, GROUPS } from './classes.ts'
import type { CalledOperation, CellResult, Report, CellVerdict } from './model.ts'

/** Share of the cells that were survived without a finding, among those whose fault fired. */
export interface Score {
  readonly survived: number
  readonly findings: number
  readonly broke: number
  readonly notMet: number
  /** Percentage, rounded down; undefined if no fault fired. */
  readonly percent: number | undefined
}

export function scoreOf(results: readonly CellResult[]): Score {
  const count = (wanted: CellVerdict) => results.filter(({ verdict }) => verdict === wanted).length
  const survived = count('survived')
  const findings = count('survived-with-findings')
  const broke = count('broke')
  const met = survived + findings + broke
  return {
    survived,
    findings,
    broke,
    notMet: count('not-met'),
    percent: met === 0 ? undefined : Math.floor((100 * survived) / met),
  }
}

/** Scores of the whole run, of each API and of each group of faults. */
export interface Scores {
  readonly all: Score
  readonly apis: Readonly<Record<string, Score>>
  /** By the heading of the group. */
  readonly groups: Readonly<Record<string, Score>>
}

export function scoresOf({ results, baseline }: Pick<Report, 'results' | 'baseline'>): Scores {
  const group = groupsOf(baseline.operations)
  const by = (keyOf: (result: CellResult) => string | undefined, keys: readonly string[]) =>
    Object.fromEntries(
      keys
        .map((key) => [key, results.filter((result) => keyOf(result) === key)] as const)
        .filter(([, some]) => some.length > 0)
        .map(([key, some]) => [key, scoreOf(some)]),
    )
  return {
    all: scoreOf(results),
    apis: by(({ cell }) => cell.api, [...new Set(results.map(({ cell }) => cell.api))].toSorted()),
    groups: by(({ cell }) => group[cell.fault], Object.values(GROUPS)),
  }
}

/** The heading of each fault class. */
export function groupsOf(operations: readonly CalledOperation[]): Readonly<Record<string, string>> {
  return Object.fromEntries(classesFor(operations).map(({ id, group }) => [id, GROUPS[group]]))
}

/**
 * Returns the cells to look at first: those with findings, because the suite did not show them,
 * then those that broke, both in the order of the plan. If several cells reveal the same problem of
 * an operation, only the first is returned.
 */
export function worstOf(results: readonly CellResult[], limit: number): readonly CellResult[] {
  const order: readonly CellVerdict[] = ['survived-with-findings', 'broke']
  const known = new Set<string>()
  return order
    .flatMap((wanted) => results.filter(({ verdict }) => verdict === wanted))
    .filter(({ cell, verdict, findings }) => {
      const ids = findings.map(({ id }) => id).join()
      const key = `${cell.api}.${cell.operation} ${verdict} ${ids === '' ? cell.fault : ids}`
      return !known.has(key) && known.add(key)
    })
    .slice(0, limit)
}

/** Returns the cells that fail now and survived in an earlier report, or were not in it. */
export function newFailures(
  results: readonly CellResult[],
  earlier: Pick<Report, 'results'>,
): readonly CellResult[] {
  const before = new Map(earlier.results.map(({ cell, verdict }) => [cell.id, verdict]))
  const rank: Readonly<Record<CellVerdict, number>> = {
    survived: 0,
    'not-met': 0,
    'survived-with-findings': 1,
    broke: 2,
  }
  return results.filter(
    ({ cell, verdict }) => rank[verdict] > rank[before.get(cell.id) ?? 'survived'],
  )
}
