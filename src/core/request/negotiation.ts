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

/** The range that covers all media types. */
const EVERYTHING = '*/*'

/** The weight that an Accept header gives to a media type. */
interface Preference {
  /** From 0 (refused) to 1. */
  readonly weight: number
  /** False where only a range for all media types covers it. */
  readonly isNamed: boolean
}

/**
 * Returns the preference of an Accept header for a media type, by the most specific range that
 * covers it (RFC 9110). A header that is missing or holds no range accepts everything, and so does
 * `*`, which some clients send for the range of all types.
 */
export function preferenceFor(accept: string | undefined, mediaType: string): Preference {
  const ranges = rangesIn(accept ?? '')
  if (ranges.length === 0) return { weight: 1, isNamed: false }
  for (const range of [mediaType, `${mediaType.split('/', 1)[0]}/*`, EVERYTHING]) {
    const found = ranges.find((candidate) => candidate.range === range)
    if (found) return { weight: found.weight, isNamed: range !== EVERYTHING }
  }
  return { weight: 0, isNamed: false }
}

/**
 * Returns the offered media type that an Accept header prefers; undefined where it allows none.
 * Types of equal weight are taken in the offered order. A range for all types never puts a later
 * type first: a client that names JSON with a low weight and then accepts everything gets JSON.
 */
export function preferredType(
  accept: string | undefined,
  offered: readonly string[],
): string | undefined {
  if (accept === undefined || accept === EVERYTHING) return offered[0]
  if (offered.includes(accept)) return accept
  let best: string | undefined
  let highest = 0
  for (const type of offered) {
    const { weight, isNamed } = preferenceFor(accept, type)
    if (weight <= highest || (best !== undefined && !isNamed)) continue
    best = type
    highest = weight
  }
  return best
}

/**
 * Returns the offered media type that the caller prefers.
 *
 * @throws Problem 406 accept.unsupported
 */
export function acceptable(call: Call, offered: readonly string[]): string {
  const preferred = preferredType(call.headers.accept, offered)
  if (preferred !== undefined) return preferred
  throw new Problem(
    406,
    'accept.unsupported',
    `The answer is available as ${offered.join(' or ')} only`,
  )
}

function rangesIn(accept: string): readonly { readonly range: string; readonly weight: number }[] {
  // A quoted parameter may contain commas and semicolons.
  return accept
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .split(',')
    .flatMap((part) => {
      const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
      if (range === '') return []
      return [{ range: range === '*' ? EVERYTHING : range, weight: weightIn(parameters) }]
    })
}

/** Reads the parameter `q`; 1 where it is missing, 0 where it is not a number. */
function weightIn(parameters: readonly string[]): number {
  const q = parameters.find((parameter) => parameter.startsWith('q='))
  return q === undefined ? 1 : Math.min(1, Math.max(0, Number(q.slice(2)) || 0))
}

/**
 * Returns the media type of a refusal: the first one that the contract lists for it, unless the
 * caller accepts only another of them.
 */
export function refusalType({ headers: { accept } }: Call, offered: readonly string[]): string {
  return preferredType(accept, offered.slice(0, 1)) ?? preferredType(accept, offered) ?? offered[0]!
}

export function formatOf(api: Api, mediaType: string): Format {
  const format = api.formats.find((candidate) => candidate.mediaType === mediaType)
  if (!format) throw new Error(`${api.name} has no format for ${mediaType}`)
  return format
}
