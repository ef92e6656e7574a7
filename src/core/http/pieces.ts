import type { ServerResponse } from 'node:http'
import type { Message } from './message.ts'

/** Sends a large answer piece by piece, as fast as the client reads it. */
export function sendPieces(
  response: ServerResponse,
  { status, headers }: Pick<Message, 'status' | 'headers'>,
  pieces: readonly Uint8Array[],
): void {
  if (response.destroyed || response.headersSent) return
  response.sendDate = false
  response.writeHead(status, headers)
  if (response.req.method === 'HEAD') {
    response.end()
    return
  }
  let next = 0
  const sendSome = () => {
    while (next < pieces.length && !response.destroyed) {
      if (!response.write(pieces[next++]!)) return
    }
    if (next === pieces.length) response.end()
  }
  response.on('drain', sendSome)
  sendSome()
}
