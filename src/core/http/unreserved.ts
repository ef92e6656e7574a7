/** Escapes of the characters that RFC 3986 calls unreserved: letters, digits and `-._~`. */
const ESCAPED = /%(?:2[DE]|3\d|[46][1-9A-F]|[57][\dA]|5F|7E)/gi

/**
 * Decodes the unreserved characters in the path of a URL. RFC 3986 6.2.2.2: escaped or not, they make
 * the same URI; some clients write `~` as `%7E`. Every other escape stays, and so does the query.
 */
export function decodeUnreserved(url: string): string {
  if (!url.includes('%')) return url
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const decoded = path.replaceAll(ESCAPED, (escape) => decodeURIComponent(escape))
  return mark < 0 ? decoded : decoded + url.slice(mark)
}
