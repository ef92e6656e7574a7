import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Call } from '../core/call.ts'
import { breakOff } from '../core/http/body.ts'
import { printable } from '../core/http/printable-url.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'
import { Problem } from '../core/problem.ts'

/** What Node says of a request that it could not read. */
interface ClientError extends Error {
  readonly code?: string
  /** In its parser's words. */
  readonly reason?: string
  /** What came last, and how much of that was read. */
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

/** What is known of a request that could not be read. */
export interface MalformedRequest {
  readonly refusal: Problem
  /** Both are absent where the first line says neither. */
  readonly method?: string
  readonly url?: string
  /** The first line in place of them, as far as it came. */
  readonly line?: string
  /** By which a request names its sandbox, as far as they came. */
  readonly names: {
    readonly url?: string
    readonly headers: Readonly<Record<string, string>>
  }
}

/** Characters of a line that are kept as they are, and that are looked at for what they mean. */
const LONGEST_LINE = 200
const LONGEST_READ = 16 * 1024

/** Codes of Node's parser, by the part of a request that it could not read. */
const PARTS = [
  ['The request line', /^HPE_(?:INVALID_(?:METHOD|URL|VERSION|CONSTANT)|PAUSED_H2_UPGRADE)$/],
  ['The body', /CHUNK|^HPE_STRICT$/],
  ['The headers', /HEADER|CONTENT_LENGTH|TRANSFER_ENCODING/],
] as const

/**
 * Refuses what is no HTTP request, or comes too slowly to become one.
 *
 * @param answering what was asked last on this connection, where something was
 * @param door where those are answered who get no further
 */
export function refuseUnread(
  error: ClientError,
  socket: Socket,
  answering: ServerResponse | undefined,
  door: (malformed: MalformedRequest) => PipelineContext,
): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  // The body of a request that is being answered: it is refused as any other body.
  if (answering && !answering.req.complete) return brokenOff(error, socket, answering)
  const malformed = wreckOf(error, socket)
  // Browsers open connections that they may never use; nobody has asked for anything there.
  if (socket.bytesRead === 0) socket.end()
  else inTurn(answering, socket, () => answerRaw(door(malformed), socket, malformed))
}

/** Connections on which something waits for its turn. */
const waiting = new WeakSet<Socket>()

/**
 * Does what ends a connection when what came before on it is answered: its caller would take the
 * one answer for the other.
 *
 * @param answering what came before, where something did
 */
export function inTurn(
  answering: ServerResponse | undefined,
  socket: Socket,
  work: () => void,
): void {
  if (!answering || answering.writableFinished) return work()
  // As Node does where nothing is wrong: who went away would hold the connection.
  if (socket.readableEnded) socket.end()
  // What comes behind is the rest of the same.
  if (waiting.has(socket)) return
  waiting.add(socket)
  answering.once('finish', () => {
    waiting.delete(socket)
    if (socket.writable) work()
  })
}

/** Ends the reading of a body that cannot be read on. */
function brokenOff(error: ClientError, socket: Socket, answering: ServerResponse): void {
  if (answering.headersSent) {
    socket.end()
    return
  }
  const isOver = error.code === 'HPE_INVALID_EOF_STATE'
  const message = 'The connection ended before the whole body had come'
  const problem = isOver
    ? new Problem(400, 'body.aborted', message)
    : refusalOf(error, { text: '', isFirst: false, bytesRead: socket.bytesRead })
  answering.shouldKeepAlive = false
  answering.once('finish', () => socket.end())
  socket.once('close', () => answering.req.destroy())
  breakOff(answering.req, problem)
}

/** What is known by the error that ended the reading of a head. */
function wreckOf(error: ClientError, { bytesRead }: Socket): MalformedRequest {
  const { rawPacket, bytesParsed = 0 } = error
  const text = rawPacket?.toString('latin1') ?? ''
  // Of a packet that holds more than one request the last is meant.
  const before = text.slice(0, bytesParsed).lastIndexOf('\r\n\r\n')
  const own = text.slice(before < 0 ? 0 : before + 4)
  const isFirst = before < 0 && bytesRead <= text.length
  const line = own.split(/\r?\n/, 1)[0]!.slice(0, LONGEST_READ) // a split has a first
  const [, method, target, version] =
    /^([A-Z][A-Z-]*) (\/[!-~]*)( HTTP\/1\.[01]$)?/.exec(line) ?? []
  const refusal = refusalOf(error, { text, isFirst, bytesRead })
  const headers = { ...headerIn('standin-sandbox', own), ...headerIn('host', own) }
  const names = { headers, ...(target === undefined ? {} : { url: target }) }
  if (version !== undefined) return { refusal, method: method!, url: target!, names } // the three come together
  // What follows another request may be the rest of its body, and that a secret.
  const isShown = line !== '' && (isFirst || target !== undefined)
  return { refusal, names, ...(isShown ? { line: printable(line.slice(0, LONGEST_LINE)) } : {}) }
}

