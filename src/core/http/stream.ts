import type { ServerResponse } from 'node:http'
import type { Message } from './message.ts'

/** What waits for a reader before it is let go, in bytes. */
const MOST_WAITING = 1024 * 1024

/** Where an answer that has no end is written to. */
export interface Outlet {
  /** False when nobody reads any more; a reader who is too slow is let go. */
  write(text: string): boolean
  end(): void
}

/** Begins to write, and returns what is to be done when nobody reads any more. */
export type Stream = (outlet: Outlet) => () => void

/** An answer that goes on after its head. */
export function stream(
  response: ServerResponse,
  { status, headers }: Pick<Message, 'status' | 'headers'>,
  begin: Stream,
): void {
  if (response.destroyed || response.headersSent) return
  response.sendDate = false
  response.writeHead(status, headers)
  response.flushHeaders()
  const stop = begin({
    write: (text) => {
      if (response.destroyed || response.writableEnded) return false
      response.write(text)
      if (response.writableLength <= MOST_WAITING) return true
      response.destroy()
      return false
    },
    end: () => void response.end(),
  })
  response.once('close', stop)
  if (response.destroyed) stop()
}
