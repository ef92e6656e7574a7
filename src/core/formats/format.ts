import type { Schema } from '../contract/schema.ts'

/** One way to write a body down: JSON, XML, protobuf. */
export interface Format {
  readonly mediaType: string
  /** The Content-Type of an answer. */
  readonly contentType: string
  /**
   * A value, typed as far as the schema tells, out of a request's text. Throws a Problem
   * `body.malformed` that says where. A format that is only ever sent has none.
   */
  read?(text: string, schema: Schema): unknown
  write(value: unknown, schema: Schema): string | Uint8Array
  /** The inverse of write, for the gate that checks what really leaves. */
  parse(written: string | Uint8Array, schema: Schema): unknown
}
