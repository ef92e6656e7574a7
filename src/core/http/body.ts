import { isAscii as isAsciiText } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { charsetOf, mediaTypeOf } from './content-type.ts'
import { Problem } from '../problem.ts'
import { inSlices } from '../slices.ts'

export interface BodyLimits {
  /** Bytes, counted after decompression. */
  readonly size: number
  /** Milliseconds from the head of a request to the end of its body. */
  readonly time: number
}

/** The text of a body, and the encoding of its bytes. */
export interface BodyText {
  /** The text; a long one in several pieces. */
  readonly pieces: readonly string[]
  readonly encoding: string
}

/**
 * Reads a request's body as text. A compressed body is counted while it is decompressed; reading
 * stops at the limit. XML may be in UTF-16.
 *
 * @throws Problem 413 body.too-large, 408 body.too-slow, 415 encoding.unsupported,
 *   415 charset.unsupported, 400 body.malformed (not text of its charset or Content-Encoding)
 */
export async function readText(request: IncomingMessage, limits: BodyLimits): Promise<BodyText> {
  const charset = charsetIn(request.headers['content-type'])
  const chunks = await readChunks(request, limits, decompressed(request))
  const start = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks.slice(0, 2))
  const decoder = DECODERS.get(encodingOf(start, charset))!
  const { encoding } = decoder
  try {
    const size = chunks.reduce((sum, { length }) => sum + length, 0)
    if (size > LONG) return { pieces: await decodedInSlices(chunks, encoding), encoding }
    const bytes = chunks.length === 1 ? start : Buffer.concat(chunks)
    return { pieces: [decoder.decode(bytes)], encoding }
  } catch (cause) {
    const message = `The body is not valid ${encoding} text`
    throw new Problem(400, 'body.malformed', message, { cause })
  }
}

/** Size in bytes from which a body is decoded in time slices, into pieces. */
const LONG = 256 * 1024
/**
 * Bytes of a piece. V8 keeps shorter strings among its young objects and copies them at each
 * garbage collection; for 36 MB, this took up to 94 ms each time.
 */
const PIECE = 1024 * 1024

async function decodedInSlices(chunks: readonly Buffer[], encoding: string): Promise<string[]> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const pieces: string[] = []
  let collected: Buffer[] = []
  let size = 0
  let isAscii = encoding === 'utf-8'
  const decode = () => {
    const bytes = Buffer.concat(collected)
    collected = []
    size = 0
    // A streaming decoder makes strings of twice the size. Once it is used, it must decode the rest
    // too.
    isAscii &&= isAsciiText(bytes)
    pieces.push(isAscii ? bytes.toString('latin1') : decoder.decode(bytes, { stream: true }))
  }
  for await (const chunk of inSlices(chunks)) {
    collected.push(chunk)
    size += chunk.length
    if (size >= PIECE) decode()
  }
  decode()
  pieces.push(decoder.decode())
  return pieces.filter((piece) => piece !== '')
}

/** Requests whose body cannot be read to its end, with the reason. */
const aborted = new WeakMap<IncomingMessage, Problem>()
/** Event that informs `readChunks` of such a request. */
const ABORTED = Symbol('aborted')

/** Ends the reading of a body with this problem, whether it has begun or not. */
export function abortRequestBody(request: IncomingMessage, problem: Problem): void {
  if (aborted.has(request)) return
  aborted.set(request, problem)
  request.emit(ABORTED)
}

/** Reads the bytes of a request's body. */
export async function readBytes(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const chunks = await readChunks(request, limits)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** Reads the bytes of a request's body from the request, or from a stream that decodes it. */
function readChunks(
  request: IncomingMessage,
  limits: BodyLimits,
  source: Readable = request,
): readonly Buffer[] | Promise<readonly Buffer[]> {
  // A body that arrived with the headers, as most do, needs neither promise nor time limit.
  const length = Number(request.headers['content-length'] ?? NaN)
  if (source === request && request.readableLength === length && length <= limits.size) {
    const bytes = (request.read() as Buffer | null) ?? EMPTY // no encoding was ever set
    request.resume()
    return [bytes]
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let refusal: Problem | undefined
    const refuse = () => {
      clearTimeout(timer)
      reject(refusal!) // set by every caller
    }
    // The rest is read and discarded before the answer: a client that writes its whole body first
    // would see a connection reset instead of the refusal.
    const discard = (problem: Problem) => {
      refusal ??= problem
      chunks.length = 0
      source.removeAllListeners('data')
      if (source !== request) {
        request.unpipe()
        source.destroy()
      }
      if (request.readableEnded) refuse()
      else request.once('end', refuse).resume()
    }
    const timer = setTimeout(() => {
      refusal ??= tooSlow(limits)
      discard(refusal)
      refuse()
    }, limits.time)
    if (length > limits.size) discard(tooLarge(limits))
    else {
      source.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > limits.size) discard(tooLarge(limits))
        else chunks.push(chunk)
      })
    }
    source.on('end', () => {
      if (refusal) return
      clearTimeout(timer)
      resolve(chunks)
    })
    if (source !== request) source.on('error', (cause: Error) => discard(undecodable(cause)))
    const stop = () => {
      refusal ??= aborted.get(request)! // set before
      refuse()
    }
    request.once(ABORTED, stop)
    if (aborted.has(request)) stop()
    // A request that emits an error also closes, which is handled below.
    request.on('error', () => {})
    request.once('close', () => {
      if (request.complete) return
      refusal ??= new Problem(
        400,
        'body.aborted',
        'The caller closed the connection before the whole body arrived',
      )
      refuse()
    })
  })
}

