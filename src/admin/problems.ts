import type { Reply } from '../core/api.ts'
import type { Call } from '../core/call.ts'
import { json } from '../core/formats/json.ts'
import { problemDocument, problemJson } from '../core/formats/problem-json.ts'
import { mediaTypeOf } from '../core/http/content-type.ts'
import { Problem } from '../core/problem.ts'
import type { Problem as ProblemBody } from './contract.gen.ts'
import type { ServerPort } from './ports.ts'

/** Answers a refusal with problem details (RFC 9457). */
export function explain(problem: Problem, call: Call, { prefixes }: ServerPort): Reply {
  call.answerType = problemJson.mediaType
  const { status, reason } = problem
  const body: ProblemBody = problemDocument(problem)
  if (reason !== 'route.unknown') return { status, body }
  const detail = `No operation has this path. Standin serves ${prefixes.join(', ')} and /_standin (its calls: docs/admin.md)`
  return { status, body: { ...body, detail } }
}

/**
 * Requires JSON; a request without a body needs no Content-Type.
 *
 * @throws Problem 415 media.unsupported
 */
export function bodyType({ headers }: Call, text: string): string {
  const sent = mediaTypeOf(headers['content-type'])
  if (sent === json.mediaType || (sent === undefined && text === '')) return json.mediaType
  const got = sent === undefined ? 'none was sent' : `got ${sent.slice(0, 60)}`
  const message = `The Content-Type must be ${json.mediaType}, ${got}`
  throw new Problem(415, 'media.unsupported', message, { headers: { Accept: json.mediaType } })
}
