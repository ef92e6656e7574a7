import type { Contracts } from './contracts.ts'
import type { Baseline } from './model.ts'

/** Facts by which a run is judged. */
export interface Judgement {
  readonly contracts: Contracts
  /** Operations that create a user, as `<api>.<operation>`. */
  readonly creates: ReadonlySet<string>
  readonly repeats: Baseline['repeats']
}
