import { isRecord, stepsOf, valueAt, type Schema } from './schema.ts'
import { messageOf } from '../errors.ts'
import { readYaml } from './yaml.ts'

/** Methods that a path of a contract may have. */
export const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const

export interface MediaType {
  readonly schema?: Schema
  /** What the profile `strict` asks beyond `schema`. */
  readonly 'x-strict'?: Schema
}
export type Content = Readonly<Record<string, MediaType>>
export type Responses = Readonly<Record<string, { readonly content?: Content }>>
export interface Parameter {
  readonly name: string
  /** `query`, `path` or `header`. */
  readonly in: string
  readonly schema?: Schema
}
export interface OperationObject {
  readonly parameters?: readonly Parameter[]
  readonly operationId?: string
  /** Whether the body is taken as it comes, whatever it is. */
  readonly 'x-raw-body'?: boolean
  readonly requestBody?: {
    readonly required?: boolean
    /** Bytes, where more is read than elsewhere. */
    readonly 'x-max-body'?: number
    readonly content: Content
  }
  readonly responses: Responses
}
export type PathItem = Readonly<Partial<Record<(typeof METHODS)[number], OperationObject>>> & {
  readonly parameters?: readonly Parameter[]
}
export interface Document {
  readonly openapi: `3.1.${string}`
  readonly info: { readonly title: string; readonly version: string }
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, PathItem>>
  /** Whether query parameters that an operation does not name are refused. */
  readonly 'x-strict-query'?: boolean
  readonly components?: Readonly<Record<string, unknown>>
  /** What a request under the prefix can be answered that meets no operation. */
  readonly 'x-unrouted'?: { readonly responses: Responses }
}

/** Adds to a document as its file has it. */
export type Complete = (document: unknown) => unknown

/**
 * An OpenAPI 3.1 document with its references followed and its prose left out.
 *
 * @param complete adds the parts of the document that its file leaves open
 * @throws Error naming the file and what is wrong in it
 */
export function readDocument(file: string, complete: Complete = (document) => document): Document {
  let document: unknown
  try {
    document = complete(readYaml(file))
  } catch (error) {
    throw new Error(`The contract ${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
  if (!isRecord(document) || !String(document['openapi']).startsWith('3.1.')) {
    throw new Error(`The contract ${file} is not an OpenAPI 3.1 document`)
  }
  if (!isRecord(document['paths']) || !Array.isArray(document['servers'])) {
    throw new Error(`The contract ${file} needs "paths" and "servers"`)
  }
  // Looked at as far as the start needs; the specs' own tests look at all of it.
  return resolved(document, { root: document, file, done: new Map() }, []) as Document
}

/** What tells people something and the server nothing; left out, it takes no memory. */
const PROSE = new Set(['description', 'summary', 'x-evidence', 'examples', 'example'])

function isProse(name: string, value: unknown): boolean {
  // A property may be called `description`; its schema is no text.
  return (
    PROSE.has(name) && (typeof value === 'string' || name.startsWith('ex') || name.startsWith('x-'))
  )
}

interface Resolving {
  readonly root: unknown
  readonly file: string
  /** What a reference led to; each is followed once and shared. */
  readonly done: Map<string, object>
}

/** The document with its references followed; they stay inside the file. */
function resolved(node: unknown, how: Resolving, trail: readonly string[]): unknown {
  if (Array.isArray(node)) return node.map((item) => resolved(item, how, trail))
  if (!isRecord(node)) return node
  const { $ref: reference, ...siblings } = node
  const rest = Object.fromEntries(
    Object.entries(siblings)
      .filter(([name, value]) => !isProse(name, value))
      .map(([name, value]) => [name, resolved(value, how, trail)]),
  )
  return typeof reference === 'string' ? { ...followed(reference, how, trail), ...rest } : rest
}

function followed(reference: string, how: Resolving, trail: readonly string[]): object {
  const { root, file, done } = how
  const before = done.get(reference)
  if (before) return before
  if (!reference.startsWith('#/') || trail.includes(reference)) {
    throw new Error(`The contract ${file} has a reference that cannot be followed: ${reference}`)
  }
  const target = valueAt(root, stepsOf(reference.slice(1)))
  if (target === undefined) {
    throw new Error(`The contract ${file} refers to ${reference}, which is not there`)
  }
  const found = resolved(target, how, [...trail, reference]) as object // what is referred to is one
  done.set(reference, found)
  return found
}
