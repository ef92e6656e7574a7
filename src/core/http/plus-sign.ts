/**
 * Returns the readings of a text from a query string, the probable one last. `+` stands there for a
 * space, but `?email=ada+tag@example.test` means the character itself: no address contains a space.
 */
export function readingsOf(text: string): readonly string[] {
  return text.includes(' ') && text.includes('@') ? [text, text.replaceAll(' ', '+')] : [text]
}
