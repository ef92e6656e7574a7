import type { ApiPart } from '../../context.ts'
import type { Contract } from '../../contract/contract.ts'
import type { OperationContract } from '../../contract/operation.ts'
import { distance, quotable } from '../../words.ts'

/** One change to a request's method or path. */
export interface Edit {
  readonly kind: EditKind
  /** `add manage before v2` */
  readonly text: string
}

/** Each is the end of a hint's code: `path.trailing-slash`. */
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

/** An operation that a request may have been meant for. */
export interface Nearest {
  readonly api: string
  readonly operation: string
  readonly method: string
  /** Where to send it: with what the request said of the path's parameters. */
  readonly path: string
  readonly edits: readonly Edit[]
  /** 0 for a request that would be met; the smaller, the nearer. */
  readonly distance: number
}

const MOST = 3
/** What may be the name of a sandbox. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
/** Per segment of the operation's path; beyond it the two have nothing to do with each other. */
const FARTHEST = 0.42
/** Segments that are looked at: the work grows with their number times the operations'. */
const MOST_SEGMENTS = 24

const COST = {
  method: 0.55,
  case: 0.1,
  parameter: 0.05,
  word: 0.7,
  noParameter: 0.5,
  empty: 0.2,
  version: 0.4,
  missing: 0.8,
  surplus: 0.8,
}

/**
 * The operations that are nearest to a request's method and path, over all APIs, nearest first.
 *
 * @param url as the caller sent it, without what stands for the sandbox
 */
export function nearest(method: string, url: string, all: readonly ApiPart[]): readonly Nearest[] {
  const [path = ''] = url.split('?', 1)
  const { text, edits } = cleaned(path)
  const bases = all.map(({ contract }) => contract.prefix.slice(1))
  return all
    .flatMap((part) => {
      const given = { method, path: text, edits, bases, words: wordsIn(part.contract) }
      return part.contract.operations.map((operation) => compared(given, part, operation))
    })
    .filter((found) => found !== undefined)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST)
}

interface Given {
  readonly method: string
  readonly path: string
  readonly edits: readonly Edit[]
  readonly bases: readonly string[]
  /** What the paths of the API are made of, but for their parameters. */
  readonly words: ReadonlySet<string>
}

function wordsIn({ operations }: Contract): ReadonlySet<string> {
  const segments = operations.flatMap(({ path }) => path.slice(1).split('/'))
  return new Set(
    segments.filter((segment) => !isParameter(segment)).map((word) => word.toLowerCase()),
  )
}

/** What is wrong with a path whatever it was meant for. */
function cleaned(path: string): { text: string; edits: Edit[] } {
  const edits: Edit[] = []
  const without = (pattern: RegExp, by: string, kind: EditKind, text: string, from: string) => {
    const changed = from.replace(pattern, by)
    if (changed !== from) edits.push({ kind, text })
    return changed
  }
  let text = without(/^\/?https?:\/{1,2}[^/]*/i, '', 'host', 'leave the host out of the path', path)
  text = without(
    /(%20|%09|%0a|%0d)+$/i,
    '',
    'encoded',
    'leave out the white space at the end of the path',
    text,
  )
  text = without(/%2f/gi, '/', 'encoded', 'write / in the path, not %2F', text)
  text = without(/%3f.*$/i, '', 'encoded', 'write ? before the query, not %3F', text)
  return { text, edits }
}

function compared(
  given: Given,
  { api, contract }: ApiPart,
  operation: OperationContract,
): Nearest | undefined {
  // An API that reads paths more freely than others is asked how.
  const path = api.route?.(given.path, new URLSearchParams()) ?? given.path
  const segments = path.split('/').slice(1, MOST_SEGMENTS + 1)
  const base = contract.prefix.slice(1)
  const wanted = [base, ...operation.path.slice(1).split('/')]
  const { cost, steps } = aligned(segments, wanted, given.words)
  if (cost > FARTHEST * wanted.length) return undefined
  const method = operation.method.toUpperCase()
  const edits = [...given.edits, ...edited(steps, segments, { ...given, base })]
  if (method !== given.method) {
    edits.push({ kind: 'method', text: `use ${method} instead of ${given.method}` })
  }
  const target = steps.flatMap((step) => (step.wanted === undefined ? [] : [filled(step)]))
  return {
    api: api.name,
    operation: operation.id,
    method,
    path: `/${target.join('/')}`,
    edits,
    distance: cost + methodCost(given.method, method) + given.edits.length * COST.empty,
  }
}

/** One step of the way from the path that was sent to the one that is wanted. */
interface Step {
  readonly given: string | undefined
  readonly wanted: string | undefined
}

