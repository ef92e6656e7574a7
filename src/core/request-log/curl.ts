import type { RecordedHeaders, RedactedRecord } from './redacted-record.ts'
import { REDACTED } from './redact.ts'

/** What curl says by itself, or what was about the connection. */
const LEFT_OUT = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'connection',
  'keep-alive',
  'expect',
])

/**
 * Commands for a POSIX shell that send the same again. Where secrets were, they take the variables
 * SECRET_1, SECRET_2, …, which each command names.
 *
 * @param origin `http://localhost:4020`
 */
export function curlOf(records: readonly RedactedRecord[], origin: string): string {
  return records.map((record) => command(record, origin)).join('\n')
}

function command(record: RedactedRecord, origin: string): string {
  const { id, time, method, path, query, headers, body, answer } = record
  if (method === undefined) return unsendable(record)
  const secrets: string[] = []
  const quoted = (text: string, where: string) => quote(text, where, secrets)
  const url = `${origin}${path}${query === undefined ? '' : `?${query}`}`
  const lines = [
    `curl --globoff --path-as-is -X ${quoted(method, 'method')} ${quoted(url, 'URL')}`,
    ...fields(headers).map(([name, value]) =>
      // Without a value curl would take the header out.
      value === '' ? `-H ${quoted(`${name};`, name)}` : `-H ${quoted(`${name}: ${value}`, name)}`,
    ),
    ...(body === undefined || has(headers, 'content-type') ? [] : ["-H 'Content-Type:'"]),
    // Not --data, which would read a file where the text begins with @.
    ...(body === undefined || body.text === '' ? [] : [`--data-raw ${quoted(body.text, 'body')}`]),
  ]
  const outcome = answer.status === 0 ? 'without an answer' : `answered ${answer.status}`
  const notes = [
    `# ${id} at ${time}, ${outcome}`,
    ...(body?.cut ? [`# The body is cut: it had ${body.size} bytes.`] : []),
    ...(secrets.length > 0 ? [`# Set first: ${secrets.join(', ')}`] : []),
  ]
  return `${notes.join('\n')}\n${lines.join(' \\\n  ')}\n`
}

/** A comment, since no client would send it. */
function unsendable({ id, time, line, answer }: RedactedRecord): string {
  const what = line === undefined ? 'nothing of it could be read' : `it began with: ${line}`
  return `# ${id} at ${time}, answered ${answer.status}\n# curl cannot send this: ${what}\n`
}

function fields(headers: RecordedHeaders): [string, string][] {
  return Object.entries(headers)
    .filter(([name]) => !LEFT_OUT.has(name.toLowerCase()))
    .flatMap(([name, values]) => [values].flat().map((value): [string, string] => [name, value]))
}

function has(headers: RecordedHeaders, wanted: string): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === wanted)
}

/** One word for the shell, whatever is in it. */
function quote(text: string, where: string, secrets: string[]): string {
  // No argument can hold a NUL.
  const pieces = text.replaceAll('\0', '').split(REDACTED)
  const words = pieces.map((piece) => (piece === '' ? '' : `'${piece.replaceAll("'", "'\\''")}'`))
  const [first = '', ...rest] = words
  const word = rest.reduce((done, piece) => {
    secrets.push(`SECRET_${secrets.length + 1} (${where})`)
    return `${done}"$SECRET_${secrets.length}"${piece}`
  }, first)
  return word === '' ? "''" : word
}
