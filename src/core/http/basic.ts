/** The user name and password of a Basic header, with the charset that they were read in. */
export interface BasicCredentials {
  readonly username: string
  readonly password: string
  readonly charset: 'UTF-8' | 'Latin-1'
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Decodes the Base64 of a Basic header (RFC 7617) in every charset that fits: UTF-8, unless the bytes
 * are not UTF-8, and Latin-1, unless they are ASCII. Clients differ: Python requests sends Latin-1.
 * A pair without a colon is left out.
 */
export function basicReadings(encoded: string): readonly BasicCredentials[] {
  const bytes = Buffer.from(encoded, 'base64')
  const utf8 = asUtf8(bytes)
  const latin1 = bytes.toString('latin1')
  return [
    ...(utf8 === undefined ? [] : pairIn(utf8, 'UTF-8')),
    ...(utf8 === latin1 ? [] : pairIn(latin1, 'Latin-1')),
  ]
}

function asUtf8(bytes: Uint8Array): string | undefined {
  try {
    return UTF_8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Splits at the first colon only: a password may contain colons. */
function pairIn(text: string, charset: BasicCredentials['charset']): readonly BasicCredentials[] {
  const colon = text.indexOf(':')
  if (colon < 0) return []
  return [{ username: text.slice(0, colon), password: text.slice(colon + 1), charset }]
}
