import type { NewFault } from '../admin/contract.gen.ts'
import { classesFor, type FaultClass } from './classes.ts'
import type { CalledOperation, Cell, Position } from './model.ts'

/** Choice among the cells of a plan. */
export interface Selection {
  /** Ids of fault classes; undefined: the default ones. `all` adds the optional ones. */
  readonly faults?: readonly string[] | undefined
  /** Patterns of cell ids; a cell has to match one of them. */
  readonly only?: readonly string[] | undefined
  /** Patterns of cell ids that are left out. */
  readonly skip?: readonly string[] | undefined
  /** Number of calls of an operation for each of which there is a cell. */
  readonly calls: number
}

/**
 * Number of places by which a cell is ranked later than a cell of the first call, because it
 * reveals less: for the position `every`, and for later calls.
 */
const RANK_OF_EVERY = 6
const RANK_OF_LATER = 12

/** Lists the cells for the operations of a baseline, the most telling first. */
export function planFor(
  operations: readonly CalledOperation[],
  selection: Selection,
): readonly Cell[] {
  const ranked = classesFor(operations).flatMap((fault, rank) =>
    operations
      .filter((operation) => isWanted(fault, selection) && fault.applies(operation))
      .flatMap((operation) =>
        positionsOf(fault, operation, selection.calls).map((position) => ({
          cell: cellFor(operation, position, fault),
          rank: rank + rankOf(position),
          isRead: operation.method === 'GET' ? 1 : 0,
        })),
      ),
  )
  return ranked
    .filter(({ cell }) => isSelected(cell.id, selection))
    .sort(
      (a, b) => a.rank - b.rank || a.isRead - b.isRead || (a.cell.id < b.cell.id ? -1 : 1), // ids differ
    )
    .map(({ cell }) => cell)
}

/** Says which part of a selection leaves no cell, and how to see the cells that there are. */
export function describeEmptyPlan(
  operations: readonly CalledOperation[],
  { faults, only = [], skip = [], calls }: Selection,
): string {
  const wanted = planFor(operations, { faults, calls })
  if (wanted.length === 0) {
    const classes = faults ? `of --faults ${faults.join(',')}` : 'of faults'
    return `The plan is empty: no class ${classes} applies to a call of the command; --dry-run without --faults lists the cells`
  }
  const isOnly = only.length > 0 && !wanted.some(({ id }) => isSelected(id, { only, calls }))
  const cause = isOnly
    ? `no cell matches --only ${only.join(',')}`
    : `--skip ${skip.join(',')} leaves out every cell that the rest of the selection matches`
  return `The plan is empty: ${cause}; --dry-run without ${isOnly ? '--only' : '--skip'} lists the cells`
}

function isWanted({ id, optional }: FaultClass, { faults }: Selection): boolean {
  if (faults === undefined) return optional !== true
  return faults.includes(id) || faults.includes('all')
}

/** True if the patterns of a selection permit this id. */
export function isSelected(id: string, { only, skip = [] }: Selection): boolean {
  if (skip.some((pattern) => matches(id, pattern))) return false
  return only === undefined || only.some((pattern) => matches(id, pattern))
}

/**
 * Compares an id with a pattern. In a pattern, `*` stands for any text; a pattern without `*`
 * matches every id that contains it.
 */
function matches(id: string, pattern: string): boolean {
  if (!pattern.includes('*')) return id.includes(pattern)
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(id)
}

function positionsOf(
  { positions }: FaultClass,
  { calls }: CalledOperation,
  limit: number,
): readonly Position[] {
  const later = Array.from({ length: Math.min(calls, limit) }, (_, at) => at + 1).slice(1)
  return positions.flatMap((position): readonly Position[] => {
    if (position === 'later') return later.map((number) => `call-${number}` as const)
    // With a single call, `every` differs from `first` only if the client repeats the call.
    return [position]
  })
}

function rankOf(position: Position): number {
  if (position === 'first') return 0
  return position === 'every' ? RANK_OF_EVERY : RANK_OF_LATER + callNumber(position)
}

function callNumber(position: Position): number {
  return position.startsWith('call-') ? Number(position.slice('call-'.length)) : 1
}

function cellFor(operation: CalledOperation, position: Position, fault: FaultClass): Cell {
  const { api, operation: name } = operation
  return {
    id: `${api}.${name}/${position}/${fault.id}`,
    api,
    operation: name,
    position,
    fault: fault.id,
    text: `${name} ${fault.text}, at ${placeOf(position)}`,
    definition: definitionOf(operation, position, fault),
  }
}

function placeOf(position: Position): string {
  if (position === 'first') return 'the first call'
  return position === 'every' ? 'every call' : `call ${callNumber(position)}`
}

/** The fault that a cell arms. */
function definitionOf(
  { api, operation }: CalledOperation,
  position: Position,
  { fault, times }: FaultClass,
): NewFault {
  const skip = callNumber(position) - 1
  return {
    fault,
    api,
    operation,
    ...(position === 'every' ? {} : { times }),
    ...(skip === 0 ? {} : { skip }),
  }
}
