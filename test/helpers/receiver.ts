import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request as it came. */
export interface Came {
  readonly method: string
  readonly path: string
  /** In their own case, as names and values in turn. */
  readonly rawHeaders: readonly string[]
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
  /** Whether the whole body came. */
  readonly whole: boolean
  /** Milliseconds from the head to the end. */
  readonly took: number
}

/** How one request is answered; `hang` never is, `reset` finds the connection broken. */
export type Answer =
  | number
  | 'hang'
  | 'reset'
  | { readonly status: number; readonly headers?: http.OutgoingHttpHeaders }

/** A real receiver of webhooks. */
export interface Receiver {
  readonly url: string
  readonly came: readonly Came[]
  /** The events of what came, in order. */
  readonly events: readonly string[]
  /** What it answers next, one after the other; after that 200. */
  answer(...answers: readonly Answer[]): void
  /** What it answers from now on. */
  always(answer: Answer): void
  /** Settles when so many have come. */
  count(n: number): Promise<void>
  close(): Promise<void>
}

/** On a port of its own; closed when the test ends. */
export async function createReceiver(port = 0): Promise<Receiver> {
  const came: Came[] = []
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
