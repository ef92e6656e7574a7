import type { Api } from '../api.ts'
import type { Call } from '../call.ts'
import type { Format } from '../formats/format.ts'
import { mediaTypeOf } from '../http/content-type.ts'
import { Problem } from '../problem.ts'

/**
 * Returns the media type in the request's Content-Type.
 *
 * @throws Problem 415 media.unsupported where the operation does not read it
 */
export function statedType(call: Call, readable: readonly string[]): string {
  const stated = mediaTypeOf(call.headers['content-type'])
  if (stated !== undefined && readable.includes(stated)) return stated
  const message = `The Content-Type must be ${readable.join(' or ')}, ${stated ? 'and another was sent' : 'and none was sent'}`
  throw new Problem(415, 'media.unsupported', message, { headers: { Accept: readable.join(', ') } })
}

/**
 * Returns the offered media type that the caller prefers: by q, then by the contract's order.
 *
 * @throws Problem 406 accept.unsupported
 */
export function acceptable(call: Call, offered: readonly string[]): string {
  const accept = call.headers.accept
  if (accept === undefined || accept === '*/*') return offered[0]!
  if (offered.includes(accept)) return accept
  const ranges = accept.split(',').map((part) => {
    const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    return { range, q: q === undefined ? 1 : Number(q.slice(2)) || 0 }
  })
  const weight = (type: string): number => {
    for (const range of [type, `${type.split('/')[0]}/*`, '*/*']) {
      const found = ranges.find((candidate) => candidate.range === range)
      if (found) return found.q
    }
    return 0
  }
  const [best] = offered.toSorted((a, b) => weight(b) - weight(a))
  if (best !== undefined && weight(best) > 0) return best
  throw new Problem(
    406,
    'accept.unsupported',
    `The answer is available as ${offered.join(' or ')} only`,
  )
}

/**
 * Returns the media type of a refusal: the first one that the contract lists for it, unless the
 * caller accepts only another of them.
 */
export function refusalType(call: Call, offered: readonly string[]): string {
  const first = offered[0]!
  try {
    return acceptable(call, [first])
  } catch {
    try {
      return acceptable(call, offered)
    } catch {
      return first
    }
  }
}

export function formatOf(api: Api, mediaType: string): Format {
  const format = api.formats.find((candidate) => candidate.mediaType === mediaType)
  if (!format) throw new Error(`${api.name} has no format for ${mediaType}`)
  return format
}
