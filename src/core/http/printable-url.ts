/** Replaces a part that is not shown. */
const HIDDEN = '…'
/** Characters of a path segment that is shown if the path is unknown; a longer one may be a key. */
const MAX_SEGMENT = 24
const MAX_LENGTH = 500

/**
 * Formats a URL for a log, without anything that may be secret. Values of the query are hidden,
 * since a mistyped parameter name may hold a key; so are long segments of an unknown path.
 *
 * @param isKnown true if the path belongs to an operation
 */
export function shownUrl(url: string, isKnown: boolean): string {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query =
    mark < 0
      ? ''
      : `?${url
          .slice(mark + 1, mark + 1 + MAX_LENGTH)
          .split('&')
          .map(shownPair)
          .join('&')}`
  const parts = isKnown ? path : path.split('/').map(shownPart).join('/')
  return printable(withoutTokens(parts) + query).slice(0, MAX_LENGTH)
}

/** Formats a malformed request line for a log: only its path, treated as unknown. */
export function shownLine(line: string): string {
  const [, target] = /^[A-Z-]+ (\/\S*)/.exec(line) ?? []
  return target === undefined ? HIDDEN : shownUrl(target, false)
}

function shownPair(pair: string): string {
  const mark = pair.indexOf('=')
  // Without an equals sign the text may be a value.
  return mark < 0 ? HIDDEN : `${shownPart(pair.slice(0, mark))}=${HIDDEN}`
}

function shownPart(part: string): string {
  return part.length > MAX_SEGMENT || part.includes(':') ? HIDDEN : part
}

function withoutTokens(text: string): string {
  return text.includes('eyJ') ? text.replaceAll(/eyJ[\w-]{6,}[^/?\s]*/g, HIDDEN) : text
}

/** Escapes every character that is not printable ASCII, since a terminal may interpret it. */
export function printable(text: string): string {
  return /^[\x20-\x7e…]*$/.test(text)
    ? text
    : text.replaceAll(/[^\x20-\x7e…]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}
