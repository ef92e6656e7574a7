import type { RecordedHeaders, RedactedRecord } from './redacted-record.ts'
import { REDACTED } from './secret-spellings.ts'

/** Headers that curl sets itself, and headers about the connection. */
const OMITTED_HEADERS = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'connection',
  'keep-alive',
  'expect',
])

/**
 * Writes commands for a POSIX shell that repeat the requests. Variables SECRET_1, SECRET_2, …
 * replace the secrets; each command lists its own.
 *
 * @param origin `http://localhost:4020`
 */
export function curlOf(records: readonly RedactedRecord[], origin: string): string {
  return records.map((record) => command(record, origin)).join('\n')
}

function command(record: RedactedRecord, origin: string): string {
  const { id, time, method, path, query, headers, body, answer } = record
  if (method === undefined) return malformed(record)
  const secrets: string[] = []
  const quoted = (text: string, where: string) => quote(text, where, secrets)
  const url = `${origin}${path}${query === undefined ? '' : `?${query}`}`
  const lines = [
    `curl --globoff --path-as-is -X ${quoted(method, 'method')} ${quoted(url, 'URL')}`,
    ...headerList(headers).map(([name, value]) =>
      // A semicolon, since `name:` without a value makes curl remove the header.
      value === '' ? `-H ${quoted(`${name};`, name)}` : `-H ${quoted(`${name}: ${value}`, name)}`,
    ),
    ...(body === undefined || hasHeader(headers, 'content-type') ? [] : ["-H 'Content-Type:'"]),
    // Not --data, which reads a file when the text begins with @.
    ...(body === undefined || body.text === '' ? [] : [`--data-raw ${quoted(body.text, 'body')}`]),
  ]
  const outcome = answer.status === 0 ? 'without an answer' : `answered ${answer.status}`
  const notes = [
    `# ${id} at ${time}, ${outcome}`,
    ...(body?.cut ? [`# The body is cut; it had ${body.size} bytes.`] : []),
    ...(secrets.length > 0 ? [`# Set first: ${secrets.join(', ')}`] : []),
  ]
  return `${notes.join('\n')}\n${lines.join(' \\\n  ')}\n`
}

/** Writes a comment, since no client can send a malformed request. */
function malformed({ id, time, line, answer }: RedactedRecord): string {
  const reason =
    line === undefined ? 'none of it could be parsed' : `its first line is malformed: ${line}`
  return `# ${id} at ${time}, answered ${answer.status}\n# curl cannot send this request: ${reason}\n`
}

function headerList(headers: RecordedHeaders): [string, string][] {
  return Object.entries(headers)
    .filter(([name]) => !OMITTED_HEADERS.has(name.toLowerCase()))
    .flatMap(([name, values]) => [values].flat().map((value): [string, string] => [name, value]))
}

function hasHeader(headers: RecordedHeaders, lowerName: string): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === lowerName)
}

/** Quotes a text as one word for the shell. */
function quote(text: string, where: string, secrets: string[]): string {
  // No argument can contain NUL.
  const pieces = text.replaceAll('\0', '').split(REDACTED)
  const words = pieces.map((piece) => (piece === '' ? '' : `'${piece.replaceAll("'", "'\\''")}'`))
  const [first = '', ...rest] = words
  const word = rest.reduce((quoted, piece) => {
    secrets.push(`SECRET_${secrets.length + 1} (${where})`)
    return `${quoted}"$SECRET_${secrets.length}"${piece}`
  }, first)
  return word === '' ? "''" : word
}
