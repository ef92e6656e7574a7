import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { sign } from '../../src/core/webhooks/signature.ts'
import { isDeepStrictEqual } from 'node:util'
import { eventKey, type Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import type { Body } from './vendors.ts'

export const SECRET = 'crash-webhook-secret'

/** The webhooks that arrived for one change of a user. */
interface Received {
  readonly user: Body
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
  /** By the key of the event. */
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

  /**
   * Starts a new run of the program, which may repeat accepted deliveries. Webhooks that the ended
   * run has sent may still be in its connections, and belong to that run.
   */
  async nextRun(): Promise<void> {
    const open = () =>
      new Promise<number>((resolve) => this.#server.getConnections((_, count) => resolve(count)))
    for (let quietTurns = 0; quietTurns < 3;) {
      quietTurns = (await open()) === 0 ? quietTurns + 1 : 0
      await turn()
    }
    this.#run++
  }

  /** Accepts every webhook from now on. */
  acceptAll(): void {
    this.#acceptsAll = true
  }

  /** Compares the accepted webhooks with the ledger. To be called when no delivery is pending. */
  compare(): void {
    const { failures, events } = this.#ledger
    for (const [key, { sandbox, word, event, user }] of events) {
      const received = this.#received.get(key)
      if (!received) {
        failures.push(`${sandbox} ${word}: no webhook ${event} arrived (${key})`)
        continue
      }
      for (const [field, value] of Object.entries(received.user)) {
        if (field in user && !isDeepStrictEqual(value, user[field])) {
          failures.push(`${key}: ${field} is ${JSON.stringify(value)} in the webhook`)
        }
      }
    }
    for (const [key, { deliveries }] of this.#received) {
      if (!events.has(key))
        failures.push(`${key}: a webhook arrived for a change that is not stored`)
      if (deliveries.size > 1) failures.push(`${key}: several deliveries arrived`)
      for (const [delivery, runs] of deliveries) {
        this.repeated += runs.length - 1
        const repeatedInRun = runs.length - new Set(runs).size
        if (repeatedInRun > 0)
          failures.push(`${key} ${delivery}: accepted, and sent again by the same run`)
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
    // As the vendor's page describes it.
    const { event, data } = JSON.parse(body.toString()) as {
      event: string
      data: Body & { readonly id: string; readonly email: string }
    }
    const key = eventKey(event, data.id, data.email, data['updatedAt'])
    const received: Received = this.#received.get(key) ?? { user: data, deliveries: new Map() }
    this.#received.set(key, received)
    const delivery = String(request.headers['standin-delivery'])
    received.deliveries.set(delivery, [...(received.deliveries.get(delivery) ?? []), this.#run])
    this.accepted++
  }
}
