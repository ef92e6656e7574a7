import type { Reply } from '../core/api.ts'
import type { Call } from '../core/call.ts'
import type { Format } from '../core/formats/format.ts'
import { json } from '../core/formats/json.ts'
import { Problem } from '../core/problem.ts'
import type { Problem as ProblemBody } from './contract.gen.ts'
import type { ServerPort } from './ports.ts'

export const problemJson: Format = {
  ...json,
  mediaType: 'application/problem+json',
  contentType: 'application/problem+json; charset=utf-8',
}

/** Answers a refusal with problem details (RFC 9457). */
export function explain(problem: Problem, call: Call, { prefixes }: ServerPort): Reply {
  call.answerType = problemJson.mediaType
  const body: ProblemBody = {
    type: 'about:blank',
    title: TITLES[problem.status] ?? 'Refused',
    status: problem.status,
    detail:
      problem.reason === 'route.unknown'
        ? `No operation has this path. Standin serves ${prefixes.join(', ')} and /_standin (its calls: docs/admin.md)`
        : problem.message,
    reason: problem.reason,
  }
  return { status: problem.status, body }
}

/**
 * Requires JSON; a request without a body needs no Content-Type.
 *
 * @throws Problem 415 media.unsupported
 */
export function bodyType({ headers }: Call, text: string): string {
  const sent = headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase()
  if (sent === json.mediaType || (sent === undefined && text === '')) return json.mediaType
  const got = sent === undefined ? 'none was sent' : `got ${sent.slice(0, 60)}`
  const message = `The Content-Type must be ${json.mediaType}, ${got}`
  throw new Problem(415, 'media.unsupported', message, { headers: { Accept: json.mediaType } })
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}
