import { STATUS_CODES } from 'node:http'
import type { Format } from './format.ts'
import { json } from './json.ts'
import { describeViolation, pathOf, type Problem } from '../problem.ts'

export const problemJson: Format = {
  ...json,
  mediaType: 'application/problem+json',
  contentType: 'application/problem+json; charset=utf-8',
}

/** The body of a problem+json answer (RFC 9457), with two extension members of Standin's. */
export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly reason: string
  /** The refused parts of the request; `detail` has all their texts. */
  readonly violations?: { readonly field: string; readonly text: string }[]
}

export function problemDocument({ status, message, reason, violations }: Problem): ProblemDocument {
  const parts = violations.map((violation) => ({
    field: pathOf(violation),
    text: violations.length === 1 ? message : describeViolation(violation),
  }))
  return {
    type: 'about:blank',
    title: titleOf(status),
    status,
    detail: message,
    reason,
    ...(parts.length > 0 ? { violations: parts } : {}),
  }
}

/** The status phrase, as RFC 9457 asks for with `about:blank`. Node 20 has the old phrase of 413. */
function titleOf(status: number): string {
  return status === 413 ? 'Content Too Large' : (STATUS_CODES[status] ?? 'Refused')
}
