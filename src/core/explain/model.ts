import type { Stage } from '../stages.ts'
import type { Check } from './checks.ts'
import type { Evidence } from './evidence.ts'
import type { HintInput } from './hints/hint-input.ts'

/** A step of an explanation: a stage of the pipeline, or a decision beside it. */
export type Step = Stage | 'sandbox' | 'faults' | 'webhooks'

/** One decision on the way from a request to its answer. */
export interface Decision {
  readonly step: Step
  /** `noted` was let through with a warning. */
  readonly outcome: 'passed' | 'noted' | 'refused'
  readonly text: string
  readonly evidence: readonly Evidence[]
  /** What was looked at one by one. */
  readonly checks?: readonly Check[]
}

/** A request whose answer somebody wants explained. */
export interface ExplainInput extends HintInput {
  /** The sandbox's name. */
  readonly sandbox: string
  /** 0 where the connection ended without an answer. */
  readonly status: number
  /** Of the answer, where that is known. */
  readonly mediaType?: string
}
