import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { Problem } from '../problem.ts'

export interface BodyLimits {
  /** Bytes, counted after decompression. */
  readonly size: number
  /** Milliseconds from the head of a request to the end of its body. */
  readonly time: number
}

/**
 * A request's body as text. Nothing is kept beyond the limit, and a compressed body is counted as
 * it unfolds.
 *
 * @throws Problem 413 body.too-large, 408 body.too-slow, 415 encoding.unsupported,
 *   415 charset.unsupported, 400 body.malformed (not the text it says it is)
 */
export async function readText(request: IncomingMessage, limits: BodyLimits): Promise<string> {
  const decoder = decoderFor(request.headers['content-type'])
  const bytes = await readBytes(request, limits, unfold(request))
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    const message = `The body is not valid ${decoder.encoding} text`
    throw new Problem(400, 'body.malformed', message, { cause })
  }
}

/** Bodies that turned out to be none, and why. */
const broken = new WeakMap<IncomingMessage, Problem>()
/** Told to who reads one. */
const BROKEN = Symbol('broken')

/** Ends the reading of a body of which nothing more can be read, now or when it begins. */
export function breakOff(request: IncomingMessage, problem: Problem): void {
  if (broken.has(request)) return
  broken.set(request, problem)
  request.emit(BROKEN)
}

/** A request's body as it comes over the wire. */
export function readBytes(
  request: IncomingMessage,
  limits: BodyLimits,
  source: Readable = request,
): Buffer | Promise<Buffer> {
  // A body that came along with its head, as most do, needs no waiting and no time limit.
  const length = Number(request.headers['content-length'] ?? NaN)
  if (source === request && request.readableLength === length && length <= limits.size) {
    const whole = (request.read() as Buffer | null) ?? NOTHING // no encoding was ever set
    request.resume()
    return whole
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let refusal: Problem | undefined
    const refuse = () => {
      clearTimeout(timer)
      reject(refusal!) // set by who calls
    }
    // The rest is read and dropped before the answer: a client that writes its whole body first
    // would see the connection break instead of the refusal.
    const drop = (problem: Problem) => {
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
      drop(refusal)
      refuse()
    }, limits.time)
    if (length > limits.size) drop(tooLarge(limits))
    else {
      source.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > limits.size) drop(tooLarge(limits))
        else chunks.push(chunk)
      })
    }
    source.on('end', () => {
      if (refusal) return
      clearTimeout(timer)
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    })
    if (source !== request) source.on('error', (cause: Error) => drop(undecodable(cause)))
    const stop = () => {
      refusal ??= broken.get(request)! // set before
      refuse()
    }
    request.once(BROKEN, stop)
    if (broken.has(request)) stop()
    // A request that fails also closes; what it failed with is not our bug.
    request.on('error', () => {})
    request.once('close', () => {
      if (request.complete) return
      refusal ??= new Problem(400, 'body.aborted', 'The caller went away')
      refuse()
    })
  })
}

const NOTHING = Buffer.alloc(0)

/** The body's stream with its Content-Encoding undone. */
function unfold(request: IncomingMessage): Readable {
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

const CHARSETS = new Map([
  ['utf-8', new TextDecoder('utf-8', { fatal: true })],
  ['utf8', new TextDecoder('utf-8', { fatal: true })],
  ['us-ascii', new TextDecoder('utf-8', { fatal: true })],
  ['iso-8859-1', new TextDecoder('latin1')],
])

function decoderFor(contentType: string | undefined) {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase()
  const decoder = CHARSETS.get(charset ?? 'utf-8')
  if (!decoder) {
    const message = `The charset of the body must be one of ${[...CHARSETS.keys()].join(', ')}`
    throw new Problem(415, 'charset.unsupported', message)
  }
  return decoder
}

/** The connection cannot be used again: what is left of the body is not read. */
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
  const message = 'The body does not decode as its Content-Encoding says'
  const flaw = { kind: 'wrong-encoding' } as const
  return new Problem(400, 'body.malformed', message, { cause, headers: CLOSE, flaw })
}
