import type { Schema } from '../contract/schema.ts'
import type { Problem } from '../problem.ts'

/** Receives the sink about a body that is read all the same. A `Call` is one. */
export interface WarningSink {
  /** The encoding of the body's bytes: `utf-8`, `utf-16le`, … */
  readonly bodyEncoding?: string | undefined
  warn(code: string, text: string): void
  /** @throws Problem in the profile `strict` */
  refuseIfStrict(problem: Problem): void
}

/** A serialization of bodies: JSON, XML, protobuf. */
export interface Format {
  readonly mediaType: string
  /** Content-Type of an answer. */
  readonly contentType: string
  /**
   * Parses a request's body; types values by the schema where the format has no types. Absent in
   * formats that are only sent.
   *
   * @throws Problem 400 body.malformed, with the position of the error
   */
  read?(text: string, schema: Schema, sink?: WarningSink): unknown
  /**
   * Does the work of `read` for a long text in pieces, in steps between which other requests can
   * run.
   */
  readInSteps?(pieces: readonly string[]): Generator<unknown, unknown>
  write(value: unknown, schema: Schema): string | Uint8Array
  /** The inverse of `write`, for the check that an answer reads back as it was meant. */
  parse(written: string | Uint8Array, schema: Schema): unknown
}
