import type { ServerResponse } from 'node:http'

/** A complete HTTP answer. */
export interface Message {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number | string[]>>
  readonly body: string | Uint8Array
}

/** Sends an answer unaltered; answers that a fault alters are sent by the fault injector. */
export function write(response: ServerResponse, { status, headers, body }: Message): void {
  if (response.destroyed || response.headersSent) return
  response.sendDate = false
  response.writeHead(status, headers)
  // Node sends a string in one write with the head; bytes take two.
  response.end(body)
}
