import { MIN_SECRET_LENGTH } from './secret-finder.ts'

/** Replaces a secret. */
export const REDACTED = '[redacted]'

export function isLong(text: string): boolean {
  return text.length >= MIN_SECRET_LENGTH && text !== REDACTED
}

/** All spellings of a secret: in JSON, in XML, in a URL, in a form, in Base64. */
export function spellings(secret: string): string[] {
  const plain = secret.trim()
  if (/^[\w.~-]*$/.test(plain)) {
    return [plain, Buffer.from(plain).toString('base64')].filter(isLong)
  }
  const decoded = [plain, unescaped(plain), fromXml(plain), decodedForm(plain)]
  const distinct = decoded.filter((text, i) => decoded.indexOf(text) === i)
  return distinct
    .flatMap((text) => {
      const inUrl = encoded(text)
      return [
        text,
        JSON.stringify(text).slice(1, -1),
        toXml(text),
        inUrl,
        inUrl.replaceAll('%20', '+'),
        encoded(inUrl),
        Buffer.from(text).toString('base64'),
      ]
    })
    .filter((text, i, every) => isLong(text) && every.indexOf(text) === i)
}

function unescaped(text: string): string {
  try {
    return String(JSON.parse(`"${text.replaceAll(/\\*"/g, '\\"')}"`))
  } catch {
    return text
  }
}

const ENTITIES: readonly (readonly [string, string])[] = [
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
  ['&', '&amp;'],
]

function toXml(text: string): string {
  return text.replaceAll(/[<>&]/g, (one) => ENTITIES.find(([plain]) => plain === one)![1])
}

function fromXml(text: string): string {
  return ENTITIES.reduce(
    (rest, [plain, entity]) => rest.replaceAll(entity, plain),
    text.replaceAll(/<!\[CDATA\[|\]\]>/g, ''),
  )
}

function encoded(text: string): string {
  // Through a Buffer, since encodeURIComponent throws on an unpaired surrogate.
  return encodeURIComponent(Buffer.from(text).toString())
}

export function decodedForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
