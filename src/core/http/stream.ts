import type { ServerResponse } from 'node:http'
import type { Message } from './message.ts'

/** Bytes that may be buffered for a slow reader before its connection is closed. */
const MAX_BUFFERED = 1024 * 1024

/** Writes to a streamed answer. */
export interface StreamWriter {
  /** Returns false once the connection is closed; a reader that is too slow is disconnected. */
  write(text: string): boolean
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
  const stop = begin({
    write: (text) => {
      if (response.destroyed || response.writableEnded) return false
      response.write(text)
      if (response.writableLength <= MAX_BUFFERED) return true
      response.destroy()
      return false
    },
    end: () => void response.end(),
  })
  response.once('close', stop)
  if (response.destroyed) stop()
}
