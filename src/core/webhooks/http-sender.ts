import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Problem } from '../problem.ts'
import { codeOf, messageOf } from '../errors.ts'
import type { Target } from './egress.ts'

/** How a delivery goes over the wire when it does not go in the ordinary way. */
export interface WireBehavior {
  /** Transfer-Encoding: chunked in place of Content-Length, in more than one chunk. */
  readonly chunked?: boolean
  /** So many bytes of the body every so many milliseconds. */
  readonly slow?: { readonly bytes: number; readonly every: number }
  /** The whole body is announced, and after this many bytes of it nothing more is sent. */
  readonly truncateAt?: number
  /** The body is sent compressed, with Content-Encoding: gzip. */
  readonly gzip?: boolean
}

export interface SendRequest {
  /** Written in this order and case. Host, Content-Length and Connection are added where missing. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** POST where nothing is said. */
  readonly method?: string
  /** Milliseconds for the whole exchange; 10,000 where nothing is said. */
  readonly timeout?: number
  readonly wire?: WireBehavior
  readonly signal?: AbortSignal
  /** PEM: trusted in place of what the machine trusts. */
  readonly ca?: string
}

export type SendError =
  /** Nobody takes the connection. */
  | 'refused'
  /** The connection broke before the answer was there. */
  | 'reset'
  | 'timeout'
  | 'tls'
  | 'dns'
  | 'egress'
  /** By the signal. */
  | 'aborted'
  /** No way to the address. */
  | 'unreachable'
  /** What came back is no HTTP. */
  | 'protocol'
  /** It could not be sent as it was given. */
  | 'request'

/** What came of an attempt. */
export type AttemptOutcome =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** By lower-case name; at most 50, each at most 1,024 characters. */
      readonly headers: Readonly<Record<string, string>>
      /** The first 1,024 bytes of the body as text, control characters escaped. */
      readonly excerpt: string
      /** Milliseconds that it took. */
      readonly ms: number
    }
  | {
      readonly kind: 'failed'
      readonly error: SendError
      readonly message: string
      readonly ms: number
    }

const TIMEOUT = 10_000
const LARGEST_BODY = 16 * 1024 * 1024
const EXCERPT = 1024
const MOST_HEADERS = 50
const LONGEST_HEADER = 1024

/** An outcome before it is known how long it took. */
type Result =
  | Omit<Extract<AttemptOutcome, { kind: 'answered' }>, 'ms'>
  | Omit<Extract<AttemptOutcome, { kind: 'failed' }>, 'ms'>

const failed = (error: SendError, message: string): Result => ({ kind: 'failed', error, message })

/**
 * Sends one request to an address that the gate let through, over a connection of its own.
 * Redirects are not followed. Never throws.
 */
export async function sendHttp(target: Target, request: SendRequest): Promise<AttemptOutcome> {
  const began = performance.now()
  const result = await exchange(target, request).catch((error: unknown) =>
    failed('request', messageOf(error)),
  )
  return { ...result, ms: Math.round(performance.now() - began) }
}

/** The outcome of an attempt that the gate refused: `dns` for a name without address, or `egress`. */
export function refusedOutcome(problem: Problem): AttemptOutcome {
  const error = problem.reason === 'egress.unresolved' ? 'dns' : 'egress'
  return { kind: 'failed', error, message: problem.message, ms: 0 }
}

