import type { ServerResponse } from 'node:http'

/** An answer that is ready to go. */
export interface Message {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number | string[]>>
  readonly body: string | Uint8Array
}

/** As every answer goes that no fault was met by. */
export function write(response: ServerResponse, { status, headers, body }: Message): void {
  if (response.destroyed || response.headersSent) return
  response.sendDate = false
  response.writeHead(status, headers)
  // A text goes out in one write with the head; bytes would take two.
  response.end(body)
}
