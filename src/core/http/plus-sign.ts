/**
 * Returns the possible readings of a value of a query string, the probable one last. `+` is the
 * code for a space, but in `?email=ada+tag@example.test` it means itself, since no address contains
 * a space.
 */
export function readingsOf(text: string): readonly string[] {
  return text.includes(' ') && text.includes('@') ? [text, text.replaceAll(' ', '+')] : [text]
}
