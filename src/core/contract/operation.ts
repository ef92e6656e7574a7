import type { IncomingHttpHeaders } from 'node:http'
import type { Parameter } from './openapi.ts'
import type { Violation } from '../problem.ts'
import type { Schema } from './schema.ts'

/** The parts of a request that a contract checks. */
export interface RequestParts {
  readonly method: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  /** The media type by which the body was parsed. */
  readonly bodyType: string
}

/** One operation of a contract, with the checks of its requests. */
export interface OperationContract {
  readonly id: string
  readonly method: string
  /** Path template below the contract's prefix: `/resellers/{resellerId}/users`. */
  readonly path: string
  /** Media types of the request body, in the contract's order. */
  readonly requestTypes: readonly string[]
  /** Media types of the first success answer, in the contract's order. */
  readonly answerTypes: readonly string[]
  /** The methods of its path, as the header `Allow` lists them: `GET, HEAD, POST`. */
  readonly allow: string
  /** Query parameters. */
  readonly query: readonly Parameter[]
  readonly bodyRequired: boolean
  /** True for a body that is not parsed: `Call.raw`. */
  readonly rawBody: boolean
  /** True where the method and the path are assumed; each answer then has a warning. */
  readonly isRouteAssumed: boolean
  /** Maximum size of a request body in bytes; undefined: the server's limit. */
  readonly maxBody: number | undefined
  requestSchema(mediaType: string): Schema
  /** The additional schema of the profile `strict`; undefined when it adds nothing. */
  strictSchema(mediaType: string): Schema | undefined
  /** Checks a request against the contract; returns all violations. */
  check(request: RequestParts): readonly Violation[]
  /** Checks a request against the additional schema of the profile `strict`. */
  checkStrictly(request: RequestParts): readonly Violation[]
}
