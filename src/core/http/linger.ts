import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * After an answer: the rest of a body that was not read, and an answer that is not fetched, hold a
 * connection for this long and no longer. It is not cut at once, since a client that writes its
 * whole body before it reads would see the connection break in place of the answer.
 *
 * @param time milliseconds without anything moving
 * @param isRead whether the whole body was read, which Node may be about to notice only
 */
export function closeWhenIdle(
  request: IncomingMessage,
  response: ServerResponse,
  { time, isRead }: { readonly time: number; readonly isRead: boolean },
): void {
  const { socket } = request
  if ((isRead || isReceived(request)) && socket.writableLength === 0) return
  let written = socket.bytesWritten
  const look = () => {
    if (socket.destroyed) return
    const isSent = response.writableFinished
    // A large answer to a slow reader goes on as long as some of it goes.
    if (isSent ? !request.complete : socket.bytesWritten === written) socket.destroy()
    else if (!isSent) watch()
    written = socket.bytesWritten
  }
  const watch = () => setTimeout(look, time).unref()
  watch()
}

function isReceived({ complete, headers }: IncomingMessage): boolean {
  if (complete) return true
  // Where no body was announced there is none, though its end may not have been noticed yet.
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers
  return coding === undefined && length === '0'
}
