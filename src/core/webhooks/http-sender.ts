import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Problem } from '../problem.ts'
import { codeOf, messageOf } from '../errors.ts'
import type { Target } from './egress.ts'

/** Deviations from a normal HTTP transfer. */
export interface WireBehavior {
  /** Sends Transfer-Encoding: chunked instead of Content-Length, in several chunks. */
  readonly chunked?: boolean
  /** Sends `bytes` of the body every `every` milliseconds. */
  readonly slow?: { readonly bytes: number; readonly every: number }
  /** Announces the whole body, but sends only this many bytes of it. */
  readonly truncateAt?: number
  /** Compresses the body and sends Content-Encoding: gzip. */
  readonly gzip?: boolean
}

export interface SendRequest {
  /** Written in this order and case. Host, Content-Length and Connection are added if missing. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** Default: POST. */
  readonly method?: string
  /** Time limit for the whole exchange in milliseconds. Default: 10,000. */
  readonly timeout?: number
  readonly wire?: WireBehavior
  readonly signal?: AbortSignal
  /** Trusted certificates (PEM), instead of those of the machine. */
  readonly ca?: string
}

export type SendError =
  /** Connection refused. */
  | 'refused'
  /** The connection closed before the answer was complete. */
  | 'reset'
  | 'timeout'
  | 'tls'
  | 'dns'
  | 'egress'
  /** Aborted by the signal. */
  | 'aborted'
  /** No route to the address. */
  | 'unreachable'
  /** The answer was not valid HTTP. */
  | 'protocol'
  /** The request itself was invalid. */
  | 'request'

/** Outcome of an attempt. */
export type AttemptOutcome =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Keyed by lower-case name; at most 50, each at most 1,024 characters. */
      readonly headers: Readonly<Record<string, string>>
      /** First 1,024 bytes of the body as text, with control characters escaped. */
      readonly excerpt: string
      /** Duration in milliseconds. */
      readonly ms: number
    }
  | {
      readonly kind: 'failed'
      readonly error: SendError
      readonly message: string
      readonly ms: number
    }

const DEFAULT_TIMEOUT = 10_000
const MAX_BODY = 16 * 1024 * 1024
const MAX_EXCERPT = 1024
const MAX_HEADERS = 50
const MAX_HEADER_LENGTH = 1024

/** Outcome without its duration. */
type Result =
  | Omit<Extract<AttemptOutcome, { kind: 'answered' }>, 'ms'>
  | Omit<Extract<AttemptOutcome, { kind: 'failed' }>, 'ms'>

const failed = (error: SendError, message: string): Result => ({ kind: 'failed', error, message })

/**
 * Sends one request to an address that passed the egress check, over a new connection. Does not
 * follow redirects and never throws.
 */
export async function sendHttp(target: Target, request: SendRequest): Promise<AttemptOutcome> {
  const began = performance.now()
  const result = await exchange(target, request).catch((error: unknown) =>
    failed('request', messageOf(error)),
  )
  return { ...result, ms: Math.round(performance.now() - began) }
}

/** Converts a refusal by the egress check: `dns` for an unresolved name, otherwise `egress`. */
export function outcomeOfRefusal(problem: Problem): AttemptOutcome {
  const error = problem.reason === 'egress.unresolved' ? 'dns' : 'egress'
  return { kind: 'failed', error, message: problem.message, ms: 0 }
}

/** @throws Error if the request itself is invalid */
async function exchange(target: Target, request: SendRequest): Promise<Result> {
  const { wire = {}, signal, timeout = DEFAULT_TIMEOUT } = request
  if (request.body.length > MAX_BODY) {
    return failed('request', `The body is larger than ${MAX_BODY} bytes`)
  }
  const body = wire.gzip ? await promisify(gzip)(request.body) : request.body
  if (signal?.aborted) return failed('aborted', 'The delivery was aborted')
  const sending = open(target, request, headersOf(target, request, body))
  return await new Promise<Result>((resolve) => {
    let response: IncomingMessage | undefined
    let written = false
    /** Reads the answer; further calls do nothing. */
    let read = () => {}

    const settle = (result: Result) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      sending.destroy()
      resolve(result)
    }
    const abort = () => settle(failed('aborted', 'The delivery was aborted'))
    const timer = setTimeout(() => {
      const progress = response
        ? `answered ${response.statusCode}, but did not finish its answer`
        : 'did not answer'
      settle(failed('timeout', `The receiver ${progress} within ${timeout} ms`))
    }, timeout)
    /** Handles a closed connection. An answer that arrived completely still counts. */
    const onClosed = (result: Result) => (response?.complete ? read() : settle(result))
    const onError = (error: Error) => onClosed(failed(errorKind(error, target), describe(error)))
    signal?.addEventListener('abort', abort)

    sending.on('error', onError)
    sending.on('close', () => onClosed(failed('reset', 'The receiver closed the connection')))
    sending.on('response', (arrived) => {
      const { statusCode: status = 0 } = arrived
      response = arrived
      arrived.on('error', onError)
      read = () => {
        read = () => {}
        collect(arrived, (excerpt) =>
          settle({ kind: 'answered', status, headers: limitHeaders(arrived), excerpt }),
        )
      }
      // Node closes the connection once the answer has been read. A receiver that answers 2xx early
      // would then miss the rest of the body, so the body is sent first.
      if (written || status >= 300) read()
    })
    write(sending, body, wire, target.secure, () => {
      written = true
      read()
    })
  })
}