/** Throws what the request itself is to blame for. */
async function exchange(target: Target, request: SendRequest): Promise<Result> {
  const { wire = {}, signal, timeout = TIMEOUT } = request
  if (request.body.length > LARGEST_BODY) {
    return failed('request', `The body is larger than ${LARGEST_BODY} bytes`)
  }
  const body = wire.gzip ? await promisify(gzip)(request.body) : request.body
  if (signal?.aborted) return failed('aborted', 'The delivery was aborted')
  const sending = open(target, request, headersOf(target, request, body))
  return await new Promise<Result>((resolve) => {
    let response: IncomingMessage | undefined
    let written = false
    /** Reads the answer; a second time it does nothing. */
    let read = () => {}

    const settle = (result: Result) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      sending.destroy()
      resolve(result)
    }
    const abort = () => settle(failed('aborted', 'The delivery was aborted'))
    const timer = setTimeout(() => {
      const got = response ? `answered ${response.statusCode}, but was not done` : 'did not answer'
      settle(failed('timeout', `The receiver ${got} within ${timeout} ms`))
    }, timeout)
    /** The connection is gone; an answer that is there in full still counts. */
    const broken = (result: Result) => (response?.complete ? read() : settle(result))
    const breaks = (error: Error) => broken(failed(kindOf(error, target), sayWhy(error)))
    signal?.addEventListener('abort', abort)

    sending.on('error', breaks)
    sending.on('close', () => broken(failed('reset', 'The receiver closed the connection')))
    sending.on('response', (arrived) => {
      const { statusCode: status = 0 } = arrived
      response = arrived
      arrived.on('error', breaks)
      read = () => {
        read = () => {}
        collect(arrived, (excerpt) =>
          settle({ kind: 'answered', status, headers: capped(arrived), excerpt }),
        )
      }
      // Node closes the connection when an answer has been read, and what thanks too early would
      // not get the rest of the body.
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
  // The gate has looked the name up, and nobody looks again.
  const lookup: LookupFunction = (_name, options, found) => {
    if (options.all) found(null, addresses)
    else found(null, target.address, target.family)
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

/** Names and values in turns, which is how they are written as they are. */
function headersOf({ url }: Target, request: SendRequest, body: Uint8Array): string[] {
  const { headers, wire = {} } = request
  const given = new Set(headers.map(([name]) => name.toLowerCase()))
  const unless = (name: string, value: string) =>
    given.has(name.toLowerCase()) ? [] : [name, value]
  return [
    ...unless('Host', url.host),
    ...headers.flat(),
    ...(wire.gzip ? unless('Content-Encoding', 'gzip') : []),
    ...(wire.chunked
      ? unless('Transfer-Encoding', 'chunked')
      : unless('Content-Length', String(body.length))),
    ...unless('Connection', 'close'),
  ]
}

/** Writes the body as the wire says, and then says that it is out. */
function write(
  sending: ClientRequest,
  body: Uint8Array,
  { chunked, slow, truncateAt = Infinity }: WireBehavior,
  secure: boolean,
  out: () => void,
): void {
  const truncated = truncateAt < body.length
  if (!slow && !chunked && !truncated) {
    sending.end(body, out)
    return
  }
  const sent = truncated ? body.subarray(0, truncateAt) : body
  const size = Math.max(1, slow?.bytes ?? Math.ceil(sent.length / (chunked ? 4 : 1)))
  const finish = () => {
    if (!truncated) {
      sending.end(out)
      return
    }
    // Half closed: the receiver may still say what it thinks of that.
    sending.socket?.end(out)
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

/** Reads the beginning of a body; whatever is more is not read. */
function collect(response: IncomingMessage, done: (excerpt: string) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  const finish = () => {
    response.removeAllListeners('data').off('end', finish).pause()
    done(escaped(Buffer.concat(chunks).subarray(0, EXCERPT)))
  }
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size >= EXCERPT) finish()
  })
  response.once('end', finish)
}

/** Characters that would do something on the terminal or page where the excerpt is shown. */
const ACTING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

function escaped(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .replaceAll(ACTING, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function capped({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const kept = Object.entries(headers).slice(0, MOST_HEADERS)
  return Object.fromEntries(
    kept.map(([name, value]) => [name, [value].flat().join(', ').slice(0, LONGEST_HEADER)]),
  )
}

const KINDS: Readonly<Record<string, SendError>> = {
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

function kindOf(error: Error, { secure }: Target): SendError {
  const code = codeOf(error) ?? ''
  if (code.startsWith('HPE_')) return 'protocol'
  // What can be wrong with a certificate has many codes, such as CERT_HAS_EXPIRED; the system's
  // own have no underscore.
  return KINDS[code] ?? (secure && code.includes('_') ? 'tls' : 'request')
}

/** The message; of several addresses each has its own. */
function sayWhy(error: Error): string {
  const each = error instanceof AggregateError ? error.errors.map(messageOf) : [error.message]
  const code = codeOf(error)
  const text = each.join('; ')
  return code === undefined || text.includes(code) ? text : `${text} (${code})`
}