const EMPTY = Buffer.alloc(0)

/** The body's stream without its Content-Encoding. */
function decompressed(request: IncomingMessage): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  switch (encoding) {
    case 'identity':
    case '':
      return request
    case 'gzip':
    case 'x-gzip':
      return request.pipe(createGunzip())
    case 'deflate':
      return request.pipe(createInflate())
    case 'br':
      return request.pipe(createBrotliDecompress())
    default: {
      const message = 'Content-Encoding must be one of gzip, deflate, br or identity'
      const headers = { 'Accept-Encoding': 'gzip, deflate, br' }
      throw new Problem(415, 'encoding.unsupported', message, { headers })
    }
  }
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true })
const DECODERS = new Map([
  ['utf-8', UTF_8],
  ['utf8', UTF_8],
  ['us-ascii', UTF_8],
  ['iso-8859-1', new TextDecoder('latin1')],
  ['utf-16le', new TextDecoder('utf-16le', { fatal: true })],
  ['utf-16be', new TextDecoder('utf-16be', { fatal: true })],
])
const UTF_16 = ['utf-16', 'utf-16le', 'utf-16be']
const CHARSETS = [...DECODERS.keys()].filter((name) => !UTF_16.includes(name))

/** The charset of a Content-Type; undefined where it states none. */
function charsetIn(contentType: string | undefined): string | undefined {
  const charset = charsetOf(contentType)
  if (charset === undefined || CHARSETS.includes(charset)) return charset
  const isXml = mediaTypeOf(contentType)?.endsWith('xml') ?? false
  if (isXml && UTF_16.includes(charset)) return charset
  const readable = isXml ? [...CHARSETS, ...UTF_16] : CHARSETS
  const message = `The charset of the body must be one of ${readable.join(', ')}`
  throw new Problem(415, 'charset.unsupported', message)
}

/**
 * The encoding of a body. XML in UTF-16 is recognized by its first bytes, with or without a byte
 * order mark (XML 1.0, appendix F), which take precedence over the stated charset. An XML document
 * without a stated charset is decoded as its declaration says.
 */
function encodingOf(bytes: Buffer, charset: string | undefined): string {
  const start = bytes.subarray(0, 200).toString('latin1')
  if (XML_IN_UTF_16LE.test(start)) return 'utf-16le'
  if (XML_IN_UTF_16BE.test(start)) return 'utf-16be'
  if (charset !== undefined) return UTF_16.includes(charset) ? 'utf-8' : charset
  const declared = declaredEncoding(start)
  return declared !== undefined && CHARSETS.includes(declared) ? declared : 'utf-8'
}

/** A byte order mark, space and `<`: JSON and forms are not read in UTF-16 (RFC 8259, section 8.1). */
const XML_IN_UTF_16LE = /^(?:\xff\xfe(?:[ \t\r\n]\0)*)?<\0/
const XML_IN_UTF_16BE = /^(?:\xfe\xff(?:\0[ \t\r\n])*)?\0</

/** The encoding in the declaration of an XML document, in lower case. */
export function declaredEncoding(text: string): string | undefined {
  return /^<\?xml\s[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(text)?.[1]?.toLowerCase()
}

/** Tests whether a stated encoding contradicts that of the bytes: one is UTF-16 and the other is not. */
export function contradicts(stated: string, actual: string): boolean {
  return UTF_16.includes(stated) !== UTF_16.includes(actual)
}

/** The connection cannot be reused, since the rest of the body is not read. */
const CLOSE = { Connection: 'close' }

function tooLarge({ size }: BodyLimits): Problem {
  const message = `The body is larger than ${size} bytes`
  return new Problem(413, 'body.too-large', message, { headers: CLOSE })
}

function tooSlow({ time }: BodyLimits): Problem {
  const message = `The body did not arrive within ${time} ms`
  return new Problem(408, 'body.too-slow', message, { headers: CLOSE })
}

function undecodable(cause: Error): Problem {
  const message = 'The body cannot be decoded by its Content-Encoding'
  const flaw = { kind: 'wrong-encoding' } as const
  return new Problem(400, 'body.malformed', message, { cause, headers: CLOSE, flaw })
}
