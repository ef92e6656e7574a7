/**
 * Reads the media type of a Content-Type header or of one range of an Accept header: lower case,
 * without parameters. Undefined where the header is missing.
 */
export function mediaTypeOf(header: string): string
export function mediaTypeOf(header: string | undefined): string | undefined
export function mediaTypeOf(header: string | undefined): string | undefined {
  return header?.split(';', 1)[0]!.trim().toLowerCase() // a split has at least one piece
}

/** Reads the charset parameter of a Content-Type header in lower case. */
export function charsetOf(header: string | undefined): string | undefined {
  return /;\s*charset="?([^";\s]+)/i.exec(header ?? '')?.[1]?.toLowerCase()
}
