import type { Schema } from '../contract/schema.ts'
import type { Problem } from '../problem.ts'

/** Receives the warnings about a body that is accepted nevertheless; `Call` implements it. */
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
   * Does the same as `read` for a long text in pieces, in steps between which other requests run.
   */
  readInSteps?(pieces: readonly string[]): Generator<unknown, unknown>
  write(value: unknown, schema: Schema): string | Uint8Array
  /** Parses the result of `write`, to check that an answer reads back as the same value. */
  parse(written: string | Uint8Array, schema: Schema): unknown
}
