import type { Format } from './format.ts'

/** Plain text; only sent. */
export const text: Format = {
  mediaType: 'text/plain',
  contentType: 'text/plain; charset=utf-8',
  write: String,
  parse: String,
}

/** HTML pages; only sent. */
export const html: Format = {
  ...text,
  mediaType: 'text/html',
  contentType: 'text/html; charset=utf-8',
}

/** Server-sent events, which a stream writes one by one. */
export const events: Format = {
  ...text,
  mediaType: 'text/event-stream',
  contentType: 'text/event-stream; charset=utf-8',
}