/** The cheapest way from one to the other, as an editor counts it, by whole segments. */
function aligned(
  given: readonly string[],
  wanted: readonly string[],
  words: ReadonlySet<string>,
): { cost: number; steps: readonly Step[] } {
  interface Way {
    readonly cost: number
    readonly steps: readonly Step[]
  }
  let row: Way[] = [{ cost: 0, steps: [] }]
  for (const [j, want] of wanted.entries()) row.push(went(row[j]!, undefined, want)) // the one before
  for (const segment of given) {
    const next = [went(row[0]!, segment, undefined)] // every row has a first
    for (const [j, want] of wanted.entries()) {
      const ways = [
        went(row[j]!, segment, want), // rows are one longer than `wanted`
        went(row[j + 1]!, segment, undefined),
        went(next[j]!, undefined, want), // pushed by the round before
      ]
      next.push(ways.reduce((best, way) => (way.cost < best.cost ? way : best)))
    }
    row = next
  }
  return row.at(-1)!

  function went({ cost, steps }: Way, from: string | undefined, to: string | undefined): Way {
    return { cost: cost + priceOf(from, to, words), steps: [...steps, { given: from, wanted: to }] }
  }
}

function priceOf(
  given: string | undefined,
  wanted: string | undefined,
  words: ReadonlySet<string>,
): number {
  if (wanted === undefined) return given === '' ? COST.empty : COST.surplus
  if (given === undefined) return isParameter(wanted) ? COST.noParameter : COST.missing
  if (given === wanted) return 0
  if (given === '') return isParameter(wanted) ? COST.noParameter : 2 * COST.surplus
  // `users` is hardly meant as somebody's id.
  if (isParameter(wanted)) return isWord(given, words) ? COST.word : COST.parameter
  if (given.toLowerCase() === wanted.toLowerCase()) return COST.case
  if (isVersion(given) && isVersion(wanted)) return COST.version
  const length = Math.max(given.length, wanted.length)
  return length > 100 ? 1.5 : 0.3 + (1.2 * distance(given, wanted)) / length
}

/** Whether it is one of these, or one letter away from it. */
function isWord(segment: string, words: ReadonlySet<string>): boolean {
  const lower = segment.toLowerCase()
  if (words.has(lower)) return true
  if (lower.length < 4 || lower.length > 100) return false
  return [...words].some((word) => distance(lower, word) === 1)
}

function methodCost(given: string, wanted: string): number {
  if (given === wanted) return 0
  return CHANGES.has(given) && CHANGES.has(wanted) ? COST.method / 2 : COST.method
}

/** Methods that are taken for each other. */
const CHANGES = new Set(['PUT', 'PATCH'])

function isParameter(segment: string): boolean {
  return segment.startsWith('{')
}

/** What the path has at this step; a parameter keeps what was given, where that can be shown. */
function filled({ given, wanted = '' }: Step): string {
  return isParameter(wanted) && given ? (quotable(given) ?? wanted) : wanted
}

function edited(
  steps: readonly Step[],
  segments: readonly string[],
  { bases, base }: { readonly bases: readonly string[]; readonly base: string },
): Edit[] {
  let place = -1
  return steps.flatMap(({ given, wanted }, i): Edit[] => {
    if (given !== undefined) place++
    const shown = given === undefined ? '' : (quotable(given) ?? 'what stands there')
    if (given === undefined) {
      const after = steps.slice(i + 1).find((step) => step.given)?.given
      const where = after === undefined ? 'at the end' : `before ${quotable(after) ?? 'the rest'}`
      const kind: EditKind =
        wanted === base && i === 0
          ? 'base-missing'
          : isParameter(wanted!) // one of the two is always there
            ? 'parameter-missing'
            : isVersion(wanted!)
              ? 'version-missing'
              : 'segment-missing'
      return [{ kind, text: `add ${wanted} ${where}` }]
    }
    if (wanted === undefined) return [surplus(given, shown, { place, segments, bases, base })]
    if (given === '' && isParameter(wanted)) {
      return [{ kind: 'parameter-missing', text: `put the ${wanted} between the two slashes` }]
    }
    if (given === wanted || isParameter(wanted)) return []
    // The prefixes of APIs are found in any case.
    if (given.toLowerCase() === wanted.toLowerCase()) {
      return i === 0 ? [] : [{ kind: 'case', text: `write ${wanted} instead of ${shown}` }]
    }
    const kind = isVersion(given) && isVersion(wanted) ? 'version' : 'segment'
    return [{ kind, text: `write ${wanted} instead of ${shown}` }]
  })
}

function surplus(
  given: string,
  shown: string,
  where: {
    readonly place: number
    readonly segments: readonly string[]
    readonly bases: readonly string[]
    readonly base: string
  },
): Edit {
  const { place, segments, bases, base } = where
  const isLast = place === segments.length - 1
  if (given === '') {
    return isLast
      ? { kind: 'trailing-slash', text: 'leave out the slash at the end' }
      : { kind: 'doubled-slash', text: 'write one slash where there are two' }
  }
  if (given === base && segments.filter((segment) => segment === given).length > 1) {
    return { kind: 'base-twice', text: `write /${given} once, not twice` }
  }
  if (place === 0 && NAME.test(given) && !bases.includes(given) && segments[1] === base) {
    const text = `write ~${shown} if that is the name of a sandbox, and leave it out otherwise`
    return { kind: 'sandbox', text }
  }
  return { kind: 'segment-surplus', text: `leave out ${shown}` }
}

function isVersion(segment: string): boolean {
  return /^v\d+(\.\d+)*$/i.test(segment)
}
