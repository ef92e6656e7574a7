import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Call } from '../core/call.ts'
import { problemDocument, problemJson } from '../core/formats/problem-json.ts'
import { abortRequestBody } from '../core/http/body.ts'
import { printable } from '../core/http/printable-url.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'
import { Problem } from '../core/problem.ts'

/** Error of Node's HTTP server for a request that it could not parse. */
interface ClientError extends Error {
  readonly code?: string
  /** Message of the parser. */
  readonly reason?: string
  /** Last bytes received. */
  readonly rawPacket?: Buffer
  /** Bytes of `rawPacket` that were parsed. */
  readonly bytesParsed?: number
}

/** Recoverable parts of a request that could not be parsed. */
export interface MalformedRequest {
  readonly refusal: Problem
  /** Absent, like `url`, if there is no valid request line. */
  readonly method?: string
  readonly url?: string
  /** The first line of the request; only if `method` and `url` are absent. */
  readonly line?: string
  /** The URL and headers that select a sandbox, as far as they arrived. */
  readonly routing: {
    readonly url?: string
    readonly headers: Readonly<Record<string, string>>
  }
}

/** Maximum number of characters of an invalid first line that are recorded. */
const MAX_RECORDED_LINE = 200
/** Maximum number of characters of a first line that are parsed. */
const MAX_PARSED_LINE = 16 * 1024

/** Error codes of Node's parser, by the part of the request that is malformed. */
const PARTS = [
  ['The request line', /^HPE_(?:INVALID_(?:METHOD|URL|VERSION|CONSTANT)|PAUSED_H2_UPGRADE)$/],
  ['The body', /CHUNK|^HPE_STRICT$/],
  ['The headers', /HEADER|CONTENT_LENGTH|TRANSFER_ENCODING/],
] as const

/**
 * Rejects a request that is malformed or arrives too slowly.
 *
 * @param answering the response to the previous request on this connection, if there was one
 * @param contextFor the pipeline context in which the rejected request is recorded
 */
export function rejectUnreadable(
  error: ClientError,
  socket: Socket,
  answering: ServerResponse | undefined,
  contextFor: (malformed: MalformedRequest) => PipelineContext,
): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  // The error is in the body of a request that the pipeline handles already.
  if (answering && !answering.req.complete) return abortBody(error, socket, answering)
  const malformed = malformedRequestFrom(error, socket)
  // Browsers open connections in advance; without any bytes there is no request to answer.
  if (socket.bytesRead === 0) socket.end()
  else
    afterPreviousAnswer(answering, socket, () =>
      answerOnSocket(contextFor(malformed), socket, malformed),
    )
}

/** Connections with a refusal that waits until the previous answer is sent. */
const waiting = new WeakSet<Socket>()

/**
 * Runs `work` once the previous answer on a connection has been sent. Otherwise the caller would
 * read the second answer as the answer to its first request.
 *
 * @param answering the response to the previous request, if there was one
 */
export function afterPreviousAnswer(
  answering: ServerResponse | undefined,
  socket: Socket,
  work: () => void,
): void {
  if (!answering || answering.writableFinished) return work()
  // A caller that has closed its sending side is disconnected after the answer, as Node does for a
  // valid request.
  if (socket.readableEnded) socket.end()
  // Further errors on the connection come from the rest of the same malformed request.
  if (waiting.has(socket)) return
  waiting.add(socket)
  answering.once('finish', () => {
    waiting.delete(socket)
    if (socket.writable) work()
  })
}

/** Stops reading the body of a request that the pipeline handles. */
function abortBody(error: ClientError, socket: Socket, answering: ServerResponse): void {
  if (answering.headersSent) {
    socket.end()
    return
  }
  const isTruncated = error.code === 'HPE_INVALID_EOF_STATE'
  const message = 'The connection ended before the whole body arrived'
  const problem = isTruncated
    ? new Problem(400, 'body.aborted', message)
    : problemFor(error, { text: '', isFirst: false, bytesRead: socket.bytesRead })
  answering.shouldKeepAlive = false
  answering.once('finish', () => socket.end())
  socket.once('close', () => answering.req.destroy())
  abortRequestBody(answering.req, problem)
}

/**
 * Recovers the parts of a request whose head could not be parsed, from the bytes in the parser's
 * error.
 */