function open(target: Target, request: SendRequest, headers: readonly string[]): ClientRequest {
  const { hostname, secure, url } = target
  const isAddress = isIP(hostname) > 0
  const addresses = [target, ...target.others].map(({ address, family }) => ({ address, family }))
  // The egress check has resolved the name. A second lookup could return another address.
  const lookup: LookupFunction = (_name, options, callback) => {
    if (options.all) callback(null, addresses)
    else callback(null, target.address, target.family)
  }
  const common = {
    agent: false,
    method: request.method ?? 'POST',
    host: isAddress ? target.address : hostname,
    port: target.port,
    path: url.pathname + url.search,
    headers,
    lookup,
  } as const
  if (!secure) return httpRequest(common)
  const { ca } = request
  return httpsRequest({
    ...common,
    servername: isAddress ? '' : hostname,
    ...(ca === undefined ? {} : { ca }),
  })
}

/** Returns names and values in turn, the form that Node writes unchanged. */
function headersOf({ url }: Target, request: SendRequest, body: Uint8Array): string[] {
  const { headers, wire = {} } = request
  const present = new Set(headers.map(([name]) => name.toLowerCase()))
  const ifMissing = (name: string, value: string) =>
    present.has(name.toLowerCase()) ? [] : [name, value]
  return [
    ...ifMissing('Host', url.host),
    ...headers.flat(),
    ...(wire.gzip ? ifMissing('Content-Encoding', 'gzip') : []),
    ...(wire.chunked
      ? ifMissing('Transfer-Encoding', 'chunked')
      : ifMissing('Content-Length', String(body.length))),
    ...ifMissing('Connection', 'close'),
  ]
}

/** Writes the body with the given deviations and calls `onWritten` at its end. */
function write(
  sending: ClientRequest,
  body: Uint8Array,
  { chunked, slow, truncateAt = Infinity }: WireBehavior,
  secure: boolean,
  onWritten: () => void,
): void {
  const truncated = truncateAt < body.length
  if (!slow && !chunked && !truncated) {
    sending.end(body, onWritten)
    return
  }
  const sent = truncated ? body.subarray(0, truncateAt) : body
  const size = Math.max(1, slow?.bytes ?? Math.ceil(sent.length / (chunked ? 4 : 1)))
  const finish = () => {
    if (!truncated) {
      sending.end(onWritten)
      return
    }
    // Half-closes the connection, so that the receiver can still answer.
    sending.socket?.end(onWritten)
  }
  let at = 0
  const next = () => {
    if (sending.destroyed) return
    if (at >= sent.length) {
      finish()
      return
    }
    const piece = sent.subarray(at, (at += size))
    const then = slow && at < sent.length ? () => setTimeout(next, slow.every).unref() : next
    sending.write(piece, (error) => {
      if (!error) then()
    })
  }
  sending.flushHeaders()
  sending.once('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', next))
}

/** Reads the beginning of a body and ignores the rest. */
function collect(response: IncomingMessage, done: (excerpt: string) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  const finish = () => {
    response.removeAllListeners('data').off('end', finish).pause()
    done(escaped(Buffer.concat(chunks).subarray(0, MAX_EXCERPT)))
  }
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size >= MAX_EXCERPT) finish()
  })
  response.once('end', finish)
}

/** Characters that a terminal or page could interpret when it shows the excerpt. */
const CONTROL_CHARACTERS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

function escaped(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .replaceAll(
      CONTROL_CHARACTERS,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
}

function limitHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const limited = Object.entries(headers).slice(0, MAX_HEADERS)
  return Object.fromEntries(
    limited.map(([name, value]) => [name, [value].flat().join(', ').slice(0, MAX_HEADER_LENGTH)]),
  )
}

const ERROR_KINDS: Readonly<Record<string, SendError>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  EPROTO: 'tls',
}

function errorKind(error: Error, { secure }: Target): SendError {
  const code = codeOf(error) ?? ''
  if (code.startsWith('HPE_')) return 'protocol'
  // Certificate errors have many codes, such as CERT_HAS_EXPIRED. Codes of the operating system
  // contain no underscore.
  return ERROR_KINDS[code] ?? (secure && code.includes('_') ? 'tls' : 'request')
}

/** Joins the messages of all addresses that were tried, with the error code. */
function describe(error: Error): string {
  const messages = error instanceof AggregateError ? error.errors.map(messageOf) : [error.message]
  const code = codeOf(error)
  const text = messages.join('; ')
  return code === undefined || text.includes(code) ? text : `${text} (${code})`
}
