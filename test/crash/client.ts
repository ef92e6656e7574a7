import * as http from 'node:http'
import type { Ledger, Listed, RequestedUser } from './ledger.ts'
import type { Program } from './program.ts'
import type { Body } from './vendors.ts'

/** The sandboxes of the campaign; the second has a folder below the first's. */
export const SANDBOXES = ['default', 'second'] as const

/** Sends requests over keep-alive connections and records the answers in the ledger. */
export class Client {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 30 })
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Sends the same create so many times at once. */
  async create(
    { url }: Program,
    requested: RequestedUser,
    times = 1,
  ): Promise<(Answer | undefined)[]> {
    const { sandbox, vendor, body } = requested
    const target = `${url}${sandbox === 'default' ? '' : `/~${sandbox}`}${vendor.path}`
    const sentAt = this.#ledger.now()
    const answers = await Promise.all(
      Array.from({ length: times }, () => this.#send(target, vendor.headers, body)),
    )
    this.#ledger.settle(requested, answers, sentAt)
    return answers
  }

  async makeSecondSandbox({ url }: Program): Promise<void> {
    const sandbox = { name: SANDBOXES[1], kept: true }
    const answer = await this.#send(`${url}/_standin/sandboxes`, {}, sandbox)
    if (answer?.status !== 201) throw new Error(`No second sandbox: ${JSON.stringify(answer)}`)
  }

  /** Compares the users of the sandboxes with the ledger. */
  async compare(program: Program, sandboxes: readonly string[], when: string): Promise<void> {
    const { failures } = this.#ledger
    const before = failures.length
    for (const sandbox of sandboxes) {
      this.#ledger.compare(sandbox, await this.#list(program, sandbox))
    }
    if (failures.length > before) failures.push(`that was ${when}; it printed:\n${program.output}`)
  }

  /** Waits until all deliveries of a sandbox are finished. */
  async settle({ url }: Program, sandbox: string): Promise<void> {
    const answer = await this.#send(`${url}/~${sandbox}/_standin/settle`, {}, { timeout: '2m' })
    const { settled, pending } = (answer?.body ?? {}) as { settled?: boolean; pending?: unknown[] }
    if (settled) return
    this.#ledger.failures.push(`${sandbox}: never settled, ${JSON.stringify(pending?.slice(0, 3))}`)
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy()
  }

  async #list({ url }: Program, sandbox: string): Promise<Listed[]> {
    const all: Listed[] = []
    let after: string | undefined
    do {
      const query = `limit=1000${after === undefined ? '' : `&after=${after}`}`
      const answer = await this.#send(`${url}/~${sandbox}/_standin/users?${query}`, {})
      if (answer?.status !== 200) throw new Error(`No list of users: ${JSON.stringify(answer)}`)
      const page = answer.body as { users: Listed[]; next?: string } // as its contract says
      all.push(...page.users)
      after = page.next
    } while (after !== undefined)
    return all
  }

  /** @returns the complete answer; undefined when the connection ended before */
  #send(
    url: string,
    headers: Readonly<Record<string, string>>,
    body?: Body,
  ): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const type = text === undefined ? {} : { 'Content-Type': 'application/json' }
      const request = http.request(url, {
        agent: this.#agent,
        method: text === undefined ? 'GET' : 'POST',
        headers: { ...headers, ...type },
      })
      request.on('response', (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', () => {})
        response.on('close', () => {
          const reason = response.headers['standin-reason']
          const answer = {
            status: response.statusCode!, // a response has one
            reason: typeof reason === 'string' ? reason : undefined,
            body: parsed(Buffer.concat(parts).toString()),
          }
          resolve(response.complete ? answer : undefined)
        })
      })
      request.on('error', () => resolve(undefined))
      request.end(text)
    })
  }
}

export interface Answer {
  readonly status: number
  readonly reason: string | undefined
  readonly body: unknown
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