function malformedRequestFrom(error: ClientError, { bytesRead }: Socket): MalformedRequest {
  const { rawPacket, bytesParsed = 0 } = error
  const text = rawPacket?.toString('latin1') ?? ''
  // If the packet holds several requests, the error is in the last one.
  const previousEnd = text.slice(0, bytesParsed).lastIndexOf('\r\n\r\n')
  const head = text.slice(previousEnd < 0 ? 0 : previousEnd + 4)
  const isFirst = previousEnd < 0 && bytesRead <= text.length
  const line = head.split(/\r?\n/, 1)[0]!.slice(0, MAX_PARSED_LINE) // a split has at least one piece
  const [, method, target, version] =
    /^([A-Z][A-Z-]*) (\/[!-~]*)( HTTP\/1\.[01]$)?/.exec(line) ?? []
  const refusal = problemFor(error, { text, isFirst, bytesRead })
  const headers = { ...headerIn('standin-sandbox', head), ...headerIn('host', head) }
  const routing = { headers, ...(target === undefined ? {} : { url: target }) }
  if (version !== undefined) return { refusal, method: method!, url: target!, routing } // matched together with the version
  // Text after another request may be the rest of its body, which may hold a secret.
  const isShown = line !== '' && (isFirst || target !== undefined)
  return {
    refusal,
    routing,
    ...(isShown ? { line: printable(line.slice(0, MAX_RECORDED_LINE)) } : {}),
  }
}

function headerIn(name: string, text: string): Record<string, string> {
  const value = new RegExp(`^${name}:[ \\t]*([^\\r\\n]*)`, 'im').exec(text)?.[1]
  return value === undefined ? {} : { [name]: value.trim() }
}

/** The problem that describes the parser's error. */
function problemFor(
  { code = '', reason }: ClientError,
  received: { readonly text: string; readonly isFirst: boolean; readonly bytesRead: number },
): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Problem(431, 'headers.too-large', 'The headers are larger than 16 KiB')
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const message = `The headers did not arrive in time; only ${received.bytesRead} bytes arrived`
    return new Problem(408, 'headers.too-slow', message)
  }
  return new Problem(400, 'http.malformed', `This is not a well-formed HTTP/1.1 request. ${why()}`)

  function why(): string {
    if (code === 'HPE_INVALID_EOF_STATE')
      return 'The connection ended before the headers were complete'
    const part = PARTS.find(([, codes]) => codes.test(code))?.[0] ?? 'It'
    const advice = adviceFor(code, received)
    return `${part} could not be read: ${advice ?? reason ?? code}`
  }
}

/** Advice on the mistake that the sender probably made. */
function adviceFor(
  code: string,
  { text, isFirst }: { readonly text: string; readonly isFirst: boolean },
): string | undefined {
  if (isFirst && text.startsWith('\x16\x03')) {
    return 'it begins with a TLS handshake, and this server speaks only http://'
  }
  switch (code) {
    case 'HPE_PAUSED_H2_UPGRADE':
      return 'it is the preface of HTTP/2, and this server speaks only HTTP/1.1'
    case 'HPE_INVALID_METHOD':
      return isFirst
        ? 'it must begin with a method, such as POST'
        : 'it follows another request on the same connection and does not begin with a method; the Content-Length of that request may be too small for its body'
    case 'HPE_INVALID_URL':
      return 'the method must be followed by a path that begins with / and is ASCII; percent-encode other characters'
    case 'HPE_INVALID_CONSTANT':
      return 'the path must be followed by HTTP/1.1; write a space in the path as %20'
    default:
      return undefined
  }
}

/**
 * Answers a malformed request directly on its socket, since Node offers no response object for it,
 * and records it in the request log.
 */
export function answerOnSocket(
  context: PipelineContext,
  socket: Socket,
  malformed: MalformedRequest,
): void {
  const { refusal, method = '', url = '', line } = malformed
  const { status, reason } = refusal
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
    answerType: problemJson.mediaType,
  })
  call.problem = refusal
  const body = JSON.stringify(problemDocument(refusal))
  const size = Buffer.byteLength(body)
  const headers = {
    Date: context.tools.clock.httpDate(),
    'Content-Type': problemJson.contentType,
    'Content-Length': size,
    'Standin-Reason': reason,
    'Standin-Request-Id': call.id,
    Connection: 'close',
  }
  // The answer is recorded before it is sent, so that a client that has received it finds it in the
  // request log.
  context.requestLog.record(context, call, { status, headers, body, size, rawHeaders: [] })
  // Without this listener, an error of the socket after its caller has disconnected would end the
  // process.
  socket.on('error', () => socket.destroy())
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
  // A caller that never closes its side would keep the connection open.
  const late = setTimeout(() => socket.destroy(), context.limits.time).unref()
  socket.once('close', () => clearTimeout(late))
  context.observe?.({ context, call, reply: { status, body: undefined } })
}
