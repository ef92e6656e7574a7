import { STAGES, type Stage } from '../stages.ts'
import type { StepCheck } from './checks.ts'
import type { Evidence } from './evidence.ts'
import type { HintInput } from './hints/hint-input.ts'

/** A step of an explanation: a stage of the pipeline, or one of three further decisions. */
export type Step = Stage | 'sandbox' | 'faults' | 'webhooks'

/** The headings of the steps; those of the stages come from the table of stages. */
export const STEP_TITLES = {
  ...Object.fromEntries(STAGES.map(({ name, title }) => [name, title])),
  sandbox: 'Sandbox',
  faults: 'Faults',
  webhooks: 'Webhooks',
} as Readonly<Record<Step, string>> // every stage has its title

/** One decision on the way from a request to its answer. */
export interface Decision {
  readonly step: Step
  /** `noted` means accepted with a warning. */
  readonly outcome: 'passed' | 'noted' | 'refused'
  readonly text: string
  readonly evidence: readonly Evidence[]
  /** The checks that the decision consists of. */
  readonly checks?: readonly StepCheck[]
}

/** A request to explain, with its answer. */
export interface ExplainInput extends HintInput {
  /** The name of the sandbox that answered. */
  readonly sandbox: string
  /** 0 for a connection that ended without an answer. */
  readonly status: number
  /** The media type of the answer, if known. */
  readonly mediaType?: string
}
