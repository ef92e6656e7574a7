import type { ServerResponse } from 'node:http'
import { Slices } from '../slices.ts'
import type { Message } from './message.ts'

/** Bytes that may be buffered for a slow reader before its connection is closed. */
const MAX_BUFFERED = 1024 * 1024
/** Bytes that Node may buffer before `ready` waits for the reader. */
const ENOUGH_BUFFERED = 64 * 1024
/** Milliseconds without progress after which `ready` disconnects the reader. */
const STALLED = 30_000

/** Writes to a streamed answer. */
export interface StreamWriter {
  /** Returns false once the connection is closed; a reader that is too slow is disconnected. */
  write(bytes: string | Uint8Array): boolean
  /**
   * Waits until the reader has taken what was written. A reader that takes nothing for long is
   * disconnected.
   *
   * @returns false once the connection is closed
   */
  ready(): boolean | Promise<boolean>
  end(): void
}

/** Starts a stream; returns the function to call when the connection closes. */
export type Stream = (outlet: StreamWriter) => () => void

/** Sends the head of a streamed answer, then starts the stream; HEAD gets the head alone. */
export function stream(
  response: ServerResponse,
  { status, headers }: Pick<Message, 'status' | 'headers'>,
  begin: Stream,
): void {
  if (response.destroyed || response.headersSent) return
  response.sendDate = false
  response.writeHead(status, headers)
  if (response.req.method === 'HEAD') {
    response.end()
    return
  }
  response.flushHeaders()
  const isOpen = () => !response.destroyed && !response.writableEnded
  const stop = begin({
    write: (bytes) => {
      if (!isOpen()) return false
      response.write(bytes)
      if (response.writableLength <= MAX_BUFFERED) return true
      response.destroy()
      return false
    },
    ready: () => {
      if (!isOpen() || response.writableLength <= ENOUGH_BUFFERED) return isOpen()
      return drained(response).then(isOpen)
    },
    end: () => {
      if (isOpen()) response.end()
    },
  })
  response.once('close', stop)
  if (response.destroyed) stop()
}

/**
 * Sends an answer whose body is produced in pieces, no faster than the client reads it; other
 * requests run in between. Stops when the client has gone.
 */
export async function writePieces(
  response: ServerResponse,
  { status, headers }: Pick<Message, 'status' | 'headers'>,
  pieces: Iterable<string | Uint8Array>,
): Promise<void> {
  if (response.destroyed || response.headersSent) return
  response.sendDate = false
  response.writeHead(status, headers)
  if (response.req.method !== 'HEAD') {
    const slices = new Slices()
    for (const piece of pieces) {
      response.write(piece)
      if (response.writableLength > ENOUGH_BUFFERED) await drained(response)
      if (slices.isOver) await slices.next()
      if (response.destroyed) return
    }
  }
  response.end()
}

/** Resolves when a response has sent what it buffers, or is closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), STALLED)
    timer.unref()
    const done = () => {
      clearTimeout(timer)
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.once('drain', done).once('close', done)
  })
}
