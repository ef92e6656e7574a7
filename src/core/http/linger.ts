import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Closes the connection of an answered request after `time`, if the rest of its body still arrives
 * or the client does not read the answer. The connection is not closed at once: a client that
 * writes its whole body before it reads would see a connection reset instead of the answer. An
 * answer that is sent in parts, such as a stream of events, keeps its connection while nothing
 * waits to be written.
 *
 * @param time milliseconds without progress
 * @param isRead true if the whole body was read, even if Node has not marked it complete yet
 */
export function closeWhenIdle(
  request: IncomingMessage,
  response: ServerResponse,
  { time, isRead }: { readonly time: number; readonly isRead: boolean },
): void {
  const { socket } = request
  if ((isRead || isReceived(request)) && socket.writableLength === 0) return
  let written = socket.bytesWritten
  const check = () => {
    if (socket.destroyed) return
    const isSent = response.writableFinished
    // A large answer to a slow reader continues as long as it makes progress.
    const isStuck = socket.writableLength > 0 && socket.bytesWritten === written
    if (isSent ? !request.complete : isStuck) socket.destroy()
    else if (!isSent) watch()
    written = socket.bytesWritten
  }
  const watch = () => setTimeout(check, time).unref()
  watch()
}

function isReceived({ complete, headers }: IncomingMessage): boolean {
  if (complete) return true
  // A request that announces no body has none, even if Node has not marked it complete yet.
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers
  return coding === undefined && length === '0'
}
