import type { RecordedBody } from '../../../src/admin/contract.gen.ts'

export interface Pretty {
  readonly format: 'JSON' | 'XML' | 'Protobuf'
  readonly text: string
}

/** The pretty-printed text of a body; undefined for one that is not complete or not well-formed. */
export function prettyOf(body: RecordedBody, mediaType: string): Pretty | undefined {
  if (body.encoding !== undefined) {
    const text = /protobuf/i.test(mediaType) ? prettyProtobuf(bytesOf(body.text)) : undefined
    return text === undefined ? undefined : { format: 'Protobuf', text }
  }
  const begin = body.text.trimStart().charAt(0)
  if (begin === '{' || begin === '[') {
    const text = prettyJson(body.text)
    return text === undefined ? undefined : { format: 'JSON', text }
  }
  const text = begin === '<' && !/html/i.test(mediaType) ? prettyXml(body.text) : undefined
  return text === undefined ? undefined : { format: 'XML', text }
}

/** Indents JSON, token by token: repeated names, long numbers and escapes stay as they were sent. */
export function prettyJson(text: string): string | undefined {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []
  let depth = 0
  let result = ''
  const line = () => `\n${'  '.repeat(depth)}`
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1]
    if (token === '{' || token === '[') {
      const isEmpty = next === '}' || next === ']'
      if (!isEmpty) depth++
      result += isEmpty ? token : token + line()
    } else if (token === '}' || token === ']') {
      const before = tokens[i - 1]
      if (before === '{' || before === '[') result += token
      else {
        depth--
        result += line() + token
      }
    } else if (token === ',') result += token + line()
    else result += token === ':' ? ': ' : token
  }
  return result
}

/** Indents XML whose elements contain either elements or text; undefined for any other. */
export function prettyXml(text: string): string | undefined {
  const tokens = text.match(/<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<\?[^]*?\?>|<[^>]*>|[^<]+/g) ?? []
  if (tokens.join('') !== text) return undefined
  const open: { readonly name: string; hasText: boolean; hasElements: boolean }[] = []
  let result = ''
  const line = (depth: number) => (result === '' ? '' : `\n${'  '.repeat(depth)}`)
  for (const token of tokens) {
    const parent = open.at(-1)
    const [, slash = '', name = '', empty = ''] = /^<(\/?)([\w:.-]+)[^>]*?(\/?)>$/.exec(token) ?? []
    if (name === '' && /^<[?!](?!\[CDATA)/.test(token)) result += line(open.length) + token
    else if (name === '') {
      if (token.trim() === '') continue
      if (!parent || parent.hasElements) return undefined
      parent.hasText = true
      result += token
    } else if (slash === '/') {
      open.pop()
      if (parent?.name !== name) return undefined
      result += (parent.hasElements ? line(open.length) : '') + token
    } else {
      if (parent?.hasText) return undefined
      if (parent) parent.hasElements = true
      result += line(open.length) + token
      if (empty === '') open.push({ name, hasText: false, hasElements: false })
    }
  }
  return open.length === 0 ? result : undefined
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))
}

/** Decodes protobuf without its definition, as `protoc --decode_raw` does: numbers and values. */
export function prettyProtobuf(bytes: Uint8Array, indent = ''): string | undefined {
  const lines: string[] = []
  let at = 0
  const varint = (): bigint | undefined => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) return undefined
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    return undefined
  }
  while (at < bytes.length) {
    const key = varint()
    if (key === undefined || key >> 3n === 0n) return undefined
    const field = `${indent}${key >> 3n}`
    const wire = Number(key & 7n)
    if (wire === 0) {
      const value = varint()
      if (value === undefined) return undefined
      lines.push(`${field}: ${value}`)
    } else if (wire === 1 || wire === 5) {
      const size = wire === 1 ? 8 : 4
      if (at + size > bytes.length) return undefined
      const part = bytes.subarray(at, at + size).toReversed()
      lines.push(
        `${field}: 0x${[...part].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`,
      )
      at += size
    } else if (wire === 2) {
      const size = Number(varint() ?? NaN)
      if (!(at + size <= bytes.length)) return undefined
      const part = bytes.subarray(at, at + size)
      at += size
      lines.push(...lengthDelimited(field, part, indent))
    } else return undefined
  }
  return lines.join('\n')
}

function lengthDelimited(field: string, part: Uint8Array, indent: string): string[] {
  const text = textIn(part)
  const message =
    text === undefined && indent.length < 40 ? prettyProtobuf(part, `${indent}  `) : undefined
  if (message !== undefined) return [`${field} {`, message, `${indent}}`]
  return [`${field}: ${text === undefined ? `(${part.length} bytes)` : JSON.stringify(text)}`]
}

function textIn(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? undefined : text // oxlint-disable-line no-control-regex -- a text has none
  } catch {
    return undefined
  }
}