function headerIn(name: string, text: string): Record<string, string> {
  const value = new RegExp(`^${name}:[ \\t]*([^\\r\\n]*)`, 'im').exec(text)?.[1]
  return value === undefined ? {} : { [name]: value.trim() }
}

/** Why a request is refused that its reading ended with this error. */
function refusalOf(
  { code = '', reason }: ClientError,
  came: { readonly text: string; readonly isFirst: boolean; readonly bytesRead: number },
): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Problem(431, 'headers.too-large', 'The headers are larger than 16 KiB')
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const message = `The headers did not arrive in time; ${came.bytesRead} bytes came`
    return new Problem(408, 'headers.too-slow', message)
  }
  return new Problem(400, 'http.malformed', `This is not a well-formed HTTP/1.1 request. ${why()}`)

  function why(): string {
    if (code === 'HPE_INVALID_EOF_STATE') return 'The connection ended before its head did'
    const part = PARTS.find(([, codes]) => codes.test(code))?.[0] ?? 'It'
    const advice = adviceOn(code, came)
    return `${part} could not be read: ${advice ?? reason ?? code}`
  }
}

/** What the sender probably did, where that is known. */
function adviceOn(
  code: string,
  { text, isFirst }: { readonly text: string; readonly isFirst: boolean },
): string | undefined {
  if (isFirst && text.startsWith('\x16\x03')) {
    return 'it begins as TLS does, and only http:// is spoken here'
  }
  switch (code) {
    case 'HPE_PAUSED_H2_UPGRADE':
      return 'it is that of HTTP/2, and only HTTP/1.1 is spoken here'
    case 'HPE_INVALID_METHOD':
      return isFirst
        ? 'it must begin with a method, such as POST'
        : 'it follows another request on the same connection and begins with no method; a Content-Length that is too small leaves the rest of a body there'
    case 'HPE_INVALID_URL':
      return 'behind the method comes a path that begins with /, in ASCII; encode what is none'
    case 'HPE_INVALID_CONSTANT':
      return 'behind the path comes HTTP/1.1; write a space in a path as %20'
    default:
      return undefined
  }
}

/**
 * Answers where there is no response to write to, and writes the request down with what is known
 * of it.
 *
 * @param context one at the door: what cannot be read reaches no API
 */
export function answerRaw(
  context: PipelineContext,
  socket: Socket,
  malformed: MalformedRequest,
): void {
  const { refusal, method = '', url = '', line } = malformed
  const { status, reason, message } = refusal
  const call = new Call({
    id: context.requestLog.number(),
    method,
    url,
    ...(line === undefined ? {} : { malformedLine: line }),
    path: url,
    query: new URLSearchParams(),
    headers: {},
    address: socket.remoteAddress ?? '',
    profile: context.profile,
    answerType: 'application/problem+json',
  })
  call.problem = refusal
  const body = JSON.stringify(outside(status, reason, message))
  const size = Buffer.byteLength(body)
  const headers = {
    Date: context.tools.clock.httpDate(),
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': size,
    'Standin-Reason': reason,
    'Standin-Request-Id': call.id,
    Connection: 'close',
  }
  // Before it is sent: who has the answer finds it written down.
  context.requestLog.record(context, call, { status, headers, body, size, rawHeaders: [] })
  // Nobody else listens here: a caller who is gone by now would take the process along.
  socket.on('error', () => socket.destroy())
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
  // A caller that never closes its half would keep this one.
  const late = setTimeout(() => socket.destroy(), context.limits.time).unref()
  socket.once('close', () => clearTimeout(late))
  context.observe?.({ context, call, reply: { status, body: undefined } })
}

/** A problem (RFC 9457) of a request that no API was reached by. */
export function outside(status: number, reason: string, detail: string): object {
  return { type: 'about:blank', title: STATUS_CODES[status], status, detail, reason }
}
