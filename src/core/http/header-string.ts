/**
 * Quotes text as a string of a structured header field (RFC 8941). Such a string holds printable
 * ASCII only, so every other character becomes `?`.
 *
 * @param maxLength characters of the text that are kept
 */
export function headerString(text: string, maxLength: number): string {
  const ascii = text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, maxLength)
  return `"${ascii.replaceAll(/["\\]/g, '\\$&')}"`
}
