import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { sign } from '../../src/core/webhooks/signature.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'

export const SECRET = 'crash-webhook-secret'

/** The webhooks that arrived for one user. */
interface Received {
  readonly id: string
  readonly email: string
  /** The runs of the program in which each delivery arrived, by delivery id. */
  readonly deliveries: Map<string, number[]>
}

/**
 * A receiver of webhooks. It accepts most of them, and sometimes answers an error, nothing, or
 * resets the connection; the accepted ones are compared with the ledger.
 */
export class Receiver {
  readonly #random: Random
  readonly #ledger: Ledger
  /** By email address: sandboxes with one seed have the same ids. */
  readonly #received = new Map<string, Received>()
  readonly #server: http.Server
  #run = 0
  #acceptsAll = false
  url = ''
  /** Accepted webhooks. */
  accepted = 0
  /** Accepted webhooks whose delivery had been accepted before. */
  repeated = 0

  private constructor(random: Random, ledger: Ledger) {
    this.#random = random
    this.#ledger = ledger
    this.#server = http.createServer((request, response) => this.#receive(request, response))
  }

  static async open(random: Random, ledger: Ledger): Promise<Receiver> {
    const receiver = new Receiver(random, ledger)
    const server = receiver.#server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    return receiver
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** Starts a new run of the program, which may repeat accepted deliveries. */
  nextRun(): void {
    this.#run++
  }

  /** Accepts every webhook from now on. */
  acceptAll(): void {
    this.#acceptsAll = true
  }

  /** Compares the accepted webhooks with the ledger. To be called when no delivery is pending. */
  compare(): void {
    const { failures } = this.#ledger
    const stored = this.#ledger.all('stored').filter(({ vendor }) => vendor.api === 'cryptlex')
    const idsByEmail = new Map(
      stored.map((requested) => [String(requested.body['email']), requested.id]),
    )
    for (const { id, word, sandbox, body } of stored) {
      if (this.#received.get(String(body['email']))?.id !== id)
        failures.push(`${sandbox} cryptlex ${word}: no webhook arrived`)
    }
    for (const { id, email, deliveries } of this.#received.values()) {
      if (idsByEmail.get(email) !== id)
        failures.push(`${email} ${id}: a webhook arrived for a user who was not stored`)
      if (deliveries.size > 1) failures.push(`${email} ${id}: several deliveries arrived`)
      for (const [delivery, runs] of deliveries) {
        this.repeated += runs.length - 1
        const repeatedInRun = runs.length - new Set(runs).size
        if (repeatedInRun > 0)
          failures.push(`${email} ${delivery}: accepted, and sent again by the same run`)
      }
    }
  }

  #receive(request: http.IncomingMessage, response: http.ServerResponse): void {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('error', () => {})
    request.on('end', () => {
      const chance = this.#acceptsAll ? 1 : this.#random.between(0, 999) / 1000
      if (chance < 0.02) return // no answer
      if (chance < 0.05) {
        request.socket.destroy()
        return
      }
      if (chance < 0.2) {
        response.writeHead(this.#random.pick([500, 503, 429, 302])).end()
        return
      }
      this.#accept(request, Buffer.concat(parts))
      // The program may be killed before it reads this.
      response.writeHead(204).end()
    })
  }

  #accept(request: http.IncomingMessage, body: Buffer): void {
    if (request.headers['webhook-signature'] !== sign(SECRET, body)) {
      this.#ledger.failures.push(`a webhook with a wrong signature: ${body.toString()}`)
      return
    }
    const { data } = JSON.parse(body.toString()) as { data: { id: string; email: string } }
    const id = data.id.replaceAll('-', '')
    const received: Received = this.#received.get(data.email) ?? {
      id,
      email: data.email,
      deliveries: new Map(),
    }
    this.#received.set(data.email, received)
    const delivery = String(request.headers['standin-delivery'])
    received.deliveries.set(delivery, [...(received.deliveries.get(delivery) ?? []), this.#run])
    this.accepted++
  }
}
