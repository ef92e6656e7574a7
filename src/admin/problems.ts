import type { Reply } from '../core/api.ts'
import type { Call } from '../core/call.ts'
import { json } from '../core/formats/json.ts'
import { problemDocument, problemJson } from '../core/formats/problem-json.ts'
import { mediaTypeOf } from '../core/http/content-type.ts'
import { isBelow } from '../core/http/sandbox-path.ts'
import { closest } from '../core/words.ts'
import { Problem } from '../core/problem.ts'
import type { Problem as ProblemBody } from './contract.gen.ts'
import type { ServerPort } from './ports.ts'

const PREFIX = '/_standin'

/** The path of the admin API that is closest to a misspelt one. */
function closestPath(path: string, known: readonly string[]): string | undefined {
  const sent = path.split('/')
  const candidates = known.flatMap((template) => {
    const segments = template.split('/')
    if (segments.length !== sent.length) return []
    // The sent parameters stay as they are.
    return segments.map((segment, i) => (segment.startsWith('{') ? sent[i] : segment)).join('/')
  })
  const [meant] = closest(path, candidates)
  return meant
}

/** Answers a refusal with problem details (RFC 9457). */
export function refuse(problem: Problem, call: Call, server: ServerPort): Reply {
  call.answerType = problemJson.mediaType
  const { status, reason } = problem
  const body: ProblemBody = problemDocument(problem)
  if (reason !== 'route.unknown') return { status, body }
  const meant = isBelow(call.url, PREFIX) ? closestPath(call.path, server.ownPaths) : undefined
  const detail =
    meant === undefined
      ? `No operation has this path. Standin serves ${server.prefixes.join(', ')} and ${PREFIX} (its calls: docs/admin.md)`
      : `There is nothing at this path; did you mean ${call.base}${PREFIX}${meant}?`
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
