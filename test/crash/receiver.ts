import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { sign } from '../../src/core/webhooks/signature.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'

export const SECRET = 'crash-webhook-secret'

interface Told {
  readonly id: string
  readonly email: string
  /** Deliveries that told of the user, by id, with the runs of the program in which they arrived. */
  readonly deliveries: Map<string, number[]>
}

/**
 * Whom the program tells of users. It says yes mostly, and sometimes no, nothing, or breaks the
 * connection; what it said yes to is held against what the program's callers were told.
 */
export class Receiver {
  readonly #random: Random
  readonly #ledger: Ledger
  /** By address: sandboxes of one seed give the same ids. */
  readonly #told = new Map<string, Told>()
  readonly #server: http.Server
  #run = 0
  #well = false
  url = ''
  arrived = 0
  again = 0

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

  /** The program is started anew: what it was told yes to may be told again. */
  nextRun(): void {
    this.#run++
  }

  /** From now on it says yes to everything. */
  getWell(): void {
    this.#well = true
  }

  /** Holds what arrived against what callers were told; the program has nothing pending. */
  compare(): void {
    const { failures } = this.#ledger
    const kept = this.#ledger.all('kept').filter(({ vendor }) => vendor.api === 'cryptlex')
    const known = new Map(kept.map((wanted) => [String(wanted.body['email']), wanted.id]))
    for (const { id, word, sandbox, body } of kept) {
      if (this.#told.get(String(body['email']))?.id !== id)
        failures.push(`${sandbox} cryptlex ${word}: never told of`)
    }
    for (const { id, email, deliveries } of this.#told.values()) {
      if (known.get(email) !== id)
        failures.push(`${email} ${id}: told of, and nobody was promised it`)
      if (deliveries.size > 1) failures.push(`${email} ${id}: told of by several deliveries`)
      for (const [delivery, runs] of deliveries) {
        this.again += runs.length - 1
        const inOne = runs.length - new Set(runs).size
        if (inOne > 0) failures.push(`${email} ${delivery}: taken, and sent again by the same run`)
      }
    }
  }

  #receive(request: http.IncomingMessage, response: http.ServerResponse): void {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('error', () => {})
    request.on('end', () => {
      const mood = this.#well ? 1 : this.#random.between(0, 999) / 1000
      if (mood < 0.02) return // not a word
      if (mood < 0.05) {
        request.socket.destroy()
        return
      }
      if (mood < 0.2) {
        response.writeHead(this.#random.pick([500, 503, 429, 302])).end()
        return
      }
      this.#take(request, Buffer.concat(parts))
      // It may be killed before it hears of this.
      response.writeHead(204).end()
    })
  }

  #take(request: http.IncomingMessage, body: Buffer): void {
    if (request.headers['webhook-signature'] !== sign(SECRET, body)) {
      this.#ledger.failures.push(`a webhook with a wrong signature: ${body.toString()}`)
      return
    }
    const { data } = JSON.parse(body.toString()) as { data: { id: string; email: string } }
    const id = data.id.replaceAll('-', '')
    const told: Told = this.#told.get(data.email) ?? {
      id,
      email: data.email,
      deliveries: new Map(),
    }
    this.#told.set(data.email, told)
    const delivery = String(request.headers['standin-delivery'])
    told.deliveries.set(delivery, [...(told.deliveries.get(delivery) ?? []), this.#run])
    this.arrived++
  }
}
