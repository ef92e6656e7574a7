import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { verifyWebhook } from '../../../src/index.ts'

export const SECRET = 'a-secret-of-this-receiver'

/** A status; `hang` is no answer at all. */
type Given = number | 'hang'

/** A receiver that verifies signatures, until a scenario makes it behave badly. */
export interface Receiver {
  readonly url: string
  /** Accepts webhooks without a look at their signatures. */
  accept(): void
  /** Accepts webhooks before their body has come. */
  answerEarly(): void
  /** Gives these answers first, whatever comes. */
  answerOnce(...statuses: readonly Given[]): void
  answerAfter(ms: number): void
}

/** Starts a receiver on a free port; it is closed when the test ends. */
export async function createReceiver(): Promise<Receiver> {
  let behavior: 'good' | 'accepts' | 'early' = 'good'
  let delay = 0
  const next: Given[] = []
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('error', () => {})
    request.on('data', (part: Buffer) => parts.push(part))
    if (behavior === 'early') response.writeHead(200).end()
    request.on('end', () => {
      if (behavior === 'early') return
      const body = Buffer.concat(parts)
      const isValid =
        behavior === 'accepts' || verifyWebhook(body, request.headers, SECRET).verified
      const status = next.shift() ?? (isValid ? 200 : 401)
      if (status === 'hang') return
      setTimeout(() => response.writeHead(status).end(), delay)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    accept: () => (behavior = 'accepts'),
    answerEarly: () => (behavior = 'early'),
    answerOnce: (...statuses) => next.push(...statuses),
    answerAfter: (ms) => (delay = ms),
  }
}
