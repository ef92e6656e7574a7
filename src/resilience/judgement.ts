import type { Contracts } from './contracts.ts'
import type { Baseline } from './model.ts'

/** Facts that the verdicts on a run are based on. */
export interface Judgement {
  readonly contracts: Contracts
  /** Operations that create a user, as `<api>.<operation>`. */
  readonly creates: ReadonlySet<string>
  readonly repeats: Baseline['repeats']
}
