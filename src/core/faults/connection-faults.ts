import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { write, type Message } from '../http/message.ts'
import type { FaultEffect } from '../fault.ts'

/** The largest number of pieces of a slow answer; smaller ones would take for ever. */
const MOST_PIECES = 10_000

/** Answers that wait, until who stops the server lets them go; from then on none waits. */
export class Held extends Set<ServerResponse> {
  #isOver = false

  closeAll(): void {
    this.#isOver = true
    for (const response of this) response.req.socket.destroy()
  }

  /** Whether it may wait; its connection is ended where not. */
  takes(response: ServerResponse): boolean {
    if (this.#isOver) response.req.socket.destroy()
    else this.add(response)
    return !this.#isOver
  }
}

/** As a fault wants it: slowly, in part, or wrongly framed. */
export async function writeFaulty(
  response: ServerResponse,
  message: Message,
  { connection, cutAfter, slow }: FaultEffect,
  held: Held,
): Promise<void> {
  const socket = await turnOf(response)
  if (!socket || response.destroyed || response.headersSent) return
  const body = Buffer.from(message.body)
  // All of these tell the caller that the connection is over, and some take their time.
  if (slow || (connection && connection !== 'close-after')) dropTheRest(socket)
  if (slow) {
    if (slow.part === 'headers') await slowly(response, Buffer.from(headOf(message)), slow, held)
    else socket.write(headOf(message))
    const rest = slow.part === 'body' ? slow : { ...slow, bytes: Math.max(1, body.length) }
    const interval = slow.part === 'body' ? slow.interval : 0
    await slowly(response, body, { ...rest, interval }, held)
    end(socket)
    return
  }
  switch (connection) {
    case 'reset-headers': {
      const head = headOf(message)
      await flushed(socket, head.slice(0, Math.ceil(head.length / 2)))
      socket.resetAndDestroy()
      return
    }
    case 'reset-body':
      await flushed(socket, headOf(message))
      await flushed(socket, body.subarray(0, Math.floor(body.length / 2)))
      socket.resetAndDestroy()
      return
    case 'cut':
      socket.write(headOf(message))
      socket.write(body.subarray(0, Math.min(cutAfter, Math.max(0, body.length - 1))))
      end(socket)
      return
    case 'wrong-length':
      socket.write(headOf(message, { 'Content-Length': body.length + 10 }))
      socket.write(body)
      end(socket)
      return
    case 'bad-chunk': {
      const { 'Content-Length': _, ...headers } = message.headers
      const first = body.subarray(0, Math.ceil(body.length / 2))
      socket.write(headOf({ ...message, headers }, { 'Transfer-Encoding': 'chunked' }))
      socket.write(`${first.length.toString(16)}\r\n`)
      socket.write(first)
      socket.write('\r\nnot-a-chunk-size\r\n')
      end(socket)
      return
    }
    case 'close-after':
      response.once('finish', () => end(socket))
      write(response, message)
      return
    default:
      write(response, message)
  }
}

/** Ends the connection without an answer: by a reset, or as if all had been said. */
export async function hangUp(response: ServerResponse, how: 'reset' | 'close'): Promise<void> {
  const socket = await turnOf(response)
  if (!socket) return
  if (how === 'reset') socket.resetAndDestroy()
  else end(socket)
}

/**
 * Waits, as long as the caller does.
 *
 * @param ms Infinity: until the caller goes
 * @returns whether the caller is still there
 */
export async function pause(response: ServerResponse, ms: number, held: Held): Promise<boolean> {
  const socket = await turnOf(response)
  if (!socket || response.destroyed || !held.takes(response)) return false
  return new Promise<boolean>((resolve) => {
    const gone = () => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer =
      ms === Infinity
        ? undefined
        : setTimeout(() => {
            response.off('close', gone)
            resolve(true)
          }, ms)
    response.once('close', gone)
    // A caller that goes is only noticed while somebody reads; a body that is wanted later is not.
    if (ms === Infinity) response.req.resume()
  }).finally(() => held.delete(response))
}

/**
 * The connection, once the answers to the requests before this one are out: a client may send many
 * without waiting. Undefined when it is gone.
 */
async function turnOf(response: ServerResponse): Promise<Socket | undefined> {
  const { socket } = response.req
  if (socket.destroyed) return undefined
  if (response.socket) return response.socket
  // One listener for each request that stands in line.
  socket.setMaxListeners(0)
  return new Promise((resolve) => {
    const gone = () => resolve(undefined)
    socket.once('close', gone)
    response.once('socket', () => {
      socket.off('close', gone)
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

async function slowly(
  response: ServerResponse,
  bytes: Buffer,
  { bytes: size, interval }: { readonly bytes: number; readonly interval: number },
  held: Held,
): Promise<void> {
  const piece = Math.max(size, Math.ceil(bytes.length / MOST_PIECES))
  for (let at = 0; at < bytes.length; at += piece) {
    if (at > 0 && !(await pause(response, interval, held))) return
    response.socket?.write(bytes.subarray(at, at + piece))
  }
}

/** Until the bytes are with the system: a reset drops what is still here. */
function flushed(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => setTimeout(resolve, 20))
  })
}

/**
 * What the caller still sends is read and dropped: unread, it would make an end a reset, and parsed
 * it may be another request, to be carried out where nobody can be answered.
 */
function dropTheRest(socket: Socket): void {
  socket.removeAllListeners('data')
  socket.on('data', () => {})
}

function end(socket: Socket): void {
  dropTheRest(socket)
  socket.end()
  // A caller that never closes its half would keep this one; one that is slow would see a reset.
  setTimeout(() => socket.destroy(), 5000).unref()
}
