import { isRecord, stepsOf, valueAt, type Schema } from './schema.ts'
import { messageOf } from '../errors.ts'
import { readBuilt, readYaml } from './yaml.ts'

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
    /** Maximum size of the body in bytes; default: the server's limit. */
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

/** Adds the parts that the file of a document leaves open. */
export type Complete = (document: unknown) => unknown

/** Reads a contract without its prose; the built program has it as a prepared file. */
function readContract(file: string): unknown {
  return readBuilt(file, 'contract') ?? withoutProse(readYaml(file))
}

/**
 * Reads an OpenAPI 3.1 document, resolves its references and drops its descriptions.
 *
 * @param complete adds the parts of the document that its file leaves open
 * @throws Error naming the file and what is wrong in it
 */
export function readDocument(file: string, complete: Complete = (document) => document): Document {
  let document: unknown
  try {
    document = complete(readContract(file))
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
  // Only what the start needs is checked here; the tests of the specs check the rest.
  return resolved(document, { root: document, file, visited: new Set() }, []) as Document
}

/** Keywords for human readers. */
const PROSE = new Set(['description', 'summary', 'x-evidence', 'examples', 'example'])

function isProse(name: string, value: unknown): boolean {
  // A property may be named `description`; its value is a schema, not text.
  return (
    PROSE.has(name) && (typeof value === 'string' || name.startsWith('ex') || name.startsWith('x-'))
  )
}

/** Copies a document without the keywords for human readers, which saves time and memory. */
export function withoutProse(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutProse)
  if (!isRecord(node)) return node
  const kept = Object.entries(node).filter(([name, value]) => !isProse(name, value))
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutProse(value)]))
}

interface Resolving {
  readonly root: unknown
  readonly file: string
  /** Nodes whose references are resolved, or being resolved. */
  readonly visited: Set<object>
}

/**
 * Resolves the references of a node in place, since copying the contracts took a tenth of the start
 * time. References to other files are refused.
 *
 * @returns the node, or the target of its reference
 */
function resolved(node: unknown, context: Resolving, trail: readonly string[]): unknown {
  if (typeof node !== 'object' || node === null) return node
  const members = node as Record<string, unknown> // the elements of an array, too
  if (!context.visited.has(node)) {
    context.visited.add(node)
    for (const name of Object.keys(members)) {
      const value = members[name]
      if (typeof value === 'object') members[name] = resolved(value, context, trail)
    }
  }
  const { $ref: reference } = members
  if (typeof reference !== 'string') return node
  const target = followed(reference, context, trail)
  const { $ref: _, ...siblings } = members
  return Object.keys(siblings).length === 0 ? target : { ...target, ...siblings }
}

function followed(reference: string, context: Resolving, trail: readonly string[]): object {
  const { root, file } = context
  if (!reference.startsWith('#/') || trail.includes(reference)) {
    throw new Error(`The contract ${file} has a reference that cannot be resolved: ${reference}`)
  }
  const target = valueAt(root, stepsOf(reference.slice(1)))
  if (target === undefined) {
    throw new Error(`The contract ${file} refers to ${reference}, which does not exist`)
  }
  return resolved(target, context, [...trail, reference]) as object // references point at objects
}
