/** Characters that have no shape of their own, or change the order of others. */
const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g // oxlint-disable-line no-control-regex -- these are to be found

/** The mark of one such character, such as `⟨U+202E⟩`. */
const markOf = (sign: string): string =>
  `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`

/** Returns a text with marks in place of invisible characters, cut at a length. */
export function visible(text: string, max = Infinity): string {
  const shown = text.length > max ? `${text.slice(0, max)}…` : text
  return shown.replaceAll(INVISIBLE, markOf)
}

/** Splits a text into pieces; those at odd indexes are marks. */
export function piecesOf(text: string): readonly string[] {
  const pieces: string[] = []
  let end = 0
  for (const { 0: sign, index } of text.matchAll(INVISIBLE)) {
    pieces.push(text.slice(end, index), markOf(sign))
    end = index + sign.length
  }
  return [...pieces, text.slice(end)]
}
