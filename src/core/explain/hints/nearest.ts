import type { Api } from '../../api.ts'
import type { ApiPart } from '../../context.ts'
import type { Contract } from '../../contract/contract.ts'
import type { OperationContract } from '../../contract/operation.ts'
import { distance, quotable } from '../../words.ts'

/** One change to the method or path of a request. */
export interface Edit {
  readonly kind: EditKind
  /** `add manage before v2` */
  readonly text: string
}

/** The second part of a hint's code: `path.trailing-slash`. */
type EditKind =
  | 'method'
  | 'host'
  | 'base-missing'
  | 'base-twice'
  | 'version'
  | 'version-missing'
  | 'parameter-missing'
  | 'segment'
  | 'segment-missing'
  | 'segment-surplus'
  | 'case'
  | 'doubled-slash'
  | 'trailing-slash'
  | 'encoded'
  | 'sandbox'

/** An operation that is similar to the method and path of a request. */
export interface Nearest {
  readonly api: string
  readonly operation: string
  readonly method: string
  /** The path to send the request to, with the path parameters that it has. */
  readonly path: string
  readonly edits: readonly Edit[]
  /** The cost of the edits: 0 for a request that matches, larger for less similar ones. */
  readonly distance: number
}

const MAX_RESULTS = 3
const SANDBOX_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
/** The cost per segment of the operation's path above which an operation is not similar. */
const MAX_COST = 0.42
/** Limits on the work, which grows with the number and the length of the segments. */
const MAX_SEGMENTS = 24
const MAX_SEGMENT_LENGTH = 100

const COST = {
  method: 0.55,
  update: 0.275,
  case: 0.1,
  parameter: 0.05,
  word: 0.7,
  parameterMissing: 0.5,
  slash: 0.2,
  version: 0.4,
  segment: 0.8,
}

/** Methods that are often confused. */
const UPDATES = new Set(['PUT', 'PATCH'])

/**
 * The operations of all APIs that are most similar to the method and path of a request, most
 * similar first.
 *
 * @param url as sent, without the prefix of the sandbox
 */
export function nearest(method: string, url: string, all: readonly ApiPart[]): readonly Nearest[] {
  const [path = ''] = url.split('?', 1)
  const cleaned = cleanedPath(path)
  const bases = all.map(({ contract }) => contract.prefix.slice(1))
  return all
    .flatMap(({ api, contract }) => {
      // An API that reads paths less strictly than its contract changes the path first.
      const routed = api.route?.(cleaned.path, new URLSearchParams()) ?? cleaned.path
      const segments = routed.split('/').slice(1, MAX_SEGMENTS + 1)
      const base = contract.prefix.slice(1)
      const { edits } = cleaned
      const request = { method, segments, edits, base, bases, words: wordsIn(contract) }
      return contract.operations.map((operation) => compared(request, api, operation))
    })
    .filter((found) => found !== undefined)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_RESULTS)
}

interface RequestPath {
  readonly method: string
  readonly segments: readonly string[]
  readonly edits: readonly Edit[]
  /** The first segment of the API's paths. */
  readonly base: string
  /** The same of all APIs. */
  readonly bases: readonly string[]
  /** The segments of the API's paths that are not parameters, in lower case. */
  readonly words: ReadonlySet<string>
}

function wordsIn({ operations }: Contract): ReadonlySet<string> {
  const segments = operations.flatMap(({ path }) => path.slice(1).toLowerCase().split('/'))
  return new Set(segments.filter((segment) => !isParameter(segment)))
}

/** Corrections that do not depend on the operation, in the order in which they are made. */
const CORRECTIONS: readonly (readonly [EditKind, RegExp, by: string, text: string])[] = [
  ['host', /^\/?https?:\/{1,2}[^/]*/i, '', 'remove the host from the path'],
  ['encoded', /(%20|%09|%0a|%0d)+$/i, '', 'remove the white space at the end of the path'],
  ['encoded', /%2f/gi, '/', 'write / in the path, not %2F'],
  ['encoded', /%3f.*$/i, '', 'write ? before the query, not %3F'],
]

function cleanedPath(sent: string): { path: string; edits: Edit[] } {
  let path = sent
  const edits = CORRECTIONS.flatMap(([kind, pattern, by, text]) => {
    const before = path
    path = path.replace(pattern, by)
    return path === before ? [] : [{ kind, text }]
  })
  return { path, edits }
}

/** The edits that make the request one for this operation; undefined if they are too many. */
function compared(
  request: RequestPath,
  api: Api,
  operation: OperationContract,
): Nearest | undefined {
  const template = [request.base, ...operation.path.slice(1).split('/')]
  const { cost, pairs } = aligned(request, template)
  if (cost > MAX_COST * template.length) return undefined
  const edits = [...request.edits, ...pairs.flatMap((_, i) => editOf(i, pairs, request) ?? [])]
  const method = operation.method.toUpperCase()
  if (method !== request.method) {
    edits.push({ kind: 'method', text: `use ${method} instead of ${request.method}` })
  }
  const path = pairs.flatMap(({ sent, expected }) => {
    if (expected === undefined) return []
    return sent && isParameter(expected) ? (quotable(sent) ?? expected) : expected
  })
  return {
    api: api.name,
    operation: operation.id,
    method,
    path: `/${path.join('/')}`,
    edits,
    distance: cost + methodCost(request.method, method) + request.edits.length * COST.slash,
  }
}

