import { isRecord, stepsOf, valueAt, type Schema } from './schema.ts'
import { messageOf } from '../errors.ts'
import { readYaml } from './yaml.ts'

/** The methods that a path of a contract can define. */
export const METHODS = ['get', 'post', 'put', 'delete', 'patch'] as const

export interface MediaType {
  readonly schema?: Schema
  /** The additional schema of the profile `strict`. */
  readonly 'x-strict'?: Schema
}
export type Content = Readonly<Record<string, MediaType>>
export type Responses = Readonly<Record<string, { readonly content?: Content }>>
export interface Parameter {
  readonly name: string
  /** `query`, `path` or `header`. */
  readonly in: string
  /** `deepObject` for `name[member]=value`. */
  readonly style?: string
  readonly schema?: Schema
}
export interface OperationObject {
  readonly parameters?: readonly Parameter[]
  readonly operationId?: string
  /** True for a body that is not parsed. */
  readonly 'x-raw-body'?: boolean
  /** True where the vendor's page shows neither method nor path. */
  readonly 'x-assumed-route'?: boolean
  readonly requestBody?: {
    readonly required?: boolean
    /** Most bytes of the body, where it is not the server's limit. */
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
  /** True when undeclared query parameters are refused. */
  readonly 'x-strict-query'?: boolean
  readonly components?: Readonly<Record<string, unknown>>
  /** Answers to requests below the prefix that match no operation. */
  readonly 'x-unrouted'?: { readonly responses: Responses }
}

/** Adds to a document as its file has it. */
export type Complete = (document: unknown) => unknown

/**
 * Reads an OpenAPI 3.1 document, resolves its references and drops its descriptions.
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
  // Checked as far as the start needs; the tests of the specs check all of it.
  return resolved(document, { root: document, file, done: new Map() }, []) as Document
}

/** Keywords that only people read; dropped, they take no memory. */
const PROSE = new Set(['description', 'summary', 'x-evidence', 'examples', 'example'])

function isProse(name: string, value: unknown): boolean {
  // A property may be named `description`; its value is a schema, not text.
  return (
    PROSE.has(name) && (typeof value === 'string' || name.startsWith('ex') || name.startsWith('x-'))
  )
}

interface Resolving {
  readonly root: unknown
  readonly file: string
  /** Resolved references; each is resolved once and shared. */
  readonly done: Map<string, object>
}

/** Resolves the references of a node; they must stay inside the file. */
function resolved(node: unknown, context: Resolving, trail: readonly string[]): unknown {
  if (Array.isArray(node)) return node.map((item) => resolved(item, context, trail))
  if (!isRecord(node)) return node
  const { $ref: reference, ...siblings } = node
  const rest = Object.fromEntries(
    Object.entries(siblings)
      .filter(([name, value]) => !isProse(name, value))
      .map(([name, value]) => [name, resolved(value, context, trail)]),
  )
  return typeof reference === 'string' ? { ...followed(reference, context, trail), ...rest } : rest
}

function followed(reference: string, context: Resolving, trail: readonly string[]): object {
  const { root, file, done } = context
  const known = done.get(reference)
  if (known) return known
  if (!reference.startsWith('#/') || trail.includes(reference)) {
    throw new Error(`The contract ${file} has a reference that cannot be resolved: ${reference}`)
  }
  const target = valueAt(root, stepsOf(reference.slice(1)))
  if (target === undefined) {
    throw new Error(`The contract ${file} refers to ${reference}, which does not exist`)
  }
  const found = resolved(target, context, [...trail, reference]) as object // references point at objects
  done.set(reference, found)
  return found
}
