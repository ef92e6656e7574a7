import type { IncomingHttpHeaders } from 'node:http'
import type { Violation } from '../problem.ts'
import type { Schema } from './schema.ts'

/** The parts of a request that a contract checks. */
export interface RequestParts {
  readonly method: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  /** The media type that the body was read as. */
  readonly bodyType: string
}

/** One operation of a contract, with what a request for it must be and an answer may be. */
export interface OperationContract {
  readonly id: string
  readonly method: string
  /** As the contract has it, below its prefix: `/resellers/{resellerId}/users`. */
  readonly path: string
  /** Media types of the request's body, in the contract's order. */
  readonly requestTypes: readonly string[]
  /** Media types of the first success answer, in the contract's order. */
  readonly answerTypes: readonly string[]
  readonly bodyRequired: boolean
  /** Whether the body is taken as it comes: `Call.raw`. */
  readonly rawBody: boolean
  /** Bytes that are read at most, where it is not the server's own limit. */
  readonly maxBody: number | undefined
  requestSchema(mediaType: string): Schema
  /** What `strict` demands besides; undefined where it demands no more. */
  strictSchema(mediaType: string): Schema | undefined
  /** What the contract does not allow in this request; empty when all is well. */
  check(request: RequestParts): readonly Violation[]
  /** What `strict` does not allow besides. */
  checkStrictly(request: RequestParts): readonly Violation[]
}