function methodCost(sent: string, expected: string): number {
  if (sent === expected) return 0
  return UPDATES.has(sent) && UPDATES.has(expected) ? COST.update : COST.method
}

/** A segment of the request's path and the one of the operation's path that it stands for. */
interface Pair {
  /** Undefined for a segment that is missing in the request. */
  readonly sent: string | undefined
  /** Undefined for a surplus segment of the request. */
  readonly expected: string | undefined
}

/** Pairs the segments of two paths at the lowest cost: their edit distance, by whole segments. */
function aligned(
  { segments, words }: RequestPath,
  template: readonly string[],
): { cost: number; pairs: readonly Pair[] } {
  type Alignment = ReturnType<typeof aligned>
  const extended = ({ cost, pairs }: Alignment, sent?: string, expected?: string): Alignment => ({
    cost: cost + costOf(sent, expected, words),
    pairs: [...pairs, { sent, expected }],
  })
  // Each row holds the best alignment of the segments so far with 0, 1, 2, ... of the template's.
  let row: Alignment[] = [{ cost: 0, pairs: [] }]
  for (const [j, expected] of template.entries()) row.push(extended(row[j]!, undefined, expected))
  for (const sent of segments) {
    const next = [extended(row[0]!, sent)] // every row has a first
    for (const [j, expected] of template.entries()) {
      const options = [
        extended(row[j]!, sent, expected), // rows are one longer than the template
        extended(row[j + 1]!, sent),
        extended(next[j]!, undefined, expected), // pushed in the round before
      ]
      next.push(options.reduce((best, option) => (option.cost < best.cost ? option : best)))
    }
    row = next
  }
  return row.at(-1)!
}

function costOf(
  sent: string | undefined,
  expected: string | undefined,
  words: ReadonlySet<string>,
): number {
  if (expected === undefined) return sent === '' ? COST.slash : COST.segment
  if (sent === undefined) return isParameter(expected) ? COST.parameterMissing : COST.segment
  if (sent === expected) return 0
  if (sent === '') return isParameter(expected) ? COST.parameterMissing : 2 * COST.segment
  if (isParameter(expected)) return isWord(sent, words) ? COST.word : COST.parameter
  if (sent.toLowerCase() === expected.toLowerCase()) return COST.case
  if (isVersion(sent) && isVersion(expected)) return COST.version
  const length = Math.max(sent.length, expected.length)
  return length > MAX_SEGMENT_LENGTH ? 1.5 : 0.3 + (1.2 * distance(sent, expected)) / length
}

/** True for a segment that is a word of the API's paths, or one letter off, and so hardly an id. */
function isWord(segment: string, words: ReadonlySet<string>): boolean {
  const lower = segment.toLowerCase()
  if (words.has(lower)) return true
  if (lower.length < 4 || lower.length > MAX_SEGMENT_LENGTH) return false
  return [...words].some((word) => distance(lower, word) === 1)
}

function isParameter(segment: string): boolean {
  return segment.startsWith('{')
}

function isVersion(segment: string): boolean {
  return /^v\d+(\.\d+)*$/i.test(segment)
}

/** The edit for one pair of an alignment; undefined if its segments agree. */
function editOf(i: number, pairs: readonly Pair[], request: RequestPath): Edit | undefined {
  const { sent, expected } = pairs[i]! // the caller counts
  const later = pairs.slice(i + 1).flatMap((pair) => pair.sent ?? [])
  if (expected === undefined) return surplusEdit(sent!, i, later, request) // one of the two is set
  if (sent === undefined) {
    const next = later.find((segment) => segment !== '')
    const where = next === undefined ? 'at the end' : `before ${quotable(next) ?? 'the rest'}`
    return { kind: missingKind(expected, i), text: `add ${expected} ${where}` }
  }
  if (isParameter(expected)) {
    if (sent !== '') return undefined
    return { kind: 'parameter-missing', text: `put the ${expected} between the two slashes` }
  }
  const text = `write ${expected} instead of ${quotable(sent) ?? 'the segment sent'}`
  if (sent.toLowerCase() === expected.toLowerCase()) {
    // The base, which selects the API, matches in any case.
    return i === 0 || sent === expected ? undefined : { kind: 'case', text }
  }
  return { kind: isVersion(sent) && isVersion(expected) ? 'version' : 'segment', text }
}

function missingKind(segment: string, i: number): EditKind {
  if (i === 0) return 'base-missing'
  if (isParameter(segment)) return 'parameter-missing'
  return isVersion(segment) ? 'version-missing' : 'segment-missing'
}

function surplusEdit(
  sent: string,
  i: number,
  later: readonly string[],
  { segments, base, bases }: RequestPath,
): Edit {
  if (sent === '') {
    return later.length === 0
      ? { kind: 'trailing-slash', text: 'remove the slash at the end' }
      : { kind: 'doubled-slash', text: 'write one slash instead of two' }
  }
  if (sent === base && segments.filter((segment) => segment === base).length > 1) {
    return { kind: 'base-twice', text: `write /${base} once, not twice` }
  }
  const shown = quotable(sent) ?? 'the surplus segment'
  if (i === 0 && SANDBOX_NAME.test(sent) && !bases.includes(sent) && segments[1] === base) {
    const text = `write ~${shown} if that is the name of a sandbox, and remove it otherwise`
    return { kind: 'sandbox', text }
  }
  return { kind: 'segment-surplus', text: `remove ${shown}` }
}
