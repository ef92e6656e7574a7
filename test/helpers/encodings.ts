type Encode = (text: string) => Buffer

const utf16le: Encode = (text) => Buffer.from(text, 'utf16le')
const utf16be: Encode = (text) => utf16le(text).swap16()
const utf32: Encode = (text) =>
  Buffer.from([...text].flatMap((one) => [one.codePointAt(0)!, 0, 0, 0]))

/** Encodings of text files that programs of Windows write, all of which are read. */
export const ENCODED: Readonly<Record<string, Encode>> = {
  'UTF-8 with a byte order mark': (text) => Buffer.from(`\uFEFF${text}`),
  'UTF-16 with a byte order mark': (text) => utf16le(`\uFEFF${text}`),
  'UTF-16 of the other byte order': (text) => utf16be(`\uFEFF${text}`),
}

/** Encodings that are refused by their names: the first six characters. */
export const UNREADABLE: Readonly<Record<string, Encode>> = {
  'UTF-16 without a byte order mark': utf16le,
  'UTF-16, big-endian, without one': utf16be,
  'UTF-16, cut off': (text) => utf16be(`\uFEFF${text}`).subarray(0, -1),
  'UTF-32 with a byte order mark': (text) =>
    utf32(`\uFEFF${text}`).fill(0xff, 0, 1).fill(0xfe, 1, 2),
}
