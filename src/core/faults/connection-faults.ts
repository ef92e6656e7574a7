import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { write, type Message } from '../http/message.ts'
import type { FaultEffect } from '../fault.ts'

/** Limit on the pieces of a slow answer; smaller pieces of a large answer would never end. */
const MAX_PIECES = 10_000

/** The answers that faults are delaying. After `closeAll`, no further answer can be delayed. */
export class WaitingResponses extends Set<ServerResponse> {
  #isClosed = false

  closeAll(): void {
    this.#isClosed = true
    for (const response of this) response.req.socket.destroy()
  }

  /** Adds an answer; after `closeAll`, ends its connection instead. */
  tryAdd(response: ServerResponse): boolean {
    if (this.#isClosed) response.req.socket.destroy()
    else this.add(response)
    return !this.#isClosed
  }
}

/** Writes an answer as its fault demands: slowly, in part, or with wrong framing. */
export async function writeFaulty(
  response: ServerResponse,
  message: Message,
  { connection, cutAfter, slow }: FaultEffect,
  waiting: WaitingResponses,
): Promise<void> {
  const socket = await socketFor(response)
  if (!socket || response.destroyed || response.headersSent) return
  // An answer to HEAD must not have a body: the client would read it as the next answer.
  const isHead = response.req.method === 'HEAD'
  const body = isHead ? Buffer.alloc(0) : Buffer.from(message.body)
  // All of these end the connection, some only after a while.
  if (slow || (connection && connection !== 'close-after')) discardInput(socket)
  if (slow) {
    if (slow.part === 'headers')
      await writeSlowly(response, Buffer.from(headOf(message)), slow, waiting)
    else socket.write(headOf(message))
    const rest = slow.part === 'body' ? slow : { ...slow, bytes: Math.max(1, body.length) }
    const interval = slow.part === 'body' ? slow.interval : 0
    await writeSlowly(response, body, { ...rest, interval }, waiting)
    endConnection(socket)
    return
  }
  switch (connection) {
    case 'reset-headers': {
      const head = headOf(message)
      await flush(socket, head.slice(0, Math.ceil(head.length / 2)))
      socket.resetAndDestroy()
      return
    }
    case 'reset-body':
      await flush(socket, headOf(message))
      await flush(socket, body.subarray(0, Math.floor(body.length / 2)))
      socket.resetAndDestroy()
      return
    case 'cut':
      socket.write(headOf(message))
      socket.write(body.subarray(0, Math.min(cutAfter, Math.max(0, body.length - 1))))
      endConnection(socket)
      return
    case 'wrong-length':
      socket.write(headOf(message, { 'Content-Length': body.length + 10 }))
      socket.write(body)
      endConnection(socket)
      return
    case 'bad-chunk': {
      if (isHead) {
        socket.write(headOf(message))
        endConnection(socket)
        return
      }
      const { 'Content-Length': _, ...headers } = message.headers
      const first = body.subarray(0, Math.ceil(body.length / 2))
      socket.write(headOf({ ...message, headers }, { 'Transfer-Encoding': 'chunked' }))
      socket.write(`${first.length.toString(16)}\r\n`)
      socket.write(first)
      socket.write('\r\nnot-a-chunk-size\r\n')
      endConnection(socket)
      return
    }
    case 'close-after':
      response.once('finish', () => endConnection(socket))
      write(response, message)
      return
    default:
      write(response, message)
  }
}

/** Ends the connection without an answer: with a reset, or with an orderly close. */
export async function hangUp(response: ServerResponse, how: 'reset' | 'close'): Promise<void> {
  const socket = await socketFor(response)
  if (!socket) return
  if (how === 'reset') socket.resetAndDestroy()
  else endConnection(socket)
}

/**
 * Delays an answer while the caller waits for it.
 *
 * @param ms Infinity: until the caller closes the connection
 * @returns whether the caller is still connected
 */
export async function waitForCaller(
  response: ServerResponse,
  ms: number,
  waiting: WaitingResponses,
): Promise<boolean> {
  const socket = await socketFor(response)
  if (!socket || response.destroyed || !waiting.tryAdd(response)) return false
  const onEnd = () => socket.destroy()
  return new Promise<boolean>((resolve) => {
    const stop = () => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer =
      ms === Infinity
        ? undefined
        : setTimeout(() => {
            response.off('close', stop)
            resolve(true)
          }, ms)
    response.once('close', stop)
    // Node notices a closed connection only while the request is read. A finite delay leaves the
    // body unread, because the API reads it afterwards.
    if (ms === Infinity) response.req.resume()
    // A client that closed only its side of the connection looks like a client that gave up. It
    // counts as gone, since delays are for testing the time limits of clients.
    socket.once('end', onEnd)
  }).finally(() => {
    socket.off('end', onEnd)
    waiting.delete(response)
  })
}

/**
 * Waits until the answers to earlier requests on the connection have been written, since a client
 * may pipeline requests.
 *
 * @returns the connection; undefined once it is closed
 */
async function socketFor(response: ServerResponse): Promise<Socket | undefined> {
  const { socket } = response.req
  if (socket.destroyed) return undefined
  if (response.socket) return response.socket
  // Every pipelined request adds a listener.
  socket.setMaxListeners(0)
  return new Promise((resolve) => {
    const onClose = () => resolve(undefined)
    socket.once('close', onClose)
    response.once('socket', () => {
      socket.off('close', onClose)
      resolve(response.socket ?? undefined)
    })
  })
}

function headOf(
  { status, headers }: Message,
  changes: Readonly<Record<string, string | number>> = {},
): string {
  const lines = Object.entries({ ...headers, ...changes, Connection: 'close' }).flatMap(
    ([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`),
  )
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${lines.join('')}\r\n`
}

async function writeSlowly(
  response: ServerResponse,
  bytes: Buffer,
  { bytes: size, interval }: { readonly bytes: number; readonly interval: number },
  waiting: WaitingResponses,
): Promise<void> {
  const piece = Math.max(size, Math.ceil(bytes.length / MAX_PIECES))
  for (let at = 0; at < bytes.length; at += piece) {
    if (at > 0 && !(await waitForCaller(response, interval, waiting))) return
    response.socket?.write(bytes.subarray(at, at + piece))
  }
}

/** Waits until the bytes have left the process: a reset discards bytes that have not. */
function flush(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => setTimeout(resolve, 20))
  })
}

/**
 * Reads and discards further input. Unread input would turn the close into a reset, and parsed
 * input may be another request, whose answer could not be sent.
 */
function discardInput(socket: Socket): void {
  socket.removeAllListeners('data')
  socket.on('data', () => {})
}

function endConnection(socket: Socket): void {
  discardInput(socket)
  socket.end()
  // Limits the wait for callers that never close their side. A shorter limit would reset slow
  // callers.
  setTimeout(() => socket.destroy(), 5000).unref()
}
