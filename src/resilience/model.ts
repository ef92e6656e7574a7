import type { ApiName, NewFault } from '../admin/contract.gen.ts'

/**
 * Position among the calls of an operation: the first, the second (`call-2`) and so on, or every
 * call.
 */
export type Position = 'first' | 'every' | `call-${number}`

/** An operation that the command called in the baseline. */
export interface CalledOperation {
  readonly api: ApiName
  readonly operation: string
  readonly method: string
  /** Number of calls in one run. */
  readonly calls: number
  /** True for the operation that creates a user. */
  readonly creates: boolean
  /** Statuses that the contract lists, ascending. */
  readonly statuses: readonly number[]
  /** True if its webhooks reached a receiver other than a built-in inbox. */
  readonly notifies: boolean
}

/** One run of the command with one fault. */
export interface Cell {
  /** Stable: API, operation, position and fault class, such as `<api>.<operation>/first/500`. */
  readonly id: string
  readonly api: ApiName
  readonly operation: string
  readonly position: Position
  /** Id of the fault class. */
  readonly fault: string
  /** One sentence on the failure that it causes. */
  readonly text: string
  readonly definition: NewFault
}

export type CellVerdict = 'survived' | 'survived-with-findings' | 'broke' | 'not-met'

/** Ids of findings. They stay the same over versions. */
export const FINDINGS = [
  'orphaned-user',
  'duplicate-user',
  'missing-user',
  'retry-storm',
  'retry-too-early',
  'retried-a-refusal',
  'called-after-giving-up',
  'webhook-handled-twice',
  'webhook-accepted-unsigned',
  'secret-misplaced',
] as const
export type FindingId = (typeof FINDINGS)[number]

/** Something wrong that the log or the state shows although the suite may have passed. */
export interface Finding {
  readonly id: FindingId
  /** One sentence. */
  readonly text: string
  /** Ids of the requests that show it, in their order. */
  readonly requests: readonly string[]
  /** Ids of the deliveries that show it. */
  readonly deliveries?: readonly string[]
}

/** A request of the command, as a report shows it. */
export interface CalledRequest {
  readonly id: string
  /** Milliseconds from the first request of the run to the arrival of this one. */
  readonly at: number
  readonly ms: number
  readonly method: string
  /** Path and query without the prefix of the sandbox. */
  readonly path: string
  readonly api?: string
  readonly operation?: string
  /** 0 if the connection ended without an answer. */
  readonly status: number
  readonly reason?: string
  /** Retry-After of the answer in seconds. */
  readonly retryAfter?: number
  /** True if the cell's fault fired for it. */
  readonly faulty: boolean
  /** The user that it created. */
  readonly user?: { readonly id: string; readonly email?: string }
}

/** One delivery of a webhook to a receiver of the command. */
export interface WebhookDelivery {
  readonly id: string
  readonly event: string
  readonly requestId?: string
  readonly attempts: readonly {
    readonly faults: readonly string[]
    /** Absent if the receiver did not answer. */
    readonly status?: number
    readonly error?: string
  }[]
}

/** The result of running the command. */
export interface Ending {
  /** Null if it was ended by a signal. */
  readonly exitCode: number | null
  /** True if it was ended at the time limit. */
  readonly timedOut: boolean
  readonly ms: number
  /** End of its output, without credentials. */
  readonly output: string
}

/** Counts of the fault that a cell armed. */
export interface FaultCounts {
  readonly fired: number
  readonly eligible: number
  readonly nearestMiss?: { readonly requestId: string; readonly why: string }
  /** True if the command removed the fault, such as with a reset of the sandbox. */
  readonly removed: boolean
}

export interface CellResult {
  readonly cell: Cell
  readonly verdict: CellVerdict
  /** Reason for the verdict, as one sentence. */
  readonly why: string
  readonly ending: Ending
  readonly faultCounts: FaultCounts
  readonly findings: readonly Finding[]
  readonly exchanges: readonly CalledRequest[]
  /** Number of requests that the list leaves out. */
  readonly omitted: number
  readonly deliveries: readonly WebhookDelivery[]
  /** The request that determined the verdict, with its explanation. */
  readonly decisive?: { readonly id: string; readonly explanation: string }
}

/** The calls and results of the command without a fault. */
export interface Baseline {
  readonly operations: readonly CalledOperation[]
  /** Milliseconds of the slower run. */
  readonly ms: number
  /** Largest number of equal requests of each operation in one run, by `<api>.<operation>`. */
  readonly repeats: Readonly<Record<string, number>>
  /** Findings that need no fault; cells do not repeat them. */
  readonly findings: readonly Finding[]
}

/** A run with all its cells. */
export interface Report {
  readonly version: string
  readonly command: readonly string[]
  readonly seed: number
  readonly baseline: Baseline
  /** In the order of the plan; without those that did not run. */
  readonly results: readonly CellResult[]
  /** Ids of the cells that did not run, because of the budget or an interruption. */
  readonly notRun: readonly string[]
  /** Elapsed milliseconds of the whole run of cells. */
  readonly ms: number
}
