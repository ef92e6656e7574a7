import { STATUS_CODES } from 'node:http'
import type { Format } from './format.ts'
import { json } from './json.ts'
import type { Problem } from '../problem.ts'

export const problemJson: Format = {
  ...json,
  mediaType: 'application/problem+json',
  contentType: 'application/problem+json; charset=utf-8',
}

/** The body of a problem+json answer (RFC 9457), with Standin's `reason` as an extension member. */
export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly reason: string
}

export function problemDocument({ status, message, reason }: Problem): ProblemDocument {
  return { type: 'about:blank', title: titleOf(status), status, detail: message, reason }
}

/** The status phrase, as RFC 9457 asks for with `about:blank`. Node 20 has the old phrase of 413. */
function titleOf(status: number): string {
  return status === 413 ? 'Content Too Large' : (STATUS_CODES[status] ?? 'Refused')
}
