import { ANSWER_CHECKS } from './answer-checks.ts'
import { CREATE_CHECKS } from './create-checks.ts'
import { Observations, type Check, type CheckResult } from './check.ts'
import { Facts, type Records } from './facts.ts'
import { RECEIVER_CHECKS } from './receiver-checks.ts'
import { REQUEST_CHECKS } from './request-checks.ts'
import { RETRY_CHECKS } from './retry-checks.ts'

/** All checks, those of the client first. */
export const CHECKS: readonly Check[] = [
  ...RETRY_CHECKS,
  ...CREATE_CHECKS,
  ...REQUEST_CHECKS,
  ...ANSWER_CHECKS,
  ...RECEIVER_CHECKS,
]

/** Grades of a client and a webhook receiver, from what a sandbox has recorded. */
export interface ReportCard {
  readonly passed: number
  readonly failed: number
  readonly notSeen: number
  /** Number of requests and deliveries that were graded. */
  readonly requests: number
  readonly deliveries: number
  readonly checks: readonly CheckResult[]
}

/** Runs all checks, in steps. */
export function* reportCardSteps(records: Records): Generator<undefined, ReportCard> {
  const facts = yield* Facts.from(records)
  const checks: CheckResult[] = []
  for (const check of CHECKS) {
    const observations = new Observations()
    yield* check.judge(facts, observations)
    checks.push(observations.resultOf(check))
    yield
  }
  const count = (verdict: CheckResult['verdict']) =>
    checks.filter((one) => one.verdict === verdict).length
  return {
    passed: count('passed'),
    failed: count('failed'),
    notSeen: count('not-seen'),
    requests: facts.exchanges.length,
    deliveries: facts.deliveries.length,
    checks,
  }
}
