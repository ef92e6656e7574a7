/** What stands where something is not shown. */
const HIDDEN = '…'
/** A longer part of an unknown path may be a key that went astray. */
const LONGEST = 24
const MOST = 500

/**
 * A URL as a log shows it, without what may be secret. Of a query only the names are shown, since a
 * key stands in it by any name when somebody mistypes it; of a path, what an API knows.
 *
 * @param isKnown whether the path is one of an operation
 */
export function shownUrl(url: string, isKnown: boolean): string {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query =
    mark < 0
      ? ''
      : `?${url
          .slice(mark + 1, mark + 1 + MOST)
          .split('&')
          .map(shownPair)
          .join('&')}`
  const parts = isKnown ? path : path.split('/').map(shownPart).join('/')
  return printable(withoutTokens(parts) + query).slice(0, MOST)
}

/** What came in place of a request line: its path as of an unknown one, and nothing else of it. */
export function shownLine(line: string): string {
  const [, target] = /^[A-Z-]+ (\/\S*)/.exec(line) ?? []
  return target === undefined ? HIDDEN : shownUrl(target, false)
}

function shownPair(pair: string): string {
  const mark = pair.indexOf('=')
  // A text without a name is no name either.
  return mark < 0 ? HIDDEN : `${shownPart(pair.slice(0, mark))}=${HIDDEN}`
}

function shownPart(part: string): string {
  return part.length > LONGEST || part.includes(':') ? HIDDEN : part
}

function withoutTokens(text: string): string {
  return text.includes('eyJ') ? text.replaceAll(/eyJ[\w-]{6,}(?:\.[\w-]*)*/g, HIDDEN) : text
}

/** A terminal obeys what is no printable character, bytes above ASCII included. */
export function printable(text: string): string {
  return /^[\x20-\x7e…]*$/.test(text)
    ? text
    : text.replaceAll(/[^\x20-\x7e…]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}
