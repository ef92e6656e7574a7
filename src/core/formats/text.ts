import type { Format } from '../format.ts'

/** A text as it is; only ever sent. */
export const text: Format = {
  mediaType: 'text/plain',
  contentType: 'text/plain; charset=utf-8',
  write: String,
  parse: String,
}
