import type { Format } from './format.ts'

/** A text as it is; only ever sent. */
export const text: Format = {
  mediaType: 'text/plain',
  contentType: 'text/plain; charset=utf-8',
  write: String,
  parse: String,
}

/** A page for people. */
export const html: Format = {
  ...text,
  mediaType: 'text/html',
  contentType: 'text/html; charset=utf-8',
}

/** Server-sent events, which are written one by one. */
export const events: Format = {
  ...text,
  mediaType: 'text/event-stream',
  contentType: 'text/event-stream; charset=utf-8',
}
