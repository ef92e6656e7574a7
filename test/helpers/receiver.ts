import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A received request. */
export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  /** Names and values in turn, in their original case. */
  readonly rawHeaders: readonly string[]
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
  /** True if the whole body was received. */
  readonly whole: boolean
  /** Milliseconds from the head to the end. */
  readonly took: number
}

/** Answer to one request; `hang` sends none, `reset` resets the connection. */
export type Answer =
  | number
  | 'hang'
  | 'reset'
  | { readonly status: number; readonly headers?: http.OutgoingHttpHeaders }

/** A webhook receiver with a real HTTP server. */
export interface Receiver {
  readonly url: string
  readonly came: readonly ReceivedRequest[]
  /** Events of the received webhooks, in order. */
  readonly events: readonly string[]
  /** Sets the next answers; afterwards it answers 200. */
  answer(...answers: readonly Answer[]): void
  /** Sets the answer to all further requests. */
  always(answer: Answer): void
  /** Resolves when this many requests were received. */
  count(n: number): Promise<void>
  close(): Promise<void>
}

/** Starts a receiver on a free port; it is closed when the test ends. */
export async function createReceiver(port = 0): Promise<Receiver> {
  const came: ReceivedRequest[] = []
  const waiting = new Set<() => void>()
  let next: Answer[] = []
  let usual: Answer = 200
  const server = http.createServer((request, response) => {
    const started = performance.now()
    const parts: Buffer[] = []
    const done = (whole: boolean) => {
      const { method = '', url = '', rawHeaders, headers } = request
      const took = performance.now() - started
      came.push({ method, path: url, rawHeaders, headers, body: Buffer.concat(parts), whole, took })
      for (const check of waiting) check()
    }
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('error', () => {})
    request.on('close', () => {
      if (!request.complete) done(false)
    })
    request.on('end', () => {
      const answer = next.shift() ?? usual
      done(true)
      if (answer === 'hang') return
      if (answer === 'reset') {
        request.socket.destroy()
        return
      }
      const { status, headers = {} } = typeof answer === 'number' ? { status: answer } : answer
      response.writeHead(status, headers).end('{"ok":true}')
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  onTestFinished(close)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    came,
    get events() {
      return came.map(({ body }) => (JSON.parse(body.toString()) as { event: string }).event)
    },
    answer: (...answers) => {
      next = [...answers]
    },
    always: (answer) => {
      usual = answer
    },
    count: (n) =>
      new Promise((resolve) => {
        const check = () => {
          if (came.length < n) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    close,
  }
}
